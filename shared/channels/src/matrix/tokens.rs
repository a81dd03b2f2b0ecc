//! Renewal of tokens, for logins whose tokens end.

use std::time::Duration;

use domain::Failure;
use reqwest::Method;
use serde_json::json;

use super::{Matrix, REFRESH, TABLE, VERSION, address};
use crate::{
    Account, RefreshRepeat, TokenLife, Tokens,
    credentials::REFRESH_TOKEN,
    granted::{DAY, Grant},
};

/// A refresh token stays good until what it gave is used.
const GRANT: Grant = Grant {
    step: REFRESH,
    longest: DAY.saturating_mul(366),
    longest_refresh: DAY.saturating_mul(366),
    repeat: RefreshRepeat::Within(Duration::MAX),
};

/// Of a login with a refresh token, as servers have it unless they are told otherwise. Without one a token lasts, and there is
/// nothing to renew.
pub(super) const LIFE: TokenLife =
    TokenLife::Refreshed { life: Duration::from_secs(300), refresh_life: None, repeat: GRANT.repeat };

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN])
}

impl Matrix {
    /// The same login goes on with another token, and so do its transactions.
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let version = account.setting("api_version").unwrap_or(VERSION);
        let url = address(account, &["client", version, "refresh"]);
        let request = self.http.request(Method::POST, url).json(&json!({ REFRESH_TOKEN: token.reveal() }));
        GRANT.ask(&self.http, request, |answer| TABLE.judge(answer, account)).await.map(Some)
    }
}
