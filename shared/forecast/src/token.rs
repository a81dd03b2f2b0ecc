//! Whether an account will be able to publish when its target goes.

use channels::TokenLife;
use domain::{Code, Failure};
use jiff::{SignedDuration, Timestamp};
use vault::{View, plan, record::State};

use crate::{
    judge::{Case, World},
    risk::{Reason, Risk, Verdict},
    words::instant,
};

/// What is wrong with the account, and with its token at the target's time. That nothing is known of it is no risk.
pub(crate) fn judge(case: &Case<'_>, view: &View, world: &World<'_>) -> Vec<Risk> {
    let switched_off = view.record.disabled.as_ref().map(|word| {
        let note = if word.note.is_empty() { String::new() } else { format!(": {}", word.note.trim_end_matches('.')) };
        Risk {
            sentence: format!("{} was switched off by {} at {}{note}.", view.name, word.by, instant(word.at)),
            remedy: "Switch the account on again, or cancel what is scheduled on it.".into(),
            ..case.risk(Verdict::AtRisk, Reason::Disabled, None, "The account is switched off")
        }
    });
    switched_off.into_iter().chain(broken(case, view).or_else(|| ending(case, view, world))).collect()
}

/// What is wrong with the account already.
fn broken(case: &Case<'_>, view: &View) -> Option<Risk> {
    let (name, health) = (&view.name, &view.record.health);
    let since = health.since.map(|since| format!(" since {}", instant(since))).unwrap_or_default();
    let said = health.failure.as_ref().map(said).unwrap_or_default();
    let code = |usual| health.failure.as_ref().map_or(usual, |failure| failure.code);
    match view.state {
        State::NeedsReconnect => {
            let code = code(Code::TOKEN_EXPIRED);
            Some(Risk {
                sentence: format!("The token of {name} is dead{since}{said}."),
                remedy: RECONNECT.into(),
                ..case.risk(
                    Verdict::WillFail,
                    Reason::NeedsReconnect,
                    Some(code),
                    "The account must be connected again",
                )
            })
        }
        State::LacksPermission => {
            let missing = match health.missing.as_slice() {
                [] => String::new(),
                missing => format!(": {}", missing.join(", ")),
            };
            let title = format!("The account lacks a permission{missing}");
            Some(Risk {
                sentence: format!("{name} lacks a permission{since}{missing}{said}."),
                ..case.risk(Verdict::WillFail, Reason::PermissionMissing, Some(code(Code::PERMISSION_MISSING)), title)
            })
        }
        State::Restricted => Some(Risk {
            sentence: format!("The platform has restricted {name}{since}{said}."),
            ..case.risk(
                Verdict::WillFail,
                Reason::Restricted,
                Some(code(Code::ACCOUNT_RESTRICTED)),
                "The platform has restricted the account",
            )
        }),
        State::Unknown if health.failure.as_ref().is_some_and(|failure| failure.code == Code::CREDENTIALS_MISSING) => {
            Some(Risk {
                sentence: format!("The credentials of {name} cannot be read{said}."),
                ..case.risk(
                    Verdict::AtRisk,
                    Reason::Credentials,
                    Some(Code::CREDENTIALS_MISSING),
                    "The account's credentials cannot be read",
                )
            })
        }
        State::Ok | State::Expiring | State::Unknown => None,
    }
}

const RECONNECT: &str = "Connect the account again. What was held for it goes out by itself after that.";

