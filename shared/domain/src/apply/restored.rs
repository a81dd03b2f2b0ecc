//! The ledger was put back to an earlier time. What may have been sent since is looked for before anything is sent.
//!
//! What waits keeps waiting, and what is at rest stays there: both carry the gap, and whoever begins looks first. Only what was under
//! way changes its state, because whoever had it then has it no more.

use jiff::Timestamp;

use super::{Change, Context, end_attempt, wait, wake::later};
use crate::{
    Answer, Armed, AttemptOutcome, Code, Failure, Gap, Landed, PlatformWords, RepeatSafety, Scope, State, Target, Worth,
};

/// The step that is named where it is not known which one was called.
const STEP: &str = "before the restore";

/// Marks a target that may have been sent in `gap`. Whatever an attempt of the lost history still says of it comes late.
pub(super) fn restored(target: &mut Target, gap: Gap, context: &Context<'_>, change: &mut Change) -> Answer {
    match target.state {
        // Nothing leaves these two.
        State::Published | State::Cancelled => {
            return Answer::Drop { state: target.state, listed: target.listed.is_some() };
        }
        State::Publishing if target.armed.is_none() => {
            end_attempt(target, AttemptOutcome::Lost, Some(lost()), context.now, change);
            wait(target, State::Retrying, context.now);
        }
        State::Publishing | State::Processing | State::InDoubt => {
            end_attempt(target, AttemptOutcome::Lost, Some(lost()), context.now, change);
            fall_into_doubt(target, gap, gap.until.max(context.now));
        }
        State::Scheduled | State::Queued | State::Retrying | State::Held | State::Failed | State::Expired => {}
    }
    target.gap = Some(gap.and(target.gap));
    target.attempt = target.attempt.saturating_add(Gap::FENCE);
    Answer::Done
}

/// Makes a doubt of a target that was about to be sent; when it may be looked into.
pub(super) fn look_first(target: &mut Target, gap: Gap, repeat: RepeatSafety, context: &Context<'_>) -> Timestamp {
    let settled = later(gap.until, repeat.settles_after()).max(context.now);
    fall_into_doubt(target, gap, settled);
    settled
}

/// In doubt from the gap's beginning to its end. What a person is asked about already stays with the person.
fn fall_into_doubt(target: &mut Target, gap: Gap, at: Timestamp) {
    let (part, attempt) = (target.next_part(), target.attempt);
    let armed = target.armed.get_or_insert_with(|| Armed {
        step: STEP.into(),
        part,
        attempt,
        first_at: gap.since,
        last_at: gap.until,
    });
    armed.first_at = armed.first_at.min(gap.since);
    armed.last_at = armed.last_at.max(gap.until);
    // What was in doubt already keeps the words that say why: they may be all that tells where it is.
    if target.state != State::InDoubt || target.last_failure.is_none() {
        target.last_failure = Some(lost());
    }
    if target.state == State::InDoubt && target.listed.is_some() {
        return;
    }
    target.listed = None;
    target.looks = 0;
    wait(target, State::InDoubt, at);
}

fn lost() -> Failure {
    Failure {
        code: Code::HISTORY_LOST,
        landed: Landed::Unknown,
        worth: Worth::Retry { not_before: None },
        scope: Scope::System,
        step: STEP.into(),
        said: PlatformWords::default(),
    }
}
