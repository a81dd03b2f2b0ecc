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
    /// Only what is on its first way out is paced, and once: a target whose next step is not at its due time has been given
    /// its slot already, by this scheduler or another. Settling a doubt must not wait.
    pub(crate) fn slot(&mut self, target: &Target, found: State, pace: Pace, now: Timestamp) -> Option<Timestamp> {
        if !matches!(found, State::Scheduled | State::Retrying) {
            return None;
        }
        let planned = target.next_at.unwrap_or(target.due_at);
        let late = now.duration_since(planned).unsigned_abs() > pace.late_after && planned < now;
        let has_slot = planned != target.due_at || target.attempt > 0;
        if has_slot && !late {
            return None;
        }
        let (burst, gap) = match (pace.rate, late) {
            (Some((burst, per)), false) => (burst.max(1), per),
            (Some((_, per)), true) => (1, per.max(pace.drip)),
            (None, true) => (1, pace.drip),
            (None, false) => return None,
        };
        let key = (target.tenant.clone(), target.channel.clone(), target.account.clone());
        let free = self.slots.entry(key).or_insert(Timestamp::MIN);
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

#[cfg(test)]
mod tests {
    use domain::{ContentHash, PostId, TargetId};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PACE: Pace = Pace { rate: None, late_after: Duration::from_secs(900), drip: Duration::from_secs(2) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn target(account: &str, due: i64) -> Target {
        Target {
            id: TargetId(uuid::Uuid::from_u128(1)),
            post: PostId(uuid::Uuid::from_u128(2)),
            tenant: TenantId::new("t").unwrap(),
            channel: ChannelName::new("webhook").unwrap(),
            account: AccountId::new(account).unwrap(),
            app: None,
            state: State::Queued,
            revision: 1,
            due_at: at(due),
            deadline: None,
            next_at: Some(at(due)),
            wake_at: None,
            hash: ContentHash([0; 16]),
            attempt: 0,
            tries: 0,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: Default::default(),
            out: vec![],
            listed: None,
            last_failure: None,
            gap: None,
            trace: None,
            follows: None,
        }
    }

    fn slots(pacer: &mut Pacer, account: &str, due: i64, pace: Pace, now: Timestamp, n: usize) -> Vec<Option<i64>> {
        (0..n)
            .map(|_| pacer.slot(&target(account, due), State::Scheduled, pace, now).map(|slot| slot.as_second()))
            .collect()
    }

    #[test]
    fn what_is_on_time_is_not_paced() {
        let mut pacer = Pacer::default();
        assert_eq!(slots(&mut pacer, "a", 1000, PACE, at(1001), 3), [None, None, None]);
    }

    #[test]
    fn o11_d12_late_work_of_an_account_goes_out_drop_by_drop_and_other_accounts_do_not_wait_for_it() {
        let mut pacer = Pacer::default();
        let now = at(10_000);
        assert_eq!(slots(&mut pacer, "a", 0, PACE, now, 3), [None, Some(10_002), Some(10_004)]);
        assert_eq!(slots(&mut pacer, "b", 0, PACE, now, 1), [None]);
    }

    #[test]
    fn a_rate_allows_its_burst_and_then_one_at_a_time() {
        let mut pacer = Pacer::default();
        let pace = Pace { rate: Some((2, SECOND)), ..PACE };
        assert_eq!(slots(&mut pacer, "a", 1000, pace, at(1000), 4), [None, None, Some(1001), Some(1002)]);
    }

    #[test]
    fn a_target_that_waited_for_its_slot_is_not_sent_to_the_end_of_the_line_again() {
        let mut pacer = Pacer::default();
        let pace = Pace { rate: Some((1, SECOND)), ..PACE };
        slots(&mut pacer, "a", 1000, pace, at(1000), 100);
        let mut waited = target("a", 1000);
        waited.next_at = Some(at(1005));
        assert_eq!(pacer.slot(&waited, State::Scheduled, pace, at(1005)), None);
    }

    #[test]
    fn a_doubt_is_never_paced() {
        let mut pacer = Pacer::default();
        slots(&mut pacer, "a", 0, PACE, at(10_000), 5);
        assert_eq!(pacer.slot(&target("a", 0), State::InDoubt, PACE, at(10_000)), None);
    }
}
