//! When a group of failures is worth a message. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// By how much a group must have grown to be told of again.
const TENFOLD: u64 = 10;
/// Of how many places of a group each is told by itself. Where there are more, it is told that there are many.
const MOST_PLACES: usize = 20;

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
    /// Where it strikes, as people were told, and since when it does not any more. Older versions have not noted that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<BTreeMap<String, Option<Timestamp>>>,
    /// How often people were told that it has spread.
    #[serde(default)]
    pub spread: u32,
    /// Until when one process is telling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<Timestamp>,
}

/// A group as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// How many targets it has; 0: it is gone.
    pub count: u64,
    /// Since when the first of them is in it, if that is known.
    pub first: Option<Timestamp>,
    /// Where it strikes, as far as one place of it may be mended without the others.
    pub places: &'a BTreeSet<String>,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Say {
    /// It is new.
    New,
    /// It has grown tenfold since people were told.
    Grown {
        /// How many there were then.
        from: u64,
    },
    /// It strikes where it did not when people were told.
    Spread {
        /// There.
        to: Vec<String>,
        /// The how-manieth time it is said.
        nth: u32,
    },
    /// Nobody has mended it for long.
    Old {
        /// Since when what is in it now is there.
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

/// What follows of what is known of a group and how it is now. `None`: nothing.
pub(crate) fn act(known: Option<&Known>, seen: Seen<'_>, now: Timestamp, times: Times) -> Option<Act> {
    let count = seen.count;
    let has_been = |since: Timestamp, span: Duration| since.saturating_add(span).is_ok_and(|end| end <= now);
    let Some(known) = known else {
        let known = Known { told: count, places: Some(all(seen.places)), ..Known::new(now) };
        return match (count, times.patience) {
            (0, _) => None,
            (_, Duration::ZERO) => Some(Act { say: Some(Say::New), known: Some(known) }),
            _ => Some(Act { say: None, known: Some(Known { told: 0, ..known }) }),
        };
    };
    if known.telling.is_some_and(|until| now < until) {
        return None;
    }
    // What is in it now may be younger than the group, and is then not old yet.
    let since = seen.first.map_or(known.since, |first| first.max(known.since));
    let is_old = has_been(since, times.old_after);
    let (places, to) = spread(known.places.as_ref(), seen.places, now, |gone| has_been(gone, times.calm_after));
    let then = Known { gone: None, telling: None, reminded: known.reminded && is_old, ..known.clone() };
    let told = Known { places: Some(all(seen.places)), ..then.clone() };
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
        _ if known.told == 0 => say(Say::New, Known { told: count, ..told }),
        _ if count >= known.told.saturating_mul(TENFOLD) => {
            say(Say::Grown { from: known.told }, Known { told: count, ..told })
        }
        _ if !to.is_empty() => {
            let nth = known.spread.saturating_add(1);
            say(Say::Spread { to, nth }, Known { told: count.max(known.told), places, spread: nth, ..then })
        }
        _ if !then.reminded && is_old => say(Say::Old { since }, Known { reminded: true, places, ..then }),
        _ => {
            let then = Known { places, ..then };
            (then != *known).then_some(Act { say: None, known: Some(then) })
        }
    }
}

impl Known {
    /// A group that nothing is known of but that it is there at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, told: 0, reminded: false, gone: None, places: None, spread: 0, telling: None }
    }
}

/// All places, as those that people are told of.
fn all(places: &BTreeSet<String>) -> BTreeMap<String, Option<Timestamp>> {
    places.iter().map(|place| (place.clone(), None)).collect()
}

