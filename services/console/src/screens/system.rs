//! The system: who is there and who is missing, whether its parts answer, and how many targets stand where.

use axum::{Router, response::Response, routing::get};
use domain::State;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, chip, count, exact, fact, icon, prose, table, time},
    shell::{Entry, cannot_tell, stamp},
    visit::Visit,
    words,
};
use crate::{
    Problem,
    api::{self, ProcessState},
};

pub(super) const ENTRY: Entry = Entry { path: "/system", title: "System", key: 'y', icon: Icon::Pulse };

/// How long the ledger may take to tell its time.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/system", get(show).post(counted))
}

async fn show(visit: Visit) -> Response {
    let body = body(&visit, None).await;
    visit.page(ENTRY.title, Ok(body))
}

/// The count is a full scan of the ledger, so it is made when somebody asks for it.
async fn counted(visit: Visit) -> Response {
    let census = visit.get::<api::Census>("/v1/census").await;
    let body = body(&visit, Some(census)).await;
    visit.page(ENTRY.title, Ok(body))
}

async fn body(visit: &Visit, census: Option<Result<api::Census, Problem>>) -> Markup {
    let console = &visit.desk.console;
    let (found, time_there, late) = futures::join!(
        visit.get::<api::Processes>("/v1/processes"),
        console.runtime.within(PATIENCE, console.ledger.now()),
        visit.get::<api::Schedule>("/v1/schedule?limit=50"),
    );
    let now = visit.now();
    let is_operator = visit.session.caller.tenant.is_none();
    html! {
        h1 { "System" }
        @match &found {
            Err(problem) => { (cannot_tell("who is there and what answers", problem)) },
            Ok(found) => {
                div #missing data-live { (missing(found)) }
                div #parts data-live {
                    (table("Parts", &["Part", "State", "What it is for"], found.parts.iter().map(part).collect()))
                    dl.facts.panel {
                        (fact("Version", &versions(found)))
                        @if let Some(schema) = &found.schema { (fact("The ledger's schema", &migrations(schema))) }
                        (fact("This process runs since", &time(now.checked_sub(console.runtime.uptime()).unwrap_or(now), now)))
                        @if let Some(Ok(there)) = time_there { (fact("The ledger's clock", &clock(there, now))) }
                        (fact("Next to go out", &match &late {
                            Ok(page) => next(&page.targets, now),
                            Err(_) => html! { "cannot tell: the ledger does not answer" },
                        }))
                        (fact("Channels", &html! { (console.channels.iter().count()) ", " a href="/channels" { "with their workers and queues" } }))
                    }
                }
                @if is_operator { h2 { "Processes" } div #processes data-live { (processes(found, now)) } }
            },
        }
        h2 { "Where all targets stand" }
        @if !is_operator { p.quiet { "The count is of all tenants together, and is for operators." } }
        @else {
            @match &census {
                None => {
                    p {
                        "A full scan of the ledger, which takes a while where there are millions of targets. It is made when you ask for it."
                    }
                },
                Some(Err(problem)) => { (cannot_tell("where all targets stand", problem)) },
                Some(Ok(census)) => { (drawn(census, now)) },
            }
            form method="post" action="/system" {
                (stamp(visit)) button type="submit" { @if census.is_none() { "Count now" } @else { "Count again" } }
            }
        }
    }
}

/// Who should be there and is not, before everything else.
pub(super) fn missing(found: &api::Processes) -> Markup {
    let Some(missing) = &found.missing else {
        return html! {
            div.note.unknown role="alert" {
                (icon(Icon::Doubt))
                div {
                    p { strong { "Cannot tell who is there. " } "The ledger does not answer, where processes say that they live." }
                    p { "See whether its database runs. Until it answers nothing is published, and nothing is lost." }
                }
            }
        };
    };
    html! {
        @for one in missing {
            div.note.refused[one.stops_delivery].unknown[!one.stops_delivery] role="alert" {
                (icon(if one.stops_delivery { Icon::Cross } else { Icon::Alert }))
                div { p { strong { (one.what) "." } } p { (prose(&one.remedy)) } }
            }
        }
    }
}

fn part(part: &api::Part) -> Row {
    let (name, what) = match part.name.as_str() {
        "ledger" => ("Ledger", "The only truth. Without it nothing is published, and nothing is lost."),
        "broker" => ("Broker", "Carries work to the workers. Without it what is due waits in the ledger."),
        _ => ("Redis (guard)", "Locks, hints and rate limits. Without it oncepost is slower, not wrong."),
    };
    let others = match (part.reached_by, part.not_reached_by) {
        (0, 0) => None,
        (many, 0) => {
            Some(if many == 1 { "1 process reaches it".to_owned() } else { format!("{many} processes reach it") })
        }
        (reach, not) => Some(format!("{not} of {} processes do not reach it", reach + not)),
    };
    let says = html! {
        @match part.answers {
            Some(true) => { (chip(Tone::Good, Icon::Check, "answers")) },
            Some(false) => { (chip(Tone::Bad, Icon::Cross, "does not answer")) },
            None => { (chip(Tone::Doubt, Icon::Doubt, "cannot tell")) },
        }
        span.excerpt {
            @match (&part.why, part.took_ms) {
                (Some(why), _) => { (why) },
                (None, Some(0)) => { "at once" },
                (None, Some(took)) => { "in " (took) " ms" },
                (None, None) => {},
            }
            @if let Some(seconds) = part.asked_s { @if part.why.is_some() || part.took_ms.is_some() { ", " } "asked " (seconds) " s ago" }
            @if let Some(others) = others.filter(|others| part.why.as_ref() != Some(others)) { @if part.why.is_some() || part.took_ms.is_some() { "; " } (others) }
        }
    };
    Row::new([html! { (name) }, says, html! { (what) }])
}

