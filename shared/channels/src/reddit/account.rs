//! Calls in an account's name, who it is, and how its token is renewed.

use std::{sync::PoisonError, time::Duration};

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;

use super::{CLIENT, CLIENT_SECRET, REFRESH, RENEW, Reddit, TABLE, TOKEN, WHO};
use crate::{
    Account, ExchangeAsk, Granted, Secret, Tokens,
    oauth::{self, servers},
};

/// Reddit wants to know who calls, and answers 429 to names that many share.
const USER_AGENT: &str = concat!("server:oncepost:", env!("CARGO_PKG_VERSION"));
/// Where tokens are renewed: another server than the one that takes posts.
pub(super) const AUTH: &str = "https://www.reddit.com";

/// Whose token it is.
#[derive(Debug, Deserialize)]
pub(super) struct Person {
    pub name: String,
    #[serde(default)]
    is_suspended: bool,
}

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    scope: Option<String>,
}

impl Reddit {
    pub(super) fn request(&self, method: Method, account: &Account, path: &str) -> Result<RequestBuilder, Failure> {
        let token = account.secret(TOKEN)?;
        Ok(self
            .http
            .request(method, account.url(path))
            .header("user-agent", agent(account))
            .bearer_auth(token.reveal()))
    }

    /// Who the account is.
    pub(super) async fn person(&self, account: &Account) -> Result<Person, Failure> {
        let answer = self.http.free(WHO, self.request(Method::GET, account, "api/v1/me")?).await?;
        let person: Option<Person> =
            answer.json().filter(|person: &Person| answer.is_success() && !person.name.is_empty());
        let person = person.ok_or_else(|| TABLE.judge(&answer, account))?;
        if person.is_suspended {
            return Err(suspended(&person.name));
        }
        Ok(person)
    }

    /// The account's name; asked for once.
    pub(super) async fn name(&self, account: &Account) -> Result<String, Failure> {
        let key = account.fingerprint();
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(name) = known {
            return Ok(name);
        }
        let name = self.person(account).await?.name;
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(key, name.clone());
        Ok(name)
    }

    /// A code for tokens.
    pub(super) async fn connect(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        let named = |request: RequestBuilder| request.header("user-agent", agent(ask.account));
        Ok(oauth::trade(&self.http, &servers::REDDIT, ask, named).await?.granted(&servers::REDDIT))
    }

    /// The next access token. The refresh token stays good, so a lost answer costs nothing.
    pub(super) async fn renew(&self, account: &Account) -> Result<Tokens, Failure> {
        let there = account.at_auth(AUTH)?;
        let form = [("grant_type", "refresh_token"), ("refresh_token", account.secret(REFRESH)?.reveal())];
        let request = self
            .http
            .request(Method::POST, there.url("api/v1/access_token"))
            .header("user-agent", agent(account))
            .basic_auth(account.secret(CLIENT)?.reveal(), Some(account.secret(CLIENT_SECRET)?.reveal()))
            .form(&form);
        let answer = self.http.free(RENEW, request).await?;
        let renewed: Option<Renewed> = answer.json().filter(|_| answer.is_success());
        let renewed = renewed.filter(|renewed| !renewed.access_token.is_empty());
        let renewed = renewed.ok_or_else(|| TABLE.judge(&answer, account))?;
        let end = |seconds| answer.at.checked_add(Duration::from_secs(seconds)).ok();
        let words =
            |scope: String| scope.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Ok(Tokens {
            access: Secret::new(renewed.access_token),
            refresh: renewed.refresh_token.filter(|token| !token.is_empty()).map(Secret::new),
            expires_at: renewed.expires_in.and_then(end),
            refresh_expires_at: None,
            scopes: renewed.scope.map(words),
        })
    }
}

fn agent(account: &Account) -> &str {
    account.setting("user_agent").unwrap_or(USER_AGENT)
}

fn suspended(name: &str) -> Failure {
    Failure {
        code: Code::ACCOUNT_RESTRICTED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Account },
        scope: Scope::Account,
        step: WHO.into(),
        said: PlatformWords::text(format!("the account {name} is suspended")),
    }
}
