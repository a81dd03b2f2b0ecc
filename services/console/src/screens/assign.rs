//! Who sees to a cause or a target: shown, and the forms that take, give and let go.

use axum::{Router, http::Method, response::Response, routing::post};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Desk,
    door::inner,
    parts::{Icon, Tone, ago, chip},
    shell::stamp,
    visit::{Filled, Note, Visit},
    which::Which,
};
use crate::api;

const ADDRESS: &str = "/v1/assignments";

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/assign", post(assign)).route("/release", post(release))
}

/// Who has a cause, each in a line.
pub(super) fn had(group: &api::CauseGroup, now: Timestamp) -> Markup {
    lines(&group.assigned, |one| group.part.is_of(one), now)
}

/// Who has what is looked at. `is_all`: whether somebody has all of it, and not a part.
pub(super) fn lines(assigned: &[api::Assignment], is_all: impl Fn(&api::Assignment) -> bool, now: Timestamp) -> Markup {
    html! {
        @for one in assigned {
            p.had {
                (chip(Tone::Busy, Icon::Person, &one.to)) " has "
                @match one.part().filter(|_| !is_all(one)) { Some(part) => { (part) " of it" } None => { "it" } }
                ", since " (ago(one.at, now))
                @if one.by != one.to { ", given by " (one.by) }
                @if let Some(comment) = &one.comment { ": " q { (comment) } }
            }
        }
    }
}

/// The forms: to take it, or to let it go; to give it to somebody. `n` tells fields of several forms on a page apart.
pub(super) fn forms(visit: &Visit, which: &Which, assigned: &[api::Assignment], back: &str, n: usize) -> Markup {
    if !visit.may("POST", ADDRESS) {
        return html! {};
    }
    let exact = assigned.iter().find(|one| which.is_had_by(visit, one));
    let is_mine = exact.is_some_and(|one| one.to == visit.session.caller.name);
    let fields = html! { (stamp(visit)) (which.hidden()) input type="hidden" name="back" value=(back); };
    let (to, comment) = (format!("to-{n}"), format!("comment-{n}"));
    html! {
        @match exact {
            None => { form method="post" action="/assign" { (fields) button type="submit" { "I take it" } } }
            Some(_) if is_mine => { form method="post" action="/release" { (fields) button type="submit" { "Let it go" } } }
            Some(one) => {
                form method="post" action="/assign" {
                    (fields)
                    input type="hidden" name="instead_of" value=(one.to);
                    button type="submit" { "Take it over from " (one.to) }
                }
            }
        }
        details.act {
            summary { @if exact.is_some() { "Give it to somebody else…" } @else { "Give it to somebody…" } }
            form method="post" action="/assign" {
                (fields)
                @if let Some(one) = exact { input type="hidden" name="instead_of" value=(one.to); }
                p.verdict { "It says who sees to it, and changes nothing else. It ends by itself an hour after nothing of it needs a person." }
                div.fields {
                    div { label for=(to) { "To whom" } input id=(to) name="to" required maxlength="100" autocomplete="off"; }
                    div.grow { label for=(comment) { "Comment (optional)" } input id=(comment) name="comment" maxlength="500" autocomplete="off"; }
                }
                button.primary type="submit" { "Assign" }
            }
        }
    }
}

async fn assign(visit: Visit, form: Filled) -> Response {
    let which = Which::filled(&form);
    let given = |name: &str| Some(form.get(name)).filter(|value| !value.is_empty());
    let ask = json!({
        "on": which.subject(),
        "tenant": given("tenant"),
        "channel": given("channel"),
        "account": given("account"),
        "to": given("to"),
        "comment": given("comment"),
        "instead_of": given("instead_of"),
    });
    let note = match visit.post::<api::Assigned>(ADDRESS, ask).await {
        Ok(made) if made.assignment.to == visit.session.caller.name => {
            Note::done(format!("You have it now. Everybody sees that.{}", beside(&made)))
        }
        Ok(made) => {
            let to = &made.assignment.to;
            Note::done(format!("{to} has it now. Nobody but this console has told them.{}", beside(&made)))
        }
        Err(problem) => Note::refused(&problem),
    };
    visit.go(inner(form.get("back")), &note)
}

/// Who else has something of it.
fn beside(made: &api::Assigned) -> String {
    let all: Vec<_> = made.beside.iter().map(|one| format!("{} has {}", one.to, one.share())).collect();
    if all.is_empty() { String::new() } else { format!(" Beside that, {}: settle who does what.", all.join(", ")) }
}

async fn release(visit: Visit, form: Filled) -> Response {
    let which = Which::filled(&form);
    let on = which.subject();
    let part = which.narrowed().chain([("on", on.as_str())]).collect::<Vec<_>>();
    let path = super::parts::query(ADDRESS, &part);
    let note = match visit.ask::<api::Assignment>(Method::DELETE, &path, None).await {
        Ok(one) => Note::done(format!("{} does not have it any more: it is free.", one.to)),
        Err(problem) => Note::refused(&problem),
    };
    visit.go(inner(form.get("back")), &note)
}
