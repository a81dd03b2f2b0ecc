//! Changes by people: the post's owner and the operators. They win or lose against a running publish, never half.

use jiff::Timestamp;

use super::{Change, Context, hold, refusal, rest, wait, work};
use crate::{Answer, ContentHash, Decision, Override, Refusal, State, Target};

pub(super) fn cancel(target: &mut Target, context: &Context<'_>) -> Answer {
    match target.state {
        State::Cancelled => Answer::Done,
        State::Expired => Answer::Refused(Refusal::Expired),
        _ => match refusal(target, context.now).or(unproven(target)) {
            Some(refusal) => Answer::Refused(refusal),
            None => {
                rest(target, State::Cancelled);
                target.listed = None;
                target.revision += 1;
                Answer::Done
            }
        },
    }
}

pub(super) fn reschedule(
    target: &mut Target,
    due_at: Timestamp,
    deadline: Option<Timestamp>,
    hash: ContentHash,
    context: &Context<'_>,
) -> Answer {
    if target.state == State::Cancelled {
        return Answer::Refused(Refusal::Cancelled);
    }
    if let Some(refusal) = refusal(target, context.now) {
        return Answer::Refused(refusal);
    }
    target.due_at = due_at;
    target.deadline = deadline;
    target.hash = hash;
    target.revision += 1;
    if target.state == State::Held {
        target.next_at = Some(due_at);
        hold(target, context);
    } else {
        start_over(target, due_at);
    }
    Answer::Done
}

pub(super) fn edit(
    target: &mut Target,
    changes: &Override,
    hash: ContentHash,
    context: &Context<'_>,
    change: &mut Change,
) -> Answer {
    match target.state {
        State::Cancelled => return Answer::Refused(Refusal::Cancelled),
        State::Expired => return Answer::Refused(Refusal::Expired),
        _ => {}
    }
    if let Some(refusal) = refusal(target, context.now).or(unproven(target)) {
        return Answer::Refused(refusal);
    }
    if !target.out.is_empty() {
        return Answer::Refused(Refusal::PartlyOut);
    }
    target.hash = hash;
    target.revision += 1;
    // What was prepared on the platform belongs to the old content.
    target.handles.clear();
    change.edit = Some(changes.clone());
    Answer::Done
}

/// Tries again now, or as soon as the rate limit ends that it waits for. A compare-and-set, never a publish: asked N times, it is sent once.
pub(super) fn retry(target: &mut Target, context: &Context<'_>) -> Answer {
    match target.state {
        State::Failed | State::Retrying => {
            if target.is_stale(context.now) {
                return Answer::Refused(Refusal::Expired);
            }
            if let Some(refusal) = refusal(target, context.now) {
                return Answer::Refused(refusal);
            }
            // A rate limit holds whoever asks. Sooner it would only be put off again.
            start_over(target, target.limited_until(context.now).unwrap_or(context.now));
            Answer::Done
        }
        State::Expired => Answer::Refused(Refusal::Expired),
        State::Cancelled => Answer::Refused(Refusal::Cancelled),
        _ => Answer::Refused(refusal(target, context.now).unwrap_or(Refusal::NotApplicable)),
    }
}

/// Asks the platform once more about what waits for a person: whoever asked waits for the answer, and decides if there is none.
///
/// It is no word on what happened. The doubt stays until the platform has answered, and what an answer is worth is decided as ever.
pub(super) fn look_again(target: &mut Target, context: &Context<'_>) -> Answer {
    if !matches!(target.state, State::InDoubt | State::Processing) {
        return Answer::Refused(refusal(target, context.now).unwrap_or(Refusal::NotApplicable));
    }
    if target.live_lease(context.now).is_some() {
        return Answer::Refused(Refusal::BeingPublished);
    }
    if target.listed.take().is_none() {
        return Answer::Refused(Refusal::NotApplicable); // The machine looks by itself.
    }
    // One look is left of the budget. What the platform still decides about has none.
    target.looks = if target.state == State::InDoubt { context.policy.max_looks.saturating_sub(1) } else { 0 };
    wait(target, target.state, context.now);
    Answer::Done
}

/// A person's word on a doubt, or on what may have gone out in a gap. While the machine is still settling it, only "it is out" is taken.
pub(super) fn decide(target: &mut Target, decision: &Decision, context: &Context<'_>, change: &mut Change) -> Answer {
    if target.gap.is_none() && !matches!(target.state, State::InDoubt | State::Processing) {
        return Answer::Refused(refusal(target, context.now).unwrap_or(Refusal::NotApplicable));
    }
    if target.live_lease(context.now).is_some() {
        return Answer::Refused(Refusal::BeingPublished);
    }
    match decision {
        Decision::Published { receipt, last, shared } if receipt.is_proof() => {
            if let Some(by) = context.owner.filter(|_| !shared) {
                return Answer::Refused(Refusal::Taken { by });
            }
            let part = target.armed.as_ref().map_or(target.next_part(), |armed| armed.part);
            work::record_out(target, part, receipt, context, change);
            if *last { work::publish(target) } else { start_over(target, context.now) }
        }
        Decision::SendAgain { attempt } if *attempt != target.attempt => return Answer::Refused(Refusal::Overtaken),
        Decision::SendAgain { .. } if target.listed.is_some() => {
            target.armed = None;
            target.gap = None;
            start_over(target, context.now);
        }
        Decision::Published { .. } | Decision::SendAgain { .. } => return Answer::Refused(Refusal::InDoubt),
    }
    target.revision += 1;
    Answer::Done
}

/// What may have gone out in a gap is neither called cancelled nor changed: it is looked for by what it says now.
fn unproven(target: &Target) -> Option<Refusal> {
    target.gap.map(|_| Refusal::Unproven)
}

fn start_over(target: &mut Target, at: Timestamp) {
    target.tries = 0;
    target.looks = 0;
    target.listed = None;
    target.lease = None;
    wait(target, State::Scheduled, at);
}
