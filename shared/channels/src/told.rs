//! When a platform says to come back. Never earlier than told: of several times the latest counts.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use serde_json::Value;

use crate::{Answer, graph::usage};

/// More seconds than anybody is told to wait: they are counted from 1970.
const A_DATE: f64 = 1e9;

/// One way in which platforms say when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// `Retry-After`: seconds, or an HTTP date.
    RetryAfter,
    /// A header field with seconds since 1970.
    Epoch(&'static str),
    /// A header field with seconds since 1970, which counts only while another says that nothing remains.
    EpochIfSpent {
        /// The field with the time.
        reset: &'static str,
        /// The field with what remains.
        remaining: &'static str,
    },
    /// A header field with an ISO 8601 time.
    Iso(&'static str),
    /// A header field with a number of seconds from now, which counts once another field says that nothing is left. A number that can
    /// only be seconds since 1970 counts as such.
    Spent {
        /// How many calls are left, with or without decimals.
        left: &'static str,
        /// In how many seconds there are more.
        reset: &'static str,
    },
    /// A JSON pointer to a number of seconds, with or without decimals.
    BodySeconds(&'static str),
    /// A JSON pointer to a number of milliseconds.
    BodyMillis(&'static str),
    /// A JSON pointer to a sentence that names a span, as "try again in 9 minutes".
    Words(&'static str),
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
            Told::Epoch(name) => epoch(answer, name),
            Told::EpochIfSpent { reset, remaining } => {
                answer.header(remaining).is_some_and(|left| left.trim() == "0").then(|| epoch(answer, reset)).flatten()
            }
            Told::Iso(name) => answer.header(name)?.trim().parse().ok().map(|at| by_our_clock(at, answer)),
            Told::Spent { left, reset } => {
                let header = |name| answer.header(name)?.trim().parse::<f64>().ok();
                let spent = header(left).is_none_or(|left| left < 1.0);
                match header(reset).filter(|_| spent)? {
                    seconds if seconds < A_DATE => after(answer.at, seconds),
                    _ => epoch(answer, reset),
                }
            }
            Told::BodySeconds(pointer) => after(answer.at, number(answer, pointer)?),
            Told::BodyMillis(pointer) => after(answer.at, number(answer, pointer)? / 1000.0),
            Told::Words(pointer) => after(answer.at, span_in(answer.json::<Value>()?.pointer(pointer)?.as_str()?)?),
            Told::BusinessUsage => after(answer.at, usage::minutes_to_regain(answer)? * 60.0),
        }
    }
}

/// The latest time that any of `ways` tells.
pub(crate) fn latest(ways: &[Told], answer: &Answer) -> Option<Timestamp> {
    ways.iter().filter_map(|way| way.read(answer)).max()
}

fn epoch(answer: &Answer, name: &str) -> Option<Timestamp> {
    let seconds = answer.header(name)?.trim().parse().ok()?;
    Timestamp::from_second(seconds).ok().map(|at| by_our_clock(at, answer))
}

fn after(now: Timestamp, seconds: f64) -> Option<Timestamp> {
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    now.checked_add(span).ok()
}

fn number(answer: &Answer, pointer: &str) -> Option<f64> {
    answer.json::<Value>()?.pointer(pointer)?.as_f64()
}

/// The first span that a sentence names, in seconds, and a second more: what is said is rounded.
fn span_in(sentence: &str) -> Option<f64> {
    let words: Vec<&str> = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(2).find_map(|pair| {
        let number: f64 = pair[0].parse().ok()?;
        let unit = match pair[1].to_ascii_lowercase().trim_end_matches('s') {
            "millisecond" => 0.001,
            "second" => 1.0,
            "minute" => 60.0,
            "hour" => 3600.0,
            _ => return None,
        };
        Some(number * unit + 1.0)
    })
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
        let spent = Told::Spent { left: "left", reset: "reset" };
        assert_eq!(told(spent, &[("reset", "90")], ""), at);
        assert_eq!(told(spent, &[("reset", "90"), ("left", "0.0")], ""), at);
        assert_eq!(told(spent, &[("reset", "90"), ("left", "17.0")], ""), None);
        assert_eq!(told(spent, &[("reset", "1800000000")], ""), Some(1_800_000_000_000));
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
    fn a_span_in_words_is_read_and_a_second_added() {
        let words = |sentence: &str| {
            told(Told::Words("/m"), &[], &serde_json::json!({ "m": sentence }).to_string()).map(|millis| millis / 1000)
        };
        assert_eq!(words("you are doing that too much. try again in 9 minutes."), Some(541));
        assert_eq!(words("Take a break for 1 minute before trying again."), Some(61));
        assert_eq!(
            (words("in 30 seconds"), words("in 2 hours"), words("in 5 milliseconds")),
            (Some(31), Some(7201), Some(1))
        );
        assert_eq!((words("try again later"), words("over 9000 posts"), words("")), (None, None, None));
    }

    #[test]
    fn the_latest_of_several_counts() {
        let both = answer(true, 429, &[("retry-after", "60"), ("ratelimit-reset", "90")], "");
        assert_eq!(latest(&[Told::RetryAfter, Told::Epoch("ratelimit-reset")], &both).unwrap().as_second(), 90);
    }

    #[test]
    fn a_long_window_counts_once_it_is_spent() {
        let way = Told::EpochIfSpent { reset: "x-day-reset", remaining: "x-day-remaining" };
        let spent = |left| told(way, &[("x-day-reset", "90"), ("x-day-remaining", left)], "");
        assert_eq!((spent("0"), spent("7")), (Some(90_000), None));
        assert_eq!(told(way, &[("x-day-reset", "90")], ""), None);
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
