//! Pacing: accounts with a rate, and work that is late, go out one after the other and never in a burst (D12, O11).

use std::{collections::HashMap, time::Duration};

use domain::{AccountId, ChannelName, State, Target, TenantId};
use jiff::Timestamp;

/// The next free slot of each account that is being paced.
#[derive(Default)]
pub(crate) struct Pacer {
    slots: HashMap<(TenantId, ChannelName, AccountId), Timestamp>,
}

/// What the pacing of an account rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The account's own rate: how many at once, and how long until there is room for one more.
    pub rate: Option<(u32, Duration)>,
    /// Work later than this is dripped.
    pub late_after: Duration,
    /// The pause between two late targets of one account.
    pub drip: Duration,
}

impl Pacer {
    /// `None`: hand it over now. Otherwise: not before this.
    ///
    /// Only what is on its first way out is paced; settling a doubt must not wait.
    pub(crate) fn slot(&mut self, target: &Target, found: State, pace: Pace, now: Timestamp) -> Option<Timestamp> {
        if !matches!(found, State::Scheduled | State::Retrying) {
            return None;
        }
        let planned = target.next_at.unwrap_or(target.due_at);
        let late = now.duration_since(planned).unsigned_abs() > pace.late_after && planned < now;
        let (burst, gap) = match (pace.rate, late) {
            (Some((burst, per)), false) => (burst.max(1), per),
            (Some((_, per)), true) => (1, per.max(pace.drip)),
            (None, true) => (1, pace.drip),
            (None, false) => return None,
        };
        let key = (target.tenant.clone(), target.channel.clone(), target.account.clone());
        let free = self.slots.entry(key).or_insert(now);
        // A bucket: what was not used for a while allows `burst` at once, never more.
        let room = gap.saturating_mul(burst - 1);
        *free = (*free).max(now.saturating_sub(room).unwrap_or(now));
        let slot = *free;
        *free = slot.saturating_add(gap).unwrap_or(Timestamp::MAX);
        (slot > now).then_some(slot)
    }

    /// Forgets accounts whose slots have passed.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.slots.retain(|_, free| *free > now);
    }
}
