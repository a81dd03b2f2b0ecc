//! An attempt is over: what its outcome means, within budgets.

use jiff::Timestamp;

use super::{
    Change, Context, end_attempt, list, wait,
    wake::{carry, in_time, later},
    work::{go_on_without_doubt, is_settled, publish, record_out},
};
use crate::{
    Answer, Armed, AttemptKind, AttemptOutcome, Code, Failure, Finding, Landed, ListReason, Next, OnDoubt, Outcome,
    PauseScope, Plan, PlatformWords, Receipt, RepeatSafety, Route, Scope, State, Target, Worth, even_draw, plan, route,
};

/// What there is against doing a thing twice, and what the account wants where there is nothing.
#[derive(Clone, Copy)]
pub(super) struct Means {
    pub repeat: RepeatSafety,
    pub on_doubt: OnDoubt,
}

pub(super) fn finish(
    target: &mut Target,
    attempt: u32,
    outcome: &Outcome,
    means: Means,
    context: &Context<'_>,
    change: &mut Change,
) -> Answer {
    if target.attempt != attempt || target.lease.is_none() {
        return late_truth(target, outcome, context, change);
    }
    let kind = target.lease.as_ref().map_or(AttemptKind::Send, |lease| lease.kind);
    if is_settled(target, kind) && !tells_what_is_out(outcome) {
        end_attempt(target, AttemptOutcome::Released, None, context.now, change);
        return Answer::Finished(go_on(target, State::Retrying, context.now, context));
    }
    let next = match outcome {
        Outcome::Published(receipts) => published(target, receipts, means, context, change),
        Outcome::Processing => processing(target, kind, context, change),
        Outcome::Failed(failure) => failed(target, kind, failure, means, context, change),
        Outcome::NotOut(failure) => given_up(target, failure, means, context, change),
        Outcome::Looked { part, finding, last } => looked(target, *part, finding, *last, means, context, change),
        Outcome::Released => released(target, kind, context, change),
    };
    Answer::Finished(next)
}

fn tells_what_is_out(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Published(_) | Outcome::Looked { finding: Finding::Found(_), .. })
}

/// The attempt is not the caller's any more. That something is out is recorded all the same, because it is true.
fn late_truth(target: &mut Target, outcome: &Outcome, context: &Context<'_>, change: &mut Change) -> Answer {
    if let Outcome::Looked { part, finding: Finding::Found(receipt), last } = outcome
        && receipt.is_proof()
    {
        let settles = record_out(target, *part, receipt, context, change);
        if *last {
            end_attempt(target, AttemptOutcome::Lost, None, context.now, change);
            publish(target);
            return Answer::Finished(Next::Nothing);
        }
        if settles {
            go_on_without_doubt(target, context);
        }
    }
    if let Outcome::Published(receipts) = outcome
        && !receipts.is_empty()
        && receipts.iter().all(|(_, receipt)| receipt.is_proof())
    {
        for (part, receipt) in receipts {
            record_out(target, *part, receipt, context, change);
        }
        end_attempt(target, AttemptOutcome::Lost, None, context.now, change);
        publish(target);
        return Answer::Finished(Next::Nothing);
    }
    Answer::Lost
}

fn published(
    target: &mut Target,
    receipts: &[(u16, Receipt)],
    means: Means,
    context: &Context<'_>,
    change: &mut Change,
) -> Next {
    for (part, receipt) in receipts.iter().filter(|(_, receipt)| receipt.is_proof()) {
        record_out(target, *part, receipt, context, change);
    }
    let proven =
        receipts.iter().all(|(_, receipt)| receipt.is_proof()) && !target.out.is_empty() && target.armed.is_none();
    if !proven {
        let no_proof = Failure {
            code: Code::NO_PROOF,
            landed: Landed::Unknown,
            worth: Worth::Retry { not_before: None },
            scope: Scope::Channel,
            step: target.armed.as_ref().map_or_else(|| "publish".into(), |armed| armed.step.clone()),
            said: PlatformWords::default(),
        };
        return doubt(target, &no_proof, means, context, change);
    }
    end_attempt(target, AttemptOutcome::Published, None, context.now, change);
    publish(target);
    Next::Nothing
}

fn processing(target: &mut Target, kind: AttemptKind, context: &Context<'_>, change: &mut Change) -> Next {
    let now = context.now;
    end_attempt(target, AttemptOutcome::Processing, None, now, change);
    if kind != AttemptKind::Poll {
        target.looks = 0;
    } else if is_too_long(target, context) {
        list(target, State::Processing, ListReason::StillProcessing, now);
        return Next::Dead;
    }
    target.looks = target.looks.saturating_add(1);
    let wait_for = context.policy.poll_backoff.wait(target.looks, even_draw(target.id, target.attempt));
    target.state = State::Processing;
    go_on(target, State::Processing, later(now, wait_for), context)
}

