//! What to do about an account's tokens: pure decisions, of what is known of them.

use std::time::Duration;

use channels::{RefreshRepeat, TokenLife};
use domain::{Code, Failure, Fix, Landed, Scope, Worth};
use jiff::Timestamp;

use crate::record::{AccountRecord, Renewal, State, Token};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Tokens that live shorter than this are renewed only for a post that needs them; others whatever is planned.
const SHORT: Duration = DAY;
/// How long before a post is due its token is seen to, at least: time to find out that it cannot be renewed, and to try again.
const LEAD: Duration = Duration::from_secs(20 * 60);
/// How much longer than its post's time a token must live: for uploads, and for platforms that decide later.
const OUTLIVE: Duration = Duration::from_secs(10 * 60);
/// A token that only a person can replace is told of so long before its end.
const WARN: Duration = Duration::from_secs(14 * 24 * 3600);
/// A new token that is refused is not given up for so long: some platforms take a while to know their own tokens.
pub const YOUNG: Duration = MINUTE;
/// How often new tokens may be refused in a row before a person is asked.
const MOST_REFUSED: u32 = 3;
/// The answer to a renewal has come by then, unless something is wrong.
const LATE: Duration = MINUTE;
/// How long before its token ends a refresh token in doubt is sent again, where that may cost the whole connection.
const LAST_MOMENT: Duration = MINUTE;

/// What a channel says of an account's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// How long they live.
    pub life: TokenLife,
    /// Whether the account holds what renewing takes.
    pub can_renew: bool,
}

impl Means {
    /// How long an access token lives; `None` if it has no end.
    pub fn span(&self) -> Option<Duration> {
        match self.life {
            TokenLife::Lasting | TokenLife::MadeByUs => None,
            TokenLife::RenewsItself { life, .. }
            | TokenLife::Refreshed { life, .. }
            | TokenLife::Reconnected { life } => Some(life),
        }
    }

    /// What a second use of a refresh token does.
    pub fn repeat(&self) -> RefreshRepeat {
        match self.life {
            TokenLife::Refreshed { repeat, .. } => repeat,
            _ => RefreshRepeat::Harmless,
        }
    }

    /// When the access token ends: as the platform said, else as its tokens usually do. `None`: it has no end, or we cannot know.
    pub fn ends(&self, token: &Token) -> Option<Timestamp> {
        // What ends within hours and nobody can renew is hardly connected: it is one that lasts, as of a Slack app without rotation.
        let usual = self.span().filter(|span| self.can_renew || SHORT <= *span);
        token.ends.or_else(|| Some(later(token.since?, usual?)))
    }

    /// When the right to renew ends; `None`: it has no end of its own.
    pub fn right_ends(&self, token: &Token) -> Option<Timestamp> {
        match self.life {
            TokenLife::RenewsItself { .. } => self.ends(token),
            TokenLife::Refreshed { refresh_life, .. } => {
                token.refresh_ends.or_else(|| Some(later(token.since?, refresh_life?)))
            }
            _ => None,
        }
    }

    /// Whether renewing gives a new right to renew as well.
    pub fn extends_right(&self) -> bool {
        match self.life {
            TokenLife::RenewsItself { .. } => true,
            TokenLife::Refreshed { repeat, .. } => repeat != RefreshRepeat::Harmless,
            _ => false,
        }
    }
}

