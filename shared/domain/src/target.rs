//! A target as the ledger keeps it: everything that decisions read.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AppId, AttemptKind, ChannelName, ContentHash, Failure, Gap, PartOut, Policy, PostId, State, TargetId,
    TenantId, WorkerName,
};

/// One post on one account of one channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The post it belongs to.
    pub post: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it goes.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// Through which of our registrations with the platform.
    pub app: Option<AppId>,
    /// Where it stands.
    pub state: State,
    /// Grows with every accepted edit, reschedule or cancel.
    pub revision: u32,
    /// When it should go out.
    pub due_at: Timestamp,
    /// After this it expires instead of going out stale.
    pub deadline: Option<Timestamp>,
    /// When its next step is due. `None` when nothing more happens by itself.
    pub next_at: Option<Timestamp>,
    /// When the scheduler must act if nobody else has. `None` when nobody has to.
    pub wake_at: Option<Timestamp>,
    /// What was approved.
    pub hash: ContentHash,
    /// The newest attempt's number: the fencing token. 0 before the first.
    pub attempt: u32,
    /// Tries used of [`crate::Policy::max_tries`].
    pub tries: u16,
    /// Looks used of [`crate::Policy::max_looks`] since the doubt arose.
    pub looks: u16,
    /// How often it was handed to the broker since its last step.
    pub emissions: u16,
    /// Who holds it.
    pub lease: Option<Lease>,
    /// The publish point whose outcome is not known: about to be called, or called without a clear answer.
    pub armed: Option<Armed>,
    /// What the platform gave us to find a publish again, stored before it was used.
    pub handles: BTreeMap<String, String>,
    /// The publish points that are out.
    pub out: Vec<PartOut>,
    /// Why a person is needed.
    pub listed: Option<Listed>,
    /// The last thing that went wrong.
    pub last_failure: Option<Failure>,
    /// It may have been sent in a time of which the ledger has lost the history: it is looked for before anything is sent.
    pub gap: Option<Gap>,
    /// The upstream's trace context, so that one trace spans schedule to result.
    pub trace: Option<String>,
    /// The trace context of the newest attempt that said how it ended, if its trace is kept: what the next one follows.
    pub follows: Option<String>,
}

/// The right to work on a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    /// Who.
    pub worker: WorkerName,
    /// What for.
    pub kind: AttemptKind,
    /// Since when.
    pub since: Timestamp,
    /// Until when, unless the work ends sooner.
    pub until: Timestamp,
}

/// A publish point that was called, or is about to be, and whose outcome is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Armed {
    /// The step's name, as `create status`.
    pub step: String,
    /// Which publish point: 0 is the post, 1… the thread's further parts.
    pub part: u16,
    /// The attempt that armed it first.
    pub attempt: u32,
    /// When it was armed first: the platform's key window counts from here.
    #[schemars(with = "crate::Rfc3339")]
    pub first_at: Timestamp,
    /// When it may have been called last: when it was armed, and, once its attempt has ended or was lost, when that ended.
    /// Settling counts from here.
    #[schemars(with = "crate::Rfc3339")]
    pub last_at: Timestamp,
}

/// An entry on the operators' list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// Why a person is needed.
    pub reason: ListReason,
    /// Since when.
    #[schemars(with = "crate::Rfc3339")]
    pub at: Timestamp,
}

/// Why a person is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListReason {
    /// It cannot go out as it is.
    Permanent,
    /// All tries are used up.
    TriesUsedUp,
    /// Workers died on it again and again.
    Poison,
    /// Nobody but a person can tell whether it is out.
    Undecidable,
    /// The platform has not decided in all the time it was given.
    StillProcessing,
}

impl ListReason {
    /// The reason's name.
    pub fn name(self) -> &'static str {
        match self {
            ListReason::Permanent => "permanent",
            ListReason::TriesUsedUp => "tries_used_up",
            ListReason::Poison => "poison",
            ListReason::Undecidable => "undecidable",
            ListReason::StillProcessing => "still_processing",
        }
    }
}

