//! A Mastodon server, from its API's documentation and source.
//!
//! A token is `token-NAME` and belongs to the account NAME, which needs no making. What is reproduced with care is
//! `Idempotency-Key`: looked up before validation, written after the post is stored, kept for an hour, per account, the body not
//! compared, no key kept for a failure, 404 once the post is deleted, and **not atomic** (see [`Knobs::processing_ms`]).
//! Not there: polls, scheduled posts, boosts, other servers.

mod access;
mod connect;
mod html;
mod media;
mod statuses;
mod text;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, atomic::AtomicU64},
    time::Duration,
};

use access::Access;
use jiff::Timestamp;
use media::Media;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// From the moment a post is stored until its idempotency key is written and the call is answered, milliseconds. A repeat that
    /// comes in between makes a second post.
    pub processing_ms: u64,
    /// Keys are remembered. Servers that only speak the API may ignore them.
    pub keeps_keys: bool,
    /// How long an uploaded file stays unusable, milliseconds; 0 answers 200 to the upload at once.
    pub media_processing_ms: u64,
    /// Characters in a post.
    pub max_characters: u64,
    /// Calls per account in five minutes.
    pub calls_per_window: u64,
    /// The server says which scopes an app has, as Mastodon does since 4.3.
    pub tells_scopes: bool,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            processing_ms: 0,
            keeps_keys: true,
            media_processing_ms: 0,
            max_characters: 500,
            calls_per_window: 1_000_000,
            tells_scopes: true,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<Mastodon>::start()`.
#[derive(Default)]
pub struct Mastodon {
    codes: Codes,
    knobs: Mutex<Knobs>,
    access: Access,
    /// account id → name, of everyone who ever called
    people: Mutex<HashMap<String, String>>,
    /// (account, key) → (status, when the key was written)
    keys: Mutex<HashMap<(String, String), (String, Timestamp)>>,
    /// Accounts whose keys are ignored.
    keyless: Mutex<HashSet<String>>,
    media: Mutex<HashMap<String, Media>>,
    media_ids: AtomicU64,
    limiter: Limiter,
}

impl Mastodon {
    /// The token of an account.
    pub fn token(name: &str) -> String {
        format!("token-{name}")
    }

    /// The numeric id of an account, as text.
    pub fn account_id(name: &str) -> String {
        let hash = name.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte));
        (100_000_000_000_000_000 + hash % 100_000_000_000_000_000).to_string()
    }

    /// The owner takes the app's access away.
    pub fn revoke(&self, account: &str) {
        self.access.revoke(account);
    }

    /// The app was registered, and the account's token given, without this scope.
    pub fn withhold(&self, account: &str, scope: &str) {
        self.access.withhold(account, scope);
    }

    /// The token of the account works again.
    pub fn restore(&self, account: &str) {
        self.access.restore(account);
    }

    /// The server loses all idempotency keys: a crash between storing the post and writing the key, or its Redis wiped.
    pub fn forget_keys(&self) {
        lock(&self.keys).clear();
    }

    /// From now on the keys of this account are ignored, as by a server that only speaks the API.
    pub fn ignore_keys_of(&self, account: &str) {
        lock(&self.keyless).insert(account.to_owned());
    }

    async fn route(&self, ask: &Ask, account: Result<String, Answer>, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        let with = |scope: &str, account: Result<String, Answer>| {
            account.and_then(|account| self.access.check_scope(&account, scope).map(|()| account))
        };
        match (ask.method.as_str(), ask.segments().as_slice()) {
            ("POST", ["api", "v1", "statuses"]) => self.publish(ask, with("write:statuses", account)?, stage).await,
            ("GET", ["api", "v1", "statuses", id]) => self.show(id, stage),
            ("GET", ["api", "v1", "statuses", id, "source"]) => self.source(id, &account?, stage),
            ("DELETE", ["api", "v1", "statuses", id]) => self.remove(id, &account?, stage),
            ("POST", ["api", "v2", "media"]) => self.upload(ask, with("write:media", account)?, stage),
            ("GET", ["api", "v1", "media", id]) => self.media_state(id, &account?, stage),
            ("GET", ["api", "v1", "accounts", "verify_credentials"]) => {
                Ok(Answer::json(200, &person(&with("read:accounts", account)?)))
            }
            ("GET", ["api", "v1", "apps", "verify_credentials"]) => self.app(&account?),
            ("GET", ["api", "v1", "accounts", id, "statuses"]) => self.list(ask, id, stage),
            ("GET", ["api", "v2", "instance"]) => Ok(self.instance()),
            _ => Err(not_found()),
        }
    }

    /// Which scopes it has, servers say since 4.3.
    fn app(&self, account: &str) -> Result<Answer, Answer> {
        let mut app = self.access.app(account);
        if !lock(&self.knobs).tells_scopes {
            app.as_object_mut().and_then(|app| app.remove("scopes"));
        }
        Ok(Answer::json(200, &app))
    }

    fn instance(&self) -> Answer {
        let characters = lock(&self.knobs).max_characters;
        Answer::json(
            200,
            &json!({
                "domain": "mastodon.test",
                "version": "4.3.0",
                "configuration": {
                    "statuses": {
                        "max_characters": characters,
                        "max_media_attachments": media::MOST_PER_POST,
                        "characters_reserved_per_url": text::URL_CHARACTERS,
                    },
                    "media_attachments": {
                        "supported_mime_types": ["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"],
                        "image_size_limit": 16_777_216,
                        "video_size_limit": 103_809_024,
                    },
                },
            }),
        )
    }
}

impl Platform for Mastodon {
    const NAME: &'static str = "mastodon";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && ask.path == "/api/v1/statuses"
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        access::name(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let caller = access::name(&ask).unwrap_or_else(|| "a stranger".into());
        lock(&self.people).entry(Self::account_id(&caller)).or_insert_with(|| caller.clone());
        let limit = lock(&self.knobs).calls_per_window;
        let standing = self.limiter.count(&caller, 1, limit, Duration::from_secs(300), ask.at);
        let answer = if standing.over {
            error(429, "Too many requests")
        } else {
            self.route(&ask, self.access.check(&ask), stage).await.unwrap_or_else(|refusal| refusal)
        };
        standing_headers(answer, standing.limit, standing.remaining, standing.reset)
    }

    fn limited(&self, ask: &Ask, seconds: u64) -> Answer {
        let limit = lock(&self.knobs).calls_per_window;
        standing_headers(error(429, "Too many requests"), limit, 0, ask.at + Duration::from_secs(seconds))
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

/// On every answer; the reset is ISO 8601, not a number.
fn standing_headers(answer: Answer, limit: u64, remaining: u64, reset: Timestamp) -> Answer {
    answer
        .with("X-RateLimit-Limit", limit)
        .with("X-RateLimit-Remaining", remaining)
        .with("X-RateLimit-Reset", format!("{reset:.6}"))
}

fn person(name: &str) -> Value {
    json!({
        "id": Mastodon::account_id(name),
        "username": name,
        "acct": name,
        "display_name": name,
        "url": format!("https://mastodon.test/@{name}"),
    })
}

fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"error": text}))
}

fn not_found() -> Answer {
    error(404, "Record not found")
}
