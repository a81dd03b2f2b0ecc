//! What was found wrong outside, by comparing platforms with the ledger.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Path, Query},
    response::Response,
    routing::{get, post},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Desk,
    parts::{Icon, Tone, ago, channel, chip, fact, nothing, prose, query},
    post::encoded,
    shell::{Entry, stamp},
    visit::{Filled, Note, Visit},
};
use crate::{
    Problem,
    api::{self, IncidentState},
};

pub(super) const ENTRY: Entry = Entry { path: "/incidents", title: "Incidents", key: 'i', icon: Icon::Doubt };

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/incidents", get(show)).route("/incidents/{id}/close", post(close))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = list(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn list(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let state = if given("state").is_empty() { "open" } else { given("state") };
    let asked_state = if state == "all" { "" } else { state };
    let page = [("state", asked_state), ("after", given("after")), ("limit", "50")];
    let found: api::Incidents = visit.get(&query("/v1/incidents", &page)).await?;
    let now = visit.now();
    Ok(html! {
        h1 { "Incidents" }
        p.lead { "Posts that a platform shows twice, or not any more. They are found by comparing platforms with the ledger: once a day, and by " code { "oncepost audit" } "." }
        form.filter action="/incidents" {
            div {
                label for="state" { "Show" }
                select #state name="state" {
                    @for (value, name) in [("open", "open ones"), ("closed", "closed ones"), ("all", "all")] {
                        option value=(value) selected[state == value] { (name) }
                    }
                }
            }
            div.end { button type="submit" { "Show" } }
        }
        @if found.incidents.is_empty() {
            (nothing("None is on record. That says so much as platforms were looked at: on a channel that cannot list posts nothing is ever found.", None))
        } @else {
            div #incidents data-live="list" { @for incident in &found.incidents { (card(visit, incident, now)) } }
            nav.pages aria-label="Pages" {
                @if !given("after").is_empty() { a.button href=(query("/incidents", &[("state", state)])) { "Newest" } }
                @if let Some(next) = &found.next {
                    a.button rel="next" href=(query("/incidents", &[("state", state), ("after", next.as_str())])) { "Older" }
                }
            }
        }
    })
}

fn card(visit: &Visit, incident: &api::Incident, now: Timestamp) -> Markup {
    let (tone, icon) = match incident.state {
        IncidentState::Open => (Tone::Bad, Icon::Alert),
        IncidentState::Closed => (Tone::Good, Icon::Check),
    };
    let account = format!("{}/{}/{}", incident.tenant, incident.channel, incident.account);
    html! {
        section.cause data-row data-id=(incident.id) {
            header {
                h3 { (incident.kind.name()) " on " (channel(&visit.desk, &incident.channel)) }
                (chip(tone, icon, if incident.state == IncidentState::Open { "open" } else { "closed" }))
            }
            p { (prose(&incident.what)) }
            dl.facts {
                (fact("Target", &html! { a href=(format!("/targets/{}", incident.target)) data-open { code { (incident.target) } } }))
                (fact("Account", &html! { a href=(format!("/accounts/{account}")) { (account) } }))
                (fact("Found", &ago(incident.found_at, now)))
                @if let Some(remedy) = &incident.remedy { (fact("What to do", &prose(remedy))) }
                @if let (Some(by), Some(at)) = (&incident.closed_by, incident.closed_at) {
                    (fact("Closed", &html! { (ago(at, now)) " by " (by) }))
                }
                @if let Some(note) = &incident.note { (fact("What was done", &html! { (note) })) }
            }
            div.doing {
                a.button href=(query("/guide", &[("incident", &incident.id.to_string())])) { "Guide me" span.unseen { " through the " (incident.kind.name()) " of " (incident.target) } }
            @if incident.state == IncidentState::Open && visit.may("POST", "/v1/incidents/{id}/close") {
                details.act {
                    summary { "Close…" }
                    form method="post" action=(format!("/incidents/{}/close", incident.id)) {
                        (stamp(visit))
                        @let field = format!("note-{}", incident.id);
                        div.fields { div.grow { label for=(field) { "What was done about it" } input id=(field) name="note" required maxlength="1000"; } }
                        button.primary type="submit" { "Close" }
                    }
                }
            }
            }
        }
    }
}

async fn close(visit: Visit, Path(id): Path<String>, form: Filled) -> Response {
    let path = format!("/v1/incidents/{}/close", encoded(&id));
    let note = match visit.post::<api::Incident>(&path, json!({ "note": form.get("note") })).await {
        Ok(_) => Note::done("The incident is closed, with what was done about it."),
        Err(problem) => Note::refused(&problem),
    };
    visit.go("/incidents", &note)
}
