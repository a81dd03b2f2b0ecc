//! What can be asked of a target, and what the ledger answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    AttemptKind, ContentHash, Failure, Finding, Gap, OnDoubt, Override, Receipt, RepeatSafety, State, TargetId,
    WorkerName,
};

/// Something asked of one target. [`crate::apply()`] decides; a ledger carries it out as one compare-and-set.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The scheduler: its time to wake has come.
    Wake,
    /// The same, of a scheduler that could not hand over anything for a while.
    WakeAfter {
        /// When.
        outage: Outage,
    },
    /// A worker: may I work on it?
    Begin {
        /// Who asks.
        worker: WorkerName,
        /// What the channel offers against doing a thing twice.
        repeat: RepeatSafety,
        /// Arm the first open publish point at once, under this step's name: saves a write where a repeat is harmless.
        arm: Option<String>,
    },
    /// A worker: store a handle before it is used.
    Keep {
        /// The attempt's number.
        attempt: u32,
        /// Names and values. An empty value removes the handle.
        handles: BTreeMap<String, String>,
    },
    /// A worker: a publish point is about to be called.
    Arm {
        /// The attempt's number.
        attempt: u32,
        /// The step's name.
        step: String,
        /// Which publish point.
        part: u16,
    },
    /// A worker: a publish point is out.
    Out {
        /// The attempt's number.
        attempt: u32,
        /// Which publish point.
        part: u16,
        /// The proof.
        receipt: Receipt,
    },
    /// A worker: the attempt is over.
    Finish {
        /// The attempt's number.
        attempt: u32,
        /// What came of it.
        outcome: Outcome,
        /// What the channel offers against doing a thing twice.
        repeat: RepeatSafety,
        /// What the account wants done about a doubt that nobody can settle.
        on_doubt: OnDoubt,
        /// The attempt's trace context, if its trace is kept.
        trace: Option<String>,
    },
    /// Not before `until`; costs no try.
    Postpone {
        /// Until when.
        until: Timestamp,
        /// A message on its way through the retry tiers brings it back; else the ledger does.
        carried: bool,
        /// The rate limit that it waits for, if it is one: kept as what went wrong last, for whoever asks why it waits or why it
        /// expired. When it ends is by the ledger's clock.
        limit: Option<Failure>,
    },
    /// Its owner: do not publish it.
    Cancel,
    /// Its owner: publish it at another time.
    Reschedule {
        /// The new time.
        due_at: Timestamp,
        /// The new deadline.
        deadline: Option<Timestamp>,
        /// The hash of what is approved now.
        hash: ContentHash,
    },
    /// Its owner: publish something else.
    Edit {
        /// What the target changes of its post from now on.
        changes: Override,
        /// The hash of what is approved now.
        hash: ContentHash,
    },
    /// An operator: try again.
    Retry,
    /// A worker: its dead letter was moved back with the broker's own means. That is a retry, and the ledger itself puts it on the audit
    /// log: nobody else knows of it.
    Revive {
        /// The entry's id, in the order of time (UUIDv7): asked again, it is on record once.
        entry: Uuid,
        /// The broker had handed the letter out before. What is refused then was most likely done at the first time, and is not on record
        /// again.
        again: bool,
    },
    /// An operator: ask the platform once more what became of a target that waits for a person's word.
    LookAgain,
    /// An operator: what happened to a target in doubt.
    Decide(Decision),
    /// A pause has ended: wake at this time.
    Release {
        /// When.
        at: Timestamp,
    },
    /// The ledger was put back to an earlier time, and the target may have been sent since.
    Restored {
        /// Of which time nothing is known.
        gap: Gap,
    },
}

impl Command {
    /// What is asked for, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Wake | Command::WakeAfter { .. } => "wake",
            Command::Begin { .. } => "begin",
            Command::Keep { .. } => "keep",
            Command::Arm { .. } => "arm",
            Command::Out { .. } => "out",
            Command::Finish { .. } => "finish",
            Command::Postpone { .. } => "postpone",
            Command::Cancel => "cancel",
            Command::Reschedule { .. } => "reschedule",
            Command::Edit { .. } => "edit",
            Command::Retry => "retry",
            Command::Revive { .. } => "revive",
            Command::LookAgain => "look again",
            Command::Decide(_) => "decide",
            Command::Release { .. } => "release",
            Command::Restored { .. } => "restored",
        }
    }
}

