//! The dead letters on the broker, held against the ledger.

use std::collections::BTreeMap;

use axum::{Router, extract::Query, response::Response, routing::get};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, channel, chip, nothing, prose, query, state, table, target},
    shell::Entry,
    visit::Visit,
    words,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/dead-letters", title: "Dead letters", key: 'd', icon: Icon::Letter };

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/dead-letters", get(show))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = body(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

/// Channel by channel by counts, which are cheap. A channel's letters are looked through when somebody asks for them.
async fn body(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let counts: api::DeadCounts = visit.get("/v1/dead-letters/counts").await?;
    let concerned: Vec<_> =
        counts.channels.iter().filter(|one| one.letters != Some(0) || one.needs_person > 0).collect();
    let now = visit.now();
    Ok(html! {
        h1 { "Dead letters" }
        p.lead { "A letter for each target that needs a person lies in its channel's queue. The ledger decides; the queue follows it." }
        @if concerned.is_empty() {
            (nothing("No letter is in any queue, and no target needs one: the broker and the ledger have both answered.", None))
        } @else {
            (table("Dead letters by channel", &["Channel", "Agrees", "Letters", "Need a person", "In words"], concerned.into_iter().map(|one| line(visit, one)).collect()))
        }
        @if !given("channel").is_empty() {
            h2 { "Letters of " (given("channel")) }
            (letters(visit, given("channel"), given("after"), now).await)
        }
    })
}

fn line(visit: &Visit, one: &api::DeadChannel) -> Row {
    let name = html! { a href=(query("/dead-letters", &[("channel", one.channel.as_str())])) { (channel(&visit.desk, &one.channel)) } };
    let agrees = match one.agrees {
        Some(true) => chip(Tone::Good, Icon::Check, "agrees"),
        Some(false) => chip(Tone::Warn, Icon::Alert, "differs"),
        None => chip(Tone::Doubt, Icon::Doubt, "cannot tell"),
    };
    let letters = html! { @match one.letters { Some(many) => { span.n { (words::grouped(many)) } } None => { span.quiet { "not known" } } } };
    Row::new([name, agrees, letters, html! { span.n { (words::grouped(one.needs_person)) } }, prose(&one.says)])
}

/// The letters of one channel, or why they cannot be told.
async fn letters(visit: &Visit, of: &str, after: &str, now: Timestamp) -> Markup {
    let path = query("/v1/dead-letters", &[("channel", of), ("after", after), ("limit", "50")]);
    let found: api::DeadLetters = match visit.get(&path).await {
        Ok(found) => found,
        Err(problem) => return super::shell::cannot_tell("which letters there are", &problem),
    };
    html! {
        @if found.letters.is_empty() { (nothing("There are none in the queue, and none is missing.", None)) } @else {
            (table("Letters", &["Letter", "Stands", "Target", "Written", "What happened"], found.letters.iter().map(|one| letter(visit, one, now)).collect()))
        }
        nav.pages aria-label="Pages" {
            @if !after.is_empty() { a.button href=(query("/dead-letters", &[("channel", of)])) { "First" } }
            @if let Some(next) = &found.next {
                a.button rel="next" href=(query("/dead-letters", &[("channel", of), ("after", next.as_str())])) { "Next" }
            }
        }
    }
}

fn letter(visit: &Visit, one: &api::DeadLetter, now: Timestamp) -> Row {
    let name = match (one.target, &one.tenant, &one.account) {
        (Some(id), Some(tenant), Some(account)) => target(&visit.desk, id, (tenant, &one.channel, account)),
        _ => html! { code { (one.id) } },
    };
    let stands = html! { (prose(&one.says)) };
    let now_at =
        html! { @if let Some(stands) = one.state { (state(stands)) } @else { span.quiet { "no such target" } } };
    let written = html! { @if let Some(at) = one.written_at { (ago(at, now)) } @else { span.quiet { "not said" } } };
    let what = html! { (prose(&one.what)) @if !one.remedy.is_empty() { span.excerpt { (prose(&one.remedy)) } } };
    Row::new([name, stands, now_at, written, what]).known_by(&one.id)
}
