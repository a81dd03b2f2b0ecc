//! What Google's APIs have in common: calls, errors, quotas, tokens.

pub(crate) mod errors;
pub(crate) mod tokens;

use std::time::Duration;

use domain::{Code, Failure, Landed, PlatformWords, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;

use crate::{Account, AccountCard, Answer, Http, Table};

pub(crate) const TOKEN: &str = "access_token";
/// The setting that names the version of the API.
pub(crate) const API_VERSION: &str = "api_version";
/// Quotas of a day begin anew at midnight where Google is at home.
const HOME: &str = "America/Los_Angeles";
/// Our clock may be ahead of Google's.
const MARGIN: Duration = Duration::from_secs(60);

/// One of Google's APIs.
pub(crate) struct Google {
    /// The client.
    pub http: Http,
    /// What its answers mean.
    pub table: &'static Table,
    /// The version of the API that is spoken.
    pub version: &'static str,
}

impl Google {
    /// A request in the account's name.
    pub fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        Ok(self.http.request(method, account.url(path)).bearer_auth(token.reveal()))
    }

    /// Calls a step that publishes nothing, for what it answers.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        step: &'static str,
        account: &Account,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let answer = self.http.free(step, request).await?;
        answer.json().filter(|_| answer.is_success()).ok_or_else(|| self.judge(&answer, account))
    }

    /// What an answer means by the table, and by what stands outside of it: whether a token can be renewed, and when a quota that is
    /// used up begins anew, which Google does not say.
    pub fn judge(&self, answer: &Answer, account: &Account) -> Failure {
        let mut failure = self.table.judge(answer, account);
        if failure.code == Code::TOKEN_REVOKED && answer.step != tokens::RENEW && tokens::can_renew(account) {
            failure.code = Code::TOKEN_EXPIRED;
        }
        let said = failure.said.code.as_deref().unwrap_or_default();
        if errors::DAILY.contains(&said)
            && failure.is_rate_limit()
            && let Worth::Retry { not_before } = &mut failure.worth
        {
            *not_before = (*not_before).max(next_day(answer.at));
        }
        failure
    }

    /// The version in the paths.
    pub fn version<'a>(&'a self, account: &'a Account) -> &'a str {
        account.setting(API_VERSION).unwrap_or(self.version)
    }
}

/// When the quota of a day begins anew.
fn next_day(now: Timestamp) -> Option<Timestamp> {
    let midnight = now.in_tz(HOME).ok()?.date().tomorrow().ok()?.in_tz(HOME).ok()?;
    midnight.timestamp().checked_add(MARGIN).ok()
}

/// What is wrong with the settings that all these channels have.
pub(crate) fn check_account(account: &AccountCard) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_version = |value: &str| value.strip_prefix('v').is_some_and(|rest| rest.parse::<u8>().is_ok());
    if let Some(value) = account.setting(API_VERSION).filter(|value| !is_version(value)) {
        wrong.push(format!("settings.{API_VERSION} is \"{value}\"; write a version such as v3"));
    }
    account.check_auth(tokens::AUTH, &mut wrong);
    wrong
}

/// A failure of a step, in our own words; it surely published nothing.
pub(crate) fn failure(code: Code, worth: Worth, scope: Scope, step: &str, said: impl AsRef<str>) -> Failure {
    Failure { code, landed: Landed::No, worth, scope, step: step.into(), said: PlatformWords::text(said) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_days_quota_begins_anew_at_midnight_in_california() {
        let next = |now: &str| next_day(now.parse().unwrap()).unwrap().to_string();
        assert_eq!(next("2026-11-25T22:00:00Z"), "2026-11-26T08:01:00Z");
        assert_eq!(next("2026-11-26T07:59:59Z"), "2026-11-26T08:01:00Z");
        assert_eq!(next("2026-07-01T08:00:00Z"), "2026-07-02T07:01:00Z", "summer");
        assert_eq!(next("2026-11-01T08:30:00Z"), "2026-11-02T08:01:00Z", "a day of 25 hours");
    }
}
