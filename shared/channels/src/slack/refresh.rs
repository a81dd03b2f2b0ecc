//! Token rotation, for apps that have it switched on: a refresh token is good once.

use std::time::Duration;

use domain::{Code, Failure, Landed};
use reqwest::Method;
use serde::Deserialize;

use super::{Slack, TABLE};
use crate::{Account, Secret, TokenLife, Tokens};

const REFRESH: &str = "refresh token";

/// Of an app with rotation. Without it a token lasts, and there is nothing to renew.
pub(super) const LIFE: TokenLife =
    TokenLife::Refreshed { life: Duration::from_secs(12 * 3600), rotates: true, refresh_life: None };

#[derive(Deserialize)]
struct Renewed {
    ok: bool,
    access_token: String,
    #[serde(default)]
    refresh_token: String,
    expires_in: Option<u64>,
    scope: Option<String>,
}

impl Slack {
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        if !account.secrets.contains_key("refresh_token") {
            return Ok(None);
        }
        let secret = |name| account.secret(name).map(Secret::reveal);
        let request = self
            .http
            .request(Method::POST, account.url("api/oauth.v2.access"))
            .basic_auth(secret("client_id")?, Some(secret("client_secret")?))
            .form(&[("grant_type", "refresh_token"), ("refresh_token", secret("refresh_token")?)]);
        // Without an answer nobody knows whether the refresh token is used up, unless the call surely was not sent.
        let answer = self.http.free(REFRESH, request).await.map_err(|failure| match failure.code {
            Code::UNREACHABLE => failure,
            _ => Failure { landed: Landed::Unknown, ..failure },
        })?;
        let renewed: Option<Renewed> = answer.json().filter(|renewed: &Renewed| answer.is_success() && renewed.ok);
        let Some(renewed) = renewed.filter(|renewed| !renewed.access_token.is_empty()) else {
            let failure = TABLE.judge(&answer, account);
            let known = TABLE.row_of(&answer, account).is_some();
            return Err(if known { failure } else { Failure { landed: Landed::Unknown, ..failure } });
        };
        let after = |seconds: u64| answer.at.checked_add(Duration::from_secs(seconds)).ok();
        Ok(Some(Tokens {
            access: Secret::new(renewed.access_token),
            refresh: (!renewed.refresh_token.is_empty()).then(|| Secret::new(renewed.refresh_token)),
            expires_at: renewed.expires_in.and_then(after),
            refresh_expires_at: None,
            scopes: renewed.scope.map(|scope| scope.split(',').map(str::to_owned).collect()),
        }))
    }
}
