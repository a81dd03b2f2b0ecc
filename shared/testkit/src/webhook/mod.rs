//! A receiver of Standard Webhooks 1.0.0 that turns every accepted call into a "post".
//!
//! `POST /ACCOUNT` (any path) with signed JSON → 200 `{"id", "url"}`. The post's text is the body's `data.text`, or the whole body.
//! `GET /posts?account=&since=` lists them. Whether it remembers `webhook-id` is a knob; receivers that do not are why a webhook
//! counts as a channel with no safety of its own.

mod signature;

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    board,
    fake::{Answer, Ask, Draft, Platform, Stage, lock},
};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// `whsec_…`; empty checks no signature.
    pub secret: String,
    /// Ids are remembered, and a repeat gets the earlier answer; otherwise every accepted call makes a new post.
    pub keeps_ids: bool,
    /// For how long ids are remembered, seconds.
    pub retention_s: u64,
    /// How far the timestamp may be from the receiver's clock, seconds.
    pub tolerance_s: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { secret: Webhook::SECRET.into(), keeps_ids: true, retention_s: 300, tolerance_s: 300 }
    }
}

/// The platform. Run it with `Fake::<Webhook>::start()`.
#[derive(Default)]
pub struct Webhook {
    knobs: Mutex<Knobs>,
    /// (account, id) → (post, when)
    kept: Mutex<HashMap<(String, String), (String, Timestamp)>>,
    /// Accounts whose ids are not remembered.
    forgetful: Mutex<HashSet<String>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    deliveries: u64,
    ids: HashSet<String>,
}

impl Webhook {
    /// The secret it starts with: 32 bytes that are no secret.
    pub const SECRET: &'static str = "whsec_b25jZXBvc3QgdGVzdGtpdCwgbm90IGEgc2VjcmV0ISE=";

    /// Calls whose signature was right.
    pub fn deliveries(&self) -> u64 {
        lock(&self.seen).deliveries
    }

    /// Different ids among them.
    pub fn distinct_ids(&self) -> usize {
        lock(&self.seen).ids.len()
    }

    /// From now on the ids of this account are not remembered.
    pub fn forget_ids_of(&self, account: &str) {
        lock(&self.forgetful).insert(account.to_owned());
    }

    fn receive(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let knobs = lock(&self.knobs).clone();
        if !knobs.secret.is_empty() {
            signature::check(ask, &knobs).map_err(|why| Answer::json(401, &json!({"error": why})))?;
        }
        let id = ask.key().map(str::to_owned);
        {
            let mut seen = lock(&self.seen);
            seen.deliveries += 1;
            seen.ids.extend(id.clone());
        }

        // Held to the end: this receiver, unlike some, does two things with one id one after the other.
        let mut kept = lock(&self.kept);
        let keeps = knobs.keeps_ids && !lock(&self.forgetful).contains(&account);
        let key = id.filter(|_| keeps).map(|id| (account.clone(), id));
        if let Some((post, when)) = key.as_ref().and_then(|key| kept.get(key))
            && ask.at < *when + Duration::from_secs(knobs.retention_s)
        {
            return Ok(accepted(post));
        }
        let body = ask.json();
        let text =
            body["data"]["text"].as_str().map_or_else(|| String::from_utf8_lossy(&ask.body).into(), str::to_owned);
        let id = stage.new_id().to_string();
        let url = format!("https://webhook.test/posts/{id}");
        stage.publish(ask, Draft { id: id.clone(), url, account, text, native: body });
        if let Some(key) = key {
            kept.insert(key, (id.clone(), ask.at));
        }
        Ok(accepted(&id).made(&id))
    }
}

fn accepted(id: &str) -> Answer {
    Answer::json(200, &json!({"id": id, "url": format!("https://webhook.test/posts/{id}")}))
}

impl Platform for Webhook {
    const NAME: &'static str = "webhook";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST"
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        Some(ask.path.trim_matches('/').to_owned()).filter(|path| !path.is_empty())
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        match ask.method.as_str() {
            "POST" => {
                let account = self.account(&ask).unwrap_or_default();
                self.receive(&ask, account, stage).unwrap_or_else(|refusal| refusal)
            }
            "GET" if ask.path == "/posts" => board::listing(&ask, stage),
            _ => Answer::json(405, &json!({"error": "method not allowed"})),
        }
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        Answer::json(429, &json!({"error": "too many requests"})).with("Retry-After", seconds)
    }

    fn expire(&self, _account: &str) {
        // From now on nobody knows the secret: every signature is wrong.
        lock(&self.knobs).secret = "whsec_cm90YXRlZCBieSB0aGUgcmVjZWl2ZXIsIHNpbGVudGx5".into();
    }

    fn restore(&self, _account: &str) {
        lock(&self.knobs).secret = Webhook::SECRET.into();
    }
}
