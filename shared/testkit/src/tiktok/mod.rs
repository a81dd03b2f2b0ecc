//! TikTok's Content Posting API, from its documentation and from what clients saw.
//!
//! The account NAME has the access token `token-NAME`, which has no end of its own, and the refresh token `refresh-NAME`; it needs
//! no making. What is reproduced with care: a video goes out by itself once its last byte is there, pictures as soon as they are
//! asked for; what became of either is told by its `publish_id` only; the post's id comes once the moderation is done with it, and
//! of public posts alone; refresh tokens that are good once; token errors that are flat and others that are nested; the audience
//! that a creator offers; apps that were not audited. Not there: drafts for the inbox, videos by address,
//! webhooks.

mod access;
mod connect;
mod listing;
mod photos;
mod posts;
mod status;
mod videos;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use jiff::Timestamp;
use posts::Publication;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, Tokens, lock};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// Life of an access token that a refresh gave, seconds.
    pub access_life_s: u64,
    /// Life of a refresh token, seconds.
    pub refresh_life_s: u64,
    /// The creators keep their accounts private.
    pub private_accounts: bool,
    /// TikTok has audited the app.
    pub audited: bool,
    /// The creators allow no comments.
    pub comments_disabled: bool,
    /// The longest video a creator may post, seconds.
    pub longest_video_s: u64,
    /// How long a whole post is worked on, milliseconds.
    pub processing_ms: u64,
    /// How long after that a public post gets its id, milliseconds.
    pub moderation_ms: u64,
    /// What is wrong with every post, as `fail_reason` says it; empty: nothing.
    pub fails_with: String,
    /// How long an upload's address can be used, seconds.
    pub upload_life_s: u64,
    /// Posts per creator in a day.
    pub posts_per_day: u64,
    /// Creators who may post through the app in a day.
    pub creators_per_day: u64,
    /// What the addresses of pictures must begin with.
    pub verified_prefix: String,
    /// Pictures are among what is listed.
    pub lists_photos: bool,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            access_life_s: 7200,
            refresh_life_s: 180 * 24 * 3600,
            private_accounts: false,
            audited: true,
            comments_disabled: false,
            longest_video_s: 600,
            processing_ms: 0,
            moderation_ms: 0,
            fails_with: String::new(),
            upload_life_s: 3600,
            posts_per_day: 20,
            creators_per_day: 1000,
            verified_prefix: "http".into(),
            lists_photos: true,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<TikTok>::start()`.
#[derive(Default)]
pub struct TikTok {
    codes: Codes,
    knobs: Mutex<Knobs>,
    tokens: Tokens,
    /// The one refresh token of each account that works: account → (token, until)
    refresh_tokens: Mutex<HashMap<String, (String, Timestamp)>>,
    /// publish id → what it became
    publications: Mutex<HashMap<String, Publication>>,
    calls: Limiter,
    days: Limiter,
    creators: Limiter,
}

impl TikTok {
    /// The app's registration.
    pub const CLIENT_KEY: &str = "client-of-the-app";
    /// Its password.
    pub const CLIENT_SECRET: &str = "secret-of-the-app";

    /// The account's access token.
    pub fn token(name: &str) -> String {
        format!("token-{name}")
    }

    /// The account's first refresh token.
    pub fn refresh_token(name: &str) -> String {
        format!("refresh-{name}")
    }

    /// The account's tokens are withdrawn, all of them.
    pub fn revoke(&self, account: &str) {
        self.tokens.revoke(account);
    }

    /// The account's tokens lack this permission from now on.
    pub fn withhold(&self, account: &str, scope: &str) {
        self.tokens.withhold(account, scope);
    }

    /// The addresses of all uploads stop working.
    pub fn end_uploads(&self) {
        lock(&self.publications).values_mut().for_each(Publication::end);
    }

    /// Everything about earlier publish ids is forgotten.
    pub fn forget(&self) {
        lock(&self.publications).clear();
    }

    async fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        let path = ask.segments();
        match (ask.method.as_str(), path.as_slice()) {
            ("POST", ["v2", "oauth", "token"]) => {
                let knobs = lock(&self.knobs).clone();
                return self.refresh(
                    ask,
                    Duration::from_secs(knobs.access_life_s),
                    Duration::from_secs(knobs.refresh_life_s),
                );
            }
            ("PUT", ["video"]) => return self.take_bytes(ask, stage),
            _ => {}
        }
        let account = self.check(ask)?;
        let may = |scope: &str| self.check_scope(&account, scope);
        let count = |what: &str, most: u64| {
            let who = format!("{account} {what}");
            if self.calls.count(&who, 1, most, MINUTE, ask.at).over { Err(too_many()) } else { Ok(()) }
        };
        match (ask.method.as_str(), path.as_slice()) {
            ("GET", ["v2", "user", "info"]) => {
                may("user.info.basic")?;
                let user = json!({"open_id": format!("open-{account}"), "display_name": account, "username": account});
                Ok(success(&json!({"user": user})))
            }
            ("POST", ["v2", "video", "list"]) => {
                may("video.list")?;
                self.list(ask, &account, stage)
            }
            ("POST", ["v2", "post", "publish", rest @ ..]) => {
                may("video.publish")?;
                match rest {
                    ["creator_info", "query"] => {
                        count("creator_info", 20)?;
                        self.creator(&account, ask)
                    }
                    ["video", "init"] => {
                        count("video/init", 6)?;
                        self.begin_video(ask, &account)
                    }
                    ["content", "init"] => {
                        count("content/init", 6)?;
                        self.begin_photos(ask, &account, stage).await
                    }
                    ["status", "fetch"] => {
                        count("status", 30)?;
                        self.status(ask, &account)
                    }
                    _ => Err(refusal(404, "invalid_params", "no such path")),
                }
            }
            _ => Err(refusal(404, "invalid_params", "no such path")),
        }
    }
}

impl Platform for TikTok {
    const NAME: &'static str = "tiktok";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    /// The last bytes of a video; the request for pictures.
    fn publishes(&self, ask: &Ask) -> bool {
        match ask.method.as_str() {
            "PUT" => videos::Range::of(ask).is_some_and(|range| range.end == range.total),
            _ => ask.path == "/v2/post/publish/content/init/",
        }
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        let uploading = ask.param("upload_id").and_then(|id| Some(lock(&self.publications).get(id)?.account.clone()));
        uploading.or_else(|| match ask.refresh_token() {
            Some(token) => self.refresher(token),
            None => self.tokens.owner(ask.bearer()?),
        })
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        self.route(&ask, stage).await.unwrap_or_else(|refusal| refusal)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        too_many().with("Retry-After", seconds)
    }

    fn expire(&self, account: &str) {
        self.tokens.expire(account);
    }

    fn restore(&self, account: &str) {
        self.tokens.restore(account);
        lock(&self.refresh_tokens).remove(account);
    }
}

/// How the API says that all is well.
fn success(data: &Value) -> Answer {
    Answer::json(200, &json!({"data": data, "error": {"code": "ok", "message": "", "log_id": "20261101"}}))
}

/// How it says that it is not.
fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"data": {}, "error": {"code": code, "message": message, "log_id": "20261101"}}))
}

fn invalid(message: &str) -> Answer {
    refusal(400, "invalid_params", message)
}

/// For how long, it does not say.
fn too_many() -> Answer {
    refusal(429, "rate_limit_exceeded", "The API rate limit was exceeded.")
}
