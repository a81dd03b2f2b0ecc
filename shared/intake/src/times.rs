//! Publish times and deadlines, judged against now.

use std::time::Duration;

use contract::{Path, Problem, Resolved, When};
use domain::Code;
use jiff::Timestamp;

use crate::Options;

/// When a target goes out.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    /// The time: what was asked, or now if that has passed.
    pub at: Timestamp,
    /// How it was found from what was asked.
    pub resolved: Resolved,
}

/// Judges a publish time. What lies a little in the past is due now, because a sender's clock, a retry or a queue on the way
/// may have cost that time; what lies far in the past is a mistake.
pub(crate) fn due(
    when: &When,
    path: &Path<'_>,
    now: Timestamp,
    options: &Options,
    warnings: &mut Vec<Problem>,
) -> Result<Due, Problem> {
    let resolved = when.resolve().map_err(|error| Problem::new(path, Code::BAD_TIME, error.to_string()))?;
    let ago = Duration::try_from(now.duration_since(resolved.instant)).unwrap_or_default();
    if ago > options.past_tolerance {
        let message = format!("{} lies {} in the past", resolved.instant, words(ago));
        return Err(Problem::new(path, Code::BAD_TIME, message));
    }
    if ago > options.past_warning {
        let message = format!("{} lies {} in the past: it is due at once", resolved.instant, words(ago));
        warnings.push(Problem::new(path, Code::BAD_TIME, message));
    }
    // What is approved, hashed and shown is kept to the millisecond.
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    Ok(Due { at: resolved.instant.max(now), resolved })
}

/// Judges a deadline against now. Whether it comes after each target's time is judged by [`keeps`].
pub(crate) fn deadline(when: &When, path: &Path<'_>, now: Timestamp) -> Result<Timestamp, Problem> {
    let wrong = |message: String| Problem::new(path, Code::BAD_DEADLINE, message);
    let instant = when.resolve().map_err(|error| wrong(error.to_string()))?.instant;
    if instant <= now { Err(wrong(format!("{instant} has passed already"))) } else { Ok(instant) }
}

/// Whether a target that goes out at `due` keeps the `deadline`.
pub(crate) fn keeps(due: Timestamp, deadline: Timestamp, path: &Path<'_>) -> Result<(), Problem> {
    if deadline > due {
        return Ok(());
    }
    Err(Problem::new(path, Code::BAD_DEADLINE, format!("the deadline {deadline} is not after the publish time {due}")))
}

/// A span in the largest unit that fits.
fn words(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7200 => format!("{} minutes", seconds / 60),
        seconds @ 7200..172_800 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
