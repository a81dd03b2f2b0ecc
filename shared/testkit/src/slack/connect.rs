//! Installing an app by a link, without token rotation.

use std::time::Duration;

use serde_json::json;

use super::{Slack, access::SCOPES, done, error};
use crate::fake::{Agreed, Answer, Ask, Refusal, Rules, Shown, lock};

const RULES: Rules = Rules {
    paths: ("/oauth/v2/authorize", "/api/oauth.v2.access"),
    client: Slack::CLIENT,
    client_name: "client_id",
    shown: Shown::Either,
    separator: ',',
    scopes: &SCOPES,
    pkce: false,
    life: Duration::from_secs(600),
    refuses,
};

impl Slack {
    /// The app's id and secret.
    pub const CLIENT: (&str, &str) = ("app", "app-secret");

    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let consent = lock(&self.knobs).consent.clone();
        self.codes.answer(ask, &RULES, &consent, |Agreed { account, scopes }| {
            self.access.install(account, scopes);
            done(json!({
                "access_token": Self::token(account), "token_type": "bot", "scope": scopes.join(","),
                "bot_user_id": format!("U-{account}"), "app_id": "A0001", "team": {"id": "T0001", "name": "acme"},
                "authed_user": {"id": "U0001"}, "enterprise": null, "is_enterprise_install": false,
            }))
        })
    }
}

fn refuses(refusal: Refusal) -> Answer {
    error(match refusal {
        Refusal::Client => "bad_client_secret",
        Refusal::Redirect => "bad_redirect_uri",
        Refusal::Code | Refusal::Verifier => "invalid_code",
    })
}
