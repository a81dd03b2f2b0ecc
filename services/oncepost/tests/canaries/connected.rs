//! Accounts that people connect while oncepost runs: by handing secrets over, and by following a link.

use harness::stack::Stack;
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use testkit::{Cue, X};
use url::Url;

use crate::{
    planted::{DEAD, LINKED, MISTYPED, OPEN, Planted, echo},
    search::Places,
};

const ANSWERS: &str = "answers of the API";
/// An app that is put in by the API.
const APP: &str = "theirs";

impl Planted {
    /// Connects the accounts that the settings do not list. Tokens that are handed over end before they are used.
    pub async fn connect(&mut self, stack: &Stack, places: &mut Places) {
        let app = json!({ "secrets": { "client_id": X::CLIENT_ID, "client_secret": X::CLIENT_SECRET } });
        put(stack, places, &format!("/v1/apps/{APP}"), &app, 201).await;
        for id in [OPEN, DEAD] {
            let secrets = json!({ "access_token": X::token(id), "refresh_token": X::refresh_token(id) });
            let ask = json!({ "app": "ours", "expires_in": 2, "secrets": secrets });
            put(stack, places, &at(id), &self.on_x(ask), 201).await;
        }
        let [kind, name, place] = MISTYPED;
        for wrong in [
            json!({ "secrets": { "access_token": [kind] } }),
            json!({ "secrets": { "acess_token": name } }),
            json!({ "token": place }),
        ] {
            put(stack, places, &at(OPEN), &self.on_x(wrong), 422).await;
        }
        self.link(stack, places, true).await;
        self.link(stack, places, false).await;
    }

    /// What is asked of an account on the fake of X.
    fn on_x(&self, mut ask: Value) -> Value {
        ask["base_url"] = json!(self.x.url());
        ask["settings"] = json!({ "auth_url": self.x.url() });
        ask
    }

    /// A person follows a link and comes back, twice. If the platform refuses the code, it says back all that it was sent.
    async fn link(&mut self, stack: &Stack, places: &mut Places, is_refused: bool) {
        let ask = self.on_x(json!({ "app": APP }));
        let (status, made) = stack.api.post(&format!("{}/link", at(LINKED)), &ask).await.unwrap();
        assert_eq!(status, 201, "{made}");
        let browser = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        let knobs = json!({ "consent": { "person": LINKED } }).to_string();
        let set = browser.post(format!("{}/_control/knobs", self.x.url())).body(knobs).send().await.unwrap();
        assert!(set.status().is_success());
        let consent = browser.get(made["url"].as_str().unwrap()).send().await.unwrap();
        let back: Url = consent.headers()["location"].to_str().unwrap().parse().unwrap();
        let field = |name: &str| back.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let (state, code) = (field("state"), field("code"));
        if is_refused {
            let said = format!("{} {} {}", echo(&code), echo(&state), echo(X::CLIENT_SECRET));
            let refusal = json!({ "error": "invalid_request", "error_description": said });
            self.x.cue(Cue::refuse(400, &refusal).on("POST", "/oauth2/token").saying(&code));
        }
        self.canaries.insert(format!("the state of a link, refused: {is_refused}"), state);
        self.canaries.insert(format!("the code of a link, refused: {is_refused}"), code);
        for expected in [if is_refused { 422 } else { 200 }, 410] {
            let page = browser.get(back.clone()).send().await.unwrap();
            let (status, headers) = (page.status(), format!("{:?}", page.headers()));
            let text = page.text().await.unwrap();
            assert_eq!(status, expected, "{text}");
            places.add(ANSWERS, format!("{headers}\n{text}"));
        }
    }
}

fn at(id: &str) -> String {
    format!("/v1/accounts/acme/x/{id}")
}

async fn put(stack: &Stack, places: &mut Places, path: &str, ask: &Value, expected: u16) {
    let (status, answer) = stack.api.put(path, ask).await.unwrap();
    assert_eq!(status, expected, "{answer}");
    places.add(ANSWERS, answer.to_string());
}
