//! Pinterest's API, version 5, from its published description and from what its users report.
//!
//! A token is `pina_token-NAME` and belongs to the account NAME, which needs no making; `pinr.NAME` renews it, once: the answer holds the
//! next. Every account has the board [`Pinterest::board`]. Videos are registered, uploaded to a store that knows no tokens, and worked on.
//! What Pinterest does with a pin that it has seen is documented nowhere: it makes another.
//! Not there: board sections, ads, catalogs, saving other people's pins, analytics.

mod connect;
mod media;
mod pins;
mod tokens;

use std::{collections::HashMap, sync::Mutex};

use media::Video;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokens::Access;

use crate::fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// How long a video is worked on, milliseconds.
    pub video_ms: u64,
    /// Pictures are fetched from their addresses; otherwise every address is believed.
    pub fetches: bool,
    /// Times are written without a zone.
    pub zoneless: bool,
    /// Calls of an account in a day, as an app on trial has them.
    pub calls_a_day: u64,
    /// How long an access token is good, seconds.
    pub access_s: u64,
    /// How long a refresh token is good, seconds.
    pub refresh_s: u64,
    /// A refresh token is good once.
    pub rotates: bool,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            video_ms: 0,
            fetches: true,
            zoneless: true,
            calls_a_day: u64::MAX,
            access_s: 30 * 86_400,
            refresh_s: 60 * 86_400,
            rotates: true,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<Pinterest>::start()`.
#[derive(Default)]
pub struct Pinterest {
    codes: Codes,
    knobs: Mutex<Knobs>,
    access: Access,
    videos: Mutex<HashMap<String, Video>>,
    calls: Limiter,
}

impl Pinterest {
    /// The app's id and secret.
    pub const CLIENT: (&'static str, &'static str) = ("1478", "pin-app-secret");

    /// The token of an account.
    pub fn token(name: &str) -> String {
        tokens::token(name)
    }

    /// The first refresh token of an account.
    pub fn refresh_token(name: &str) -> String {
        tokens::refresh_token(name)
    }

    /// The number of an account's board.
    pub fn board(name: &str) -> String {
        let hash = name.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte));
        (549_755_885_000_000_000 + hash % 1_000_000_000).to_string()
    }

    /// The account takes the app's leave away.
    pub fn revoke(&self, account: &str) {
        self.access.revoke(account);
    }

    /// The tokens of the account work again.
    pub fn restore(&self, account: &str) {
        self.access.restore(account);
    }

    async fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        match (ask.method.as_str(), ask.segments().as_slice()) {
            ("POST", [_, "oauth", "token"]) => return self.access.renew(ask, &lock(&self.knobs).clone()),
            ("POST", ["video-store"]) => return self.store(ask),
            _ => {}
        }
        let account = self.access.check(ask)?;
        let day = std::time::Duration::from_secs(86_400);
        let standing = self.calls.count(&account, 1, lock(&self.knobs).calls_a_day, day, ask.at);
        if standing.over {
            let seconds = standing.reset.duration_since(ask.at).as_secs();
            return Err(throttled(u64::try_from(seconds).unwrap_or_default()));
        }
        match (ask.method.as_str(), ask.segments().as_slice()) {
            ("GET", ["v5", "user_account"]) => {
                let body = json!({"username": account, "account_type": "BUSINESS", "id": Self::board(&account)});
                Ok(Answer::json(200, &body))
            }
            ("GET", ["v5", "boards", id]) => {
                own_board(&account, id)?;
                Ok(Answer::json(200, &json!({"id": id, "name": "Things", "owner": {"username": account}})))
            }
            ("GET", ["v5", "boards"]) => {
                let board = json!({"id": Self::board(&account), "name": "Things", "owner": {"username": account}});
                Ok(Answer::json(200, &json!({"items": [board], "bookmark": null})))
            }
            ("GET", ["v5", "boards", id, "pins"]) => {
                own_board(&account, id)?;
                Ok(self.list(ask, &account, stage))
            }
            ("GET", ["v5", "pins"]) => Ok(self.list(ask, &account, stage)),
            ("GET", ["v5", "pins", id]) => self.show(id, stage),
            ("POST", ["v5", "pins"]) => self.create(ask, account, stage).await,
            ("POST", ["v5", "media"]) => self.register(ask, &account, stage),
            ("GET", ["v5", "media", id]) => self.state(ask, &account, id),
            _ => Err(error(404, 4, "Resource not found.")),
        }
    }
}

/// A refusal.
fn error(status: u16, code: u64, message: &str) -> Answer {
    Answer::json(status, &json!({"code": code, "message": message}))
}

fn throttled(seconds: u64) -> Answer {
    let answer = error(429, 8, "You have exceeded your rate limit. Try again later.");
    let answer = answer.with("x-ratelimit-limit", "1000;w=86400").with("x-ratelimit-remaining", 0);
    answer.with("x-ratelimit-reset", seconds)
}

fn own_board(account: &str, id: &str) -> Result<(), Answer> {
    if id == Pinterest::board(account) { Ok(()) } else { Err(error(404, 40, "Board not found.")) }
}

impl Platform for Pinterest {
    const NAME: &'static str = "pinterest";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && matches!(ask.segments().as_slice(), ["v5", "pins"])
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        self.access.owner(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let answer = self.route(&ask, stage).await.unwrap_or_else(|refusal| refusal);
        // Every answer tells of the next second's share.
        if answer.headers.contains_key("x-ratelimit-reset") {
            return answer;
        }
        answer.with("x-ratelimit-limit", "100, 100;w=1").with("x-ratelimit-remaining", 99).with("x-ratelimit-reset", 1)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        throttled(seconds)
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}
