//! The scheduler's side: due work, the sweep, waiting and holding. One rule serves all: whatever is overdue is woken.

use std::time::Duration;

use jiff::Timestamp;

use super::{Context, expire::expire, hold, wait};
use crate::{Answer, Failure, ListReason, Listed, Outage, State, Target};

/// Its time to wake has come: hand it to the broker, expire it, or hold it. `outage`: when the broker did not answer last.
pub(super) fn wake(target: &mut Target, outage: Option<Outage>, context: &Context<'_>) -> Answer {
    let now = context.now;
    let resting = Answer::Drop { state: target.state, listed: target.listed.is_some() };
    match target.state {
        State::Scheduled | State::Queued | State::Retrying => {
            if target.is_stale(now) {
                expire(target, outage, context);
                return Answer::Drop { state: target.state, listed: false };
            }
            if context.pause_over(target).is_some() {
                hold(target, context);
                return Answer::Drop { state: target.state, listed: false };
            }
            target.state = State::Queued;
            emit(target, context)
        }
        State::Held => {
            if target.is_stale(now) {
                expire(target, outage, context);
            } else if context.pause_over(target).is_some() {
                hold(target, context);
            } else {
                release(target, now);
            }
            Answer::Drop { state: target.state, listed: false }
        }
        // The worker that finds the lease dead takes over; the scheduler only makes sure that somebody looks.
        State::Publishing | State::Processing | State::InDoubt if target.listed.is_none() => emit(target, context),
        State::Publishing | State::Processing | State::InDoubt => {
            target.wake_at = None;
            resting
        }
        State::Published | State::Failed | State::Cancelled | State::Expired => {
            target.wake_at = None;
            // A failure without an entry on the operators' list would be seen by nobody.
            if target.state == State::Failed && target.listed.is_none() {
                target.listed = Some(Listed { reason: ListReason::Permanent, at: now });
            }
            resting
        }
    }
}

/// On its way to a worker. If nothing comes of it, it is emitted again, ever more seldom.
fn emit(target: &mut Target, context: &Context<'_>) -> Answer {
    let patience = context.policy.reemission(target.emissions);
    let leased = target.live_lease(context.now).map_or(context.now, |lease| lease.until);
    let again = later(leased.max(target.next_at.unwrap_or(context.now)).max(context.now), patience);
    target.wake_at = Some(match target.expires_at() {
        Some(deadline) if target.state.is_waiting() => again.min(deadline),
        _ => again,
    });
    target.emissions = target.emissions.saturating_add(1);
    Answer::Emit
}

/// Not before `until`. Costs no try; the first attempt may not even have begun.
///
/// What waits for a time already keeps it: a second message must neither cut a backoff short nor put it off for ever.
pub(super) fn postpone(
    target: &mut Target,
    until: Timestamp,
    carried: bool,
    limit: Option<&Failure>,
    context: &Context<'_>,
) -> Answer {
    if !matches!(target.state, State::Scheduled | State::Queued | State::Retrying) {
        return Answer::Drop { state: target.state, listed: target.listed.is_some() };
    }
    if let Some(at) = target.next_at.filter(|at| target.state != State::Queued && context.now < *at) {
        return Answer::NotYet(at);
    }
    let state = if target.attempt == 0 { State::Scheduled } else { State::Retrying };
    let until = match limit.and_then(|limit| limit.limited_until(context.now)) {
        Some(ends) => in_time(target, until, ends),
        None => until,
    };
    if let Some(limit) = limit {
        target.last_failure = Some(limit.clone());
    }
    wait(target, state, until);
    if carried {
        carry(target, until, context);
    }
    Answer::Done
}

/// `at`, or sooner where that would be too close to the deadline, but not before the rate limit `ends`.
///
/// A spread after a limit is there for the platform's sake. No post may expire for it, and the send takes time as well: it begins in
/// the first half of what is left.
pub(super) fn in_time(target: &Target, at: Timestamp, ends: Timestamp) -> Timestamp {
    match target.deadline.and_then(|deadline| Duration::try_from(deadline.duration_since(ends)).ok()) {
        Some(left) => at.min(later(ends, left / 2)),
        None => at,
    }
}

/// A message brings it back at `at`; the ledger acts only if the message is lost.
pub(super) fn carry(target: &mut Target, at: Timestamp, context: &Context<'_>) {
    let grace = later(at, context.policy.carry_grace);
    target.wake_at = Some(match target.expires_at() {
        Some(deadline) if target.state.is_waiting() => grace.min(deadline.max(at)),
        _ => grace,
    });
}

/// A pause has ended: what it held goes on, and so does what it kept in doubt.
pub(super) fn release(target: &mut Target, at: Timestamp) -> Answer {
    match target.state {
        State::Held => {
            let at = target.next_at.map_or(at, |next| next.max(at));
            wait(target, State::Scheduled, at);
            Answer::Done
        }
        _ if target.is_settling_due(at) => {
            wait(target, State::InDoubt, at);
            Answer::Done
        }
        _ => Answer::Drop { state: target.state, listed: target.listed.is_some() },
    }
}

pub(super) fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}