/// When the account's tokens are to be renewed ahead; `None`: not at all, as things stand.
///
/// Long-lived ones when three quarters of their life are over. Short-lived ones only for a post that they would not outlive: where
/// every renewal replaces the refresh token, one that nobody needs is a risk without a use. Either kind also before the right to
/// renew ends. Where a refresh token in doubt is taken again only for a while, it is sent again in that while, also when the post that
/// it was for is out. `draw` in `0.0..1.0` spreads accounts that were connected together.
pub fn renew_at(
    means: &Means,
    record: &AccountRecord,
    next_due: Option<Timestamp>,
    now: Timestamp,
    draw: f64,
) -> Option<Timestamp> {
    if !means.can_renew || record.disabled.is_some() || is_given_up(&record.renewal) {
        return None;
    }
    let span = means.span()?;
    let ends = means.ends(&record.token);
    let quarter = (span / 4).mul_f64(1.0 - 0.2 * draw);
    let by_life = (span >= SHORT).then(|| ends.map_or(now, |ends| earlier(ends, quarter)));
    let by_need = next_due.filter(|due| ends.is_none_or(|ends| ends < later(*due, OUTLIVE))).map(|due| {
        // One post may be due long after another whose token still lives: no sooner than it must be.
        earlier(due, LEAD + (LEAD / 2).mul_f64(draw))
    });
    let by_right = means.right_ends(&record.token).filter(|_| means.extends_right()).map(|ends| {
        let whole = record.token.since.and_then(|since| Duration::try_from(ends.duration_since(since)).ok());
        earlier(ends, whole.map_or(DAY, |whole| (whole / 4).mul_f64(1.0 - 0.2 * draw)))
    });
    let wanted = [by_life, by_need, by_right, by_doubt(means, &record.renewal, now)].into_iter().flatten().min()?;
    let first = [not_too_young(means, &record.token), record.renewal.not_before].into_iter().flatten().max();
    Some(first.map_or(wanted, |first| wanted.max(first)))
}

/// When a refresh token in doubt is sent again whose second use gives tokens for a while only; `None`: that does not matter, or is over.
fn by_doubt(means: &Means, renewal: &Renewal, now: Timestamp) -> Option<Timestamp> {
    let RefreshRepeat::Within(span) = means.repeat() else { return None };
    // One under way is in doubt as well, should its caller be gone.
    let armed = renewal.armed.as_ref();
    let sent = renewal.in_doubt.or(armed.map(|armed| armed.since))?;
    let at = armed.map_or(now, |armed| armed.until.max(now));
    (at <= later(sent, span)).then_some(at)
}

/// Some tokens cannot be exchanged before they are of an age.
fn not_too_young(means: &Means, token: &Token) -> Option<Timestamp> {
    match means.life {
        TokenLife::RenewsItself { not_before, .. } => token.since.map(|since| later(since, not_before)),
        _ => None,
    }
}

/// The platform refused to renew this account for good. What is wrong with the app is mended for all its accounts at once, and then
/// each goes on by itself.
pub fn is_given_up(renewal: &Renewal) -> bool {
    renewal.failure.as_ref().is_some_and(|failure| {
        let needs_person = matches!(failure.worth, Worth::AfterFix { .. } | Worth::Never);
        failure.landed == Landed::No && failure.scope == Scope::Account && needs_person
    })
}

/// Whether a renewal may be begun now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// Yes.
    Go,
    /// Somebody else is about it until then.
    Busy(Timestamp),
    /// Not before then.
    Wait(Timestamp),
    /// No: a person is needed.
    Never(Option<Failure>),
}

/// Why a renewal that a person asks for has to wait, in words.
pub fn why_not_now(means: &Means, record: &AccountRecord, now: Timestamp) -> &'static str {
    if not_too_young(means, &record.token).is_some_and(|first| now < first) {
        return "its platform exchanges a token only once it is old enough";
    }
    match record.renewal.in_doubt.is_some() && record.renewal.armed.is_none() {
        true => {
            "the answer to the last renewal was lost, and to send the same refresh token again may end the connection"
        }
        false => "a renewal is under way, or the process that was about it is gone",
    }
}

/// Since when nobody has heard of a renewal whose answer should have come: it was lost, or is late.
pub fn unheard(renewal: &Renewal, now: Timestamp) -> Option<Timestamp> {
    let armed = renewal.armed.as_ref().map(|armed| armed.since).filter(|since| later(*since, LATE) <= now);
    renewal.in_doubt.or(armed)
}

/// When what did not come of a renewal is tried again; `None`: as soon as a post needs it.
pub fn tried_again(renewal: &Renewal, now: Timestamp) -> Option<Timestamp> {
    // Whoever is about it may be gone, and nobody else sends the token before its time is over.
    let armed = renewal.armed.as_ref().map(|armed| armed.until);
    armed.or(renewal.not_before).filter(|at| now < *at)
}

