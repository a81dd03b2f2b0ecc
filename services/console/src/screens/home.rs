//! Needs attention: what is wrong, how far it reaches, what to do. Where nothing is, what proves that.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::{Router, response::Response, routing::get};
use domain::{PostId, State};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, channel, chip, prose, query, state, table, target, time, went_out},
    shell::{Entry, cannot_tell, stamp},
    target::is_doubtful,
    visit::Visit,
    words,
};
use crate::{Problem, api, doubt::short};

/// How posts begin.
type Says = BTreeMap<PostId, String>;

pub(super) const ENTRY: Entry = Entry { path: "/", title: "Needs attention", key: 'n', icon: Icon::Alert };

/// How many of a group are listed.
const LISTED: usize = 5;
/// How long the first screen waits for the forecast.
const QUICK: Duration = Duration::from_secs(1);
/// How many posts are read for their words.
const READ: usize = 40;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/", get(show))
}

async fn show(visit: Visit) -> Response {
    let now = visit.now();
    let patience = visit.desk.console.options.patience;
    let late = now.checked_sub(patience).unwrap_or(now);
    let (failures, pauses, forecast, overdue, accounts) = futures::join!(
        visit.get::<api::Failures>("/v1/failures?limit=100"),
        visit.get::<api::Pauses>("/v1/pauses"),
        visit.lately::<api::Forecast>("/v1/forecast?hours=24&limit=1", QUICK),
        async { visit.get::<api::Schedule>(&query("/v1/schedule", &[("until", &late.to_string())])).await },
        visit.get::<api::Accounts>("/v1/accounts"),
    );
    let overdue =
        overdue.map(|page| page.targets.into_iter().filter(|one| one.state != State::Held).collect::<Vec<_>>());
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
    let newest = visit.get::<api::Posts>("/v1/posts?state=published&limit=5").await?;
    let ids: Vec<PostId> = newest.posts.iter().map(|post| post.id).collect();
    let posts = ids.into_iter().map(|id| async move { visit.get::<api::Post>(&format!("/v1/posts/{id}")).await });
    let posts = futures::future::try_join_all(posts).await?;
    let out = posts.iter().flat_map(|post| &post.targets).flat_map(|target| &target.out);
    Ok(out.map(|part| part.at).max())
}

/// How the posts begin whose targets are listed. Where that cannot be had, a target goes without.
async fn excerpts(visit: &Visit, failures: &Result<api::Failures, Problem>) -> Says {
    let Ok(failures) = failures else { return Says::new() };
    let listed = failures.groups.iter().flat_map(|group| of_group(failures, group).take(LISTED));
    let posts: BTreeSet<PostId> = listed.map(|target| target.post).take(READ).collect();
    let read = posts.into_iter().map(|id| async move {
        let post = visit.get::<api::Post>(&format!("/v1/posts/{id}")).await.ok()?;
        Some((id, short(&post.content.text)))
    });
    futures::future::join_all(read).await.into_iter().flatten().collect()
}

