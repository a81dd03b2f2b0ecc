//! A cause: in short on the first screen, and on a page of its own with its targets, its notes and who sees to it.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Router, extract::Query, response::Response, routing::get};
use domain::PostId;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk, assign,
    notes::{self, Subject},
    parts::{Icon, Row, Tone, ago, chip, fact, nothing, prose, state, table, target, time, went_out},
    target::is_doubtful,
    visit::Visit,
    which::Which,
    words,
};
use crate::{Problem, api, doubt::short};

/// How many targets are listed on a page.
const LISTED: &str = "50";
/// The most that is repeated of a platform's words, in characters.
const SAID: usize = 300;
/// How many posts are read for their words.
const READ: usize = 50;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/causes", get(show))
}

/// All causes, those with the most targets first.
pub(super) fn causes(visit: &Visit, groups: &[api::CauseGroup], now: Timestamp) -> Markup {
    html! {
        @if !groups.is_empty() { h2 { "By cause" } }
        @for (n, group) in groups.iter().enumerate() { (card(visit, group, n, now)) }
        @if !groups.is_empty() { p.quiet { a href="/errors" { "What can go wrong" } " lists every code, whose fault it is and what to do." } }
    }
}

/// A cause on the first screen.
fn card(visit: &Visit, group: &api::CauseGroup, n: usize, now: Timestamp) -> Markup {
    let which = Which::of(&group.cause.group);
    let heading = format!("cause-{n}");
    html! {
        section.cause aria-labelledby=(heading) data-row data-id=(group.cause.group) {
            header {
                h3 #(heading) { a href=(which.at("/causes", &[])) data-open { (group.cause.title) } }
                (chip(Tone::Bad, Icon::Alert, &words::many(group.cause.count, "target")))
                @if let Some(code) = group.cause.code { a.code href=(format!("/errors/{code}")) { (code.to_string()) } }
            }
            (reach(group))
            (assign::had(group, now))
            (facts(group, now))
            (notes::list(visit, &group.notes, "/", now))
            div.doing {
                a.button.primary href=(which.at("/guide", &[])) { "Guide me" span.unseen { " through " (group.cause.title) } }
                a.button href=(which.at("/causes", &[])) { "Inspect" span.unseen { " " (group.cause.title) } }
                (doing(visit, &which))
                (assign::forms(visit, &which.part(&group.part), &group.assigned, "/", n))
                (notes::form(visit, &Subject::Among(&subjects(group)), "/", "", n))
            }
        }
    }
}

/// How far it reaches, and what waits behind it.
pub(super) fn reach(group: &api::CauseGroup) -> Markup {
    html! {
        p.sentence {
            (group.extent.words) "."
            @if let Some(held) = group.at_stake.waiting() { " " (held) "." }
        }
    }
}

/// What a job can do about it.
fn doing(visit: &Visit, which: &Which) -> Markup {
    html! {
        @if visit.may("POST", "/v1/jobs") {
            a.button href=(which.at("/jobs/new", &[])) { "Plan a retry" }
            a.button href=(format!("{}#discard", which.at("/jobs/new", &[]))) { "Discard…" }
        }
    }
}

/// What notes on a cause may be on: it, and the accounts and channels that it strikes most.
pub(super) fn subjects(group: &api::CauseGroup) -> Vec<String> {
    let named = |kind: &'static str, shares: &api::Shares| {
        shares.top.iter().map(|share| format!("{kind}:{}", share.name)).collect::<Vec<_>>()
    };
    let mut all = vec![format!("cause:{}", group.cause.group)];
    all.extend(named("account", &group.spread.accounts));
    all.extend(named("channel", &group.spread.channels));
    all.extend(named("app", &group.spread.apps));
    all
}

/// What to do, whose fault it is, and the evidence.
pub(super) fn facts(group: &api::CauseGroup, now: Timestamp) -> Markup {
    let api::CauseGroup { cause, .. } = group;
    html! {
        dl.facts {
            @if let Some(said) = group.platform_said.as_ref().and_then(|said| said.quoted(SAID)) {
                (fact(who_said(group), &html! {
                    (said) @if let Some(times) = group.tried { "; tried " (times) " times" }
                }))
            }
            (fact("What to do", &prose(group.remedy())))
            (fact("Whose fault", &html! { (cause.whose_fault) }))
            (fact("Meanwhile", &html! { (group.meanwhile.words) }))
            (fact("At stake next", &at_stake(&group.at_stake, now)))
            (fact("Seen", &html! {
                @if words::ago(group.first, now) == words::ago(group.last, now) { (time(group.last, now)) } @else {
                    "first " (ago(group.first, now)) ", last " (ago(group.last, now))
                }
            }))
            @if group.spread.accounts.distinct > 1 { (fact("Where", &where_it_is(group))) }
        }
    }
}

