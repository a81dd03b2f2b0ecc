//! Uploads.

use std::{collections::HashMap, sync::atomic::Ordering::SeqCst, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Mastodon, error, not_found};
use crate::fake::{Answer, Ask, Form, Stage, lock};

/// Files in one post.
pub(super) const MOST_PER_POST: usize = 4;

/// An uploaded file.
pub(super) struct Media {
    account: String,
    description: Option<String>,
    kind: &'static str,
    ready_at: Timestamp,
    attached: bool,
}

impl Media {
    fn json(&self, id: &str, now: Timestamp) -> Value {
        let url = (self.ready_at <= now).then(|| format!("https://files.mastodon.test/{id}"));
        json!({"id": id, "type": self.kind, "url": url, "description": self.description})
    }
}

impl Mastodon {
    /// 200 if the file can be used at once, 202 if it is still worked on.
    pub(super) fn upload(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let form = Form::read(ask).unwrap_or_default();
        let file = form.files.get("file").ok_or_else(|| error(422, "Validation failed: File can't be blank"))?;
        let kind = if file.kind.starts_with("video/") { "video" } else { "image" };
        let description = form.fields.get("description").cloned();
        let now = stage.now();
        let ready_at = now + Duration::from_millis(lock(&self.knobs).media_processing_ms);
        let id = (110_000_000_000_000_000 + self.media_ids.fetch_add(1, SeqCst)).to_string();
        let media = Media { account, description, kind, ready_at, attached: false };
        let answer = Answer::json(if ready_at > now { 202 } else { 200 }, &media.json(&id, now));
        lock(&self.media).insert(id, media);
        Ok(answer)
    }

    /// 206 while the file is worked on.
    pub(super) fn media_state(&self, id: &str, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let media = lock(&self.media);
        let file = media.get(id).filter(|file| file.account == account && !file.attached).ok_or_else(not_found)?;
        let status = if file.ready_at > stage.now() { 206 } else { 200 };
        Ok(Answer::json(status, &file.json(id, stage.now())))
    }

    /// Ties files to the post that is being made; a file serves once.
    pub(super) fn attach(&self, ids: &[String], account: &str, now: Timestamp) -> Result<Vec<Value>, Answer> {
        let mut media = lock(&self.media);
        attachable(&media, ids, account, now)?;
        let mut attached = Vec::new();
        for id in ids {
            if let Some(file) = media.get_mut(id) {
                file.attached = true;
                attached.push(file.json(id, now));
            }
        }
        Ok(attached)
    }
}

fn attachable(media: &HashMap<String, Media>, ids: &[String], account: &str, now: Timestamp) -> Result<(), Answer> {
    if ids.len() > MOST_PER_POST {
        return Err(error(422, "Validation failed: Cannot attach more than 4 files"));
    }
    let mut files = Vec::new();
    for id in ids {
        match media.get(id) {
            Some(file) if file.account == account && !file.attached => files.push(file),
            _ => return Err(error(422, &format!("Media {id} not found or already attached to another post"))),
        }
    }
    if files.len() > 1 && files.iter().any(|file| file.kind != "image") {
        return Err(error(422, "Validation failed: Cannot attach a video to a post that already contains images"));
    }
    if files.iter().any(|file| file.ready_at > now) {
        let text = "Cannot attach files that have not finished processing. Try again in a moment!";
        return Err(error(422, text));
    }
    Ok(())
}
