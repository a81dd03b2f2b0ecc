//! The fake platforms, alike to tests that are about all of them.

use std::time::Duration;

use domain::Content;
use oncepost_channels::Secret;
use serde_json::{Value, json};
use testkit::{
    Answer, Bluesky, Cue, Discord, End, Facebook, Fake, Ghost, GoogleBusiness, Instagram, LinkedIn, Mastodon, Matrix,
    Nostr, Pinterest, Post, Ready, Reddit, Slack, Telegram, Threads, TikTok, Webhook, WordPress, X, YouTube,
    fake::{Platform, Stage},
};

use super::{
    servers::{Raw, files, jpeg, mp4, png},
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

    /// The tokens of `main` are past their time.
    fn expire(&self);
    /// They work again.
    fn restore(&self);
}

impl<P: Platform> Site for Fake<P> {
    fn stage(&self) -> &Stage {
        self
    }

    fn url(&self) -> String {
        Fake::url(self)
    }

    fn expire(&self) {
        self.platform().expire("main");
    }

    fn restore(&self) {
        self.platform().restore("main");
    }
}

/// The page that the fake account `main` looks after.
const LINKEDIN_PAGE: &str = "urn:li:organization:17657408";

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
    /// Whether the platform takes descriptions of pictures.
    pub describes: bool,
    /// Whether the platform names what it made: its id, and where a person sees it.
    pub names_posts: bool,
    /// Whether a thread goes out as one text, its parts under each other.
    pub joins: bool,
    /// Whether a post with a picture is accepted at once and made later, and carries no description.
    pub pictures_later: bool,
    /// Whether the platform refuses a text that it has seen lately, so that of two posts that look alike one cannot go out.
    pub refuses_twins: bool,
    /// Whether a success has no body: the id stands in a header field, or is known before.
    pub id_in_header: bool,
    /// Whether refusals have an HTTP status.
    pub says_status: bool,
    /// Whether a rate limit says how long it lasts.
    pub says_when: bool,
    /// Where a picture or video is had for posts that have none, on a platform that takes no text alone.
    pub picture: Option<Raw>,
    /// The file that goes out with a text: a picture, or what the platform takes instead.
    pub file: fn() -> Vec<u8>,
    /// The call that is refused when there are too many, where that is not the publishing one.
    pub limited_at: Option<(&'static str, &'static str)>,
    /// Whether the channel makes itself a new token where one has ended.
    pub renews: bool,
    /// Whether the platform can be asked how credentials stand, and says so.
    pub tells_credentials: bool,
    /// Whether the platform takes pictures.
    pub takes_pictures: bool,
    /// What the account says of its server or receiver.
    pub says: &'static [(&'static str, &'static str)],
}

impl Place {
    /// One that settles a doubt by repeating and does all that most do; what its answers look like is each one's own to say.
    fn plain(name: &'static str, site: Box<dyn Site>) -> Self {
        Self {
            name,
            site,
            unauthorized: Cue::refuse(401, &json!({})),
            forbidden: Cue::refuse(403, &json!({})),
            without_id: json!({}),
            looks: false,
            asks_person: false,
            describes: true,
            names_posts: true,
            joins: false,
            pictures_later: false,
            refuses_twins: false,
            id_in_header: false,
            says_status: true,
            says_when: true,
            picture: None,
            file: png,
            limited_at: None,
            renews: false,
            tells_credentials: true,
            takes_pictures: true,
            says: &[],
        }
    }

    /// The status that a refusal is expected to show.
    pub fn status(&self, cue: &Cue) -> Option<u16> {
        match &cue.end {
            End::Refuse(answer) if self.says_status => Some(answer.status),
            _ => None,
        }
    }

    pub async fn webhook() -> Self {
        Self {
            unauthorized: Cue::refuse(401, &json!({"error": "no signature is right"})),
            forbidden: Cue::refuse(403, &json!({"error": "not for you"})),
            without_id: json!({"ok": true}),
            tells_credentials: false,
            ..Self::plain("webhook", Box::new(Fake::<Webhook>::start().await))
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
            unauthorized: Cue::refuse(401, &json!({"error": "The access token was revoked"})),
            forbidden: Cue::refuse(403, &json!({"error": "This action is outside the authorized scopes"})),
            without_id: json!({"url": "https://mastodon.test/@main/1"}),
            ..Self::plain("mastodon", Box::new(Fake::<Mastodon>::start().await))
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
            unauthorized: Cue::refuse(401, &refused).on("POST", "createSession"),
            forbidden: Cue::refuse(403, &other),
            without_id: json!({"validationStatus": "valid"}),
            renews: true,
            looks: true,
            ..Self::plain("bluesky", Box::new(Fake::<Bluesky>::start().await))
        }
    }

