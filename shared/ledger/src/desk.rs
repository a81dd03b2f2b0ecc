//! The targets that a transaction has locked, decided on one command after another, and what is to be written of it.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::{
    Attempt, Command, Context, Decision, Event, Override, Pause, Policy, Receipt, State, Target, TargetId, apply,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Applied, AuditEntry, LedgerError,
    cases::{self, Step},
    pause_id,
    record::{Record, Rest, mark, millis},
    world::{NEAR, after},
};

/// What a person names as the proof that a target is out.
pub(crate) fn named(command: &Command) -> Option<&Receipt> {
    match command {
        Command::Decide(Decision::Published { receipt, .. }) => Some(receipt),
        _ => None,
    }
}

/// How far apart two targets are due, at most, that are asked whether they show the same post.
pub(crate) const NEARBY: Duration = Duration::from_secs(7 * 86_400);

/// An address without what may be left out at its end.
pub(crate) fn bare(address: &str) -> &str {
    address.trim_end_matches('/')
}

/// Whether a part of `target` is on record at this address.
pub(crate) fn shows(target: &Target, address: &str) -> bool {
    target.out.iter().any(|out| out.receipt.url.as_deref().map(bare) == Some(address))
}

/// Locked targets, the pauses in force and the ledger's time.
pub(crate) struct Desk<'a> {
    pub now: Timestamp,
    policy: &'a Policy,
    pauses: Vec<Pause>,
    targets: HashMap<TargetId, Result<Seat, LedgerError>>,
    /// Whose the platform ids are that people name.
    owners: HashMap<Uuid, TargetId>,
    writes: Writes,
}

/// A target that is locked, and what a newer version keeps in its row.
pub(crate) struct Seat {
    pub target: Target,
    rest: Rest,
    changed: bool,
}

impl Seat {
    /// The row to write.
    pub(crate) fn record(&self) -> Record {
        Record::with(&self.target, &self.rest)
    }
}

/// An attempt that ended.
pub(crate) struct Ended {
    pub attempt: Attempt,
    /// How long after its target's time, in milliseconds; less than 0 before that.
    pub late_by: i64,
}

impl Ended {
    fn of(attempt: Attempt, due_at: Timestamp) -> Self {
        Self { late_by: millis(attempt.ended_at) - millis(due_at), attempt }
    }
}

/// What a transaction writes besides the targets.
#[derive(Default)]
pub(crate) struct Writes {
    /// Attempts that ended.
    pub attempts: Vec<Ended>,
    /// What upstream services are to be told.
    pub events: Vec<Event>,
    /// Pauses to put in force.
    pub pauses: Vec<Pause>,
    /// What targets change of their posts from now on.
    pub edits: BTreeMap<TargetId, Override>,
    /// Platform ids that are taken, and by which target.
    pub marks: Vec<(Uuid, Uuid)>,
    /// What became of cases, in order.
    pub cases: Vec<Step>,
    /// Changes that nobody else puts on the audit log.
    pub entries: Vec<AuditEntry>,
}

impl<'a> Desk<'a> {
    /// The desk of a transaction that has locked `records`.
    pub(crate) fn new(policy: &'a Policy, now: Timestamp, pauses: Vec<Pause>, records: Vec<Record>) -> Self {
        let targets = records
            .into_iter()
            .map(|record| {
                let id = TargetId(record.id);
                (id, record.read().map(|(target, rest)| Seat { target, rest, changed: false }))
            })
            .collect();
        Self { now, policy, pauses, targets, owners: HashMap::new(), writes: Writes::default() }
    }

    /// The target, if it is locked and readable.
    pub(crate) fn target(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(&id)?.as_ref().ok().map(|seat| &seat.target)
    }

    /// Learns whose platform ids are, by their marks.
    pub(crate) fn know_owners(&mut self, owners: Vec<(Uuid, Uuid)>) {
        self.owners.extend(owners.into_iter().map(|(mark, target)| (mark, TargetId(target))));
    }

    /// Whether a pause covers `target`.
    pub(crate) fn is_paused(&self, target: &Target) -> bool {
        self.pauses.iter().any(|pause| pause.scope.covers(target))
    }

    /// Lets the domain decide, and remembers what is to be written.
    ///
    /// # Errors
    /// There is no such target, or its row cannot be read.
    pub(crate) fn apply(&mut self, id: TargetId, command: &Command) -> Result<Applied, LedgerError> {
        let seat = match self.targets.get_mut(&id) {
            None => return Err(LedgerError::NoSuchTarget(id)),
            Some(Err(error)) => return Err(error.clone()),
            Some(Ok(seat)) => seat,
        };
        let owner = named(command).and_then(|receipt| self.owners.get(&mark(&seat.target, &receipt.id)).copied());
        let owner = owner.filter(|owner| *owner != id);
        let context = Context { now: self.now, policy: self.policy, pauses: &self.pauses, owner };
        let before = seat.target.clone();
        let change = apply(&mut seat.target, command, &context);
        seat.changed |= seat.target != before;
        let step = cases::step(&before, &seat.target, seat.rest.has_case, self.now);
        if let Some(step) = &step {
            seat.rest.has_case = cases::is_open(step, seat.rest.has_case);
            seat.changed = true;
        }
        self.writes.cases.extend(step);
        let target = seat.target.clone();
        if target.out.len() > before.out.len() {
            let new = target.out.iter().filter(|out| before.receipt(out.part).is_none());
            self.writes.marks.extend(new.map(|out| (mark(&target, &out.receipt.id), id.0)));
        }
        let answer = change.answer();
        self.writes.entries.extend(AuditEntry::of(command, &before, &target, &answer, self.now));
        if let Some(changes) = change.edit {
            self.writes.edits.insert(id, changes);
        }
        self.writes.attempts.extend(change.attempts.into_iter().map(|attempt| Ended::of(attempt, before.due_at)));
        self.writes.events.extend(change.events.iter().cloned());
        let pause = change.pause.filter(|(scope, ..)| self.pauses.iter().all(|known| known.scope != *scope)).map(
            |(scope, code, reason)| {
                let id = pause_id(&scope);
                let pause = Pause { id, scope, reason, code: Some(code), by: "oncepost".into(), since: self.now };
                self.pauses.push(pause.clone());
                self.writes.pauses.push(pause.clone());
                pause
            },
        );
        let (now, violation) = (self.now, change.violation);
        Ok(Applied { answer, target, draft: None, events: change.events, pause, violation, now })
    }

    /// The targets that differ from their rows, ordered by id.
    pub(crate) fn changed(&self) -> Vec<&Seat> {
        let seats = self.targets.values().filter_map(|seat| seat.as_ref().ok());
        let mut changed: Vec<_> = seats.filter(|seat| seat.changed).collect();
        changed.sort_unstable_by_key(|seat| seat.target.id);
        changed
    }

    /// What is to be written besides.
    pub(crate) fn writes(&self) -> &Writes {
        &self.writes
    }

    /// A changed target is due so soon that the scheduler should not wait for its poll.
    pub(crate) fn is_news(&self) -> bool {
        let near = after(self.now, NEAR);
        self.changed().iter().map(|seat| &seat.target).any(|target| {
            matches!(target.state, State::Scheduled | State::Retrying)
                && target.wake_at.is_some_and(|wake| wake <= near)
        })
    }

    /// The events to be told, once they are committed.
    pub(crate) fn into_events(self) -> Vec<Event> {
        self.writes.events
    }
}
