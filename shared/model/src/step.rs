//! What can happen next, and what comes of it. Everything but the workers' own steps.

use domain::{
    Answer, Attempt, AttemptOutcome, Command, ContentHash, Context, Decision, Gap, Pause, PauseScope, State, apply,
    invariant::Violation,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    platform::Ruling,
    setup::{Setup, Without, seconds},
    worker::{self, Move},
    world::{Doing, NOW, World, at, kept},
};

/// One step of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The worker at this place moves.
    Worker(usize, Move),
    /// A scheduler wakes the target and hands it to the broker.
    Wake(Handing),
    /// A scheduler whose message was refused gives the target back.
    GiveBack,
    /// The broker delivers a message twice.
    Double,
    /// The broker loses every message.
    LoseMessages,
    /// Redis loses everything.
    WipeRedis,
    /// A request that nobody waits for lands.
    OrphanLands(usize),
    /// A request that nobody waits for is lost.
    OrphanLost(usize),
    /// The platform decides upon what it accepted.
    Verdict(Ruling),
    /// A person does something.
    Person(Deed),
    /// Everything is paused.
    Pause,
    /// The pause ends.
    Resume,
    /// The ledger is backed up.
    BackUp,
    /// The ledger is put back to its back-up, and somebody says so before anything goes on.
    Restore,
    /// A second passes.
    Tick,
}

/// How handing a woken target to the broker goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handing {
    /// The broker has it.
    Done,
    /// The scheduler dies before.
    Dies,
    /// The broker refuses it.
    Refused,
}

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Retry.
    Retry,
    /// Cancel.
    Cancel,
    /// Another time.
    Reschedule,
    /// Has the platform asked once more.
    LooksAgain,
    /// "It is out", which it is.
    SaysOut,
    /// "Send it again": it is not out, and nothing is on its way.
    SaysAgain,
}

/// The most messages that are in the broker at a time. One that would be more is taken for lost.
const MOST_MESSAGES: usize = 2;

impl World {
    /// Applies `command` as the ledger does, and keeps what it says of broken promises.
    pub fn apply(&mut self, command: &Command, setup: &Setup) -> Answer {
        let pauses: Vec<Pause> = self.paused.then(everything).into_iter().collect();
        let context = Context { now: NOW, policy: &setup.policy, pauses: &pauses, owner: None };
        let was_armed = self.target.armed.is_some();
        let change = apply(&mut self.target, command, &context);
        self.resent |= was_armed && self.target.state == State::Retrying && change.attempts.iter().any(is_undecided);
        // What is out twice because the account would have it so is no promise broken.
        let broken = change.violation.filter(|violation| !self.resent || *violation != Violation::NoDuplicate);
        self.broken = self.broken.or(broken);
        change.answer()
    }

    /// A message is on its way, to be taken in `wait` seconds.
    pub fn send(&mut self, wait: i64) {
        if self.messages.len() < MOST_MESSAGES {
            self.messages.push(wait.max(0));
        }
    }
}

/// The attempt ended without telling whether it is out.
fn is_undecided(attempt: &Attempt) -> bool {
    match attempt.outcome {
        AttemptOutcome::Unknown => true,
        AttemptOutcome::Absent => attempt.failure.is_some(),
        _ => false,
    }
}

fn everything() -> Pause {
    let (id, by, reason) = (Uuid::nil(), String::new(), String::new());
    Pause { id, scope: PauseScope::All, reason, code: None, by, since: Timestamp::UNIX_EPOCH }
}

/// Everything that can happen in `world`.
pub fn actions(world: &World, actions: &mut Vec<Action>) {
    for place in 0..world.workers.len() {
        worker::moves(world, place, |step| actions.push(Action::Worker(place, step)));
    }
    if is_due(world) && !is_patient(world) {
        actions.push(Action::Wake(Handing::Done));
        if world.left.scheduler > 0 {
            actions.push(Action::Wake(Handing::Dies));
            if !world.giving_back {
                actions.push(Action::Wake(Handing::Refused));
            }
        }
    }
    if world.giving_back {
        actions.push(Action::GiveBack);
    }
    if !world.messages.is_empty() {
        if world.left.doubles > 0 {
            actions.push(Action::Double);
        }
        if world.left.broker > 0 {
            actions.push(Action::LoseMessages);
        }
    }
    if world.left.redis > 0 && (world.is_locked() || world.hint.is_some()) {
        actions.push(Action::WipeRedis);
    }
    for place in 0..world.platform.orphans.len() {
        actions.extend([Action::OrphanLands(place), Action::OrphanLost(place)]);
    }
    if world.platform.parts.iter().any(|part| part.pending) {
        actions.extend([Action::Verdict(Ruling::Out), Action::Verdict(Ruling::Refused)]);
        if world.left.refusals > 0 {
            actions.push(Action::Verdict(Ruling::GivenUp));
        }
    }
    if world.left.people > 0 {
        actions.extend([Deed::Retry, Deed::Cancel, Deed::Reschedule].map(Action::Person));
        let visible = world.platform.visible();
        if matches!(world.target.state, State::InDoubt | State::Processing) {
            if world.target.listed.is_some() {
                actions.push(Action::Person(Deed::LooksAgain));
            }
            let part = usize::from(open_part(world));
            if visible.get(part).is_some_and(|times| *times > 0) {
                actions.push(Action::Person(Deed::SaysOut));
            }
            let pending = world.platform.parts.iter().any(|part| part.pending);
            if visible.get(part) == Some(&0) && world.is_quiet() && !pending {
                actions.push(Action::Person(Deed::SaysAgain));
            }
        }
    }
    if world.paused {
        actions.push(Action::Resume);
    } else if world.left.pauses > 0 {
        actions.push(Action::Pause);
    }
    if world.left.restores > 0 {
        actions.push(if world.kept.is_some() { Action::Restore } else { Action::BackUp });
    }
    actions.push(Action::Tick);
}

