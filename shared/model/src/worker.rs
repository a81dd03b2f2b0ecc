//! A worker's steps, as `services/worker` makes them: the decisions are the domain's, the order of the steps is mirrored here.

use std::collections::BTreeMap;

use domain::{
    Answer, AttemptKind, Begun, Code, Command, Failure, Finding, Landed, Outcome, PlatformWords, Receipt, RepeatSafety,
    Scope, WorkerName, Worth,
    delivery::{self, Act, Noted, Sent},
};

use crate::{
    platform::{Flying, Ruling},
    setup::{SETTLE, Setup, Without, seconds},
    world::{Doing, Job, NOW, World, from_now},
};

/// The name of the publish point.
const STEP: &str = "publish";

/// What one worker does, or what befalls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Takes a message, and the dedupe lock where there is one.
    Take,
    /// Goes on by one step, and all goes well.
    Go,
    /// The ledger commits, and its answer is lost.
    Unanswered,
    /// The request lands, and its answer is lost.
    AnswerLost,
    /// The request is lost on its way.
    RequestLost,
    /// The connection is cut: nobody waits for the request any more.
    Cut,
    /// The platform refuses and says that it did nothing; another try is worth it.
    Refused,
    /// The platform refuses for good, and says that it did nothing.
    RefusedForGood,
    /// The platform accepts without an id.
    NoId,
    /// The platform could not be asked.
    Unasked,
    /// The attempt's time is over.
    Late,
    /// Dies.
    Die,
    /// Records the end of its attempt, and dies before anything follows.
    RecordAndDie,
}

/// Every move of the worker at `place`.
pub fn moves(world: &World, place: usize, mut push: impl FnMut(Move)) {
    let (doing, left) = (&world.workers[place].doing, &world.left);
    match doing {
        Doing::Idle => {
            // Two idle workers are the same: one of them takes the message.
            let first = world.workers.iter().position(|worker| worker.doing == Doing::Idle) == Some(place);
            if first && world.messages.first() == Some(&0) {
                push(Move::Take);
            }
            return;
        }
        Doing::Waiting(job, _, flying) => {
            if flying.is_some() {
                push(Move::Go);
                if left.losses > 0 {
                    push(Move::AnswerLost);
                    push(Move::RequestLost);
                    push(Move::Cut);
                }
                if left.refusals > 0 {
                    push(Move::Refused);
                    push(Move::RefusedForGood);
                    push(Move::NoId);
                }
            } else {
                push(Move::Cut);
            }
            if job.leave_by == 0 && flying.is_some() {
                push(Move::Late);
            }
        }
        Doing::Preparing(job) | Doing::Sending(job, _) => {
            push(Move::Go);
            if job.leave_by == 0 {
                push(Move::Late);
            }
        }
        Doing::Asks(_) => {
            push(Move::Go);
            if left.losses > 0 {
                push(Move::Unasked);
            }
        }
        _ => push(Move::Go),
    }
    let asks_the_ledger =
        matches!(doing, Doing::Asking | Doing::Preparing(_) | Doing::Proving(..) | Doing::Recording(..));
    if left.ledger > 0 && asks_the_ledger {
        push(Move::Unanswered);
    }
    if left.crashes > 0 {
        push(Move::Die);
        if matches!(doing, Doing::Recording(..)) {
            push(Move::RecordAndDie);
        }
    }
}

/// Makes `step`.
pub fn make(world: &mut World, place: usize, step: Move, setup: &Setup) {
    let doing = std::mem::replace(&mut world.workers[place].doing, Doing::Idle);
    let after = match (doing, step) {
        (doing, Move::Die) => return die(world, place, doing, setup),
        (Doing::Recording(job, outcome), Move::RecordAndDie) => {
            finish(world, &job, &outcome, setup);
            return die(world, place, Doing::Asking, setup);
        }
        (Doing::Idle, _) => take(world, place, setup),
        (Doing::Asking, step) => ask(world, step, setup),
        (Doing::Starting(job), _) => start(world, job, setup),
        (Doing::Preparing(job), step) => prepare(world, job, step, setup),
        (Doing::Sending(job, part), step) => send(job, part, step, setup),
        (Doing::Waiting(job, part, flying), step) => answered(world, job, part, flying, step, setup),
        (Doing::Proving(job, part, receipt), step) => prove(world, job, part, receipt, step, setup),
        (Doing::Asks(job), step) => look(world, job, step, setup),
        (Doing::Hinting(job, outcome), _) => {
            if let Outcome::Published(proofs) = &outcome {
                world.hint = Some(proofs.clone());
            }
            Doing::Recording(job, outcome)
        }
        (Doing::Recording(job, outcome), step) => record(world, job, outcome, step, setup),
    };
    let idle = after == Doing::Idle;
    world.workers[place].doing = after;
    if idle {
        world.workers[place].locked = false;
    }
}

