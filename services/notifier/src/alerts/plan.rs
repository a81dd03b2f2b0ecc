//! When a group of failures is worth a message. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// By how much a group must have grown to be told of again.
const TENFOLD: u64 = 10;

/// What is known of a group that people were told of, or are about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// When it was seen first.
    pub since: Timestamp,
    /// How many targets it had when people were told last; 0: they were not told yet.
    pub told: u64,
    /// People were told that it is old.
    #[serde(default)]
    pub reminded: bool,
    /// Since when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Timestamp>,
    /// Until when one process is telling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<Timestamp>,
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    /// It is new.
    New,
    /// It has grown tenfold since people were told.
    Grown {
        /// How many there were then.
        from: u64,
    },
    /// Nobody has mended it for long.
    Old {
        /// Since when it is there.
        since: Timestamp,
    },
    /// It is gone.
    Clear {
        /// Since when it was there.
        since: Timestamp,
    },
}

/// What follows a look at a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Act {
    /// What is said, if anything.
    pub say: Option<Say>,
    /// What is known from then on; `None`: nothing.
    pub known: Option<Known>,
}

/// When a group is told of, when it is old, and when it is surely gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub patience: Duration,
    pub old_after: Duration,
    pub calm_after: Duration,
}

/// What follows of what is known of a group and how many targets it has now. `None`: nothing.
pub(crate) fn act(known: Option<&Known>, count: u64, now: Timestamp, times: Times) -> Option<Act> {
    let has_been = |since: Timestamp, span: Duration| since.saturating_add(span).is_ok_and(|end| end <= now);
    let Some(known) = known else {
        let known = Known { since: now, told: count, reminded: false, gone: None, telling: None };
        return match (count, times.patience) {
            (0, _) => None,
            (_, Duration::ZERO) => Some(Act { say: Some(Say::New), known: Some(known) }),
            _ => Some(Act { say: None, known: Some(Known { told: 0, ..known }) }),
        };
    };
    if known.telling.is_some_and(|until| now < until) {
        return None;
    }
    let then = Known { gone: None, telling: None, ..known.clone() };
    let say = |say, known| Some(Act { say: Some(say), known: Some(known) });
    match (count, known.gone) {
        // It was never told: it is over before its time, or whoever was about to has died.
        (0, _) if known.told == 0 => Some(Act { say: None, known: None }),
        (0, None) => Some(Act { say: None, known: Some(Known { gone: Some(now), ..then }) }),
        (0, Some(gone)) if has_been(gone, times.calm_after) => {
            Some(Act { say: Some(Say::Clear { since: known.since }), known: None })
        }
        (0, Some(_)) => None,
        _ if known.told == 0 && !has_been(known.since, times.patience) => None,
        _ if known.told == 0 => say(Say::New, Known { told: count, ..then }),
        _ if count >= known.told.saturating_mul(TENFOLD) => {
            say(Say::Grown { from: known.told }, Known { told: count, ..then })
        }
        _ if !known.reminded && has_been(known.since, times.old_after) => {
            say(Say::Old { since: known.since }, Known { reminded: true, ..then })
        }
        (_, Some(_)) => Some(Act { say: None, known: Some(then) }),
        (_, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times {
        patience: Duration::ZERO,
        old_after: Duration::from_secs(4 * 3600),
        calm_after: Duration::from_secs(600),
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + Duration::from_secs(seconds)
    }

    /// What is said at each look: seconds, and how many targets the group has.
    fn said(looks: &[(u64, u64)]) -> Vec<(u64, Say)> {
        said_by(TIMES, looks)
    }

    fn said_by(times: Times, looks: &[(u64, u64)]) -> Vec<(u64, Say)> {
        let (mut known, mut said) = (None, Vec::new());
        for (seconds, count) in looks {
            if let Some(act) = act(known.as_ref(), *count, at(*seconds), times) {
                said.extend(act.say.map(|say| (*seconds, say)));
                known = act.known;
            }
        }
        said
    }

    #[test]
    fn a_group_is_told_of_once_until_it_is_gone() {
        let looks = [(0, 0), (60, 3), (120, 3), (180, 5), (240, 0), (300, 0), (900, 0), (960, 0)];
        assert_eq!(said(&looks), [(60, Say::New), (900, Say::Clear { since: at(60) })]);
    }

    #[test]
    fn one_that_comes_and_goes_is_not_told_of_each_time() {
        let looks = [(0, 1), (60, 0), (120, 1), (180, 0), (240, 2), (300, 0), (901, 0)];
        assert_eq!(said(&looks), [(0, Say::New), (901, Say::Clear { since: at(0) })]);
    }

    #[test]
    fn one_that_grows_tenfold_is_told_of_again() {
        let looks = [(0, 3), (60, 29), (120, 30), (180, 299), (240, 400)];
        assert_eq!(said(&looks), [(0, Say::New), (120, Say::Grown { from: 3 }), (240, Say::Grown { from: 30 })]);
    }

    #[test]
    fn what_may_pass_by_itself_is_told_of_when_it_has_not() {
        let patient = Times { patience: Duration::from_secs(120), ..TIMES };
        assert_eq!(said_by(patient, &[(0, 1), (60, 1), (90, 0), (100, 1), (210, 1)]), []);
        let looks = [(0, 1), (60, 1), (120, 1), (180, 1), (240, 0), (840, 0)];
        assert_eq!(said_by(patient, &looks), [(120, Say::New), (840, Say::Clear { since: at(0) })]);
    }

    #[test]
    fn an_old_one_is_told_of_once_more() {
        let hours = |hours: u64| hours * 3600;
        let looks = [(0, 3), (hours(3), 3), (hours(4), 3), (hours(9), 3)];
        assert_eq!(said(&looks), [(0, Say::New), (hours(4), Say::Old { since: at(0) })]);
    }

    #[test]
    fn while_one_process_tells_the_others_do_not_and_what_it_left_is_told() {
        let telling = Known { since: at(0), told: 0, reminded: false, gone: None, telling: Some(at(100)) };
        assert_eq!(act(Some(&telling), 3, at(99), TIMES), None);
        assert_eq!(act(Some(&telling), 3, at(100), TIMES).unwrap().say, Some(Say::New));
        assert_eq!(act(Some(&telling), 0, at(100), TIMES), Some(Act { say: None, known: None }));
    }
}
