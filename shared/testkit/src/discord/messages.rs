//! Messages: made once per nonce, and listed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Discord, error, json as answer, limited, person};
use crate::fake::{Answer, Ask, Draft, Form, Post, Stage, lock};

const MOST_NONCE: usize = 25;
const MOST_FILES: usize = 10;

/// A form that does not fit: the reason stands under the field's name.
fn invalid(field: &str, code: &str, text: &str) -> Answer {
    let errors = json!({ field: { "_errors": [{ "code": code, "message": text }] } });
    answer(400, &json!({ "message": "Invalid Form Body", "code": 50035, "errors": errors }))
}

impl Discord {
    pub(super) fn create(
        &self,
        ask: &Ask,
        name: &str,
        form: &Form,
        by_hook: bool,
        stage: &Stage,
    ) -> Result<Answer, Answer> {
        let body = if form.get("payload_json").is_some() { form.json("payload_json") } else { ask.json() };
        if !by_hook && lock(&self.silenced).contains(name) {
            return Err(error(403, 50013, "Missing Permissions"));
        }
        let nonce = self.nonce(&body, by_hook)?;
        let key = nonce.clone().map(|nonce| (name.to_owned(), nonce));
        let enforced = body["enforce_nonce"] == true;
        if let Some(post) = key.as_ref().filter(|_| enforced).and_then(|key| self.remembered(key, stage)) {
            return Ok(answer(200, &shown(&post, true)));
        }
        self.count(name, ask)?;
        let content = body["content"].as_str().unwrap_or_default().trim().to_owned();
        let files = self.files(&body, form)?;
        if content.chars().count() > lock(&self.knobs).max_text {
            return Err(invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length."));
        }
        if content.is_empty() && files.is_empty() {
            return Err(error(400, 50006, "Cannot send an empty message"));
        }
        // An id is taken as a text or as a number.
        let reference = Some(&body["message_reference"]["message_id"]).filter(|id| !id.is_null());
        let reference = reference.map(|id| id.to_string().trim_matches('"').to_owned());
        if reference.as_ref().is_some_and(|id| by_hook || stage.post(id).is_none_or(|post| post.account != name)) {
            return Err(invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"));
        }
        let id = self.snowflake(stage);
        let native = json!({
            "nonce": nonce, "reference": reference, "attachments": files, "flags": body["flags"],
            "allowed_mentions": body["allowed_mentions"], "webhook": by_hook,
        });
        let url = format!("https://discord.com/channels/1000/{}/{id}", Self::channel(name));
        let post = stage.publish(ask, Draft { id: id.clone(), url, account: name.into(), text: content, native });
        if let Some(key) = key {
            lock(&self.nonces).insert(key, (id.clone(), stage.now()));
        }
        Ok(answer(200, &shown(&post, true)).made(&id))
    }

    fn nonce(&self, body: &Value, by_hook: bool) -> Result<Option<String>, Answer> {
        let nonce = match &body["nonce"] {
            Value::String(nonce) => nonce.clone(),
            Value::Number(nonce) => nonce.to_string(),
            _ => return Ok(None),
        };
        if nonce.chars().count() > MOST_NONCE {
            return Err(invalid("nonce", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length."));
        }
        Ok((!by_hook).then_some(nonce))
    }

    fn remembered(&self, key: &(String, String), stage: &Stage) -> Option<Post> {
        let kept = Duration::from_secs(lock(&self.knobs).nonce_kept_s);
        let nonces = lock(&self.nonces);
        let (id, when) = nonces.get(key)?;
        (stage.now() < *when + kept).then(|| stage.post(id)).flatten()
    }

    fn files(&self, body: &Value, form: &Form) -> Result<Vec<Value>, Answer> {
        let most = lock(&self.knobs).max_file;
        if form.files.len() > MOST_FILES {
            return Err(invalid("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."));
        }
        let described = |n: &str| {
            let listed = body["attachments"].as_array().into_iter().flatten();
            listed.into_iter().find(|file| file["id"].to_string().trim_matches('"') == n).cloned().unwrap_or_default()
        };
        let mut files = Vec::new();
        for (field, file) in &form.files {
            if file.bytes.len() > most {
                return Err(error(413, 40005, "Request entity too large"));
            }
            let n = field.trim_start_matches("files[").trim_end_matches(']');
            files.push(json!({
                "id": n, "filename": file.name, "size": file.bytes.len(), "content_type": file.kind,
                "url": format!("https://cdn.discord.test/{}", file.name), "proxy_url": "https://media.discord.test/",
                "description": described(n)["description"],
            }));
        }
        Ok(files)
    }

    fn count(&self, name: &str, ask: &Ask) -> Result<(), Answer> {
        let limit = lock(&self.knobs).messages_per_window;
        let standing = self.limiter.count(name, 1, limit, Duration::from_secs(5), ask.at);
        let left = u64::try_from(standing.reset.duration_since(ask.at).as_secs()).unwrap_or(1);
        if standing.over { Err(limited(left.max(1))) } else { Ok(()) }
    }

    /// Newest first; with `after`, those that come next after it. To a bot that may not read it is empty.
    pub(super) fn list(&self, ask: &Ask, name: &str, stage: &Stage) -> Answer {
        if lock(&self.blind).contains(name) {
            return answer(200, &json!([]));
        }
        let limit = ask.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50).clamp(1, 100);
        let bound = |name: &str| ask.param(name).and_then(|id| id.parse::<u64>().ok());
        let (after, before) = (bound("after"), bound("before"));
        let number = |post: &Post| post.id.parse::<u64>().unwrap_or_default();
        let mut posts = stage.listed(name, usize::MAX, |post| {
            after.is_none_or(|bound| number(post) > bound) && before.is_none_or(|bound| number(post) < bound)
        });
        if after.is_some() {
            let first = posts.len().saturating_sub(limit);
            posts.drain(..first);
        }
        posts.truncate(limit);
        let nonces = lock(&self.knobs).lists_nonces;
        answer(200, &posts.iter().map(|post| shown(post, nonces)).collect())
    }
}

fn shown(post: &Post, nonce: bool) -> Value {
    let mut author = person(&post.account);
    let mut message = json!({
        "id": post.id, "channel_id": Discord::channel(&post.account), "type": 0, "content": post.text,
        "timestamp": format!("{:.6}", post.created_at), "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "embeds": [], "pinned": false, "components": [],
        "attachments": post.native["attachments"], "flags": post.native["flags"].as_u64().unwrap_or_default(),
    });
    if post.native["webhook"] == true {
        author["id"] = json!("3000");
        message["webhook_id"] = json!("3000");
    }
    message["author"] = author;
    if nonce && !post.native["nonce"].is_null() {
        message["nonce"] = post.native["nonce"].clone();
    }
    if let Some(id) = post.native["reference"].as_str() {
        message["message_reference"] = json!({ "message_id": id, "channel_id": Discord::channel(&post.account) });
    }
    message
}