    pub async fn matrix() -> Self {
        let dead = json!({"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token", "soft_logout": false});
        let outside = json!({"errcode": "M_FORBIDDEN", "error": "User @main:matrix.test not in room"});
        Self {
            unauthorized: Cue::refuse(401, &dead),
            forbidden: Cue::refuse(403, &outside),
            without_id: json!({"event": "none"}),
            describes: false,
            ..Self::plain("matrix", Box::new(Fake::<Matrix>::start().await))
        }
    }

    pub async fn nostr() -> Self {
        let refused = |words| Cue::new(End::Refuse(Answer::text(403, "text/plain", words)));
        Self {
            unauthorized: refused("auth-required: we only take events from those we know"),
            forbidden: refused("restricted: not for you"),
            without_id: json!(["OK", "", true, ""]),
            says_status: false,
            says_when: false,
            tells_credentials: false,
            ..Self::plain("nostr", Box::new(Fake::<Nostr>::start().await))
        }
    }

    pub async fn wordpress() -> Self {
        let refusal = |code: &str| json!({"code": code, "message": "Sorry, you are not allowed to do that."});
        Self {
            unauthorized: Cue::refuse(401, &refusal("rest_cannot_edit")),
            forbidden: Cue::refuse(403, &refusal("rest_cannot_publish")),
            without_id: json!({"status": "publish", "link": "https://blog.test/once/"}),
            looks: true,
            joins: true,
            ..Self::plain("wordpress", Box::new(Fake::<WordPress>::start().await))
        }
    }

    pub async fn ghost() -> Self {
        let refusal = |kind: &str, code: &str| json!({"errors": [{"type": kind, "code": code, "message": "Sorry"}]});
        Self {
            unauthorized: Cue::refuse(401, &refusal("UnauthorizedError", "UNKNOWN_ADMIN_API_KEY")),
            forbidden: Cue::refuse(403, &refusal("NoPermissionError", "")),
            without_id: json!({"posts": [{"status": "published", "url": "https://ghost.test/once/"}]}),
            looks: true,
            joins: true,
            ..Self::plain("ghost", Box::new(Fake::<Ghost>::start().await))
        }
    }

    pub async fn reddit() -> Self {
        Self {
            unauthorized: Cue::refuse(401, &json!({"message": "Unauthorized", "error": 401})),
            forbidden: Cue::refuse(403, &json!({"message": "Forbidden", "error": 403})),
            without_id: json!({"json": {"errors": [], "data": {"drafts_count": 0}}}),
            looks: true,
            pictures_later: true,
            ..Self::plain("reddit", Box::new(Fake::<Reddit>::start().await))
        }
    }

    pub async fn telegram() -> Self {
        let refused = |status: u16, text| json!({"ok": false, "error_code": status, "description": text});
        Self {
            unauthorized: Cue::refuse(401, &refused(401, "Unauthorized")),
            forbidden: Cue::refuse(403, &refused(403, "Forbidden: bot was kicked from the channel chat")),
            without_id: json!({"ok": true, "result": true}),
            asks_person: true,
            describes: false,
            ..Self::plain("telegram", Box::new(Fake::<Telegram>::start().await))
        }
    }

    pub async fn discord() -> Self {
        Self {
            unauthorized: Cue::refuse(401, &json!({"message": "401: Unauthorized", "code": 0})),
            forbidden: Cue::refuse(403, &json!({"message": "Missing Permissions", "code": 50013})),
            without_id: json!({"content": "once"}),
            // The nonce's two minutes are over as soon as an attempt may take that long.
            looks: true,
            ..Self::plain("discord", Box::new(Fake::<Discord>::start().await))
        }
    }

