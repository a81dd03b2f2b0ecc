//! Tokens: two kinds, one family per account, and what kills a family.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{X, forbidden, problem};
use crate::fake::{Answer, Ask, lock};

const SCOPES: [&str; 5] = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"];

/// A refresh token that was given out, or that was there from the beginning.
pub(super) struct RefreshToken {
    pub account: String,
    used: bool,
    until: Timestamp,
}

impl RefreshToken {
    fn fresh(account: &str, until: Timestamp) -> Self {
        Self { account: account.to_owned(), used: false, until }
    }
}

impl X {
    /// The account, or the refusal, which does not say why.
    pub(super) fn check(&self, ask: &Ask) -> Result<String, Answer> {
        let good = ask.bearer().and_then(|token| self.tokens.good(token, ask.at));
        good.map(|token| token.account).ok_or_else(|| problem(401, "about:blank", "Unauthorized", "Unauthorized"))
    }

    pub(super) fn check_scope(&self, account: &str, scope: &str) -> Result<(), Answer> {
        match self.tokens.may(account, scope) {
            true => Ok(()),
            false => Err(forbidden("You are not permitted to perform this action.")),
        }
    }

    /// Whose refresh token this is, good or not.
    pub(super) fn refresher(&self, token: &str) -> Option<String> {
        let known = lock(&self.refresh_tokens).get(token).map(|known| known.account.clone());
        known.or_else(|| token.strip_prefix("refresh-").map(str::to_owned))
    }

    /// A new refresh token for the account.
    pub(super) fn give_refresh(&self, account: &str, until: Timestamp) -> String {
        let token = Uuid::new_v4().simple().to_string();
        lock(&self.refresh_tokens).insert(token.clone(), RefreshToken::fresh(account, until));
        token
    }

    /// A refresh token is good once. Used again it takes the whole family with it.
    pub(super) fn refresh(&self, ask: &Ask, life: Duration, refresh_life: Duration) -> Result<Answer, Answer> {
        check_client(ask)?;
        if ask.field("grant_type") != Some("refresh_token") {
            return Err(refused(400, "unsupported_grant_type", "Value passed for the grant type was invalid."));
        }
        let invalid = || refused(400, "invalid_request", "Value passed for the token was invalid.");
        let token = ask.field("refresh_token").ok_or_else(invalid)?;
        let until = ask.at + refresh_life;
        let (account, used, good_until) = {
            let mut all = lock(&self.refresh_tokens);
            if let Some(name) = token.strip_prefix("refresh-") {
                all.entry(token.to_owned()).or_insert_with(|| RefreshToken::fresh(name, until));
            }
            let known = all.get_mut(token).ok_or_else(invalid)?;
            (known.account.clone(), std::mem::replace(&mut known.used, true), known.until)
        };
        if used {
            self.tokens.revoke(&account);
        }
        if self.tokens.is_dead(&account) || good_until <= ask.at {
            return Err(invalid());
        }
        let (access, next) = (self.tokens.give(&account, ask.at, life), self.give_refresh(&account, until));
        let granted: Vec<_> = SCOPES.into_iter().filter(|scope| self.tokens.may(&account, scope)).collect();
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
fn check_client(ask: &Ask) -> Result<(), Answer> {
    let known = match ask.header("authorization") {
        Some(_) => ask.basic() == Some((X::CLIENT_ID.into(), X::CLIENT_SECRET.into())),
        None => ask.field("client_id") == Some(X::CLIENT_ID),
    };
    known.then_some(()).ok_or_else(|| refused(401, "unauthorized_client", "Missing valid authorization header"))
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}
