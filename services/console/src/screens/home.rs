//! Needs attention: what is wrong, how far it reaches, what to do. Where nothing is, what proves that.

use std::{collections::BTreeSet, time::Duration};

use axum::{Router, response::Response, routing::get};
use domain::PostId;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    causes::{causes, excerpts},
    late::{Late, late},
    parts::{Icon, Row, Tone, ago, channel, prose, state, table, target, time},
    pauses,
    shell::{Entry, cannot_tell},
    visit::Visit,
    words,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/", title: "Needs attention", key: 'n', icon: Icon::Alert };

/// How many of what is late, and of the accounts that are not well, are listed.
const LISTED: usize = 5;
/// How long the first screen waits for what may take long.
const QUICK: Duration = Duration::from_secs(1);

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/", get(show))
}

async fn show(visit: Visit) -> Response {
    let now = visit.now();
    let patience = visit.desk.console.options.patience;
    let (failures, pauses, forecast, overdue, accounts) = futures::join!(
        visit.get::<api::Failures>("/v1/failures?limit=100"),
        visit.get::<api::Pauses>("/v1/pauses"),
        visit.lately::<api::Forecast>("/v1/forecast?hours=24&limit=1", QUICK),
        late(&visit, now.checked_sub(patience).unwrap_or(now)),
        // Each account's next post is found by reading all that waits.
        visit.lately::<api::Accounts>("/v1/accounts", QUICK),
    );
    let (published, says) = futures::join!(last_publish(&visit), excerpts(&visit, &failures));
    let body = html! {
        div #attention data-live {
            (headline(&visit, &failures))
            (signs(&forecast, &overdue, &published, now))
            (causes(&visit, &failures, &says, now))
            (late_ones(&visit, &overdue, patience, now))
            (paused(&visit, &pauses, now))
            (unwell(&accounts))
        }
    };
    visit.page(ENTRY.title, Ok(body))
}

/// When something was published that is among the newest posts, if anything was.
async fn last_publish(visit: &Visit) -> Result<Option<Timestamp>, Problem> {
    // Where nothing of many posts is out yet, it takes long to find that out.
    let newest = visit.lately::<api::Posts>("/v1/posts?state=published&limit=5", QUICK).await?;
    let ids: Vec<PostId> = newest.posts.iter().map(|post| post.id).collect();
    let posts = ids.into_iter().map(|id| async move { visit.get::<api::Post>(&format!("/v1/posts/{id}")).await });
    let posts = futures::future::try_join_all(posts).await?;
    let out = posts.iter().flat_map(|post| &post.targets).flat_map(|target| &target.out);
    Ok(out.map(|part| part.at).max())
}

/// The first question: does it concern everything, one channel, one account, or one post?
fn headline(visit: &Visit, failures: &Result<api::Failures, Problem>) -> Markup {
    let failures = match failures {
        Ok(failures) => failures,
        Err(problem) => {
            return html! { h1 { "It cannot be told what needs you" } (cannot_tell("what needs a person", problem)) };
        }
    };
    let total: u64 = failures.groups.iter().map(|group| group.count).sum();
    if total == 0 {
        return html! { h1 { "Nothing needs you" } };
    }
    let verb = if total == 1 { "needs" } else { "need" };
    html! {
        h1 { (words::many(total, "target")) " " (verb) " you" }
        p.lead.reach { (reach(visit, failures, total)) }
    }
}

/// How far it reaches, as far as the newest on the list tell.
fn reach(visit: &Visit, failures: &api::Failures, total: u64) -> Markup {
    let targets = &failures.targets;
    let posts: BTreeSet<_> = targets.iter().map(|target| target.post).collect();
    let channels: BTreeSet<_> = targets.iter().map(|target| &target.channel).collect();
    let accounts: BTreeSet<_> = targets.iter().map(|one| (&one.tenant, &one.channel, &one.account)).collect();
    let is_all = targets.len() as u64 == total;
    let causes = words::many(failures.groups.len() as u64, "cause");
    html! {
        @match (posts.len(), accounts.first(), accounts.len(), channels.first(), channels.len()) {
            (1, ..) if is_all => { strong { "One post." } " Nothing else is hurt." },
            (_, Some((tenant, on, account)), 1, ..) if is_all => {
                strong { "One account: " (tenant) "/" (on) "/" (account) "." } " Nothing else is hurt."
            },
            (_, _, many, Some(on), 1) if is_all => {
                strong { "One channel: " (channel(&visit.desk, on)) ", on " (many) " accounts." } " No other channel is hurt."
            },
            (_, _, many, _, on) => {
                strong { "Several channels: " (on) ", on " (many) " accounts" @if !is_all { " at least" } ", by " (causes) "." }
                @if failures.groups.len() == 1 { " Look first at what they have in common: the ledger, the broker, the network." }
                @else { " These need not belong together. Begin with the first." }
            },
        }
    }
}

