//! When a platform says to come back. Never earlier than told: of several times the latest counts.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use serde_json::Value;

use crate::{Answer, graph::usage};

/// One way in which platforms say when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// `Retry-After`: seconds, or an HTTP date.
    RetryAfter,
    /// A header field with seconds since 1970.
    Epoch(&'static str),
    /// A header field with an ISO 8601 time.
    Iso(&'static str),
    /// A JSON pointer to a number of seconds, with or without decimals.
    BodySeconds(&'static str),
    /// A JSON pointer to a number of milliseconds.
    BodyMillis(&'static str),
    /// `X-Business-Use-Case-Usage` of Meta's Graph APIs: minutes, per use case.
    BusinessUsage,
}

impl Told {
    fn read(self, answer: &Answer) -> Option<Timestamp> {
        match self {
            Told::RetryAfter => {
                let value = answer.header("retry-after")?.trim();
                match value.parse::<f64>() {
                    Ok(seconds) => after(answer.at, seconds),
                    Err(_) => {
                        rfc2822::DateTimeParser::new().parse_timestamp(value).ok().map(|at| by_our_clock(at, answer))
                    }
                }
            }
            Told::Epoch(name) => {
                let seconds = answer.header(name)?.trim().parse().ok()?;
                Timestamp::from_second(seconds).ok().map(|at| by_our_clock(at, answer))
            }
            Told::Iso(name) => answer.header(name)?.trim().parse().ok().map(|at| by_our_clock(at, answer)),
            Told::BodySeconds(pointer) => after(answer.at, number(answer, pointer)?),
            Told::BodyMillis(pointer) => after(answer.at, number(answer, pointer)? / 1000.0),
            Told::BusinessUsage => after(answer.at, usage::minutes_to_regain(answer)? * 60.0),
        }
    }
}

/// The latest time that any of `ways` tells.
pub(crate) fn latest(ways: &[Told], answer: &Answer) -> Option<Timestamp> {
    ways.iter().filter_map(|way| way.read(answer)).max()
}

fn after(now: Timestamp, seconds: f64) -> Option<Timestamp> {
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    now.checked_add(span).ok()
}

fn number(answer: &Answer, pointer: &str) -> Option<f64> {
    answer.json::<Value>()?.pointer(pointer)?.as_f64()
}

/// A time by the platform's clock, by ours. If ours is ahead, the same time would come too early for the platform.
fn by_our_clock(told: Timestamp, answer: &Answer) -> Timestamp {
    let theirs = answer.header("date").and_then(|date| rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
    let shifted = theirs.and_then(|theirs| answer.at.checked_add(told.duration_since(theirs)).ok());
    shifted.map_or(told, |shifted| shifted.max(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::answer;

    fn told(way: Told, headers: &[(&'static str, &str)], body: &str) -> Option<i64> {
        latest(&[way], &answer(true, 429, headers, body)).map(Timestamp::as_millisecond)
    }

    #[test]
    fn every_way_is_read() {
        let at = Some(90_000);
        assert_eq!(told(Told::RetryAfter, &[("retry-after", "90")], ""), at);
        assert_eq!(told(Told::RetryAfter, &[("retry-after", "Thu, 01 Jan 1970 00:01:30 GMT")], ""), at);
        assert_eq!(told(Told::Epoch("ratelimit-reset"), &[("ratelimit-reset", "90")], ""), at);
        assert_eq!(
            told(Told::Iso("x-ratelimit-reset"), &[("x-ratelimit-reset", "1970-01-01T00:01:30.000000Z")], ""),
            at
        );
        assert_eq!(told(Told::BodySeconds("/p/retry_after"), &[], r#"{"p":{"retry_after":90}}"#), at);
        let usage = r#"{"1":[{"type":"instagram","estimated_time_to_regain_access":1.5}]}"#;
        assert_eq!(told(Told::BusinessUsage, &[("x-business-use-case-usage", usage)], ""), at);
        assert_eq!(told(Told::BodyMillis("/retry_after_ms"), &[], r#"{"retry_after_ms":90000}"#), at);
    }

    #[test]
    fn nonsense_tells_nothing() {
        for value in ["", "soon", "-5", "NaN", "1e300", "99999999999999999999"] {
            assert_eq!(told(Told::RetryAfter, &[("retry-after", value)], ""), None, "{value}");
            assert_eq!(
                told(Told::Epoch("ratelimit-reset"), &[("ratelimit-reset", value)], ""),
                if value == "-5" { Some(-5000) } else { None }
            );
        }
    }

    #[test]
    fn the_latest_of_several_counts() {
        let both = answer(true, 429, &[("retry-after", "60"), ("ratelimit-reset", "90")], "");
        assert_eq!(latest(&[Told::RetryAfter, Told::Epoch("ratelimit-reset")], &both).unwrap().as_second(), 90);
    }

    #[test]
    fn a_clock_of_ours_that_is_ahead_never_brings_us_back_early() {
        // We read 0 s; the platform's clock shows -30 s: its reset at 60 s is 90 s from now.
        let headers = [("ratelimit-reset", "60"), ("date", "Wed, 31 Dec 1969 23:59:30 GMT")];
        assert_eq!(told(Told::Epoch("ratelimit-reset"), &headers, ""), Some(90_000));
        let behind = [("ratelimit-reset", "60"), ("date", "Thu, 01 Jan 1970 00:00:30 GMT")];
        assert_eq!(told(Told::Epoch("ratelimit-reset"), &behind, ""), Some(60_000));
    }
}
