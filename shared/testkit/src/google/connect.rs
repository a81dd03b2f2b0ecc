//! Connecting by a link: a refresh token is given where the link asks for access without the person.

use std::time::Duration;

use serde_json::json;

use super::{Access, CLIENT, access::PREFIX, refresh_token};
use crate::fake::{Agreed, Answer, Ask, Codes, Consent, Rules, Shown, lock, refused};

impl Access {
    /// Answers the calls of a link to one of Google's APIs; `None` for any other.
    pub(crate) fn connect(
        &self,
        codes: &Codes,
        ask: &Ask,
        scopes: &'static [&'static str],
        consent: &Consent,
        life_s: u64,
    ) -> Option<Answer> {
        let rules = Rules {
            paths: ("/o/oauth2/v2/auth", "/token"),
            client: CLIENT,
            client_name: "client_id",
            shown: Shown::Fields,
            separator: ' ',
            scopes,
            pkce: false,
            life: Duration::from_secs(600),
            refuses: refused,
        };
        let answer = codes.answer(ask, &rules, consent, |agreed| self.give(ask, agreed, life_s))?;
        // Without both nobody gets a refresh token for certain.
        let lasting = ask.param("access_type") == Some("offline") && ask.param("prompt") == Some("consent");
        let is_link = ask.method == "GET";
        Some(if is_link && !lasting {
            Answer::text(400, "text/html", "access_type and prompt are missing")
        } else {
            answer
        })
    }

    fn give(&self, ask: &Ask, Agreed { account, scopes }: &Agreed, life_s: u64) -> Answer {
        let scope = scopes.join(" ");
        self.tokens.begin_anew(account);
        lock(&self.scopes).insert(account.clone(), scope.clone());
        let access = format!("{PREFIX}{}", self.tokens.give(account, ask.at, Duration::from_secs(life_s)));
        let body = json!({
            "access_token": access, "expires_in": life_s, "refresh_token": refresh_token(account), "scope": scope,
            "token_type": "Bearer",
        });
        Answer::json(200, &body)
    }
}