fn signs(
    forecast: &Result<api::Forecast, Problem>,
    overdue: &Result<Late, Problem>,
    published: &Result<Option<Timestamp>, Problem>,
    now: Timestamp,
) -> Markup {
    let sign = |name: &str, value: Markup, more: Markup, tone: Tone| {
        html! { div class=(format!("sign {}", tone.name())) { dt { (name) } dd { span.big { (value) } span.more { (more) } } } }
    };
    let unknown = || html! { "cannot tell" };
    let going = match forecast {
        Ok(api::Forecast { report, .. }) => {
            let more = html! {
                @if report.not_looked_at > 0 { "at least; " (words::grouped(report.not_looked_at)) " not looked at" } @else {
                    "targets go out"
                }
            };
            sign("Next 24 h", html! { (words::grouped(report.looked_at)) }, more, Tone::Idle)
        }
        Err(_) => sign("Next 24 h", unknown(), html! { "see below" }, Tone::Doubt),
    };
    let trouble = match forecast {
        Ok(api::Forecast { report, .. }) if report.will_fail + report.at_risk > 0 => {
            let tone = if report.will_fail > 0 { Tone::Bad } else { Tone::Warn };
            let more = html! {
                a href="/forecast" {
                    @if report.at_risk > 0 { "and " (words::grouped(report.at_risk)) " at risk: why" } @else { "see what, and why" }
                }
            };
            sign("Will fail", html! { (words::grouped(report.will_fail)) }, more, tone)
        }
        Ok(_) => sign("Will fail", html! { "0" }, html! { "nothing at risk" }, Tone::Good),
        Err(_) => sign("Will fail", unknown(), html! { "the forecast does not answer" }, Tone::Doubt),
    };
    let late = match overdue {
        Ok(late) if !late.targets.is_empty() => {
            let oldest = late.targets.first().map(|one| one.goes_at);
            let more = html! { @if let Some(oldest) = oldest { "oldest " (ago(oldest, now)) } };
            let many = html! { (words::grouped(late.targets.len() as u64)) @if !late.is_all { "+" } };
            sign("Overdue", many, more, Tone::Bad)
        }
        Ok(late) if late.is_all => sign("Overdue", html! { "0" }, html! { "everything on time" }, Tone::Good),
        Ok(_) => sign("Overdue", unknown(), html! { "too much is held to look behind" }, Tone::Doubt),
        Err(_) => sign("Overdue", unknown(), html! { "the ledger does not answer" }, Tone::Doubt),
    };
    let newest = match published {
        Ok(Some(at)) => {
            sign("Newest publish", html! { (ago(*at, now)) }, html! { "with the platform's proof" }, Tone::Good)
        }
        Ok(None) => sign("Newest publish", html! { "none yet" }, html! { "nothing has gone out" }, Tone::Idle),
        Err(_) => sign("Newest publish", unknown(), html! { "the ledger does not answer" }, Tone::Doubt),
    };
    html! { dl.signs { (newest) (going) (trouble) (late) } }
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

fn paused(visit: &Visit, found: &Result<api::Pauses, Problem>, now: Timestamp) -> Markup {
    html! {
        @match found {
            Err(problem) => { h2 { "Pauses in force" } (cannot_tell("what is paused", problem)) },
            Ok(found) if found.pauses.is_empty() => {},
            Ok(found) => {
                h2 { "Pauses in force" }
                ul.cards { @for pause in &found.pauses { li { (pauses::card(visit, pause, "/", now)) } } }
            },
        }
    }
}

fn unwell(accounts: &Result<api::Accounts, Problem>) -> Markup {
    let Ok(api::Accounts { accounts }) = accounts else {
        return match accounts {
            Err(problem) => html! { h2 { "Accounts" } (cannot_tell("how the accounts are", problem)) },
            Ok(_) => html! {},
        };
    };
    let bad: Vec<_> = accounts.iter().filter(|one| one.health.wrong.is_some()).collect();
    html! {
        @if !bad.is_empty() {
            h2 { "Accounts that need a person" }
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
