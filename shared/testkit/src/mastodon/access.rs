//! Tokens: who calls, and may they.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use serde_json::{Value, json};

use super::error;
use crate::fake::{Answer, Ask, lock};

/// What tokens give leave to.
pub(super) const SCOPES: [&str; 4] = ["read:accounts", "read:statuses", "write:media", "write:statuses"];

/// Accounts whose token does not work, and what the server says about it; and what the others lack.
#[derive(Default)]
pub(super) struct Access {
    refused: Mutex<HashMap<String, &'static str>>,
    withheld: Mutex<HashSet<(String, String)>>,
}

impl Access {
    pub(super) fn expire(&self, account: &str) {
        lock(&self.refused).insert(account.into(), "The access token expired");
    }

    pub(super) fn revoke(&self, account: &str) {
        lock(&self.refused).insert(account.into(), "The access token was revoked");
    }

    /// The account's token works again, with all its scopes.
    pub(super) fn restore(&self, account: &str) {
        lock(&self.refused).remove(account);
        lock(&self.withheld).retain(|(whose, _)| whose != account);
    }

    /// The person agrees anew, to these scopes.
    pub(super) fn grant(&self, account: &str, scopes: &[String]) {
        self.restore(account);
        let without = SCOPES.iter().filter(|scope| !scopes.iter().any(|given| given == *scope));
        without.for_each(|scope| self.withhold(account, scope));
    }

    pub(super) fn withhold(&self, account: &str, scope: &str) {
        lock(&self.withheld).insert((account.into(), scope.into()));
    }

    /// Refuses what the account's token gives no leave to.
    pub(super) fn check_scope(&self, account: &str, scope: &str) -> Result<(), Answer> {
        match lock(&self.withheld).contains(&(account.to_owned(), scope.to_owned())) {
            true => Err(error(403, "This action is outside the authorized scopes")),
            false => Ok(()),
        }
    }

    /// The app that the token was made for. Its scopes are the most that its tokens can have.
    pub(super) fn app(&self, account: &str) -> Value {
        let scopes: Vec<_> = SCOPES.into_iter().filter(|scope| self.check_scope(account, scope).is_ok()).collect();
        json!({"id": "1", "name": "the app", "website": null, "scopes": scopes, "redirect_uris": []})
    }

    /// The account, or the refusal.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let name = name(ask).ok_or_else(|| error(401, "The access token is invalid"))?;
        match lock(&self.refused).get(&name) {
            Some(why) => Err(error(401, why)),
            None => Ok(name),
        }
    }
}

/// Whose token this is, working or not.
pub(super) fn name(ask: &Ask) -> Option<String> {
    ask.bearer()?.strip_prefix("token-").filter(|name| !name.is_empty()).map(str::to_owned)
}