/// Whose words they are.
fn who_said(group: &api::CauseGroup) -> &'static str {
    if group.platform_said.as_ref().is_some_and(|said| said.is_answer()) {
        "The platform said"
    } else {
        "What happened"
    }
}

/// What is due next on the accounts concerned. What a pause holds of them is told with how far it reaches.
pub(super) fn at_stake(stake: &api::AtStake, now: Timestamp) -> Markup {
    html! {
        @match stake.first {
            None if stake.held > 0 => { "nothing more comes due on these accounts within 24 hours" }
            None => { "nothing waits on these accounts within 24 hours" }
            Some(first) => { (words::many(stake.targets, "target")) " within 24 hours on these accounts, the first " (ago(first, now)) }
        }
    }
}

/// The accounts with the most targets, each leading to its part of the cause.
fn where_it_is(group: &api::CauseGroup) -> Markup {
    let (accounts, which) = (&group.spread.accounts, Which::of(&group.cause.group));
    let more = accounts.distinct.saturating_sub(accounts.top.len() as u64);
    html! {
        @for (n, share) in accounts.top.iter().enumerate() {
            @if n > 0 { ", " }
            a href=(which.on(&share.name).at("/causes", &[])) { (share.name) } " (" (words::grouped(share.targets)) ")"
        }
        @if more > 0 { " and " (words::grouped(more)) " more" }
    }
}

/// A cause as it is now, narrowed as asked; none, if nothing of it needs a person.
pub(super) async fn found(visit: &Visit, which: &Which) -> Result<Option<api::CauseGroup>, Problem> {
    let groups: api::FailureGroups = visit.get(&which.at("/v1/failures/groups", &[])).await?;
    Ok(groups.groups.into_iter().next())
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = whole(&visit, &asked).await;
    visit.page("Cause", body)
}

async fn whole(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let which = Which::asked(asked);
    let after = asked.get("after").map_or("", |after| after.trim());
    if which.group().is_empty() {
        let problem = Problem::query("group", "is missing: which cause?");
        return Err(Problem { remedy: "The first screen leads to each cause.".into(), ..problem });
    }
    let page = which.at("/v1/failures", &[("limit", LISTED), ("after", after)]);
    let (group, targets) = futures::join!(found(visit, &which), visit.get::<api::Failures>(&page));
    let (Some(group), now) = (group?, visit.now()) else { return over(visit, &which).await };
    let targets = targets?;
    let says = excerpts(visit, &targets.targets).await;
    let here = which.at("/causes", &[]);
    Ok(html! {
        p.crumbs { a href="/" { "Needs attention" } }
        h1 { span { (group.cause.title) } (chip(Tone::Bad, Icon::Alert, &words::many(group.cause.count, "target"))) }
        (narrowed(&which))
        div #cause data-live {
            div.standing {
                (reach(&group))
                @if let Some(code) = group.cause.code { p { a.code href=(format!("/errors/{code}")) { (code.to_string()) } } }
                (assign::had(&group, now))
                (facts(&group, now))
                (fact_line("Look first at", &prose(&group.extent.look_at)))
            }
        }
        div.doing {
            a.button.primary href=(which.at("/guide", &[])) { "Guide me" }
            (doing(visit, &which))
            (assign::forms(visit, &which.part(&group.part), &group.assigned, &here, 0))
        }
        h2 { "Its targets" }
        form action="/retry" { (rows(visit, &which, &targets.targets, &says, now)) }
        nav.pages aria-label="Pages" {
            @if !after.is_empty() { a.button href=(here) { "Newest" } }
            @if let Some(next) = &targets.next { a.button rel="next" href=(which.at("/causes", &[("after", next.as_str())])) { "Older" } }
        }
        h2 { "Notes" }
        @if group.notes.is_empty() { p.quiet { "Nobody has left one on it, or on the accounts and channels that it strikes." } }
        (notes::list(visit, &group.notes, &here, now))
        (notes::form(visit, &Subject::Among(&subjects(&group)), &here, "", 0))
    })
}

