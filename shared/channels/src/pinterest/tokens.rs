//! Whose the token is, and how it is renewed.

use std::time::Duration;

use domain::{Code, Failure, Landed};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{BOARD, Pinterest, READ_BOARD, REFRESH, TABLE, VERSION, WHO};
use crate::{Account, Answer, Secret, Standing, Tokens};

const REFRESH_TOKEN: &str = "refresh_token";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    refresh_token_expires_in: Option<u64>,
    refresh_token_expires_at: Option<i64>,
    scope: Option<String>,
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

    /// Every answer may hold a new refresh token, which must be stored: the old one ends with its own time, or before.
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let (id, secret) = (account.secret(CLIENT_ID)?, account.secret(CLIENT_SECRET)?);
        let version = account.setting("api_version").unwrap_or(VERSION);
        let request = self
            .http
            .request(Method::POST, account.url(&format!("{version}/oauth/token")))
            .basic_auth(id.reveal(), Some(secret.reveal()))
            .form(&[("grant_type", REFRESH_TOKEN), (REFRESH_TOKEN, token.reveal())]);
        let answer = self.http.free(REFRESH, request).await.map_err(|failure| match failure.code {
            Code::UNREACHABLE => failure,
            _ => lost(failure),
        })?;
        match tokens(&answer) {
            Some(tokens) => Ok(Some(tokens)),
            None if answer.is_success() || answer.status >= 500 => Err(lost(TABLE.judge(&answer, account))),
            None => Err(TABLE.judge(&answer, account)),
        }
    }
}

/// Pinterest may have renewed the tokens all the same.
fn lost(failure: Failure) -> Failure {
    Failure { landed: Landed::Unknown, ..failure }
}

fn tokens(answer: &Answer) -> Option<Tokens> {
    let renewed: Renewed = answer.json().filter(|_| answer.is_success())?;
    let after = |seconds: Option<u64>| answer.at.checked_add(Duration::from_secs(seconds?)).ok();
    let at = renewed.refresh_token_expires_at.and_then(|at| Timestamp::from_second(at).ok());
    let scopes = |scope: String| {
        let split = scope.split(|c: char| c == ',' || c.is_whitespace());
        split.filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
    };
    (!renewed.access_token.trim().is_empty()).then(|| Tokens {
        expires_at: after(renewed.expires_in),
        refresh_expires_at: after(renewed.refresh_token_expires_in).or(at),
        access: Secret::new(renewed.access_token),
        refresh: renewed.refresh_token.filter(|token| !token.trim().is_empty()).map(Secret::new),
        scopes: renewed.scope.map(scopes),
    })
}
