//! Tokens: long-lived ones that are exchanged for new ones, and what they allow.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use super::{error, parameter, person_id, unsupported};
use crate::fake::{Answer, Ask, lock};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a long-lived token is good: 60 days, less the moment it takes to hand it out.
pub(crate) const LIFE: u64 = 5_183_944;
/// What is said of a token that has come to its end: finer code, words.
const ENDED: (u64, &str) = (463, "Error validating access token: Session has expired.");

/// A token that was handed out.
#[derive(Clone, Copy)]
struct Grant {
    issued: Timestamp,
    until: Timestamp,
}

/// Who may call.
#[derive(Default)]
pub(crate) struct Access {
    /// Tokens that were exchanged for, by themselves. Those that were there from the beginning are `token-NAME`.
    granted: Mutex<HashMap<String, Grant>>,
    /// Accounts whose tokens do not work: finer code, words.
    refused: Mutex<HashMap<String, (u64, &'static str)>>,
    /// Accounts that did not give the permission to publish.
    reading: Mutex<Vec<String>>,
}

impl Access {
    pub fn expire(&self, account: &str) {
        lock(&self.refused).insert(account.into(), ENDED);
    }

    pub fn revoke(&self, account: &str) {
        let said =
            "Error validating access token: The session has been invalidated because the user changed their password.";
        lock(&self.refused).insert(account.into(), (460, said));
    }

    /// The account's tokens work again, and may publish.
    pub fn restore(&self, account: &str) {
        lock(&self.refused).remove(account);
        lock(&self.reading).retain(|name| name != account);
    }

    /// The account takes the permission to publish away.
    pub fn forbid(&self, account: &str) {
        lock(&self.reading).push(account.into());
    }

    /// Whether the account may publish.
    pub fn may_publish(&self, account: &str) -> bool {
        !lock(&self.reading).iter().any(|name| name == account)
    }

    /// The account, or the refusal.
    pub fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let invalid = || error(401, 190, 0, "Invalid OAuth access token - Cannot parse access token");
        let token = token(ask).ok_or_else(invalid)?;
        let account = name(ask).ok_or_else(invalid)?;
        if let Some((finer, why)) = lock(&self.refused).get(&account) {
            return Err(error(400, 190, *finer, why));
        }
        let granted = lock(&self.granted).get(&token).copied();
        match granted {
            Some(grant) if grant.until <= ask.at => Err(ended()),
            None if token.contains('~') => Err(invalid()),
            _ => Ok(account),
        }
    }

    /// The same for calls that publish.
    pub fn check_publisher(&self, ask: &Ask) -> Result<String, Answer> {
        let account = self.check(ask)?;
        if !self.may_publish(&account) {
            return Err(error(403, 10, 0, "(#10) Application does not have permission for this action"));
        }
        Ok(account)
    }

    /// A new token for one that is a day old and still good. The old one stays good until its own end.
    pub fn exchange(&self, ask: &Ask, grant_type: &str, life_s: u64) -> Result<Answer, Answer> {
        if parameter(ask, "grant_type").as_deref() != Some(grant_type) {
            return Err(error(400, 100, 0, "Invalid grant_type"));
        }
        let account = self.check(ask)?;
        let old = token(ask).unwrap_or_default();
        let young = lock(&self.granted).get(&old).is_some_and(|grant| grant.issued + DAY > ask.at);
        if young {
            return Err(error(400, 100, 0, "The access token must be at least 24 hours old to be refreshed"));
        }
        Ok(self.grant(ask, &account, life_s))
    }

    /// A long-lived token for a short one, for those who know the app's secret.
    pub fn lengthen(&self, ask: &Ask, grant_type: &str, life_s: u64) -> Result<Answer, Answer> {
        let known = parameter(ask, "client_secret").is_some_and(|secret| !secret.is_empty());
        if parameter(ask, "grant_type").as_deref() != Some(grant_type) || !known {
            return Err(error(400, 101, 0, "Error validating client secret."));
        }
        let account = self.check(ask)?;
        Ok(self.grant(ask, &account, life_s))
    }

    /// The first token after a person agreed: it is good for an hour.
    pub fn begin(&self, ask: &Ask, account: &str, publishes: bool) -> String {
        self.restore(account);
        if !publishes {
            self.forbid(account);
        }
        let mut granted = lock(&self.granted);
        let token = format!("token-{account}~{}", granted.len() + 1);
        granted.insert(token.clone(), Grant { issued: ask.at, until: ask.at + Duration::from_secs(3600) });
        token
    }

    fn grant(&self, ask: &Ask, account: &str, life_s: u64) -> Answer {
        let mut granted = lock(&self.granted);
        let token = format!("token-{account}~{}", granted.len() + 1);
        granted.insert(token.clone(), Grant { issued: ask.at, until: ask.at + Duration::from_secs(life_s) });
        handed_out(&token, life_s)
    }
}

/// The refusal of a token that has come to its end.
pub(crate) fn ended() -> Answer {
    error(400, 190, ENDED.0, ENDED.1)
}

/// The answer that carries a new long-lived token.
pub(crate) fn handed_out(token: &str, life_s: u64) -> Answer {
    Answer::json(200, &json!({"access_token": token, "token_type": "bearer", "expires_in": life_s}))
}

/// The token, from wherever it is taken: query, form or header.
pub(crate) fn token(ask: &Ask) -> Option<String> {
    let of_header = || ask.bearer().or_else(|| ask.header("authorization")?.strip_prefix("OAuth ")).map(str::to_owned);
    parameter(ask, "access_token").or_else(of_header)
}

/// Whose token this is, working or not.
pub(crate) fn name(ask: &Ask) -> Option<String> {
    account_of(&token(ask)?).map(str::to_owned)
}

/// The account that a token names, working or not.
pub(crate) fn account_of(token: &str) -> Option<&str> {
    token.strip_prefix("token-")?.split('~').next().filter(|name| !name.is_empty())
}

/// The number of whoever calls, working token or not.
pub(crate) fn caller(ask: &Ask) -> String {
    person_id(&name(ask).unwrap_or_default())
}

/// The account, if the path names it: by its number or as `me`.
pub(crate) fn owner(ask: &Ask, named: &str, account: String) -> Result<String, Answer> {
    if named == "me" || named == person_id(&account) { Ok(account) } else { Err(unsupported(&ask.method, named)) }
}
