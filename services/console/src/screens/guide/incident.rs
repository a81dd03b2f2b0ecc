//! The playbook for an incident: a post that a platform shows twice, or not any more.

use axum::response::Response;
use ledger::IncidentKind;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{STEPS, steps, ways};
use crate::{
    Problem,
    api::{self, IncidentState},
    screens::{
        accounts::health,
        door::inner,
        notes::{self, Subject},
        parts::{Icon, Tone, ago, chip, fact, outside, prose, query, state, time, went_out},
        post::encoded,
        shell::{cannot_tell, stamp},
        visit::{Filled, Note, Visit},
        words,
    },
};

/// How far back a look goes that is asked for from here.
const SINCE: &str = "7d";

pub(super) async fn step(visit: &Visit, id: &str, step: usize) -> Result<Markup, Problem> {
    let incident: api::Incident = visit.get(&format!("/v1/incidents/{}", encoded(id))).await?;
    let address = |n: usize| query("/guide", &[("incident", id), ("step", &n.to_string())]);
    let inside = match step {
        1 => what(visit, &incident).await,
        2 => mend(visit, &incident, &address(2)).await,
        3 => plan(&incident),
        4 => go(visit, &incident, &address(4)),
        _ => word(visit, &incident, &address(5)).await,
    };
    let next = match step {
        1 => "Next: mend the cause",
        2 => "Next: plan",
        3 => "Next: look again",
        4 => "Next: leave word",
        _ => "Done: to what needs attention",
    };
    let (tone, icon, standing) = match incident.state {
        IncidentState::Open => (Tone::Bad, Icon::Alert, "open"),
        IncidentState::Closed => (Tone::Good, Icon::Check, "closed"),
    };
    Ok(html! {
        p.crumbs { a href="/incidents" { "Incidents" } }
        h1 { span { (title(&incident)) } (chip(tone, icon, standing)) }
        (steps(step, &address))
        h2 { (step) ". " (STEPS[step - 1]) }
        (inside)
        (ways(step, next, &address))
    })
}

fn title(incident: &api::Incident) -> &'static str {
    match incident.kind {
        IncidentKind::Duplicate => "A post that is there twice",
        IncidentKind::Vanished => "A post that is not there any more",
    }
}

fn account(incident: &api::Incident) -> String {
    format!("{}/{}/{}", incident.tenant, incident.channel, incident.account)
}

/// What was found, and whether there is more of it.
async fn what(visit: &Visit, incident: &api::Incident) -> Markup {
    let (now, name) = (visit.now(), account(incident));
    let target = format!("/v1/targets/{}", incident.target);
    let (open, target) = futures::join!(
        visit.get::<api::Incidents>("/v1/incidents?state=open&limit=200"),
        visit.get::<api::Target>(&target),
    );
    html! {
        div.standing {
            p.sentence { (prose(&incident.what)) }
            dl.facts {
                (fact("Found", &time(incident.found_at, now)))
                (fact("Account", &html! { a href=(format!("/accounts/{name}")) { (name) } }))
                @match &target {
                    Err(problem) => { (fact("Target", &cannot_tell("how the target stands", problem))) }
                    Ok(target) => {
                        (fact("By the ledger", &html! {
                            a href=(format!("/targets/{}", target.id)) { "its target" } " " (state(target.state)) " " (went_out(target.went_out))
                            ", after " (words::many(u64::from(target.attempt), "attempt"))
                        }))
                    }
                }
                (fact("Is it only this one?", &match &open {
                    Err(problem) => cannot_tell("what else was found", problem),
                    Ok(open) => reach(incident, open),
                }))
            }
            @let addresses = addresses(&incident.evidence);
            @if !addresses.is_empty() {
                h3 { "Look at it" }
                ul.plain { @for address in addresses { li { (outside(address)) } } }
            }
        }
    }
}

/// How many others are open, from near to far.
fn reach(incident: &api::Incident, open: &api::Incidents) -> Markup {
    let others = || open.incidents.iter().filter(|other| other.id != incident.id);
    let of_channel = others().filter(|other| other.channel == incident.channel).count();
    let of_account = others().filter(|other| account(other) == account(incident)).count();
    let at_least = if open.next.is_some() { "at least " } else { "" };
    html! {
        @match others().count() {
            0 => { "Yes: no other incident is open." }
            all => {
                "No: " (at_least) (all) @if all == 1 { " other is open, " } @else { " others are open, " }
                (of_channel) " of them on " (incident.channel) ", " (of_account) " on this account. "
                a href="/incidents" { "All of them" }
            }
        }
    }
}

/// Every web address that something holds.
fn addresses(evidence: &Value) -> Vec<&str> {
    match evidence {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => vec![text],
        Value::Array(all) => all.iter().flat_map(addresses).collect(),
        Value::Object(fields) => fields.values().flat_map(addresses).collect(),
        _ => Vec::new(),
    }
}

