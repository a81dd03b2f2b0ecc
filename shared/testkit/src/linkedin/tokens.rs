//! Tokens: a refresh token that stays what it is, and access tokens that are refused while they are young.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, LinkedIn};
use crate::fake::{Answer, Ask, lock};

const LIFE: Duration = Duration::from_secs(5_184_000);

/// All tokens that there are.
#[derive(Default)]
pub(super) struct Tokens {
    /// Given by refreshes: token → (account, since)
    access: Mutex<HashMap<String, (String, Timestamp)>>,
    ended: Mutex<HashSet<String>>,
    dead: Mutex<HashSet<String>>,
    without_page: Mutex<HashSet<String>>,
}

impl Tokens {
    /// Whose token this is, working or not.
    pub(super) fn owner(&self, ask: &Ask) -> Option<String> {
        let token = ask.bearer()?;
        let given = lock(&self.access).get(token).map(|(account, _)| account.clone());
        given.or_else(|| token.strip_prefix("token-").filter(|name| !name.is_empty()).map(str::to_owned))
    }

    /// The account, or the refusal.
    pub(super) fn check(&self, ask: &Ask, young_for: Duration) -> Result<String, Answer> {
        let Some(token) = ask.bearer() else {
            return Err(Answer::json(401, &json!({"status": 401, "message": "Empty oauth2_access_token"})));
        };
        let account = self.owner(ask).ok_or_else(|| refused(65600, "INVALID_ACCESS_TOKEN", "Invalid access token"))?;
        let since = lock(&self.access).get(token).map(|(_, since)| *since);
        let revoked =
            || refused(65601, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user");
        if lock(&self.dead).contains(&account) || since.is_some_and(|since| ask.at < since + young_for) {
            return Err(revoked());
        }
        let over = since.map_or_else(|| lock(&self.ended).contains(&account), |since| since + LIFE <= ask.at);
        match over {
            true => Err(refused(65602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")),
            false => Ok(account),
        }
    }

    pub(super) fn expire(&self, account: &str) {
        lock(&self.ended).insert(account.to_owned());
        lock(&self.access).retain(|_, (owner, _)| owner != account);
    }

    pub(super) fn revoke(&self, account: &str) {
        lock(&self.dead).insert(account.to_owned());
    }

    pub(super) fn take_page(&self, account: &str) {
        lock(&self.without_page).insert(account.to_owned());
    }

    pub(super) fn roles(&self, caller: &Caller) -> Answer {
        let role = json!({
            "role": "ADMINISTRATOR", "state": "APPROVED",
            "organization": caller.page(), "roleAssignee": caller.member(),
        });
        let roles = if lock(&self.without_page).contains(&caller.name) { vec![] } else { vec![role] };
        Answer::json(200, &json!({"elements": roles, "paging": {"start": 0, "count": 10}}))
    }

    /// A new access token; the refresh token stays.
    pub(super) fn renew(&self, ask: &Ask) -> Result<Answer, Answer> {
        let fields = ask.fields();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let refused = |status: u16, error: &str, why: &str| {
            Answer::json(status, &json!({"error": error, "error_description": why}))
        };
        if (field("client_id"), field("client_secret")) != (LinkedIn::CLIENT_ID, LinkedIn::CLIENT_SECRET) {
            return Err(refused(401, "invalid_client", "Client authentication failed"));
        }
        let token = field("refresh_token");
        let account = token.strip_prefix("refresh-").filter(|name| !lock(&self.dead).contains(*name));
        let account = account.ok_or_else(|| refused(400, "invalid_grant", "Token has been expired or revoked."))?;
        let access = Uuid::new_v4().simple().to_string();
        lock(&self.access).insert(access.clone(), (account.to_owned(), ask.at));
        Ok(Answer::json(
            200,
            &json!({
                "access_token": access,
                "expires_in": LIFE.as_secs(),
                "refresh_token": token,
                "refresh_token_expires_in": 31_000_000,
                "scope": "openid,profile,w_member_social,w_organization_social,r_organization_social",
            }),
        ))
    }
}

fn refused(number: u32, code: &str, message: &str) -> Answer {
    let body: Value = json!({"status": 401, "serviceErrorCode": number, "code": code, "message": message});
    Answer::json(401, &body)
}
