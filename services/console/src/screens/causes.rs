//! What needs a person, by cause: whose fault, what to do, and the targets that can be tried again.

use std::collections::{BTreeMap, BTreeSet};

use domain::PostId;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    parts::{Icon, Row, Tone, ago, chip, prose, query, state, table, target, time, went_out},
    target::is_doubtful,
    visit::Visit,
    words,
};
use crate::{Problem, api, doubt::short};

/// How many of a group are listed.
const LISTED: usize = 5;
/// How many posts are read for their words.
const READ: usize = 40;

/// How posts begin.
type Says = BTreeMap<PostId, String>;

/// How the posts begin whose targets are listed. Where that cannot be had, a target goes without.
pub(super) async fn excerpts(visit: &Visit, failures: &Result<api::Failures, Problem>) -> Says {
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

/// All causes, those with the most targets first.
pub(super) fn causes(visit: &Visit, failures: &Result<api::Failures, Problem>, says: &Says, now: Timestamp) -> Markup {
    let Ok(failures) = failures else { return html! {} };
    html! {
        @if !failures.groups.is_empty() { h2 { "By cause" } }
        @for (n, group) in failures.groups.iter().enumerate() {
            (cause(visit, group, &of_group(failures, group).collect::<Vec<_>>(), says, n, now))
        }
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
                    div {
                        dt { "Where" }
                        dd {
                            @for (n, name) in on.iter().take(4).enumerate() {
                                @if n > 0 { ", " } a href=(format!("/accounts/{name}")) { (name) }
                            }
                            @if on.len() > 4 { " and " (on.len() - 4) " more" }
                        }
                    }
                }
                @if let (Some(first), Some(last)) = (first, last) {
                    div {
                        dt { "Seen" }
                        dd {
                            @if words::ago(first, now) == words::ago(last, now) { (time(last, now)) } @else {
                                "first " (ago(first, now)) ", last " (ago(last, now))
                            }
                        }
                    }
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
            @if is_settled_alone && !own.is_empty() {
                span.quiet { "These may be out. Open each, look on the platform, and record what you saw: nothing is sent until then." }
            }
            @else if !own.is_empty() { button type="submit" data-retry { "Retry selected…" } }
            @if !own.is_empty() {
                a.button href=(query("/jobs/new", &[("group", group.group.as_str())])) { "All " (words::grouped(group.count)) " of this cause…" }
            }
            @if more > 0 {
                span.quiet {
                    "and " (words::grouped(more)) " more; " a href=(query("/posts", &[("state", "failed")])) {
                        "all posts with failed targets"
                    }
                }
            }
        }
    }
}
