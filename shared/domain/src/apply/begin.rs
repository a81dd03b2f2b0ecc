//! A worker asks for a target. Exactly one caller is let through; all others learn what to do with their message.
//!
//! Invariant: nobody calls a publish point without an attempt, and the attempt is durable before the call.

use jiff::Timestamp;

use super::{Change, Context, end_attempt, expire::expire, finish, hold, list, restored, wait, wake::later, work};
use crate::{
    Answer, Armed, AttemptKind, AttemptOutcome, Begun, Code, Failure, Landed, Lease, ListReason, Next, Plan,
    PlatformWords, RepeatSafety, Scope, State, Target, WorkerName, Worth, plan,
};

pub(super) fn begin(
    target: &mut Target,
    worker: &WorkerName,
    repeat: RepeatSafety,
    arm: Option<&str>,
    context: &Context<'_>,
    change: &mut Change,
) -> Answer {
    let now = context.now;
    if let Some(lease) = target.live_lease(now) {
        return Answer::Busy(lease.until);
    }
    let before = target.state;
    if target.lease.is_some() {
        take_over(target, repeat, context, change);
    }
    if matches!(before, State::InDoubt | State::Processing) && target.state == State::Retrying {
        return not_yet(target, now, context); // One move at a time: the doubt is over, and the rest is asked for anew.
    }
    match target.state {
        State::Published | State::Failed | State::Cancelled | State::Expired | State::Held => drop_it(target),
        State::Scheduled | State::Queued | State::Retrying | State::Publishing => {
            begin_send(target, worker, repeat, arm, context, change)
        }
        State::InDoubt | State::Processing if target.listed.is_some() => drop_it(target),
        State::InDoubt => begin_settling(target, worker, repeat, context),
        State::Processing => begin_poll(target, worker, context),
    }
}

/// The lease is dead: its worker is gone. What it did decides how it goes on (M08: never started is not in doubt).
fn take_over(target: &mut Target, repeat: RepeatSafety, context: &Context<'_>, change: &mut Change) {
    let now = context.now;
    let Some(lease) = target.lease.clone() else { return };
    if let Some(armed) = &mut target.armed
        && lease.kind.sends()
    {
        // Up to the end of its lease it may have sent.
        armed.last_at = armed.last_at.max(lease.until);
    }
    let armed = target.armed.clone();
    let failure = Failure {
        code: Code::WORKER_LOST,
        landed: if armed.is_some() { Landed::Unknown } else { Landed::No },
        worth: Worth::Retry { not_before: None },
        scope: Scope::System,
        step: armed.as_ref().map_or("before the publish point", |armed| armed.step.as_str()).into(),
        said: PlatformWords::default(),
    };
    end_attempt(target, AttemptOutcome::Lost, Some(failure.clone()), now, change);
    if target.state != State::Publishing {
        // A lost look or poll leaves the doubt, or the processing, as it was.
        if work::is_settled(target, lease.kind) {
            work::go_on_without_doubt(target, context);
        }
        return;
    }
    target.last_failure = Some(failure);
    match armed {
        None => wait(target, State::Retrying, now),
        Some(armed) => {
            if lease.kind == AttemptKind::Send {
                target.looks = 0;
            }
            let settled = later(armed.last_at, repeat.settles_after());
            wait(target, State::InDoubt, settled);
        }
    }
}