/// Whether a renewal may be begun. `now` by the ledger's clock. `forced`: a person asks, who may try again what was given up.
pub fn may_renew(means: &Means, record: &AccountRecord, now: Timestamp, forced: bool) -> May {
    if let Some(armed) = record.renewal.armed.as_ref().filter(|armed| now < armed.until) {
        return May::Busy(armed.until);
    }
    if !means.can_renew {
        return May::Never(None);
    }
    if is_given_up(&record.renewal) && !forced {
        return May::Never(record.renewal.failure.clone());
    }
    // Nobody may send a token that is in doubt before its time where that would cost the connection.
    let costly = means.repeat() == RefreshRepeat::Kills && record.renewal.in_doubt.is_some();
    let first = [not_too_young(means, &record.token), record.renewal.not_before.filter(|_| !forced || costly)];
    match first.into_iter().flatten().max().filter(|first| now < *first) {
        Some(first) => May::Wait(first),
        None => May::Go,
    }
}

/// What a renewal under way becomes whose caller is gone: a doubt. The same for whoever finds it, however often, until it is stored.
pub fn take_over(means: &Means, record: &mut AccountRecord, now: Timestamp) {
    let Some(armed) = record.renewal.armed.take_if(|armed| armed.until <= now) else { return };
    doubt(means, record, armed.since, armed.until);
}

/// The refresh token was sent at `sent`, and nobody knows whether the platform used it up.
///
/// Where a repeat is harmless it comes soon. Where it may cost the connection it waits for the access token's last moment: if the
/// platform did renew, the connection is lost either way, and if it did not, nothing was lost by waiting.
pub fn doubt(means: &Means, record: &mut AccountRecord, sent: Timestamp, now: Timestamp) {
    record.renewal.failed = record.renewal.failed.saturating_add(1);
    let soon = later(now, backoff(record.renewal.failed));
    let at = match means.repeat() {
        RefreshRepeat::Harmless | RefreshRepeat::Refused => soon,
        RefreshRepeat::Within(span) => soon.min(later(sent, span / 2)).max(now),
        RefreshRepeat::Kills => means.ends(&record.token).map_or(soon, |ends| earlier(ends, LAST_MOMENT).max(soon)),
    };
    record.renewal.in_doubt.get_or_insert(sent);
    record.renewal.not_before = Some(at);
}

/// How a renewal failed, as it goes into the record.
pub fn failed(means: &Means, record: &mut AccountRecord, failure: Failure, sent: Timestamp, now: Timestamp) {
    record.renewal.armed = None;
    record.renewal.failure = Some(failure.clone());
    if failure.landed != Landed::No {
        return doubt(means, record, sent, now);
    }
    if is_given_up(&record.renewal) && means.repeat() == RefreshRepeat::Kills && record.renewal.in_doubt.is_some() {
        // The second use has ended the access token as well.
        record.token.ends = Some(now);
    }
    record.renewal.failed = record.renewal.failed.saturating_add(1);
    let soon = later(now, backoff(record.renewal.failed));
    record.renewal.not_before = Some(failure.not_before().map_or(soon, |told| told.max(now)));
}

/// What becomes of a renewal's outcome when the record was changed after the platform was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It goes into what is stored now.
    Counts,
    /// Somebody took the renewal over and is about it: what comes of that, the platform has given last.
    Waits,
    /// It counts no more.
    Lapsed,
}

/// What becomes of what came of a renewal. `sent`: the record when the platform was called; `stored`: as it is now. `is_same`: what the
/// renewal was made by is stored still.
///
/// New tokens count as long as nothing came in the place of what they were made by, which may be used up: whoever switched the account
/// off or changed its settings has no better ones. A failure counts as long as the renewal is still ours.
pub fn late(sent: &AccountRecord, stored: &AccountRecord, is_renewed: bool, is_same: bool, now: Timestamp) -> Late {
    let is_ours = stored.renewal.armed == sent.renewal.armed;
    let is_busy = stored.renewal.armed.as_ref().is_some_and(|armed| now < armed.until);
    let is_newest = is_same && stored.token.renewed <= sent.token.renewed;
    match (is_renewed, is_ours) {
        (true, _) if !is_newest => Late::Lapsed,
        (true, false) if is_busy => Late::Waits,
        (true, _) | (false, true) => Late::Counts,
        (false, false) => Late::Lapsed,
    }
}

/// The waits between renewals that failed: 5 s, doubled each time, half an hour at most.
fn backoff(failed: u32) -> Duration {
    let doubled = Duration::from_secs(5).saturating_mul(1 << failed.saturating_sub(1).min(9));
    doubled.min(HOUR / 2)
}

