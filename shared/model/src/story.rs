//! A way through the model, told step by step.

use std::fmt::Write;

use domain::Outcome;

use crate::{
    platform::Ruling,
    setup::Setup,
    step::{Action, Deed, Handing, next},
    worker::Move,
    world::{Doing, Job, World, from_now},
};

/// The kind of platform, the numbered steps of `actions`, and the world they lead to.
pub fn tell(setup: &Setup, actions: &[Action]) -> String {
    let mut story = String::new();
    let Some(mut world) = World::new(setup) else { return story };
    let _ = writeln!(story, "      on {}", setup.platform());
    let mut second = 0;
    for (at, action) in actions.iter().enumerate() {
        let Some(after) = next(&world, *action, setup) else { break };
        let line = words(&world, *action, &after);
        second += i64::from(*action == Action::Tick);
        let state = (after.target.state != world.target.state).then(|| format!("   [{}]", after.target.state));
        let _ = writeln!(story, "{:>4}. {second:>3} s  {line}{}", at + 1, state.unwrap_or_default());
        world = after;
    }
    let _ = write!(story, "      in the end: {}", ending(&world));
    story
}

fn ending(world: &World) -> String {
    let target = &world.target;
    let mut ending = format!("the ledger says {}, attempt {}", target.state, target.attempt);
    if let Some(lease) = &target.lease {
        let _ = write!(ending, ", a {} leased for {} s", lease.kind.name(), from_now(lease.until));
    }
    if let Some(armed) = &target.armed {
        let _ = write!(ending, ", part {} armed {} s ago", armed.part, -from_now(armed.last_at));
    }
    if let Some(listed) = &target.listed {
        let _ = write!(ending, ", listed as {}", listed.reason.name());
    }
    if let Some(wake) = target.wake_at {
        let _ = write!(ending, ", woken in {} s", from_now(wake));
    }
    for (part, times) in world.platform.visible().iter().enumerate() {
        let _ = write!(ending, "; the platform shows part {part} {times} times");
    }
    if let Some(broken) = world.broken {
        let _ = write!(ending, "; found broken on the way: {}", broken.name());
    }
    ending
}

fn words(world: &World, action: Action, after: &World) -> String {
    let text = match action {
        Action::Worker(place, step) => {
            let worker = &world.workers[place];
            // Workers change places: their names tell who is who.
            let same = after.workers.iter().find(|other| other.name.0 == worker.name.0);
            let then = same.map_or(&Doing::Idle, |same| &same.doing);
            return format!("worker {} {}", worker.name.0, does(&worker.doing, step, then, after));
        }
        Action::Wake(Handing::Done) => "a scheduler wakes the target; its message is with the broker",
        Action::Wake(Handing::Dies) => "a scheduler wakes the target and dies before the message is with the broker",
        Action::Wake(Handing::Refused) => "a scheduler wakes the target; the broker refuses the message",
        Action::GiveBack => "the scheduler gives the target back",
        Action::Double => "the broker delivers a message twice",
        Action::LoseMessages => "the broker loses every message",
        Action::WipeRedis => "Redis loses everything",
        Action::OrphanLands(_) => "a request that nobody waits for lands",
        Action::OrphanLost(_) => "a request that nobody waits for is lost",
        Action::Verdict(Ruling::Out) => "the platform decides: it is out",
        Action::Verdict(Ruling::Refused) => "the platform decides: refused",
        Action::Verdict(Ruling::GivenUp) => "the platform gives up on it",
        Action::Person(Deed::Retry) => "an operator presses retry",
        Action::Person(Deed::Cancel) => "its owner cancels it",
        Action::Person(Deed::Reschedule) => "its owner gives it another time",
        Action::Person(Deed::LooksAgain) => "an operator has the platform asked once more",
        Action::Person(Deed::SaysOut) => "an operator sees that it is out, and says so",
        Action::Person(Deed::SaysAgain) => "an operator sees that it is not out, and says: send it again",
        Action::Pause => "an operator pauses everything",
        Action::Resume => "the pause ends",
        Action::BackUp => "the ledger is backed up",
        Action::Restore => "the ledger is put back to its back-up",
        Action::Tick => "a second passes",
    };
    text.to_owned()
}