/// Its message comes back, its request flies on, and its lock stays until it ends.
fn die(world: &mut World, place: usize, doing: Doing, setup: &Setup) {
    world.left.crashes -= 1;
    world.send(0);
    if std::mem::take(&mut world.workers[place].locked) {
        world.orphan_lock = Some(seconds(setup.policy.lease));
    }
    if let Doing::Waiting(_, _, Some(flying)) = doing {
        orphan(world, flying);
    }
}

fn orphan(world: &mut World, flying: Flying) {
    world.platform.orphans.push(flying);
    world.platform.orphans.sort_unstable();
}

/// With Redis, the lock comes first. Another's lock sends the message on its way.
fn take(world: &mut World, place: usize, setup: &Setup) -> Doing {
    world.messages.remove(0);
    if setup.redis {
        if world.is_locked() {
            world.send(1);
            return Doing::Idle;
        }
        world.workers[place].locked = true;
    }
    Doing::Asking
}

/// The message waits in a retry tier, or is dropped where the ledger keeps the wait. A wait that is over goes on at once.
fn come_back(world: &mut World, at: i64, setup: &Setup) -> Doing {
    if at <= 0 {
        return Doing::Asking;
    }
    if at <= seconds(setup.policy.longest_carry) {
        world.send(at);
    }
    Doing::Idle
}

fn ask(world: &mut World, step: Move, setup: &Setup) -> Doing {
    let Ok(worker) = WorkerName::new("worker") else { return Doing::Idle };
    if setup.without == Without::TakeOver && world.target.live_lease(NOW).is_none() && world.target.lease.is_some() {
        world.target.armed = None;
    }
    let begin = Command::Begin {
        worker,
        repeat: setup.told(),
        arm: (setup.arms_early && setup.without != Without::Intent).then(|| STEP.to_owned()),
    };
    let answer = world.apply(&begin, setup);
    if step == Move::Unanswered {
        world.left.ledger -= 1;
        return Doing::Asking;
    }
    match delivery::after_begin(&answer) {
        Act::Attempt(begun) => begin_job(world, &begun, setup),
        Act::ComeBack(at) => come_back(world, from_now(at), setup),
        Act::MakeWay(until) => {
            world.send(from_now(until).max(1));
            Doing::Idle
        }
        Act::Bury | Act::Drop => Doing::Idle,
    }
}

fn begin_job(world: &World, begun: &Begun, setup: &Setup) -> Doing {
    let target = &world.target;
    let armed = target.armed.as_ref().map(|armed| armed.part);
    let job = Job {
        attempt: begun.attempt,
        kind: begun.kind,
        leave_by: setup.attempt_limit(),
        armed: begun.armed.then_some(armed).flatten(),
        asked: armed.unwrap_or_else(|| target.next_part()),
        handles: (0..setup.parts).filter(|part| target.handles.contains_key(&part.to_string())).collect(),
        out: target.out.iter().map(|out| out.part).collect(),
        at_publish_point: false,
        unrecorded: Vec::new(),
        old_key: false,
    };
    // A hint is looked for by all who settle; where there is no Redis, there is nothing to look for.
    if begun.kind != AttemptKind::Send && setup.redis { Doing::Starting(job) } else { carry_out(job) }
}

fn carry_out(job: Job) -> Doing {
    match job.kind {
        AttemptKind::Send | AttemptKind::Repeat => Doing::Preparing(job),
        AttemptKind::Look | AttemptKind::Poll => Doing::Asks(job),
    }
}

fn start(world: &World, job: Job, setup: &Setup) -> Doing {
    match &world.hint {
        // After a restore it counts for its own parts only.
        Some(out) if world.target.gap.is_some() => match out.iter().find(|(part, _)| *part == job.asked).cloned() {
            Some((part, receipt)) => {
                let last = part + 1 == setup.parts;
                Doing::Recording(job, Outcome::Looked { part, finding: Finding::Found(receipt), last })
            }
            None => carry_out(job),
        },
        Some(out) => Doing::Recording(job, Outcome::Published(out.clone())),
        None => carry_out(job),
    }
}

