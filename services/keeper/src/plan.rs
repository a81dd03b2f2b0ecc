//! When to ask a platform how an account is, and when an account is well enough for what was held: pure decisions.

use std::time::Duration;

use domain::Pause;
use jiff::Timestamp;
use vault::{
    View,
    record::{Means, State},
};

const HOUR: Duration = Duration::from_secs(3600);

/// How often an account is asked after that was well when it was asked last.
const WELL: Duration = Duration::from_secs(24 * 3600);
/// How often one that lacks a permission or is restricted: that may end without a word to us.
const BROKEN: Duration = Duration::from_secs(15 * 60);
/// How long before a post is due its account is asked after once more, so that a person can still act.
const AHEAD: Duration = HOUR;
/// An answer that is younger need not be asked for again.
const FRESH: Duration = Duration::from_secs(3 * 3600);

/// When the platform is to be asked how the account is; `None`: not at all, as things stand. `draw` in `0.0..1.0` spreads the accounts.
pub(crate) fn check_at(view: &View, next_due: Option<Timestamp>, now: Timestamp, draw: f64) -> Option<Timestamp> {
    // A dead token does not come back by asking: a person connects the account, and that asks.
    if view.record.disabled.is_some() || view.state == State::NeedsReconnect {
        return None;
    }
    // To ask would be to renew: nobody needs it yet, and when somebody does, the renewal tells as much.
    if view.ends.is_some_and(|ends| ends <= now) {
        return None;
    }
    let asked = view.record.health.checked_at.filter(|_| view.record.health.by == Some(Means::Check));
    let Some(asked) = asked else { return Some(Timestamp::MIN) };
    let every = if view.state.is_broken() { BROKEN } else { WELL };
    let regular = later(asked, every.mul_f64(1.0 - 0.2 * draw));
    let for_post = next_due.map(|due| earlier(due, AHEAD)).filter(|at| later(asked, FRESH) < *at);
    Some(for_post.map_or(regular, |at| at.min(regular)))
}

/// The pause that the account is well again after: one of oncepost's own for a failure of the account, older than what is known.
pub(crate) fn healed<'p>(view: &View, pauses: &'p [Pause]) -> Option<&'p Pause> {
    let scope = view.name.pause_scope();
    let pause = pauses.iter().find(|pause| pause.scope == scope && pause.code.is_some())?;
    if view.record.disabled.is_some() || view.state.is_broken() {
        return None;
    }
    let health = &view.record.health;
    let checked = health.checked_at.filter(|_| matches!(health.by, Some(Means::Check | Means::Renewal)));
    let well = checked.filter(|_| health.state == State::Ok);
    // Where the platform cannot be asked, that it was connected again is all the evidence that there can be.
    let connected = view.record.connected.as_ref().map(|word| word.at).filter(|_| health.failure.is_none());
    let evidence = well.into_iter().chain(connected).max()?;
    (pause.since < evidence).then_some(pause)
}

fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

