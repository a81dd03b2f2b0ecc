//! The promises as named checks, each defined once: the model check, the simulation, the drills on real servers and the sweep
//! in production all ask these functions and no others.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Policy, Receipt, State, Target};

/// A promise that was found broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Violation {
    /// P1: a publish point is out more than once.
    NoDuplicate,
    /// P2: a target that nobody will ever touch, or whose next step is long overdue.
    NoSilentMiss,
    /// P3: a target whose next step rests on something other than the ledger.
    LedgerAlone,
    /// Published without proof.
    ProofOfPublish,
    /// What the ledger says is not what the platform shows.
    TrueReport,
    /// A move between states that the table does not allow.
    LegalMove,
}

impl Violation {
    /// Every promise that can be found broken.
    pub const ALL: [Violation; 6] = [
        Violation::NoDuplicate,
        Violation::NoSilentMiss,
        Violation::LedgerAlone,
        Violation::ProofOfPublish,
        Violation::TrueReport,
        Violation::LegalMove,
    ];

    /// The violation's name, as the metric's label.
    pub fn name(self) -> &'static str {
        match self {
            Violation::NoDuplicate => "no_duplicate",
            Violation::NoSilentMiss => "no_silent_miss",
            Violation::LedgerAlone => "ledger_alone",
            Violation::ProofOfPublish => "proof_of_publish",
            Violation::TrueReport => "true_report",
            Violation::LegalMove => "legal_move",
        }
    }

    /// What must hold, for people.
    pub fn promise(self) -> &'static str {
        match self {
            Violation::NoDuplicate => "P1: no publish point is out more than once",
            Violation::NoSilentMiss => {
                "P2: every target waits with a time, is in flight, is at an end, or is with a person; nothing is overdue"
            }
            Violation::LedgerAlone => {
                "P3: the ledger alone brings every target to its next step, whatever else is lost"
            }
            Violation::ProofOfPublish => "published means that the platform's id is on record for every part",
            Violation::TrueReport => "what the ledger calls published is out, and what it calls ended is not",
            Violation::LegalMove => "a target moves between states only as the table allows",
        }
    }
}

/// P1, as a platform counts: `visible` says how often each publish point of a target is to be seen.
///
/// # Errors
/// One of them is out twice.
pub fn no_duplicate(visible: &[usize]) -> Result<(), Violation> {
    holds(visible.iter().all(|times| *times <= 1), Violation::NoDuplicate)
}

/// P1, as the ledger sees it: a publish point has one proof. `told` is what somebody says of a point that is `known` to be out.
///
/// # Errors
/// It names another id: the point is out twice.
pub fn one_proof(known: &Receipt, told: &Receipt) -> Result<(), Violation> {
    holds(known.id == told.id, Violation::NoDuplicate)
}

/// P2: the target is waiting with a time, in flight with a lease that somebody will look at, terminal, or on the
/// operators' list. Held targets wait for their pause to end, and are looked at until it does.
///
/// # Errors
/// It is none of these.
pub fn no_silent_miss(target: &Target) -> Result<(), Violation> {
    let accounted = match target.state {
        State::Published | State::Cancelled | State::Expired => true,
        State::Failed => target.listed.is_some(),
        State::Scheduled | State::Queued | State::Retrying | State::Held => target.wake_at.is_some(),
        State::Publishing => target.lease.is_some() && target.wake_at.is_some(),
        State::Processing | State::InDoubt => target.wake_at.is_some() || target.listed.is_some(),
    };
    holds(accounted, Violation::NoSilentMiss)
}

/// P2 over time: whether its next step is overdue by more than `patience`; `now` is the ledger's.
pub fn is_overdue(target: &Target, now: Timestamp, patience: Duration) -> bool {
    target.wake_at.is_some_and(|wake| later(wake, patience) < now)
}

/// P3: whatever carries a target at the moment (a message, a lock, a worker), the ledger acts by itself not long after the
/// carrier should have, so that all of them may be lost.
///
/// # Errors
/// The ledger would look at it too late, as if it trusted somebody else to.
pub fn ledger_alone(target: &Target, now: Timestamp, policy: &Policy) -> Result<(), Violation> {
    let Some(wake_at) = target.wake_at else { return Ok(()) };
    let lease = target.lease.as_ref().map_or(now, |lease| lease.until);
    let carried = target.next_at.unwrap_or(now).max(lease).max(now);
    holds(wake_at <= later(carried, policy.longest_patience()), Violation::LedgerAlone)
}

/// A published target carries the platform's id for every part that is out, and at least one.
///
/// # Errors
/// A proof is missing.
pub fn proof_of_publish(target: &Target) -> Result<(), Violation> {
    let proven = target.state != State::Published
        || (!target.out.is_empty() && target.out.iter().all(|part| part.receipt.is_proof()));
    holds(proven, Violation::ProofOfPublish)
}