/// One call of the ledger, or the end where nothing is left to send.
fn prepare(world: &mut World, mut job: Job, step: Move, setup: &Setup) -> Doing {
    let Some(part) = (0..setup.parts).find(|part| !job.out.contains(part)) else {
        return ended(job, Sent::Out, setup);
    };
    if step == Move::Late {
        return ended(job, Sent::OutOfTime, setup);
    }
    let by_handle = matches!(setup.repeat, RepeatSafety::Handle { .. });
    let stores = by_handle && !job.handles.contains(&part);
    let checks_lease = setup.without != Without::LeaseCheck;
    let command = if stores {
        Command::Keep { attempt: job.attempt, handles: BTreeMap::from([(part.to_string(), "h".to_owned())]) }
    } else if job.armed.take() == Some(part) {
        job.at_publish_point = true;
        return Doing::Sending(job, part);
    } else if checks_lease && job.leave_by == 0 {
        return ended(job, Sent::Failed(lease_lost()), setup);
    } else if setup.without == Without::Intent {
        job.at_publish_point = true;
        return Doing::Sending(job, part);
    } else {
        Command::Arm { attempt: job.attempt, step: STEP.to_owned(), part }
    };
    let answer = world.apply(&command, setup);
    if step == Move::Unanswered {
        world.left.ledger -= 1;
        let hiccup = Failure::system(Code::OWN_HICCUP, STEP, "");
        return ended(job, Sent::Failed(hiccup), setup);
    }
    if answer != Answer::Done && checks_lease {
        return ended(job, Sent::Failed(lease_lost()), setup);
    }
    if stores {
        job.handles.push(part);
        job.handles.sort_unstable();
        return Doing::Preparing(job);
    }
    job.at_publish_point = true;
    Doing::Sending(job, part)
}

/// The lease is looked at and the request goes out, in one step.
fn send(mut job: Job, part: u16, step: Move, setup: &Setup) -> Doing {
    if step == Move::Late {
        return concluded(job, Sent::OutOfTime, setup);
    }
    if job.leave_by == 0 && setup.without != Without::LeaseCheck {
        job.at_publish_point = false;
        return concluded(job, Sent::Failed(lease_lost()), setup);
    }
    let (done_in, old_key) = (job.leave_by + SETTLE, job.old_key);
    Doing::Waiting(job, part, Some(Flying { part, done_in, old_key }))
}

fn answered(world: &mut World, job: Job, part: u16, flying: Option<Flying>, step: Move, setup: &Setup) -> Doing {
    match (step, flying) {
        (Move::Go, Some(flying)) => {
            world.platform.land(part, flying.old_key, setup);
            if setup.decides_later && world.platform.parts[usize::from(part)].pending {
                return ended(job, Sent::Processing, setup);
            }
            proven(job, part, world.platform.receipt(part), setup)
        }
        (Move::NoId, Some(flying)) => {
            world.left.refusals -= 1;
            world.platform.land(part, flying.old_key, setup);
            proven(job, part, Receipt { id: String::new(), url: None }, setup)
        }
        (Move::AnswerLost, Some(flying)) => {
            world.left.losses -= 1;
            world.platform.land(part, flying.old_key, setup);
            Doing::Waiting(job, part, None)
        }
        (Move::RequestLost, Some(_)) => {
            world.left.losses -= 1;
            Doing::Waiting(job, part, None)
        }
        (Move::Refused | Move::RefusedForGood, _) => {
            world.left.refusals -= 1;
            let worth = if step == Move::Refused { Worth::Retry { not_before: None } } else { Worth::Never };
            let failure = failure(Code::CONTENT_REFUSED, Landed::No, worth, Scope::Channel);
            ended(job, Sent::Failed(failure), setup)
        }
        (step, flying) => {
            if let Some(flying) = flying {
                let done_in = if step == Move::Cut { flying.done_in.min(SETTLE) } else { flying.done_in };
                orphan(world, Flying { done_in, ..flying });
            }
            if step == Move::Late {
                return ended(job, Sent::OutOfTime, setup);
            }
            if flying.is_some() {
                world.left.losses -= 1;
            }
            let unknown = failure(Code::NO_ANSWER, Landed::Unknown, Worth::Retry { not_before: None }, Scope::Channel);
            ended(job, Sent::Failed(unknown), setup)
        }
    }
}

/// The last part's proof is recorded with the attempt's end; an earlier one's before anything else is sent.
fn proven(mut job: Job, part: u16, receipt: Receipt, setup: &Setup) -> Doing {
    if part + 1 == setup.parts {
        job.out.push(part);
        job.at_publish_point = false;
        job.unrecorded.push((part, receipt));
        return ended(job, Sent::Out, setup);
    }
    if !receipt.is_proof() {
        let no_proof = failure(Code::NO_PROOF, Landed::Unknown, Worth::Retry { not_before: None }, Scope::Channel);
        return ended(job, Sent::Failed(no_proof), setup);
    }
    Doing::Proving(job, part, receipt)
}

