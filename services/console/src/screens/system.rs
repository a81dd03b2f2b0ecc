//! The system: whether its parts answer, and how many targets stand where.

use std::time::Duration;

use axum::{Router, response::Response, routing::get};
use domain::State;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, chip, count, fact, table, time},
    shell::{Entry, cannot_tell, stamp},
    visit::Visit,
    words,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/system", title: "System", key: 'y', icon: Icon::Pulse };

/// How long a part may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/system", get(show).post(counted))
}

/// A round trip to a part: how long it took, or why there was none.
async fn tried<E: std::error::Error>(
    visit: &Visit,
    part: &'static str,
    trip: impl Future<Output = Result<(), E>>,
) -> Result<Duration, &'static str> {
    let runtime = &visit.desk.console.runtime;
    let before = runtime.uptime();
    match runtime.within(PATIENCE, trip).await {
        Some(Ok(())) => Ok(runtime.uptime().saturating_sub(before)),
        Some(Err(error)) => {
            // Its words may name addresses: they are for the log.
            tracing::warn!(part, error = %error, "a part does not answer the system screen");
            Err("it answers with an error; the log has it")
        }
        None => Err("it does not answer within 3 s"),
    }
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
    let (ledger, broker, time_there, late) = futures::join!(
        tried(visit, "ledger", console.ledger.ping()),
        tried(visit, "broker", console.transport.ping()),
        console.runtime.within(PATIENCE, console.ledger.now()),
        visit.get::<api::Schedule>("/v1/schedule?limit=50"),
    );
    let now = visit.now();
    let is_operator = visit.session.caller.tenant.is_none();
    html! {
        h1 { "System" }
        div #parts data-live {
            (table("Parts", &["Part", "State", "What it is for"], vec![
                Row::new([html! { "Ledger" }, part(&ledger), html! { "The only truth. Without it nothing is published, and nothing is lost." }]),
                Row::new([html! { "Broker" }, part(&broker), html! { "Carries work to the workers. Without it what is due waits in the ledger." }]),
            ]))
            dl.facts.panel {
                (fact("Version", &html! { (env!("CARGO_PKG_VERSION")) }))
                (fact("This process runs since", &time(now.checked_sub(console.runtime.uptime()).unwrap_or(now), now)))
                @if let Some(Ok(there)) = time_there { (fact("The ledger's clock", &clock(there, now))) }
                (fact("Next to go out", &match &late {
                    Ok(page) => next(&page.targets, now),
                    Err(_) => html! { "cannot tell: the ledger does not answer" },
                }))
                (fact("Channels", &html! { (console.channels.iter().count()) ", " a href="/channels" { "with their workers and queues" } }))
            }
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

/// The first that no pause holds.
fn next(waiting: &[api::Waiting], now: Timestamp) -> Markup {
    match waiting.iter().find(|one| one.state != State::Held) {
        Some(one) => html! { a href=(format!("/targets/{}", one.target)) { (ago(one.goes_at, now)) } },
        None if waiting.is_empty() => html! { "nothing waits" },
        None => html! { "what stands first is held by a " a href="/channels" { "pause" } },
    }
}

fn part(found: &Result<Duration, &'static str>) -> Markup {
    match found {
        Ok(took) => {
            html! {
                (chip(Tone::Good, Icon::Check, "answers")) span.excerpt {
                    @if took.as_millis() == 0 { "at once" } @else { "in " (took.as_millis()) " ms" }
                }
            }
        }
        Err(why) => html! { (chip(Tone::Bad, Icon::Cross, "does not answer")) span.excerpt { (why) } },
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
