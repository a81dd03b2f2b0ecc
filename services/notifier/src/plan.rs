//! What follows an attempt. Pure.

use std::time::Duration;

use channels::Heard;
use domain::{Backoff, PlatformWords};
use jiff::Timestamp;
use ledger::AfterAttempt;

/// The longest that is kept of a receiver's words, in characters.
const LONGEST: usize = 200;

/// What came of a call.
pub(crate) enum Came {
    /// An answer.
    Answer(Heard),
    /// None, and why.
    Silence(String),
}

/// How far a delivery is.
pub(crate) struct Standing<'a> {
    /// How many attempts there were, this one among them.
    pub tries: u32,
    /// What its time is counted from.
    pub since: Timestamp,
    pub now: Timestamp,
    pub backoff: &'a Backoff,
    /// How long it is tried.
    pub give_up_after: Duration,
    /// In `0.0..1.0`.
    pub draw: f64,
}

/// What follows.
#[derive(Debug, PartialEq)]
pub(crate) struct Next {
    pub then: AfterAttempt,
    /// Why it was not taken.
    pub why: Option<String>,
    /// The receiver wants no events any more.
    pub is_gone: bool,
    /// The receiver asked for nothing more before this time.
    pub hold: Option<Timestamp>,
}

/// What follows an attempt of which `came` came.
pub(crate) fn next(came: &Came, standing: &Standing<'_>) -> Next {
    let (why, asked) = match came {
        Came::Answer(heard) if (200..300).contains(&heard.status) => {
            return Next { then: AfterAttempt::Delivered, why: None, is_gone: false, hold: None };
        }
        Came::Answer(heard) => (words(heard), heard.retry_after),
        Came::Silence(why) => (why.clone(), None),
    };
    let is_gone = matches!(came, Came::Answer(heard) if heard.status == 410);
    let tries = u16::try_from(standing.tries).unwrap_or(u16::MAX);
    let at = standing.backoff.next(tries, standing.draw, standing.now, asked);
    let end = standing.since.saturating_add(standing.give_up_after).unwrap_or(Timestamp::MAX);
    let hold = asked.filter(|asked| *asked > standing.now);
    if is_gone || at > end {
        return Next { then: AfterAttempt::GivenUp, why: Some(why), is_gone, hold };
    }
    let wait = Duration::try_from(at.duration_since(standing.now)).unwrap_or_default();
    Next { then: AfterAttempt::Again(wait), why: Some(why), is_gone, hold }
}

fn words(heard: &Heard) -> String {
    let status = heard.status;
    if (300..400).contains(&status) {
        return format!(
            "HTTP {status}: redirects are not followed; put the hook in again with the address it leads to"
        );
    }
    let said = PlatformWords::text(heard.said.as_str()).text;
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    if said.trim().is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {}", said.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + Duration::from_secs(seconds)
    }

    fn next_of(came: Came, tries: u32, now: u64) -> Next {
        let options = crate::NotifierOptions::default();
        let standing = Standing {
            tries,
            since: at(0),
            now: at(now),
            backoff: &options.backoff,
            give_up_after: options.give_up_after,
            draw: 0.0,
        };
        next(&came, &standing)
    }

    fn answer(status: u16, retry_after: Option<u64>) -> Came {
        Came::Answer(Heard { status, retry_after: retry_after.map(at), said: "busy\n<b>\u{7}".into() })
    }

    fn again(seconds: u64) -> AfterAttempt {
        AfterAttempt::Again(Duration::from_secs(seconds))
    }

    #[test]
    fn success_settles_and_all_else_is_tried_again() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(next_of(answer(status, None), 1, 0).then, AfterAttempt::Delivered);
        }
        for status in [100, 301, 308, 400, 401, 404, 409, 429, 500, 503] {
            assert_eq!(next_of(answer(status, None), 1, 0).then, again(5), "{status}");
        }
        assert_eq!(next_of(Came::Silence("no answer in time".into()), 1, 0).why.unwrap(), "no answer in time");
        assert_eq!(next_of(answer(503, None), 1, 0).why.unwrap(), "HTTP 503: busy <b>");
        assert!(next_of(answer(302, None), 1, 0).why.unwrap().contains("redirects are not followed"));
    }

    #[test]
    fn waits_grow_and_after_three_days_nobody_tries_any_more() {
        let (mut now, mut tries) = (0, 1);
        let given_up = loop {
            match next_of(answer(500, None), tries, now).then {
                AfterAttempt::Again(wait) => now += wait.as_secs(),
                end => break end,
            }
            tries += 1;
        };
        assert_eq!(given_up, AfterAttempt::GivenUp);
        assert!((60 * HOUR..=72 * HOUR).contains(&now), "the last attempt was after {} hours", now / HOUR);
        assert!((10..20).contains(&tries), "{tries} attempts");
    }

    #[test]
    fn nobody_comes_back_earlier_than_asked() {
        let asked = next_of(answer(429, Some(600)), 1, 0);
        assert_eq!((asked.then, asked.hold), (again(600), Some(at(600))));
        let sooner = next_of(answer(503, Some(1)), 3, 0);
        assert_eq!(sooner.then, again(80));
        assert_eq!(next_of(answer(503, Some(5)), 1, 10).hold, None, "that time has passed");
        assert_eq!(next_of(answer(503, Some(100 * HOUR)), 1, 0).then, AfterAttempt::GivenUp);
    }

    #[test]
    fn a_receiver_that_is_gone_is_not_called_again() {
        let gone = next_of(answer(410, None), 1, 0);
        assert!(gone.is_gone);
        assert_eq!(gone.then, AfterAttempt::GivenUp);
        assert!(!next_of(answer(404, None), 1, 0).is_gone);
    }
}
