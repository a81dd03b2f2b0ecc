//! Connecting by a link: the app's id is called a key, and the person may leave single scopes out.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::TikTok;
use crate::fake::{Agreed, Answer, Ask, Refusal, Rules, Shown, lock};

const SCOPES: &[&str] = &["user.info.basic", "video.publish", "video.upload", "video.list"];
const RULES: Rules = Rules {
    paths: ("/v2/auth/authorize/", "/v2/oauth/token/"),
    client: (TikTok::CLIENT_KEY, TikTok::CLIENT_SECRET),
    client_name: "client_key",
    shown: Shown::Fields,
    separator: ',',
    scopes: SCOPES,
    pkce: false,
    life: Duration::from_secs(600),
    refuses,
};

impl TikTok {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let knobs = lock(&self.knobs).clone();
        self.codes.answer(ask, &RULES, &knobs.consent, |Agreed { account, scopes }| {
            self.tokens.begin_anew(account);
            self.tokens.grant(account, SCOPES, scopes);
            let refresh_life = Duration::from_secs(knobs.refresh_life_s);
            let refresh = Uuid::new_v4().simple().to_string();
            lock(&self.refresh_tokens).insert(account.clone(), (refresh.clone(), ask.at + refresh_life));
            let body = json!({
                "open_id": format!("open-{account}"), "scope": scopes.join(","),
                "access_token": self.tokens.give(account, ask.at, Duration::from_secs(knobs.access_life_s)),
                "expires_in": knobs.access_life_s, "refresh_token": refresh,
                "refresh_expires_in": knobs.refresh_life_s, "token_type": "Bearer",
            });
            Answer::json(200, &body)
        })
    }
}

fn refuses(refusal: Refusal) -> Answer {
    let (status, error, words) = match refusal {
        Refusal::Client => (401, "invalid_client", "Client key or secret is incorrect."),
        Refusal::Redirect => (400, "invalid_request", "Redirect_uri is not matched with the uri when requesting code."),
        Refusal::Code | Refusal::Verifier => (400, "invalid_grant", "Authorization code is expired."),
    };
    Answer::json(status, &json!({"error": error, "error_description": words, "log_id": "20261101"}))
}
