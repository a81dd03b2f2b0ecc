//! Persons, who look after pages: their tokens live for 60 days, and give those of their pages, which have no end.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Facebook;
use crate::{
    fake::{Answer, Ask, lock},
    graph::{access, error, parameter, person_id, pick},
};

/// Tokens that were exchanged for, by whose they are and until when; and further pages that a person looks after.
#[derive(Default)]
pub(super) struct Persons {
    granted: HashMap<String, (String, Timestamp)>,
    pages: Vec<(String, String)>,
}

impl Persons {
    /// Another token for a person, good until then.
    pub(super) fn give(&mut self, person: &str, until: Timestamp) -> String {
        let token = format!("person-{person}~{}", self.granted.len() + 1);
        self.granted.insert(token.clone(), (person.to_owned(), until));
        token
    }
}

impl Facebook {
    /// The person who looks after a page looks after another one, too.
    pub fn manage(&self, person: &str, page: &str) {
        lock(&self.persons).pages.push((person.into(), page.into()));
    }

    /// Whose token a person's is, if it is good.
    pub(super) fn person(&self, token: &str, now: Timestamp) -> Option<String> {
        match lock(&self.persons).granted.get(token) {
            Some((name, until)) => (now < *until).then(|| name.clone()),
            None => token.strip_prefix("person-").filter(|name| !name.contains('~')).map(str::to_owned),
        }
    }

    pub(super) fn is_person(&self, ask: &Ask) -> bool {
        access::token(ask).is_some_and(|token| self.person(&token, ask.at).is_some())
    }

    /// A longer-lived token for a person's.
    pub(super) fn lengthen(&self, ask: &Ask) -> Result<Answer, Answer> {
        let says = |name: &str| parameter(ask, name).unwrap_or_default();
        if says("grant_type") != "fb_exchange_token" {
            return Err(error(400, 100, 0, "Invalid grant_type"));
        }
        if (says("client_id").as_str(), says("client_secret").as_str()) != Self::CLIENT {
            return Err(error(400, 101, 0, "Error validating client secret."));
        }
        let name = self.person(&says("fb_exchange_token"), ask.at).ok_or_else(access::ended)?;
        let token = lock(&self.persons).give(&name, ask.at + Duration::from_secs(access::LIFE));
        Ok(access::handed_out(&token, access::LIFE))
    }

    /// The pages that a person looks after, each with its token.
    pub(super) fn managed(&self, ask: &Ask) -> Result<Answer, Answer> {
        let token = access::token(ask).unwrap_or_default();
        let name = self.person(&token, ask.at).ok_or_else(access::ended)?;
        let more = lock(&self.persons).pages.clone();
        let more = more.into_iter().filter(|(person, _)| *person == name).map(|(_, page)| page);
        let shown = [name.clone()].into_iter().chain(more).map(|page| {
            let whole = json!({
                "id": person_id(&page), "name": page, "access_token": Self::token(&page), "tasks": ["CREATE_CONTENT", "MODERATE"],
            });
            pick(&whole, ask)
        });
        Ok(Answer::json(200, &json!({"data": shown.collect::<Vec<Value>>()})))
    }

    /// What a token is, for those who know the app's secret.
    pub(super) fn inspect(&self, ask: &Ask) -> Result<Answer, Answer> {
        let (id, secret) = Self::CLIENT;
        if access::token(ask) != Some(format!("{id}|{secret}")) {
            return Err(error(400, 190, 0, "Invalid OAuth access token signature."));
        }
        let input = ask.param("input_token").unwrap_or_default();
        let page = access::account_of(input);
        let mut scopes = vec!["pages_show_list", "pages_read_engagement", "pages_manage_engagement"];
        if page.is_some_and(|page| self.access.may_publish(page)) {
            scopes.push("pages_manage_posts");
        }
        let kind = if page.is_some() { "PAGE" } else { "USER" };
        let data = json!({"app_id": id, "type": kind, "is_valid": true, "expires_at": 0, "scopes": scopes});
        Ok(Answer::json(200, &json!({"data": data})))
    }
}
