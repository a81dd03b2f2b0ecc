//! Several targets of one post say something else: the form, and what it does.

use axum::{
    Router,
    extract::{Path, Query},
    response::Response,
    routing::get,
};
use domain::State;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Desk,
    parts::{Row, ago, state, table, target},
    post::encoded,
    shell::stamp,
    visit::{Filled, Note, Visit},
    words,
};
use crate::{Problem, api};

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/posts/{id}/edit", get(show).post(edit))
}

async fn show(visit: Visit, Path(id): Path<String>, Query(given): Query<Vec<(String, String)>>) -> Response {
    let ticked: Vec<_> = given.into_iter().filter(|(name, _)| name == "target").map(|(_, id)| id).collect();
    let body = form(&visit, &id, &ticked, None).await;
    visit.page("Edit", body)
}

/// Whether what a target says may still be changed, as far as its state tells.
fn may_change(one: &api::Target) -> bool {
    one.out.is_empty() && (one.state.is_waiting() || one.state == State::Failed)
}

/// What a target says.
fn says<'p>(post: &'p api::Post, one: &'p api::Target) -> &'p str {
    let own = one.changes.as_ref();
    let edited = own.and_then(|own| own.content.as_ref()).map(|content| content.text.as_str());
    own.and_then(|own| own.text.as_deref()).or(edited).unwrap_or(&post.content.text)
}

async fn form(visit: &Visit, id: &str, ticked: &[String], typed: Option<&Filled>) -> Result<Markup, Problem> {
    let post: api::Post = visit.get(&format!("/v1/posts/{}", encoded(id))).await?;
    let now = visit.now();
    let is_ticked = |one: &&api::Target| ticked.iter().any(|id| *id == one.id.to_string());
    let chosen: Vec<_> = post.targets.iter().filter(is_ticked).collect();
    let going: Vec<_> = chosen.iter().copied().filter(|one| may_change(one)).collect();
    let text = match (typed, going.first()) {
        (Some(form), _) => form.get("text").to_owned(),
        (None, Some(first)) => says(&post, first).to_owned(),
        (None, None) => String::new(),
    };
    let revision = typed.map_or_else(|| post.revision.to_string(), |form| form.get("revision").to_owned());
    let rows = chosen.iter().map(|one| {
        let name = html! {
            (target(&visit.desk, one.id, (&one.tenant, &one.channel, &one.account)))
            span.excerpt { (says(&post, one).chars().take(140).collect::<String>()) }
        };
        let what = match one.state {
            _ if !may_change(one) => {
                html! { strong { "Left out. " } "It is out, given up, being sent, or may be out already." }
            }
            State::Failed => html! { "It says the new text, and is tried again at once." },
            _ => html! { "It says the new text when it goes out, " (ago(one.due_at, now)) "." },
        };
        Row::new([name, state(one.state), what])
    });
    Ok(html! {
        p.crumbs { a href="/posts" { "Posts" } " › " a href=(format!("/posts/{}", post.id)) { "Post" } }
        h1 { "Another text for " (words::many(going.len() as u64, "target")) }
        @if chosen.is_empty() {
            p.lead { "No target is selected. Go back and tick those that are to say something else." }
        } @else {
            (table("What will happen", &["Target", "State", "What will happen"], rows.collect()))
        }
        @if !going.is_empty() {
            form.act.wide method="post" action=(format!("/posts/{}/edit", post.id)) {
                (stamp(visit))
                input type="hidden" name="revision" value=(revision);
                @for one in &going { input type="hidden" name="target" value=(one.id); }
                div.fields {
                    div.grow { label for="text" { "Text" } textarea #text name="text" rows="8" { (text) } }
                }
                p.quiet { "Media, settings and the other parts of a thread stay. All of these targets take it, or none." }
                div.fields { div.grow { label for="why" { "Why (goes into the audit log)" } input #why name="reason" maxlength="500"; } }
                button.primary type="submit" { "Change " (words::many(going.len() as u64, "target")) }
            }
        }
        div.row.actions { a.button href=(format!("/posts/{}", post.id)) { "Back" } }
    })
}

async fn edit(mut visit: Visit, Path(id): Path<String>, form: Filled) -> Response {
    let targets: Vec<_> = form.all("target").map(str::to_owned).collect();
    let reason = Some(form.get("reason")).filter(|reason| !reason.is_empty());
    let ask = json!({
        "targets": targets, "text": form.get("text"), "reason": reason, "revision": form.get("revision").parse::<u32>().ok(),
    });
    match visit.post::<api::ChangedPost>(&format!("/v1/posts/{}/edit", encoded(&id)), ask).await {
        Ok(changed) => {
            let many = words::many(changed.targets.len() as u64, "target");
            visit.go(
                &format!("/posts/{}", encoded(&id)),
                &Note::done(format!("{many} changed. What had failed is tried again.")),
            )
        }
        // What was typed is not lost.
        Err(problem) => {
            visit.note = Some(Note::refused(&problem));
            let body = self::form(&visit, &id, &targets, Some(&form)).await;
            visit.page("Edit", body)
        }
    }
}
