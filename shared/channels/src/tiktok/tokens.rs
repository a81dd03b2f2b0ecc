//! Whose the token is, and how it is renewed.

use std::time::Duration;

use domain::{Code, Failure, Landed};
use reqwest::Method;
use serde::Deserialize;

use super::{REFRESH, TABLE, TikTok, VERSION, judge};
use crate::{Account, Answer, Secret, Standing, Tokens};

const REFRESH_TOKEN: &str = "refresh_token";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";
const PUBLISH: &str = "video.publish";

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    refresh_expires_in: Option<u64>,
    scope: Option<String>,
}

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.secrets.contains_key(REFRESH_TOKEN)
}

impl TikTok {
    /// The creator's word is asked for with the very permission that publishing takes.
    pub(super) async fn standing(&self, account: &Account) -> Result<Standing, Failure> {
        match self.creator(account).await {
            Ok(creator) => Ok(Standing::good(creator.name)),
            Err(failure) if failure.code == Code::PERMISSION_MISSING => {
                Ok(Standing { missing: vec![PUBLISH.to_owned()], ..Standing::default() })
            }
            Err(failure) => Err(failure),
        }
    }

    /// A refresh token stops working as soon as the next one is given out. So whenever TikTok may have given one out without our
    /// learning it, the failure says so.
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        if !can_renew(account) {
            return Ok(None);
        }
        let version = account.setting("api_version").unwrap_or(VERSION);
        let request = self.http.request(Method::POST, account.url(&format!("{version}/oauth/token/"))).form(&[
            ("grant_type", REFRESH_TOKEN),
            (REFRESH_TOKEN, account.secret(REFRESH_TOKEN)?.reveal()),
            // So TikTok calls the app's id.
            ("client_key", account.secret(CLIENT_ID)?.reveal()),
            (CLIENT_SECRET, account.secret(CLIENT_SECRET)?.reveal()),
        ]);
        let answer = self.http.free(REFRESH, request).await.map_err(|failure| match failure.code {
            Code::UNREACHABLE => failure,
            _ => lost(failure),
        })?;
        if let Some(tokens) = tokens(&answer) {
            return Ok(Some(tokens));
        }
        let failure = judge(&answer, account);
        let is_known = TABLE.row_of(&answer, account).is_some();
        let refused = is_known || (400..500).contains(&answer.status);
        Err(if refused { failure } else { lost(failure) })
    }
}

fn lost(failure: Failure) -> Failure {
    Failure { landed: Landed::Unknown, ..failure }
}

fn tokens(answer: &Answer) -> Option<Tokens> {
    let renewed: Renewed = answer.json().filter(|_| answer.is_success())?;
    let at = |life: Option<u64>| answer.at.checked_add(Duration::from_secs(life?)).ok();
    let scopes =
        |scope: String| scope.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    (!renewed.access_token.is_empty()).then(|| Tokens {
        expires_at: at(renewed.expires_in),
        refresh_expires_at: at(renewed.refresh_expires_in),
        access: Secret::new(renewed.access_token),
        refresh: renewed.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
        scopes: renewed.scope.map(scopes),
    })
}
