//! Connecting by a link: tokens have no end.

use std::time::Duration;

use serde_json::json;

use super::{Mastodon, access::SCOPES};
use crate::fake::{Agreed, Answer, Ask, Refusal, Rules, Shown, lock, refused};

const RULES: Rules = Rules {
    paths: ("/oauth/authorize", "/oauth/token"),
    client: Mastodon::CLIENT,
    client_name: "client_id",
    shown: Shown::Either,
    separator: ' ',
    scopes: &SCOPES,
    pkce: false,
    life: Duration::from_secs(600),
    refuses,
};

impl Mastodon {
    /// The app's id and secret.
    pub const CLIENT: (&str, &str) = ("the-app-of-this-server", "the-secret-of-the-app");

    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let consent = lock(&self.knobs).consent.clone();
        self.codes.answer(ask, &RULES, &consent, |Agreed { account, scopes }| {
            self.access.grant(account, scopes);
            let body = json!({
                "access_token": Self::token(account), "token_type": "Bearer", "scope": scopes.join(" "),
                "created_at": ask.at.as_second(),
            });
            Answer::json(200, &body)
        })
    }
}

/// One answer for all that may be wrong with a code.
fn refuses(refusal: Refusal) -> Answer {
    let words = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the \
                 authorization request, or was issued to another client.";
    match refusal {
        Refusal::Client => refused(refusal),
        _ => Answer::json(400, &json!({"error": "invalid_grant", "error_description": words})),
    }
}
