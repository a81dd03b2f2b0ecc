//! Whose the token is, and how it is renewed.

use domain::Failure;
use reqwest::Method;
use serde::Deserialize;

use super::{REFRESH, VERSION, X, judge};
use crate::{
    Account, RefreshRepeat, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    granted::{DAY, Grant},
};

const WHO: &str = "read user";

/// A refresh token is good once; used twice it takes the account's whole connection with it.
pub(super) const GRANT: Grant =
    Grant { step: REFRESH, longest: DAY, longest_refresh: DAY.saturating_mul(366), repeat: RefreshRepeat::Kills };

/// What we read of a user.
#[derive(Deserialize)]
pub(super) struct User {
    pub id: String,
    pub username: String,
}

/// Whether the account holds what a renewal takes. A public client has no secret.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN, CLIENT_ID])
}

impl X {
    pub(super) async fn who(&self, account: &Account) -> Result<User, Failure> {
        let request = self.request(Method::GET, account, "users/me")?;
        self.free(WHO, account, request).await
    }

    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let client = account.secret(CLIENT_ID)?;
        let version = account.setting("api_version").unwrap_or(VERSION);
        let request = self.http.request(Method::POST, account.url(&format!("{version}/oauth2/token"))).form(&[
            ("grant_type", REFRESH_TOKEN),
            (REFRESH_TOKEN, token.reveal()),
            (CLIENT_ID, client.reveal()),
        ]);
        let request = match account.secrets.get(CLIENT_SECRET) {
            Some(secret) => request.basic_auth(client.reveal(), Some(secret.reveal())),
            None => request,
        };
        GRANT.ask(&self.http, request, |answer| judge(answer, account)).await.map(Some)
    }
}