/// A token that ends before the target goes, and is not surely renewed until then.
fn ending(case: &Case<'_>, view: &View, world: &World<'_>) -> Option<Risk> {
    let ends = view.ends.filter(|ends| *ends <= case.at)?;
    let renewal = &view.record.renewal;
    let name = &view.name;
    let when = format!("The token of {name} ends at {}", instant(ends));
    let dead = |code, title: &str, why: String, remedy: &str| Risk {
        sentence: format!("{when}, and cannot be renewed: {why}."),
        remedy: remedy.into(),
        ..case.risk(Verdict::WillFail, Reason::TokenEnds, Some(code), title)
    };
    if !view.can_renew {
        let (title, why, remedy) = not_renewable(view, world.can_seal);
        return Some(dead(Code::TOKEN_EXPIRED, title, why, remedy));
    }
    if plan::is_given_up(renewal) {
        let code = renewal.failure.as_ref().map_or(Code::TOKEN_REVOKED, |failure| failure.code);
        let why = format!("the platform refused it{}", renewal.failure.as_ref().map(said).unwrap_or_default());
        return Some(dead(code, "The token ends, and the platform refused to renew it", why, RECONNECT));
    }
    let sure = |right: Timestamp| {
        let why = format!("the right to renew it ends at {}", instant(right));
        dead(Code::TOKEN_EXPIRED, "The right to renew the token ends before", why, RECONNECT)
    };
    let right = view.means.right_ends(&view.record.token).filter(|right| *right <= case.at);
    match right {
        Some(right) if right <= world.now => return Some(sure(right)),
        // Every renewal before its end gives a new right.
        Some(_) if view.means.extends_right() => {}
        // The last token that it gives lives on for its span.
        Some(right) if last_token(view, right) <= case.at => return Some(sure(right)),
        Some(right) => {
            return Some(Risk {
                sentence: format!("{when}, and it can be renewed until {} only.", instant(right)),
                remedy: RECONNECT.into(),
                ..case.risk(
                    Verdict::AtRisk,
                    Reason::TokenEnds,
                    Some(Code::TOKEN_EXPIRED),
                    "The right to renew the token ends before",
                )
            });
        }
        None => {}
    }
    let again = plan::tried_again(renewal, world.now);
    let again = again.map(|at| format!("; it is tried again at {}", instant(at))).unwrap_or_default();
    if let Some(sent) = plan::unheard(renewal, world.now) {
        return Some(Risk {
            sentence: format!("{when}. The answer to its renewal, sent at {}, was lost{again}.", instant(sent)),
            remedy: "If the next try is refused, connect the account again; `oncepost accounts` says how it is.".into(),
            ..case.risk(
                Verdict::AtRisk,
                Reason::RenewalInDoubt,
                Some(Code::TOKEN_PENDING),
                "The token ends, and whether it was renewed is not known",
            )
        });
    }
    (renewal.failed > 0).then(|| Risk {
        sentence: format!(
            "{when}. Renewing it failed{}{}{again}.",
            if renewal.failed == 1 { String::new() } else { format!(" {} times in a row", renewal.failed) },
            renewal.failure.as_ref().map(said).unwrap_or_default()
        ),
        remedy: "It is tried again by itself. If the platform is well, connect the account again.".into(),
        ..case.risk(
            Verdict::AtRisk,
            Reason::RenewalFails,
            renewal.failure.as_ref().map(|failure| failure.code),
            "The token ends, and renewing it fails",
        )
    })
}

/// Why a token cannot be renewed at all, and what to do about that.
fn not_renewable(view: &View, can_seal: bool) -> (&'static str, String, &'static str) {
    if matches!(view.means.life, TokenLife::Reconnected { .. }) {
        let why = "its platform gives new ones to persons only".to_owned();
        return ("The token ends, and only a person can give a new one", why, RECONNECT);
    }
    if !can_seal {
        let why = "there is no key in vault.keys, and what cannot be sealed is not renewed".to_owned();
        let remedy = "Put a key into vault.keys (`oncepost vault key` makes one), or give the account a new token.";
        return ("The token ends, and without a key in vault.keys none is renewed", why, remedy);
    }
    let needs_refresh = matches!(view.means.life, TokenLife::Refreshed { .. });
    if needs_refresh && !view.record.holds.iter().any(|name| name == "refresh_token") {
        let remedy = "Connect the account again, with a refresh token.";
        return ("The token ends, and there is no refresh token", "it has no refresh token".to_owned(), remedy);
    }
    let why = "it lacks what renewing takes (client_id, client_secret)".to_owned();
    let remedy = "Give its app the client id and secret, or connect the account again.";
    ("The token ends, and what renewing takes is not there", why, remedy)
}

/// When the last token ends that can be had until `right`.
fn last_token(view: &View, right: Timestamp) -> Timestamp {
    let span = view.means.span().and_then(|span| SignedDuration::try_from(span).ok()).unwrap_or(SignedDuration::ZERO);
    right.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// The words of a failure, in brackets.
pub(crate) fn said(failure: &Failure) -> String {
    let status = failure.said.status.map(|status| format!("HTTP {status}"));
    let text = Some(failure.said.text.trim_end_matches('.').to_owned()).filter(|text| !text.is_empty());
    match status.into_iter().chain(text).collect::<Vec<_>>().join(": ") {
        said if said.is_empty() => said,
        said => format!(" ({said})"),
    }
}
