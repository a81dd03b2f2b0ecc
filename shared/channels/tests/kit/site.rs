//! The fake platforms, alike to tests that are about all of them.

use std::time::Duration;

use domain::Content;
use serde_json::{Value, json};
use testkit::{
    Bluesky, Cue, Fake, Instagram, Mastodon, Post, Threads, Webhook,
    fake::{Platform, Stage},
};

use super::{
    servers::{Raw, files, png},
    stand::{Stand, picture},
};

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
    /// What the account says of its server or receiver.
    pub says: &'static [(&'static str, &'static str)],
    /// Where a picture is had for posts that have none, on a platform that takes no text alone.
    pub picture: Option<Raw>,
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
            says: &[],
            picture: None,
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
            says: &[],
            picture: None,
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
            says: &[],
            picture: None,
        }
    }

    /// Meta's platforms speak alike.
    fn graph(name: &'static str, site: Box<dyn Site>) -> Self {
        let error = |code: u64, finer: u64, message: &str| json!({"error": {"message": message, "type": "OAuthException", "code": code, "error_subcode": finer}});
        Self {
            name,
            site,
            unauthorized: Cue::refuse(401, &error(190, 460, "Error validating access token")),
            forbidden: Cue::refuse(403, &error(10, 0, "(#10) Application does not have permission for this action")),
            without_id: json!({"success": true}),
            looks: true,
            asks_person: false,
            says: &[],
            picture: None,
        }
    }

    pub async fn instagram() -> Self {
        let place = Self::graph("instagram", Box::new(Fake::<Instagram>::start().await));
        Self { picture: Some(files(png()).await), ..place }
    }

    pub async fn threads() -> Self {
        Self::graph("threads", Box::new(Fake::<Threads>::start().await))
    }

    /// The content as this platform takes it: where no text goes out alone, with a picture.
    pub fn content(&self, content: Content) -> Content {
        match &self.picture {
            Some(file) if content.media.is_empty() && !content.text.is_empty() => {
                Content { media: picture("", &file.url()).media, ..content }
            }
            _ => content,
        }
    }

    pub fn stand(&self, content: Content) -> Stand {
        let mut stand = stand(self.name, &self.site.url(), self.content(content));
        let says = self.says.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        stand.account.settings.extend(says);
        stand
    }
}

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
        "threads" => Stand::new(name, url, ("access_token", &Threads::token("main")), &[], content),
        "instagram" => Stand::new(name, url, ("access_token", &Instagram::token("main")), &[], content),
        other => panic!("no fake of {other}"),
    }
}
