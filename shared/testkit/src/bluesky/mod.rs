//! A Bluesky personal data server, as measured on version 0.4.217.
//!
//! The account NAME has the handle `NAME.test`, logs in with `password-NAME` and needs no making. What is reproduced with care:
//! `putRecord` with and without `swapRecord`, the 500 of a repeated `createRecord`, 400 (not 401) for an expired token, limits in
//! graphemes and in bytes, content-addressed blobs, genuine CIDs. Not there: OAuth, video jobs, threads' far ends (a server does
//! not check them), deletion through `applyWrites`.

mod cid;
mod record;
mod repo;
mod sessions;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sessions::Sessions;
use sha2::{Digest, Sha256};

use crate::fake::{Answer, Ask, Limiter, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// Life of an access token, seconds.
    pub access_life_s: u64,
    /// Largest upload, bytes.
    pub upload_bytes: u64,
    /// Largest image in a post, bytes.
    pub image_bytes: u64,
    /// Calls per caller in five minutes.
    pub calls_per_window: u64,
    /// Logins per account in five minutes.
    pub logins_per_window: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            access_life_s: 7200,
            upload_bytes: 5 << 20,
            image_bytes: 1_000_000,
            calls_per_window: 1_000_000,
            logins_per_window: 30,
        }
    }
}

/// The platform. Run it with `Fake::<Bluesky>::start()`.
#[derive(Default)]
pub struct Bluesky {
    knobs: Mutex<Knobs>,
    sessions: Sessions,
    /// cid → (type, size)
    blobs: Mutex<HashMap<String, (String, u64)>>,
    /// One write at a time, as a repository has it.
    writing: Mutex<()>,
    limiter: Limiter,
    logins: Limiter,
}

impl Bluesky {
    /// The name to log in with.
    pub fn handle(name: &str) -> String {
        format!("{name}.test")
    }

    /// The password to log in with.
    pub fn password(name: &str) -> String {
        format!("password-{name}")
    }

    /// The permanent id of an account.
    pub fn did(name: &str) -> String {
        format!("did:plc:{}", &cid::base32(&Sha256::digest(name))[..24])
    }

    /// The owner takes the app password away: no token of the account works any more, nor does logging in.
    pub fn revoke(&self, account: &str) {
        self.sessions.revoke(account);
    }

    /// The account is taken down by moderation.
    pub fn take_down(&self, account: &str) {
        self.sessions.take_down(account);
    }

    /// The owner deactivates the account: logging in still works.
    pub fn deactivate(&self, account: &str) {
        self.sessions.deactivate(account);
    }

    /// Undoes [`Bluesky::revoke`], [`Bluesky::take_down`] and [`Bluesky::deactivate`]; old tokens stay dead.
    pub fn restore(&self, account: &str) {
        self.sessions.restore(account);
    }

    /// Forgets uploaded blobs, as the server does after a time with those that no record names.
    pub fn forget_blobs(&self) {
        lock(&self.blobs).clear();
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let Some(method) = ask.path.strip_prefix("/xrpc/") else {
            return Err(Answer::text(404, "text/plain", "Not Found"));
        };
        let caller = || self.sessions.check(ask);
        match (ask.method.as_str(), method) {
            ("POST", "com.atproto.server.createSession") => self.log_in(ask),
            ("POST", "com.atproto.server.refreshSession") => self.sessions.refresh(ask, self.access_life()),
            ("POST", "com.atproto.server.deleteSession") => self.sessions.delete(ask),
            ("GET", "com.atproto.server.getSession") => self.sessions.show(ask),
            ("GET", "com.atproto.server.describeServer") => {
                Ok(Answer::json(200, &json!({"did": "did:web:bluesky.test", "availableUserDomains": [".test"]})))
            }
            ("GET", "com.atproto.identity.resolveHandle") => {
                let handle = ask.param("handle").unwrap_or_default();
                let name = handle.strip_suffix(".test").ok_or_else(|| invalid("Unable to resolve handle"))?;
                Ok(Answer::json(200, &json!({"did": Self::did(name)})))
            }
            ("POST", "com.atproto.repo.uploadBlob") => self.upload(ask, caller()),
            ("POST", "com.atproto.repo.putRecord") => self.put(ask, &caller()?, stage),
            ("POST", "com.atproto.repo.createRecord") => self.create(ask, &caller()?, stage),
            ("POST", "com.atproto.repo.deleteRecord") => self.remove(ask, &caller()?, stage),
            ("GET", "com.atproto.repo.getRecord") => self.get(ask, stage),
            ("GET", "com.atproto.repo.listRecords") => self.list(ask, stage),
            _ => Err(error(501, "MethodNotImplemented", "Method Not Implemented")),
        }
    }