fn of_group<'f>(failures: &'f api::Failures, group: &'f api::FailureGroup) -> impl Iterator<Item = &'f api::Target> {
    failures.targets.iter().filter(|target| target.group.as_ref() == Some(&group.group))
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
    overdue: &Result<Vec<api::Waiting>, Problem>,
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
                @if report.not_looked_at > 0 { "at least; " (words::grouped(report.not_looked_at)) " not looked at" } @else { "targets go out" }
            };
            sign("Next 24 h", html! { (words::grouped(report.looked_at)) }, more, Tone::Idle)
        }
        Err(_) => sign("Next 24 h", unknown(), html! { "see below" }, Tone::Doubt),
    };
    let trouble = match forecast {
        Ok(api::Forecast { report, .. }) if report.will_fail + report.at_risk > 0 => {
            let tone = if report.will_fail > 0 { Tone::Bad } else { Tone::Warn };
            let more = html! { a href="/forecast" { @if report.at_risk > 0 { "and " (words::grouped(report.at_risk)) " at risk: why" } @else { "see what, and why" } } };
            sign("Will fail", html! { (words::grouped(report.will_fail)) }, more, tone)
        }
        Ok(_) => sign("Will fail", html! { "0" }, html! { "nothing at risk" }, Tone::Good),
        Err(_) => sign("Will fail", unknown(), html! { "the forecast does not answer" }, Tone::Doubt),
    };
    let late = match overdue {
        Ok(late) if late.is_empty() => sign("Overdue", html! { "0" }, html! { "everything on time" }, Tone::Good),
        Ok(late) => {
            let oldest = late.iter().map(|one| one.goes_at).min();
            let more = html! { @if let Some(oldest) = oldest { "oldest " (ago(oldest, now)) } };
            sign("Overdue", html! { (late.len()) @if late.len() >= 50 { "+" } }, more, Tone::Bad)
        }
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

fn causes(visit: &Visit, failures: &Result<api::Failures, Problem>, says: &Says, now: Timestamp) -> Markup {
    let Ok(failures) = failures else { return html! {} };
    html! {
        @if !failures.groups.is_empty() { h2 { "By cause" } }
        @for (n, group) in failures.groups.iter().enumerate() { (cause(visit, group, &of_group(failures, group).collect::<Vec<_>>(), says, n, now)) }
    }
}

fn cause(
    visit: &Visit,
    group: &api::FailureGroup,
    own: &[&api::Target],
    says: &Says,
    n: usize,
    now: Timestamp,
) -> Markup {
    let listed = own.iter().filter_map(|target| target.needs_person.as_ref().map(|listed| listed.at));
    let (first, last) = (listed.clone().min(), listed.max());
    let on: BTreeSet<_> =
        own.iter().map(|target| format!("{}/{}/{}", target.tenant, target.channel, target.account)).collect();
    let heading = format!("cause-{n}");
    html! {
        section.cause aria-labelledby=(heading) {
            header {
                h3 #(heading) { (group.title) }
                (chip(Tone::Bad, Icon::Alert, &words::many(group.count, "target")))
                @if let Some(code) = group.code { a.code href=(format!("/errors/{code}")) { (code.to_string()) } }
            }
            dl.facts {
                div { dt { "Whose fault" } dd { (group.whose_fault) } }
                div { dt { "What to do" } dd { (prose(&group.remedy)) } }
                @if let Some(code) = &group.platform_code { div { dt { "Platform's code" } dd { code { (code) } } } }
                @if !on.is_empty() {
                    div { dt { "Where" } dd { @for (n, name) in on.iter().take(4).enumerate() { @if n > 0 { ", " } a href=(format!("/accounts/{name}")) { (name) } } @if on.len() > 4 { " and " (on.len() - 4) " more" } } }
                }
                @if let (Some(first), Some(last)) = (first, last) {
                    div { dt { "Seen" } dd { @if words::ago(first, now) == words::ago(last, now) { (time(last, now)) } @else { "first " (ago(first, now)) ", last " (ago(last, now)) } } }
                }
            }
            form action="/retry" { (rows(visit, own, group, says, now)) }
        }
    }
}

fn rows(visit: &Visit, own: &[&api::Target], group: &api::FailureGroup, says: &Says, now: Timestamp) -> Markup {
    let more = group.count.saturating_sub(own.len().min(LISTED) as u64);
    let is_settled_alone = own.iter().all(|target| is_doubtful(target));
    let lines = own.iter().take(LISTED).map(|one| {
        let since = one.needs_person.as_ref().map(|listed| ago(listed.at, now)).unwrap_or_default();
        let name = html! {
            (target(&visit.desk, one.id, (&one.tenant, &one.channel, &one.account)))
            @if let Some(says) = says.get(&one.post) { span.excerpt { (says) } }
        };
        let row = Row::new([name, state(one.state), went_out(one.went_out), ago(one.due_at, now), since]);
        if is_settled_alone {
            return row;
        }
        row.picked_by(html! { input type="checkbox" name="target" value=(one.id) aria-label=(format!("Select {} {}", one.channel, one.id)); })
    });
    let lines = lines.collect();
    html! {
        (table(&format!("Targets: {}", group.title), &["Target", "State", "Went out?", "Due", "Listed"], lines))
        div.row.actions {
            @if is_settled_alone && !own.is_empty() { span.quiet { "These may be out. Open each, look on the platform, and record what you saw: nothing is sent until then." } }
            @else if !own.is_empty() { button type="submit" data-retry { "Retry selected…" } }
            @if more > 0 { span.quiet { "and " (words::grouped(more)) " more; " a href=(query("/posts", &[("state", "failed")])) { "all posts with failed targets" } } }
        }
    }
}

fn late_ones(
    visit: &Visit,
    overdue: &Result<Vec<api::Waiting>, Problem>,
    patience: Duration,
    now: Timestamp,
) -> Markup {
    html! {
        @match overdue {
            Err(problem) => { h2 { "Overdue" } (cannot_tell("what is overdue", problem)) },
            Ok(late) if late.is_empty() => {},
            Ok(late) => {
                h2 { "Overdue" }
                p { "These should have gone out more than " (words::span(patience.as_secs())) " ago, and no pause holds them. See whether schedulers and workers run." }
                (table("Overdue targets", &["Target", "State", "Should have gone"], late.iter().take(LISTED).map(|one| {
                    let name = html! { (target(&visit.desk, one.target, (&one.tenant, &one.channel, &one.account))) span.excerpt { (one.excerpt) } };
                    Row::new([name, state(one.state), time(one.goes_at, now)])
                }).collect()))
                @if late.len() > LISTED { p.quiet { "and " (late.len() - LISTED) @if late.len() >= 50 { " or more" } " others" } }
            },
        }
    }
}

fn paused(visit: &Visit, pauses: &Result<api::Pauses, Problem>, now: Timestamp) -> Markup {
    html! {
        @match pauses {
            Err(problem) => { h2 { "Pauses in force" } (cannot_tell("what is paused", problem)) },
            Ok(found) if found.pauses.is_empty() => {},
            Ok(found) => {
                h2 { "Pauses in force" }
                ul.cards { @for pause in &found.pauses { li { (pause_card(visit, pause, "/", now)) } } }
            },
        }
    }
}

/// A pause, and the form that ends it.
pub(super) fn pause_card(visit: &Visit, pause: &api::Pause, back: &str, now: Timestamp) -> Markup {
    html! {
        div.card.pause {
            p { (chip(Tone::Warn, Icon::Pause, "paused")) " " strong { (pause.scope) } }
            p { (pause.reason) }
            p.quiet { "by " (pause.by) ", " (time(pause.since, now)) @if let Some(code) = pause.code { ", " a href=(format!("/errors/{code}")) { (code.to_string()) } } }
            form method="post" action="/resume" {
                (stamp(visit))
                input type="hidden" name="scope" value=(pause.scope);
                input type="hidden" name="back" value=(back);
                button type="submit" aria-label=(format!("Resume {}", pause.scope)) { "Resume" }
            }
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
