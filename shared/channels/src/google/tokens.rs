//! How Google's tokens are renewed, and what they are good for.
//!
//! A refresh token is not replaced by its use, so an answer that is lost costs nothing.

use std::time::Duration;

use domain::Failure;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{Google, TOKEN};
use crate::{
    Account, Answer, RefreshRepeat, TokenLife, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    granted::{DAY, Grant, scopes},
};

pub(crate) const RENEW: &str = "renew token";
pub(crate) const GRANTED: &str = "check token";
/// The usual server for tokens: not the one that takes posts.
pub(crate) const AUTH: &str = "https://oauth2.googleapis.com";

pub(crate) const GRANT: Grant =
    Grant { step: RENEW, longest: DAY, longest_refresh: DAY.saturating_mul(2 * 365), repeat: RefreshRepeat::Harmless };

pub(crate) const LIFE: TokenLife =
    TokenLife::Refreshed { life: Duration::from_secs(3600), refresh_life: None, repeat: GRANT.repeat };

/// What a token is good for. Google writes the number as a text.
#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    scope: String,
    expires_in: Option<String>,
}

/// What a token is good for, and until when.
pub(crate) struct Granted {
    /// The permissions.
    pub scopes: Vec<String>,
    /// Its end.
    pub until: Option<Timestamp>,
}

/// Whether the account holds what a renewal takes.
pub(crate) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET])
}

impl Google {
    /// The next access token; `None` if the account holds nothing to renew it by.
    pub async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let form = [
            ("grant_type", REFRESH_TOKEN),
            (REFRESH_TOKEN, token.reveal()),
            (CLIENT_ID, account.secret(CLIENT_ID)?.reveal()),
            (CLIENT_SECRET, account.secret(CLIENT_SECRET)?.reveal()),
        ];
        let request = self.http.request(Method::POST, account.at_auth(AUTH)?.url("token")).form(&form);
        GRANT.ask(&self.http, request, |answer| self.judge(answer, account)).await.map(Some)
    }

    /// What the account's token is good for.
    pub async fn granted(&self, account: &Account) -> Result<Granted, Failure> {
        let query = [(TOKEN, account.secret(TOKEN)?.reveal())];
        let request = self.http.request(Method::GET, account.at_auth(AUTH)?.url("tokeninfo")).query(&query);
        let answer = self.http.free(GRANTED, request).await?;
        granted(&answer).ok_or_else(|| self.judge(&answer, account))
    }
}

fn granted(answer: &Answer) -> Option<Granted> {
    let info: Info = answer.json().filter(|_| answer.is_success())?;
    let life = info.expires_in.and_then(|life| life.parse().ok()).map(Duration::from_secs);
    Some(Granted { scopes: scopes(&info.scope), until: life.and_then(|life| answer.at.checked_add(life).ok()) })
}
