//! Uploads: pictures in one call, videos in segments that are put together and worked on.

use std::{collections::BTreeMap, sync::atomic::Ordering::SeqCst, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{X, invalid, not_found};
use crate::fake::{Answer, Ask, Form, Stage, lock};

const PICTURE_BYTES: usize = 5 << 20;

/// An upload.
pub(super) struct Upload {
    account: String,
    pub category: String,
    total: usize,
    segments: BTreeMap<u64, usize>,
    /// When it can be used; unknown until it is put together.
    ready_at: Option<Timestamp>,
    until: Timestamp,
    pub alt: Option<String>,
    fails: bool,
}

impl Upload {
    pub(super) fn is_usable(&self, account: &str, now: Timestamp) -> bool {
        let ready = self.ready_at.is_some_and(|ready| ready <= now);
        self.account == account && ready && !self.fails && now < self.until
    }

    fn processing(&self, now: Timestamp) -> Option<Value> {
        let ready = self.ready_at?;
        match (self.fails, ready <= now) {
            (_, false) => Some(json!({"state": "in_progress", "check_after_secs": 1, "progress_percent": 50})),
            (true, true) => Some(json!({
                "state": "failed",
                "error": {"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"},
            })),
            (false, true) if self.category == "tweet_image" => None,
            (false, true) => Some(json!({"state": "succeeded", "progress_percent": 100})),
        }
    }
}

/// The key by which posts name an upload.
pub(super) fn key(id: &str, category: &str) -> String {
    let kind = match category {
        "tweet_video" => 7,
        "tweet_gif" => 16,
        _ => 3,
    };
    format!("{kind}_{id}")
}

impl X {
    pub(super) fn media(&self, ask: &Ask, path: &[&str], account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let now = stage.now();
        match (ask.method.as_str(), path) {
            ("POST", ["upload"]) => self.one_shot(ask, account, now),
            ("GET", ["upload"]) => self.status(ask.param("media_id").unwrap_or_default(), account, now),
            ("POST", ["upload", "initialize"]) => self.initialize(ask, account, now),
            ("POST", ["upload", id, "append"]) => self.append(ask, id, account),
            ("POST", ["upload", id, "finalize"]) => self.finalize(id, account, now),
            ("POST", ["metadata"]) => self.describe(ask, account),
            _ => Err(not_found("path", &ask.path)),
        }
    }

    fn one_shot(&self, ask: &Ask, account: &str, now: Timestamp) -> Result<Answer, Answer> {
        let form = read_form(ask)?;
        let category = form.get("media_category").unwrap_or("tweet_image").to_owned();
        let bytes = sent(&form).ok_or_else(|| invalid("media is required"))?;
        if category != "tweet_image" || bytes == 0 || bytes > PICTURE_BYTES {
            return Err(invalid("File size exceeds 5242880 bytes, is empty, or is no image."));
        }
        let id = self.keep(account, &category, bytes, Some(now), now);
        self.status(&id, account, now)
    }

    fn keep(&self, account: &str, category: &str, total: usize, ready_at: Option<Timestamp>, now: Timestamp) -> String {
        let id = (1_880_000_000_000_000_000 + self.upload_ids.fetch_add(1, SeqCst)).to_string();
        let knobs = lock(&self.knobs).clone();
        let upload = Upload {
            account: account.to_owned(),
            category: category.to_owned(),
            total,
            segments: BTreeMap::new(),
            ready_at,
            until: now + Duration::from_secs(knobs.media_life_s),
            alt: None,
            fails: knobs.videos_fail && category != "tweet_image",
        };
        lock(&self.uploads).insert(id.clone(), upload);
        id
    }

    fn initialize(&self, ask: &Ask, account: &str, now: Timestamp) -> Result<Answer, Answer> {
        let body = ask.json();
        let (kind, total) = (body["media_type"].as_str(), body["total_bytes"].as_u64());
        let category = body["media_category"].as_str().unwrap_or_default();
        let (Some(_), Some(total)) = (kind, total) else {
            return Err(invalid("media_type and total_bytes are required"));
        };
        if !["tweet_video", "tweet_gif", "tweet_image"].contains(&category) {
            return Err(invalid("media_category is none that is known"));
        }
        let id = self.keep(account, category, usize::try_from(total).unwrap_or_default(), None, now);
        self.status(&id, account, now)
    }

    fn append(&self, ask: &Ask, id: &str, account: &str) -> Result<Answer, Answer> {
        let form = read_form(ask)?;
        let index = form.get("segment_index").and_then(|index| index.parse().ok()).filter(|index: &u64| *index < 1000);
        let index = index.ok_or_else(|| invalid("segment_index must be between 0 and 999"))?;
        let mut uploads = lock(&self.uploads);
        let upload = uploads.get_mut(id).filter(|upload| upload.account == account && upload.ready_at.is_none());
        let upload = upload.ok_or_else(|| invalid("Could not find the upload."))?;
        upload.segments.insert(index, sent(&form).unwrap_or_default());
        Ok(Answer::json(200, &json!({"data": {"expires_at": upload.until.as_second()}})))
    }

    fn finalize(&self, id: &str, account: &str, now: Timestamp) -> Result<Answer, Answer> {
        let wait = Duration::from_millis(lock(&self.knobs).media_processing_ms);
        {
            let mut uploads = lock(&self.uploads);
            let upload = uploads.get_mut(id).filter(|upload| upload.account == account && upload.ready_at.is_none());
            let upload = upload.ok_or_else(|| invalid("Could not find the upload."))?;
            let whole = upload.segments.keys().copied().eq(0..upload.segments.len() as u64);
            if !whole || upload.segments.values().sum::<usize>() != upload.total {
                return Err(invalid("Segments do not add up to provided total file size."));
            }
            upload.ready_at = Some(now + wait);
        }
        self.status(id, account, now)
    }

    fn status(&self, id: &str, account: &str, now: Timestamp) -> Result<Answer, Answer> {
        let uploads = lock(&self.uploads);
        let upload = uploads.get(id).filter(|upload| upload.account == account && now < upload.until);
        let upload = upload.ok_or_else(|| not_found("media", id))?;
        let left = upload.until.duration_since(now).as_secs();
        let mut data = json!({"id": id, "media_key": key(id, &upload.category), "expires_after_secs": left});
        if let Some(processing) = upload.processing(now) {
            data["processing_info"] = processing;
        }
        Ok(Answer::json(200, &json!({"data": data})))
    }

    fn describe(&self, ask: &Ask, account: &str) -> Result<Answer, Answer> {
        let body = ask.json();
        let id = body["id"].as_str().unwrap_or_default();
        let text = body.pointer("/metadata/alt_text/text").and_then(Value::as_str).filter(|text| text.len() <= 4000);
        let text = text.ok_or_else(|| invalid("metadata.alt_text.text is required"))?;
        let mut uploads = lock(&self.uploads);
        let upload =
            uploads.get_mut(id).filter(|upload| upload.account == account).ok_or_else(|| not_found("media", id))?;
        upload.alt = Some(text.to_owned());
        Ok(Answer::json(200, &json!({"data": {"id": id, "associated_metadata": body["metadata"]}})))
    }
}

fn read_form(ask: &Ask) -> Result<Form, Answer> {
    Form::read(ask).map_err(|_| invalid("the form cannot be read"))
}

/// How many bytes came as the file.
fn sent(form: &Form) -> Option<usize> {
    form.files.get("media").map(|file| file.bytes.len())
}
