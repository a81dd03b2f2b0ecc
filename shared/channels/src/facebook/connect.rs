//! Connecting a page by a link.

use std::collections::BTreeMap;

use domain::{Code, Failure};
use serde::Deserialize;

use super::{Facebook, PAGE_ID};
use crate::{
    ExchangeAsk, Granted, Secret, Tokens,
    graph::{connect::Page, failure},
    oauth::{CONNECT, begin_again, servers},
};

#[derive(Deserialize)]
struct Managed {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    access_token: String,
}

impl Page for Managed {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Facebook {
    /// A code for the page's token, which has no end of its own, and the person's, by which the page's is had anew.
    pub(super) async fn connect(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        let person = self.graph.person(&servers::FACEBOOK, ask).await?;
        let page: Managed = self.graph.page_of(&person, PAGE_ID, "id,name,access_token").await?;
        if page.access_token.trim().is_empty() {
            return Err(begin_again(failure(Code::STRANGE_ANSWER, CONNECT, "the answer holds no token of the page")));
        }
        Ok(Granted {
            tokens: Tokens {
                access: Secret::new(page.access_token),
                expires_at: None,
                refresh_expires_at: person.tokens.expires_at,
                refresh: Some(person.tokens.access),
                scopes: person.tokens.scopes,
            },
            settings: BTreeMap::from([(PAGE_ID.to_owned(), page.id)]),
            who: page.name,
            missing: person.missing,
        })
    }
}
