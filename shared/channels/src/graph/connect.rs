//! Connecting by a link on Meta's platforms: the first token lives an hour or two and is exchanged at once for one of 60 days; with
//! Facebook's login that is a person's, by which those of the pages are had.
//!
//! Each of these steps can be repeated, but for the first: what fails behind it begins again with a new link.

use domain::{Code, Failure, Fix, Scope, Worth};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Graph, credentials::with_token, failure};
use crate::{
    Account, ExchangeAsk, Granted, OAuth, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET},
    oauth::{CONNECT, begin_again, trade},
};

/// A person's consent by Facebook's login.
pub(crate) struct Person {
    /// The account with the person's token in place of its own.
    account: Account,
    /// The token, good for 60 days.
    pub tokens: Tokens,
    /// Permissions that were not given.
    pub missing: Vec<String>,
}

/// A page that a person looks after.
pub(crate) trait Page {
    /// The number that the account's setting names.
    fn id(&self) -> &str;
    /// Its name, for people.
    fn name(&self) -> &str;
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct List<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct Permission {
    permission: String,
    status: String,
}

impl Graph {
    /// A code for a token of 60 days: `grant` at `access_token`, as `th_exchange_token`.
    pub async fn connect(&self, oauth: &OAuth, ask: &ExchangeAsk<'_>, grant: &str) -> Result<Granted, Failure> {
        let mut traded = trade(&self.http, oauth, ask, |request| request).await?;
        let by_short = with_token(ask.account, &traded.tokens.access);
        let secret = [(CLIENT_SECRET, ask.account.secret(CLIENT_SECRET)?.reveal())];
        let longer = self.exchange(&by_short, "access_token", grant, &secret).await.map_err(begin_again)?;
        traded.tokens = Tokens { scopes: traded.tokens.scopes, ..longer };
        Ok(traded.granted(oauth))
    }

    /// A code for a person's token of 60 days, and what the person agreed to, which only the token's permissions tell.
    pub async fn person(&self, oauth: &OAuth, ask: &ExchangeAsk<'_>) -> Result<Person, Failure> {
        let short = trade(&self.http, oauth, ask, |request| request).await?.tokens.access;
        let by_short = with_token(ask.account, &short);
        let more = [
            (CLIENT_ID, ask.account.secret(CLIENT_ID)?.reveal()),
            (CLIENT_SECRET, ask.account.secret(CLIENT_SECRET)?.reveal()),
            ("fb_exchange_token", short.reveal()),
        ];
        let tokens = self.exchange(&by_short, "oauth/access_token", "fb_exchange_token", &more).await;
        let tokens = tokens.map_err(begin_again)?;
        let account = with_token(ask.account, &tokens.access);
        let permissions: Vec<Permission> = self.list(&account, "me/permissions", "").await?;
        let given = permissions.into_iter().filter(|permission| permission.status == "granted");
        let given: Vec<_> = given.map(|permission| permission.permission).collect();
        Ok(Person { account, missing: oauth.missing(&given), tokens: Tokens { scopes: Some(given), ..tokens } })
    }

    /// The page that the account's setting names, or the person's only one.
    pub async fn page_of<T: Page + DeserializeOwned>(
        &self,
        person: &Person,
        setting: &str,
        fields: &str,
    ) -> Result<T, Failure> {
        let pages = self.list(&person.account, "me/accounts", fields).await?;
        choose(pages, person.account.setting(setting), setting)
    }

    async fn list<T: DeserializeOwned>(&self, account: &Account, path: &str, fields: &str) -> Result<Vec<T>, Failure> {
        let request =
            self.get(account, path, &[("fields", fields), ("limit", "100")][usize::from(fields.is_empty())..])?;
        let list: List<T> = self.ask(CONNECT, account, request).await.map_err(begin_again)?;
        Ok(list.data)
    }
}

/// Which page is meant. Of several, one must be named: a wrong one would publish in another's name.
fn choose<T: Page>(pages: Vec<T>, wanted: Option<&str>, setting: &str) -> Result<T, Failure> {
    let all: Vec<_> = pages.iter().map(|page| format!("{} ({})", page.id(), page.name())).collect();
    let (code, fix, said) = match (wanted, all.as_slice()) {
        (_, []) => {
            (Code::PERMISSION_MISSING, Fix::Permission, "the person looks after none, or chose none there".to_owned())
        }
        (Some(id), _) => {
            if let Some(page) = pages.into_iter().find(|page| page.id() == id) {
                return Ok(page);
            }
            let said = format!("settings.{setting} is {id}, which is none of the person's: {}", all.join(", "));
            (Code::PERMISSION_MISSING, Fix::Permission, said)
        }
        (None, [_]) => {
            return pages.into_iter().next().ok_or_else(|| failure(Code::STRANGE_ANSWER, CONNECT, "no page"));
        }
        (None, _) => {
            let said = format!("the person has several: set settings.{setting} to one of {}", all.join(", "));
            (Code::APP_MISCONFIGURED, Fix::Setup, said)
        }
    };
    let failure = Failure { worth: Worth::AfterFix { fix }, scope: Scope::Account, ..failure(code, CONNECT, &said) };
    Err(begin_again(failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct One(&'static str, &'static str);

    impl Page for One {
        fn id(&self) -> &str {
            self.0
        }
        fn name(&self) -> &str {
            self.1
        }
    }

    #[test]
    fn of_several_pages_one_must_be_named() {
        let several = || vec![One("17", "Bakery"), One("18", "Café")];
        assert_eq!(choose(several(), Some("18"), "page_id").unwrap().0, "18");
        assert_eq!(choose(vec![One("17", "Bakery")], None, "page_id").unwrap().0, "17");
        let unnamed = choose(several(), None, "page_id").unwrap_err();
        assert_eq!((unnamed.code, unnamed.worth), (Code::APP_MISCONFIGURED, Worth::AfterFix { fix: Fix::Setup }));
        let said = &unnamed.said.text;
        assert!(
            said.contains("settings.page_id to one of 17 (Bakery), 18 (Café)") && said.contains("begin again"),
            "{said}"
        );
        let other = choose(several(), Some("19"), "page_id").unwrap_err();
        assert_eq!((other.code, other.said.text.contains("19, which is none")), (Code::PERMISSION_MISSING, true));
        assert_eq!(choose::<One>(vec![], None, "page_id").unwrap_err().code, Code::PERMISSION_MISSING);
    }
}
