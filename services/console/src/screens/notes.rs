//! Notes: what people want to be remembered, listed, added and removed; and the same on the pages of what they are on.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Path, Query},
    http::Method,
    response::Response,
    routing::{get, post},
};
use domain::Code;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use maud::{Markup, html};
use serde_json::json;

use super::{
    Desk,
    door::inner,
    parts::{Icon, ago, nothing, query},
    post::encoded,
    shell::{Entry, stamp},
    visit::{Filled, Note, Visit},
    which::Which,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/notes", title: "Notes", key: 'o', icon: Icon::Post };

/// What a note may be on.
const KINDS: [(&str, &str); 4] =
    [("cause", "causes"), ("account", "accounts"), ("channel", "channels"), ("app", "apps")];

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/notes", get(show).post(add)).route("/notes/{id}/remove", post(remove))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = whole(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn whole(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let (kind, on) = (given("kind"), given("on"));
    let found: api::Notes = visit.get(&query("/v1/notes", &[("on", on)])).await?;
    let is_of = |note: &&api::Note| kind.is_empty() || note.on.split(':').next() == Some(kind);
    let notes: Vec<_> = found.notes.iter().filter(is_of).cloned().collect();
    let is_narrowed = !kind.is_empty() || !on.is_empty();
    let back = query("/notes", &[("kind", kind), ("on", on)]);
    Ok(html! {
        h1 { "Notes" }
        p.lead { "What people want to be remembered. A note is shown when its cause comes again, on the pages of what it is on, and to whoever schedules on it." }
        form.filter action="/notes" {
            div {
                label for="kind" { "On" }
                select #kind name="kind" {
                    option value="" { "anything" }
                    @for (value, name) in KINDS { option value=(value) selected[kind == value] { (name) } }
                }
            }
            div {
                label for="exactly" { "Exactly on" }
                input #exactly name="on" value=(on) placeholder="account:acme/mastodon/main" autocomplete="off" spellcheck="false";
            }
            div.end { button type="submit" { "Show" } @if is_narrowed { a.quiet href="/notes" { "Clear" } } }
        }
        @if notes.is_empty() {
            @if is_narrowed { (nothing("No note fits.", Some(("/notes", "Clear the filter")))) }
            @else { (nothing("Nobody has left a note. The next one to meet the same cause would be glad of one.", None)) }
        } @else { (list(visit, &notes, &back, visit.now())) }
        (form(visit, &Subject::Any(on), &back, "", 0))
    })
}

/// Notes, with what removes each.
pub(super) fn list(visit: &Visit, notes: &[api::Note], back: &str, now: Timestamp) -> Markup {
    html! {
        @if !notes.is_empty() {
            ul.notes {
                @for note in notes {
                    li {
                        p { (note.text) }
                        p.quiet {
                            (note.by) ", " (ago(note.at, now)) ", on " (place(&note.on))
                            @if let Some(until) = note.until { ", forgotten " (ago(until, now)) }
                        }
                        @if visit.may("DELETE", "/v1/notes/{id}") {
                            form method="post" action=(format!("/notes/{}/remove", note.id)) {
                                (stamp(visit))
                                input type="hidden" name="back" value=(back);
                                button.quiet type="submit" aria-label=(format!("Remove the note on {} by {}", note.on, note.by)) { "Remove" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a note is on, as a link to its page.
fn place(on: &str) -> Markup {
    let page = match on.split_once(':') {
        Some(("cause", group)) => Some(Which::of(group).at("/causes", &[])),
        Some(("account", name)) => Some(format!("/accounts/{name}")),
        Some(("channel", _)) => Some("/channels".into()),
        _ => None,
    };
    html! { @match page { Some(page) => { a href=(page) { (on) } } None => { (on) } } }
}

/// What a new note is to be on.
pub(super) enum Subject<'s> {
    /// One thing.
    One(&'s str),
    /// One of these, the first unless another is chosen.
    Among(&'s [String]),
    /// Anything; this is offered.
    Any(&'s str),
}

/// The form that adds a note, behind a word that opens it. `text` is offered. `n` tells fields of several forms on a page apart.
pub(super) fn form(visit: &Visit, on: &Subject<'_>, back: &str, text: &str, n: usize) -> Markup {
    html! {
        @if visit.may("POST", "/v1/notes") {
            details.act open[!text.is_empty()] { summary { "Leave a note…" } (fields(visit, on, back, text, n)) }
        }
    }
}

fn fields(visit: &Visit, on: &Subject<'_>, back: &str, text: &str, n: usize) -> Markup {
    let field = |name: &str| format!("note-{name}-{n}");
    html! {
        form method="post" action="/notes" {
            (stamp(visit))
            input type="hidden" name="back" value=(back);
            div.fields {
                @match on {
                    Subject::One(on) => { input type="hidden" name="on" value=(on); }
                    Subject::Among(all) => {
                        div { label for=(field("on")) { "On" } select id=(field("on")) name="on" { @for one in *all { option value=(one) { (one) } } } }
                    }
                    Subject::Any(on) => {
                        div.grow {
                            label for=(field("on")) { "On: cause:KEY, account:TENANT/CHANNEL/NAME, channel:NAME, app:NAME" }
                            input id=(field("on")) name="on" value=(on) required autocomplete="off" spellcheck="false";
                        }
                    }
                }
                div.grow {
                    label for=(field("text")) { "What is to be remembered" }
                    input id=(field("text")) name="text" value=(text) required maxlength="1000" autocomplete="off";
                }
                div { label for=(field("until")) { "Until, in UTC (optional)" } input id=(field("until")) name="until" type="datetime-local"; }
            }
            button.primary type="submit" { "Leave the note" }
        }
    }
}

async fn add(visit: Visit, form: Filled) -> Response {
    let back = inner(form.get("back"));
    let note = match until(form.get("until")) {
        Err(problem) => Err(problem),
        Ok(until) => {
            let ask = json!({ "on": form.get("on"), "text": form.get("text"), "until": until });
            visit.post::<api::Note>("/v1/notes", ask).await
        }
    };
    let note = match note {
        Ok(note) => Note::done(format!("Noted on {}. Whoever meets it next reads it.", note.on)),
        Err(problem) => Note::refused(&problem),
    };
    visit.go(back, &note)
}

/// A time as the field for it gives it, in UTC.
fn until(field: &str) -> Result<Option<Timestamp>, Problem> {
    if field.is_empty() {
        return Ok(None);
    }
    let at = field.parse::<DateTime>().ok().and_then(|at| TimeZone::UTC.to_timestamp(at).ok());
    let at = at.ok_or_else(|| Problem::field("until", Code::BAD_FIELD, "is no time such as 2026-12-01T09:00"))?;
    Ok(Some(at))
}

async fn remove(visit: Visit, Path(id): Path<String>, form: Filled) -> Response {
    let path = format!("/v1/notes/{}", encoded(&id));
    let note = match visit.ask::<api::Note>(Method::DELETE, &path, None).await {
        Ok(note) => Note::done(format!("The note on {} is removed.", note.on)),
        Err(problem) => Note::refused(&problem),
    };
    visit.go(inner(form.get("back")), &note)
}
