//! Commands, answers and targets in few words, for traces and stories.

use domain::{Answer, Command, Decision, Finding, Landed, Next, Outcome, Target};
use ledger::Acceptance;

pub(crate) fn acceptance(answer: &Acceptance) -> &'static str {
    match answer {
        Acceptance::New => "stored",
        Acceptance::Same { .. } => "known already",
        Acceptance::Conflict { .. } => "the key is another's",
    }
}

pub(crate) fn command(command: &Command) -> String {
    match command {
        Command::Wake | Command::WakeAfter { .. } => "wake".into(),
        Command::Begin { .. } => "begin".into(),
        Command::Keep { attempt, .. } => format!("attempt {attempt} stores a handle"),
        Command::Arm { attempt, part, .. } => format!("attempt {attempt} arms part {part}"),
        Command::Out { attempt, part, receipt } => format!("attempt {attempt} has part {part} out as {}", receipt.id),
        Command::Finish { attempt, outcome: came, .. } => format!("attempt {attempt} ends: {}", outcome(came)),
        Command::Postpone { until, .. } => format!("postpone until {until:.3}"),
        Command::Cancel => "cancel".into(),
        Command::Reschedule { due_at, .. } => format!("reschedule to {due_at:.3}"),
        Command::Edit { .. } => "edit".into(),
        Command::Retry => "retry".into(),
        Command::Revive { .. } => "retry, by its dead letter".into(),
        Command::LookAgain => "look again".into(),
        Command::Decide(Decision::Published { receipt, .. }) => format!("decide: it is out as {}", receipt.id),
        Command::Decide(Decision::SendAgain { attempt }) => {
            format!("decide: what attempt {attempt} sent is not out, send it again")
        }
        Command::Release { .. } => "release".into(),
        Command::Restored { gap } => format!("restored: lost since {:.3}", gap.since),
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Published(out) => {
            let ids: Vec<_> = out.iter().map(|(_, receipt)| receipt.id.as_str()).collect();
            format!("published {}", ids.join(" "))
        }
        Outcome::Processing => "still processing".into(),
        Outcome::Failed(failure) => {
            let landed = match failure.landed {
                Landed::No => "not sent",
                Landed::Unknown => "outcome unknown",
                Landed::Yes => "out all the same",
            };
            format!("{} at \"{}\", {landed}", failure.code, failure.step)
        }
        Outcome::NotOut(failure) => format!("given up on at \"{}\": {}", failure.step, failure.code),
        Outcome::Looked { part, finding, .. } => match finding {
            Finding::Found(receipt) => format!("part {part} is found as {}", receipt.id),
            Finding::Absent => format!("part {part} is not there"),
            Finding::CannotTell(why) => format!("part {part}: {why}"),
        },
        Outcome::Released => "given back".into(),
    }
}

pub(crate) fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Emit => "hand it over".into(),
        Answer::Begun(begun) => format!("granted attempt {} to {}", begun.attempt, begun.kind.name()),
        Answer::NotYet(at) => format!("not before {at:.3}"),
        Answer::Busy(until) => format!("busy until {until:.3}"),
        Answer::Drop { .. } => "nothing to do".into(),
        Answer::Done => "done".into(),
        Answer::Lost => "not yours".into(),
        Answer::Finished(Next::Nothing) => "finished".into(),
        Answer::Finished(Next::Carry(at)) => format!("come back at {at:.3}"),
        Answer::Finished(Next::Wait(at)) => format!("the ledger wakes it at {at:.3}"),
        Answer::Finished(Next::Dead) => "a person is needed".into(),
        Answer::Refused(refusal) => format!("refused: {}", refusal.reason()),
    }
}

/// A target as it stands, in one line.
pub(crate) fn standing(target: &Target) -> String {
    let mut said = target.state.to_string();
    if let Some(lease) = &target.lease {
        said += &format!(", leased to {} until {:.3}", lease.worker, lease.until);
    }
    if let Some(armed) = &target.armed {
        said += &format!(", part {} armed by attempt {}", armed.part, armed.attempt);
    }
    if !target.out.is_empty() {
        let ids: Vec<_> = target.out.iter().map(|out| out.receipt.id.as_str()).collect();
        said += &format!(", out as {}", ids.join(" "));
    }
    if let Some(listed) = &target.listed {
        said += &format!(", listed: {}", listed.reason.name());
    }
    said
}
