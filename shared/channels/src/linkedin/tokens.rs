//! Whose the token is, what it may do, and how it is renewed.

use std::sync::PoisonError;

use domain::Failure;
use reqwest::Method;
use serde_json::Value;

use super::{AUTHOR, LinkedIn, REFRESH, repeat};
use crate::{
    Account, RefreshRepeat, Standing, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    granted::{DAY, Grant},
};

const WHO: &str = "read member";
const ROLES: &str = "read roles";
/// Where tokens are renewed: another server than the one that takes posts.
pub(super) const AUTH: &str = "https://www.linkedin.com";
const POSTING_ROLES: [&str; 3] = ["ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER", "CONTENT_ADMIN"];

/// The refresh token stays what it is, and ends a year after the member's consent, however often it is used.
pub(super) const GRANT: Grant = Grant {
    step: REFRESH,
    longest: DAY.saturating_mul(90),
    longest_refresh: DAY.saturating_mul(366),
    repeat: RefreshRepeat::Harmless,
};

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET])
}

impl LinkedIn {
    /// For whom the account writes: as it says, else for the member whose token it holds.
    pub(super) async fn author(&self, account: &Account) -> Result<String, Failure> {
        if let Some(author) = account.setting(AUTHOR) {
            return Ok(author.to_owned());
        }
        let key = account.fingerprint();
        let known = self.members.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(author) = known {
            return Ok(author);
        }
        let (id, _) = self.member(account).await?;
        let author = format!("urn:li:person:{id}");
        self.members.lock().unwrap_or_else(PoisonError::into_inner).insert(key, author.clone());
        Ok(author)
    }

    /// The member's id and name.
    async fn member(&self, account: &Account) -> Result<(String, String), Failure> {
        let answer = self.http.free(WHO, self.bare(Method::GET, account, "v2/userinfo")?).await?;
        let body: Value = answer.json().filter(|_| answer.is_success()).unwrap_or_default();
        let id = body["sub"].as_str().filter(|id| !id.is_empty()).ok_or_else(|| self.judge(&answer, account))?;
        Ok((id.to_owned(), body["name"].as_str().unwrap_or(id).to_owned()))
    }

    /// A member is good if its token is; for a page it takes a role.
    pub(super) async fn standing(&self, account: &Account) -> Result<Standing, Failure> {
        let author = account.setting(AUTHOR);
        if !repeat::is_page(author) {
            let (id, name) = self.member(account).await?;
            let other = author.filter(|author| **author != format!("urn:li:person:{id}"));
            let missing = other.map(|author| format!("the token of {author}")).into_iter().collect();
            return Ok(Standing { missing, ..Standing::good(name) });
        }
        let page = author.unwrap_or_default();
        let query = [("q", "roleAssignee"), ("state", "APPROVED"), ("count", "100")];
        let request = self.request(Method::GET, account, "organizationAcls")?.query(&query);
        let body = self.free(ROLES, account, request).await?;
        let may = |role: &Value| {
            let organization = role["organization"].as_str().or_else(|| role["organizationTarget"].as_str());
            organization == Some(page) && role["role"].as_str().is_some_and(|role| POSTING_ROLES.contains(&role))
        };
        let has_role = body["elements"].as_array().into_iter().flatten().any(may);
        let missing = if has_role { vec![] } else { vec![format!("one of the roles {}", POSTING_ROLES.join(", "))] };
        Ok(Standing { missing, ..Standing::good(page) })
    }

    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(token) = account.secrets.get(REFRESH_TOKEN) else { return Ok(None) };
        let request = self.http.request(Method::POST, account.at_auth(AUTH)?.url("oauth/v2/accessToken")).form(&[
            ("grant_type", REFRESH_TOKEN),
            (REFRESH_TOKEN, token.reveal()),
            (CLIENT_ID, account.secret(CLIENT_ID)?.reveal()),
            (CLIENT_SECRET, account.secret(CLIENT_SECRET)?.reveal()),
        ]);
        GRANT.ask(&self.http, request, |answer| self.judge(answer, account)).await.map(Some)
    }
}