fn fact_line(name: &str, value: &Markup) -> Markup {
    html! { dl.facts { (fact(name, value)) } }
}

/// What the cause is narrowed to, and the way back to all of it.
pub(super) fn narrowed(which: &Which) -> Markup {
    let parts: Vec<_> = which.narrowed().map(|(name, value)| format!("{name} {value}")).collect();
    html! {
        @if !parts.is_empty() {
            p.quiet { "Only " (parts.join(", ")) ". " a href=(Which::of(which.group()).at("/causes", &[])) { "All of this cause" } }
        }
    }
}

/// Nothing of it needs a person any more.
async fn over(visit: &Visit, which: &Which) -> Result<Markup, Problem> {
    let on = which.subject();
    let notes: api::Notes = visit.get(&super::parts::query("/v1/notes", &[("on", &on)])).await?;
    let had: api::Assignments = visit.get(&super::parts::query("/v1/assignments", &[("on", &on)])).await?;
    let (here, now) = (which.at("/causes", &[]), visit.now());
    Ok(html! {
        p.crumbs { a href="/" { "Needs attention" } }
        h1 { "Nothing of this cause needs you" }
        (narrowed(which))
        (nothing(&format!("The ledger has answered: no target is on the list for `{}`. If some were, they were tried again, settled or given up since.", which.group()), Some(("/", "To what needs attention"))))
        (assign::lines(&had.assignments, |_| false, now))
        div.doing {
            @if let Some(one) = had.assignments.first() {
                (assign::forms(visit, &which.had(one), &had.assignments, &here, 0))
            }
        }
        h2 { "Notes" }
        (notes::list(visit, &notes.notes, &here, now))
        (notes::form(visit, &Subject::One(&on), &here, "", 0))
    })
}

/// How posts begin.
type Says = BTreeMap<PostId, String>;

/// How the posts begin whose targets are listed. Where that cannot be had, a target goes without.
async fn excerpts(visit: &Visit, targets: &[api::Target]) -> Says {
    let posts: BTreeSet<PostId> = targets.iter().map(|target| target.post).take(READ).collect();
    let read = posts.into_iter().map(|id| async move {
        let post = visit.get::<api::Post>(&format!("/v1/posts/{id}")).await.ok()?;
        Some((id, short(&post.content.text)))
    });
    futures::future::join_all(read).await.into_iter().flatten().collect()
}

fn rows(visit: &Visit, which: &Which, targets: &[api::Target], says: &Says, now: Timestamp) -> Markup {
    let is_settled_alone = !targets.is_empty() && targets.iter().all(is_doubtful);
    let may_retry = visit.may("POST", "/v1/targets/{id}/retry") && !is_settled_alone && !targets.is_empty();
    let line = |one: &api::Target| {
        let since = one.needs_person.as_ref().map(|listed| ago(listed.at, now)).unwrap_or_default();
        let name = html! {
            (target(&visit.desk, one.id, (&one.tenant, &one.channel, &one.account)))
            @if let Some(says) = says.get(&one.post) { span.excerpt { (says) } }
        };
        let had = html! {
            @for had in one.assigned.iter().filter(|had| had.is_of_target()) { (chip(Tone::Busy, Icon::Person, &had.to)) }
        };
        let row = Row::new([name, state(one.state), went_out(one.went_out), ago(one.due_at, now), since, had]);
        if !may_retry {
            return row;
        }
        row.picked_by(html! { input type="checkbox" name="target" value=(one.id) aria-label=(format!("Select {} {}", one.channel, one.id)); })
    };
    let heads = ["Target", "State", "Went out?", "Due", "Listed", "With"];
    html! {
        (table("Targets of this cause", &heads, targets.iter().map(line).collect()))
        div.row.actions {
            @if is_settled_alone {
                span.quiet { "These may be out. Open each, look on the platform, and record what you saw: nothing is sent until then." }
                @if visit.may("POST", "/v1/jobs") { a.button href=(format!("{}#look", which.at("/jobs/new", &[]))) { "Look again…" } }
            }
            @if may_retry { button type="submit" data-retry { "Retry selected…" } }
        }
    }
}
