//! Renewal of tokens, for logins whose tokens end.

use std::time::Duration;

use domain::Failure;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Matrix, REFRESH, TABLE, VERSION, address};
use crate::{Account, Answer, Secret, Tokens};

const REFRESH_TOKEN: &str = "refresh_token";

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    refresh_token: Option<String>,
    expires_in_ms: Option<u64>,
}

impl Matrix {
    /// The same login goes on with another token, and so do its transactions. A refresh token stays good until what it gave is
    /// used: an answer that is lost costs nothing.
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let version = account.setting("api_version").unwrap_or(VERSION);
        let url = address(account, &["client", version, "refresh"]);
        let request = self.http.request(Method::POST, url).json(&json!({ REFRESH_TOKEN: token.reveal() }));
        let answer = self.http.free(REFRESH, request).await?;
        tokens(&answer).map(Some).ok_or_else(|| TABLE.judge(&answer, account))
    }
}

fn tokens(answer: &Answer) -> Option<Tokens> {
    let renewed: Renewed = answer.json().filter(|_| answer.is_success())?;
    let at = |life: u64| answer.at.checked_add(Duration::from_millis(life)).ok();
    (!renewed.access_token.is_empty()).then(|| Tokens {
        access: Secret::new(renewed.access_token),
        refresh: renewed.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
        expires_at: renewed.expires_in_ms.and_then(at),
        refresh_expires_at: None,
        scopes: None,
    })
}
