//! Whose the token is, and what it may do.

use domain::{Code, Failure};
use reqwest::Method;
use serde::Deserialize;

use super::{Mastodon, TABLE};
use crate::{Account, Answer, Standing};

const WHO: &str = "verify credentials";
const APP: &str = "verify app";
const ACCOUNTS: &str = "read:accounts";
/// What publishing takes, and looking for what was published.
const NEEDED: [&str; 4] = ["write:statuses", "write:media", "read:statuses", ACCOUNTS];

#[derive(Deserialize)]
struct Person {
    acct: String,
}

/// The app that the token was made for.
#[derive(Deserialize)]
struct App {
    /// Servers say them since 4.3. They are the most that a token of the app can have.
    scopes: Option<Vec<String>>,
}

impl Mastodon {
    /// A server does not tell which scopes a token has, but to ask who it is takes one of them, and it tells those of the app.
    pub(super) async fn standing(&self, account: &Account) -> Result<Standing, Failure> {
        let request = self.request(Method::GET, account, "api/v1/accounts/verify_credentials")?;
        let answer = self.http.free(WHO, request).await?;
        let person: Option<Person> = answer.json().filter(|_| answer.is_success());
        let mut standing = match person.ok_or_else(|| TABLE.judge(&answer, account)) {
            Ok(person) => Standing::good(person.acct),
            Err(failure) if failure.code == Code::PERMISSION_MISSING => {
                Standing { missing: vec![ACCOUNTS.to_owned()], ..Standing::default() }
            }
            Err(failure) => return Err(failure),
        };
        let request = self.request(Method::GET, account, "api/v1/apps/verify_credentials")?;
        // A server that speaks the API only may not know this call: then nothing more is known.
        let known = scopes(&self.http.free(APP, request).await?);
        let lacks = |needed: &&str| known.as_ref().is_some_and(|known| !covers(known, needed));
        for scope in NEEDED.iter().filter(|scope| lacks(scope)).map(|scope| (*scope).to_owned()) {
            if !standing.missing.contains(&scope) {
                standing.missing.push(scope);
            }
        }
        Ok(standing)
    }
}

/// The app's scopes, if the server tells.
fn scopes(answer: &Answer) -> Option<Vec<String>> {
    answer.json::<App>().filter(|_| answer.is_success())?.scopes
}

/// Whether `needed` is given, by itself or with all of its kind.
fn covers(known: &[String], needed: &str) -> bool {
    let all = needed.split(':').next().unwrap_or(needed);
    known.iter().any(|scope| scope == needed || scope == all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_given_by_itself_or_with_all_of_its_kind() {
        let known = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
        assert!(covers(&known(&["write:statuses"]), "write:statuses") && covers(&known(&["write"]), "write:media"));
        assert!(!covers(&known(&["read", "write:media"]), "write:statuses") && !covers(&[], "read:accounts"));
    }
}
