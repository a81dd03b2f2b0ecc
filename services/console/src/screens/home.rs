//! Needs attention: what is wrong, how far it reaches, what to do. Where nothing is, what proves that.

use std::{collections::BTreeSet, time::Duration};

use axum::{Router, response::Response, routing::get};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    causes::{at_stake, causes},
    late::{Behind, Late, late},
    parts::{Icon, Row, as_of, fact, prose, query, state, table, target, time},
    pauses, retrying,
    shell::{Entry, cannot_tell},
    signs::{Signs, signs},
    system::missing,
    visit::Visit,
    which::Which,
    words,
};
use crate::{
    Problem,
    api::{self, ExtentKind},
};

pub(super) const ENTRY: Entry = Entry { path: "/", title: "Needs attention", key: 'n', icon: Icon::Alert };

/// How many of what is late, and of the accounts that are not well, are listed.
const LISTED: usize = 5;
/// How long the first screen waits for what may take long.
const QUICK: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/", get(show))
}

async fn show(visit: Visit) -> Response {
    let now = visit.now();
    let patience = visit.desk.console.options.patience;
    let path = expired_of("/v1/scorecard/targets", now);
    // All at once: a ledger that is away must not be waited for twice.
    let (whole, part) = futures::join!(
        async {
            futures::join!(
                visit.get::<api::FailureGroups>("/v1/failures/groups"),
                visit.get::<api::Processes>("/v1/processes"),
                visit.get::<api::Pauses>("/v1/pauses"),
                visit.lately::<api::Forecast>("/v1/forecast?hours=24&limit=1", QUICK),
                late(&visit, now.checked_sub(patience).unwrap_or(now)),
            )
        },
        async {
            futures::join!(
                pauses::accounts(&visit),
                visit.get::<api::NewestPublish>("/v1/newest-publish"),
                visit.as_of::<api::CountedTargets>(&path, QUICK),
                visit.get::<api::Incidents>("/v1/incidents?state=open&limit=50"),
                visit.get::<api::Retrying>("/v1/retrying"),
            )
        },
    );
    let (failures, processes, pauses, forecast, overdue) = whole;
    let (accounts, published, expired, incidents, retrying) = part;
    let behind = overdue.as_ref().ok().zip(retrying.as_ref().ok()).map(|(late, found)| Behind::of(late, found).many);
    let has_more = expired.as_ref().is_ok_and(|(found, _)| !found.targets.is_empty())
        || incidents.as_ref().is_ok_and(|found| !found.incidents.is_empty());
    let body = html! {
        div #attention data-live {
            @match &processes { Ok(found) => { (missing(found)) }, Err(problem) => { (cannot_tell("who is there", problem)) } }
            (headline(&failures, first_missing(&processes), behind.unwrap_or_default(), has_more, now))
            (signs(&Signs {
                forecast: &forecast, overdue: &overdue, retrying: &retrying, published: &published, patience, now,
            }))
            @if let Ok(found) = &failures { (causes(&visit, &found.groups, now)) }
            (late_ones(&visit, &overdue, patience, now))
            (retrying::section(&visit, &retrying, now))
            (expired_ones(&visit, &expired, now))
            (found_outside(&incidents))
            (paused(&visit, &pauses, accounts.as_ref().ok().map(|(found, _)| found), now))
            (need_person(&accounts, now))
        }
    };
    visit.page(ENTRY.title, Ok(body))
}

/// Whoever is missing first, or the part that is away; what cannot be told is said above.
fn first_missing(found: &Result<api::Processes, Problem>) -> Option<&api::Missing> {
    found.as_ref().ok()?.missing.as_ref()?.first()
}

