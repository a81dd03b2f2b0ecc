//! Instagram's publishing API, from its documentation and from what its users report.
//!
//! A token is `token-NAME` and belongs to the account NAME, which needs no making. Containers are worked on, ready for a day, and
//! published by a second call. Whether one container can be published twice is documented nowhere: a knob says.
//! Not there: stories, product tags, collaborators, uploads of bytes, insights.

mod comments;
mod connect;
mod media;

use std::{collections::HashMap, sync::Mutex};

use comments::Comment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fake::{Agreed, Answer, Ask, Codes, Consent, Platform, Stage, lock},
    graph::{
        access::{self, Access, caller, owner},
        containers::Containers,
        error, limited, path, person_id, pick, stands_alone, with_usage,
    },
};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// How long a picture's container is worked on, milliseconds.
    pub picture_ms: u64,
    /// How long a video's container is worked on, milliseconds.
    pub video_ms: u64,
    /// A container can be published only once.
    pub single_use: bool,
    /// How long a container that was published is still said to be ready, milliseconds.
    pub ready_after_publish_ms: u64,
    /// Media are fetched from their addresses; otherwise every address is believed.
    pub fetches: bool,
    /// PNG is taken for a picture, as is reported; the documentation knows JPEG only.
    pub takes_png: bool,
    /// Life of a token that was exchanged for, seconds.
    pub token_life_s: u64,
    /// Posts of an account in 24 hours.
    pub quota: u64,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            picture_ms: 0,
            video_ms: 0,
            single_use: true,
            ready_after_publish_ms: 0,
            fetches: true,
            takes_png: true,
            token_life_s: access::LIFE,
            quota: 50,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<Instagram>::start()`.
#[derive(Default)]
pub struct Instagram {
    codes: Codes,
    /// What persons agreed to, by whose account it is.
    agreed: Mutex<HashMap<String, Agreed>>,
    knobs: Mutex<Knobs>,
    access: Access,
    containers: Containers,
    comments: Mutex<Vec<Comment>>,
    /// Who published when: what the quota counts.
    published: Mutex<Vec<(String, Timestamp)>>,
}

impl Instagram {
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

    /// Something is wrong with all containers that are not published, in the platform's words.
    pub fn break_containers(&self, why: &str) {
        self.containers.break_all(why);
    }

    /// The texts of all comments, in the order they were made.
    pub fn comments(&self) -> Vec<String> {
        lock(&self.comments).iter().map(|comment| comment.text.clone()).collect()
    }

    async fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        let reader = || self.access.check(ask);
        let publisher = || self.access.check_publisher(ask);
        match (ask.method.as_str(), path(ask).as_slice()) {
            ("GET", ["refresh_access_token"]) => {
                self.access.exchange(ask, "ig_refresh_token", lock(&self.knobs).token_life_s)
            }
            ("GET", ["access_token"]) => self.access.lengthen(ask, "ig_exchange_token", lock(&self.knobs).token_life_s),
            ("POST", [user, "media"]) => self.make(ask, owner(ask, user, publisher()?)?, stage).await,
            ("POST", [user, "media_publish"]) => self.publish(ask, owner(ask, user, publisher()?)?, stage),
            ("GET", [user, "media"]) => self.list(ask, owner(ask, user, reader()?)?, stage),
            ("GET", [user, "content_publishing_limit"]) => self.limit(ask, owner(ask, user, publisher()?)?),
            ("POST", [id, "comments"]) => self.comment(ask, id, publisher()?, stage),
            ("GET", [id, "comments"]) => reader().and_then(|_| self.list_comments(ask, id, stage)),
            ("GET", [id]) => self.show(ask, id, reader()?, stage),
            _ => Err(error(400, 2500, 0, "Unknown path components")),
        }
    }

    fn show(&self, ask: &Ask, id: &str, account: String, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(container) = self.containers.get(id, &account) {
            let state = container.state(ask.at);
            let why = match (&container.broken, state) {
                (Some(why), "ERROR") => format!("Error: {why}"),
                _ => state.to_owned(),
            };
            return Ok(Answer::json(200, &pick(&json!({"id": id, "status_code": state, "status": why}), ask)));
        }
        if let Some(post) = stage.post(id).filter(stands_alone) {
            return Ok(Answer::json(200, &pick(&media::shown(&post), ask)));
        }
        owner(ask, id, account.clone())?;
        let person = json!({
            "id": person_id(&account), "user_id": person_id(&account), "username": account, "account_type": "BUSINESS",
        });
        Ok(Answer::json(200, &pick(&person, ask)))
    }

    fn limit(&self, ask: &Ask, account: String) -> Result<Answer, Answer> {
        let config = json!({"quota_total": lock(&self.knobs).quota, "quota_duration": 86_400});
        let used = self.used(&account, ask.at);
        Ok(Answer::json(200, &json!({"data": [{"quota_usage": used, "config": config}]})))
    }
}

impl Platform for Instagram {
    const NAME: &'static str = "instagram";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST" && matches!(path(ask).as_slice(), [_, "media_publish" | "comments"])
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        access::name(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let answer = self.route(&ask, stage).await.unwrap_or_else(|refusal| refusal);
        with_usage(answer, &caller(&ask), "instagram", 1, 0)
    }

    fn limited(&self, ask: &Ask, seconds: u64) -> Answer {
        limited(&caller(ask), "instagram", 80_002, seconds)
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

/// What is asked for by its fields.
fn made(id: &str) -> Value {
    json!({"id": id})
}
