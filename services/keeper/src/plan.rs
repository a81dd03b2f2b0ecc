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
