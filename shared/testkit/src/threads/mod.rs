//! Threads' publishing API, from its documentation and from what its users report.
//!
//! A token is `token-NAME` and belongs to the account NAME, which needs no making. Containers as on Instagram, with names of their
//! own; a new one may be unknown to the publish call for a while; posts that answer posts; emoji that count by their bytes.
//! Not there: quotes, polls, text attachments, locations, insights, publishing without a second call.

mod connect;
mod posts;
mod text;

use std::sync::Mutex;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    fake::{Answer, Ask, Codes, Consent, Platform, Stage, lock},
    graph::{
        access::{self, Access, caller, owner},
        containers::Containers,
        error, limited, path, person_id, pick, with_usage,
    },
};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// How long a container without a video is worked on, milliseconds.
    pub picture_ms: u64,
    /// How long a video's container is worked on, milliseconds.
    pub video_ms: u64,
    /// How long the publish call does not know a new container, though it is said to be ready, milliseconds.
    pub unknown_ms: u64,
    /// A container can be published only once.
    pub single_use: bool,
    /// How long a container that was published is still said to be ready, milliseconds.
    pub ready_after_publish_ms: u64,
    /// Media are fetched from their addresses; otherwise every address is believed.
    pub fetches: bool,
    /// Answers say what they answer, where that is asked for.
    pub says_replied_to: bool,
    /// Life of a token that was exchanged for, seconds.
    pub token_life_s: u64,
    /// Posts of an account in 24 hours.
    pub quota: u64,
    /// Answers of an account in 24 hours.
    pub reply_quota: u64,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            picture_ms: 0,
            video_ms: 0,
            unknown_ms: 0,
            single_use: true,
            ready_after_publish_ms: 0,
            fetches: true,
            says_replied_to: true,
            token_life_s: access::LIFE,
            quota: 250,
            reply_quota: 1000,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<Threads>::start()`.
#[derive(Default)]
pub struct Threads {
    codes: Codes,
    knobs: Mutex<Knobs>,
    access: Access,
    containers: Containers,
    /// Who published when, and whether it was an answer: what the quotas count.
    published: Mutex<Vec<(String, bool, Timestamp)>>,
}

impl Threads {
    /// The token of an account.
    pub fn token(name: &str) -> String {
        format!("token-{name}")
    }

    /// The number of an account.
    pub fn account_id(name: &str) -> String {
        person_id(name)
    }

    /// The owner changes the password.
    pub fn revoke(&self, account: &str) {
        self.access.revoke(account);
    }

    /// The tokens of the account work again.
    pub fn restore(&self, account: &str) {
        self.access.restore(account);
    }

    /// The account takes the permission to publish away.
    pub fn forbid(&self, account: &str) {
        self.access.forbid(account);
    }

    /// Nobody knows any container any more.
    pub fn lose_containers(&self) {
        self.containers.lose();
    }

    /// Something is wrong with all containers that are not published, in the platform's word.
    pub fn break_containers(&self, why: &str) {
        self.containers.break_all(why);
    }

    async fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        let reader = || self.access.check(ask);
        let publisher = || self.access.check_publisher(ask);
        match (ask.method.as_str(), path(ask).as_slice()) {
            ("GET", ["refresh_access_token"]) => {
                self.access.exchange(ask, "th_refresh_token", lock(&self.knobs).token_life_s)
            }
            ("GET", ["access_token"]) => self.access.lengthen(ask, "th_exchange_token", lock(&self.knobs).token_life_s),
            ("POST", [user, "threads"]) => self.make(ask, owner(ask, user, publisher()?)?, stage).await,
            ("POST", [user, "threads_publish"]) => self.publish(ask, owner(ask, user, publisher()?)?, stage),
            ("GET", [user, "threads"]) => Ok(self.list(ask, &owner(ask, user, reader()?)?, stage, false)),
            ("GET", [user, "replies"]) => Ok(self.list(ask, &owner(ask, user, reader()?)?, stage, true)),
            ("GET", [user, "threads_publishing_limit"]) => Ok(self.limit(ask, &owner(ask, user, publisher()?)?)),
            ("GET", [id]) => self.show(ask, id, &reader()?, stage),
            _ => Err(error(400, 2500, 0, "Unknown path components")),
        }
    }

    fn show(&self, ask: &Ask, id: &str, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(container) = self.containers.get(id, account) {
            let state = container.state(ask.at);
            let why = container.broken.filter(|_| state == "ERROR");
            return Ok(Answer::json(200, &pick(&json!({"id": id, "status": state, "error_message": why}), ask)));
        }
        if let Some(post) = stage.post(id) {
            return Ok(Answer::json(200, &pick(&posts::shown(&post), ask)));
        }
        let account = owner(ask, id, account.to_owned())?;
        Ok(Answer::json(200, &pick(&json!({"id": person_id(&account), "username": account}), ask)))
    }

    fn limit(&self, ask: &Ask, account: &str) -> Answer {
        let knobs = lock(&self.knobs).clone();
        let config = |total: u64| json!({"quota_total": total, "quota_duration": 86_400});
        let standing = json!({
            "quota_usage": self.used(account, false, ask.at), "config": config(knobs.quota),
            "reply_quota_usage": self.used(account, true, ask.at), "reply_config": config(knobs.reply_quota),
        });
        Answer::json(200, &json!({"data": [standing]}))
    }
}

impl Platform for Threads {
    const NAME: &'static str = "threads";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && matches!(path(ask).as_slice(), [_, "threads_publish"])
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        access::name(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let answer = self.route(&ask, stage).await.unwrap_or_else(|refusal| refusal);
        with_usage(answer, &caller(&ask), "threads", 1, 0)
    }

    fn limited(&self, ask: &Ask, seconds: u64) -> Answer {
        limited(&caller(ask), "threads", 80_016, seconds)
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}
