//! Connecting by a link.

use std::time::Duration;

use serde_json::json;

use super::{Pinterest, error};
use crate::fake::{Agreed, Answer, Ask, Refusal, Rules, Shown, lock};

const RULES: Rules = Rules {
    paths: ("/oauth/", "/v5/oauth/token"),
    client: Pinterest::CLIENT,
    client_name: "client_id",
    shown: Shown::Header,
    separator: ',',
    scopes: &["boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"],
    pkce: false,
    life: Duration::from_secs(600),
    refuses,
};

impl Pinterest {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let knobs = lock(&self.knobs).clone();
        self.codes.answer(ask, &RULES, &knobs.consent, |Agreed { account, scopes }| {
            let until = ask.at + Duration::from_secs(knobs.refresh_s);
            let (access, refresh) = self.access.give(account, ask.at, &knobs);
            let body = json!({
                "access_token": access, "token_type": "bearer", "expires_in": knobs.access_s, "scope": scopes.join(" "),
                "refresh_token": refresh, "refresh_token_expires_in": knobs.refresh_s,
                "refresh_token_expires_at": until.as_second(), "response_type": "authorization_code",
            });
            Answer::json(200, &body)
        })
    }
}

fn refuses(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Client => error(401, 2, "Authentication failed."),
        Refusal::Redirect => error(400, 283, "Invalid redirect_uri."),
        Refusal::Code | Refusal::Verifier => error(400, 283, "Invalid authorization code."),
    }
}