fn begin_send(
    target: &mut Target,
    worker: &WorkerName,
    repeat: RepeatSafety,
    arm: Option<&str>,
    context: &Context<'_>,
    change: &mut Change,
) -> Answer {
    let now = context.now;
    if target.is_stale(now) {
        expire(target, None, context);
        return drop_it(target);
    }
    if context.pause_over(target).is_some() {
        hold(target, context);
        return drop_it(target);
    }
    if let Some(at) = target.next_at.filter(|at| now < *at) {
        return not_yet(target, at, context);
    }
    if target.armed.is_some() {
        // A waiting target never carries an unsettled publish point; if one ever does, it is settled, not sent.
        change.violation = Some(crate::invariant::Violation::LegalMove);
        wait(target, State::Publishing, now);
        target.state = State::InDoubt;
        return not_yet(target, now, context);
    }
    if let Some(gap) = target.gap {
        let settled = restored::look_first(target, gap, repeat, context);
        return not_yet(target, settled, context);
    }
    if target.tries >= context.policy.max_tries {
        let lost = target.last_failure.as_ref().is_some_and(|failure| failure.code == Code::WORKER_LOST);
        let reason = if lost { ListReason::Poison } else { ListReason::TriesUsedUp };
        list(target, State::Failed, reason, now);
        return Answer::Finished(Next::Dead);
    }
    target.tries += 1;
    let begun = grant(target, worker, AttemptKind::Send, State::Publishing, context);
    if let Some(step) = arm {
        target.armed = Some(Armed {
            step: step.into(),
            part: target.next_part(),
            attempt: target.attempt,
            first_at: now,
            last_at: now,
        });
    }
    Answer::Begun(Begun { armed: arm.is_some(), ..begun })
}

fn begin_settling(target: &mut Target, worker: &WorkerName, repeat: RepeatSafety, context: &Context<'_>) -> Answer {
    let now = context.now;
    // Whoever asks for a look must not have it before the platform is done with the last send.
    let settled = target.armed.as_ref().map_or(now, |armed| later(armed.last_at, repeat.settles_after()));
    if let Some(at) = target.next_at.map(|next| next.max(settled)).filter(|at| now < *at) {
        return not_yet(target, at, context);
    }
    if context.pause_over(target).is_some() {
        // Settling needs the platform as well. It stays due, so that the end of the pause sets it going; until then it is looked at now
        // and then, as what is held.
        target.wake_at = Some(later(now, context.policy.late_after));
        target.emissions = 0;
        return drop_it(target);
    }
    if target.looks >= context.policy.max_looks {
        list(target, State::InDoubt, ListReason::Undecidable, now);
        return Answer::Finished(Next::Dead);
    }
    target.looks += 1;
    let begun = match plan(target, repeat, context.policy, now) {
        Plan::Repeat => {
            if let Some(armed) = &mut target.armed {
                armed.last_at = now;
            }
            grant(target, worker, AttemptKind::Repeat, State::Publishing, context)
        }
        // Even where only a person can tell, the worker may still find its predecessor's outcome hint.
        Plan::Look | Plan::Undecidable => grant(target, worker, AttemptKind::Look, State::InDoubt, context),
    };
    Answer::Begun(begun)
}

fn begin_poll(target: &mut Target, worker: &WorkerName, context: &Context<'_>) -> Answer {
    match target.next_at.filter(|at| context.now < *at) {
        Some(at) => not_yet(target, at, context),
        None => Answer::Begun(grant(target, worker, AttemptKind::Poll, State::Processing, context)),
    }
}

fn grant(target: &mut Target, worker: &WorkerName, kind: AttemptKind, state: State, context: &Context<'_>) -> Begun {
    let until = later(context.now, context.policy.lease);
    target.attempt += 1;
    target.state = state;
    target.lease = Some(Lease { worker: worker.clone(), kind, since: context.now, until });
    target.next_at = Some(until);
    target.wake_at = Some(later(until, context.policy.carry_grace));
    target.emissions = 0;
    Begun { attempt: target.attempt, kind, armed: kind == AttemptKind::Repeat }
}

fn not_yet(target: &mut Target, at: Timestamp, context: &Context<'_>) -> Answer {
    // The caller's message waits in a retry tier or is dropped; either way the ledger must not forget the target.
    finish::await_next(target, at, context);
    Answer::NotYet(at)
}

fn drop_it(target: &Target) -> Answer {
    Answer::Drop { state: target.state, listed: target.listed.is_some() }
}