impl Target {
    /// The lease, if it is live at `now`.
    pub fn live_lease(&self, now: Timestamp) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| now < lease.until)
    }

    /// By what it is put together with others: the failure for which it is on the operators' list, or that kept it until its deadline had
    /// passed ([`Failure::group`]).
    pub fn cause(&self) -> Option<String> {
        let has_one = self.listed.is_some() || self.state == State::Expired;
        has_one.then(|| self.last_failure.as_ref().map_or_else(|| "-".into(), Failure::group))
    }

    /// When it expires. What may have been sent in a gap does not: it is looked for however late that is.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.deadline.filter(|_| self.gap.is_none())
    }

    /// Whether at `now` it has expired.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.expires_at().is_some_and(|deadline| now >= deadline)
    }

    /// Whether it is in doubt, and nothing but a pause or a message on its way keeps it at `now` from being settled.
    pub fn is_settling_due(&self, now: Timestamp) -> bool {
        let is_due = self.next_at.is_some_and(|next| next <= now);
        self.state == State::InDoubt && is_due && self.lease.is_none() && self.listed.is_none()
    }

    /// When the rate limit ends that it waits for, if it waits for one at `now`.
    pub fn limited_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.last_failure.as_ref().and_then(|failure| failure.limited_until(now))
    }

    /// How much later than planned `now` is.
    pub fn lateness(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.due_at)).unwrap_or_default()
    }

    /// Whether it should have gone out by now or soon, could not, and is tried again by itself: it waits for the next try, is on its way to it,
    /// or in it. What was kept from its first try by a rate limit is among them.
    pub fn is_retried(&self) -> bool {
        let has_failed = self.last_failure.is_some();
        let is_sent = self.lease.as_ref().is_none_or(|lease| lease.kind == AttemptKind::Send);
        match self.state {
            State::Retrying => true,
            State::Scheduled => has_failed && self.next_at.is_some_and(|next| self.due_at < next),
            State::Queued | State::Publishing => has_failed && is_sent && self.attempt > 0,
            _ => false,
        }
    }

    /// When it is given up at the earliest, if every further try fails as the last one did: its deadline, or when its tries are used up.
    /// `None`: as long as it fails like this it is tried for ever.
    pub fn given_up_at(&self, policy: &Policy) -> Option<Timestamp> {
        let costs = self.last_failure.as_ref().is_none_or(|failure| !failure.is_free());
        let next = self.next_at.unwrap_or(self.due_at);
        let waits = (self.tries.saturating_add(1)..policy.max_tries).map(|n| policy.backoff.wait(n, 0.0));
        let last = next.saturating_add(waits.sum::<Duration>()).unwrap_or(Timestamp::MAX);
        self.expires_at().into_iter().chain(costs.then_some(last)).min()
    }

    /// The proof of publish point `part`, if it is out.
    pub fn receipt(&self, part: u16) -> Option<&PartOut> {
        self.out.iter().find(|out| out.part == part)
    }

    /// The first publish point that is not out.
    pub fn next_part(&self) -> u16 {
        (0..).find(|part| self.receipt(*part).is_none()).unwrap_or_default()
    }
}

/// Targets for tests of this crate.
#[cfg(test)]
pub(crate) mod fixtures {
    use uuid::Uuid;

    use super::*;

    pub(crate) fn target() -> Target {
        Target {
            id: TargetId(Uuid::from_u128(7)),
            post: PostId(Uuid::from_u128(1)),
            tenant: TenantId::new("acme").unwrap(),
            channel: ChannelName::new("webhook").unwrap(),
            account: AccountId::new("main").unwrap(),
            app: None,
            state: State::Scheduled,
            revision: 1,
            due_at: Timestamp::UNIX_EPOCH,
            deadline: None,
            next_at: Some(Timestamp::UNIX_EPOCH),
            wake_at: Some(Timestamp::UNIX_EPOCH),
            hash: ContentHash([0; 16]),
            attempt: 0,
            tries: 0,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: BTreeMap::new(),
            out: Vec::new(),
            listed: None,
            last_failure: None,
            gap: None,
            trace: None,
            follows: None,
        }
    }

    pub(crate) fn armed_at(at: Timestamp) -> Armed {
        Armed { step: "publish".into(), part: 0, attempt: 1, first_at: at, last_at: at }
    }
}

#[cfg(test)]
mod tests {
    use super::{fixtures::target, *};
    use crate::Receipt;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn reasons_are_named_as_they_are_written() {
        use ListReason::{Permanent, Poison, StillProcessing, TriesUsedUp, Undecidable};
        for reason in [Permanent, TriesUsedUp, Poison, Undecidable, StillProcessing] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }

