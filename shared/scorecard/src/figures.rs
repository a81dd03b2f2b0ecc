//! From counts to figures.

use std::{collections::BTreeSet, time::Duration};

use domain::{ChannelName, State};
use ledger::{DueTally, IncidentKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Counts;

/// What is out so long after its time at the latest was on time.
pub const ON_TIME: Duration = Duration::from_secs(60);

/// The figures of a period. Shares are from 0 to 1; what nothing is known of is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// Targets that were due in the period, without those that were cancelled.
    pub due: u64,
    /// Those of them that are out.
    pub published: u64,
    /// Those that need a person now.
    pub failed: u64,
    /// Those whose deadline passed before they could be sent.
    pub expired: u64,
    /// Those that are still on their way.
    pub undecided: u64,
    /// Targets that were due in the period and were cancelled.
    pub cancelled: u64,
    /// Published of published, failed and expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<f64>,
    /// Of what is out: on time, by [`ON_TIME`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_time: Option<f64>,
    /// How many are out, and were not on time.
    pub late: u64,
    /// Half of what is out was out within so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_p50_s: Option<f64>,
    /// 99 of 100 that are out were out within so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_p99_s: Option<f64>,
    /// Targets of which it was not known for a while whether they were out.
    pub doubts: u64,
    /// Those of them that are settled, and that no person was asked about.
    pub doubts_by_machine: u64,
    /// How often somebody set a failed target going again in the period.
    pub manual_retries: u64,
    /// Cases that ended in the period with the target out.
    pub resolved: u64,
    /// How long these were open on average, in seconds: from the moment when a person was needed first until the target was out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_time_to_resolve_s: Option<f64>,
    /// Cases that ended in the period with the target cancelled or expired.
    pub given_up: u64,
    /// Published targets whose account's posts were looked at on the platform for the time when they were due: what the two figures below
    /// rest on. Absent in a trend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_for: Option<u64>,
    /// Duplicates that were found in the period by looking at the platforms that can be looked at. Absent where none was found because
    /// nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<u64>,
    /// Posts that were found in the period not to be shown any more; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vanished: Option<u64>,
}

/// The channels that anything is known of, sorted.
pub(crate) fn channels(counts: &Counts) -> BTreeSet<ChannelName> {
    let due = counts.due.iter().map(|tally| &tally.channel);
    let cases = counts.cases.iter().map(|tally| &tally.channel);
    let found = counts.found.iter().map(|tally| &tally.channel);
    due.chain(cases).chain(found).chain(counts.retries.iter().map(|tally| &tally.channel)).cloned().collect()
}

impl Figures {
    /// The figures of one channel, or of all.
    pub(crate) fn of(counts: &Counts, channel: Option<&ChannelName>) -> Self {
        let is_its = |of: &ChannelName| channel.is_none_or(|channel| channel == of);
        let mut figures = Self::default();
        let mut lateness = Vec::new();
        for tally in counts.due.iter().filter(|tally| is_its(&tally.channel)) {
            figures.add(tally);
            if tally.state == State::Published {
                // One that a person found to be out was never sent by us: nothing is known of its lateness.
                lateness.extend(tally.late.map(|late| (late, tally.count)));
            }
        }
        let mut open = Duration::ZERO;
        for tally in counts.cases.iter().filter(|tally| is_its(&tally.channel)) {
            figures.resolved += tally.published;
            figures.given_up += tally.given_up;
            open += tally.published_after;
        }
        let (mut duplicates, mut vanished) = (0, 0);
        for tally in counts.found.iter().filter(|tally| is_its(&tally.channel)) {
            match tally.kind {
                IncidentKind::Duplicate => duplicates += tally.count,
                IncidentKind::Vanished => vanished += tally.count,
            }
        }
        let looked = counts.looked.as_ref();
        figures.looked_for =
            looked.map(|looked| looked.iter().filter(|tally| is_its(&tally.channel)).map(|tally| tally.count).sum());
        let nobody_looked = figures.looked_for == Some(0) && figures.published > 0;
        let found = |count: u64| (count > 0 || !nobody_looked).then_some(count);
        (figures.duplicates, figures.vanished) = (found(duplicates), found(vanished));
        let retries = counts.retries.iter().filter(|tally| is_its(&tally.channel));
        figures.manual_retries = retries.map(|tally| tally.count).sum();
        figures.mean_time_to_resolve_s = mean(open, figures.resolved);
        figures.success = share(figures.published, figures.published + figures.failed + figures.expired);
        lateness.sort_unstable();
        let measured: u64 = lateness.iter().map(|(_, count)| count).sum();
        figures.late = lateness.iter().filter(|(late, _)| *late > ON_TIME).map(|(_, count)| count).sum();
        figures.on_time = share(measured - figures.late, measured);
        figures.late_p50_s = percentile(&lateness, measured, 50);
        figures.late_p99_s = percentile(&lateness, measured, 99);
        figures
    }