/// The first question: does it concern everything, one channel, one app, one account, or one post? And what shows that.
fn headline(
    found: &Result<api::FailureGroups, Problem>,
    missing: Option<&api::Missing>,
    behind: u64,
    has_more: bool,
    now: Timestamp,
) -> Markup {
    let found = match found {
        Ok(found) => found,
        Err(problem) => {
            return html! { h1 { "It cannot be told what needs you" } (cannot_tell("what needs a person", problem)) };
        }
    };
    if found.targets == 0 {
        return html! { h1 {
            @if let Some(one) = missing { "Nothing has failed, but " (roster::within(&one.who)) }
            @else if behind > 0 { "Nothing needs you, but " (words::many(behind, "target")) " " (if behind == 1 { "is" } else { "are" }) " late" }
            @else if has_more { "No target waits for you, but look below" }
            @else { "Nothing needs you" }
        } };
    }
    let (verb, causes) = (if found.targets == 1 { "needs" } else { "need" }, found.groups.len() as u64);
    html! {
        h1 {
            @if let Some(one) = missing { (one.who) ", and " }
            (words::many(found.targets, "target")) " " (verb) " you"
        }
        p.lead.reach {
            strong { (found.extent.words) "." }
            @if let Some(held) = found.at_stake.waiting() { " " (held) "." }
            @match &found.in_common {
                Some(common) if causes > 1 => { " In truth one cause: " (common) "." }
                _ if causes > 1 => { " By " (words::many(causes, "cause")) "." }
                _ => {}
            }
        }
        dl.facts {
            @if let Some(meanwhile) = &found.meanwhile { (fact("Meanwhile", &html! { (meanwhile.words) })) }
            (fact("At stake next", &at_stake(&found.at_stake, now)))
            (fact("Look first at", &html! {
                (prose(&found.extent.look_at))
                @if let Some((path, name)) = way(found) { " " a href=(path) { (name) } }
            }))
        }
    }
}

/// The page of what is to be looked at first.
fn way(found: &api::FailureGroups) -> Option<(String, &'static str)> {
    let group = found.groups.first()?;
    let (spread, is_only) = (&group.spread, found.groups.len() == 1);
    let is_of_posts = group.cause.scope == Some(domain::Scope::Post);
    let first = |shares: &api::Shares| shares.top.first().map(|share| share.name.clone());
    Some(match found.extent.kind {
        ExtentKind::Nothing | ExtentKind::Channels => return None,
        ExtentKind::Tenant | ExtentKind::Accounts if !is_only => return None,
        // It is the posts, and their cause's page lists them.
        ExtentKind::Account | ExtentKind::Accounts if is_only && is_of_posts => {
            (Which::of(&group.cause.group).at("/causes", &[]), "To these posts")
        }
        ExtentKind::Post if is_only && !is_of_posts => {
            (format!("/accounts/{}", first(&spread.accounts)?), "To the account")
        }
        ExtentKind::Post => (format!("/posts/{}", first(&spread.posts)?), "To the post"),
        ExtentKind::Account => (format!("/accounts/{}", first(&spread.accounts)?), "To the account"),
        ExtentKind::Accounts | ExtentKind::Channel => {
            (query("/accounts", &[("channel", &first(&spread.channels)?)]), "To its accounts")
        }
        ExtentKind::App => ("/accounts".into(), "To the accounts"),
        ExtentKind::Tenant => ("/audit-log".into(), "To the audit log"),
        ExtentKind::Everything => ("/system".into(), "To the system"),
    })
}

fn late_ones(visit: &Visit, overdue: &Result<Late, Problem>, patience: Duration, now: Timestamp) -> Markup {
    html! {
        @match overdue {
            Err(problem) => { h2 { "Overdue" } (cannot_tell("what is overdue", problem)) },
            Ok(late) if late.targets.is_empty() => {},
            Ok(late) => {
                h2 { "Overdue" }
                p {
                    "These should have gone out more than " (words::span(patience.as_secs())) " ago, and no pause holds them. "
                    "See whether schedulers and workers run."
                }
                (table("Overdue targets", &["Target", "State", "Should have gone"], late.targets.iter().take(LISTED).map(|one| {
                    let name = html! {
                        (target(&visit.desk, one.target, (&one.tenant, &one.channel, &one.account)))
                        span.excerpt { (one.excerpt) }
                    };
                    Row::new([name, state(one.state), time(one.goes_at, now)])
                }).collect()))
                @if late.targets.len() > LISTED {
                    p.quiet { "and " (late.targets.len() - LISTED) @if !late.is_all { " or more" } " others" }
                }
            },
        }
    }
}

/// Where what expired yesterday and today is listed, under `path`.
fn expired_of(path: &str, now: Timestamp) -> String {
    let day = |at: Option<Timestamp>| at.unwrap_or(now).strftime("%Y-%m-%d").to_string();
    let (from, until) = (day(now.checked_sub(DAY).ok()), day(now.checked_add(DAY).ok()));
    query(path, &[("figure", "expired"), ("from", &from), ("until", &until)])
}

