//! The operators' list.

use console::api::{AtStake, CauseGroup, FailureGroups, Failures, Shares};

use super::{assignments, counted, entries, harmless, instant, labelled, notes, short};

/// What needs a person: how far it reaches, and cause by cause.
pub(crate) fn groups(found: &FailureGroups, is_filtered: bool) -> String {
    if found.groups.is_empty() {
        return match is_filtered {
            true => "Nothing that fits needs a person.".into(),
            false => "Nothing needs a person.".into(),
        };
    }
    let what = format!("{} of {} need a person.", many(found.targets, "target"), many(found.posts, "post"));
    let mut head = vec![labelled("", &format!("{}. {what}", harmless(&found.extent.words)))];
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

fn at_stake(stake: &AtStake) -> Option<String> {
    let first = stake.first?;
    Some(format!(
        "{} more within 24 hours on these accounts, the first at {}.",
        many(stake.targets, "target"),
        instant(first)
    ))
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
    lines.push(labelled("  meanwhile    ", &group.meanwhile.words));
    lines.push(format!("  when         {when}"));
    lines.extend(at_stake(&group.at_stake).map(|told| labelled("  at stake     ", &told)));
    lines.push(labelled("  whose fault  ", &cause.whose_fault));
    lines.push(labelled("  what to do   ", &cause.remedy));
    lines.extend(assignments::below(&group.assigned));
    lines.extend(notes::below(&group.notes));
    lines.join("\n")
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
