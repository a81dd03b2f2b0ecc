//! Token rotation, for apps that have it switched on: a refresh token is good once.

use std::time::Duration;

use domain::Failure;
use reqwest::Method;

use super::{Slack, TABLE};
use crate::{
    Account, RefreshRepeat, TokenLife, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    granted::{DAY, Grant},
};

pub(super) const GRANT: Grant = Grant {
    step: "refresh token",
    longest: DAY,
    longest_refresh: DAY.saturating_mul(366),
    repeat: RefreshRepeat::Refused,
};

/// Of an app with rotation. Without it a token lasts, and there is nothing to renew.
pub(super) const LIFE: TokenLife =
    TokenLife::Refreshed { life: Duration::from_secs(12 * 3600), refresh_life: None, repeat: GRANT.repeat };

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET])
}

impl Slack {
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let (id, secret) = (account.secret(CLIENT_ID)?, account.secret(CLIENT_SECRET)?);
        let request = self
            .http
            .request(Method::POST, account.url("api/oauth.v2.access"))
            .basic_auth(id.reveal(), Some(secret.reveal()))
            .form(&[("grant_type", REFRESH_TOKEN), (REFRESH_TOKEN, token.reveal())]);
        GRANT.ask(&self.http, request, |answer| TABLE.judge(answer, account)).await.map(Some)
    }
}
