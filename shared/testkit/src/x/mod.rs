//! X's API version 2, from its published description and from what clients saw.
//!
//! The account NAME has the access token `token-NAME`, which has no end of its own, and the refresh token `refresh-NAME`; it needs
//! no making. What is reproduced with care: refresh tokens that are good once and take their whole family with them when they are
//! used again, the refusal of equal texts (which does not name the first), addresses rewritten to t.co, the limits' header fields
//! with the hidden daily ones, uploads in segments with their processing and their end. Not there: polls,
//! quotes, edits, other people.

mod connect;
mod media;
mod tokens;
mod tweets;
mod words;

use std::{
    collections::HashMap,
    sync::{Mutex, atomic::AtomicU64},
    time::Duration,
};

use media::Upload;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokens::RefreshToken;

use crate::fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, Standing, Tokens, lock};

const QUARTER: Duration = Duration::from_secs(15 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// Life of an access token that a refresh gave, seconds.
    pub access_life_s: u64,
    /// Life of a refresh token, seconds.
    pub refresh_life_s: u64,
    /// How long a text is refused again, seconds; 0 never refuses.
    pub duplicate_window_s: u64,
    /// Posts per account in fifteen minutes.
    pub posts_per_window: u64,
    /// The hidden cap: posts per account in a day.
    pub posts_per_day: u64,
    /// Posts of all accounts together in a day.
    pub app_posts_per_day: u64,
    /// The app's credits are used up.
    pub out_of_credits: bool,
    /// The app's monthly usage is used up.
    pub usage_capped: bool,
    /// The accounts pay and may write long posts.
    pub long_posts: bool,
    /// How long a finished upload of a video is worked on, milliseconds.
    pub media_processing_ms: u64,
    /// Videos turn out to be unusable.
    pub videos_fail: bool,
    /// How long an upload can be used, seconds.
    pub media_life_s: u64,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            access_life_s: 7200,
            refresh_life_s: 180 * 24 * 3600,
            duplicate_window_s: 24 * 3600,
            posts_per_window: 100,
            posts_per_day: 1_000_000,
            app_posts_per_day: 1_000_000,
            out_of_credits: false,
            usage_capped: false,
            long_posts: false,
            media_processing_ms: 0,
            videos_fail: false,
            media_life_s: 86_400,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<X>::start()`.
#[derive(Default)]
pub struct X {
    codes: Codes,
    knobs: Mutex<Knobs>,
    tokens: Tokens,
    refresh_tokens: Mutex<HashMap<String, RefreshToken>>,
    /// user id → name, of everyone who ever called
    people: Mutex<HashMap<String, String>>,
    uploads: Mutex<HashMap<String, Upload>>,
    upload_ids: AtomicU64,
    quarter: Limiter,
    day: Limiter,
}

impl X {
    /// The app's registration.
    pub const CLIENT_ID: &str = "client-of-the-app";
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

    /// The account's id.
    pub fn user_id(name: &str) -> String {
        let hash = Sha256::digest(name);
        hash[..6].iter().fold(1_u64, |id, byte| id << 8 | u64::from(*byte)).to_string()
    }

    /// The account's tokens are withdrawn, all of them.
    pub fn revoke(&self, account: &str) {
        self.tokens.revoke(account);
    }

    /// The account's tokens lack this permission from now on.
    pub fn withhold(&self, account: &str, scope: &str) {
        self.tokens.withhold(account, scope);
    }

    /// Uploads are lost, as if their time had passed.
    pub fn lose_uploads(&self) {
        lock(&self.uploads).clear();
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        let path = ask.segments();
        if (ask.method.as_str(), path.as_slice()) == ("POST", &["2", "oauth2", "token"]) {
            let knobs = lock(&self.knobs).clone();
            return self.refresh(
                ask,
                Duration::from_secs(knobs.access_life_s),
                Duration::from_secs(knobs.refresh_life_s),
            );
        }
        let account = self.check(ask)?;
        self.check_app()?;
        lock(&self.people).entry(Self::user_id(&account)).or_insert_with(|| account.clone());
        let may = |scope: &str| self.check_scope(&account, scope);
        match (ask.method.as_str(), path.as_slice()) {
            ("POST", ["2", "tweets"]) => {
                may("tweet.write")?;
                self.create(ask, &account, stage)
            }
            ("GET", ["2", "tweets", id]) => self.show(ask, id, stage),
            ("DELETE", ["2", "tweets", id]) => self.remove(id, &account, stage),
            ("GET", ["2", "users", "me"]) => {
                let me = json!({"id": Self::user_id(&account), "name": account, "username": account});
                Ok(Answer::json(200, &json!({"data": me})))
            }
            ("GET", ["2", "users", id, "tweets"]) => {
                may("tweet.read")?;
                self.timeline(ask, id, stage)
            }
            (_, ["2", "media", rest @ ..]) => {
                may("media.write")?;
                self.media(ask, rest, &account, stage)
            }
            _ => Err(not_found("path", &ask.path)),
        }
    }

    fn check_app(&self) -> Result<(), Answer> {
        let knobs = lock(&self.knobs);
        if knobs.out_of_credits {
            let detail = "Your enrolled account does not have any credits to fulfill this request.";
            return Err(problem(402, "https://api.x.com/2/problems/credits", "CreditsDepleted", detail));
        }
        if knobs.usage_capped {
            let detail = "Usage cap exceeded: Monthly product cap";
            return Err(problem(429, "https://api.twitter.com/2/problems/usage-capped", "UsageCapExceeded", detail));
        }
        Ok(())
    }

    /// Counts a post. The refusal, if it is one too many, and the header fields that go with either.
    fn count(&self, ask: &Ask, account: &str) -> (bool, Vec<(String, String)>) {
        let knobs = lock(&self.knobs).clone();
        let quarter = self.quarter.count(account, 1, knobs.posts_per_window, QUARTER, ask.at);
        let user = self.day.count(account, 1, knobs.posts_per_day, DAY, ask.at);
        let app = self.day.count("", 1, knobs.app_posts_per_day, DAY, ask.at);
        let mut fields = standing("x-rate-limit", quarter);
        fields.extend(standing("x-user-limit-24hour", user));
        fields.extend(standing("x-app-limit-24hour", app));
        (quarter.over || user.over || app.over, fields)
    }
}

impl Platform for X {
    const NAME: &'static str = "x";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && ask.path == "/2/tweets"
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        match ask.refresh_token() {
            Some(token) => self.refresher(token),
            None => self.tokens.owner(ask.bearer()?),
        }
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let counted = self.publishes(&ask).then(|| self.check(&ask).ok()).flatten();
        let (over, fields) = counted.map_or((false, vec![]), |account| self.count(&ask, &account));
        let answer = if over { too_many() } else { self.route(&ask, stage).unwrap_or_else(|refusal| refusal) };
        fields.into_iter().fold(answer, |answer, (name, value)| answer.with(&name, value))
    }

    fn limited(&self, ask: &Ask, seconds: u64) -> Answer {
        let limit = lock(&self.knobs).posts_per_window;
        let reset = (ask.at + Duration::from_secs(seconds)).as_second() + 1;
        too_many().with("x-rate-limit-limit", limit).with("x-rate-limit-remaining", 0).with("x-rate-limit-reset", reset)
    }

    fn expire(&self, account: &str) {
        self.tokens.expire(account);
    }

    fn restore(&self, account: &str) {
        self.tokens.restore(account);
        lock(&self.refresh_tokens).retain(|_, token| token.account != account);
    }
}

fn standing(name: &str, standing: Standing) -> Vec<(String, String)> {
    vec![
        (format!("{name}-limit"), standing.limit.to_string()),
        (format!("{name}-remaining"), standing.remaining.to_string()),
        (format!("{name}-reset"), (standing.reset.as_second() + 1).to_string()),
    ]
}

fn problem(status: u16, kind: &str, title: &str, detail: &str) -> Answer {
    let body = json!({"type": kind, "title": title, "status": status, "detail": detail});
    let answer = Answer::json(status, &body);
    answer.with("content-type", "application/problem+json")
}

fn forbidden(detail: &str) -> Answer {
    problem(403, "about:blank", "Forbidden", detail)
}

fn too_many() -> Answer {
    problem(429, "about:blank", "Too Many Requests", "Too Many Requests")
}

fn invalid(message: &str) -> Answer {
    let body = json!({
        "errors": [{"parameters": {}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
    });
    Answer::json(400, &body)
}

fn not_found(what: &str, value: &str) -> Answer {
    let detail = format!("Could not find {what} with id: [{value}].");
    problem(404, "https://api.twitter.com/2/problems/resource-not-found", "Not Found Error", &detail)
}
