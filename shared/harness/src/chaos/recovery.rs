//! How long publishing takes to go on after a kill, as the platforms' own clocks tell.
//!
//! For each kill the targets are taken that fell due from the kill until what was killed was there again, and at least for
//! [`WINDOW`]. Each is as late as the time between its first appearance on the platform and the later of two moments: when it was
//! due, and when what was killed was there again. The kill's time to recover is the time within which nine in ten of them were
//! out; the last tenth is left to the other faults of the run, such as doubts, which wait on purpose. Targets that are not out at
//! all are left out: they are counted elsewhere.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::record::Kill;
use crate::{campaign::Planned, shown::Shown};

/// The least time after a kill over which targets are watched.
pub const WINDOW: Duration = Duration::from_secs(5);
/// The share of them that must be out.
const SHARE: f64 = 0.9;

/// Times to recover of one kind of kill, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recovery {
    /// Half of the kills took no longer.
    pub median: f64,
    /// The longest.
    pub max: f64,
}

/// When a target was due and when it was first seen.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// When it was due.
    pub due: Timestamp,
    /// When the platform first showed a part of it.
    pub out: Timestamp,
}

/// Every target that a platform shows.
pub fn sights(plan: &[Planned], shown: &Shown) -> Vec<Sight> {
    let targets = plan.iter().flat_map(|planned| planned.targets.iter().map(|target| (planned.due, target)));
    let sight = |(due, target): (Timestamp, &crate::campaign::PlannedTarget)| {
        let first = target.markers.first().map(|part| shown.of(target.channel, target.account, part))?.first()?;
        Some(Sight { due, out: first.created_at })
    };
    targets.filter_map(sight).collect()
}

/// The times to recover by kind of kill.
pub fn by_kind(kills: &[Kill], sights: &[Sight]) -> BTreeMap<&'static str, Recovery> {
    let mut times: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for kill in kills {
        if let Some(time) = time(kill, sights) {
            times.entry(kill.kind).or_default().push(time);
        }
    }
    let recovery = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        let max = times.last().copied().unwrap_or_default();
        Recovery { median: round(times[times.len() / 2]), max: round(max) }
    };
    times.into_iter().map(|(kind, times)| (kind, recovery(times))).collect()
}

/// One kill's time to recover, in seconds; none if nothing fell due in its time.
fn time(kill: &Kill, sights: &[Sight]) -> Option<f64> {
    let until = kill.up.max(kill.at + WINDOW);
    let due = sights.iter().filter(|sight| kill.at <= sight.due && sight.due <= until);
    let mut late: Vec<_> = due.map(|sight| sight.out.duration_since(sight.due.max(kill.up)).as_secs_f64()).collect();
    late.sort_by(f64::total_cmp);
    let last = late.len().checked_sub(1)?;
    Some(late[(last as f64 * SHARE).floor() as usize].max(0.0))
}

fn round(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn sight(due: u64, out: u64) -> Sight {
        Sight { due: at(due), out: at(out) }
    }

    #[test]
    fn lateness_counts_from_the_return_or_from_the_due_time_whichever_is_later() {
        let kill = Kill { kind: "rabbitmq", at: at(100), up: at(110) };
        assert_eq!(time(&kill, &[sight(101, 113)]), Some(3.0), "was due while it was away");
        assert_eq!(time(&kill, &[sight(110, 112)]), Some(2.0));
        assert_eq!(time(&kill, &[sight(101, 105)]), Some(0.0), "went out while it was away");
        assert_eq!(time(&kill, &[sight(99, 200), sight(111, 200)]), None, "due before or after");
        let process = Kill { kind: "worker", at: at(100), up: at(100) };
        assert_eq!(time(&process, &[sight(105, 106), sight(106, 200)]), Some(1.0));
    }

    #[test]
    fn the_last_tenth_is_left_to_other_faults() {
        let kill = Kill { kind: "worker", at: at(100), up: at(100) };
        let mut sights: Vec<_> = (0..9).map(|_| sight(101, 102)).collect();
        sights.push(sight(101, 160));
        assert_eq!(time(&kill, &sights), Some(1.0));
        sights.push(sight(101, 160));
        sights.push(sight(101, 160));
        assert_eq!(time(&kill, &sights), Some(59.0));
    }

    #[test]
    fn kinds_are_told_apart() {
        let kill = |kind, from| Kill { kind, at: at(from), up: at(from) };
        let found =
            by_kind(&[kill("worker", 100), kill("worker", 200), kill("api", 300)], &[sight(101, 102), sight(201, 204)]);
        assert_eq!(found.keys().collect::<Vec<_>>(), [&"worker"]);
        assert_eq!(found["worker"], Recovery { median: 3.0, max: 3.0 });
    }
}
