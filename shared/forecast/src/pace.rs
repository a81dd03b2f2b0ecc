//! When targets will really go: the paces of accounts and apps, played forward.
//!
//! The same arithmetic as the guard's (GCRA in whole microseconds), from a state in which nothing was taken lately. Whoever waits
//! for an account waits in its order; whoever waits for an app, in the order in which the accounts let them through.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, VecDeque},
    time::Duration,
};

use domain::{AppId, TargetId};
use jiff::Timestamp;

/// What waits for one account.
#[derive(Debug, Clone, Default)]
pub struct Lane {
    /// How often the account may publish: so many at once, and one more for every span that passes.
    pub rate: Option<(u32, Duration)>,
    /// The app that it shares with others, and how often that may publish.
    pub app: Option<(AppId, (u32, Duration))>,
    /// Its targets with the times when they are to be sent, earliest first.
    pub targets: Vec<(Timestamp, TargetId)>,
}

/// When each target of the lanes will be sent.
pub fn play(lanes: &[Lane]) -> HashMap<TargetId, Timestamp> {
    let mut apps: BTreeMap<&AppId, Bucket> = BTreeMap::new();
    for (app, rate) in lanes.iter().filter_map(|lane| lane.app.as_ref()) {
        apps.entry(app).or_insert_with(|| Bucket::of(*rate));
    }
    let mut accounts: Vec<_> = lanes.iter().map(|lane| lane.rate.map(Bucket::of)).collect();
    let mut queues: Vec<VecDeque<_>> = lanes.iter().map(|lane| lane.targets.iter().copied().collect()).collect();
    let mut heads = BinaryHeap::new();
    let head = |queue: &VecDeque<(Timestamp, TargetId)>, after: i64, lane: usize| {
        let (at, target) = queue.front()?;
        Some(Reverse((micros(*at).max(after), *at, *target, lane)))
    };
    heads.extend(queues.iter().enumerate().filter_map(|(lane, queue)| head(queue, i64::MIN, lane)));
    let mut goes = HashMap::new();
    while let Some(Reverse((now, at, target, lane))) = heads.pop() {
        let account = &mut accounts[lane];
        let ready = account.as_ref().map_or(now, |account| account.room(now));
        if now < ready {
            heads.push(Reverse((ready, at, target, lane)));
            continue;
        }
        // Its turn at the app comes after all that came there before it, so it is known now.
        let mut sent = now;
        if let Some(app) = lanes[lane].app.as_ref().and_then(|(app, _)| apps.get_mut(app)) {
            sent = app.room(now);
            app.take(sent);
        }
        if let Some(account) = account {
            account.take(sent);
        }
        goes.insert(target, Timestamp::from_microsecond(sent).unwrap_or(Timestamp::MAX));
        queues[lane].pop_front();
        heads.extend(head(&queues[lane], sent, lane));
    }
    goes
}

/// Instants are counted up to the year 2160, spans up to 31 years, as the guard does.
const LAST_INSTANT: i64 = 6_000_000_000_000_000;
const LONGEST_SPAN: i64 = 1_000_000_000_000_000;

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond().clamp(0, LAST_INSTANT)
}

/// A pace and what was taken of it.
struct Bucket {
    /// When everything taken so far is paid off.
    paid_off: i64,
    /// What one call costs.
    cost: i64,
    /// How much may be owed before a call.
    slack: i64,
}

impl Bucket {
    fn of((burst, per): (u32, Duration)) -> Self {
        let cost = i64::try_from(per.as_micros()).unwrap_or(LONGEST_SPAN).min(LONGEST_SPAN);
        let slack = cost.saturating_mul(i64::from(burst.saturating_sub(1))).min(LONGEST_SPAN);
        Self { paid_off: 0, cost, slack }
    }

    /// When there is room for one more call, at `now` or later.
    fn room(&self, now: i64) -> i64 {
        if self.paid_off - now > self.slack { self.paid_off - self.slack } else { now }
    }

