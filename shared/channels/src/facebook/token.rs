//! Whose the token is, what it may do, and how a page's token is had from a person's.

use domain::{Code, Failure, Fix, Scope, Worth};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Facebook, INSPECT, PAGE_ID, WHO};
use crate::{
    Account, Secret, Standing, Tokens,
    credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN},
    graph::{
        self,
        credentials::{RENEW, with_token},
        failure,
    },
};

/// A person's long-lived token, from which the page's is had again.
const PERSON: &str = REFRESH_TOKEN;
const SCOPES: [&str; 2] = ["pages_manage_posts", "pages_read_engagement"];

/// The page, as its own token sees it. A person has no category.
#[derive(Deserialize)]
pub(super) struct Page {
    pub id: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "category")]
    _category: String,
}

#[derive(Deserialize)]
struct Inspected {
    data: Inspection,
}

#[derive(Deserialize)]
struct Inspection {
    #[serde(default)]
    scopes: Vec<String>,
    expires_at: Option<i64>,
}

#[derive(Deserialize)]
struct Pages {
    data: Vec<Managed>,
}

#[derive(Deserialize)]
struct Managed {
    id: String,
    access_token: Option<String>,
}

/// Whether the account holds what a renewal takes.
pub(super) fn can_renew(account: &Account) -> bool {
    account.holds(&[PERSON, CLIENT_ID, CLIENT_SECRET])
}

impl Facebook {
    pub(super) async fn page(&self, account: &Account) -> Result<Page, Failure> {
        let request = self.graph.get(account, "me", &[("fields", "id,name,category")])?;
        self.graph.ask(WHO, account, request).await
    }

    /// What the token may do is told to those only who know the app's secret.
    pub(super) async fn standing(&self, account: &Account) -> Result<Standing, Failure> {
        let page = self.page(account).await?;
        let mut standing = Standing::good(page.name);
        if let Some(other) = account.setting(PAGE_ID).filter(|id| *id != page.id) {
            standing.missing.push(format!("the token of page {other}"));
        }
        if let (Some(id), Some(secret)) = (account.secrets.get(CLIENT_ID), account.secrets.get(CLIENT_SECRET)) {
            let app = format!("{}|{}", id.reveal(), secret.reveal());
            let app = with_token(account, &Secret::new(app));
            let token = account.secret(graph::TOKEN)?.reveal();
            let request = self.graph.get(&app, "debug_token", &[("input_token", token)])?;
            // What is said is said of the account's own secrets: those are taken out.
            let Inspected { data } = self.graph.ask(INSPECT, account, request).await?;
            let missing = SCOPES.iter().filter(|scope| !data.scopes.iter().any(|given| given == *scope));
            standing.missing.extend(missing.map(|scope| (*scope).to_owned()));
            let ends = data.expires_at.filter(|at| *at > 0);
            standing.expires_at = ends.and_then(|at| Timestamp::from_second(at).ok());
        }
        Ok(standing)
    }

    /// The page's token anew, from a person's, which lives longer for it. Without a person's there is nothing to renew: a page's
    /// token has no end of its own.
    pub(super) async fn renew(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        let Some(person) = account.secrets.get(PERSON) else { return Ok(None) };
        let more = [
            (CLIENT_ID, account.secret(CLIENT_ID)?.reveal()),
            (CLIENT_SECRET, account.secret(CLIENT_SECRET)?.reveal()),
            ("fb_exchange_token", person.reveal()),
        ];
        let by_person = with_token(account, person);
        let longer = self.graph.exchange(&by_person, "oauth/access_token", "fb_exchange_token", &more).await?;
        let by_person = with_token(account, &longer.access);
        let query = [("fields", "id,access_token"), ("limit", "100")];
        let pages: Pages =
            self.graph.ask(RENEW, &by_person, self.graph.get(&by_person, "me/accounts", &query)?).await?;
        let page = match (account.setting(PAGE_ID), pages.data.len()) {
            (Some(id), _) => pages.data.into_iter().find(|page| page.id == id),
            (None, 1) => pages.data.into_iter().next(),
            (None, _) => None,
        };
        let token = page.and_then(|page| page.access_token).filter(|token| !token.trim().is_empty());
        let token = token.ok_or_else(|| without_page(account))?;
        Ok(Some(Tokens {
            access: Secret::new(token),
            expires_at: None,
            refresh_expires_at: longer.expires_at,
            refresh: Some(longer.access),
            scopes: None,
        }))
    }
}

fn without_page(account: &Account) -> Failure {
    let (code, fix, said) = match account.setting(PAGE_ID) {
        Some(_) => (Code::PERMISSION_MISSING, Fix::Permission, "the person has no such page any more"),
        None => (Code::APP_MISCONFIGURED, Fix::Setup, "the person has several pages: settings.page_id must say which"),
    };
    Failure { worth: Worth::AfterFix { fix }, scope: Scope::Account, ..failure(code, RENEW, said) }
}