    #[test]
    fn a_doubt_is_due_from_its_time_on_unless_somebody_is_about_it() {
        let due = Target { state: State::InDoubt, next_at: Some(NOW), ..target() };
        assert!(due.is_settling_due(NOW) && due.is_settling_due(after(1)));
        let worker = WorkerName::new("w").unwrap();
        let lease = Lease { worker, kind: AttemptKind::Look, since: NOW, until: after(10) };
        let listed = Listed { reason: ListReason::Undecidable, at: NOW };
        for not_due in [
            Target { next_at: Some(after(1)), ..due.clone() },
            Target { next_at: None, ..due.clone() },
            Target { state: State::Retrying, ..due.clone() },
            Target { lease: Some(lease), ..due.clone() },
            Target { listed: Some(listed), ..due.clone() },
        ] {
            assert!(!not_due.is_settling_due(NOW), "{not_due:?}");
        }
    }

    #[test]
    fn a_lease_is_live_until_its_end_and_a_deadline_has_passed_at_its_time() {
        let worker = WorkerName::new("w").unwrap();
        let lease = Lease { worker, kind: AttemptKind::Send, since: NOW, until: after(10) };
        let target = Target { lease: Some(lease), deadline: Some(after(10)), ..target() };
        assert!(target.live_lease(after(9)).is_some() && target.live_lease(after(10)).is_none());
        assert!(!target.is_stale(after(9)) && target.is_stale(after(10)));
        let gap = Some(Gap { since: NOW, until: after(1) });
        assert!(!Target { gap, ..target }.is_stale(after(10)), "it may be out");
    }

    fn unreachable() -> Failure {
        let said = crate::PlatformWords::text("connection refused");
        let worth = crate::Worth::Retry { not_before: None };
        let (code, landed, scope) = (crate::Code::UNREACHABLE, crate::Landed::No, crate::Scope::Channel);
        Failure { code, landed, worth, scope, step: "create".into(), said }
    }

    #[test]
    fn what_could_not_go_out_is_retried_until_it_does_or_needs_a_person() {
        let failed = Target { attempt: 1, last_failure: Some(unreachable()), next_at: Some(after(5)), ..target() };
        for state in [State::Scheduled, State::Queued, State::Retrying, State::Publishing] {
            assert!(Target { state, ..failed.clone() }.is_retried(), "{state:?}");
        }
        for state in [State::Held, State::InDoubt, State::Processing, State::Failed, State::Published, State::Expired] {
            assert!(!Target { state, ..failed.clone() }.is_retried(), "{state:?}");
        }
        for state in [State::Scheduled, State::Queued, State::Publishing] {
            assert!(!Target { state, ..target() }.is_retried(), "{state:?}: nothing has gone wrong");
        }
        let worker = WorkerName::new("w").unwrap();
        let lease = Some(Lease { worker, kind: AttemptKind::Look, since: NOW, until: after(10) });
        assert!(!Target { state: State::Publishing, lease, ..failed }.is_retried(), "it may be out, and is looked for");
    }

    #[test]
    fn it_is_given_up_at_its_deadline_or_when_its_tries_are_used_up() {
        let policy = Policy { max_tries: 4, ..Policy::default() };
        let failed = Target { tries: 1, last_failure: Some(unreachable()), next_at: Some(after(5)), ..target() };
        // Tries at 5, 20 and 65: the waits after the second and the third are 15 and 45.
        assert_eq!(failed.given_up_at(&policy), Some(after(65)));
        assert_eq!(Target { tries: 3, ..failed.clone() }.given_up_at(&policy), Some(after(5)), "the next is the last");
        assert_eq!(Target { tries: 9, ..failed.clone() }.given_up_at(&policy), Some(after(5)));
        assert_eq!(Target { deadline: Some(after(30)), ..failed.clone() }.given_up_at(&policy), Some(after(30)));
        let limit = Failure { code: crate::Code::RATE_LIMITED_ACCOUNT, ..unreachable() };
        assert_eq!(Target { last_failure: Some(limit), ..failed }.given_up_at(&policy), None, "it costs no try");
    }

    #[test]
    fn lateness_is_never_negative() {
        let target = Target { due_at: after(10), ..target() };
        assert_eq!(target.lateness(after(12)), Duration::from_secs(2));
        assert_eq!(target.lateness(after(8)), Duration::ZERO);
    }

    #[test]
    fn the_next_part_is_the_first_that_is_not_out() {
        let out = |part| PartOut { part, receipt: Receipt { id: part.to_string(), url: None }, at: NOW };
        let mut target = target();
        assert_eq!(target.next_part(), 0);
        target.out = vec![out(0), out(2)];
        assert_eq!(target.next_part(), 1);
        assert_eq!(target.receipt(2).map(|out| out.receipt.id.as_str()), Some("2"));
        assert!(target.receipt(1).is_none());
    }
}
