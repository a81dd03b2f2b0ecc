//! The promises as named checks, each defined once: used by tests, by the sweep in production, and by every proof.

use jiff::Timestamp;

use crate::{State, Target};

/// A promise that was found broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Violation {
    /// P1: a second proof for a publish point that already had another.
    NoDuplicate,
    /// P2: a target that nobody will ever touch.
    NoSilentMiss,
    /// Published without proof.
    ProofOfPublish,
    /// A move between states that the table does not allow.
    LegalMove,
}

impl Violation {
    /// The violation's name, as the metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Violation::NoDuplicate => "no_duplicate",
            Violation::NoSilentMiss => "no_silent_miss",
            Violation::ProofOfPublish => "proof_of_publish",
            Violation::LegalMove => "legal_move",
        }
    }
}

/// P2: the target is waiting with a time, in flight with a lease that somebody will look at, terminal, or on the
/// operators' list. Held targets wait for their pause to end, and are looked at until it does.
pub fn no_silent_miss(target: &Target) -> Result<(), Violation> {
    let accounted = match target.state {
        State::Published | State::Cancelled | State::Expired => true,
        State::Failed => target.listed.is_some(),
        State::Scheduled | State::Queued | State::Retrying | State::Held => target.wake_at.is_some(),
        State::Publishing => target.lease.is_some() && target.wake_at.is_some(),
        State::Processing | State::InDoubt => target.wake_at.is_some() || target.listed.is_some(),
    };
    if accounted { Ok(()) } else { Err(Violation::NoSilentMiss) }
}

/// A published target carries the platform's id for every part that is out, and at least one.
pub fn proof_of_publish(target: &Target) -> Result<(), Violation> {
    let proven = target.state != State::Published
        || (!target.out.is_empty() && target.out.iter().all(|part| part.receipt.is_proof()));
    if proven { Ok(()) } else { Err(Violation::ProofOfPublish) }
}

/// P2 over time: nothing is overdue for longer than `patience`; `now` is the ledger's.
pub fn is_overdue(target: &Target, now: Timestamp, patience: std::time::Duration) -> bool {
    target.wake_at.is_some_and(|wake| wake.saturating_add(patience).unwrap_or(Timestamp::MAX) < now)
}

/// Every check that one target can be held against.
pub fn check(target: &Target) -> Result<(), Violation> {
    no_silent_miss(target)?;
    proof_of_publish(target)
}