    /// A bot that may not read, and an account that says so.
    pub async fn discord_without_history() -> Self {
        let site = Fake::<Discord>::start().await;
        site.platform().blind("main");
        Self {
            site: Box::new(site),
            looks: false,
            asks_person: true,
            says: &[("look_up", "none")],
            ..Self::discord().await
        }
    }

    pub async fn discord_webhook() -> Self {
        Self {
            unauthorized: Cue::refuse(401, &json!({"message": "Invalid Webhook Token", "code": 50027})),
            looks: false,
            asks_person: true,
            says: &[("via", "webhook")],
            ..Self::discord().await
        }
    }

    pub async fn slack() -> Self {
        let refused = |code| json!({"ok": false, "error": code});
        Self {
            unauthorized: Cue::refuse(200, &refused("token_revoked")),
            forbidden: Cue::refuse(200, &refused("not_in_channel")),
            without_id: json!({"ok": true}),
            looks: true,
            ..Self::plain("slack", Box::new(Fake::<Slack>::start().await))
        }
    }

    /// A bot that may not read, and an account that says so.
    pub async fn slack_without_history() -> Self {
        let site = Fake::<Slack>::start().await;
        site.platform().access().grant("main", &["chat:write", "files:write"]);
        Self {
            site: Box::new(site),
            looks: false,
            asks_person: true,
            says: &[("look_up", "none")],
            ..Self::slack().await
        }
    }

    pub async fn slack_webhook() -> Self {
        let refused = |status, text| Cue::new(End::Refuse(Answer::text(status, "text/html", text)));
        Self {
            unauthorized: refused(403, "invalid_token"),
            forbidden: refused(403, "action_prohibited"),
            looks: false,
            asks_person: true,
            names_posts: false,
            tells_credentials: false,
            says: &[("via", "webhook"), ("proof", "ok")],
            ..Self::slack().await
        }
    }

    pub async fn x() -> Self {
        let problem = |status: u16, title: &str, detail: &str| {
            let body = json!({"type": "about:blank", "title": title, "status": status, "detail": detail});
            Cue::refuse(status, &body)
        };
        Self {
            unauthorized: problem(401, "Unauthorized", "Unauthorized"),
            forbidden: problem(403, "Forbidden", "You are not permitted to perform this action."),
            without_id: json!({"data": {"text": "once"}}),
            looks: true,
            refuses_twins: true,
            ..Self::plain("x", Box::new(Fake::<X>::start().await))
        }
    }

    /// As a member: what is out, LinkedIn does not show.
    pub async fn linkedin() -> Self {
        let refused = |status: u16, code: &str| {
            let body = json!({"status": status, "code": code, "message": "not with this token"});
            Cue::refuse(status, &body)
        };
        Self {
            unauthorized: refused(401, "INVALID_ACCESS_TOKEN"),
            forbidden: refused(403, "ACCESS_DENIED"),
            without_id: json!({}),
            asks_person: true,
            refuses_twins: true,
            id_in_header: true,
            ..Self::plain("linkedin", Box::new(Fake::<LinkedIn>::start().await))
        }
    }

    /// For a page, whose posts can be looked up.
    pub async fn linkedin_page() -> Self {
        Self { looks: true, asks_person: false, says: &[("author", LINKEDIN_PAGE)], ..Self::linkedin().await }
    }

    /// Meta's platforms speak alike.
    fn graph(name: &'static str, site: Box<dyn Site>) -> Self {
        let error = |code: u64, finer: u64, message: &str| json!({"error": {"message": message, "type": "OAuthException", "code": code, "error_subcode": finer}});
        Self {
            unauthorized: Cue::refuse(401, &error(190, 460, "Error validating access token")),
            forbidden: Cue::refuse(403, &error(10, 0, "(#10) Application does not have permission for this action")),
            without_id: json!({"success": true}),
            looks: true,
            ..Self::plain(name, site)
        }
    }

    pub async fn instagram() -> Self {
        let place = Self::graph("instagram", Box::new(Fake::<Instagram>::start().await));
        Self { picture: Some(files(png()).await), ..place }
    }

    pub async fn facebook() -> Self {
        let place = Self::graph("facebook", Box::new(Fake::<Facebook>::start().await));
        Self { without_id: json!({}), ..place }
    }

