//! Tokens: refresh tokens that are good once, access tokens with an end, and what they allow.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{DAY, TikTok, refusal};
use crate::fake::{Answer, Ask, lock};

const SCOPES: [&str; 4] = ["user.info.basic", "video.publish", "video.upload", "video.list"];
/// How long a refresh token is good, in days.
const REFRESH_DAYS: u32 = 180;

/// All tokens that there are.
#[derive(Default)]
pub(super) struct Access {
    /// Given by refreshes: token → (account, until)
    given: Mutex<HashMap<String, (String, Timestamp)>>,
    /// The one refresh token of each account that works: account → (token, until)
    newest: Mutex<HashMap<String, (String, Timestamp)>>,
    /// Accounts whose first access token has ended.
    ended: Mutex<HashSet<String>>,
    /// Accounts whose tokens are all dead.
    dead: Mutex<HashSet<String>>,
    withheld: Mutex<HashSet<(String, String)>>,
}

impl Access {
    /// Whose token this is, working or not.
    pub(super) fn owner(&self, ask: &Ask) -> Option<String> {
        let token = ask.bearer()?;
        let given = lock(&self.given).get(token).map(|(account, _)| account.clone());
        given.or_else(|| token.strip_prefix("token-").filter(|name| !name.is_empty()).map(str::to_owned))
    }

    /// The account, or the refusal, which does not say why.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let account = self.owner(ask).ok_or_else(unauthorized)?;
        let until = lock(&self.given).get(ask.bearer().unwrap_or_default()).map(|(_, until)| *until);
        let ended = until.map_or_else(|| lock(&self.ended).contains(&account), |until| until <= ask.at);
        if ended || lock(&self.dead).contains(&account) { Err(unauthorized()) } else { Ok(account) }
    }

    pub(super) fn check_scope(&self, account: &str, scope: &str) -> Result<(), Answer> {
        match lock(&self.withheld).contains(&(account.to_owned(), scope.to_owned())) {
            true => Err(refusal(401, "scope_not_authorized", "The user did not authorize the scope required.")),
            false => Ok(()),
        }
    }

    pub(super) fn expire(&self, account: &str) {
        lock(&self.ended).insert(account.to_owned());
        for (_, until) in lock(&self.given).values_mut().filter(|(owner, _)| owner == account) {
            *until = Timestamp::MIN;
        }
    }

    pub(super) fn revoke(&self, account: &str) {
        lock(&self.dead).insert(account.to_owned());
    }

    pub(super) fn withhold(&self, account: &str, scope: &str) {
        lock(&self.withheld).insert((account.to_owned(), scope.to_owned()));
    }

    /// A refresh token works until the next one is given out.
    pub(super) fn refresh(&self, ask: &Ask, life: Duration) -> Result<Answer, Answer> {
        let fields = ask.fields();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        if (field("client_key"), field("client_secret")) != (TikTok::CLIENT_KEY, TikTok::CLIENT_SECRET) {
            return Err(flat(401, "invalid_client", "Client key or secret is incorrect."));
        }
        if field("grant_type") != "refresh_token" {
            return Err(flat(400, "unsupported_grant_type", "Grant type is not supported."));
        }
        let (token, mut newest) = (field("refresh_token"), lock(&self.newest));
        if let Some(name) = token.strip_prefix("refresh-") {
            newest.entry(name.to_owned()).or_insert_with(|| (token.to_owned(), ask.at + REFRESH_DAYS * DAY));
        }
        let account = newest.iter().find(|(_, (good, until))| good == token && ask.at < *until);
        let account = account.map(|(account, _)| account.clone()).filter(|account| !lock(&self.dead).contains(account));
        let account = account.ok_or_else(|| flat(400, "invalid_grant", "Refresh token is invalid or expired."))?;
        let (access, next) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
        lock(&self.given).insert(access.clone(), (account.clone(), ask.at + life));
        newest.insert(account.clone(), (next.clone(), ask.at + REFRESH_DAYS * DAY));
        let granted: Vec<_> = SCOPES.into_iter().filter(|scope| self.check_scope(&account, scope).is_ok()).collect();
        Ok(Answer::json(
            200,
            &json!({
                "open_id": format!("open-{account}"),
                "scope": granted.join(","),
                "access_token": access,
                "expires_in": life.as_secs(),
                "refresh_token": next,
                "refresh_expires_in": (REFRESH_DAYS * DAY).as_secs(),
                "token_type": "Bearer",
            }),
        ))
    }
}

/// How errors of tokens are written.
fn flat(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description, "log_id": "20261101"}))
}

fn unauthorized() -> Answer {
    refusal(401, "access_token_invalid", "The access token is invalid or not found in the request.")
}
