//! Google's tokens: access tokens of an hour, refresh tokens that are not used up.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use crate::fake::{Answer, Ask, Tokens, lock};

/// The app's id and secret.
pub(crate) const CLIENT: (&str, &str) = ("the-app.apps.googleusercontent.com", "the-secret-of-the-app");

/// What every access token begins with.
pub(super) const PREFIX: &str = "ya29.";

/// Tokens, and what the accounts have granted.
#[derive(Default)]
pub(crate) struct Access {
    pub(super) tokens: Tokens,
    pub(super) scopes: Mutex<HashMap<String, String>>,
}

/// The account's first access token, which has no end of its own.
pub(crate) fn token(name: &str) -> String {
    format!("{PREFIX}token-{name}")
}

/// The account's refresh token.
pub(crate) fn refresh_token(name: &str) -> String {
    format!("1//refresh-{name}")
}

impl Access {
    /// Whose token a call carries, working or not.
    pub(crate) fn owner(&self, ask: &Ask) -> Option<String> {
        match ask.refresh_token() {
            Some(token) => token.strip_prefix("1//refresh-").map(str::to_owned),
            None => self.tokens.owner(ask.bearer()?.strip_prefix(PREFIX)?),
        }
    }

    /// Every token that the account has now has ended.
    pub(crate) fn expire(&self, name: &str) {
        self.tokens.expire(name);
    }

    /// The person has withdrawn the app's access.
    pub(crate) fn revoke(&self, name: &str) {
        self.tokens.revoke(name);
    }

    /// The first token works again, with all its scopes.
    pub(crate) fn restore(&self, name: &str) {
        self.tokens.restore(name);
        lock(&self.scopes).remove(name);
    }

    /// The account has granted these scopes only.
    pub(crate) fn grant(&self, name: &str, scopes: &str) {
        lock(&self.scopes).insert(name.to_owned(), scopes.to_owned());
    }

    fn scopes(&self, name: &str, usual: &str) -> String {
        lock(&self.scopes).get(name).cloned().unwrap_or_else(|| usual.to_owned())
    }

    /// Whether the account has granted one of these, written as the ends of their addresses.
    pub(crate) fn may(&self, name: &str, usual: &str, any: &[&str]) -> bool {
        let granted = self.scopes(name, usual);
        granted.split(' ').any(|scope| any.contains(&scope.rsplit('/').next().unwrap_or(scope)))
    }

    /// The account of a token that is good.
    pub(crate) fn check(&self, ask: &Ask) -> Option<String> {
        self.good(ask.bearer()?, ask.at).map(|(name, _)| name)
    }

    fn good(&self, given: &str, now: Timestamp) -> Option<(String, Timestamp)> {
        let token = self.tokens.good(given.strip_prefix(PREFIX)?, now)?;
        let until = token.span.map_or(now + Duration::from_secs(3599), |(_, until)| until);
        Some((token.account, until))
    }

    /// `POST /token` and `GET /tokeninfo`; `None` for any other call. `usual` are the scopes of an account that granted all.
    pub(crate) fn answer(&self, ask: &Ask, usual: &str, life_s: u64) -> Option<Answer> {
        match (ask.method.as_str(), ask.path.as_str()) {
            ("POST", "/token") => Some(self.renew(ask, usual, life_s)),
            ("GET", "/tokeninfo") => Some(self.info(ask, usual)),
            _ => None,
        }
    }

    fn renew(&self, ask: &Ask, usual: &str, life_s: u64) -> Answer {
        let one = |name: &str| ask.field(name).unwrap_or_default();
        if (one("client_id"), one("client_secret")) != CLIENT {
            return refuse(401, "invalid_client", "The OAuth client was not found.");
        }
        if one("grant_type") != "refresh_token" {
            return refuse(400, "unsupported_grant_type", "Invalid grant_type");
        }
        let name = one("refresh_token").strip_prefix("1//refresh-").unwrap_or_default();
        if name.is_empty() || self.tokens.is_dead(name) {
            return refuse(400, "invalid_grant", "Token has been expired or revoked.");
        }
        let next = format!("{PREFIX}{}", self.tokens.give(name, ask.at, Duration::from_secs(life_s)));
        let scope = self.scopes(name, usual);
        Answer::json(200, &json!({"access_token": next, "expires_in": life_s, "scope": scope, "token_type": "Bearer"}))
    }

    fn info(&self, ask: &Ask, usual: &str) -> Answer {
        match self.good(ask.param("access_token").unwrap_or_default(), ask.at) {
            Some((name, until)) => {
                let left = until.duration_since(ask.at).as_secs();
                let scope = self.scopes(&name, usual);
                let body =
                    json!({"aud": CLIENT.0, "scope": scope, "expires_in": left.to_string(), "access_type": "offline"});
                Answer::json(200, &body)
            }
            None => refuse(400, "invalid_token", "Invalid Value"),
        }
    }
}

fn refuse(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}