/// Whether the scheduler has something to do.
pub fn is_due(world: &World) -> bool {
    world.target.wake_at.is_some_and(|wake| wake <= NOW)
}

/// A bound on the model: a scheduler is slow to emit again what has not been looked at yet.
fn is_patient(world: &World) -> bool {
    let at_work = world.workers.iter().any(|worker| worker.doing != Doing::Idle);
    world.target.emissions >= 1 && (at_work || !world.messages.is_empty())
}

/// What comes of `action`; `None` if nothing does.
pub fn next(world: &World, action: Action, setup: &Setup) -> Option<World> {
    if action == Action::Tick {
        return world.later(setup);
    }
    let mut next = world.clone();
    match action {
        Action::Worker(place, step) => worker::make(&mut next, place, step, setup),
        Action::Wake(handing) => wake(&mut next, handing, setup),
        Action::GiveBack => {
            next.giving_back = false;
            next.apply(&Command::Postpone { until: at(1), carried: false, limit: None }, setup);
        }
        Action::Double => {
            next.left.doubles -= 1;
            let wait = *next.messages.first()?;
            next.send(wait);
        }
        Action::LoseMessages => {
            next.left.broker -= 1;
            next.messages.clear();
        }
        Action::WipeRedis => {
            next.left.redis -= 1;
            next.hint = None;
            next.orphan_lock = None;
            next.workers.iter_mut().for_each(|worker| worker.locked = false);
        }
        Action::OrphanLands(place) => {
            let flying = next.platform.orphans.remove(place);
            next.platform.land(flying.part, flying.old_key, setup);
        }
        Action::OrphanLost(place) => {
            next.platform.orphans.remove(place);
        }
        Action::Verdict(ruling) => {
            next.left.refusals -= u8::from(ruling == Ruling::GivenUp);
            next.platform.decide(ruling);
        }
        Action::Person(deed) => {
            next.left.people -= 1;
            let answer = next.apply(&command(world, deed, setup), setup);
            if matches!(answer, Answer::Refused(_)) {
                return None;
            }
        }
        Action::Pause => {
            next.left.pauses -= 1;
            next.paused = true;
        }
        Action::Resume => {
            next.paused = false;
            next.apply(&Command::Release { at: NOW }, setup);
        }
        Action::BackUp => next.kept = Some(Box::new(kept(&next.target))),
        Action::Restore => restore(&mut next, setup)?,
        Action::Tick => {}
    }
    next.tidy(setup);
    (next != *world).then_some(next)
}

/// Platform, messages, Redis and whoever is at work stay as they are. Nothing is granted until the gap is marked, so that is one step.
fn restore(world: &mut World, setup: &Setup) -> Option<()> {
    world.left.restores -= 1;
    world.target = *world.kept.take()?;
    world.platform.lose_ties();
    world.workers.iter_mut().for_each(|worker| worker.doing.lose_ties());
    if setup.without != Without::Gap {
        let gap = Gap { since: NOW, until: at(seconds(setup.policy.lease)) };
        world.apply(&Command::Restored { gap }, setup);
    }
    Some(())
}

fn wake(world: &mut World, handing: Handing, setup: &Setup) {
    let emit = world.apply(&Command::Wake, setup) == Answer::Emit;
    match handing {
        Handing::Done if emit => world.send(0),
        Handing::Done => {}
        Handing::Dies => world.left.scheduler -= 1,
        Handing::Refused => {
            world.left.scheduler -= 1;
            world.giving_back = emit;
        }
    }
}

/// The publish point that a person is asked about.
fn open_part(world: &World) -> u16 {
    world.target.armed.as_ref().map_or(world.target.next_part(), |armed| armed.part)
}

fn command(world: &World, deed: Deed, setup: &Setup) -> Command {
    match deed {
        Deed::Retry => Command::Retry,
        Deed::Cancel => Command::Cancel,
        Deed::Reschedule => Command::Reschedule { due_at: at(1), deadline: None, hash: ContentHash([0; 16]) },
        Deed::LooksAgain => Command::LookAgain,
        Deed::SaysOut => {
            let part = open_part(world);
            let last = part + 1 == setup.parts;
            Command::Decide(Decision::Published { receipt: world.platform.receipt(part), last, shared: false })
        }
        Deed::SaysAgain => Command::Decide(Decision::SendAgain { attempt: world.target.attempt }),
    }
}
