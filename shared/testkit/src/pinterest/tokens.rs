//! Tokens: one to call with, one to renew it, both with an end.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;

use super::{Knobs, Pinterest, error};
use crate::fake::{Answer, Ask, Tokens, lock};

/// What every access token begins with.
const ACCESS: &str = "pina_";
/// What every refresh token begins with.
const REFRESH: &str = "pinr.";

/// All tokens. Those that were there from the beginning have no `~`.
#[derive(Default)]
pub(super) struct Access {
    tokens: Tokens,
    /// refresh token → until when it is good
    granted: Mutex<HashMap<String, Timestamp>>,
    used: Mutex<HashSet<String>>,
}

/// The account's first access token, which has no end of its own.
pub(super) fn token(name: &str) -> String {
    format!("{ACCESS}token-{name}")
}

/// The account's first refresh token.
pub(super) fn refresh_token(name: &str) -> String {
    format!("{REFRESH}{name}")
}

/// Whose refresh token this is, good or not.
fn whose(token: &str) -> Option<&str> {
    token.strip_prefix(REFRESH).and_then(|name| name.split('~').next()).filter(|name| !name.is_empty())
}

impl Access {
    /// Whose token a call carries, working or not.
    pub fn owner(&self, ask: &Ask) -> Option<String> {
        let of_refresh = || whose(ask.refresh_token()?).map(str::to_owned);
        of_refresh().or_else(|| self.tokens.owner(ask.bearer()?.strip_prefix(ACCESS)?))
    }

    /// Every access token that the account has now has ended.
    pub fn expire(&self, account: &str) {
        self.tokens.expire(account);
    }

    /// The account takes the app's leave away.
    pub fn revoke(&self, account: &str) {
        self.tokens.revoke(account);
    }

    /// The account's first token works again.
    pub fn restore(&self, account: &str) {
        self.tokens.restore(account);
        lock(&self.used).retain(|token| whose(token) != Some(account));
    }

    /// The account, or the refusal, which does not say why.
    pub fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let given = ask.bearer().and_then(|token| token.strip_prefix(ACCESS));
        let good = given.and_then(|token| self.tokens.good(token, ask.at));
        good.map(|token| token.account).ok_or_else(|| error(401, 2, "Authentication failed."))
    }

    /// The first tokens after a person agreed.
    pub fn give(&self, account: &str, now: Timestamp, knobs: &Knobs) -> (String, String) {
        self.tokens.begin_anew(account);
        self.pair(account, now, knobs)
    }

    fn pair(&self, account: &str, now: Timestamp, knobs: &Knobs) -> (String, String) {
        let access = format!("{ACCESS}{}", self.tokens.give(account, now, Duration::from_secs(knobs.access_s)));
        let mut granted = lock(&self.granted);
        let refresh = format!("{REFRESH}{account}~{}", granted.len() + 1);
        granted.insert(refresh.clone(), now + Duration::from_secs(knobs.refresh_s));
        (access, refresh)
    }

    pub fn renew(&self, ask: &Ask, knobs: &Knobs) -> Result<Answer, Answer> {
        if ask.basic().is_none_or(|(id, secret)| (id.as_str(), secret.as_str()) != Pinterest::CLIENT) {
            return Err(error(401, 2, "Authentication failed."));
        }
        let one = |name: &str| ask.field(name).unwrap_or_default();
        let token = one("refresh_token");
        let refused = || error(400, 283, "Invalid refresh token.");
        if one("grant_type") != "refresh_token" {
            return Err(error(400, 1, "grant_type is missing or invalid."));
        }
        let account = whose(token).ok_or_else(refused)?;
        let good = !token.contains('~') || lock(&self.granted).get(token).is_some_and(|until| *until > ask.at);
        let used = knobs.rotates && !lock(&self.used).insert(token.to_owned());
        if !good || used || self.tokens.is_dead(account) {
            return Err(refused());
        }
        let until = ask.at + Duration::from_secs(knobs.refresh_s);
        let (access, refresh) = self.pair(account, ask.at, knobs);
        Ok(Answer::json(
            200,
            &json!({
                "access_token": access, "token_type": "bearer", "expires_in": knobs.access_s,
                "scope": "boards:read boards:write pins:read pins:write user_accounts:read",
                "refresh_token": refresh, "refresh_token_expires_in": knobs.refresh_s,
                "refresh_token_expires_at": until.as_second(),
            }),
        ))
    }
}
