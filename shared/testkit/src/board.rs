//! The barest platform: no keys, no tokens, no memory of callers. For test-only channels that can look up, or not even that.
//!
//! `POST /posts {"text", "account"}` → 200 `{"id", "url"}`; every accepted call makes a post.
//! `GET /posts?account=&since=` → a list of `{"id", "url", "text", "account", "created_at"}`, newest first.

use std::sync::Mutex;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Draft, Platform, Post, Stage};

/// Nothing can be set about it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Knobs {}

/// The platform. Run it with `Fake::<Board>::start()`.
#[derive(Default)]
pub struct Board {
    knobs: Mutex<Knobs>,
}

impl Platform for Board {
    const NAME: &'static str = "board";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "POST"
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        ask.json()["account"].as_str().or_else(|| ask.param("account")).map(str::to_owned)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/posts") => listing(&ask, stage),
            ("POST", "/posts") => {
                let body = ask.json();
                let (Some(text), Some(account)) = (body["text"].as_str(), body["account"].as_str()) else {
                    return Answer::json(422, &json!({"error": "text and account are required"}));
                };
                let id = stage.new_id().to_string();
                let url = format!("https://board.test/posts/{id}");
                let made = json!({"id": id, "url": url});
                let draft =
                    Draft { id: id.clone(), url, account: account.into(), text: text.into(), native: Value::Null };
                stage.publish(&ask, draft);
                Answer::json(200, &made).made(&id)
            }
            _ => Answer::json(404, &json!({"error": "not found"})),
        }
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        Answer::json(429, &json!({"error": "too many requests"})).with("Retry-After", seconds)
    }

    fn expire(&self, _account: &str) {
        // There are no tokens.
    }

    fn restore(&self, _account: &str) {
        // There are no tokens.
    }
}

/// What an account has posted since a time (RFC 3339), newest first, as listings of this moment have it.
pub(crate) fn listing(ask: &Ask, stage: &Stage) -> Answer {
    let since = match ask.param("since").map(str::parse::<Timestamp>) {
        Some(Err(_)) => return Answer::json(422, &json!({"error": "since must be a time"})),
        Some(Ok(since)) => since,
        None => Timestamp::MIN,
    };
    let account = ask.param("account").unwrap_or_default();
    let posts = stage.listed(account, usize::MAX, |post| post.created_at >= since);
    Answer::json(200, &posts.iter().map(shown).collect())
}

fn shown(post: &Post) -> Value {
    json!({
        "id": post.id,
        "url": post.url,
        "text": post.text,
        "account": post.account,
        "created_at": post.created_at,
    })
}
