//! From what is kept of an account to what callers see: how it is, what is wrong, what to do.

use channels::{AccountCard, Channel};
use domain::{Code, Failure, Pause, PauseScope, Worth};
use jiff::Timestamp;
use url::Url;
use vault::{View, plan, record::State};

use crate::{api, show, standing::instant, trouble::wrong};

/// What showing accounts needs to know besides them.
pub(crate) struct Around<'a> {
    /// The time.
    pub now: Timestamp,
    /// The pauses that the caller may see.
    pub pauses: &'a [Pause],
    /// When the first of its targets that wait is to be sent.
    pub next_due: Option<Timestamp>,
}

/// An account. `card`: as the settings or its record have it.
pub(crate) fn account(view: View, card: &AccountCard, channel: Option<&dyn Channel>, around: &Around) -> api::Account {
    let own = view.name.pause_scope();
    let holds = |pause: &&Pause| holds(&pause.scope, card);
    let record = &view.record;
    api::Account {
        source: if record.listed { api::Source::Settings } else { api::Source::Connected },
        app: card.app.clone(),
        base_url: record.base_url.clone().map(without_query),
        settings: card.settings.clone(),
        on_doubt: card.on_doubt,
        rate: record.rate,
        secrets: record.holds.clone(),
        health: health(&view, around.now),
        token: token(&view, around),
        disabled: record.disabled.clone(),
        connected: record.connected.clone(),
        next_due: around.next_due,
        by_link: channel.is_some_and(|channel| channel.about().oauth.is_some()),
        repeat: channel.map(|channel| show::repeat(channel.safety(card).repeat)),
        pause: around.pauses.iter().find(|pause| pause.scope == own).cloned().map(show::pause),
        paused_by: around.pauses.iter().filter(holds).map(|pause| pause.scope.to_string()).collect(),
        tenant: view.name.tenant,
        channel: view.name.channel,
        id: view.name.account,
    }
}

/// Whether a pause of this scope holds the account back.
pub(crate) fn holds(scope: &PauseScope, card: &AccountCard) -> bool {
    match scope {
        PauseScope::All => true,
        PauseScope::Channel { channel } => *channel == card.channel,
        PauseScope::App { app } => card.app.as_ref() == Some(app),
        PauseScope::Tenant { tenant } => *tenant == card.tenant,
        PauseScope::Account { tenant, channel, account } => {
            *tenant == card.tenant && *channel == card.channel && *account == card.id
        }
    }
}

fn health(view: &View, now: Timestamp) -> api::Health {
    let health = &view.record.health;
    api::Health {
        state: view.state,
        since: health.since.filter(|_| health.state == view.state),
        checked_at: health.checked_at,
        by: health.by,
        who: health.who.clone(),
        missing: health.missing.clone(),
        wrong: trouble(view, now),
    }
}

/// What is wrong with it: what was found out, or what the passing of time has done.
fn trouble(view: &View, now: Timestamp) -> Option<api::Wrong> {
    let record = &view.record;
    if let Some(failure) = &record.health.failure {
        return Some(wrong(failure));
    }
    let coded = |code: Code| {
        let page = code.page();
        let text = |of: fn(&domain::Page) -> &'static str| page.as_ref().map_or("", of).to_owned();
        let (title, remedy) = (text(|page| page.title), text(domain::Page::mend));
        Some(api::Wrong { code: Some(code), title, step: String::new(), platform_said: None, remedy })
    };
    match view.state {
        State::NeedsReconnect => coded(Code::TOKEN_EXPIRED),
        State::LacksPermission => coded(Code::PERMISSION_MISSING),
        State::Restricted => coded(Code::ACCOUNT_RESTRICTED),
        State::Expiring => Some(expiring(view, now)),
        State::Ok | State::Unknown => None,
    }
}

fn expiring(view: &View, now: Timestamp) -> api::Wrong {
    let (token, renewal) = (&view.record.token, &view.record.renewal);
    if view.can_renew && (renewal.failed > 0 || plan::unheard(renewal, now).is_some()) {
        return not_renewed(view, now);
    }
    let title = match (view.can_renew, token.refresh_ends, view.ends) {
        (true, Some(ends), _) => format!("The refresh token ends {}, and nothing renews it", instant(ends)),
        (false, _, Some(ends)) => format!("The access token ends {}, and nothing renews it", instant(ends)),
        _ => "The access token ends, and cannot be renewed".into(),
    };
    let remedy = format!("Connect the account again before that: `oncepost accounts connect {}`.", view.name);
    api::Wrong { code: None, title, step: String::new(), platform_said: None, remedy }
}

