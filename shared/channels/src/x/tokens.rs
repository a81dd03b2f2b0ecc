//! Whose the token is, and how it is renewed.

use std::time::Duration;

use domain::{Code, Failure, Landed};
use reqwest::Method;
use serde::Deserialize;

use super::{REFRESH, VERSION, X, judge};
use crate::{Account, Answer, Secret, Tokens};

const WHO: &str = "read user";
const REFRESH_TOKEN: &str = "refresh_token";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

/// What we read of a user.
#[derive(Deserialize)]
pub(super) struct User {
    pub id: String,
    pub username: String,
}

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    scope: Option<String>,
}

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.secrets.contains_key(REFRESH_TOKEN)
}

impl X {
    pub(super) async fn who(&self, account: &Account) -> Result<User, Failure> {
        let request = self.request(Method::GET, account, "users/me")?;
        self.free(WHO, account, request).await
    }

    /// A refresh token is good once; used twice it takes the account's whole connection with it. So whenever X may have used it up
    /// without our learning the next one, the failure says so.
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        if !can_renew(account) {
            return Ok(None);
        }
        let (token, client) = (account.secret(REFRESH_TOKEN)?, account.secret(CLIENT_ID)?);
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
        let answer = self.http.free(REFRESH, request).await.map_err(|failure| match failure.code {
            Code::UNREACHABLE => failure,
            _ => lost(failure),
        })?;
        match tokens(&answer) {
            Some(tokens) => Ok(Some(tokens)),
            None if answer.is_success() || answer.status >= 500 => Err(lost(judge(&answer, account))),
            None => Err(judge(&answer, account)),
        }
    }
}

fn lost(failure: Failure) -> Failure {
    Failure { landed: Landed::Unknown, ..failure }
}

fn tokens(answer: &Answer) -> Option<Tokens> {
    let renewed: Renewed = answer.json().filter(|_| answer.is_success())?;
    let life = renewed.expires_in.map(Duration::from_secs);
    (!renewed.access_token.is_empty()).then(|| Tokens {
        access: Secret::new(renewed.access_token),
        refresh: renewed.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
        expires_at: life.and_then(|life| answer.at.checked_add(life).ok()),
        // X does not say when a refresh token ends.
        refresh_expires_at: None,
        scopes: renewed.scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
    })
}
