//! Where a job moves targets to. Pure.

use domain::Target;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::reason::Reason;

/// The furthest that targets are shifted.
const FURTHEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Where targets are moved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// To one time for all, and, if it is given, to one deadline.
    To {
        /// The time.
        at: Timestamp,
        /// The deadline; without it each target keeps its own.
        deadline: Option<Timestamp>,
    },
    /// Each by so much, with its deadline.
    By(SignedDuration),
}

impl Move {
    /// When `target` is due then, and its deadline. `None`: further away than there are times.
    pub fn times(self, target: &Target) -> Option<(Timestamp, Option<Timestamp>)> {
        Some(match self {
            Self::To { at, deadline } => (at, deadline.or(target.deadline)),
            Self::By(span) => {
                let deadline = target.deadline.map(|at| at.checked_add(span)).transpose().ok()?;
                (target.due_at.checked_add(span).ok()?, deadline)
            }
        })
    }

    /// Why `target` is not moved there, if it should not be.
    pub fn objection(self, target: &Target, now: Timestamp) -> Option<Reason> {
        let reason = |name, why: &str, remedy: &str| Some(Reason { name, why: why.into(), remedy: remedy.into() });
        let Some((due_at, deadline)) = self.times(target) else {
            return reason("too_far", "their new time is further away than there are times", "Shift them by less.");
        };
        if matches!(self, Self::By(_)) && due_at <= now {
            return reason(
                "passed",
                "their new time would have passed already, and they would go out at once",
                "Give these one time (`reschedule`), or the present one if they should go out now.",
            );
        }
        if deadline.is_some_and(|deadline| deadline <= due_at) {
            return reason(
                "deadline",
                "their deadline is not after the new time",
                "Reschedule them with a new deadline, or leave them out.",
            );
        }
        None
    }
}

/// Reads by how much targets are to be shifted, as `2h`, `-30m` or `1d 6h`.
pub(crate) fn by(text: &str) -> Result<SignedDuration, String> {
    let unclear = || "is no span such as 2h, -30m or 1d 6h".to_owned();
    let span: Span = text.trim().parse().map_err(|_| unclear())?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| unclear())?;
    if span.is_zero() {
        return Err("is nothing: they would stay where they are".into());
    }
    if span.abs() > FURTHEST {
        return Err("is more than 366 days".into());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let hours = SignedDuration::from_hours;
        for (text, expected) in [
            ("2h", hours(2)),
            ("+2h", hours(2)),
            (" -30m ", SignedDuration::from_mins(-30)),
            ("1d 6h", hours(30)),
            ("PT90M", SignedDuration::from_mins(90)),
            ("1 week", hours(168)),
        ] {
            assert_eq!(by(text), Ok(expected), "{text}");
        }
        for text in ["", "2", "soon", "1 month", "0h", "400d"] {
            assert!(by(text).is_err(), "{text}");
        }
    }
}
