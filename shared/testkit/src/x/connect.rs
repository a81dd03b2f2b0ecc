//! Connecting by a link: codes live for half a minute, and the refresh token comes with a scope of its own.

use std::time::Duration;

use serde_json::json;

use super::X;
use crate::fake::{Agreed, Answer, Ask, Refusal, Rules, Shown, lock};

const SCOPES: &[&str] = &["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"];
const RULES: Rules = Rules {
    paths: ("/i/oauth2/authorize", "/2/oauth2/token"),
    client: (X::CLIENT_ID, X::CLIENT_SECRET),
    client_name: "client_id",
    shown: Shown::Either,
    separator: ' ',
    scopes: SCOPES,
    pkce: true,
    life: Duration::from_secs(30),
    refuses,
};

impl X {
    pub(super) fn connect(&self, ask: &Ask) -> Option<Answer> {
        let knobs = lock(&self.knobs).clone();
        let give = |agreed: &Agreed| self.give(ask, agreed, knobs.access_life_s, knobs.refresh_life_s);
        self.codes.answer(ask, &RULES, &knobs.consent, give)
    }

    /// The first tokens of a new family.
    fn give(&self, ask: &Ask, Agreed { account, scopes }: &Agreed, life_s: u64, refresh_life_s: u64) -> Answer {
        self.tokens.begin_anew(account);
        self.tokens.grant(account, SCOPES, scopes);
        let access = self.tokens.give(account, ask.at, Duration::from_secs(life_s));
        let mut body =
            json!({"token_type": "bearer", "expires_in": life_s, "access_token": access, "scope": scopes.join(" ")});
        if scopes.iter().any(|scope| scope == "offline.access") {
            let until = ask.at + Duration::from_secs(refresh_life_s);
            body["refresh_token"] = self.give_refresh(account, until).into();
        }
        Answer::json(200, &body)
    }
}

fn refuses(refusal: Refusal) -> Answer {
    let (status, error, words) = match refusal {
        Refusal::Client => (401, "unauthorized_client", "Missing valid authorization header"),
        Refusal::Code => (400, "invalid_request", "Value passed for the authorization code was invalid."),
        Refusal::Redirect => {
            let words = "Value passed for the redirect uri did not match the uri of the authorization code.";
            (400, "invalid_request", words)
        }
        Refusal::Verifier => {
            (400, "invalid_request", "Value passed for the code verifier did not match the code challenge.")
        }
    };
    Answer::json(status, &json!({"error": error, "error_description": words}))
}
