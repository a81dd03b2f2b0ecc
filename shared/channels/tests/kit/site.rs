//! The fake platforms, alike to tests that are about all of them.

use std::time::Duration;

use domain::Content;
use serde_json::{Value, json};
use testkit::{
    Bluesky, Cue, Fake, LinkedIn, Mastodon, Post, Webhook, X,
    fake::{Platform, Stage},
};

use super::stand::Stand;

/// A fake platform.
pub trait Site: Send + Sync {
    fn stage(&self) -> &Stage;
    fn url(&self) -> String;

    fn cue(&self, cue: Cue) {
        self.stage().cue(cue);
    }

    fn posts(&self) -> Vec<Post> {
        self.stage().posts()
    }

    fn publish_calls(&self) -> usize {
        self.stage().publish_calls().len()
    }

    fn advance(&self, by: Duration) {
        self.stage().advance(by);
    }
}

impl<P: Platform> Site for Fake<P> {
    fn stage(&self) -> &Stage {
        self
    }

    fn url(&self) -> String {
        Fake::url(self)
    }
}

/// A platform and how it says things.
pub struct Place {
    pub name: &'static str,
    pub site: Box<dyn Site>,
    /// The account's password or token is not accepted.
    pub unauthorized: Cue,
    /// The account lacks a permission.
    pub forbidden: Cue,
    /// A success in which the id is missing.
    pub without_id: Value,
    /// Whether the channel asks the platform, rather than repeating, to settle a doubt.
    pub looks: bool,
    /// Whether only a person can settle a doubt.
    pub asks_person: bool,
    /// Whether the platform refuses a text that it has seen lately, so that of two posts that look alike one cannot go out.
    pub refuses_twins: bool,
    /// Whether a success has no body: the id stands in a header field.
    pub id_in_header: bool,
    /// What the account says of its server or receiver.
    pub says: &'static [(&'static str, &'static str)],
}

impl Place {
    pub async fn webhook() -> Self {
        Self {
            name: "webhook",
            site: Box::new(Fake::<Webhook>::start().await),
            unauthorized: Cue::refuse(401, &json!({"error": "no signature is right"})),
            forbidden: Cue::refuse(403, &json!({"error": "not for you"})),
            without_id: json!({"ok": true}),
            looks: false,
            asks_person: false,
            refuses_twins: false,
            id_in_header: false,
            says: &[],
        }
    }

    /// A receiver that does not keep ids, and an account that says so.
    pub async fn webhook_without_ids() -> Self {
        let forgetful = Fake::<Webhook>::start().await;
        forgetful.set(|knobs| knobs.keeps_ids = false);
        Self { site: Box::new(forgetful), asks_person: true, says: &[("repeats", "unsafe")], ..Self::webhook().await }
    }

    pub async fn mastodon() -> Self {
        Self {
            name: "mastodon",
            site: Box::new(Fake::<Mastodon>::start().await),
            unauthorized: Cue::refuse(401, &json!({"error": "The access token was revoked"})),
            forbidden: Cue::refuse(403, &json!({"error": "This action is outside the authorized scopes"})),
            without_id: json!({"url": "https://mastodon.test/@main/1"}),
            looks: false,
            asks_person: false,
            refuses_twins: false,
            id_in_header: false,
            says: &[],
        }
    }

    /// A server that ignores idempotency keys, and an account that says so.
    pub async fn mastodon_without_keys() -> Self {
        let keyless = Fake::<Mastodon>::start().await;
        keyless.set(|knobs| knobs.keeps_keys = false);
        Self { site: Box::new(keyless), looks: true, says: &[("idempotency_key", "ignored")], ..Self::mastodon().await }
    }

    pub async fn bluesky() -> Self {
        let refused = json!({"error": "AuthenticationRequired", "message": "Invalid identifier or password"});
        let other = json!({"error": "AccountNotFound", "message": "Could not find repo"});
        Self {
            name: "bluesky",
            site: Box::new(Fake::<Bluesky>::start().await),
            unauthorized: Cue::refuse(401, &refused).on("POST", "createSession"),
            forbidden: Cue::refuse(403, &other),
            without_id: json!({"validationStatus": "valid"}),
            looks: true,
            asks_person: false,
            refuses_twins: false,
            id_in_header: false,
            says: &[],
        }
    }

    pub async fn x() -> Self {
        let problem = |status: u16, title: &str, detail: &str| {
            let body = json!({"type": "about:blank", "title": title, "status": status, "detail": detail});
            Cue::refuse(status, &body)
        };
        Self {
            name: "x",
            site: Box::new(Fake::<X>::start().await),
            unauthorized: problem(401, "Unauthorized", "Unauthorized"),
            forbidden: problem(403, "Forbidden", "You are not permitted to perform this action."),
            without_id: json!({"data": {"text": "once"}}),
            looks: true,
            asks_person: false,
            refuses_twins: true,
            id_in_header: false,
            says: &[],
        }
    }

    /// As a member: what is out, LinkedIn does not show.
    pub async fn linkedin() -> Self {
        let refused = |status: u16, code: &str| {
            let body = json!({"status": status, "code": code, "message": "not with this token"});
            Cue::refuse(status, &body)
        };
        Self {
            name: "linkedin",
            site: Box::new(Fake::<LinkedIn>::start().await),
            unauthorized: refused(401, "INVALID_ACCESS_TOKEN"),
            forbidden: refused(403, "ACCESS_DENIED"),
            without_id: json!({}),
            looks: false,
            asks_person: true,
            refuses_twins: true,
            id_in_header: true,
            says: &[],
        }
    }

    /// For a page, whose posts can be looked up.
    pub async fn linkedin_page() -> Self {
        Self { looks: true, asks_person: false, says: &[("author", LINKEDIN_PAGE)], ..Self::linkedin().await }
    }

    pub fn stand(&self, content: Content) -> Stand {
        let mut stand = stand(self.name, &self.site.url(), content);
        let says = self.says.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        stand.account.settings.extend(says);
        stand
    }
}

/// The page that the fake account `main` looks after.
const LINKEDIN_PAGE: &str = "urn:li:organization:17657408";

/// A target on `name` at `url`, on the fake account `main`.
pub fn stand(name: &str, url: &str, content: Content) -> Stand {
    match name {
        "webhook" => Stand::new(name, &format!("{url}/main"), ("signing_secret", Webhook::SECRET), &[], content),
        "mastodon" => Stand::new(name, url, ("access_token", &Mastodon::token("main")), &[], content),
        "bluesky" => {
            let identifier = Bluesky::handle("main");
            let settings = [("identifier", identifier.as_str())];
            Stand::new(name, url, ("app_password", &Bluesky::password("main")), &settings, content)
        }
        "linkedin" => Stand::new(name, url, ("access_token", &LinkedIn::token("main")), &[], content),
        "x" => Stand::new(name, url, ("access_token", &X::token("main")), &[], content),
        other => panic!("no fake of {other}"),
    }
}