/// Its token ends, and the last renewal came to nothing that is known.
fn not_renewed(view: &View, now: Timestamp) -> api::Wrong {
    let renewal = &view.record.renewal;
    let ends = view.ends.map(|ends| format!(" {} {}", if ends <= now { "ended" } else { "ends" }, instant(ends)));
    let the_token = format!("The access token{}", ends.unwrap_or_else(|| " ends".into()));
    let again = plan::tried_again(renewal, now);
    let again = again.map_or_else(|| "soon".to_owned(), |at| format!("at {}", instant(at)));
    let connect = format!("`oncepost accounts connect {}`", view.name);
    let failed = renewal.failure.as_ref().map(wrong);
    let needs_person = |failure: &Failure| matches!(failure.worth, Worth::AfterFix { .. });
    let given_up = plan::is_given_up(renewal);
    // The refusal said that it was dead: what says that it is well was found out since.
    let found_well = view.record.health.checked_at.filter(|_| given_up && view.record.health.state == State::Ok);
    let remedy = match &failed {
        _ if found_well.is_some() => format!(
            "Have it renewed: `oncepost accounts refresh {}`. If that is refused again, connect the account again before the token ends: {connect}.",
            view.name
        ),
        _ if given_up => format!("Connect the account again before that: {connect}."),
        // What is wrong with the app, as its code's page has it.
        Some(failed) if renewal.failure.as_ref().is_some_and(needs_person) => failed.remedy.clone(),
        _ => format!("It is tried again {again} by itself. If its platform is well, connect it again: {connect}."),
    };
    let title = match (plan::unheard(renewal, now).filter(|_| found_well.is_none()), &failed) {
        (Some(sent), _) => format!("{the_token}, and the answer to its renewal, sent {}, was lost", instant(sent)),
        (None, Some(failed)) if found_well.is_some() => format!(
            "It was found well at {}. {the_token}, and is not renewed by itself, because that was refused before: {}",
            found_well.map(instant).unwrap_or_default(),
            failed.title
        ),
        (None, Some(failed)) => format!("{the_token}, and renewing it failed: {}", failed.title),
        (None, None) => format!("{the_token}, and renewing it failed"),
    };
    match failed {
        Some(failed) => api::Wrong { title, remedy, ..failed },
        None => api::Wrong { code: None, title, step: String::new(), platform_said: None, remedy },
    }
}

fn token(view: &View, around: &Around) -> api::Token {
    let View { record, means, .. } = view;
    let first = plan::tried_again(&record.renewal, around.now).unwrap_or(around.now);
    api::Token {
        since: record.token.since,
        ends: view.ends,
        refresh_ends: record.token.refresh_ends,
        scopes: record.token.scopes.clone(),
        renewed: record.token.renewed,
        can_renew: view.can_renew,
        renews_at: plan::renew_at(means, record, around.next_due, around.now, view.name.draw()).map(|at| at.max(first)),
        in_doubt: plan::unheard(&record.renewal, around.now),
        failed: record.renewal.failure.as_ref().map(wrong),
    }
}

