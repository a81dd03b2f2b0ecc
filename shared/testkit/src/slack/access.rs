//! Tokens, scopes, and what has become of an account's conversation.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;

use super::{Slack, done, error};
use crate::fake::{Answer, Ask, Form, lock};

pub(super) const SCOPES: [&str; 4] = ["chat:write", "channels:history", "files:write", "files:read"];
const LIFE: Duration = Duration::from_secs(12 * 3600);

/// What bots may do.
#[derive(Default)]
pub struct Access {
    /// Accounts whose token is not taken, and the reason.
    refused: Mutex<HashMap<String, &'static str>>,
    /// Accounts that may do less than everything.
    scopes: Mutex<HashMap<String, Vec<String>>>,
    /// What is wrong with an account's conversation.
    closed: Mutex<HashMap<String, &'static str>>,
    /// Accounts whose webhook was removed.
    unhooked: Mutex<HashSet<String>>,
    /// account → how often its tokens were rotated, and until when the present one is good
    rotations: Mutex<HashMap<String, (u64, Timestamp)>>,
}

impl Access {
    /// The owner removes the app.
    pub fn revoke(&self, account: &str) {
        lock(&self.refused).insert(account.into(), "token_revoked");
        lock(&self.unhooked).insert(account.into());
    }

    /// From now on the account's bot may do this only.
    pub fn grant(&self, account: &str, scopes: &[&str]) {
        lock(&self.scopes).insert(account.into(), scopes.iter().map(|&scope| scope.into()).collect());
    }

    /// Calls on the account's conversation are refused with this, such as `is_archived`; nothing ends it.
    pub fn close(&self, account: &str, why: Option<&'static str>) {
        let mut closed = lock(&self.closed);
        match why {
            Some(why) => drop(closed.insert(account.into(), why)),
            None => drop(closed.remove(account)),
        }
    }

    /// Switches token rotation on. Returns the first access token and the refresh token that is good once.
    pub fn rotate(&self, account: &str, now: Timestamp) -> (String, String) {
        lock(&self.rotations).insert(account.into(), (1, now + LIFE));
        (access_token(account, 1), refresh_token(account, 1))
    }

    pub(super) fn restore(&self, account: &str) {
        lock(&self.refused).remove(account);
        lock(&self.scopes).remove(account);
        lock(&self.unhooked).remove(account);
    }

    /// A webhook has no time of its own: it is removed.
    pub(super) fn expire(&self, account: &str) {
        lock(&self.refused).insert(account.into(), "token_expired");
        lock(&self.unhooked).insert(account.into());
    }

    /// The bot is installed anew, with these scopes.
    pub(super) fn install(&self, account: &str, scopes: &[String]) {
        self.restore(account);
        lock(&self.scopes).insert(account.into(), scopes.to_vec());
    }

    pub(super) fn scopes(&self, name: &str) -> Vec<String> {
        let scopes = lock(&self.scopes).get(name).cloned();
        scopes.unwrap_or_else(|| SCOPES.iter().map(|&scope| scope.into()).collect())
    }

    pub(super) fn may(&self, name: &str, scope: &str) -> Result<(), Answer> {
        let has = self.scopes(name);
        if has.iter().any(|has| has == scope) {
            return Ok(());
        }
        let body = json!({ "ok": false, "error": "missing_scope", "needed": scope, "provided": has.join(",") });
        Err(Answer::json(200, &body))
    }

    pub(super) fn is_hooked(&self, name: &str) -> bool {
        !lock(&self.unhooked).contains(name)
    }

    /// The conversation that a call names, if the bot may use it.
    pub(super) fn open(&self, name: &str, wanted: Option<&str>) -> Result<String, Answer> {
        let channel = Slack::channel(name);
        if wanted != Some(channel.as_str()) {
            return Err(error("channel_not_found"));
        }
        lock(&self.closed).get(name).map_or(Ok(channel), |why| Err(error(why)))
    }

    /// The account, or the refusal.
    pub(super) fn check(&self, ask: &Ask, form: &Form) -> Result<String, Answer> {
        let token = ask.bearer().or_else(|| form.get("token")).ok_or_else(|| error("not_authed"))?;
        let name = owner(token).ok_or_else(|| error("invalid_auth"))?.to_owned();
        if let Some(why) = lock(&self.refused).get(&name) {
            return Err(error(why));
        }
        match lock(&self.rotations).get(&name) {
            Some((n, _)) if token != access_token(&name, *n) => Err(error("invalid_auth")),
            Some((_, until)) if *until <= ask.at => Err(error("token_expired")),
            _ => Ok(name),
        }
    }

    /// A refresh token for the next pair of tokens. It is good once.
    pub(super) fn exchange(&self, ask: &Ask, form: &Form, life: Duration) -> Result<Answer, Answer> {
        let now = ask.at;
        let field = |name: &str| form.get(name).map(str::to_owned);
        match ask.basic().or_else(|| field("client_id").zip(field("client_secret"))) {
            Some((id, _)) if id != "app" => return Err(error("invalid_client_id")),
            Some((_, secret)) if secret != "app-secret" => return Err(error("bad_client_secret")),
            Some(_) => {}
            None => return Err(error("invalid_client_id")),
        }
        let given = form.get("refresh_token").unwrap_or_default();
        let mut rotations = lock(&self.rotations);
        let known = rotations.iter_mut().find(|(name, (n, _))| refresh_token(name, *n) == given);
        let (name, (n, until)) = known.ok_or_else(|| error("invalid_refresh_token"))?;
        (*n, *until) = (*n + 1, now + life);
        Ok(done(json!({
            "access_token": access_token(name, *n), "refresh_token": refresh_token(name, *n),
            "expires_in": life.as_secs(), "token_type": "bot", "scope": self.scopes(name).join(","),
        })))
    }
}

fn access_token(name: &str, n: u64) -> String {
    format!("xoxe.xoxb-{n}-{name}")
}

fn refresh_token(name: &str, n: u64) -> String {
    format!("xoxe-{n}-{name}")
}

/// Whose token this is, good or not.
fn owner(token: &str) -> Option<&str> {
    let rotated = token.strip_prefix("xoxe.xoxb-").and_then(|rest| Some(rest.split_once('-')?.1));
    rotated.or_else(|| token.strip_prefix("xoxb-")).filter(|name| !name.is_empty())
}

/// Who calls, as far as the header says.
pub(super) fn name(ask: &Ask) -> Option<String> {
    if let Some(token) = ask.refresh_token() {
        return token.strip_prefix("xoxe-").and_then(|rest| Some(rest.split_once('-')?.1.to_owned()));
    }
    owner(ask.bearer().or_else(|| ask.field("token"))?).map(str::to_owned)
}