    fn take(&mut self, now: i64) {
        self.paid_off = self.paid_off.max(now).saturating_add(self.cost);
    }
}

#[cfg(test)]
mod tests {
    use guard::{Guard, MemoryGuard, Permit, Rate, ScopeLimit};
    use proptest::prelude::*;
    use runtime::Runtime;
    use uuid::Uuid;

    use super::*;

    const START: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(START + seconds).unwrap()
    }

    fn lane(rate: Option<(u32, u64)>, app: Option<(u32, u64)>, first: u128, times: &[i64]) -> Lane {
        let pace = |(burst, seconds)| (burst, Duration::from_secs(seconds));
        let targets = times.iter().zip(first..).map(|(seconds, id)| (at(*seconds), TargetId(Uuid::from_u128(id))));
        Lane {
            rate: rate.map(pace),
            app: app.map(|app| ("app".parse().unwrap(), pace(app))),
            targets: targets.collect(),
        }
    }

    /// When targets `1, 2, …` go, in seconds.
    fn goes(lanes: &[Lane]) -> Vec<i64> {
        let mut goes: Vec<_> = play(lanes).into_iter().map(|(id, at)| (id, at.as_second() - START)).collect();
        goes.sort_unstable();
        goes.into_iter().map(|(_, at)| at).collect()
    }

    #[test]
    fn what_no_pace_holds_goes_at_its_time() {
        assert_eq!(goes(&[lane(None, None, 1, &[0, 0, 7])]), [0, 0, 7]);
        assert!(goes(&[]).is_empty());
    }

    #[test]
    fn an_account_sends_a_burst_and_then_at_its_pace() {
        assert_eq!(goes(&[lane(Some((2, 100)), None, 1, &[0, 0, 0, 0, 1000])]), [0, 0, 100, 200, 1000]);
        assert_eq!(goes(&[lane(Some((0, 10)), None, 1, &[0, 0])]), [0, 10], "a burst of zero counts as one");
    }

    #[test]
    fn accounts_share_the_pace_of_their_app_in_the_order_of_their_times() {
        let app = Some((1, 60));
        let lanes = [lane(None, app, 1, &[0, 5]), lane(None, app, 3, &[1])];
        assert_eq!(goes(&lanes), [0, 120, 60], "the other account's came before the second of the first");
        let apart = [lane(None, app, 1, &[0]), lane(None, None, 2, &[0])];
        assert_eq!(goes(&apart), [0, 0], "an account of no app is not concerned");
    }

    #[test]
    fn an_account_that_waits_for_itself_keeps_no_other_waiting() {
        let app = Some((1, 1));
        let lanes = [lane(Some((1, 1000)), app, 1, &[0, 0]), lane(None, app, 3, &[0, 10])];
        assert_eq!(goes(&lanes), [0, 1000, 1, 10]);
    }

    proptest! {
        #[test]
        fn one_account_agrees_with_the_guard(
            burst in 1_u32..5, per in 1_u64..50, mut times in prop::collection::vec(0_i64..300, 1..40)
        ) {
            times.sort_unstable();
            let forecast = goes(&[lane(Some((burst, per)), None, 1, &times)]);
            let clock = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let asked = clock.block_on(async {
                let guard = MemoryGuard::new(Runtime::simulated(1, at(0)));
                let scopes = [ScopeLimit::limited("account", Rate { per: Duration::from_secs(per), burst })];
                let (mut asked, mut last) = (Vec::new(), 0);
                for time in &times {
                    let mut now = at((*time).max(last));
                    while let Permit::Wait { until, .. } = guard.permit(&scopes, now).await.unwrap() {
                        now = until;
                    }
                    last = now.as_second() - START;
                    asked.push(last);
                }
                asked
            });
            prop_assert_eq!(forecast, asked);
        }
    }
}
