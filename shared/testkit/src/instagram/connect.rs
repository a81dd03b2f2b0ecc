//! Connecting by a link, through Instagram's own login or through Facebook's.

use serde_json::{Value, json};

use super::Instagram;
use crate::{
    fake::{Agreed, Answer, Ask, Refusal, Rules, lock},
    graph::{
        access,
        connect::{permissions, refuses, rules},
        path, person_id,
    },
};

const OWN: Rules = rules(
    ("/oauth/authorize", "/oauth/access_token"),
    Instagram::CLIENT,
    &["instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_comments"],
    own_refuses,
);
const BY_FACEBOOK: Rules = rules(
    ("/v25.0/dialog/oauth", "/v25.0/oauth/access_token"),
    Instagram::CLIENT,
    &[
        "instagram_basic",
        "instagram_content_publish",
        "instagram_manage_comments",
        "pages_show_list",
        "pages_read_engagement",
    ],
    refuses,
);

impl Instagram {
    /// The app's id and secret.
    pub const CLIENT: (&'static str, &'static str) = ("6017", "ig-app-secret");

    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let consent = lock(&self.knobs).consent.clone();
        let own = |agreed: &Agreed| {
            let token = self.begin(ask, agreed, "instagram_business_content_publish");
            let user = json!({
                "access_token": token, "user_id": person_id(&agreed.account), "permissions": agreed.scopes.join(","),
            });
            Answer::json(200, &json!({"data": [user]}))
        };
        let by_facebook = |agreed: &Agreed| {
            let token = self.begin(ask, agreed, "instagram_content_publish");
            lock(&self.agreed).insert(agreed.account.clone(), agreed.clone());
            Answer::json(200, &json!({"access_token": token, "token_type": "bearer", "expires_in": 3600}))
        };
        let answer = self.codes.answer(ask, &OWN, &consent, own);
        answer.or_else(|| self.codes.answer(ask, &BY_FACEBOOK, &consent, by_facebook)).or_else(|| self.person(ask))
    }

    fn begin(&self, ask: &Ask, agreed: &Agreed, publishing: &str) -> String {
        self.access.begin(ask, &agreed.account, agreed.scopes.iter().any(|scope| scope == publishing))
    }

    /// What a person's token of Facebook's login is asked for.
    fn person(&self, ask: &Ask) -> Option<Answer> {
        let answer = match (ask.method.as_str(), path(ask).as_slice()) {
            ("GET", ["oauth", "access_token"]) => {
                self.access.lengthen(ask, "fb_exchange_token", lock(&self.knobs).token_life_s)
            }
            ("GET", ["me", "permissions"]) => self.access.check(ask).map(|account| {
                let agreed = lock(&self.agreed).get(&account).cloned();
                permissions(BY_FACEBOOK.scopes, &agreed.unwrap_or(Agreed { account, scopes: vec![] }))
            }),
            ("GET", ["me", "accounts"]) => self.access.check(ask).map(|account| {
                let page: Value = json!({
                    "id": "2017", "access_token": Self::token(&account),
                    "instagram_business_account": {"id": person_id(&account), "username": account},
                });
                Answer::json(200, &json!({"data": [page]}))
            }),
            _ => return None,
        };
        Some(answer.unwrap_or_else(|refusal| refusal)).filter(|_| access::token(ask).is_some())
    }
}

/// Instagram's own server writes refusals without an envelope.
fn own_refuses(refusal: Refusal) -> Answer {
    let words = match refusal {
        Refusal::Client => "Error validating client secret.",
        Refusal::Redirect => {
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used"
        }
        Refusal::Code | Refusal::Verifier => "This authorization code has been used",
    };
    Answer::json(400, &json!({"error_type": "OAuthException", "code": 400, "error_message": words}))
}
