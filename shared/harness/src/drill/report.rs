//! What came of a drill: a line of JSON, and what people need to look into it.

use std::time::Duration;

use serde::Serialize;

use super::{Act, Options, Seen};
use crate::tally::Tally;

/// The result of a drill.
#[derive(Debug, Serialize)]
pub struct Report {
    check: &'static str,
    /// Which drill.
    pub drill: &'static str,
    /// Nothing is out twice, missed or cut off, all is out, and every process did what it should.
    pub held: bool,
    /// Targets that were scheduled.
    pub targets: usize,
    /// Out.
    pub published: usize,
    /// Publish points that a platform shows more than once.
    pub duplicates: usize,
    /// Targets that have not come to rest.
    pub missed: usize,
    /// Targets of which oncepost says what the platform does not show, or does not say what it shows.
    pub disagreements: usize,
    /// Attempts that a worker did not bring to their end.
    pub attempts_lost: usize,
    /// Targets that need a person.
    pub people_needed: usize,
    /// Processes that were asked to end and did so in order and in time.
    pub processes_ended: usize,
    /// Calls under way when workers were asked to end.
    pub in_flight: usize,
    /// The longest that a process took to end.
    pub longest_drain_seconds: f64,
    /// How long it took, all in all.
    pub seconds: f64,
    /// What should not have happened, and what happened to each target that broke a promise.
    pub troubles: Vec<String>,
}

impl Report {
    pub(super) fn new(options: &Options, tally: &Tally, seen: Seen, at_rest: bool, took: Duration) -> Self {
        let Seen { ended, in_flight, longest_drain, mut troubles } = seen;
        if !at_rest {
            troubles.push(format!("not everything has come to rest within {} s", options.rest));
        }
        if in_flight == 0 && options.act != Act::Start {
            troubles.push("no call was under way when a worker was asked to end: nothing was tried".into());
        }
        troubles.extend(tally.stories.iter().cloned());
        let counts =
            tally.duplicates + tally.missed + tally.disagreements + tally.attempts_lost + tally.people_needed();
        let all_out = tally.targets > 0 && tally.published == tally.targets;
        let seconds = |span: Duration| (span.as_secs_f64() * 10.0).round() / 10.0;
        Self {
            check: "drill",
            drill: options.act.name(),
            held: counts == 0 && all_out && troubles.is_empty(),
            targets: tally.targets,
            published: tally.published,
            duplicates: tally.duplicates,
            missed: tally.missed,
            disagreements: tally.disagreements,
            attempts_lost: tally.attempts_lost,
            people_needed: tally.people_needed(),
            processes_ended: ended,
            in_flight,
            longest_drain_seconds: seconds(longest_drain),
            seconds: seconds(took),
            troubles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(tally: &Tally, in_flight: usize) -> Report {
        let options = Options { act: Act::Drain, posts: 1, seconds: 1, rest: 1 };
        let seen = Seen { in_flight, ..Seen::default() };
        Report::new(&options, tally, seen, true, Duration::from_secs(1))
    }

    #[test]
    fn a_cut_attempt_breaks_a_drill_though_everything_is_out() {
        let well = Tally { targets: 2, published: 2, ..Tally::default() };
        assert!(report(&well, 1).held);
        assert!(!report(&well, 0).held, "nothing was tried");
        assert!(!report(&Tally { attempts_lost: 1, ..well }, 1).held);
    }
}
