//! Connecting by a link, through either of the two logins.

use std::collections::BTreeMap;

use domain::{Code, Failure};
use serde::Deserialize;

use super::{Instagram, by_facebook};
use crate::{
    ExchangeAsk, Granted, Secret, Tokens,
    graph::{USER_ID, connect::Page, failure},
    oauth::{CONNECT, begin_again, servers},
};

/// A page, of which the account is its Instagram side.
#[derive(Deserialize)]
struct Managed {
    #[serde(default)]
    access_token: String,
    instagram_business_account: Option<Side>,
}

#[derive(Deserialize)]
struct Side {
    id: String,
    #[serde(default)]
    username: String,
}

impl Page for Managed {
    /// Instagram's number, not the page's; a page that has no such side is none that can be named.
    fn id(&self) -> &str {
        self.instagram_business_account.as_ref().map_or("", |side| &side.id)
    }

    fn name(&self) -> &str {
        self.instagram_business_account.as_ref().map_or("a page without Instagram", |side| &side.username)
    }
}

impl Instagram {
    pub(super) async fn connect(&self, ask: &ExchangeAsk<'_>) -> Result<Granted, Failure> {
        if !by_facebook(ask.account) {
            return self.graph().connect(&servers::INSTAGRAM, ask, "ig_exchange_token").await;
        }
        let person = self.graph().person(&servers::INSTAGRAM_BY_FACEBOOK, ask).await?;
        let fields = "access_token,instagram_business_account{id,username}";
        let page: Managed = self.graph().page_of(&person, USER_ID, fields).await?;
        let side = page.instagram_business_account.filter(|_| !page.access_token.trim().is_empty());
        let side = side.ok_or_else(|| {
            begin_again(failure(
                Code::STRANGE_ANSWER,
                CONNECT,
                "the person's page has no Instagram account or no token",
            ))
        })?;
        Ok(Granted {
            // The page's token has no end, and nothing renews it.
            tokens: Tokens { access: Secret::new(page.access_token), expires_at: None, ..person.tokens },
            settings: BTreeMap::from([(USER_ID.to_owned(), side.id)]),
            who: side.username,
            missing: person.missing,
        })
    }
}
