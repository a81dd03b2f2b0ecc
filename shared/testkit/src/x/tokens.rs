//! Tokens: two kinds, one family per account, and what kills a family.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{X, forbidden, problem};
use crate::fake::{Answer, Ask, lock};

const SCOPES: [&str; 5] = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"];

/// All tokens that there are.
#[derive(Default)]
pub(super) struct Tokens {
    /// Given by refreshes: token → (account, until)
    access: Mutex<HashMap<String, (String, Timestamp)>>,
    /// token → (account, used)
    refresh: Mutex<HashMap<String, (String, bool)>>,
    /// Accounts whose first access token has ended.
    ended: Mutex<HashSet<String>>,
    /// Accounts whose tokens are all dead.
    dead: Mutex<HashSet<String>>,
    withheld: Mutex<HashSet<(String, String)>>,
}

impl Tokens {
    /// Whose token this is, working or not.
    pub(super) fn owner(&self, ask: &Ask) -> Option<String> {
        let token = ask.bearer()?;
        let given = lock(&self.access).get(token).map(|(account, _)| account.clone());
        given.or_else(|| token.strip_prefix("token-").filter(|name| !name.is_empty()).map(str::to_owned))
    }

    /// The account, or the refusal, which does not say why.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let account = self.owner(ask).ok_or_else(unauthorized)?;
        let token = ask.bearer().unwrap_or_default();
        let until = lock(&self.access).get(token).map(|(_, until)| *until);
        let ended = until.map_or_else(|| lock(&self.ended).contains(&account), |until| until <= ask.at);
        if ended || lock(&self.dead).contains(&account) { Err(unauthorized()) } else { Ok(account) }
    }

    pub(super) fn check_scope(&self, account: &str, scope: &str) -> Result<(), Answer> {
        match lock(&self.withheld).contains(&(account.to_owned(), scope.to_owned())) {
            true => Err(forbidden("You are not permitted to perform this action.")),
            false => Ok(()),
        }
    }

    pub(super) fn expire(&self, account: &str) {
        lock(&self.ended).insert(account.to_owned());
        for (_, until) in lock(&self.access).values_mut().filter(|(owner, _)| owner == account) {
            *until = Timestamp::MIN;
        }
    }

    pub(super) fn revoke(&self, account: &str) {
        lock(&self.dead).insert(account.to_owned());
    }

    pub(super) fn withhold(&self, account: &str, scope: &str) {
        lock(&self.withheld).insert((account.to_owned(), scope.to_owned()));
    }

    /// A refresh token is good once. Used again it takes the whole family with it.
    pub(super) fn refresh(&self, ask: &Ask, life: Duration) -> Result<Answer, Answer> {
        let fields = ask.fields();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        check_client(ask, field("client_id"))?;
        if field("grant_type") != Some("refresh_token") {
            return Err(refused(400, "unsupported_grant_type", "Value passed for the grant type was invalid."));
        }
        let invalid = || refused(400, "invalid_request", "Value passed for the token was invalid.");
        let token = field("refresh_token").ok_or_else(invalid)?;
        let (account, used) = {
            let mut all = lock(&self.refresh);
            if let Some(name) = token.strip_prefix("refresh-") {
                all.entry(token.to_owned()).or_insert_with(|| (name.to_owned(), false));
            }
            let (account, used) = all.get_mut(token).ok_or_else(invalid)?;
            (account.clone(), std::mem::replace(used, true))
        };
        if used {
            self.revoke(&account);
        }
        if lock(&self.dead).contains(&account) {
            return Err(invalid());
        }
        let (access, next) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
        lock(&self.access).insert(access.clone(), (account.clone(), ask.at + life));
        lock(&self.refresh).insert(next.clone(), (account.clone(), false));
        let granted: Vec<_> = SCOPES.into_iter().filter(|scope| self.check_scope(&account, scope).is_ok()).collect();
        Ok(Answer::json(
            200,
            &json!({
                "token_type": "bearer",
                "expires_in": life.as_secs(),
                "access_token": access,
                "scope": granted.join(" "),
                "refresh_token": next,
            }),
        ))
    }
}

/// A confidential client shows its password in the header, a public one its name in the body.
fn check_client(ask: &Ask, in_body: Option<&str>) -> Result<(), Answer> {
    let wanted = format!("Basic {}", STANDARD.encode(format!("{}:{}", X::CLIENT_ID, X::CLIENT_SECRET)));
    match ask.header("authorization") {
        Some(shown) if shown == wanted => Ok(()),
        None if in_body == Some(X::CLIENT_ID) => Ok(()),
        _ => Err(refused(401, "unauthorized_client", "Missing valid authorization header")),
    }
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

fn unauthorized() -> Answer {
    problem(401, "about:blank", "Unauthorized", "Unauthorized")
}
