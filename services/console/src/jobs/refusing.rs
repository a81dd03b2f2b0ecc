//! Whether a platform still refuses what is retried on it: said in a plan, and no reason to hold anything back. Pure.

use std::collections::BTreeSet;

use domain::{ChannelName, Failure, Scope, Target};
use jiff::Timestamp;
use ledger::LastOut;

use crate::standing::instant;

/// Of the channels that something `going` is on, those whose newest tries all failed for what is the channel's: each in a few sentences.
/// `failed`: what is being retried, and the newest of each cause on the operators' list; `out`: what went out last.
pub(crate) fn refusing(going: &BTreeSet<ChannelName>, failed: &[&Target], out: &[LastOut]) -> Vec<String> {
    going.iter().filter_map(|channel| told(channel, failed, out)).collect()
}

fn told(channel: &ChannelName, failed: &[&Target], out: &[LastOut]) -> Option<String> {
    let on = failed.iter().filter(|target| target.channel == *channel);
    let (newest, failure) =
        on.filter_map(|target| Some((known(target)?, of_channel(target)?))).max_by_key(|(at, _)| *at)?;
    if out.iter().any(|out| out.channel == *channel && newest < out.at) {
        return None;
    }
    Some(format!(
        "{channel} may refuse still: what failed there last did so at {} or later ({} {}), and nothing is known to have gone out there since. What goes \
         now may fail the same way; nothing is held back for that.",
        instant(newest),
        failure.code,
        failure.code.page().map_or("", |page| page.title),
    ))
}

/// When it failed at the earliest: when it was put on the list, or was due.
fn known(target: &Target) -> Option<Timestamp> {
    match &target.listed {
        Some(listed) => Some(listed.at),
        None => target.is_retried().then_some(target.due_at),
    }
}

fn of_channel(target: &Target) -> Option<&Failure> {
    target.last_failure.as_ref().filter(|failure| failure.scope == Scope::Channel)
}
