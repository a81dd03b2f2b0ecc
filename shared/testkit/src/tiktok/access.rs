//! Tokens: refresh tokens that are good once, access tokens with an end, and what they allow.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{TikTok, refusal};
use crate::fake::{Answer, Ask, lock};

const SCOPES: [&str; 4] = ["user.info.basic", "video.publish", "video.upload", "video.list"];

impl TikTok {
    /// The account, or the refusal, which does not say why.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let good = ask.bearer().and_then(|token| self.tokens.good(token, ask.at));
        let words = "The access token is invalid or not found in the request.";
        good.map(|token| token.account).ok_or_else(|| refusal(401, "access_token_invalid", words))
    }

    pub(super) fn check_scope(&self, account: &str, scope: &str) -> Result<(), Answer> {
        match self.tokens.may(account, scope) {
            true => Ok(()),
            false => Err(refusal(401, "scope_not_authorized", "The user did not authorize the scope required.")),
        }
    }

    /// Whose refresh token this is: the one that works, or the first.
    pub(super) fn refresher(&self, token: &str) -> Option<String> {
        let newest = lock(&self.refresh_tokens);
        let known = newest.iter().find(|(_, (good, _))| good == token).map(|(account, _)| account.clone());
        known.or_else(|| token.strip_prefix("refresh-").map(str::to_owned))
    }

    /// A refresh token works until the next one is given out.
    pub(super) fn refresh(&self, ask: &Ask, life: Duration, refresh_life: Duration) -> Result<Answer, Answer> {
        let field = |name: &str| ask.field(name).unwrap_or_default();
        if (field("client_key"), field("client_secret")) != (Self::CLIENT_KEY, Self::CLIENT_SECRET) {
            return Err(flat(401, "invalid_client", "Client key or secret is incorrect."));
        }
        if field("grant_type") != "refresh_token" {
            return Err(flat(400, "unsupported_grant_type", "Grant type is not supported."));
        }
        let (token, mut newest) = (field("refresh_token"), lock(&self.refresh_tokens));
        if let Some(name) = token.strip_prefix("refresh-") {
            newest.entry(name.to_owned()).or_insert_with(|| (token.to_owned(), ask.at + refresh_life));
        }
        let account = newest.iter().find(|(_, (good, until))| good == token && ask.at < *until);
        let account = account.map(|(account, _)| account.clone()).filter(|account| !self.tokens.is_dead(account));
        let account = account.ok_or_else(|| flat(400, "invalid_grant", "Refresh token is invalid or expired."))?;
        let (access, next) = (self.tokens.give(&account, ask.at, life), Uuid::new_v4().simple().to_string());
        newest.insert(account.clone(), (next.clone(), ask.at + refresh_life));
        let granted: Vec<_> = SCOPES.into_iter().filter(|scope| self.tokens.may(&account, scope)).collect();
        Ok(Answer::json(
            200,
            &json!({
                "open_id": format!("open-{account}"),
                "scope": granted.join(","),
                "access_token": access,
                "expires_in": life.as_secs(),
                "refresh_token": next,
                "refresh_expires_in": refresh_life.as_secs(),
                "token_type": "Bearer",
            }),
        ))
    }
}

/// How errors of tokens are written.
fn flat(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description, "log_id": "20261101"}))
}
