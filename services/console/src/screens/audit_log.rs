//! Who changed what, when and why.

use std::collections::BTreeMap;

use axum::{Router, extract::Query, response::Response, routing::get};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, chip, nothing, prose, query, table},
    shell::Entry,
    visit::Visit,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/audit-log", title: "Audit log", key: 'u', icon: Icon::Book };

/// What narrows the list.
const FILTERS: [&str; 4] = ["subject", "post", "who", "tenant"];

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/audit-log", get(show))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = list(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn list(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let filters = FILTERS.map(|name| (name, given(name)));
    let page = [&filters[..], &[("after", given("after")), ("limit", "50")]].concat();
    let found: api::AuditLog = visit.get(&query("/v1/audit-log", &page)).await?;
    let is_narrowed = filters.iter().any(|(_, value)| !value.is_empty());
    let now = visit.now();
    Ok(html! {
        h1 { "Audit log" }
        form.filter action="/audit-log" {
            div { label for="subject" { "On" } input #subject name="subject" value=(given("subject")) placeholder="target:…, account:…, channel:…" autocomplete="off" spellcheck="false"; }
            div { label for="who" { "By" } input #who name="who" value=(given("who")) autocomplete="off" spellcheck="false"; }
            @if visit.session.caller.tenant.is_none() {
                div { label for="tenant" { "Tenant" } input #tenant name="tenant" value=(given("tenant")) autocomplete="off" spellcheck="false"; }
            }
            div.end { button type="submit" { "Show" } @if is_narrowed { a.quiet href="/audit-log" { "Clear" } } }
        }
        @if found.entries.is_empty() {
            @if is_narrowed || !given("after").is_empty() { (nothing("No entry fits. The ledger has answered: it is not that it could not be asked.", Some(("/audit-log", "Clear the filter")))) }
            @else { (nothing("Nothing has been changed by anybody yet. Every change is on record here before it is made.", None)) }
        } @else {
            div #entries data-live="list" {
                (table("Who changed what", &["What", "Outcome", "Who", "When", "Why"], found.entries.iter().map(|entry| {
                    let what = html! { (entry.action) " " (subject(&entry.subject)) (change(entry)) };
                    let cells = [what, outcome(entry), html! { (entry.who) }, ago(entry.at, now), html! { @if let Some(reason) = &entry.reason { (reason) } @else { span.quiet { "no reason given" } } }];
                    Row::new(cells).known_by(entry.id)
                }).collect()))
            }
            nav.pages aria-label="Pages" {
                @if !given("after").is_empty() { a.button href=(query("/audit-log", &filters)) { "Newest" } }
                @if let Some(next) = &found.next {
                    a.button rel="next" href=(query("/audit-log", &[&filters[..], &[("after", next.as_str())]].concat())) { "Older" }
                }
            }
        }
    })
}

/// What was changed, as a link where there is a screen of it.
fn subject(subject: &str) -> Markup {
    let address = match subject.split_once(':') {
        Some(("target", id)) => Some(format!("/targets/{id}")),
        Some(("post", id)) => Some(format!("/posts/{id}")),
        Some(("account", name)) => Some(format!("/accounts/{name}")),
        Some(("channel", _)) => Some("/channels".to_owned()),
        _ => None,
    };
    html! { @match address { Some(address) => { a href=(address) { code { (subject) } } } None => { code { (subject) } } } }
}

fn outcome(entry: &api::AuditEntry) -> Markup {
    match entry.outcome.as_str() {
        "done" => chip(Tone::Good, Icon::Check, "done"),
        "refused" => chip(Tone::Bad, Icon::Cross, "refused"),
        _ => chip(Tone::Doubt, Icon::Doubt, "end not known"),
    }
}

/// From what to what, or why not; all of it on demand.
fn change(entry: &api::AuditEntry) -> Markup {
    let state = |record: &Option<Value>| record.as_ref().and_then(|record| record["state"].as_str()).map(str::to_owned);
    let said = |name: &str| entry.after.as_ref().and_then(|after| after[name].as_str());
    let line = match (entry.outcome.as_str(), state(&entry.before), state(&entry.after)) {
        ("done", Some(before), Some(after)) => Some(format!("{before} → {after}")),
        ("done", ..) => said("what").map(str::to_owned),
        ("refused", ..) => said("why").map(str::to_owned),
        _ => Some("The process ended in between: what it is about tells whether it was done.".into()),
    };
    let whole = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    html! {
        @if let Some(line) = line { span.excerpt { (prose(&line)) } }
        @if entry.before.is_some() || entry.after.is_some() {
            details { summary { "Before and after" }
                @if let Some(before) = &entry.before { p.quiet { "Before" } pre tabindex="0" { (whole(before)) } }
                @if let Some(after) = &entry.after { p.quiet { "After" } pre tabindex="0" { (whole(after)) } }
            }
        }
    }
}