/// The places that people were told of and those that are new, and which are new. One that a group has left for a moment is not: `is_over`.
fn spread(
    told: Option<&BTreeMap<String, Option<Timestamp>>>,
    now_at: &BTreeSet<String>,
    now: Timestamp,
    is_over: impl Fn(Timestamp) -> bool,
) -> (Option<BTreeMap<String, Option<Timestamp>>>, Vec<String>) {
    let Some(told) = told else { return (Some(all(now_at)), Vec::new()) };
    let left = |(place, gone): (&String, &Option<Timestamp>)| match (now_at.contains(place), gone) {
        (true, _) => Some((place.clone(), None)),
        (false, Some(gone)) if is_over(*gone) => None,
        (false, gone) => Some((place.clone(), Some(gone.unwrap_or(now)))),
    };
    let mut places: BTreeMap<_, _> = told.iter().filter_map(left).collect();
    let mut new: Vec<_> = now_at.iter().filter(|place| !places.contains_key(*place)).cloned().collect();
    places.extend(new.iter().map(|place| (place.clone(), None)));
    if places.len() > MOST_PLACES {
        new.clear();
    }
    (Some(places), new)
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
        let looks: Vec<_> = looks.iter().map(|(seconds, count)| (*seconds, *count, None, &[][..])).collect();
        said_of(times, &looks)
    }

    /// The same: seconds, how many targets, since when the first of them is there, and where they are.
    fn said_of(times: Times, looks: &[(u64, u64, Option<u64>, &[&str])]) -> Vec<(u64, Say)> {
        let (mut known, mut said) = (None, Vec::new());
        for (seconds, count, first, places) in looks {
            let places = places.iter().map(ToString::to_string).collect();
            let seen = Seen { count: *count, first: first.map(at), places: &places };
            if let Some(act) = act(known.as_ref(), seen, at(*seconds), times) {
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

    /// One platform was down and is mended; then another one is down, for the same cause.
    #[test]
    fn a_place_that_is_new_in_a_group_is_told_of_once() {
        let spread = |to: &[&str], nth| Say::Spread { to: to.iter().map(ToString::to_string).collect(), nth };
        let looks: &[(u64, u64, Option<u64>, &[&str])] = &[
            (0, 3, Some(0), &["mastodon"]),
            (60, 5, Some(0), &["mastodon", "x"]),
            (120, 6, Some(0), &["mastodon", "x"]),
            // It comes and goes.
            (180, 6, Some(0), &["mastodon"]),
            (240, 6, Some(0), &["mastodon", "x"]),
            // It is mended, and fails again much later.
            (300, 6, Some(0), &["mastodon"]),
            (900, 6, Some(0), &["mastodon"]),
            (960, 6, Some(0), &["bluesky", "mastodon", "x"]),
        ];
        assert_eq!(
            said_of(TIMES, looks),
            [(0, Say::New), (60, spread(&["x"], 1)), (960, spread(&["bluesky", "x"], 2))]
        );
        let names: Vec<_> = (0..=MOST_PLACES).map(|n| format!("acme/mastodon/{n:02}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let (few, all) = (&names[..MOST_PLACES], &names[..]);
        let said = said_of(TIMES, &[(0, 9, None, &names[..9]), (60, 20, None, few), (120, 21, None, all)]);
        assert_eq!(said, [(0, Say::New), (60, spread(&few[9..], 1))], "that it is everywhere is known by then");
    }

    #[test]
    fn how_old_it_is_is_told_of_what_is_in_it_now() {
        let hours = |hours: u64| hours * 3600;
        let looks: &[(u64, u64, Option<u64>, &[&str])] = &[
            (0, 3, Some(0), &["mastodon"]),
            // All that was there at first is mended.
            (hours(3), 15, Some(hours(3)), &["mastodon"]),
            (hours(5), 15, Some(hours(3)), &["mastodon"]),
            (hours(7), 15, Some(hours(3)), &["mastodon"]),
            (hours(8), 15, Some(hours(3)), &["mastodon"]),
            (hours(9), 15, Some(hours(9)), &["mastodon"]),
            (hours(13), 15, Some(hours(9)), &["mastodon"]),
        ];
        let old = |at_hours| (hours(at_hours + 4), Say::Old { since: at(hours(at_hours)) });
        assert_eq!(said_of(TIMES, looks), [(0, Say::New), old(3), old(9)]);
    }

    #[test]
    fn what_an_older_version_has_told_is_no_news() {
        let known = Known { told: 3, ..Known::new(at(0)) };
        let places = ["mastodon".to_owned()].into();
        let act = act(Some(&known), Seen { count: 3, first: None, places: &places }, at(60), TIMES).unwrap();
        assert_eq!((act.say, act.known.unwrap().places.unwrap().len()), (None, 1));
    }

    #[test]
    fn while_one_process_tells_the_others_do_not_and_what_it_left_is_told() {
        let telling = Known { telling: Some(at(100)), ..Known::new(at(0)) };
        let places = BTreeSet::new();
        let of = |count, second| act(Some(&telling), Seen { count, first: None, places: &places }, at(second), TIMES);
        assert_eq!(of(3, 99), None);
        assert_eq!(of(3, 100).unwrap().say, Some(Say::New));
        assert_eq!(of(0, 100), Some(Act { say: None, known: None }));
    }
}
