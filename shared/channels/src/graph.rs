//! What Meta's Graph APIs have in common: addresses, credentials, errors, usage, tokens, and publishing by containers.

pub(crate) mod connect;
pub(crate) mod containers;
pub(crate) mod credentials;
pub(crate) mod errors;
pub(crate) mod listing;
pub(crate) mod usage;

use std::time::Duration;

use domain::{Code, Failure, Worth};
use reqwest::{Method, RequestBuilder, multipart};
use serde::de::DeserializeOwned;

use crate::{Account, AccountCard, Answer, Http, Mark, Table};

pub(crate) const TOKEN: &str = "access_token";
/// The setting that names the version of the API, and the one that names the platform's id of the account.
pub(crate) const API_VERSION: &str = "api_version";
pub(crate) const USER_ID: &str = "user_id";
/// How long a rate limit lasts of which the platform does not say how long: its windows slide over an hour and more.
const UNTOLD_LIMIT: Duration = Duration::from_secs(15 * 60);

/// One of Meta's Graph APIs.
pub(crate) struct Graph {
    /// The client.
    pub http: Http,
    /// What its answers mean.
    pub table: &'static Table,
    /// The version of the API that is spoken.
    pub version: &'static str,
}

impl Graph {
    /// A request that reads.
    pub fn get(&self, account: &Account, path: &str, query: &[(&str, &str)]) -> Result<RequestBuilder, Failure> {
        self.read(account, &format!("{}/{path}", self.version(account)), query)
    }

    /// The same outside of any version, as token calls are.
    pub fn read(&self, account: &Account, path: &str, query: &[(&str, &str)]) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?.reveal();
        Ok(self.http.request(Method::GET, account.url(path)).query(query).query(&[(TOKEN, token)]))
    }

    /// A request that writes.
    pub fn post(&self, account: &Account, path: &str, fields: &[(&str, String)]) -> Result<RequestBuilder, Failure> {
        let path = format!("{}/{path}", self.version(account));
        let token = [(TOKEN, account.secret(TOKEN)?.reveal().to_owned())];
        let all: Vec<_> = fields.iter().chain(&token).collect();
        Ok(self.http.request(Method::POST, account.url(&path)).form(&all))
    }

    /// A request that writes and carries a file.
    pub fn send(&self, account: &Account, path: &str, form: multipart::Form) -> Result<RequestBuilder, Failure> {
        let path = format!("{}/{path}", self.version(account));
        let form = form.text(TOKEN, account.secret(TOKEN)?.reveal().to_owned());
        Ok(self.http.request(Method::POST, account.url(&path)).multipart(form))
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

    /// What an answer means as a failure. A rate limit of unknown length is given one: asking again within it only prolongs it.
    pub fn judge(&self, answer: &Answer, account: &Account) -> Failure {
        let mut failure = self.table.judge(answer, account);
        if failure.is_rate_limit()
            && let Worth::Retry { not_before: not_before @ None } = &mut failure.worth
        {
            *not_before = answer.at.checked_add(UNTOLD_LIMIT).ok();
        }
        failure
    }

    fn version<'a>(&'a self, account: &'a Account) -> &'a str {
        account.setting(API_VERSION).unwrap_or(self.version)
    }
}

/// The account's edge of this name, as `me/media`.
pub(crate) fn edge(account: &Account, name: &str) -> String {
    format!("{}/{name}", account.setting(USER_ID).unwrap_or("me"))
}

/// The platform's id of the target's own part that is out.
pub(crate) fn post_id<'a>(mark: &'a Mark<'_>, part: u16) -> Option<&'a str> {
    mark.target.receipt(part).map(|out| out.receipt.id.as_str())
}

/// What is wrong with the settings that all these channels have.
pub(crate) fn check_account(account: &AccountCard) -> Vec<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut wrong = Vec::new();
    let is_version = |value: &str| {
        value.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(a, b)| digits(a) && digits(b))
    };
    if let Some(value) = account.setting(API_VERSION).filter(|value| !is_version(value)) {
        wrong.push(format!("settings.{API_VERSION} is \"{value}\"; write a version such as v25.0"));
    }
    if let Some(value) = account.setting(USER_ID).filter(|value| !digits(value)) {
        wrong.push(format!("settings.{USER_ID} is \"{value}\"; write the account's number, or leave it out"));
    }
    wrong
}

/// A failure of a step, in our own words.
pub(crate) fn failure(code: Code, step: &str, said: &str) -> Failure {
    Failure {
        code,
        landed: domain::Landed::No,
        worth: Worth::Retry { not_before: None },
        scope: domain::Scope::Post,
        step: step.into(),
        said: domain::PlatformWords::text(said),
    }
}
