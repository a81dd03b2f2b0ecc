//! The one function that moves a target: given what is known and what is asked, what becomes of it.
//!
//! A ledger loads the target under a lock, calls [`apply`], and stores what it returns in the same transaction.

mod begin;
mod expire;
mod finish;
mod owner;
mod restored;
#[cfg(test)]
mod tests;
mod wake;
mod work;

use jiff::Timestamp;

use crate::{
    Answer, Attempt, AttemptOutcome, Code, Command, Event, Failure, ListReason, Listed, Override, Pause, PauseScope,
    Policy, Refusal, State, Target, TargetId, invariant::Violation,
};

/// What decisions read besides the target.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The ledger's time: one clock for all leases.
    pub now: Timestamp,
    /// The protocol's numbers.
    pub policy: &'a Policy,
    /// The pauses in force.
    pub pauses: &'a [Pause],
    /// For a person's word that it is out: the other target of the account that has the same platform id on record.
    pub owner: Option<TargetId>,
}

impl Context<'_> {
    fn pause_over(&self, target: &Target) -> Option<&Pause> {
        self.pauses.iter().find(|pause| pause.scope.covers(target))
    }
}

/// What became of it. The target itself was changed in place.
#[derive(Debug, Default)]
pub struct Change {
    /// What to tell whoever asked.
    pub answer: Option<Answer>,
    /// Attempts that ended, for the log.
    pub attempts: Vec<Attempt>,
    /// What upstream services are to be told, in the same transaction.
    pub events: Vec<Event>,
    /// A pause to put in force, unless its scope is paused already.
    pub pause: Option<(PauseScope, Code, String)>,
    /// What the target changes of its post from now on.
    pub edit: Option<Override>,
    /// A promise found broken: counted, and the target is listed.
    pub violation: Option<Violation>,
}

impl Change {
    /// The answer.
    pub fn answer(&self) -> Answer {
        self.answer.clone().unwrap_or(Answer::Lost)
    }
}

/// Decides `command` for `target` and changes it accordingly.
pub fn apply(target: &mut Target, command: &Command, context: &Context<'_>) -> Change {
    let mut change = Change::default();
    let before = target.state;
    let was_listed = target.listed.is_some();
    let answer = match command {
        Command::Wake => wake::wake(target, None, context),
        Command::WakeAfter { outage } => wake::wake(target, Some(*outage), context),
        Command::Begin { worker, repeat, arm } => {
            begin::begin(target, worker, *repeat, arm.as_deref(), context, &mut change)
        }
        Command::Keep { attempt, handles } => work::keep(target, *attempt, handles),
        Command::Arm { attempt, step, part } => work::arm(target, *attempt, step, *part, context),
        Command::Out { attempt, part, receipt } => work::out(target, *attempt, *part, receipt, context, &mut change),
        Command::Finish { attempt, outcome, repeat, on_doubt, trace } => {
            let means = finish::Means { repeat: *repeat, on_doubt: *on_doubt };
            let answer = finish::finish(target, *attempt, outcome, means, context, &mut change);
            if target.attempt == *attempt {
                target.follows = trace.clone().filter(|_| target.state != State::Published);
            }
            answer
        }
        Command::Postpone { until, carried, limit } => {
            wake::postpone(target, *until, *carried, limit.as_ref(), context)
        }
        Command::Cancel => owner::cancel(target, context),
        Command::Reschedule { due_at, deadline, hash } => owner::reschedule(target, *due_at, *deadline, *hash, context),
        Command::Edit { changes, hash } => owner::edit(target, changes, *hash, context, &mut change),
        Command::Retry | Command::Revive { .. } => owner::retry(target, context),
        Command::LookAgain => owner::look_again(target, context),
        Command::Decide(decision) => owner::decide(target, decision, context, &mut change),
        Command::Release { at } => wake::release(target, *at),
        Command::Restored { gap } => restored::restored(target, *gap, context, &mut change),
    };
    if !before.may_become(target.state) {
        change.violation.get_or_insert(Violation::LegalMove);
    }
    if target.state != before || (target.listed.is_some() && !was_listed) {
        change.events.extend(Event::of(target, context.now));
    }
    change.answer = Some(answer);
    change
}

/// Ends the present lease and writes the attempt to the log.
fn end_attempt(
    target: &mut Target,
    outcome: AttemptOutcome,
    failure: Option<Failure>,
    now: Timestamp,
    change: &mut Change,
) {
    if let Some(lease) = target.lease.take() {
        change.attempts.push(Attempt {
            target: target.id,
            number: target.attempt,
            kind: lease.kind,
            worker: lease.worker,
            began_at: lease.since,
            ended_at: now,
            outcome,
            failure,
        });
    }
}

/// Nothing more happens by itself.
fn rest(target: &mut Target, state: State) {
    target.state = state;
    target.next_at = None;
    target.wake_at = None;
    target.lease = None;
}

/// Waits in the ledger until `at`, or until its deadline if that comes first.
fn wait(target: &mut Target, state: State, at: Timestamp) {
    target.state = state;
    target.next_at = Some(at);
    target.wake_at = Some(match target.expires_at() {
        // A doubt has no deadline: it must be settled however late it is.
        Some(deadline) if state.is_waiting() => at.min(deadline),
        _ => at,
    });
    target.emissions = 0;
}

/// Puts the target on the operators' list and lets it rest in `state`.
fn list(target: &mut Target, state: State, reason: ListReason, now: Timestamp) {
    rest(target, state);
    target.listed = Some(Listed { reason, at: now });
}

/// Held until its pause ends, or until its deadline. It is looked at now and then all the same: a pause that ended without
/// releasing it must not make it forgotten.
fn hold(target: &mut Target, context: &Context<'_>) {
    let look = wake::later(context.now, context.policy.late_after);
    target.state = State::Held;
    target.wake_at = Some(target.expires_at().map_or(look, |deadline| deadline.min(look)));
    target.lease = None;
}

/// The refusal that `target`'s present state means for a change by its owner, if any.
fn refusal(target: &Target, now: Timestamp) -> Option<Refusal> {
    match target.state {
        State::Published => Some(Refusal::AlreadyPublished),
        State::Publishing | State::Processing => Some(Refusal::BeingPublished),
        State::InDoubt => Some(Refusal::InDoubt),
        _ if target.armed.is_some() => Some(Refusal::InDoubt),
        _ if target.live_lease(now).is_some() => Some(Refusal::BeingPublished),
        _ => None,
    }
}
