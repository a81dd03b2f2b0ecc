//! Connecting by a link: what was agreed to is not told.

use serde_json::json;

use super::Threads;
use crate::{
    fake::{Agreed, Answer, Ask, Rules, lock},
    graph::{
        connect::{refuses, rules},
        person_id,
    },
};

const RULES: Rules = rules(
    ("/oauth/authorize", "/oauth/access_token"),
    Threads::CLIENT,
    &["threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies"],
    refuses,
);

impl Threads {
    /// The app's id and secret.
    pub const CLIENT: (&'static str, &'static str) = ("5017", "threads-app-secret");

    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let consent = lock(&self.knobs).consent.clone();
        self.codes.answer(ask, &RULES, &consent, |Agreed { account, scopes }| {
            let publishes = scopes.iter().any(|scope| scope == "threads_content_publish");
            let token = self.access.begin(ask, account, publishes);
            Answer::json(200, &json!({"access_token": token, "user_id": person_id(account)}))
        })
    }
}
