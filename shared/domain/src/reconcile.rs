//! What to do about a target whose publish point was called without a known outcome.

use jiff::Timestamp;

use crate::{Landed, Policy, RepeatSafety, Route, Target, route};

/// How an unknown outcome is settled next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Call the publish point again with the same key: the platform makes the repeat harmless.
    Repeat,
    /// Ask the platform.
    Look,
    /// Only a person can tell.
    Undecidable,
}

/// The next means of settling `target`'s doubt at `now`, by what its platform offers.
///
/// A repeat that the platform refused would be refused again, and proves nothing about the first call: the listing is
/// asked instead, where there is one. Where there is none, and the refusal is the account's, the key still tells once the account is mended.
///
/// A key is used only well inside its window: the repeat must have *arrived* before the platform forgets the key. It may be
/// sent at the very end of the longest attempt, and be on its way for as long as the platform takes to settle: both are
/// taken off the window's end.
///
/// Of what may have been sent in a gap no key is used: which it was, and since when the platform has it, is what the ledger has lost.
pub fn plan(target: &Target, repeat: RepeatSafety, policy: &Policy, now: Timestamp) -> Plan {
    if target.gap.is_some() {
        return if repeat.sure_after().is_some() { Plan::Look } else { Plan::Undecidable };
    }
    match repeat {
        RepeatSafety::PlatformKey { kept_for, settles_after, afterwards } => {
            let usable = kept_for.saturating_sub(policy.attempt_limit).saturating_sub(settles_after);
            let remembered = target
                .armed
                .as_ref()
                .is_some_and(|armed| now < armed.first_at.saturating_add(usable).unwrap_or(Timestamp::MAX));
            let refusal = target
                .last_failure
                .as_ref()
                .filter(|failure| failure.landed == Landed::No && route(failure) == Route::Dead);
            match (refusal, afterwards) {
                (None, _) if remembered => Plan::Repeat,
                (Some(refusal), None) if remembered && refusal.is_no_verdict() => Plan::Repeat,
                (_, Some(_)) => Plan::Look,
                (_, None) => Plan::Undecidable,
            }
        }
        RepeatSafety::Handle { .. } | RepeatSafety::LookUp(_) => Plan::Look,
        RepeatSafety::Nothing => Plan::Undecidable,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::target::fixtures::{armed_at, target};
    use crate::{Fix, Worth};

    const HOUR: Duration = Duration::from_secs(3600);

    fn after(span: Duration) -> Timestamp {
        Timestamp::UNIX_EPOCH + span
    }

    fn key(afterwards: Option<crate::LookUp>) -> RepeatSafety {
        RepeatSafety::PlatformKey { kept_for: HOUR, settles_after: Duration::ZERO, afterwards }
    }

    #[test]
    fn a_key_is_used_only_while_the_platform_surely_remembers_it() {
        let policy = Policy::default();
        let mut target = target();
        target.armed = Some(armed_at(Timestamp::UNIX_EPOCH));
        let last = HOUR - policy.attempt_limit;
        assert_eq!(plan(&target, key(None), &policy, after(last - Duration::from_millis(1))), Plan::Repeat);
        assert_eq!(plan(&target, key(None), &policy, after(last)), Plan::Undecidable);
    }

    #[test]
    fn a_repeat_that_is_sent_late_and_travels_long_still_finds_its_key() {
        let policy = Policy::default();
        let settles_after = Duration::from_secs(75);
        let key = RepeatSafety::PlatformKey { kept_for: HOUR, settles_after, afterwards: None };
        let mut target = target();
        target.armed = Some(armed_at(Timestamp::UNIX_EPOCH));
        let last = HOUR - policy.attempt_limit - settles_after;
        assert_eq!(plan(&target, key, &policy, after(last - Duration::from_millis(1))), Plan::Repeat);
        assert_eq!(plan(&target, key, &policy, after(last)), Plan::Undecidable);
    }

    #[test]
    fn a_forgotten_key_leaves_the_look_up() {
        let mut target = target();
        target.armed = Some(armed_at(Timestamp::UNIX_EPOCH));
        let look_up = crate::LookUp { settles_after: Duration::ZERO, sure_after: HOUR };
        assert_eq!(plan(&target, key(Some(look_up)), &Policy::default(), after(HOUR)), Plan::Look);
    }

    #[test]
    fn only_a_repeat_that_was_refused_for_good_is_not_repeated() {
        let look_up = crate::LookUp { settles_after: Duration::ZERO, sure_after: HOUR };
        let planned = |afterwards, landed, worth| {
            let mut target = target();
            target.armed = Some(armed_at(Timestamp::UNIX_EPOCH));
            let failure = crate::Failure::system(crate::Code::OWN_HICCUP, "step", "said");
            target.last_failure = Some(crate::Failure { landed, worth, ..failure });
            plan(&target, key(afterwards), &Policy::default(), after(Duration::ZERO))
        };
        let (retry, never) = (Worth::Retry { not_before: None }, Worth::Never);
        let mended = |fix| Worth::AfterFix { fix };
        for (afterwards, nothing_else) in [(Some(look_up), Plan::Look), (None, Plan::Undecidable)] {
            assert_eq!(planned(afterwards, Landed::No, never), nothing_else);
            assert_eq!(planned(afterwards, Landed::No, mended(Fix::Content)), nothing_else);
            assert_eq!(planned(afterwards, Landed::No, retry), Plan::Repeat);
            assert_eq!(planned(afterwards, Landed::Unknown, never), Plan::Repeat);
            assert_eq!(planned(afterwards, Landed::Yes, never), Plan::Repeat);
        }
        assert_eq!(planned(Some(look_up), Landed::No, mended(Fix::Reconnect)), Plan::Look);
        assert_eq!(planned(None, Landed::No, mended(Fix::Reconnect)), Plan::Repeat);
    }

    #[test]
    fn of_a_gap_no_key_is_used() {
        let gap = crate::Gap { since: Timestamp::UNIX_EPOCH, until: Timestamp::UNIX_EPOCH };
        let target = Target { armed: Some(armed_at(Timestamp::UNIX_EPOCH)), gap: Some(gap), ..target() };
        let planned = |repeat| plan(&target, repeat, &Policy::default(), after(Duration::ZERO));
        let look_up = crate::LookUp { settles_after: Duration::ZERO, sure_after: HOUR };
        assert_eq!(planned(key(Some(look_up))), Plan::Look);
        assert_eq!(planned(key(None)), Plan::Undecidable);
        assert_eq!(planned(RepeatSafety::Handle { settles_after: HOUR }), Plan::Look);
        assert_eq!(planned(RepeatSafety::LookUp(look_up)), Plan::Look);
        assert_eq!(planned(RepeatSafety::Nothing), Plan::Undecidable);
    }

    #[test]
    fn with_nothing_only_a_person_can_tell() {
        assert_eq!(plan(&target(), RepeatSafety::Nothing, &Policy::default(), after(HOUR)), Plan::Undecidable);
    }
}
