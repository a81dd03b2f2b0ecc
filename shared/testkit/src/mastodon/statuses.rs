//! Posts and their idempotency keys.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Mastodon, error, html, not_found, person, text};
use crate::fake::{Answer, Ask, Draft, Post, Stage, lock};

/// How long a key is kept after it was written.
const KEY_LIFE: Duration = Duration::from_secs(3600);

impl Mastodon {
    pub(super) async fn publish(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let keeps = lock(&self.knobs).keeps_keys && !lock(&self.keyless).contains(&account);
        let key = ask.header("idempotency-key").filter(|_| keeps).map(|key| (account.clone(), key.to_owned()));
        if let Some(id) = key.as_ref().and_then(|key| self.remembered(key, stage)) {
            // The body is not compared. A post that is gone is not made again.
            return stage.post(&id).map(|post| Answer::json(200, &status(&post))).ok_or_else(not_found);
        }
        let post = self.store(ask, &account, stage)?;

        let processing = lock(&self.knobs).processing_ms;
        if processing > 0 {
            tokio::time::sleep(Duration::from_millis(processing)).await;
        }
        if let Some(key) = key {
            lock(&self.keys).insert(key, (post.id.clone(), stage.now()));
        }
        Ok(Answer::json(200, &status(&post)).made(&post.id))
    }

    fn remembered(&self, key: &(String, String), stage: &Stage) -> Option<String> {
        let keys = lock(&self.keys);
        let (id, written) = keys.get(key)?;
        (stage.now() < *written + KEY_LIFE).then(|| id.clone())
    }

    /// Validates and stores.
    fn store(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Post, Answer> {
        let one = |name: &str| ask.field(name).map(str::to_owned);
        let body = one("status").unwrap_or_default();
        let spoiler = one("spoiler_text").unwrap_or_default();
        let files: Vec<String> =
            ask.fields().iter().filter(|(key, _)| key == "media_ids[]").map(|(_, value)| value.clone()).collect();
        let reply_to = one("in_reply_to_id").filter(|id| !id.is_empty());

        if reply_to.as_ref().is_some_and(|id| stage.post(id).is_none()) {
            return Err(not_found());
        }
        if body.trim().is_empty() && files.is_empty() {
            return Err(error(422, "Validation failed: Text can't be blank"));
        }
        let limit = lock(&self.knobs).max_characters;
        if (text::length(&body) + text::length(&spoiler)) as u64 > limit {
            return Err(error(422, &format!("Validation failed: Text character limit of {limit} exceeded")));
        }
        let attached = self.attach(&files, account, stage.now())?;

        let id = stage.new_id().to_string();
        let native = json!({
            "in_reply_to_id": reply_to,
            "media_attachments": attached,
            "visibility": one("visibility").unwrap_or_else(|| "public".into()),
            "spoiler_text": spoiler,
            "sensitive": one("sensitive").is_some_and(|value| value == "true" || value == "1"),
            "language": one("language"),
        });
        let url = format!("https://mastodon.test/@{account}/{id}");
        Ok(stage.publish(ask, Draft { id, url, account: account.into(), text: body, native }))
    }

    pub(super) fn show(&self, id: &str, stage: &Stage) -> Result<Answer, Answer> {
        stage.post(id).map(|post| Answer::json(200, &status(&post))).ok_or_else(not_found)
    }

    pub(super) fn source(&self, id: &str, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let post = stage.post(id).filter(|post| post.account == account).ok_or_else(not_found)?;
        let source = json!({"id": id, "text": post.text, "spoiler_text": post.native["spoiler_text"]});
        Ok(Answer::json(200, &source))
    }

    pub(super) fn remove(&self, id: &str, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        stage.post(id).filter(|post| post.account == account).ok_or_else(not_found)?;
        let post = stage.delete(id).ok_or_else(not_found)?;
        let mut gone = status(&post);
        gone["text"] = Value::from(post.text);
        Ok(Answer::json(200, &gone))
    }

    /// Newest first, at most 40, as the listings of this moment have it.
    pub(super) fn list(&self, ask: &Ask, account_id: &str, stage: &Stage) -> Result<Answer, Answer> {
        let name = lock(&self.people).get(account_id).cloned().ok_or_else(not_found)?;
        let limit = ask.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20).min(40);
        let bound = |name: &str| ask.param(name).and_then(|id| id.parse::<u64>().ok());
        let (below, above) = (bound("max_id"), bound("min_id").max(bound("since_id")));
        let posts = stage.listed(&name, limit, |post| {
            let id = post.id.parse::<u64>().unwrap_or_default();
            below.is_none_or(|bound| id < bound) && above.is_none_or(|bound| id > bound)
        });
        let shown: Vec<Value> = posts.iter().map(status).collect();
        Ok(Answer::json(200, &Value::from(shown)))
    }
}

/// The shape the API gives a post.
fn status(post: &Post) -> Value {
    json!({
        "id": post.id,
        "uri": format!("https://mastodon.test/users/{}/statuses/{}", post.account, post.id),
        "url": post.url,
        "created_at": format!("{:.3}", post.created_at),
        "content": html::render(&post.text),
        "visibility": post.native["visibility"],
        "sensitive": post.native["sensitive"],
        "spoiler_text": post.native["spoiler_text"],
        "language": post.native["language"],
        "in_reply_to_id": post.native["in_reply_to_id"],
        "media_attachments": post.native["media_attachments"],
        "reblog": null,
        "application": {"name": "oncepost"},
        "account": person(&post.account),
    })
}