async fn mend(visit: &Visit, incident: &api::Incident, here: &str) -> Markup {
    let name = account(incident);
    let found = visit.get::<api::Account>(&format!("/v1/accounts/{name}")).await;
    html! {
        @match incident.kind {
            IncidentKind::Duplicate => {
                ol {
                    li { "Open both posts on the platform. One may be somebody's own: posted by hand, or by another tool." }
                    li { "If both are ours, take the younger one down on the platform, unless people have answered it already. oncepost deletes nothing." }
                    li {
                        a href=(format!("/targets/{}", incident.target)) { "Its target" }
                        " shows whether two attempts of ours were made. If so, this is a broken promise: keep its page and the logs, and report it."
                    }
                }
            }
            IncidentKind::Vanished => {
                ol {
                    li { "Open its address. Gone for everybody, or only for whoever is not signed in?" }
                    li { "Ask the account's owner whether they took it down. If so there is nothing to mend." }
                    li { "If the platform did, it says so in the account's own notices. Several of one account: look whether the account is restricted." }
                }
            }
        }
        @match &found {
            Err(problem) => { (cannot_tell("how the account is", problem)) }
            Ok(account) => {
                section.card aria-label=(name) {
                    p { (health(account)) " " a href=(format!("/accounts/{name}")) { strong { (name) } } }
                    @if let Some(wrong) = &account.health.wrong { p { (prose(&wrong.title)) ". " (prose(&wrong.remedy)) } }
                    p.quiet { "Asked last: " @match account.health.checked_at { Some(at) => { (ago(at, visit.now())) } None => { "never" } } }
                    @if visit.may("POST", "/v1/accounts/{tenant}/{channel}/{account}/check") {
                        form method="post" action=(format!("/accounts/{name}/check")) {
                            (stamp(visit))
                            input type="hidden" name="back" value=(here);
                            button type="submit" { "Ask the platform now" }
                        }
                    }
                }
            }
        }
    }
}

/// What can be done about a post that is published: nothing by a retry.
fn plan(incident: &api::Incident) -> Markup {
    html! {
        p { strong { "There is nothing to retry. " } "By the ledger it is published, and what is published is never sent again." }
        @match incident.kind {
            IncidentKind::Duplicate => {
                p { "Once the superfluous one is taken down, it is seen to. Leave it if people have answered it: that is a decision, and belongs into the note." }
            }
            IncidentKind::Vanished => {
                p {
                    "Should it be there, schedule it again as a post of its own, under a new key: "
                    code { "oncepost schedule FILE" } ". Under its old key it is known as published, and would not go out."
                }
                p { "Was it taken down on purpose, do nothing." }
            }
        }
    }
}

/// Looking again at what the platform shows.
fn go(visit: &Visit, incident: &api::Incident, here: &str) -> Markup {
    html! {
        p { "The platform is asked what it shows of the last seven days on " strong { (account(incident)) } ", and that is held against the ledger. It changes nothing there." }
        @if visit.may("POST", "/v1/audit") {
            form method="post" action="/guide/look" {
                (stamp(visit))
                input type="hidden" name="account" value=(account(incident));
                input type="hidden" name="incident" value=(incident.id);
                input type="hidden" name="back" value=(here);
                button.primary type="submit" { "Look again" }
            }
        } @else { p.quiet { "To have a platform asked takes the role operator." } }
    }
}

pub(super) async fn look(visit: Visit, form: Filled) -> Response {
    let ask = json!({ "account": form.get("account"), "since": SINCE });
    let note = match visit.post::<api::Audit>("/v1/audit", ask).await {
        Err(problem) => Note::refused(&problem),
        Ok(found) => match found.reports.first() {
            Some(report) => seen(report, form.get("incident")),
            None => Note { done: false, text: "There was no time to look.".into(), remedy: "Ask again.".into() },
        },
    };
    visit.go(inner(form.get("back")), &note)
}

/// What a look came to, for one incident.
fn seen(report: &audit::Report, incident: &str) -> Note {
    if let Some(why) = &report.not_asked {
        return Note { done: false, text: why.sentence.clone(), remedy: why.remedy.clone() };
    }
    let Some(listed) = report.listed else {
        return Note {
            done: false,
            text: report.cannot_tell.join(" "),
            remedy: "Look on the platform by hand.".into(),
        };
    };
    let is_there = report.found.iter().any(|found| found.incident.to_string() == incident);
    let looked = format!("{} listed, {} of ours there.", words::many(listed as u64, "post"), report.there);
    Note::done(match is_there {
        true => format!("{looked} It is found again: nothing has changed."),
        false => format!(
            "{looked} It is not found any more. If its time was among what was looked at, it is seen to: leave word and close it."
        ),
    })
}

async fn word(visit: &Visit, incident: &api::Incident, here: &str) -> Markup {
    let name = account(incident);
    let on = [format!("account:{name}"), format!("channel:{}", incident.channel)];
    let path = query("/v1/notes", &[("on", &on[0])]);
    let known = visit.get::<api::Notes>(&path).await;
    html! {
        @if incident.state == IncidentState::Closed {
            p {
                "It is closed" @if let Some(by) = &incident.closed_by { " by " (by) }
                @if let Some(note) = &incident.note { ": " q { (note) } } ". Found again it stays closed."
            }
        } @else if visit.may("POST", "/v1/incidents/{id}/close") {
            form.panel method="post" action=(format!("/incidents/{}/close", incident.id)) {
                (stamp(visit))
                div.fields {
                    div.grow {
                        label for="note" { "What was done about it" }
                        input #note name="note" required maxlength="1000" autocomplete="off" placeholder="taken down by its author";
                    }
                }
                button.primary type="submit" { "Close the incident" }
            }
        }
        h3.over { "For the next time" }
        @match &known {
            Err(problem) => { (cannot_tell("what people noted", problem)) }
            Ok(known) => { (notes::list(visit, &known.notes, here, visit.now())) }
        }
        (notes::form(visit, &Subject::Among(&on), here, "", 0))
    }
}
