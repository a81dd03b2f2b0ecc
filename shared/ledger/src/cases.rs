//! Cases. A case is open from the moment when a target first needs a person until it is out or given up, over every retry in
//! between: what the time to resolve is counted from. Decided from a target before and after a change; the databases write it.

use domain::{State, Target, TargetId};
use jiff::Timestamp;

use crate::record::group;

/// What a change of a target means for its case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// It needs a person for the first time.
    Opened(Opening),
    /// It needs a person again, and was set going since.
    Again {
        /// The target.
        target: TargetId,
        /// What went wrong this time.
        cause: String,
    },
    /// Somebody set it going again, from the operators' list or after it had expired.
    Retried(Opening),
    /// It is out, or given up.
    Closed {
        /// The target.
        target: TargetId,
        /// When.
        at: Timestamp,
        /// By what.
        ended: State,
    },
}

/// A case that begins, or what a retry was of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opening {
    /// The target as it was listed.
    pub target: Target,
    /// When.
    pub at: Timestamp,
    /// What went wrong, as the operators' list groups it.
    pub cause: String,
    /// Why a person is needed.
    pub reason: String,
}

/// The step that the change from `before` to `after` at `now` is, if it is one. `open`: the target has a case.
pub(crate) fn step(before: &Target, after: &Target, open: bool, now: Timestamp) -> Option<Step> {
    let is_over = matches!(after.state, State::Published | State::Cancelled | State::Expired);
    match (&before.listed, &after.listed) {
        (None, Some(_)) if open => Some(Step::Again { target: after.id, cause: cause(after) }),
        (_, Some(_)) if !open => Some(Step::Opened(opening(after, now))),
        (_, None) if open && is_over => Some(Step::Closed { target: after.id, at: now, ended: after.state }),
        // A look at the platform that somebody asked for is no retry: the doubt stays as it was.
        (Some(_), None) if open && after.state == State::Scheduled => Some(Step::Retried(opening(before, now))),
        // Its time was missed, and somebody gave it another.
        (None, None) if before.state == State::Expired && after.state == State::Scheduled => {
            Some(Step::Retried(opening(before, now)))
        }
        _ => None,
    }
}

/// Whether a target that made this step has a case since. `open`: it had one.
pub(crate) fn is_open(step: &Step, open: bool) -> bool {
    match step {
        Step::Opened(_) | Step::Again { .. } => true,
        Step::Retried(_) => open,
        Step::Closed { .. } => false,
    }
}

fn opening(target: &Target, now: Timestamp) -> Opening {
    let listed = target.listed.as_ref();
    let reason = listed.and_then(|listed| serde_json::to_value(listed.reason).ok());
    Opening {
        at: now,
        cause: cause(target),
        reason: reason.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default(),
        target: target.clone(),
    }
}

fn cause(target: &Target) -> String {
    group(target).unwrap_or_else(|| "-".into())
}
