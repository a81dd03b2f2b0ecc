//! Connecting by a link: a refresh token is given where the link asks for a permanent one.

use std::time::Duration;

use serde_json::json;

use super::{Reddit, error};
use crate::fake::{Agreed, Answer, Ask, Refusal, Rules, Shown, lock};

pub(super) const RULES: Rules = Rules {
    paths: ("/api/v1/authorize", "/api/v1/access_token"),
    client: Reddit::CLIENT,
    client_name: "client_id",
    shown: Shown::Header,
    separator: ' ',
    scopes: &["identity", "submit", "read", "history", "flair", "edit"],
    pkce: false,
    life: Duration::from_secs(600),
    refuses,
};

impl Reddit {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let knobs = lock(&self.knobs).clone();
        if ask.path == RULES.paths.0 && ask.param("duration") != Some("permanent") {
            return Some(Answer::text(400, "text/html", "invalid duration"));
        }
        self.codes.answer(ask, &RULES, &knobs.consent, |Agreed { account, scopes }| {
            self.tokens.begin_anew(account);
            let life = Duration::from_secs(knobs.token_life_s);
            let body = json!({
                "access_token": self.tokens.give(account, ask.at, life), "token_type": "bearer",
                "expires_in": knobs.token_life_s, "refresh_token": Self::refresh_token(account), "scope": scopes.join(" "),
            });
            Answer::json(200, &body)
        })
    }
}

/// A code that is not taken is told with a status of success.
fn refuses(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Client => error(401, "Unauthorized").with("www-authenticate", "Basic realm=\"reddit\""),
        Refusal::Redirect => {
            Answer::json(400, &json!({"error": "invalid_request", "message": "redirect_uri is another"}))
        }
        Refusal::Code | Refusal::Verifier => Answer::json(200, &json!({"error": "invalid_grant"})),
    }
}
