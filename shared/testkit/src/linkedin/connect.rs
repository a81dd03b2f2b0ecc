//! Connecting by a link, as a member or for a page.

use std::time::Duration;

use serde_json::json;

use super::LinkedIn;
use crate::fake::{Agreed, Answer, Ask, Refusal, Rules, Shown, lock, refused};

const SCOPES: &[&str] = &[
    "openid",
    "profile",
    "w_member_social",
    "w_organization_social",
    "r_organization_social",
    "rw_organization_admin",
];
const RULES: Rules = Rules {
    paths: ("/oauth/v2/authorization", "/oauth/v2/accessToken"),
    client: (LinkedIn::CLIENT_ID, LinkedIn::CLIENT_SECRET),
    client_name: "client_id",
    shown: Shown::Fields,
    separator: ' ',
    scopes: SCOPES,
    pkce: false,
    life: Duration::from_secs(30 * 60),
    refuses,
};

impl LinkedIn {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let consent = lock(&self.knobs).consent.clone();
        self.codes.answer(ask, &RULES, &consent, |Agreed { account, scopes }| {
            self.tokens.begin_anew(account);
            lock(&self.consents).insert(account.clone(), ask.at);
            self.give(account, ask.at, &scopes.join(",")).unwrap_or_else(|| refuses(Refusal::Code))
        })
    }
}

/// One answer for several reasons.
fn refuses(refusal: Refusal) -> Answer {
    let words = "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code \
                 expired. Or external member binding exists";
    match refusal {
        Refusal::Client => refused(refusal),
        _ => Answer::json(400, &json!({"error": "invalid_request", "error_description": words})),
    }
}
