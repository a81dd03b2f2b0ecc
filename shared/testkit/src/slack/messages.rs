//! Messages and histories.

use serde_json::{Value, json};

use super::{Slack, done, error};
use crate::fake::{Answer, Ask, Draft, Form, Post, Stage, lock};

const MOST_BLOCKS: usize = 50;

/// A message about to be made.
#[derive(Default)]
pub(super) struct Words {
    pub text: String,
    pub blocks: Value,
    pub metadata: Value,
    pub thread_ts: Option<String>,
    pub files: Vec<Value>,
}

impl Slack {
    pub(super) fn post(&self, ask: &Ask, name: &str, form: &Form, stage: &Stage) -> Result<Answer, Answer> {
        let channel = self.access.open(name, form.get("channel"))?;
        self.count(name, ask)?;
        let words = Words {
            text: form.get("text").unwrap_or_default().into(),
            blocks: form.json("blocks"),
            metadata: form.json("metadata"),
            thread_ts: form.get("thread_ts").map(str::to_owned),
            ..Words::default()
        };
        let post = self.say(ask, name, words, stage)?;
        let body = json!({ "channel": channel, "ts": post.id, "message": shown(&post, true) });
        Ok(done(body).made(&post.id))
    }

    /// Checks a message and makes it.
    pub(super) fn say(&self, ask: &Ask, name: &str, words: Words, stage: &Stage) -> Result<Post, Answer> {
        let Words { text, blocks, metadata, thread_ts, files } = words;
        if text.trim().is_empty() && blocks.as_array().is_none_or(Vec::is_empty) && files.is_empty() {
            return Err(error("no_text"));
        }
        self.check_blocks(name, &blocks, stage)?;
        if let Some(root) = &thread_ts
            && stage.post(root).is_none_or(|root| root.account != name)
        {
            return Err(error("thread_not_found"));
        }
        let most = lock(&self.knobs).max_text;
        let text: String = text.chars().take(most).collect();
        let ts = self.stamp(stage);
        let channel = Slack::channel(name);
        let url = format!("https://acme.slack.test/archives/{channel}/p{}", ts.replace('.', ""));
        let native = json!({ "blocks": blocks, "metadata": metadata, "thread_ts": thread_ts, "files": files });
        Ok(stage.publish(ask, Draft { id: ts, url, account: name.into(), text, native }))
    }

    fn check_blocks(&self, name: &str, blocks: &Value, stage: &Stage) -> Result<(), Answer> {
        let blocks = blocks.as_array().map(Vec::as_slice).unwrap_or_default();
        if blocks.len() > MOST_BLOCKS {
            return Err(error("invalid_blocks"));
        }
        for (n, block) in blocks.iter().enumerate() {
            let words = block["text"]["text"].as_str().unwrap_or_default();
            let fits = words.chars().count() <= lock(&self.knobs).max_section;
            let why = match block["type"].as_str() {
                Some("section") if fits => continue,
                Some("image") if block["alt_text"].as_str().is_none_or(str::is_empty) => {
                    "missing required field: alt_text"
                }
                Some("image") if block["image_url"].is_string() => continue,
                Some("image") if self.is_usable(name, block["slack_file"]["id"].as_str(), stage) => continue,
                Some("image") => "invalid slack file",
                _ => "must be more than 0 and less than 3001 characters",
            };
            let why = format!("{why} [json-pointer:/blocks/{n}]");
            let messages = json!({ "messages": [format!("[ERROR] {why}")] });
            let body =
                json!({ "ok": false, "error": "invalid_blocks", "errors": [why], "response_metadata": messages });
            return Err(Answer::json(200, &body));
        }
        Ok(())
    }

    /// What stands in the conversation itself, newest first: answers in threads are not among it.
    pub(super) fn history(&self, name: &str, form: &Form, stage: &Stage) -> Result<Answer, Answer> {
        self.access.open(name, form.get("channel"))?;
        let posts = stage.listed(name, usize::MAX, |post| post.native["thread_ts"].is_null());
        Ok(self.page(form, posts))
    }

    /// A thread with what it began with, oldest first.
    pub(super) fn replies(&self, name: &str, form: &Form, stage: &Stage) -> Result<Answer, Answer> {
        self.access.open(name, form.get("channel"))?;
        let root = form.get("ts").unwrap_or_default();
        if stage.post(root).is_none_or(|root| root.account != name) {
            return Err(error("thread_not_found"));
        }
        let mut posts = stage.listed(name, usize::MAX, |post| post.id == root || post.native["thread_ts"] == root);
        posts.reverse();
        Ok(self.page(form, posts))
    }

    fn page(&self, form: &Form, posts: Vec<Post>) -> Answer {
        let seconds = |text: &str| text.parse::<f64>().unwrap_or_default();
        let oldest = form.get("oldest").map_or(0.0, seconds);
        let limit = form.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100).clamp(1, 999);
        let start = form.get("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let metadata =
            lock(&self.knobs).shows_metadata && form.get("include_all_metadata").is_some_and(|all| all != "false");
        let fitting: Vec<Post> = posts.into_iter().filter(|post| seconds(&post.id) >= oldest).collect();
        let messages: Vec<Value> = fitting.iter().skip(start).take(limit).map(|post| shown(post, metadata)).collect();
        let more = fitting.len() > start + limit;
        let next = if more { (start + limit).to_string() } else { String::new() };
        done(json!({ "messages": messages, "has_more": more, "response_metadata": { "next_cursor": next } }))
    }
}

/// A message as Slack shows it: addresses stand in brackets.
fn shown(post: &Post, metadata: bool) -> Value {
    let words = post.text.split_inclusive(char::is_whitespace);
    let bracketed = words.map(|word| {
        let bare = word.trim_end();
        let is_address = bare.starts_with("https://") || bare.starts_with("http://");
        if is_address { format!("<{bare}>{}", &word[bare.len()..]) } else { word.to_owned() }
    });
    let mut message = json!({
        "type": "message", "ts": post.id, "text": bracketed.collect::<String>(), "team": "T0001",
        "user": format!("U-{}", post.account), "bot_id": format!("B-{}", post.account),
    });
    for field in ["blocks", "thread_ts", "metadata"] {
        let value = &post.native[field];
        if !value.is_null() && (field != "metadata" || metadata) {
            message[field] = value.clone();
        }
    }
    if post.native["files"].as_array().is_some_and(|files| !files.is_empty()) {
        message["files"] = post.native["files"].clone();
    }
    message
}
