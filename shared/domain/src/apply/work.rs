//! What a worker records while it sends.

use std::collections::BTreeMap;

use super::{Change, Context, rest, wait};
use crate::{Answer, Armed, AttemptKind, PartOut, Receipt, State, Target, invariant};

/// Stores handles before they are used. An empty value removes one.
pub(super) fn keep(target: &mut Target, attempt: u32, handles: &BTreeMap<String, String>) -> Answer {
    if target.attempt != attempt || target.lease.is_none() {
        return Answer::Lost;
    }
    for (name, value) in handles {
        if value.is_empty() {
            target.handles.remove(name);
        } else {
            target.handles.insert(name.clone(), value.clone());
        }
    }
    Answer::Done
}

/// A publish point is about to be called: granted only under a live lease, and never while an earlier call's outcome is
/// unknown, unless this very attempt was granted as a harmless repeat of it.
pub(super) fn arm(target: &mut Target, attempt: u32, step: &str, part: u16, context: &Context<'_>) -> Answer {
    let now = context.now;
    let Some(kind) = target.live_lease(now).map(|lease| lease.kind) else { return Answer::Lost };
    if target.attempt != attempt || target.state != State::Publishing || target.receipt(part).is_some() {
        return Answer::Lost;
    }
    if target.gap.is_some() {
        return Answer::Lost; // It may have been sent before the ledger was restored. No attempt to send is granted then, either.
    }
    match (&mut target.armed, kind) {
        (None, AttemptKind::Send | AttemptKind::Repeat) => {
            target.armed = Some(Armed { step: step.into(), part, attempt, first_at: now, last_at: now });
            Answer::Done
        }
        (Some(armed), AttemptKind::Repeat) if armed.part == part => {
            armed.last_at = now;
            Answer::Done
        }
        _ => Answer::Lost,
    }
}

/// A publish point is out. Recorded whoever says so and whenever: it is true.
pub(super) fn out(
    target: &mut Target,
    attempt: u32,
    part: u16,
    receipt: &Receipt,
    context: &Context<'_>,
    change: &mut Change,
) -> Answer {
    if !receipt.is_proof() {
        return Answer::Lost;
    }
    if record_out(target, part, receipt, context, change) {
        go_on_without_doubt(target, context);
    }
    if target.attempt == attempt && target.live_lease(context.now).is_some() { Answer::Done } else { Answer::Lost }
}

/// Adds the proof of `part`, and says whether that settles what the platform was to be asked about. A second, different proof of
/// the same part is a duplicate on the platform.
pub(super) fn record_out(
    target: &mut Target,
    part: u16,
    receipt: &Receipt,
    context: &Context<'_>,
    change: &mut Change,
) -> bool {
    match target.receipt(part) {
        Some(known) => change.violation = change.violation.or(invariant::one_proof(&known.receipt, receipt).err()),
        None => {
            target.out.push(PartOut { part, receipt: receipt.clone(), at: context.now });
            target.out.sort_by_key(|out| out.part);
        }
    }
    target.armed.take_if(|armed| armed.part == part).is_some()
}

/// Whether the truth came from elsewhere while an attempt of this kind asked the platform for it: there is nothing left to ask about.
///
/// What a platform decides may never have been armed, where a publish goes on by itself; then nothing of it is out either.
pub(super) fn is_settled(target: &Target, kind: AttemptKind) -> bool {
    let is_told = match kind {
        AttemptKind::Look => true,
        AttemptKind::Poll => !target.out.is_empty(),
        AttemptKind::Send | AttemptKind::Repeat => false,
    };
    is_told && target.armed.is_none()
}

/// A part that was in doubt, or that the platform still decided about, has turned out to be out: what is left of the thread goes on,
/// and no person is needed for it. An attempt under way goes on by itself when it ends.
pub(super) fn go_on_without_doubt(target: &mut Target, context: &Context<'_>) {
    if matches!(target.state, State::InDoubt | State::Processing) && target.lease.is_none() {
        target.listed = None;
        wait(target, State::Retrying, context.now);
    }
}

/// Everything is out.
pub(super) fn publish(target: &mut Target) {
    rest(target, State::Published);
    target.armed = None;
    target.listed = None;
    target.gap = None;
    target.handles.clear();
}
