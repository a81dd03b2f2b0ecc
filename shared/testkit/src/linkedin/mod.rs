//! LinkedIn's versioned API, from its published description and from what clients saw.
//!
//! The account NAME is the member `urn:li:person:NAME` and looks after the page [`LinkedIn::page`]; its token `token-NAME` needs no
//! making. What is reproduced with care: 201 without a body and the id in a header field, the refusal of a duplicate that names the
//! first, also after it was deleted and with a name that nobody can read, texts cut at a sign that should have been escaped, reads
//! that members may not make, versions that end, limits of a day without a header field, fresh tokens that are refused at first.
//! Not there: reshares, polls, documents, mentions, reactions.

mod comments;
mod connect;
mod little;
mod posts;
mod tokens;
mod uploads;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, atomic::AtomicU64},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use uploads::Upload;

use crate::fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, Tokens, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// Months whose version works, as 202605: the first and the last.
    pub versions: (u32, u32),
    /// How long a text is refused again, seconds; 0 never refuses.
    pub duplicate_window_s: u64,
    /// A text whose post was deleted is refused all the same, and the refusal names a post that is not there.
    pub ghosts: bool,
    /// Posts per member and day.
    pub posts_per_day: u64,
    /// Posts of all members together and day.
    pub app_posts_per_day: u64,
    /// Life of an access token that a refresh gave, seconds.
    pub token_life_s: u64,
    /// Life of a refresh token, seconds. It is counted from the member's consent, and is not made longer by a refresh. Where no link was
    /// followed, the first refresh is taken for the consent.
    pub refresh_life_s: u64,
    /// For how long a token that a refresh gave is refused, seconds.
    pub young_for_s: u64,
    /// How long a finished upload is worked on, milliseconds.
    pub media_processing_ms: u64,
    /// Videos turn out to be unusable.
    pub videos_fail: bool,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            versions: (202_512, 202_610),
            duplicate_window_s: 24 * 3600,
            ghosts: false,
            posts_per_day: 1_000_000,
            app_posts_per_day: 1_000_000,
            token_life_s: 60 * 24 * 3600,
            refresh_life_s: 365 * 24 * 3600,
            young_for_s: 0,
            media_processing_ms: 0,
            videos_fail: false,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<LinkedIn>::start()`.
#[derive(Default)]
pub struct LinkedIn {
    codes: Codes,
    knobs: Mutex<Knobs>,
    tokens: Tokens,
    /// When each member consented.
    consents: Mutex<HashMap<String, Timestamp>>,
    /// Accounts that look after their page no more.
    without_page: Mutex<HashSet<String>>,
    uploads: Mutex<HashMap<String, Upload>>,
    ids: AtomicU64,
    days: Limiter,
}

/// Who calls, and for whom they may write.
struct Caller {
    name: String,
}

impl Caller {
    fn member(&self) -> String {
        LinkedIn::member(&self.name)
    }

    fn page(&self) -> String {
        LinkedIn::page(&self.name)
    }

    /// Refuses to write for somebody else.
    fn check_author(&self, author: &str) -> Result<(), Answer> {
        match author == self.member() || author == self.page() {
            true => Ok(()),
            false => Err(denied("Organization permissions must be used when using organization as author")),
        }
    }

    /// Refuses to read anything but the page's: that members' posts are read takes a permission that is not given out.
    fn check_reads(&self, author: &str) -> Result<(), Answer> {
        match author == self.page() {
            true => Ok(()),
            false => Err(denied("Not enough permissions to access: partnerApiPosts.FINDER-author")),
        }
    }
}

impl LinkedIn {
    /// The app's registration.
    pub const CLIENT_ID: &str = "client-of-the-app";
    /// Its password.
    pub const CLIENT_SECRET: &str = "secret-of-the-app";

    /// The account's access token.
    pub fn token(name: &str) -> String {
        format!("token-{name}")
    }

    /// The account's refresh token.
    pub fn refresh_token(name: &str) -> String {
        format!("refresh-{name}")
    }

    /// The account as a member.
    pub fn member(name: &str) -> String {
        format!("urn:li:person:{name}")
    }

    /// The page that the account looks after.
    pub fn page(name: &str) -> String {
        let hash = Sha256::digest(name);
        format!("urn:li:organization:{}", hash[..3].iter().fold(1_u64, |id, byte| id << 8 | u64::from(*byte)))
    }

    /// The account's tokens are withdrawn, all of them.
    pub fn revoke(&self, account: &str) {
        self.tokens.revoke(account);
    }

    /// The account looks after its page no more.
    pub fn take_page(&self, account: &str) {
        lock(&self.without_page).insert(account.to_owned());
    }

    /// A number that tells when it was made, as LinkedIn's do: milliseconds above 22 bits.
    fn number(&self, now: Timestamp) -> u64 {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        millis << 22 | (self.ids.fetch_add(1, std::sync::atomic::Ordering::SeqCst) & 0x3f_ffff)
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        let path: Vec<String> = ask.segments().iter().map(|part| decoded(part)).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (ask.method.as_str(), path.as_slice()) {
            ("POST", ["oauth", "v2", "accessToken"]) => return self.renew(ask),
            ("PUT", ["upload", id, part]) => return self.take_bytes(ask, id, part),
            _ => {}
        }
        let caller = Caller { name: self.check(ask)? };
        if (ask.method.as_str(), path.as_slice()) == ("GET", &["v2", "userinfo"]) {
            return Ok(Answer::json(200, &json!({"sub": caller.name, "name": caller.name})));
        }
        self.check_version(ask)?;
        match (ask.method.as_str(), path.as_slice()) {
            ("POST", ["rest", "posts"]) => self.create(ask, &caller, stage),
            ("GET", ["rest", "posts"]) => self.find(ask, &caller, stage),
            ("GET", ["rest", "posts", urn]) => self.show(urn, &caller, stage),
            ("DELETE", ["rest", "posts", urn]) => self.remove(urn, &caller, stage),
            ("POST", ["rest", "socialActions", urn, "comments"]) => self.comment(ask, urn, &caller, stage),
            ("GET", ["rest", "socialActions", urn, "comments"]) => self.comments(urn, &caller, stage),
            ("GET", ["rest", "organizationAcls"]) => Ok(self.roles(&caller)),
            ("POST", ["rest", kind @ ("images" | "videos")]) => self.upload(ask, kind, &caller, stage.now()),
            ("GET", ["rest", "images" | "videos", urn]) => self.upload_state(urn, &caller, stage.now()),
            _ => Err(refusal(404, "RESOURCE_NOT_FOUND", &format!("No virtual resource found: {}", ask.path))),
        }
    }

    fn check_version(&self, ask: &Ask) -> Result<(), Answer> {
        let (first, last) = lock(&self.knobs).versions;
        let version = ask
            .header("linkedin-version")
            .ok_or_else(|| refusal(400, "VERSION_MISSING", "A version must be present"))?;
        match version.parse::<u32>() {
            Ok(month) if (first..=last).contains(&month) => Ok(()),
            _ => Err(refusal(426, "NONEXISTENT_VERSION", &format!("Requested version {version}01 is not active"))),
        }
    }

    /// Counts a post; whose day is spent, if one is.
    fn spent(&self, account: &str, now: Timestamp) -> Option<&'static str> {
        let (member, app) = {
            let knobs = lock(&self.knobs);
            (knobs.posts_per_day, knobs.app_posts_per_day)
        };
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let midnight = Duration::from_secs(86_400 - seconds % 86_400);
        if self.days.count("", 1, app, midnight, now).over {
            return Some("APPLICATION DAY");
        }
        self.days.count(account, 1, member, midnight, now).over.then_some("APPLICATION_AND_MEMBER DAY")
    }
}

impl Platform for LinkedIn {
    const NAME: &'static str = "linkedin";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        let comments = ask.path.starts_with("/rest/socialActions/") && ask.path.ends_with("/comments");
        ask.method == "POST" && (ask.path == "/rest/posts" || comments)
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        match ask.refresh_token() {
            Some(token) => token.strip_prefix("refresh-").map(str::to_owned),
            None => self.tokens.owner(ask.bearer()?),
        }
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let counted = if self.publishes(&ask) { self.account(&ask) } else { None };
        match counted.and_then(|account| self.spent(&account, ask.at)) {
            Some(whose) => throttled(whose),
            None => self.route(&ask, stage).unwrap_or_else(|refusal| refusal),
        }
    }

    /// For how long, it never says.
    fn limited(&self, _ask: &Ask, _seconds: u64) -> Answer {
        throttled("APPLICATION_AND_MEMBER DAY")
    }

    fn expire(&self, account: &str) {
        self.tokens.expire(account);
    }

    fn restore(&self, account: &str) {
        self.tokens.restore(account);
        lock(&self.without_page).remove(account);
        lock(&self.consents).remove(account);
    }
}

fn decoded(segment: &str) -> String {
    url::form_urlencoded::parse(segment.replace('+', "%2B").as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

fn throttled(whose: &str) -> Answer {
    refusal(
        429,
        "TOO_MANY_REQUESTS",
        &format!("Resource level throttle {whose} limit for calls to this resource is reached."),
    )
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"status": status, "code": code, "message": message}))
}

fn denied(message: &str) -> Answer {
    Answer::json(403, &json!({"status": 403, "serviceErrorCode": 100, "code": "ACCESS_DENIED", "message": message}))
}
