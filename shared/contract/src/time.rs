//! Publish times: an instant, or a wall-clock time in a named zone, and the rule for hours that a zone skips or repeats.

use std::sync::LazyLock;

use domain::Code;
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Path, reader::Reader};

/// The zones compiled in. The machine's own are never asked: slim images have none, and two machines may differ.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// When something should happen, as the sender said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum When {
    /// An instant: RFC 3339 with `Z` or an offset.
    Instant(#[schemars(with = "domain::Rfc3339")] Timestamp),
    /// What a clock on the wall shows in a zone.
    Local(Local),
}

/// What a clock on the wall shows in a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Local {
    /// The date and time, without offset: `2026-12-01T09:00:00`.
    #[schemars(with = "String", regex(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?$"))]
    pub local: DateTime,
    /// The zone's IANA name: `Europe/Berlin`.
    pub zone: String,
}

/// What became of a [`When`], echoed back so that nobody has to guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resolved {
    /// The instant, to the millisecond.
    #[schemars(with = "domain::Rfc3339")]
    pub instant: Timestamp,
    /// The zone, by its IANA name; `UTC` when an instant was given.
    pub zone: String,
    /// What a clock on the wall of that zone shows at the instant.
    #[schemars(with = "String")]
    pub local: DateTime,
    /// How it was found.
    pub rule: Rule,
}

/// How an instant was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// There was one possibility.
    Exact,
    /// The zone skips the given time; it was moved forward by the length of the gap.
    GapMovedForward,
    /// The zone shows the given time twice; the earlier instant was taken.
    OverlapEarlier,
}

/// Why a time cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// No such zone.
    #[error("there is no time zone \"{0}\"; IANA names look like Europe/Berlin")]
    NoSuchZone(String),
    /// Too far away.
    #[error("the time is out of range")]
    OutOfRange,
}

impl When {
    /// The instant that is meant, to the millisecond. A local time in a gap is moved forward by the length of the gap; of
    /// a local time that comes twice the earlier instant is taken.
    ///
    /// # Errors
    /// The zone is not known, or the instant is beyond the calendar.
    pub fn resolve(&self) -> Result<Resolved, TimeError> {
        match self {
            When::Instant(instant) => found(*instant, &TimeZone::UTC, Rule::Exact),
            When::Local(Local { local, zone }) => {
                let zone = zone_named(zone)?;
                let ambiguous = zone.to_ambiguous_timestamp(*local);
                let rule = match ambiguous.offset() {
                    AmbiguousOffset::Unambiguous { .. } => Rule::Exact,
                    AmbiguousOffset::Gap { .. } => Rule::GapMovedForward,
                    AmbiguousOffset::Fold { .. } => Rule::OverlapEarlier,
                };
                found(ambiguous.compatible().map_err(|_| TimeError::OutOfRange)?, &zone, rule)
            }
        }
    }

    /// Reads either form and checks that it resolves.
    pub(crate) fn read(reader: &mut Reader, path: &Path<'_>, value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => match instant(text) {
                Ok(instant) => Some(When::Instant(instant)),
                Err(message) => reader.problem(path, Code::BAD_TIME, message),
            },
            Value::Object(_) => {
                let fields = reader.object(path, value)?;
                let local = reader.need(fields, "local", |reader, path, value| {
                    let text = reader.text(path, value)?;
                    let wrong = || format!("\"{}\" is not a local time such as 2026-12-01T09:00:00", short(&text));
                    local(&text).or_else(|| reader.problem(path, Code::BAD_TIME, wrong()))
                });
                let zone = reader.need(fields, "zone", |reader, path, value| {
                    let name = reader.text(path, value)?;
                    match zone_named(&name) {
                        Ok(_) => Some(name),
                        Err(error) => reader.problem(path, Code::BAD_TIME, error.to_string()),
                    }
                });
                let when = When::Local(Local { local: local?, zone: zone? });
                match when.resolve() {
                    Ok(_) => Some(when),
                    Err(error) => reader.problem(path, Code::BAD_TIME, error.to_string()),
                }
            }
            _ => {
                reader.problem(path, Code::BAD_TIME, "must be an RFC 3339 instant, or an object of `local` and `zone`")
            }
        }
    }
}

fn found(instant: Timestamp, zone: &TimeZone, rule: Rule) -> Result<Resolved, TimeError> {
    let instant = Timestamp::from_millisecond(instant.as_millisecond()).map_err(|_| TimeError::OutOfRange)?;
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    Ok(Resolved { instant, zone: name, local: zone.to_datetime(instant), rule })
}

fn zone_named(name: &str) -> Result<TimeZone, TimeError> {
    let zone = ZONES.get(name).ok().filter(|zone| !zone.is_unknown());
    zone.ok_or_else(|| TimeError::NoSuchZone(short(name)))
}

/// RFC 3339 and nothing besides: the parser takes more forms than senders and schemas agree upon.
fn instant(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("\"{}\" is not an RFC 3339 instant such as 2026-12-01T09:00:00Z", short(text));
    let (clock, zone) = split(text).ok_or_else(wrong)?;
    if zone.is_empty() {
        let message = "\"{}\" has no zone: add Z or an offset, or send an object of `local` and `zone`";
        return Err(message.replacen("{}", &short(text), 1));
    }
    let offset = matches!(zone.as_bytes(), [b'Z' | b'z'])
        || matches!(zone.as_bytes(), [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()));
    if !offset || clock.len() < "2026-12-01T09:00:00".len() {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

fn local(text: &str) -> Option<DateTime> {
    let (clock, zone) = split(text)?;
    zone.is_empty().then(|| clock.parse().ok()).flatten()
}

/// Splits `2026-12-01T09:00[:00[.123]]` from what follows.
fn split(text: &str) -> Option<(&str, &str)> {
    const FORM: &[u8] = b"0000-00-00T00:00";
    let head = text.as_bytes().get(..FORM.len())?;
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte.eq_ignore_ascii_case(form),
    };
    if !head.iter().zip(FORM).all(fits) {
        return None;
    }
    let tail = text[FORM.len()..].bytes();
    let clock = tail.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')).count();
    Some(text.split_at(FORM.len() + clock))
}

/// The start of a text, to quote it.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
