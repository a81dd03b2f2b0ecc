//! The operators' list.

use std::collections::BTreeMap;

use console::api::{AtStake, CauseGroup, CountedTargets, FailureGroups, Failures, Shares};

use super::{assignments, counted, entries, harmless, instant, labelled, notes, short};

/// The most that is repeated of a platform's words, in characters.
const SAID: usize = 200;

/// What needs a person: how far it reaches, and cause by cause.
pub(crate) fn groups(found: &FailureGroups, is_filtered: bool) -> String {
    if found.groups.is_empty() {
        return match is_filtered {
            true => "Nothing that fits needs a person.".into(),
            false => "Nothing needs a person.".into(),
        };
    }
    let verb = if found.targets == 1 { "needs" } else { "need" };
    let what = format!("{} of {} {verb} a person.", many(found.targets, "target"), many(found.posts, "post"));
    let mut head = vec![labelled("", &format!("{}. {what}", harmless(&found.extent.words)))];
    if let Some(common) = found.in_common.as_ref().filter(|_| found.groups.len() > 1) {
        head.push(labelled("", &format!("In truth one cause: {}.", harmless(common))));
    }
    if let Some(meanwhile) = &found.meanwhile {
        head.push(labelled("", &meanwhile.words));
    }
    head.extend(at_stake(&found.at_stake).map(|told| labelled("", &told)));
    if !found.extent.look_at.is_empty() {
        head.push(labelled("", &format!("Look first at: {}", harmless(&found.extent.look_at))));
    }
    let blocks = found.groups.iter().map(group);
    [head.join("\n")].into_iter().chain(blocks).collect::<Vec<_>>().join("\n\n")
}

fn many(count: u64, thing: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), thing)
}

/// What a pause holds, and what is due next.
fn at_stake(stake: &AtStake) -> Option<String> {
    let next = stake.first.map(|first| {
        let targets = many(stake.targets, "target");
        format!("{targets} more within 24 hours on these accounts, the first at {}.", instant(first))
    });
    let held = stake.waiting().map(|held| format!("{held}."));
    let told: Vec<_> = held.into_iter().chain(next).collect();
    (!told.is_empty()).then(|| told.join(" "))
}

fn group(group: &CauseGroup) -> String {
    let cause = &group.cause;
    let code = cause.code.map(|code| format!("{code} ")).unwrap_or_default();
    let count = many(cause.count, "target");
    let when = if group.first == group.last {
        instant(group.first)
    } else {
        format!("first {}, last {}", instant(group.first), instant(group.last))
    };
    let mut lines = vec![
        format!("{count}: {code}{}", cause.title),
        labelled("  cause        ", &harmless(&cause.group)),
        labelled("  where        ", &harmless(&group.extent.words)),
    ];
    lines.extend(top("accounts", &group.spread.accounts).map(|told| labelled("               ", &told)));
    lines.extend(said(group));
    lines.push(labelled("  meanwhile    ", &group.meanwhile.words));
    lines.push(format!("  when         {when}"));
    lines.extend(at_stake(&group.at_stake).map(|told| labelled("  at stake     ", &told)));
    lines.push(labelled("  whose fault  ", &cause.whose_fault));
    lines.push(labelled("  what to do   ", group.remedy()));
    lines.extend(assignments::below(group));
    lines.extend(notes::below(&group.notes));
    lines.join("\n")
}

/// What was said of the newest, and how often that was tried.
fn said(group: &CauseGroup) -> Option<String> {
    let said = group.platform_said.as_ref()?;
    let head = if said.is_answer() { "  it said      " } else { "  happened     " };
    let tried = group.tried.map(|times| format!("; tried {times} times")).unwrap_or_default();
    Some(labelled(head, &format!("{}{tried}", said.quoted(SAID)?)))
}

/// The accounts with the most targets, where there is more than one.
fn top(what: &str, shares: &Shares) -> Option<String> {
    if shares.distinct < 2 {
        return None;
    }
    let named: Vec<_> = shares.top.iter().map(|share| format!("{} {}", share.targets, harmless(&share.name))).collect();
    let more = shares.distinct.saturating_sub(shares.top.len() as u64);
    let more = if more == 0 { String::new() } else { format!(", and {more} more {what}") };
    Some(format!("{}{more}", named.join(", ")))
}

/// What was due since `from` and was not sent because its deadline had passed: nobody is asked about it, and it is a miss all the same. `narrowed`:
/// the options by which it was asked for.
pub(crate) fn expired(found: &CountedTargets, from: &str, narrowed: &str) -> Option<String> {
    let count = found.targets.len() as u64;
    let (more, were) = (if found.next.is_some() { " or more" } else { "" }, if count == 1 { "was" } else { "were" });
    let mut causes: BTreeMap<&str, u64> = BTreeMap::new();
    for group in found.targets.iter().filter_map(|target| target.group.as_deref()) {
        *causes.entry(group).or_default() += 1;
    }
    let of_one = match causes.len() {
        0 | 1 => String::new(),
        _ => {
            let told: Vec<_> = causes.iter().map(|(group, many)| format!("{}: {many}", harmless(group))).collect();
            format!(" `--group KEY` takes those of one cause ({}).", told.join("; "))
        }
    };
    let told = format!(
        "{}{more} {were} not sent in time since yesterday: the deadline passed. `oncepost posts --state expired` lists the posts. If they \
         should still go out: `oncepost reschedule --expired{narrowed} --from {from}T00:00:00Z --to TIME --deadline TIME`, first with \
         `--dry-run`.{of_one}",
        many(count, "target")
    );
    (count > 0).then(|| labelled("", &told))
}

/// A page of the list, one by one.
pub(crate) fn list(failures: &Failures) -> String {
    if failures.targets.is_empty() {
        return "No target on this page.".into();
    }
    let rows = failures.targets.iter().map(|target| {
        let what = target.diagnosis.as_ref().map_or("", |diagnosis| diagnosis.sentence.as_str());
        let place = format!("{}/{}/{}", target.tenant, target.channel, target.account);
        let had = target.assigned.first().map(|had| format!("{} has it. ", had.to)).unwrap_or_default();
        ([target.id.to_string(), place, target.went_out.words().into()], short(&format!("{had}{what}"), 500))
    });
    let mut blocks = vec![entries(["target", "account", "went out?"], rows)];
    let more = "`oncepost status TARGET` shows one in full; `oncepost retry --group CAUSE --dry-run` plans for all of a cause.";
    blocks.push(labelled("", more));
    if let Some(next) = &failures.next {
        blocks.push(format!("There are more: --after {next}"));
    }
    blocks.join("\n\n")
}
