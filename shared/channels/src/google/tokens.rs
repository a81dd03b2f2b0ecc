//! How Google's tokens are renewed, and what they are good for.
//!
//! A refresh token is not replaced by its use, so an answer that is lost costs nothing.

use std::time::Duration;

use domain::Failure;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{Google, TOKEN};
use crate::{Account, Answer, Secret, TokenLife, Tokens};

pub(crate) const RENEW: &str = "renew token";
pub(crate) const GRANTED: &str = "check token";
/// The usual server for tokens: not the one that takes posts.
pub(crate) const AUTH: &str = "https://oauth2.googleapis.com";
const REFRESH_TOKEN: &str = "refresh_token";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";
const DAY: u64 = 24 * 3600;
/// No access token lives longer, and no refresh token: longer lives are mistakes, and are not believed.
const LONGEST_ACCESS: u64 = DAY;
const LONGEST_REFRESH: u64 = 2 * 365 * DAY;

pub(crate) const LIFE: TokenLife =
    TokenLife::Refreshed { life: Duration::from_secs(3600), rotates: false, refresh_life: None };

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    refresh_token_expires_in: Option<u64>,
    scope: Option<String>,
}

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
    account.secrets.contains_key(REFRESH_TOKEN)
}

impl Google {
    /// The next access token; `None` if the account holds nothing to renew it by.
    pub async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        if !can_renew(account) {
            return Ok(None);
        }
        let form = [
            ("grant_type", REFRESH_TOKEN),
            (REFRESH_TOKEN, account.secret(REFRESH_TOKEN)?.reveal()),
            (CLIENT_ID, account.secret(CLIENT_ID)?.reveal()),
            (CLIENT_SECRET, account.secret(CLIENT_SECRET)?.reveal()),
        ];
        let request = self.http.request(Method::POST, account.at_auth(AUTH)?.url("token")).form(&form);
        let answer = self.http.free(RENEW, request).await?;
        renewed(&answer).map(Some).ok_or_else(|| self.judge(&answer, account))
    }

    /// What the account's token is good for.
    pub async fn granted(&self, account: &Account) -> Result<Granted, Failure> {
        let query = [(TOKEN, account.secret(TOKEN)?.reveal())];
        let request = self.http.request(Method::GET, account.at_auth(AUTH)?.url("tokeninfo")).query(&query);
        let answer = self.http.free(GRANTED, request).await?;
        granted(&answer).ok_or_else(|| self.judge(&answer, account))
    }
}

fn renewed(answer: &Answer) -> Option<Tokens> {
    let renewed: Renewed = answer.json().filter(|_| answer.is_success())?;
    let end = |life: Option<u64>, longest: u64| {
        let life = life.filter(|life| (1..=longest).contains(life))?;
        answer.at.checked_add(Duration::from_secs(life)).ok()
    };
    (!renewed.access_token.is_empty()).then(|| Tokens {
        expires_at: end(renewed.expires_in, LONGEST_ACCESS),
        refresh_expires_at: end(renewed.refresh_token_expires_in, LONGEST_REFRESH),
        access: Secret::new(renewed.access_token),
        refresh: renewed.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
        scopes: renewed.scope.as_deref().map(words),
    })
}

fn granted(answer: &Answer) -> Option<Granted> {
    let info: Info = answer.json().filter(|_| answer.is_success())?;
    let life = info.expires_in.and_then(|life| life.parse().ok()).map(Duration::from_secs);
    Some(Granted { scopes: words(&info.scope), until: life.and_then(|life| answer.at.checked_add(life).ok()) })
}

fn words(scope: &str) -> Vec<String> {
    scope.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::answer;

    #[test]
    fn t01_an_empty_refresh_token_and_an_end_in_31_years_are_not_believed() {
        let body = r#"{"access_token":"new","expires_in":978307200,"refresh_token":"","scope":"a b"}"#;
        let tokens = renewed(&answer(false, 200, &[], body)).unwrap();
        assert_eq!((tokens.access.reveal(), tokens.refresh, tokens.expires_at), ("new", None, None));
        assert_eq!(tokens.scopes, Some(vec!["a".into(), "b".into()]));
        let body = r#"{"access_token":"new","expires_in":3599,"refresh_token_expires_in":604799}"#;
        let tokens = renewed(&answer(false, 200, &[], body)).unwrap();
        let ends = [tokens.expires_at, tokens.refresh_expires_at].map(|at| at.unwrap().as_second());
        assert_eq!(ends, [3599, 604_799], "an app that is only tested: seven days");
        assert!(renewed(&answer(false, 200, &[], r#"{"access_token":""}"#)).is_none());
    }
}
