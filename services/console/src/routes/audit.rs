//! Looking at platforms for what is there twice or not any more.

use std::time::Duration;

use axum::{Json, extract::State};
use channels::AccountCard;
use domain::Code;
use futures::future::try_join_all;
use jiff::{Span, SpanRelativeTo, Timestamp};
use vault::AccountName;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Json as Body,
    openapi::{Operation, operation},
    scope,
};

/// What went out for so long is looked at, unless the caller says otherwise.
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// The longest time that can be looked at.
const LONGEST: Duration = Duration::from_secs(31 * 86_400);
/// How a time is written.
const WRITTEN: &str = "must be a time such as 2026-12-01T09:00:00Z, or how long ago, such as 7d or 36h";
/// No look is begun after this: whoever waits for the answer must not give up.
const NO_LATER: Duration = Duration::from_secs(20);
/// How many accounts are looked at at a time.
const AT_ONCE: usize = 4;

/// Looks at one account after another, as far as there is time. Asked by a person, it looks at accounts that are paused, too.
pub(super) async fn run(
    State(console): State<Console>,
    caller: Caller,
    Body(ask): Body<api::AuditAsk>,
) -> Result<Json<api::Audit>, Problem> {
    let (since, until) = span(&ask, console.runtime.now())?;
    let cards = chosen(&console, &caller, ask).await?;
    let began = console.runtime.uptime();
    let (mut reports, mut done) = (Vec::new(), 0);
    for some in cards.chunks(AT_ONCE) {
        if NO_LATER < console.runtime.uptime().saturating_sub(began) {
            break;
        }
        let mut looks = Vec::new();
        for card in some {
            looks.push(console.audit.look(card, since, until));
        }
        reports.extend(try_join_all(looks).await?);
        done += some.len();
    }
    let next = (done < cards.len()).then(|| AccountName::from(&cards[done - 1]).to_string());
    Ok(Json(api::Audit { reports, next }))
}

/// The time in question.
fn span(ask: &api::AuditAsk, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
    let wrong = |path: &str, message: &str| Problem::field(path, Code::BAD_FIELD, message);
    let read = |path: &str, text: &Option<String>| {
        text.as_ref().map(|text| moment(text, now).ok_or_else(|| wrong(path, WRITTEN))).transpose()
    };
    let until = read("$.until", &ask.until)?.unwrap_or(now).min(now);
    let since = read("$.since", &ask.since)?;
    let since = since.unwrap_or_else(|| until.saturating_sub(WEEK).unwrap_or(Timestamp::MIN));
    if until <= since {
        return Err(wrong("$.since", "must be before now, and before \"until\""));
    }
    if LONGEST < Duration::try_from(until.duration_since(since)).unwrap_or(Duration::MAX) {
        return Err(wrong("$.since", "is too long ago: at most 31 days are looked at in one go"));
    }
    Ok((since, until))
}

/// A time, or how long ago it was.
fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let ago = || {
        let span: Span = text.parse().ok()?;
        let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok().filter(|span| span.is_positive())?;
        now.checked_sub(span).ok()
    };
    text.parse().ok().or_else(ago)
}

/// The accounts to look at, in the order of their names.
async fn chosen(console: &Console, caller: &Caller, ask: api::AuditAsk) -> Result<Vec<AccountCard>, Problem> {
    if let Some(channel) = &ask.channel {
        scope::known(console, Some(channel))?;
    }
    let named = |path: &str, name: Option<String>| {
        let name = name.map(|name| name.parse::<AccountName>()).transpose();
        name.map_err(|wrong| Problem::field(path, Code::BAD_FIELD, wrong))
    };
    let (account, after) = (named("$.account", ask.account)?, named("$.after", ask.after)?);
    if let Some(name) = &account {
        caller.narrow(Some(name.tenant.clone()))?;
    }
    let tenant = caller.narrow(ask.tenant)?;
    console.accounts.catch_up().await;
    let all = console.accounts.all();
    // A slip in a name must not read as an all-clear.
    if let Some(name) = account.as_ref().filter(|name| !all.iter().any(|card| AccountName::from(card) == **name)) {
        return Err(Problem::field("$.account", Code::UNKNOWN_ACCOUNT, format!("there is no account {name}")));
    }
    let is_chosen = |card: &AccountCard| {
        let name = AccountName::from(card);
        tenant.as_ref().is_none_or(|tenant| *tenant == card.tenant)
            && ask.channel.as_ref().is_none_or(|channel| *channel == card.channel)
            && account.as_ref().is_none_or(|account| *account == name)
            && after.as_ref().is_none_or(|after| *after < name)
    };
    Ok(all.into_iter().filter(is_chosen).collect())
}

/// What the API tells of this address.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("run_audit", "POST", "/v1/audit", "Compare platforms with the ledger")
            .may_have_body::<api::AuditAsk>()
            .answers::<api::Audit>(200, "A report for each account that was looked at")
            .fails(422, "A time or a name is wrong"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(since: Option<&str>, until: Option<&str>) -> Result<String, String> {
        let now: Timestamp = "2026-06-10T12:00:00Z".parse().unwrap();
        let (since, until) = (since.map(str::to_owned), until.map(str::to_owned));
        let ask = api::AuditAsk { since, until, ..api::AuditAsk::default() };
        span(&ask, now).map(|(since, until)| format!("{since} {until}")).map_err(|problem| problem.detail)
    }

    #[test]
    fn the_time_is_a_week_unless_it_is_said_otherwise() {
        let now = "2026-06-10T12:00:00Z";
        assert_eq!(asked(None, None).unwrap(), format!("2026-06-03T12:00:00Z {now}"));
        assert_eq!(asked(Some("36h"), None).unwrap(), format!("2026-06-09T00:00:00Z {now}"));
        assert_eq!(asked(Some("2w"), None).unwrap(), format!("2026-05-27T12:00:00Z {now}"));
        let day = asked(Some("2026-06-01T00:00:00Z"), Some("9d 1h")).unwrap();
        assert_eq!(day, "2026-06-01T00:00:00Z 2026-06-01T11:00:00Z");
        assert_eq!(asked(None, Some("2027-01-01T00:00:00Z")).unwrap(), format!("2026-06-03T12:00:00Z {now}"));
    }

    #[test]
    fn what_is_no_time_or_too_long_is_refused() {
        for (since, until, told) in [
            (Some("soon"), None, "or how long ago"),
            (Some("-3d"), None, "or how long ago"),
            (None, Some("1 month"), "or how long ago"),
            (Some("1h"), Some("2h"), "must be before"),
            (Some("2027-01-01T00:00:00Z"), None, "must be before"),
            (Some("32d"), None, "at most 31 days"),
        ] {
            let said = asked(since, until).unwrap_err();
            assert!(said.contains(told), "{since:?} {until:?}: {said}");
        }
    }
}