    /// A page whose posts go out in one call, and an account that says so.
    pub async fn facebook_at_once() -> Self {
        Self {
            without_id: json!({"success": true}),
            refuses_twins: true,
            says: &[("draft", "none")],
            ..Self::facebook().await
        }
    }

    pub async fn pinterest() -> Self {
        let error = |code: u64, message: &str| json!({"code": code, "message": message});
        Self {
            unauthorized: Cue::refuse(401, &error(2, "Authentication failed.")),
            forbidden: Cue::refuse(403, &error(29, "You are not permitted to access that resource.")),
            without_id: json!({"link": null}),
            looks: true,
            picture: Some(files(png()).await),
            ..Self::plain("pinterest", Box::new(Fake::<Pinterest>::start().await))
        }
    }

    pub async fn threads() -> Self {
        Self::graph("threads", Box::new(Fake::<Threads>::start().await))
    }

    /// Videos, which are uploaded.
    pub async fn tiktok() -> Self {
        let refused = |code: &str| {
            let body = json!({"data": {}, "error": {"code": code, "message": "Not with this token.", "log_id": "1"}});
            Cue::refuse(401, &body).on("POST", "creator_info")
        };
        Self {
            unauthorized: refused("access_token_invalid"),
            forbidden: refused("scope_not_authorized"),
            looks: true,
            describes: false,
            id_in_header: true,
            picture: Some(files(mp4(64)).await),
            file: || mp4(64),
            limited_at: Some(("POST", "video/init")),
            ..Self::plain("tiktok", Box::new(Fake::<TikTok>::start().await))
        }
    }

    /// Pictures, which TikTok fetches, on an account whose posts may not be listed.
    pub async fn tiktok_photos() -> Self {
        let site = Fake::<TikTok>::start().await;
        site.platform().withhold("main", "video.list");
        Self {
            site: Box::new(site),
            without_id: json!({"data": {}, "error": {"code": "ok", "message": ""}}),
            looks: false,
            asks_person: true,
            id_in_header: false,
            picture: Some(files(jpeg()).await),
            file: jpeg,
            limited_at: None,
            ..Self::tiktok().await
        }
    }

    /// A cue for too many calls, where the platform says so.
    pub fn limited(&self, seconds: u64) -> Cue {
        let cue = Cue::new(End::RateLimit { seconds });
        match self.limited_at {
            Some((method, path)) => cue.on(method, path),
            None => cue,
        }
    }

    pub async fn google_business() -> Self {
        let error = |status: u16, name: &str| {
            Cue::refuse(status, &json!({"error": {"code": status, "message": "not with this token", "status": name}}))
        };
        Self {
            unauthorized: error(401, "UNAUTHENTICATED"),
            forbidden: error(403, "PERMISSION_DENIED"),
            without_id: json!({"summary": "once", "state": "LIVE"}),
            looks: true,
            describes: false,
            ..Self::plain("google-business", Box::new(Fake::<GoogleBusiness>::start().await))
        }
    }

    pub async fn youtube() -> Self {
        let error = |status: u16, reason: &str| {
            let errors = json!([{"domain": "global", "reason": reason, "message": "no"}]);
            Cue::refuse(status, &json!({"error": {"code": status, "message": "not with this token", "errors": errors}}))
        };
        Self {
            unauthorized: error(401, "authError"),
            forbidden: error(403, "insufficientPermissions"),
            without_id: json!({"status": {"uploadStatus": "processed", "privacyStatus": "public"}}),
            looks: true,
            takes_pictures: false,
            picture: Some(files(mp4(1000)).await),
            ..Self::plain("youtube", Box::new(Fake::<YouTube>::start().await))
        }
    }

    /// The content as this platform takes it: where no text goes out alone, with a picture or video.
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
    let ready = Ready::on(name, url).unwrap_or_else(|| panic!("no fake of {name}"));
    let settings: Vec<_> = ready.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut secrets = ready.secrets.iter();
    let (first, value) = secrets.next().expect("each fake asks for a secret");
    let mut stand = Stand::new(name, &ready.base_url, (first, value), &settings, content);
    stand.account.secrets.extend(secrets.map(|(name, value)| ((*name).to_owned(), Secret::new(value.clone()))));
    stand
}