/// What the ledger says and what the platform shows are the same: a published target is out in all its parts; one that has
/// failed, was cancelled or has expired shows the parts that the ledger has on record as out, and no other.
///
/// A target whose outcome is not known, or that is still under way, says nothing yet, except for what it has on record; nor does one
/// that may have been sent in a gap.
///
/// # Errors
/// They differ.
pub fn true_report(target: &Target, visible: &[usize]) -> Result<(), Violation> {
    let shown = |part: usize| visible.get(part).is_some_and(|times| *times > 0);
    let recorded = |part: usize| target.out.iter().any(|out| usize::from(out.part) == part);
    let parts = 0..visible.len();
    let agrees = match target.state {
        State::Published => parts.clone().all(shown),
        State::Failed | State::Cancelled | State::Expired if target.gap.is_none() => {
            parts.clone().all(|part| shown(part) == recorded(part))
        }
        _ => true,
    };
    holds(agrees && parts.clone().all(|part| shown(part) || !recorded(part)), Violation::TrueReport)
}

/// Every check that the ledger can hold one target against by itself.
///
/// # Errors
/// The first promise that is broken.
pub fn check(target: &Target, now: Timestamp, policy: &Policy) -> Result<(), Violation> {
    no_silent_miss(target)?;
    ledger_alone(target, now, policy)?;
    proof_of_publish(target)
}

/// Every check that one target and what its platform shows of it can be held against.
///
/// # Errors
/// The first promise that is broken.
pub fn check_against(target: &Target, visible: &[usize], now: Timestamp, policy: &Policy) -> Result<(), Violation> {
    no_duplicate(visible)?;
    check(target, now, policy)?;
    true_report(target, visible)
}

fn holds(holds: bool, violation: Violation) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(violation) }
}

fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttemptKind, Lease, ListReason, Listed, PartOut, WorkerName, target::fixtures::target};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(state: State) -> Target {
        Target { state, ..target() }
    }

    fn listed(state: State) -> Target {
        Target { listed: Some(Listed { reason: ListReason::Permanent, at: NOW }), wake_at: None, ..at(state) }
    }

    fn out(id: &str) -> Vec<PartOut> {
        vec![PartOut { part: 0, receipt: Receipt { id: id.into(), url: None }, at: NOW }]
    }

    fn lease(until: Timestamp) -> Option<Lease> {
        Some(Lease { worker: WorkerName::new("w").unwrap(), kind: AttemptKind::Send, since: NOW, until })
    }

    #[test]
    fn names_are_distinct_and_every_promise_has_words() {
        let names: std::collections::BTreeSet<_> = Violation::ALL.iter().map(|violation| violation.name()).collect();
        assert_eq!(names.len(), Violation::ALL.len());
        let promises: std::collections::BTreeSet<_> = Violation::ALL.iter().map(|one| one.promise()).collect();
        assert_eq!(promises.len(), Violation::ALL.len());
        assert!(promises.iter().all(|promise| promise.len() > 20));
    }

    #[test]
    fn p1_twice_is_one_too_many() {
        assert_eq!(no_duplicate(&[]), Ok(()));
        assert_eq!(no_duplicate(&[1, 0, 1]), Ok(()));
        assert_eq!(no_duplicate(&[1, 2]), Err(Violation::NoDuplicate));
    }

    #[test]
    fn p1_a_second_proof_must_be_the_first_one_again() {
        let proof = |id: &str, url: Option<&str>| Receipt { id: id.into(), url: url.map(str::to_owned) };
        assert_eq!(one_proof(&proof("p1", None), &proof("p1", Some("https://example.org/p1"))), Ok(()));
        assert_eq!(one_proof(&proof("p1", None), &proof("p2", None)), Err(Violation::NoDuplicate));
    }

    #[test]
    fn p2_in_every_state_somebody_will_act() {
        for state in State::ALL {
            let asleep = Target { wake_at: None, lease: None, ..at(state) };
            let at_rest = matches!(state, State::Published | State::Cancelled | State::Expired);
            assert_eq!(no_silent_miss(&asleep).is_ok(), at_rest, "{state} with nothing to come");
            let with_person = matches!(state, State::Failed | State::Processing | State::InDoubt);
            assert_eq!(no_silent_miss(&listed(state)).is_ok(), at_rest || with_person, "{state} on the list");
            let waits = !matches!(state, State::Failed | State::Publishing);
            assert_eq!(no_silent_miss(&at(state)).is_ok(), waits, "{state} with a time");
        }
        assert_eq!(no_silent_miss(&Target { lease: lease(NOW), ..at(State::Publishing) }), Ok(()));
        let unlooked = Target { lease: lease(NOW), wake_at: None, ..at(State::Publishing) };
        assert_eq!(no_silent_miss(&unlooked), Err(Violation::NoSilentMiss));
    }

    #[test]
    fn p2_overdue_is_what_is_later_than_patience() {
        let patience = Duration::from_secs(300);
        let late = |seconds: u64| is_overdue(&at(State::Queued), NOW + Duration::from_secs(seconds), patience);
        assert!(!late(300));
        assert!(late(301));
        assert!(!is_overdue(&listed(State::Failed), NOW + patience * 2, patience));
    }

    #[test]
    fn p3_the_ledger_acts_not_long_after_the_carrier_should_have() {
        let policy = Policy::default();
        let last = policy.longest_patience();
        let waking = |after: Duration| Target { wake_at: Some(NOW + after), next_at: None, ..at(State::Queued) };
        assert_eq!(ledger_alone(&waking(last), NOW, &policy), Ok(()));
        let late = last + Duration::from_millis(1);
        assert_eq!(ledger_alone(&waking(late), NOW, &policy), Err(Violation::LedgerAlone));
        // A step that is far off, or a lease that is long, is waited for.
        let step = Target { next_at: Some(NOW + Duration::from_millis(1)), ..waking(late) };
        assert_eq!(ledger_alone(&step, NOW, &policy), Ok(()));
        let leased = Target { lease: lease(NOW + Duration::from_millis(1)), ..waking(late) };
        assert_eq!(ledger_alone(&leased, NOW, &policy), Ok(()));
        assert_eq!(ledger_alone(&listed(State::Failed), NOW, &policy), Ok(()));
    }

    #[test]
    fn o10_published_without_an_id_is_a_lie() {
        let published = at(State::Published);
        assert_eq!(proof_of_publish(&published), Err(Violation::ProofOfPublish));
        assert_eq!(proof_of_publish(&Target { out: out(""), ..published.clone() }), Err(Violation::ProofOfPublish));
        assert_eq!(proof_of_publish(&Target { out: out("p1"), ..published }), Ok(()));
        assert_eq!(proof_of_publish(&at(State::Queued)), Ok(()));
    }

    #[test]
    fn the_ledger_and_the_platform_say_the_same() {
        let proven = |state| Target { out: out("p1"), ..at(state) };
        assert_eq!(true_report(&proven(State::Published), &[1]), Ok(()));
        assert_eq!(true_report(&proven(State::Published), &[0]), Err(Violation::TrueReport));
        assert_eq!(true_report(&proven(State::Published), &[1, 0]), Err(Violation::TrueReport), "a part is missing");
        for state in [State::Failed, State::Cancelled, State::Expired] {
            assert_eq!(true_report(&at(state), &[0, 0]), Ok(()), "{state}");
            assert_eq!(true_report(&at(state), &[1, 0]), Err(Violation::TrueReport), "{state}, but out");
            assert_eq!(true_report(&proven(state), &[1, 0]), Ok(()), "{state}, with the part on record");
        }
        assert_eq!(true_report(&at(State::InDoubt), &[1]), Ok(()), "a doubt claims nothing");
        let gap = Some(crate::Gap { since: NOW, until: NOW });
        assert_eq!(true_report(&Target { gap, ..at(State::Failed) }, &[1]), Ok(()), "it failed before the gap");
        assert_eq!(true_report(&proven(State::Retrying), &[0, 0]), Err(Violation::TrueReport), "on record, not there");
    }

    #[test]
    fn the_first_broken_promise_is_told() {
        let policy = Policy::default();
        let (good, bad) = (Target { out: out("p1"), ..at(State::Published) }, at(State::Published));
        assert_eq!(check(&good, NOW, &policy), Ok(()));
        assert_eq!(check(&bad, NOW, &policy), Err(Violation::ProofOfPublish));
        assert_eq!(check(&at(State::Failed), NOW, &policy), Err(Violation::NoSilentMiss));
        let late = NOW + policy.longest_patience() * 2;
        let trusting = Target { wake_at: Some(late), ..at(State::Queued) };
        assert_eq!(check(&trusting, NOW, &policy), Err(Violation::LedgerAlone));
        assert_eq!(check_against(&good, &[1], NOW, &policy), Ok(()));
        assert_eq!(check_against(&good, &[2], NOW, &policy), Err(Violation::NoDuplicate));
        assert_eq!(check_against(&good, &[0], NOW, &policy), Err(Violation::TrueReport));
        assert_eq!(check_against(&bad, &[1], NOW, &policy), Err(Violation::ProofOfPublish));
    }
}