fn prove(world: &mut World, mut job: Job, part: u16, receipt: Receipt, step: Move, setup: &Setup) -> Doing {
    let answer = world.apply(&Command::Out { attempt: job.attempt, part, receipt: receipt.clone() }, setup);
    if step == Move::Unanswered {
        world.left.ledger -= 1;
        return Doing::Proving(job, part, receipt);
    }
    job.out.push(part);
    job.at_publish_point = false;
    match answer {
        Answer::Done => Doing::Preparing(job),
        _ => ended(job, Sent::Failed(lease_lost()), setup),
    }
}

fn look(world: &mut World, job: Job, step: Move, setup: &Setup) -> Doing {
    let part = job.asked;
    if step == Move::Unasked {
        world.left.losses -= 1;
        let unasked = failure(Code::LOOK_FAILED, Landed::No, Worth::Retry { not_before: None }, Scope::Channel);
        let outcome =
            if job.kind == AttemptKind::Poll { Outcome::Failed(unasked) } else { delivery::look_failed(unasked) };
        return Doing::Recording(job, outcome);
    }
    let known = &world.platform.parts[usize::from(part)];
    let outcome = match job.kind {
        AttemptKind::Poll if known.visible > 0 => delivery::decided(part, world.platform.receipt(part), setup.parts),
        AttemptKind::Poll => match known.denied {
            Some(Ruling::GivenUp) => {
                let again = Worth::Retry { not_before: None };
                Outcome::NotOut(failure(Code::OUT_OF_ORDER, Landed::No, again, Scope::Channel))
            }
            Some(_) => Outcome::Failed(failure(Code::CONTENT_REFUSED, Landed::No, Worth::Never, Scope::Post)),
            None => Outcome::Processing,
        },
        _ => {
            let finding = match setup.repeat {
                RepeatSafety::Nothing | RepeatSafety::PlatformKey { afterwards: None, .. } => {
                    Finding::CannotTell("the platform cannot be asked".into())
                }
                _ => world.platform.look(part, setup),
            };
            Outcome::Looked { part, finding, last: part + 1 == setup.parts }
        }
    };
    Doing::Recording(job, outcome)
}

/// How sending ended, and the hint that is left of it.
fn ended(job: Job, sent: Sent, setup: &Setup) -> Doing {
    match concluded(job, sent, setup) {
        Doing::Recording(job, Outcome::Published(proofs)) if setup.redis && !proofs.is_empty() => {
            Doing::Hinting(job, Outcome::Published(proofs))
        }
        other => other,
    }
}

fn concluded(mut job: Job, sent: Sent, setup: &Setup) -> Doing {
    let noted = Noted {
        everything_out: (0..setup.parts).all(|part| job.out.contains(&part)),
        at_publish_point: job.at_publish_point.then_some(STEP),
        unrecorded: std::mem::take(&mut job.unrecorded),
        stopping: false,
    };
    match delivery::outcome(sent, noted) {
        Some(Outcome::Failed(failure)) if setup.without == Without::Doubt => {
            Doing::Recording(job, Outcome::Failed(Failure { landed: Landed::No, ..failure }))
        }
        Some(outcome) => Doing::Recording(job, outcome),
        None => Doing::Idle,
    }
}

fn finish(world: &mut World, job: &Job, outcome: &Outcome, setup: &Setup) -> Answer {
    let finish = Command::Finish {
        attempt: job.attempt,
        outcome: outcome.clone(),
        repeat: setup.told(),
        on_doubt: setup.on_doubt,
        trace: None,
    };
    world.apply(&finish, setup)
}

fn record(world: &mut World, job: Job, outcome: Outcome, step: Move, setup: &Setup) -> Doing {
    let answer = finish(world, &job, &outcome, setup);
    if step == Move::Unanswered {
        world.left.ledger -= 1;
        return Doing::Recording(job, outcome);
    }
    match delivery::after_finish(&answer, world.target.listed.is_some()) {
        Act::ComeBack(at) => come_back(world, from_now(at), setup),
        _ => Doing::Idle,
    }
}

fn lease_lost() -> Failure {
    Failure::system(Code::LEASE_LOST, "check the lease", "")
}

fn failure(code: Code, landed: Landed, worth: Worth, scope: Scope) -> Failure {
    Failure { code, landed, worth, scope, step: STEP.into(), said: PlatformWords::default() }
}