fn does(doing: &Doing, step: Move, then: &Doing, after: &World) -> String {
    let goes_on = || match doing {
        Doing::Idle => "takes a message".to_owned(),
        Doing::Asking => "asks the ledger for the target".to_owned(),
        Doing::Starting(_) => "looks for a hint".to_owned(),
        Doing::Preparing(job) => prepares(job, then, after),
        Doing::Sending(job, part) => format!("sends part {part}, with {} s of its attempt left", job.leave_by),
        Doing::Waiting(_, part, _) => format!("has part {part} accepted and hears of it"),
        Doing::Proving(_, part, _) => format!("takes note of the proof of part {part}"),
        Doing::Asks(job) => format!("asks the platform ({})", job.kind.name()),
        Doing::Hinting(..) => "leaves a hint".to_owned(),
        Doing::Recording(job, outcome) => format!("records the end of attempt {}: {}", job.attempt, ended(outcome)),
    };
    match step {
        Move::Take | Move::Go => goes_on(),
        Move::Unanswered => format!("{}; the ledger commits, its answer is lost", goes_on()),
        Move::AnswerLost => "has its request land; the answer is lost".to_owned(),
        Move::RequestLost => "has its request lost on the way".to_owned(),
        Move::Cut => "has its connection cut".to_owned(),
        Move::Refused => "is refused, for now".to_owned(),
        Move::RefusedForGood => "is refused for good".to_owned(),
        Move::NoId => "has it accepted without an id".to_owned(),
        Move::Unasked => "cannot ask the platform".to_owned(),
        Move::Late => "has its attempt's time over".to_owned(),
        Move::Die => "dies".to_owned(),
        Move::RecordAndDie => format!("{}, and dies", goes_on()),
    }
}

/// What a worker that prepares has done: `then` is what it does next, `after` the world in which it does.
fn prepares(job: &Job, then: &Doing, after: &World) -> String {
    let stored = after.target.handles.len() > job.handles.len();
    // Attempts are numbered anew in each state.
    let now = then.job().map(|job| job.attempt);
    let armed = after.target.armed.as_ref().filter(|armed| Some(armed.attempt) == now);
    match then {
        Doing::Sending(_, part) if job.armed == Some(*part) => {
            format!("goes on with part {part}, which is armed already")
        }
        Doing::Sending(_, part) if armed.is_some() => format!("arms part {part}: the ledger has its intent to send"),
        Doing::Sending(_, part) => {
            format!("goes on with part {part}; the ledger has no intent of this attempt to send it")
        }
        Doing::Recording(_, Outcome::Published(_)) | Doing::Hinting(..) => "finds nothing left to send".to_owned(),
        Doing::Preparing(_) => "stores a handle".to_owned(),
        _ if stored => "stores a handle".to_owned(),
        _ => armed.map_or_else(|| "may not go on".to_owned(), |armed| format!("arms part {}", armed.part)),
    }
}

fn ended(outcome: &Outcome) -> String {
    use domain::{Finding, Landed};
    match outcome {
        Outcome::Published(proofs) => format!("published, with {} new proofs", proofs.len()),
        Outcome::Processing => "the platform still decides".to_owned(),
        Outcome::Failed(failure) => match failure.landed {
            Landed::No => format!("not sent ({})", failure.code),
            Landed::Unknown => format!("unknown ({})", failure.code),
            Landed::Yes => "out, with a remark".to_owned(),
        },
        Outcome::NotOut(failure) => format!("given up on ({})", failure.code),
        Outcome::Looked { finding: Finding::Found(_), .. } => "found".to_owned(),
        Outcome::Looked { finding: Finding::Absent, .. } => "not there".to_owned(),
        Outcome::Looked { finding: Finding::CannotTell(_), .. } => "cannot tell".to_owned(),
        Outcome::Released => "given back".to_owned(),
    }
}