    fn log_in(&self, ask: &Ask) -> Result<Answer, Answer> {
        let who = ask.json()["identifier"].as_str().unwrap_or_default().to_owned();
        let limit = lock(&self.knobs).logins_per_window;
        let standing = self.logins.count(&who, 1, limit, WINDOW, ask.at);
        if standing.over {
            return Err(too_many());
        }
        self.sessions.create(ask, self.access_life())
    }

    fn access_life(&self) -> Duration {
        Duration::from_secs(lock(&self.knobs).access_life_s)
    }

    /// Same bytes, same id; the token is checked before the size.
    fn upload(&self, ask: &Ask, caller: Result<String, Answer>) -> Result<Answer, Answer> {
        caller?;
        let size = ask.body.len() as u64;
        if size > lock(&self.knobs).upload_bytes {
            return Err(error(413, "PayloadTooLarge", "request entity too large"));
        }
        let kind = ask.header("content-type").unwrap_or("application/octet-stream").to_owned();
        let cid = cid::of_bytes(&ask.body);
        lock(&self.blobs).insert(cid.clone(), (kind.clone(), size));
        let blob = json!({"$type": "blob", "ref": {"$link": cid}, "mimeType": kind, "size": size});
        Ok(Answer::json(200, &json!({"blob": blob})))
    }
}

const WINDOW: Duration = Duration::from_secs(300);

impl Platform for Bluesky {
    const NAME: &'static str = "bluesky";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST"
            && ["/xrpc/com.atproto.repo.putRecord", "/xrpc/com.atproto.repo.createRecord"].contains(&ask.path.as_str())
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        let logging_in = || sessions::name(ask.json()["identifier"].as_str()?);
        self.sessions.owner(ask).or_else(logging_in)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let caller = self.account(&ask).unwrap_or_else(|| "a stranger".into());
        let standing = self.limiter.count(&caller, 1, lock(&self.knobs).calls_per_window, WINDOW, ask.at);
        let answer = if standing.over { too_many() } else { self.route(&ask, stage).unwrap_or_else(|refusal| refusal) };
        standing_headers(answer, standing.limit, standing.remaining, standing.reset)
    }

    fn limited(&self, ask: &Ask, seconds: u64) -> Answer {
        let limit = lock(&self.knobs).calls_per_window;
        standing_headers(too_many(), limit, 0, ask.at + Duration::from_secs(seconds))
    }

    fn expire(&self, account: &str) {
        self.sessions.expire(account);
    }

    fn restore(&self, account: &str) {
        self.sessions.restore(account);
    }
}

/// On every answer; the reset is in seconds since 1970, and there is no Retry-After.
fn standing_headers(answer: Answer, limit: u64, remaining: u64, reset: Timestamp) -> Answer {
    answer
        .with("RateLimit-Limit", limit)
        .with("RateLimit-Remaining", remaining)
        .with("RateLimit-Reset", reset.as_second())
        .with("RateLimit-Policy", format!("{limit};w={}", WINDOW.as_secs()))
}

fn too_many() -> Answer {
    error(429, "RateLimitExceeded", "Rate Limit Exceeded")
}

fn error(status: u16, name: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"error": name, "message": message}))
}

fn invalid(message: &str) -> Answer {
    error(400, "InvalidRequest", message)
}
