//! Tokens: one to call with, one to renew it, both with an end.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;

use super::{Knobs, Pinterest, error};
use crate::fake::{Answer, Ask, lock};

/// All tokens that were given out or have ended. Those that were there from the beginning have no `~`.
#[derive(Default)]
pub(super) struct Access {
    /// token → until when it is good
    granted: Mutex<HashMap<String, Timestamp>>,
    used: Mutex<HashSet<String>>,
    ended: Mutex<HashSet<String>>,
    revoked: Mutex<HashSet<String>>,
}

/// Whose token this is, working or not.
pub(super) fn owner(token: &str) -> Option<String> {
    let name = token.strip_prefix("pina_").or_else(|| token.strip_prefix("pinr."))?;
    name.split('~').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

impl Access {
    pub fn expire(&self, account: &str) {
        lock(&self.ended).insert(account.into());
        let mut granted = lock(&self.granted);
        let ended = |token: &str| token.starts_with("pina_") && owner(token).as_deref() == Some(account);
        granted.retain(|token, _| !ended(token));
    }

    pub fn revoke(&self, account: &str) {
        lock(&self.revoked).insert(account.into());
    }

    pub fn restore(&self, account: &str) {
        lock(&self.revoked).remove(account);
        lock(&self.ended).remove(account);
    }

    /// The account, or the refusal, which does not say why.
    pub fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let refused = || error(401, 2, "Authentication failed.");
        let token = ask.bearer().filter(|token| token.starts_with("pina_")).ok_or_else(refused)?;
        let account = owner(token).ok_or_else(refused)?;
        let first = !token.contains('~') && !lock(&self.ended).contains(&account);
        let good = first || lock(&self.granted).get(token).is_some_and(|until| *until > ask.at);
        if good && !lock(&self.revoked).contains(&account) { Ok(account) } else { Err(refused()) }
    }

    /// The first tokens after a person agreed.
    pub fn give(&self, account: &str, now: Timestamp, knobs: &Knobs) -> (String, String) {
        if lock(&self.revoked).remove(account) {
            self.expire(account);
        }
        let mut granted = lock(&self.granted);
        let n = granted.len() + 1;
        let (access, refresh) = (format!("pina_{account}~{n}"), format!("pinr.{account}~{n}"));
        granted.insert(access.clone(), now + Duration::from_secs(knobs.access_s));
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
        let account = owner(token).filter(|_| token.starts_with("pinr.")).ok_or_else(refused)?;
        let good = !token.contains('~') || lock(&self.granted).get(token).is_some_and(|until| *until > ask.at);
        let used = knobs.rotates && !lock(&self.used).insert(token.to_owned());
        if !good || used || lock(&self.revoked).contains(&account) {
            return Err(refused());
        }
        let mut granted = lock(&self.granted);
        let n = granted.len() + 1;
        let (access, refresh) = (format!("pina_{account}~{n}"), format!("pinr.{account}~{n}"));
        let until = |seconds| ask.at + Duration::from_secs(seconds);
        granted.insert(access.clone(), until(knobs.access_s));
        granted.insert(refresh.clone(), until(knobs.refresh_s));
        Ok(Answer::json(
            200,
            &json!({
                "access_token": access, "token_type": "bearer", "expires_in": knobs.access_s,
                "scope": "boards:read boards:write pins:read pins:write user_accounts:read",
                "refresh_token": refresh, "refresh_token_expires_in": knobs.refresh_s,
                "refresh_token_expires_at": until(knobs.refresh_s).as_second(),
            }),
        ))
    }
}