/// What was not sent because its deadline had passed: it is a miss, though nobody is asked about it.
fn expired_ones(visit: &Visit, expired: &Result<(api::CountedTargets, Timestamp), Problem>, now: Timestamp) -> Markup {
    html! {
        @match expired {
            Err(problem) => { h2 { "Not sent in time" } (cannot_tell("what has expired", problem)) },
            Ok((found, _)) if found.targets.is_empty() => {},
            Ok((found, at)) => {
                h2 { "Not sent in time, since yesterday" (as_of(*at, now)) }
                p { "Their deadlines passed before they could be sent. Each says why; with a new deadline it can still go out." }
                (table("Targets that were not sent in time", &["Target", "State", "Was due"], found.targets.iter().take(LISTED).map(|one| {
                    let name = target(&visit.desk, one.id, (&one.tenant, &one.channel, &one.account));
                    Row::new([name, state(one.state), time(one.due_at, now)])
                }).collect()))
                p {
                    @if found.targets.len() > LISTED { a href=(expired_of("/scorecard/targets", now)) { "All of them" } " " }
                    @if visit.may("POST", "/v1/jobs") { (moved(found, now)) }
                }
            },
        }
    }
}

/// Where they are given a new time, all of them or those of one cause.
fn moved(found: &api::CountedTargets, now: Timestamp) -> Markup {
    let from = now.checked_sub(DAY).unwrap_or(now).strftime("%Y-%m-%dT00:00:00Z").to_string();
    let plan = |group: &str| query("/jobs/new", &[("of", super::plan::EXPIRED), ("from", &from), ("group", group)]);
    let causes: BTreeSet<_> = found.targets.iter().filter_map(|target| target.group.as_deref()).collect();
    html! {
        a.button href=(plan("")) { "Publish them at another time…" }
        @if causes.len() > 1 { @for cause in causes { " " a.button href=(plan(cause)) { "Only those of " (cause) "…" } } }
    }
}

/// What was found wrong on platforms, and nobody has closed yet.
fn found_outside(incidents: &Result<api::Incidents, Problem>) -> Markup {
    html! {
        @match incidents {
            Err(problem) => { h2 { "Incidents" } (cannot_tell("which incidents are open", problem)) },
            Ok(found) if found.incidents.is_empty() => {},
            Ok(found) => {
                h2 { "Found on platforms" }
                p {
                    a href="/incidents" { (words::many(found.incidents.len() as u64, "incident")) @if found.next.is_some() { " or more" } }
                    " open: posts that a platform shows twice, or not any more."
                }
            },
        }
    }
}

fn paused(
    visit: &Visit,
    found: &Result<api::Pauses, Problem>,
    accounts: Option<&api::Accounts>,
    now: Timestamp,
) -> Markup {
    html! {
        @match found {
            Err(problem) => { h2 { "Pauses in force" } (cannot_tell("what is paused", problem)) },
            Ok(found) if found.pauses.is_empty() => {},
            Ok(found) => {
                h2 { "Pauses in force" }
                (pauses::list(visit, &found.pauses, accounts, "/", now))
            },
        }
    }
}

fn need_person(accounts: &Result<(api::Accounts, Timestamp), Problem>, now: Timestamp) -> Markup {
    let Ok((api::Accounts { accounts }, at)) = accounts else {
        return match accounts {
            Err(problem) => html! { h2 { "Accounts" } (cannot_tell("how the accounts are", problem)) },
            Ok(_) => html! {},
        };
    };
    let bad: Vec<_> = accounts.iter().filter(|one| one.health.wrong.is_some()).collect();
    html! {
        @if !bad.is_empty() {
            h2 { "Accounts that need a person" (as_of(*at, now)) }
            ul.plain {
                @for account in bad.iter().take(LISTED) {
                    li {
                        a href=(format!("/accounts/{}", account.name())) { (account.name()) } ": "
                        @if let Some(wrong) = &account.health.wrong { (prose(&wrong.title)) }
                    }
                }
            }
            @if bad.len() > LISTED { p { a href="/accounts" { "All " (bad.len()) } } }
        }
    }
}
