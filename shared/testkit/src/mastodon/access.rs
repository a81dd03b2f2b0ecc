//! Tokens: who calls, and may they.

use std::{collections::HashMap, sync::Mutex};

use super::error;
use crate::fake::{Answer, Ask, lock};

/// Accounts whose token does not work, and what the server says about it.
#[derive(Default)]
pub(super) struct Access {
    refused: Mutex<HashMap<String, &'static str>>,
}

impl Access {
    pub(super) fn expire(&self, account: &str) {
        lock(&self.refused).insert(account.into(), "The access token expired");
    }

    pub(super) fn revoke(&self, account: &str) {
        lock(&self.refused).insert(account.into(), "The access token was revoked");
    }

    pub(super) fn restore(&self, account: &str) {
        lock(&self.refused).remove(account);
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