/// What runs; that versions are mixed is said.
fn versions(found: &api::Processes) -> Markup {
    html! {
        @match &found.versions[..] {
            [] => { (env!("CARGO_PKG_VERSION")) " (this process)" },
            [one] => { (one) },
            all => {
                (chip(Tone::Warn, Icon::Alert, "mixed")) " "
                @for (n, version) in all.iter().enumerate() { @if n > 0 { ", " } (version) }
                span.excerpt { "An upgrade is under way, or was not finished. Versions that differ by one release work together." }
            },
        }
    }
}

fn migrations(schema: &api::SchemaVersion) -> Markup {
    let api::SchemaVersion { applied, known } = *schema;
    html! {
        "migration " (applied)
        @if applied < known { ", and this process knows " (known) ": run " code { "oncepost migrate" } }
        @if applied > known { ", newer than this process, which knows " (known) }
    }
}

fn processes(found: &api::Processes, now: Timestamp) -> Markup {
    let Some(all) = &found.processes else {
        return html! { p.quiet { "Cannot tell: the ledger does not answer, where processes say that they live." } };
    };
    html! {
        @if all.is_empty() { p.quiet { "None has said that it lives. Those of older versions do not." } } @else {
            (table("Processes", &["Process", "State", "Heard of", "Version", "Reaches"], all.iter().map(|one| process(one, now)).collect()))
            p.quiet { "Each says every 15 s that it lives. One that ended as it should is not here; one that is silent is forgotten after a day." }
        }
    }
}

fn process(one: &api::Process, now: Timestamp) -> Row {
    let channels: Vec<_> = one.channels.iter().map(ToString::to_string).collect();
    let name = html! {
        (one.service)
        span.excerpt { (one.name) ", since " (ago(one.started_at, now)) }
        // What does one thing says so by its name.
        @if one.roles.len() > 1 { span.excerpt { "does the work of " (one.roles.join(", ")) } }
        @if !channels.is_empty() { span.excerpt { "for " (channels.join(", ")) } }
    };
    let state = match one.state {
        ProcessState::Up => chip(Tone::Good, Icon::Check, "up"),
        ProcessState::Draining => chip(Tone::Busy, Icon::Wait, "draining"),
        ProcessState::Silent => html! {
            (chip(Tone::Bad, Icon::Alert, "silent")) span.excerpt { "since " (exact(one.seen_at)) ": killed, or without the ledger" }
        },
    };
    let version = html! { (one.version) @if let Some(commit) = &one.commit { span.excerpt { (commit) } } };
    let reaches = html! {
        // What one that is silent could reach is of the past.
        @if one.state == ProcessState::Silent { span.quiet { "not known" } }
        @else {
            div.chips {
                @for part in &one.parts {
                    @let (tone, icon) = if part.answers { (Tone::Good, Icon::Check) } else { (Tone::Bad, Icon::Cross) };
                    (chip(tone, icon, &part.part)) " "
                    @if !part.answers { span.excerpt { "not since " (ago(part.since, now)) } }
                }
            }
        }
    };
    Row::new([name, state, ago(one.seen_at, now), version, reaches]).known_by(one.id)
}

/// The first that no pause holds.
fn next(waiting: &[api::Waiting], now: Timestamp) -> Markup {
    match waiting.iter().find(|one| one.state != State::Held) {
        Some(one) => html! { a href=(format!("/targets/{}", one.target)) { (ago(one.goes_at, now)) } },
        None if waiting.is_empty() => html! { "nothing waits" },
        None => html! { "what stands first is held by a " a href="/channels" { "pause" } },
    }
}

/// Leases are judged by the ledger's clock, so a difference is harmless; people who compare times want to know of it.
fn clock(there: Timestamp, here: Timestamp) -> Markup {
    let apart = there.as_millisecond().abs_diff(here.as_millisecond());
    html! { @if apart < 1_000 { "as this machine's" } @else { (words::span(apart / 1_000)) " apart from this machine's" } }
}

fn drawn(census: &api::Census, now: Timestamp) -> Markup {
    let mut channels: Vec<_> = census.counts.iter().map(|count| &count.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    html! {
        p.quiet { "Counted " (time(census.at, now)) }
        dl.answers {
            div { dt { "Need a person" } dd { (words::grouped(census.needs_person)) } }
            div { dt { "In doubt" } dd { (words::grouped(census.in_doubt)) } }
            div { dt { "Overdue" } dd { (words::grouped(census.overdue)) } }
            div {
                dt { "Promises broken" }
                dd {
                    @if census.violations.is_empty() { (chip(Tone::Good, Icon::Check, "none")) } @else {
                        (chip(Tone::Bad, Icon::Alert, &words::grouped(census.violations.len() as u64)))
                    }
                }
            }
        }
        @if !census.violations.is_empty() {
            ul.plain {
                @for one in &census.violations {
                    li { a href=(format!("/targets/{}", one.target)) { (one.target) } " " code { (one.promise) } }
                }
            }
        }
        @if channels.is_empty() { p.quiet { "The ledger holds no target." } } @else {
            (table("Targets by channel and state", &["Channel", "Targets"], channels.iter().map(|name| {
                let of = |state: &State| census.counts.iter().find(|one| one.channel == **name && one.state == *state);
                let states = State::ALL.iter().filter_map(of);
                let chips = html! {
                    div.chips { @for one in states { (count(one.state, u32::try_from(one.count).unwrap_or(u32::MAX))) " " } }
                };
                Row::new([html! { (name) }, chips])
            }).collect()))
        }
    }
}
