//! What is still to be sent, in memory.

use std::collections::BTreeMap;

use domain::{Draft, Target, TargetId};
use jiff::Timestamp;

use super::Tables;
use crate::{NextDue, Upcoming, UpcomingTarget, world::after};

impl Tables {
    pub(super) fn upcoming(&self, ask: &Upcoming) -> Vec<UpcomingTarget> {
        let found = self.places(ask);
        found.into_iter().filter_map(|(at, id)| self.upcoming_target(at, id)).collect()
    }

    pub(super) fn count_upcoming(&self, ask: &Upcoming) -> u64 {
        self.places(ask).len() as u64
    }

    /// The page that is asked for.
    fn places(&self, ask: &Upcoming) -> Vec<(Timestamp, TargetId)> {
        if ask.is_nobodys() {
            return Vec::new();
        }
        let mut found: Vec<_> = self
            .targets
            .values()
            .map(|row| &row.target)
            .filter(|target| target.state.is_waiting() && ask.is_about(target))
            .map(|target| (next(target), target.id))
            .filter(|(at, id)| *at < ask.until && ask.after.is_none_or(|place| (*at, *id) > place))
            .collect();
        found.sort_unstable();
        found.truncate(ask.limit());
        found
    }

    fn upcoming_target(&self, next: Timestamp, id: TargetId) -> Option<UpcomingTarget> {
        let row = self.targets.get(&id)?;
        let target = &row.target;
        Some(UpcomingTarget {
            target: id,
            post: target.post,
            tenant: target.tenant.clone(),
            channel: target.channel.clone(),
            account: target.account.clone(),
            app: target.app.clone(),
            due_at: target.due_at,
            next,
            deadline: target.deadline,
            state: target.state,
            last_failure: target.last_failure.clone(),
            draft: Draft::of(&self.posts.get(&target.post)?.post.content, &row.changes),
        })
    }

    pub(super) fn next_due(&self, now: Timestamp) -> Vec<NextDue> {
        let tomorrow = after(now, NextDue::DAY);
        let mut found: BTreeMap<_, NextDue> = BTreeMap::new();
        for target in self.targets.values().map(|row| &row.target).filter(|target| target.state.is_waiting()) {
            let at = next(target);
            let soon = Some(at).filter(|at| *at <= tomorrow);
            let place = (target.tenant.clone(), target.channel.clone(), target.account.clone());
            found
                .entry(place)
                .and_modify(|due| {
                    due.first = due.first.min(at);
                    due.last_within_a_day = due.last_within_a_day.max(soon);
                })
                .or_insert_with(|| NextDue {
                    tenant: target.tenant.clone(),
                    channel: target.channel.clone(),
                    account: target.account.clone(),
                    first: at,
                    last_within_a_day: soon,
                });
        }
        found.into_values().collect()
    }
}

/// When a target is to be sent.
fn next(target: &Target) -> Timestamp {
    target.next_at.map_or(target.due_at, |next| next.max(target.due_at))
}
