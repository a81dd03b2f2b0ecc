//! Videos: registered, stored, worked on.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::{Pinterest, error};
use crate::fake::{Answer, Ask, Form, Stage, lock};

/// A video.
pub(super) struct Video {
    account: String,
    stored_at: Option<Timestamp>,
    broken: bool,
}

impl Pinterest {
    /// Every video that there is turns out to be unusable.
    pub fn break_videos(&self) {
        lock(&self.videos).values_mut().for_each(|video| video.broken = true);
    }

    pub(super) fn register(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        if ask.json()["media_type"] != "video" {
            return Err(error(400, 1, "media_type does not match 'video'"));
        }
        let id = stage.new_id().to_string();
        lock(&self.videos).insert(id.clone(), Video { account: account.into(), stored_at: None, broken: false });
        let host = ask.header("host").unwrap_or("store.test");
        let body = json!({
            "media_id": id,
            "media_type": "video",
            "upload_url": format!("http://{host}/video-store"),
            "upload_parameters": {
                "x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-date": "20260102T030405Z", "x-amz-credential": "FAKE/us-east-1/s3",
                "x-amz-security-token": "short-lived", "x-amz-signature": format!("signed-{id}"), "policy": "cG9saWN5",
                "key": format!("uploads/{id}"), "Content-Type": "multipart/form-data",
            },
        });
        Ok(Answer::json(201, &body))
    }

    /// The store: it knows no tokens, only what was signed.
    pub(super) fn store(&self, ask: &Ask) -> Result<Answer, Answer> {
        let denied = || Answer::text(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>");
        let form = Form::read(ask).map_err(|_| denied())?;
        let id = form.get("key").and_then(|key| key.strip_prefix("uploads/")).ok_or_else(denied)?;
        let signed = form.get("x-amz-signature") == Some(&format!("signed-{id}")) && form.get("policy").is_some();
        let has_file = form.files.get("file").is_some_and(|file| !file.bytes.is_empty());
        let mut videos = lock(&self.videos);
        let video = videos.get_mut(id).filter(|_| signed && has_file).ok_or_else(denied)?;
        video.stored_at.get_or_insert(ask.at);
        Ok(Answer::text(204, "text/plain", ""))
    }

    pub(super) fn state(&self, ask: &Ask, account: &str, id: &str) -> Result<Answer, Answer> {
        let status = self.how_far(account, id, ask.at).ok_or_else(|| error(404, 50, "Media not found."))?;
        Ok(Answer::json(200, &json!({"media_id": id, "media_type": "video", "status": status})))
    }

    fn how_far(&self, account: &str, id: &str, now: Timestamp) -> Option<&'static str> {
        let work = Duration::from_millis(lock(&self.knobs).video_ms);
        let videos = lock(&self.videos);
        let video = videos.get(id).filter(|video| video.account == account)?;
        Some(match video.stored_at {
            None => "registered",
            Some(_) if video.broken => "failed",
            Some(at) if now < at + work => "processing",
            Some(_) => "succeeded",
        })
    }

    /// Whether a pin may show the video.
    pub(super) fn uses(&self, id: &str, account: &str, ask: &Ask) -> Result<(), Answer> {
        match self.how_far(account, id, ask.at) {
            Some("succeeded") => Ok(()),
            Some(_) => Err(error(400, 1, "The media is not ready (constraint: status=succeeded)")),
            None => Err(error(404, 50, "Media not found.")),
        }
    }
}
