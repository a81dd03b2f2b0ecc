//! Calls in an account's name, who it is, and how its token is renewed.

use std::sync::PoisonError;

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;

use super::{RENEW, Reddit, TABLE, TOKEN, WHO};
use crate::{
    Account, ExchangeAsk, Granted, RefreshRepeat, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    granted::{DAY, Grant},
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

/// The refresh token stays what it is, without an end.
pub(super) const GRANT: Grant =
    Grant { step: RENEW, longest: DAY, longest_refresh: DAY.saturating_mul(366), repeat: RefreshRepeat::Harmless };

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET])
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
        let form = [("grant_type", REFRESH_TOKEN), (REFRESH_TOKEN, account.secret(REFRESH_TOKEN)?.reveal())];
        let request = self
            .http
            .request(Method::POST, account.at_auth(AUTH)?.url("api/v1/access_token"))
            .header("user-agent", agent(account))
            .basic_auth(account.secret(CLIENT_ID)?.reveal(), Some(account.secret(CLIENT_SECRET)?.reveal()))
            .form(&form);
        GRANT.ask(&self.http, request, |answer| TABLE.judge(answer, account)).await
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
