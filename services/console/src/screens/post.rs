//! One post: what it says, and where each of its targets stands.

use axum::{Router, extract::Path, response::Response, routing::get};
use domain::{Content, Media, State};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Row, ago, fact, outside, prose, query, state, status, table, target, time, went_out},
    shell::stamp,
    visit::Visit,
};
use crate::{Problem, access::Right, api};

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/posts/{id}", get(show))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let body = whole(&visit, &id).await;
    visit.page("Post", body)
}

async fn whole(visit: &Visit, id: &str) -> Result<Markup, Problem> {
    let post: api::Post = visit.get(&format!("/v1/posts/{}", encoded(id))).await?;
    let now = visit.now();
    let failed: Vec<_> = post.targets.iter().filter(|target| target.state == State::Failed).collect();
    let retry = failed.iter().map(|target| target.id.to_string()).collect::<Vec<_>>();
    let retry: Vec<(&str, &str)> = retry.iter().map(|id| ("target", id.as_str())).collect();
    let caller = &visit.session.caller;
    let (may_change, may_retry) = (caller.may(Right::Change).is_ok(), caller.may(Right::Retry).is_ok());
    let may_cancel =
        may_change && post.targets.iter().any(|target| target.state.is_waiting() || target.state == State::Failed);
    Ok(html! {
        p.crumbs { a href="/posts" { "Posts" } }
        h1 { "Post" " " (status(post.status)) }
        div.split {
            section aria-labelledby="says" { h2 #says { "What it says" } (content(&post.content)) }
            section aria-labelledby="facts" {
                h2 #facts { "Facts" }
                dl.facts {
                    (fact("Tenant", &html! { (post.tenant) }))
                    (fact("Key", &html! { code { (post.key) } }))
                    (fact("Id", &html! { code { (post.id) } }))
                    (fact("Accepted", &time(post.accepted_at, now)))
                    (fact("Revision", &html! { (post.revision) }))
                }
            }
        }
        h2 { "Targets" }
        form action="/jobs/new" {
            input type="hidden" name="of" value="either";
            div #targets data-live { (matrix(visit, &post, now)) }
            @if may_change && post.targets.iter().any(is_open) {
                div.row.actions {
                    button type="submit" data-retry { "Retry, move or cancel selected…" }
                    button type="submit" formaction=(format!("/posts/{}/edit", post.id)) { "Edit selected…" }
                }
            }
        }
        div.row.actions {
            @if may_retry && !failed.is_empty() { a.button.primary href=(query("/retry", &retry)) data-retry-link { "Retry what failed…" } }
            @if may_cancel {
                details.act {
                    summary { "Cancel what is not out…" }
                    form method="post" action=(format!("/posts/{}/cancel", post.id)) {
                        (stamp(visit))
                        input type="hidden" name="revision" value=(post.revision);
                        p {
                            "Targets that are out stay out. Those that wait or failed do not go out. A cancelled target cannot be revived."
                        }
                        button.danger type="submit" { "Cancel them" }
                    }
                }
            }
        }
    })
}

/// Whether anything can still be done to a target.
fn is_open(one: &api::Target) -> bool {
    one.state.is_waiting() || one.needs_person.is_some()
}

fn matrix(visit: &Visit, post: &api::Post, now: Timestamp) -> Markup {
    let may_change = visit.session.caller.may(Right::Change).is_ok();
    let line = |one: &api::Target| {
        let name = target(&visit.desk, one.id, (&one.tenant, &one.channel, &one.account));
        let place = one.out.first().map(|part| match &part.receipt.url {
            Some(url) => outside(url),
            None => html! { code { (part.receipt.id) } },
        });
        let due = ago(one.due_at, now);
        let row = Row::new([
            name,
            state(one.state),
            went_out(one.went_out),
            due,
            prose(&one.next_step),
            place.unwrap_or_default(),
        ]);
        if !may_change || !is_open(one) {
            return row;
        }
        let label = format!("Select {} {}", one.channel, one.account);
        row.picked_by(html! { input type="checkbox" name="target" value=(one.id) aria-label=(label); })
    };
    let heads = ["Target", "State", "Went out?", "Due", "Next step", "On the platform"];
    table("Targets", &heads, post.targets.iter().map(line).collect())
}

/// What a post says. All of it is others' words.
pub(super) fn content(content: &Content) -> Markup {
    html! {
        div.says {
            @if content.text.is_empty() { p.quiet { "No text." } } @else { p.text { (content.text) } }
            (media(&content.media))
            @for (n, part) in content.thread.iter().enumerate() {
                p.quiet { "Part " (n + 2) }
                p.text { (part.text) }
                (media(&part.media))
            }
            @if !content.settings.is_empty() {
                dl.facts { @for (name, value) in &content.settings { (fact(name, &html! { (value) })) } }
            }
        }
    }
}

fn media(files: &[Media]) -> Markup {
    html! {
        @if !files.is_empty() {
            ul.media { @for file in files { li { (outside(&file.url)) @if let Some(alt) = &file.alt { span.excerpt { (alt) } } } } }
        }
    }
}

/// A piece of an address as it stands in one.
pub(super) fn encoded(piece: &str) -> String {
    url::form_urlencoded::byte_serialize(piece.as_bytes()).collect::<String>().replace('+', "%20")
}
