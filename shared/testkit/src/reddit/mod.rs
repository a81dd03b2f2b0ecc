//! Reddit's API, from its old open source, its documentation, and what clients know of it.
//!
//! An account is NAME with the token [`Reddit::token`] and the refresh token [`Reddit::refresh_token`], and needs no making; any
//! subreddit is there. What is reproduced with care: refusals of posts with status 200, `resubmit` and its `ALREADY_SUB`, the
//! limiter of posts in the body with its seconds and its words, listings that may lag, pictures that are accepted without an id and made
//! later, permanent refresh tokens, and the refusal of nameless callers. Not there: galleries, videos, the websocket that announces what
//! was made, votes, moderation, private messages.

mod access;
mod connect;
mod media;
mod posts;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, Tokens, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// How long a renewed access token is good, seconds.
    pub token_life_s: u64,
    /// How long an account must wait between two posts in one subreddit, seconds.
    pub post_every_s: u64,
    /// Calls per account in ten minutes.
    pub calls_per_window: u64,
    /// How long it takes until a post with a picture is listed, seconds.
    pub image_after_s: u64,
    /// Posts with pictures are accepted and never made.
    pub loses_images: bool,
    /// The largest file, bytes.
    pub max_upload_bytes: usize,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            token_life_s: 3600,
            post_every_s: 0,
            calls_per_window: 1_000_000,
            image_after_s: 90,
            loses_images: false,
            max_upload_bytes: 20 << 20,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<Reddit>::start()`.
#[derive(Default)]
pub struct Reddit {
    codes: Codes,
    knobs: Mutex<Knobs>,
    tokens: Tokens,
    ids: AtomicU64,
    limiter: Limiter,
    /// (account, subreddit) → when the account posted there last
    last: Mutex<HashMap<(String, String), Timestamp>>,
    /// (subreddit, link) → the post that has it
    links: Mutex<HashMap<(String, String), String>>,
    gone: Mutex<HashSet<String>>,
    /// The addresses of uploaded files.
    files: Mutex<HashSet<String>>,
    banned: Mutex<HashSet<(String, String)>>,
    suspended: Mutex<HashSet<String>>,
}

impl Reddit {
    /// A token of an account that lasts until [`Reddit::expire`](Platform::expire) or [`Reddit::revoke`].
    pub fn token(name: &str) -> String {
        format!("token-{name}")
    }

    /// The permanent refresh token of an account.
    pub fn refresh_token(name: &str) -> String {
        format!("refresh-{name}")
    }

    /// The app's id and secret.
    pub const CLIENT: (&str, &str) = ("the-app", "the-secret-of-the-app");

    /// The owner takes the app's access away.
    pub fn revoke(&self, name: &str) {
        self.tokens.revoke(name);
    }

    /// There is no such subreddit.
    pub fn close(&self, subreddit: &str) {
        lock(&self.gone).insert(subreddit.to_lowercase());
    }

    /// The subreddit's moderators ban an account.
    pub fn ban(&self, name: &str, subreddit: &str) {
        lock(&self.banned).insert((name.to_owned(), subreddit.to_lowercase()));
    }

    /// The platform suspends an account.
    pub fn suspend(&self, name: &str) {
        lock(&self.suspended).insert(name.to_owned());
    }

    /// A filter or moderator removes a post: its author still has it in the listing, without its text.
    pub fn remove(&self, id: &str, stage: &Stage) {
        if let Some(post) = stage.post(id) {
            let mut native = post.native;
            for name in ["selftext", "body"] {
                if native.get(name).is_some() {
                    native[name] = json!("[removed]");
                }
            }
            native["removed_by_category"] = json!("moderator");
            stage.change(id, &post.text, native);
        }
    }

    fn new_id(&self) -> String {
        let mut number = 1_500_000_000 + self.ids.fetch_add(1, SeqCst);
        let mut digits = Vec::new();
        while number > 0 {
            digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or_default(), 36).unwrap_or('0'));
            number /= 36;
        }
        digits.into_iter().rev().collect()
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        if ask.path.trim_end_matches('/') == "/api/v1/access_token" {
            return self.renew(ask, lock(&self.knobs).token_life_s);
        }
        if ask.path == media::PLACE {
            return Ok(self.take_file(ask));
        }
        let name = self.check(ask)?;
        match (ask.method.as_str(), ask.segments().as_slice()) {
            ("GET", ["api", "v1", "me"]) => Ok(self.me(&name)),
            ("POST", ["api", "submit"]) => Ok(self.submit(ask, &name, stage)),
            ("POST", ["api", "media", "asset.json"]) => Ok(self.lease(ask)),
            ("POST", ["api", "comment"]) => Ok(self.comment(ask, &name, stage)),
            ("GET", ["user", user, kind]) => self.list(ask, user, kind, stage),
            ("GET", ["comments", id, ..]) => self.show(id, stage),
            _ => Err(error(404, "Not Found")),
        }
    }

    fn me(&self, name: &str) -> Answer {
        let suspended = lock(&self.suspended).contains(name);
        let me = json!({"id": name, "name": name, "is_suspended": suspended, "has_verified_email": true, "total_karma": 1000});
        Answer::json(200, &me)
    }
}

impl Platform for Reddit {
    const NAME: &'static str = "reddit";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && matches!(ask.segments().as_slice(), ["api", "submit" | "comment"])
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        match ask.refresh_token() {
            Some(token) => token.strip_prefix("refresh-").map(str::to_owned),
            None => self.tokens.owner(access::bearer(ask)?),
        }
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        // A browser follows a link.
        let is_page = [media::PLACE, connect::RULES.paths.0].contains(&ask.path.as_str());
        if !is_page && !access::says_who_it_is(&ask) {
            return error(429, "Too Many Requests");
        }
        let caller = self.account(&ask).unwrap_or_default();
        let limit = lock(&self.knobs).calls_per_window;
        let standing = self.limiter.count(&caller, 1, limit, Duration::from_secs(600), ask.at);
        let answer = if standing.over {
            error(429, "Too Many Requests")
        } else {
            self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
        };
        let reset = standing.reset.duration_since(ask.at).as_secs();
        answer
            .with("x-ratelimit-used", limit - standing.remaining)
            .with("x-ratelimit-remaining", format!("{}.0", standing.remaining))
            .with("x-ratelimit-reset", reset)
    }

    /// The limiter of posts: a refusal in the body, with status 200.
    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        posts::limited(seconds)
    }

    fn expire(&self, account: &str) {
        self.tokens.expire(account);
    }

    fn restore(&self, account: &str) {
        self.tokens.restore(account);
    }
}

fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message, "error": status}))
}

/// A refusal of a post.
fn refusal(code: &str, words: &str, field: &str) -> Value {
    json!({"json": {"errors": [[code, words, field]]}})
}