fn earlier(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use channels::TokenLife;
    use domain::{Code, Failure, Fix, Landed, PauseScope, PlatformWords, Scope, Worth};
    use uuid::Uuid;
    use vault::{
        AccountName, plan,
        record::{AccountRecord, Health, Word},
    };

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + hours * 3600).unwrap()
    }

    fn view(state: State, checked: Option<i64>) -> View {
        let name: AccountName = "acme/mastodon/main".parse().unwrap();
        let health =
            Health { state, checked_at: checked.map(at), by: checked.map(|_| Means::Check), ..Health::default() };
        let means = plan::Means { life: TokenLife::Lasting, can_renew: false };
        let record = AccountRecord { health, ..AccountRecord::default() };
        View { name, record, state, base_url: None, ends: None, can_renew: false, means }
    }

    fn word(hours: i64) -> Option<Word> {
        Some(Word { by: "ops".into(), at: at(hours), note: String::new() })
    }

    #[test]
    fn an_account_is_asked_after_daily_and_once_more_before_its_post() {
        // State, hours since it was asked, hours until its post, and in how many hours it is asked.
        let table = [
            (State::Unknown, None, None, None),
            (State::Ok, Some(0), None, Some(24)),
            (State::Ok, Some(0), Some(2), Some(24)),
            (State::Ok, Some(0), Some(10), Some(9)),
            (State::Ok, Some(-20), Some(2), Some(1)),
            (State::Ok, Some(0), Some(48), Some(24)),
        ];
        for (state, asked, due, expected) in table {
            let told = check_at(&view(state, asked), due.map(at), at(0), 0.0);
            assert_eq!(told, Some(expected.map_or(Timestamp::MIN, at)), "{state:?} {asked:?} {due:?}");
        }
        let soon = check_at(&view(State::Restricted, Some(0)), None, at(0), 0.0).unwrap();
        assert_eq!(soon, later(at(0), BROKEN), "a restriction may end without a word");
        assert!(check_at(&view(State::Ok, Some(0)), None, at(0), 0.99).unwrap() < at(20), "spread, and never later");
    }

    #[test]
    fn nobody_is_asked_where_asking_tells_nothing_or_costs_a_renewal() {
        assert_eq!(check_at(&view(State::NeedsReconnect, Some(-90)), Some(at(1)), at(0), 0.0), None);
        let mut off = view(State::Ok, Some(-90));
        off.record.disabled = word(-1);
        assert_eq!(check_at(&off, Some(at(1)), at(0), 0.0), None);
        let mut ended = view(State::Ok, Some(-90));
        ended.ends = Some(at(0));
        assert_eq!(check_at(&ended, Some(at(1)), at(0), 0.0), None);
    }

    fn pause(scope: PauseScope, code: Option<Code>, since: i64) -> Pause {
        Pause { id: Uuid::nil(), scope, reason: "r".into(), code, by: "oncepost".into(), since: at(since) }
    }

    #[test]
    fn a_pause_of_ours_ends_on_younger_evidence_only() {
        let own = |code, since| pause(view(State::Ok, None).name.pause_scope(), code, since);
        let ours = [own(Some(Code::TOKEN_REVOKED), 0)];
        assert_eq!(healed(&view(State::Ok, Some(1)), &ours), Some(&ours[0]));
        assert_eq!(healed(&view(State::Ok, Some(-1)), &ours), None, "it was well before");
        assert_eq!(healed(&view(State::Ok, Some(0)), &ours), None);
        assert_eq!(healed(&view(State::NeedsReconnect, Some(1)), &ours), None);
        assert_eq!(healed(&view(State::Unknown, Some(1)), &ours), None, "it could not be asked");
        let by_person = [own(None, 0)];
        assert_eq!(healed(&view(State::Ok, Some(1)), &by_person), None, "a person's pause is a person's to end");
        let wider = [pause(PauseScope::All, Some(Code::TOKEN_REVOKED), 0)];
        assert_eq!(healed(&view(State::Ok, Some(1)), &wider), None);
    }

    #[test]
    fn a_reconnect_is_evidence_where_the_platform_cannot_be_asked() {
        let ours = [pause(view(State::Ok, None).name.pause_scope(), Some(Code::TOKEN_REVOKED), 0)];
        let mut again = view(State::Unknown, None);
        again.record.connected = word(1);
        assert_eq!(healed(&again, &ours), Some(&ours[0]));
        again.record.connected = word(-1);
        assert_eq!(healed(&again, &ours), None);
        again.record.connected = word(1);
        again.record.health.failure = Some(Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Account,
            step: "s".into(),
            said: PlatformWords::default(),
        });
        assert_eq!(healed(&again, &ours), None, "it failed since");
        again.record.health.failure = None;
        again.record.disabled = word(1);
        assert_eq!(healed(&again, &ours), None);
    }
}
