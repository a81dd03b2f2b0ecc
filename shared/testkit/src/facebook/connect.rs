//! Connecting by a link: the first token is a person's and lives for two hours.

use std::time::Duration;

use serde_json::json;

use super::Facebook;
use crate::{
    fake::{Agreed, Answer, Ask, Rules, lock},
    graph::{
        access,
        connect::{permissions, refuses, rules},
        path,
    },
};

const RULES: Rules = rules(
    ("/v25.0/dialog/oauth", "/v25.0/oauth/access_token"),
    Facebook::CLIENT,
    &[
        "pages_show_list",
        "pages_read_engagement",
        "pages_manage_posts",
        "pages_manage_engagement",
        "pages_read_user_content",
    ],
    refuses,
);
const LIFE: Duration = Duration::from_secs(7200);

impl Facebook {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let consent = lock(&self.knobs).consent.clone();
        let give = |agreed: &Agreed| {
            self.access.restore(&agreed.account);
            lock(&self.agreed).insert(agreed.account.clone(), agreed.clone());
            let token = lock(&self.persons).give(&agreed.account, ask.at + LIFE);
            Answer::json(200, &json!({"access_token": token, "token_type": "bearer", "expires_in": LIFE.as_secs()}))
        };
        self.codes.answer(ask, &RULES, &consent, give).or_else(|| {
            let asks = (ask.method.as_str(), path(ask).as_slice()) == ("GET", &["me", "permissions"]);
            asks.then(|| self.permissions(ask))
        })
    }

    fn permissions(&self, ask: &Ask) -> Answer {
        let name = access::token(ask).and_then(|token| self.person(&token, ask.at));
        let agreed = name.and_then(|name| lock(&self.agreed).get(&name).cloned());
        agreed.map_or_else(access::ended, |agreed| permissions(RULES.scopes, &agreed))
    }
}