fn failed(
    target: &mut Target,
    kind: AttemptKind,
    failure: &Failure,
    means: Means,
    context: &Context<'_>,
    change: &mut Change,
) -> Next {
    if failure.holds_siblings() {
        change.pause = scope_to_pause(target, failure).map(|scope| {
            let title = failure.code.page().map_or("a failure", |page| page.title);
            (scope, failure.code, title.to_owned())
        });
    }
    // What a repeat, a look or a poll could not do says nothing about the send before it: the doubt stays.
    let inherited = target.armed.as_ref().is_some_and(|armed| armed.attempt != target.attempt);
    if (inherited || kind == AttemptKind::Poll) && failure.landed != Landed::Yes {
        return still_unsettled(target, kind, failure, means, context, change);
    }
    match route(failure) {
        Route::Success => {
            target.last_failure = Some(failure.clone());
            published(target, &[], means, context, change)
        }
        Route::Doubt => doubt(target, failure, means, context, change),
        Route::Retry => not_sent(target, failure, 1, context, change),
        Route::FreeRetry => not_sent(target, failure, 0, context, change),
        Route::Dead => {
            settle_not_sent(target, failure, context, change);
            list(target, State::Failed, ListReason::Permanent, context.now);
            Next::Dead
        }
    }
}

/// The platform has been deciding for so long that a person must look.
fn is_too_long(target: &Target, context: &Context<'_>) -> bool {
    let since = target.armed.as_ref().map_or(target.due_at, |armed| armed.first_at);
    later(since, context.policy.processing_limit) <= context.now
}

/// It surely did not go out; another try has a time, if the budget allows.
fn not_sent(target: &mut Target, failure: &Failure, cost: u16, context: &Context<'_>, change: &mut Change) -> Next {
    let now = context.now;
    settle_not_sent(target, failure, context, change);
    if cost == 0 {
        target.tries = target.tries.saturating_sub(1);
    } else if target.tries >= context.policy.max_tries {
        list(target, State::Failed, ListReason::TriesUsedUp, now);
        return Next::Dead;
    }
    let draw = even_draw(target.id, target.attempt);
    let backoff = context.policy.backoff;
    let at = match failure.limited_until(now) {
        // When the limit ends is known: what went wrong before it is no reason to wait beyond that.
        Some(ends) => in_time(target, backoff.next(1, draw, now, Some(ends)), ends),
        None => backoff.next(target.tries.max(1), draw, now, failure.not_before()),
    };
    go_on(target, State::Retrying, at, context)
}

fn settle_not_sent(target: &mut Target, failure: &Failure, context: &Context<'_>, change: &mut Change) {
    target.armed = None;
    target.last_failure = Some(failure.clone());
    end_attempt(target, AttemptOutcome::NotSent, Some(failure.clone()), context.now, change);
}

/// A publish point was called and its outcome is not known.
fn doubt(target: &mut Target, failure: &Failure, means: Means, context: &Context<'_>, change: &mut Change) -> Next {
    let now = context.now;
    let since = target.lease.as_ref().map_or(now, |lease| lease.since);
    let part = target.next_part();
    let attempt = target.attempt;
    let armed = target.armed.get_or_insert_with(|| Armed {
        step: failure.step.clone(),
        part,
        attempt,
        first_at: since,
        last_at: now,
    });
    // It was armed, and then sent at any time until now.
    armed.last_at = now;
    target.looks = 0;
    target.last_failure = Some(failure.clone());
    end_attempt(target, AttemptOutcome::Unknown, Some(failure.clone()), now, change);
    if plan(target, means.repeat, context.policy, now) == Plan::Undecidable {
        return undecidable(target, means, context);
    }
    let settled = later(now, means.repeat.settles_after());
    go_on(target, State::InDoubt, failure.not_before().map_or(settled, |told| told.max(settled)), context)
}