/// What to do about a token that the platform refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Somebody renewed it meanwhile: send again with the new one.
    Renewed,
    /// It is so new that the platform may not know it yet: send again then.
    Young(Timestamp),
    /// Renew it.
    Renew,
    /// A person must connect the account again.
    Reconnect,
}

/// What to do about a refused token. `is_newest`: no newer one is stored.
pub fn refused(means: &Means, record: &AccountRecord, is_newest: bool, now: Timestamp) -> Refused {
    if !is_newest {
        return Refused::Renewed;
    }
    let known = later(record.token.since.unwrap_or(Timestamp::MIN), YOUNG);
    if now < known {
        return Refused::Young(known);
    }
    if !means.can_renew || is_given_up(&record.renewal) || record.renewal.refused >= MOST_REFUSED {
        return Refused::Reconnect;
    }
    Refused::Renew
}

/// How often new tokens have been refused in a row, with the one that was refused `now`. One that worked for an hour was no bad one.
pub fn refusals(record: &AccountRecord, now: Timestamp) -> u32 {
    let worked = record.token.since.is_none_or(|since| later(since, HOUR) <= now);
    if worked { 1 } else { record.renewal.refused.saturating_add(1) }
}

/// How an account is, as time passes: what was found out, and whether its token ends soon with nobody but a person to replace it, or
/// with renewals that fail.
pub fn state(means: &Means, record: &AccountRecord, now: Timestamp) -> State {
    let found = record.health.state;
    if found.is_broken() {
        return found;
    }
    let ends = means.ends(&record.token);
    let given_up = is_given_up(&record.renewal);
    let person_only = !means.can_renew || given_up;
    if person_only && ends.is_some_and(|ends| ends <= now) {
        return State::NeedsReconnect;
    }
    let last = match (person_only, means.extends_right()) {
        (true, _) => ends,
        (false, true) => None,
        // It cannot be renewed beyond this.
        (false, false) => means.right_ends(&record.token),
    };
    if last.is_some_and(|last| last <= later(now, WARN)) || (given_up && ends.is_some()) {
        return State::Expiring;
    }
    // Posts will soon wait for a token that is not there.
    let is_failing = record.renewal.failed > 0 || unheard(&record.renewal, now).is_some();
    if is_failing && ends.is_some_and(|ends| ends <= later(now, LEAD)) {
        return State::Expiring;
    }
    // What is wrong with the app is for a person as well, and soon.
    let failure = record.renewal.failure.as_ref().filter(|_| !given_up);
    if failure.is_some_and(|failure| matches!(failure.worth, Worth::AfterFix { .. })) {
        return State::Expiring;
    }
    found
}

/// What a failure of the account's says about its health; `None`: nothing.
pub fn health_of(failure: &Failure) -> Option<State> {
    if failure.scope != Scope::Account || failure.landed != Landed::No {
        return None;
    }
    match failure.worth {
        Worth::AfterFix { fix: Fix::Reconnect } => Some(State::NeedsReconnect),
        Worth::AfterFix { fix: Fix::Permission } => Some(State::LacksPermission),
        Worth::AfterFix { fix: Fix::Account } => Some(State::Restricted),
        _ => None,
    }
}

/// When a right to renew ends that begins now; `None`: it has no end of its own.
pub fn right_from(means: &Means, now: Timestamp) -> Option<Timestamp> {
    match means.life {
        TokenLife::Refreshed { refresh_life, .. } => Some(later(now, refresh_life?)),
        _ => None,
    }
}

/// Whether a failure says that the token itself was refused, and that it takes another one. Where a channel makes its tokens by itself,
/// one that ended is worth another try as it is.
pub fn is_about_token(life: TokenLife, failure: &Failure) -> bool {
    let is_token = matches!(failure.code, Code::TOKEN_EXPIRED | Code::TOKEN_REVOKED);
    let is_made_anew = life == TokenLife::MadeByUs && matches!(failure.worth, Worth::Retry { .. });
    is_token && failure.landed == Landed::No && !is_made_anew
}

pub(crate) fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_add(span).unwrap_or(Timestamp::MAX)
}

fn earlier(at: Timestamp, span: Duration) -> Timestamp {
    at.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests;
