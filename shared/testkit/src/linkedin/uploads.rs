//! Uploads: an address for each piece, put together and worked on.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Caller, LinkedIn, denied, posts::invalid, refusal};
use crate::fake::{Answer, Ask, lock};

const PIECE: u64 = 4 << 20;

/// An upload.
pub(super) struct Upload {
    owner: String,
    is_video: bool,
    bytes: u64,
    /// piece → (its tag, its bytes)
    pieces: BTreeMap<u64, (String, u64)>,
    /// When it can be used; unknown until it is whole.
    ready_at: Option<Timestamp>,
    fails: bool,
}

impl Upload {
    fn state(&self, now: Timestamp) -> &'static str {
        match self.ready_at {
            None => "WAITING_UPLOAD",
            Some(ready) if ready > now => "PROCESSING",
            Some(_) if self.fails => "PROCESSING_FAILED",
            Some(_) => "AVAILABLE",
        }
    }
}

impl LinkedIn {
    pub(super) fn upload(&self, ask: &Ask, kind: &str, caller: &Caller, now: Timestamp) -> Result<Answer, Answer> {
        let body = ask.json();
        match ask.param("action") {
            Some("initializeUpload") => self.begin(ask, kind, caller, &body["initializeUploadRequest"], now),
            Some("finalizeUpload") if kind == "videos" => self.finish(&body["finalizeUploadRequest"], now),
            _ => Err(refusal(400, "ILLEGAL_ARGUMENT", "No such action")),
        }
    }

    fn begin(&self, ask: &Ask, kind: &str, caller: &Caller, wanted: &Value, now: Timestamp) -> Result<Answer, Answer> {
        let owner = wanted["owner"].as_str().unwrap_or_default();
        caller.check_author(owner)?;
        let is_video = kind == "videos";
        let bytes = wanted["fileSizeBytes"].as_u64().unwrap_or_default();
        if is_video && bytes == 0 {
            return Err(invalid("ERROR :: /fileSizeBytes :: field is required but not found"));
        }
        let number = self.number(now);
        let urn = format!("urn:li:{}:{number}", if is_video { "video" } else { "image" });
        let fails = is_video && lock(&self.knobs).videos_fail;
        let upload = Upload { owner: owner.into(), is_video, bytes, pieces: BTreeMap::new(), ready_at: None, fails };
        lock(&self.uploads).insert(urn.clone(), upload);
        let address = format!("http://{}/upload/{urn}", ask.header("host").unwrap_or_default());
        let until = (now + Duration::from_secs(24 * 3600)).as_millisecond();
        let pieces: Vec<Value> = (0..bytes.div_ceil(PIECE))
            .map(|n| {
                let last = ((n + 1) * PIECE).min(bytes) - 1;
                json!({"uploadUrl": format!("{address}/{n}"), "firstByte": n * PIECE, "lastByte": last})
            })
            .collect();
        let value = if is_video {
            json!({"video": urn, "uploadInstructions": pieces, "uploadToken": "", "uploadUrlsExpireAt": until})
        } else {
            json!({"image": urn, "uploadUrl": format!("{address}/0"), "uploadUrlExpiresAt": until})
        };
        Ok(Answer::json(200, &json!({"value": value})))
    }

    pub(super) fn take_bytes(&self, ask: &Ask, urn: &str, piece: &str) -> Result<Answer, Answer> {
        let wait = Duration::from_millis(lock(&self.knobs).media_processing_ms);
        let mut uploads = lock(&self.uploads);
        let upload = uploads.get_mut(urn).ok_or_else(|| refusal(404, "NOT_FOUND", "No such upload"))?;
        let (tag, bytes) = (ask.digest(), ask.body.len() as u64);
        upload.pieces.insert(piece.parse().unwrap_or_default(), (tag.clone(), bytes));
        if !upload.is_video {
            (upload.bytes, upload.ready_at) = (bytes, Some(ask.at + wait));
        }
        let status = if upload.is_video { 200 } else { 201 };
        Ok(Answer::text(status, "text/plain", "").with("etag", tag))
    }

    fn finish(&self, wanted: &Value, now: Timestamp) -> Result<Answer, Answer> {
        let wait = Duration::from_millis(lock(&self.knobs).media_processing_ms);
        let mut uploads = lock(&self.uploads);
        let upload = uploads.get_mut(wanted["video"].as_str().unwrap_or_default());
        let upload = upload.ok_or_else(|| refusal(404, "NOT_FOUND", "No such upload"))?;
        let tags: Vec<&str> =
            wanted["uploadedPartIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let whole = upload.pieces.values().map(|(_, bytes)| bytes).sum::<u64>() == upload.bytes;
        if !whole || !upload.pieces.values().map(|(tag, _)| tag.as_str()).eq(tags) {
            return Err(refusal(400, "ILLEGAL_ARGUMENT", "The parts do not match what was uploaded"));
        }
        upload.ready_at = Some(now + wait);
        Ok(Answer::text(200, "application/json", ""))
    }

    /// Members may ask about their videos only.
    pub(super) fn upload_state(&self, urn: &str, caller: &Caller, now: Timestamp) -> Result<Answer, Answer> {
        let uploads = lock(&self.uploads);
        let upload = uploads.get(urn).ok_or_else(|| refusal(404, "NOT_FOUND", "No such asset"))?;
        if !upload.is_video && upload.owner != caller.page() {
            return Err(denied("Not enough permissions to access: images.GET"));
        }
        let mut body = json!({"id": urn, "owner": upload.owner, "status": upload.state(now)});
        if upload.state(now) == "PROCESSING_FAILED" {
            body["processingFailureReason"] = json!("The video is shorter than three seconds");
        }
        Ok(Answer::json(200, &body))
    }

    pub(super) fn check_upload(&self, urn: &str, author: &str, now: Timestamp) -> Result<(), Answer> {
        let uploads = lock(&self.uploads);
        let state = uploads.get(urn).filter(|upload| upload.owner == author).map(|upload| upload.state(now));
        let refused = |code: &str| {
            let errors = json!({"inputErrors": [{"description": code, "input": {}, "code": code}]});
            let message = format!("{urn} is {}", state.unwrap_or("not there"));
            Err(Answer::json(422, &json!({"status": 422, "message": message, "errorDetails": errors})))
        };
        match state {
            Some("AVAILABLE") => Ok(()),
            Some("WAITING_UPLOAD" | "PROCESSING") => refused("MEDIA_ASSET_WAITING_UPLOAD"),
            _ => refused("MEDIA_ASSET_PROCESSING_FAILED"),
        }
    }
}