/// A repeat, look or poll ended without an answer.
fn still_unsettled(
    target: &mut Target,
    kind: AttemptKind,
    failure: &Failure,
    means: Means,
    context: &Context<'_>,
    change: &mut Change,
) -> Next {
    let now = context.now;
    let is_verdict = failure.landed == Landed::No && route(failure) == Route::Dead;
    if kind == AttemptKind::Poll && is_verdict {
        // The platform's verdict: it took the post and then refused it.
        settle_not_sent(target, failure, context, change);
        list(target, State::Failed, ListReason::Permanent, now);
        return Next::Dead;
    }
    let outcome = if kind == AttemptKind::Poll { AttemptOutcome::Processing } else { AttemptOutcome::Unknown };
    end_attempt(target, outcome, Some(failure.clone()), now, change);
    // A look was counted when it began; a poll is counted here, so that the next one comes later.
    match (kind, failure.is_rate_limit()) {
        (AttemptKind::Poll, false) => target.looks = target.looks.saturating_add(1),
        (AttemptKind::Poll, true) | (_, false) => {}
        (_, true) => target.looks = target.looks.saturating_sub(1),
    }
    if let Some(armed) = &mut target.armed
        && kind == AttemptKind::Repeat
        && failure.landed == Landed::Unknown
    {
        armed.last_at = now;
    }
    if kind == AttemptKind::Repeat && route(failure) == Route::Dead {
        target.last_failure = Some(failure.clone());
    }
    let state = if kind == AttemptKind::Poll { State::Processing } else { State::InDoubt };
    if state == State::InDoubt && is_hopeless(target, means, context) {
        return undecidable(target, means, context);
    }
    if state == State::Processing && is_too_long(target, context) {
        // Whoever is asked for help is told why nobody could be asked for the verdict.
        target.last_failure = Some(failure.clone());
        list(target, State::Processing, ListReason::StillProcessing, now);
        return Next::Dead;
    }
    let draw = even_draw(target.id, target.attempt);
    let backoff = if kind == AttemptKind::Poll { context.policy.poll_backoff } else { context.policy.look_backoff };
    let settled = target.armed.as_ref().map_or(now, |armed| later(armed.last_at, means.repeat.settles_after()));
    go_on(target, state, backoff.next(target.looks, draw, now, failure.not_before()).max(settled), context)
}

fn looked(
    target: &mut Target,
    part: u16,
    finding: &Finding,
    last: bool,
    means: Means,
    context: &Context<'_>,
    change: &mut Change,
) -> Next {
    let now = context.now;
    // It looked at some time since it began: what it did not see then may have become visible since.
    let looked_at = target.lease.as_ref().map_or(now, |lease| lease.since);
    match finding {
        Finding::Found(receipt) if receipt.is_proof() => {
            record_out(target, part, receipt, context, change);
            target.armed = None;
            if last {
                end_attempt(target, AttemptOutcome::Published, None, now, change);
                publish(target);
                return Next::Nothing;
            }
            end_attempt(target, AttemptOutcome::Released, None, now, change);
            go_on(target, State::Retrying, now, context)
        }
        Finding::Absent if surely_absent(target, means.repeat, looked_at) => {
            target.armed = None;
            end_attempt(target, AttemptOutcome::Absent, None, now, change);
            // Looked for because of a gap, it may not be due yet.
            let at = target.gap.take().map_or(now, |_| target.due_at.max(now));
            go_on(target, State::Retrying, at, context)
        }
        Finding::Found(_) | Finding::Absent | Finding::CannotTell(_) => {
            let hopeless = plan(target, means.repeat, context.policy, now) == Plan::Undecidable;
            let (code, said) = match finding {
                Finding::CannotTell(why) if hopeless => (Code::UNDECIDABLE, why.as_str()),
                Finding::CannotTell(why) => (Code::LOOK_FAILED, why.as_str()),
                Finding::Found(_) => (Code::NO_PROOF, "found without an id"),
                Finding::Absent => (Code::NOT_THERE_YET, "not there yet"),
            };
            let failure = Failure {
                code,
                landed: Landed::Unknown,
                worth: Worth::Retry { not_before: None },
                scope: Scope::Channel,
                step: "look".into(),
                said: PlatformWords::text(said),
            };
            let outcome =
                if matches!(finding, Finding::Absent) { AttemptOutcome::Absent } else { AttemptOutcome::Unknown };
            end_attempt(target, outcome, Some(failure), now, change);
            // A listing lags. The last look is kept for the time from which on "not there" tells something.
            if matches!(finding, Finding::Absent) && !hopeless && target.looks >= context.policy.max_looks {
                target.looks = context.policy.max_looks.saturating_sub(1);
                let sure = sure_from(target, means.repeat).unwrap_or(now);
                return go_on(target, State::InDoubt, sure.max(now), context);
            }
            if is_hopeless(target, means, context) {
                return undecidable(target, means, context);
            }
            let wait_for = context.policy.look_backoff.wait(target.looks, even_draw(target.id, target.attempt));
            go_on(target, State::InDoubt, later(now, wait_for), context)
        }
    }
}