/// A time in which the broker did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// From then on.
    pub since: Timestamp,
    /// It answers again.
    pub until: Timestamp,
}

/// A person's word on a target in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The publish point in doubt is out.
    Published {
        /// The platform's proof.
        receipt: Receipt,
        /// Nothing is left to send after it; else what is left of the thread goes on.
        last: bool,
        /// It is the post of another target as well: whoever says so knows of that one.
        shared: bool,
    },
    /// What that attempt sent is not out: send it again. Said of another attempt than the newest it is refused: whoever says so has not
    /// looked for what was sent since.
    SendAgain {
        /// The newest attempt that the person knew of when looking.
        attempt: u32,
    },
}

/// What came of an attempt, as the worker saw it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every publish point is out. Those not yet recorded by [`Command::Out`] come with their proofs.
    Published(Vec<(u16, Receipt)>),
    /// Accepted; the platform still decides.
    Processing,
    /// It went wrong.
    Failed(Failure),
    /// The platform gave up on what it had accepted: nothing is out, and another try is worth it.
    NotOut(Failure),
    /// The platform was asked about publish point `part`.
    Looked {
        /// Which publish point.
        part: u16,
        /// What was found.
        finding: Finding,
        /// Nothing is left to send once `part` is out.
        last: bool,
    },
    /// Nothing was done; the worker drains.
    Released,
}

/// What the ledger answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// To `Wake`: hand it to the broker.
    Emit,
    /// To `Begin`: go.
    Begun(Begun),
    /// Its next step is not due before this.
    NotYet(Timestamp),
    /// Another worker holds it until then.
    Busy(Timestamp),
    /// Nothing to do; the message may be acknowledged. A dead letter is due if `listed`.
    Drop {
        /// Where it stands.
        state: State,
        /// It is on the operators' list.
        listed: bool,
    },
    /// Done as asked.
    Done,
    /// The attempt is not the caller's any more, or may not go on: send nothing.
    Lost,
    /// The attempt's end is recorded; this is what the worker does next.
    Finished(Next),
    /// The change that was asked for is refused.
    Refused(Refusal),
}

/// A granted attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Begun {
    /// The attempt's number.
    pub attempt: u32,
    /// What to do.
    pub kind: AttemptKind,
    /// The first open publish point is armed already.
    pub armed: bool,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Next {
    /// Nothing.
    Nothing,
    /// Send it through the retry tiers, to come back at this time.
    Carry(Timestamp),
    /// The ledger wakes it at this time.
    Wait(Timestamp),
    /// A person is needed: a dead letter.
    Dead,
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It is out already.
    AlreadyPublished,
    /// A worker is sending it now.
    BeingPublished,
    /// Whether it is out is not known; settle that first.
    InDoubt,
    /// A part of it is out already.
    PartlyOut,
    /// It is cancelled.
    Cancelled,
    /// Its deadline has passed; give it a new time.
    Expired,
    /// It may have been sent in a time of which the ledger has lost the history.
    Unproven,
    /// It was said of another attempt than the newest.
    Overtaken,
    /// What was named as its proof is on record for another target of the account.
    Taken {
        /// Which.
        by: TargetId,
    },
    /// It is not in a state in which this means anything.
    NotApplicable,
}

impl Refusal {
    /// The reason, for people.
    pub fn reason(self) -> &'static str {
        match self {
            Refusal::AlreadyPublished => "it is published already",
            Refusal::BeingPublished => "a worker is publishing it right now",
            Refusal::InDoubt => {
                "whether it went out is not known; `oncepost resolve --published` settles that at any time, `--send-again` once a \
                 person is asked, and all else comes after"
            }
            Refusal::PartlyOut => "a part of it is out already",
            Refusal::Cancelled => "it was cancelled",
            Refusal::Expired => "its deadline has passed; reschedule it with a new deadline",
            Refusal::Unproven => {
                "the ledger was restored, and it may have gone out before that: it is looked for on its platform when it is due or \
                 retried, and can be changed after that"
            }
            Refusal::Overtaken => {
                "it was tried again since that attempt, and that may be out: look on the platform for the newest one first"
            }
            Refusal::Taken { .. } => "what was named is on record as another target's post",
            Refusal::NotApplicable => "there is nothing to do in its present state",
        }
    }
}
