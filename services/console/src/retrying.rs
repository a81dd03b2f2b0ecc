//! What is being retried, put together by channel and cause. Pure.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use domain::{ChannelName, Failure, Policy, Target};
use jiff::Timestamp;
use ledger::Postponed;

use crate::{
    api::{Retrying, RetryingCause},
    standing::instant,
};

/// The longest of a platform's words in a sentence, in characters.
const SAID: usize = 80;

/// What of `found` is being retried, and how much of it is overdue.
pub(crate) fn retrying(found: &Postponed, policy: &Policy, at: Timestamp) -> Retrying {
    let mut causes: BTreeMap<(&ChannelName, String), Vec<&Target>> = BTreeMap::new();
    for target in found.targets.iter().filter(|target| target.is_retried()) {
        let group = target.last_failure.as_ref().map_or_else(|| "-".into(), Failure::group);
        causes.entry((&target.channel, group)).or_default().push(target);
    }
    let all: u64 = found.channels.iter().map(|on| on.targets).sum();
    let causes = causes.into_iter().filter_map(|((channel, group), targets)| cause(channel, group, &targets, policy));
    let mut causes: Vec<_> = causes.collect();
    causes.sort_by_key(|cause| Reverse(cause.targets));
    Retrying {
        at,
        targets: causes.iter().map(|cause| cause.targets).sum(),
        not_looked_at: all.saturating_sub(found.targets.len() as u64),
        overdue: found.channels.iter().map(|on| on.overdue).sum(),
        causes,
    }
}

/// `None` if there are no targets.
fn cause(channel: &ChannelName, group: String, targets: &[&Target], policy: &Policy) -> Option<RetryingCause> {
    // What was tried last has the newest words.
    let newest = targets.iter().max_by_key(|target| target.next_at)?.last_failure.as_ref();
    let next = |target: &&&Target| target.next_at.unwrap_or(target.due_at);
    let accounts: BTreeSet<_> = targets.iter().map(|target| (&target.tenant, &target.account)).collect();
    let found = RetryingCause {
        channel: channel.clone(),
        group,
        code: newest.map(|failure| failure.code),
        title: match newest {
            Some(failure) => failure.code.page().map_or("Unknown failure", |page| page.title),
            None => "Nothing has gone wrong; its worker gave it back",
        }
        .into(),
        whose_fault: newest.map_or("nobody", Failure::whose_fault).into(),
        platform_said: newest.map(|failure| failure.said.clone()),
        targets: targets.len() as u64,
        accounts: accounts.len() as u64,
        first_due: targets.iter().map(|target| target.due_at).min()?,
        next_try: targets.iter().map(|target| next(&target)).min()?,
        given_up_at: targets.iter().filter_map(|target| target.given_up_at(policy)).min(),
        sentence: String::new(),
    };
    Some(RetryingCause { sentence: found.told(), ..found })
}

impl RetryingCause {
    /// What the platform said, for the middle of a sentence: ` ("connection refused")`, or nothing.
    pub(crate) fn said(&self) -> String {
        let said = self.platform_said.as_ref().and_then(|said| said.quoted(SAID));
        said.map(|said| format!(" ({said})")).unwrap_or_default()
    }

    fn told(&self) -> String {
        let be = if self.targets == 1 { "is" } else { "are" };
        let end = self.given_up_at.map(|at| match self.targets {
            1 => format!("; given up at {}", instant(at)),
            _ => format!("; the first is given up at {}", instant(at)),
        });
        format!(
            "{} on {} {be} being retried: {}{}; next try at {}{}.",
            self.targets,
            self.channel,
            self.title,
            self.said(),
            instant(self.next_try),
            end.unwrap_or_default()
        )
    }
}