/// The platform gave up on what it had accepted. Until that is sure it is looked for, which costs no try, and neither is sooner than
/// the platform allows.
fn given_up(target: &mut Target, failure: &Failure, means: Means, context: &Context<'_>, change: &mut Change) -> Next {
    let now = context.now;
    let looked_at = target.lease.as_ref().map_or(now, |lease| lease.since);
    let cost = u16::from(route(failure) != Route::FreeRetry);
    if surely_absent(target, means.repeat, looked_at) {
        return not_sent(target, failure, cost, context, change);
    }
    target.looks = 0;
    if cost == 0 {
        target.tries = target.tries.saturating_sub(1);
    }
    target.last_failure = Some(failure.clone());
    end_attempt(target, AttemptOutcome::Absent, Some(failure.clone()), now, change);
    if is_hopeless(target, means, context) {
        return undecidable(target, means, context);
    }
    let draw = even_draw(target.id, target.attempt);
    let at = context.policy.look_backoff.next(1, draw, now, failure.not_before());
    go_on(target, State::InDoubt, at, context)
}

/// Listings lag: "not there" proves something only when enough time has passed since the last send.
fn surely_absent(target: &Target, repeat: RepeatSafety, looked_at: Timestamp) -> bool {
    repeat.sure_after().is_some() && sure_from(target, repeat).is_none_or(|sure| sure <= looked_at)
}

/// From when on "not there" proves something; `None` if nothing was sent, or the platform cannot be asked.
fn sure_from(target: &Target, repeat: RepeatSafety) -> Option<Timestamp> {
    Some(later(target.armed.as_ref()?.last_at, repeat.sure_after()?))
}

/// Neither the platform's means nor the budget for looks leave anything to try.
fn is_hopeless(target: &Target, means: Means, context: &Context<'_>) -> bool {
    target.looks >= context.policy.max_looks
        || plan(target, means.repeat, context.policy, context.now) == Plan::Undecidable
}

fn undecidable(target: &mut Target, means: Means, context: &Context<'_>) -> Next {
    match means.on_doubt {
        OnDoubt::Resend if target.tries < context.policy.max_tries => {
            target.armed = None;
            target.gap = None;
            target.state = State::InDoubt;
            go_on(target, State::Retrying, context.now, context)
        }
        // With all tries used up it has not failed: it may well be out, and a person is told so.
        OnDoubt::Park | OnDoubt::Resend => {
            list(target, State::InDoubt, ListReason::Undecidable, context.now);
            Next::Dead
        }
    }
}

fn released(target: &mut Target, kind: AttemptKind, context: &Context<'_>, change: &mut Change) -> Next {
    let now = context.now;
    end_attempt(target, AttemptOutcome::Released, None, now, change);
    match kind {
        AttemptKind::Send => {
            target.tries = target.tries.saturating_sub(1);
            target.armed = None;
            go_on(target, State::Retrying, now, context)
        }
        AttemptKind::Repeat | AttemptKind::Look => {
            target.looks = target.looks.saturating_sub(1);
            let state = if target.armed.is_some() { State::InDoubt } else { State::Retrying };
            go_on(target, state, now, context)
        }
        AttemptKind::Poll => go_on(target, State::Processing, now, context),
    }
}

/// The next step is due at `at`: a message carries short waits, the ledger keeps long ones.
fn go_on(target: &mut Target, state: State, at: Timestamp, context: &Context<'_>) -> Next {
    wait(target, state, at);
    await_next(target, at, context)
}

/// Who brings the target back at `at`.
pub(super) fn await_next(target: &mut Target, at: Timestamp, context: &Context<'_>) -> Next {
    target.next_at = Some(at);
    if at <= later(context.now, context.policy.longest_carry) {
        carry(target, at, context);
        Next::Carry(at)
    } else {
        wait(target, target.state, at);
        Next::Wait(at)
    }
}

fn scope_to_pause(target: &Target, failure: &Failure) -> Option<PauseScope> {
    match failure.scope {
        Scope::Account => Some(PauseScope::Account {
            tenant: target.tenant.clone(),
            channel: target.channel.clone(),
            account: target.account.clone(),
        }),
        Scope::App => target.app.clone().map(|app| PauseScope::App { app }),
        Scope::Post | Scope::Channel | Scope::System => None,
    }
}
