//! Whose the token is, and how it is renewed.

use domain::{Code, Failure};
use reqwest::Method;
use serde::Deserialize;

use super::{BOARD, Pinterest, READ_BOARD, REFRESH, TABLE, VERSION, WHO};
use crate::{
    Account, RefreshRepeat, Standing, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    granted::{DAY, Grant},
};

/// Every answer may hold a new refresh token, which must be stored. Pinterest does not say that the old one is taken again.
pub(super) const GRANT: Grant = Grant {
    step: REFRESH,
    longest: DAY.saturating_mul(90),
    longest_refresh: DAY.saturating_mul(366),
    repeat: RefreshRepeat::Refused,
};

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET])
}

#[derive(Deserialize)]
struct User {
    username: String,
}

impl Pinterest {
    /// Whether it may write shows only when it does; that its board is there can be asked.
    pub(super) async fn standing(&self, account: &Account) -> Result<Standing, Failure> {
        let request = self.request(Method::GET, account, "user_account")?;
        let user: User = self.ask(WHO, account, request).await?;
        let mut standing = Standing::good(user.username);
        if let Some(board) = account.setting(BOARD) {
            let request = self.request(Method::GET, account, &format!("boards/{board}"))?;
            match self.ask::<serde_json::Value>(READ_BOARD, account, request).await {
                Ok(_) => {}
                Err(failure) if failure.code == Code::REFERENCE_GONE => {
                    standing.missing.push(format!("a board with the number {board}"));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(standing)
    }

    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let (id, secret) = (account.secret(CLIENT_ID)?, account.secret(CLIENT_SECRET)?);
        let version = account.setting("api_version").unwrap_or(VERSION);
        let request = self
            .http
            .request(Method::POST, account.url(&format!("{version}/oauth/token")))
            .basic_auth(id.reveal(), Some(secret.reveal()))
            .form(&[("grant_type", REFRESH_TOKEN), (REFRESH_TOKEN, token.reveal())]);
        GRANT.ask(&self.http, request, |answer| TABLE.judge(answer, account)).await.map(Some)
    }
}