    fn add(&mut self, tally: &DueTally) {
        let count = tally.count;
        if tally.state == State::Cancelled {
            self.cancelled += count;
            return;
        }
        self.due += count;
        match tally.state {
            State::Published => self.published += count,
            State::Expired => self.expired += count,
            State::Failed => self.failed += count,
            _ if tally.listed => self.failed += count,
            _ => self.undecided += count,
        }
        if tally.doubted {
            self.doubts += count;
            let is_open = matches!(tally.state, State::InDoubt | State::Publishing);
            self.doubts_by_machine += if tally.asked || is_open { 0 } else { count };
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far from 2^52")]
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

#[allow(clippy::cast_precision_loss, reason = "counts are far from 2^52")]
fn mean(sum: Duration, of: u64) -> Option<f64> {
    (of > 0).then(|| sum.as_secs_f64() / of as f64)
}

/// The smallest lateness that `percent` of 100 do not exceed, in seconds.
fn percentile(sorted: &[(Duration, u64)], measured: u64, percent: u64) -> Option<f64> {
    let rank = (measured * percent).div_ceil(100).max(1);
    let mut seen = 0;
    let found = sorted.iter().find(|(_, count)| {
        seen += count;
        seen >= rank
    });
    found.map(|(late, _)| late.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use ledger::{CaseTally, IncidentTally, LookTally, RetryTally};

    use super::*;

    fn channel(name: &str) -> ChannelName {
        ChannelName::new(name).unwrap()
    }

    fn tally(on: &str, state: State, count: u64) -> DueTally {
        DueTally { channel: channel(on), state, listed: false, doubted: false, asked: false, late: None, count }
    }

    fn out(late: u64, count: u64) -> DueTally {
        DueTally { late: Some(Duration::from_secs(late)), ..tally("x", State::Published, count) }
    }

    #[test]
    fn success_is_of_what_was_decided() {
        let due = vec![
            out(0, 90),
            tally("x", State::Failed, 6),
            DueTally { listed: true, ..tally("x", State::InDoubt, 2) },
            tally("x", State::Expired, 2),
            tally("x", State::Retrying, 5),
            tally("x", State::Cancelled, 1_000),
        ];
        let figures = Figures::of(&Counts { due, ..Counts::default() }, None);
        assert_eq!((figures.due, figures.published, figures.failed), (105, 90, 8));
        assert_eq!((figures.expired, figures.undecided, figures.cancelled), (2, 5, 1_000));
        assert_eq!(figures.success, Some(0.9));
    }

    #[test]
    fn what_nothing_is_known_of_is_absent() {
        let figures = Figures::of(&Counts { due: vec![tally("x", State::Scheduled, 3)], ..Counts::default() }, None);
        assert_eq!((figures.success, figures.on_time), (None, None));
        assert_eq!((figures.late_p50_s, figures.late_p99_s, figures.mean_time_to_resolve_s), (None, None, None));
        // A person found it out: it counts as out, and its lateness is not known.
        let figures = Figures::of(&Counts { due: vec![tally("x", State::Published, 1)], ..Counts::default() }, None);
        assert_eq!((figures.success, figures.on_time, figures.late), (Some(1.0), None, 0));
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let of = |due: Vec<DueTally>| {
            let figures = Figures::of(&Counts { due, ..Counts::default() }, None);
            (figures.late_p50_s.unwrap(), figures.late_p99_s.unwrap(), figures.on_time.unwrap(), figures.late)
        };
        assert_eq!(of(vec![out(7, 1)]), (7.0, 7.0, 1.0, 0));
        assert_eq!(of(vec![out(300, 1), out(1, 98), out(60, 1)]), (1.0, 60.0, 0.99, 1));
        assert_eq!(of(vec![out(300, 2), out(1, 98)]), (1.0, 300.0, 0.98, 2));
        assert_eq!(of(vec![out(1, 1), out(3, 1)]), (1.0, 3.0, 1.0, 0));
    }

    #[test]
    fn a_doubt_that_nobody_was_asked_about_was_settled_by_machine() {
        let doubted = DueTally { doubted: true, ..out(1, 5) };
        let asked = DueTally { doubted: true, asked: true, ..out(1, 2) };
        let open = DueTally { doubted: true, ..tally("x", State::InDoubt, 3) };
        let figures = Figures::of(&Counts { due: vec![doubted, asked, open], ..Counts::default() }, None);
        assert_eq!((figures.doubts, figures.doubts_by_machine), (10, 5));
    }

    #[test]
    fn each_channel_has_its_own_and_the_total_has_all() {
        let case = |on: &str, published, after| CaseTally {
            channel: channel(on),
            cause: "OP-2101/account/-".into(),
            begun: published,
            published,
            published_after: Duration::from_secs(after),
            given_up: 1,
            given_up_after: Duration::from_secs(1),
        };
        let counts = Counts {
            due: vec![out(0, 3), tally("y", State::Failed, 1)],
            cases: vec![case("x", 2, 100), case("y", 1, 500)],
            retries: vec![RetryTally { channel: channel("z"), count: 4 }],
            found: vec![IncidentTally { channel: channel("y"), kind: IncidentKind::Duplicate, count: 2 }],
            looked: Some(vec![LookTally { channel: channel("x"), count: 2 }]),
        };
        assert_eq!(channels(&counts).into_iter().collect::<Vec<_>>(), ["x", "y", "z"].map(channel));
        let of = |name: &str| Figures::of(&counts, Some(&channel(name)));
        assert_eq!((of("x").success, of("x").mean_time_to_resolve_s), (Some(1.0), Some(50.0)));
        assert_eq!((of("y").success, of("y").mean_time_to_resolve_s), (Some(0.0), Some(500.0)));
        assert_eq!((of("z").manual_retries, of("z").due), (4, 0));
        assert_eq!((of("y").duplicates, of("z").duplicates, of("y").vanished), (Some(2), Some(0), Some(0)));
        let unseen = Counts { looked: Some(vec![]), ..counts.clone() };
        let of_x = Figures::of(&unseen, Some(&channel("x")));
        assert_eq!((of_x.duplicates, of_x.vanished), (None, None), "something is out, and nobody has looked");
        assert_eq!((of("x").looked_for, of("y").looked_for), (Some(2), Some(0)));
        assert_eq!(Figures::of(&Counts { looked: None, ..counts.clone() }, None).looked_for, None);
        let total = Figures::of(&counts, None);
        assert_eq!((total.resolved, total.mean_time_to_resolve_s, total.given_up), (3, Some(200.0), 2));
        assert_eq!((total.success, total.manual_retries), (Some(0.75), 4));
    }
}