/// A query may hold what is nobody's business.
fn without_query(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use channels::TokenLife;
    use domain::{Fix, Landed, PlatformWords, Scope};
    use vault::record::AccountRecord;

    use super::*;

    const NOON: &str = "2026-06-01T12:00:00Z";

    fn now() -> Timestamp {
        "2026-06-01T11:50:00Z".parse().unwrap()
    }

    fn view(state: State, change: impl FnOnce(&mut AccountRecord)) -> View {
        let mut record = AccountRecord::default();
        record.health.state = state;
        change(&mut record);
        let means = plan::Means { life: TokenLife::Reconnected { life: Duration::from_secs(3600) }, can_renew: false };
        let name = "acme/mastodon/main".parse().unwrap();
        View { name, state, base_url: None, ends: record.token.ends, record, can_renew: false, means }
    }

    #[test]
    fn whatever_is_not_well_says_what_to_do() {
        for state in State::ALL {
            let told = trouble(&view(state, |_| {}), now());
            assert_eq!(told.is_some(), !matches!(state, State::Ok | State::Unknown), "{state:?}");
            assert!(told.is_none_or(|wrong| !wrong.title.is_empty() && !wrong.remedy.is_empty()), "{state:?}");
        }
    }

    #[test]
    fn what_was_found_out_comes_before_what_a_state_says_in_general() {
        let failure = Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Account,
            step: "verify".into(),
            said: PlatformWords::text("it was revoked"),
        };
        let told =
            trouble(&view(State::NeedsReconnect, |record| record.health.failure = Some(failure)), now()).unwrap();
        assert_eq!((told.code, told.step.as_str()), (Some(Code::TOKEN_REVOKED), "verify"));
        assert_eq!(told.platform_said.unwrap().text, "it was revoked");
    }

    #[test]
    fn an_end_that_only_a_person_can_put_off_is_told_with_its_time() {
        let told = trouble(&view(State::Expiring, |record| record.token.ends = NOON.parse().ok()), now()).unwrap();
        assert_eq!(told.title, "The access token ends 2026-06-01 12:00:00Z, and nothing renews it");
        assert!(told.remedy.contains("oncepost accounts connect acme/mastodon/main"), "{}", told.remedy);
    }

    #[test]
    fn an_end_that_renewals_do_not_put_off_is_told_with_why_and_when_it_is_tried_again() {
        let told = |change: &dyn Fn(&mut AccountRecord)| {
            let mut view = view(State::Expiring, |record| {
                record.token.ends = NOON.parse().ok();
                // The right to renew is not what is wrong.
                record.token.refresh_ends = "2027-06-01T12:00:00Z".parse().ok();
                change(record);
            });
            view.can_renew = true;
            trouble(&view, now()).unwrap()
        };
        let lost = told(&|record| {
            record.renewal.in_doubt = "2026-06-01T11:40:00Z".parse().ok();
            record.renewal.not_before = "2026-06-01T11:59:00Z".parse().ok();
        });
        assert_eq!(
            lost.title,
            "The access token ends 2026-06-01 12:00:00Z, and the answer to its renewal, sent 2026-06-01 11:40:00Z, was lost"
        );
        assert!(lost.remedy.starts_with("It is tried again at 2026-06-01 11:59:00Z by itself."), "{}", lost.remedy);
        let failed = |code, fix, scope| Failure {
            code,
            landed: Landed::No,
            worth: Worth::AfterFix { fix },
            scope,
            step: "renew token".into(),
            said: PlatformWords::text("no"),
        };
        let refused = told(&|record| {
            record.renewal.failed = 1;
            record.renewal.failure = Some(failed(Code::TOKEN_REVOKED, Fix::Reconnect, Scope::Account));
        });
        let app = told(&|record| {
            record.renewal.failed = 1;
            record.renewal.failure = Some(failed(Code::APP_MISCONFIGURED, Fix::Setup, Scope::App));
        });
        assert_eq!(app.remedy, Code::APP_MISCONFIGURED.page().unwrap().mend(), "no new token mends the app");
        assert_eq!(refused.code, Some(Code::TOKEN_REVOKED));
        assert!(refused.title.starts_with("The access token ends 2026-06-01 12:00:00Z, and renewing it failed: "));
        assert!(refused.remedy.starts_with("Connect the account again before that: "), "{}", refused.remedy);
        let well_again = told(&|record| {
            record.renewal.failed = 1;
            record.renewal.failure = Some(failed(Code::TOKEN_REVOKED, Fix::Reconnect, Scope::Account));
            (record.health.state, record.health.checked_at) = (State::Ok, "2026-06-01T11:45:00Z".parse().ok());
        });
        assert!(
            well_again.title.starts_with(
                "It was found well at 2026-06-01 11:45:00Z. The access token ends 2026-06-01 12:00:00Z, and is not renewed by itself"
            ),
            "{}",
            well_again.title
        );
        assert!(well_again.remedy.starts_with("Have it renewed: `oncepost accounts refresh acme/mastodon/main`."));
    }

    #[test]
    fn a_query_of_an_address_is_not_shown() {
        let url = without_query("https://hooks.example/in?key=canary#x".parse().unwrap());
        assert_eq!(url.as_str(), "https://hooks.example/in");
    }
}
