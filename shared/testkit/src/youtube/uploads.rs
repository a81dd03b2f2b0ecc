//! Uploads: sessions that are filled piece by piece, and thumbnails.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{DAY, YouTube, not_found, over_quota, videos::Video};
use crate::{
    fake::{Answer, Ask, Stage, lock},
    google::error,
};

/// All pieces but the last are multiples of this.
const GRAIN: u64 = 256 * 1024;
const LARGEST_THUMBNAIL: usize = 2 * 1024 * 1024;

/// An upload session.
pub(super) struct Session {
    account: String,
    contents: Value,
    total: Option<u64>,
    bytes: Vec<u8>,
    until: Timestamp,
    /// The video that it made.
    made: Option<String>,
}

impl YouTube {
    pub(super) fn upload(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        match (ask.method.as_str(), ask.param("upload_id")) {
            ("POST", None) if ask.param("uploadType") == Some("resumable") => self.begin(ask, account),
            ("PUT", Some(id)) => self.put(ask, id, account, stage),
            _ => Err(error(400, "global", "badRequest", "Bad Request")),
        }
    }

    fn begin(&self, ask: &Ask, account: &str) -> Result<Answer, Answer> {
        let contents = ask.json();
        let title = contents["snippet"]["title"].as_str().unwrap_or("unknown");
        super::videos::check(title, &contents)?;
        if lock(&self.without_channel).contains(account) {
            return Err(error(401, "youtube.header", "youtubeSignupRequired", "Unauthorized"));
        }
        let kind = ask.header("x-upload-content-type").unwrap_or("application/octet-stream");
        if !(kind.starts_with("video/") || kind == "application/octet-stream") {
            return Err(error(400, "global", "badContent", &format!("Unsupported content with type: {kind}")));
        }
        let knobs = lock(&self.knobs).clone();
        if self.day.count("inserts", 1, knobs.inserts_per_day, DAY, ask.at).over {
            return Err(over_quota());
        }
        if self.day.count(&format!("channel {account}"), 1, knobs.uploads_per_channel, DAY, ask.at).over {
            let message = "The user has exceeded the number of videos they may upload.";
            return Err(error(400, "youtube.video", "uploadLimitExceeded", message));
        }
        let id = Uuid::new_v4().simple().to_string();
        let session = Session {
            account: account.to_owned(),
            contents,
            total: ask.header("x-upload-content-length").and_then(|length| length.parse().ok()),
            bytes: Vec::new(),
            until: ask.at + Duration::from_secs(knobs.session_life_s),
            made: None,
        };
        lock(&self.sessions).insert(id.clone(), session);
        let host = ask.header("host").unwrap_or("127.0.0.1");
        let part = ask.param("part").unwrap_or("snippet");
        let place = format!("http://{host}{}?uploadType=resumable&part={part}&upload_id={id}", ask.path);
        Ok(Answer::text(200, "text/plain", "").with("location", place).with("x-guploader-uploadid", id))
    }

    fn put(&self, ask: &Ask, id: &str, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let (now, most) = (stage.now(), lock(&self.knobs).takes_at_most);
        let mut sessions = lock(&self.sessions);
        let session = sessions.get_mut(id).filter(|session| session.account == account && now < session.until);
        let session = session.ok_or_else(|| Answer::text(404, "text/plain", "Not Found"))?;
        if let Some(video) = &session.made {
            let videos = lock(&self.videos);
            let video = videos.iter().find(|known| known.id == *video).ok_or_else(|| not_found("video"))?;
            return Ok(Answer::json(200, &video.shown(now)));
        }
        let length = ask.body.len() as u64;
        let range = Range::of(ask, length).ok_or_else(|| Answer::text(400, "text/plain", "Bad Content-Range"))?;
        session.total = range.total.or(session.total);
        if let Some((first, last)) = range.bytes {
            let is_last = session.total == Some(last + 1);
            if first != session.bytes.len() as u64 || (!is_last && !(last + 1 - first).is_multiple_of(GRAIN)) {
                return Err(Answer::text(400, "text/plain", "The bytes do not go on where the session is."));
            }
            let taken = if most == 0 { length } else { length.min(most) };
            session.bytes.extend(ask.body.iter().take(usize::try_from(taken).unwrap_or_default()));
        }
        if session.total != Some(session.bytes.len() as u64) {
            let answer = Answer::text(308, "text/plain", "");
            return Ok(match session.bytes.len() {
                0 => answer,
                n => answer.with("range", format!("bytes=0-{}", n - 1)),
            });
        }
        let video = self.make(session, stage);
        session.made = Some(video.id.clone());
        let shown = video.shown(now);
        if video.is_visible() {
            // A client that asks for it has a public video with the last byte.
            video.publish(ask, stage);
        }
        lock(&self.videos).push(video);
        Ok(Answer::json(200, &shown))
    }

    fn make(&self, session: &Session, stage: &Stage) -> Video {
        let knobs = lock(&self.knobs).clone();
        let digest = Sha256::digest(&session.bytes).to_vec();
        let known = |video: &Video| video.account == session.account && video.digest == digest;
        let again = knobs.rejects_duplicates && lock(&self.videos).iter().any(known);
        Video {
            id: format!("vid{:08}", self.ids.fetch_add(1, SeqCst)),
            account: session.account.clone(),
            contents: super::videos::with_defaults(&session.contents, knobs.audited),
            made_at: stage.now(),
            ready_at: stage.now() + Duration::from_secs(knobs.processing_s),
            fails: knobs.fails,
            rejects: if again { "duplicate".into() } else { knobs.rejects },
            digest,
            thumbnail: None,
        }
    }

    pub(super) fn set_thumbnail(&self, ask: &Ask, account: &str) -> Result<Answer, Answer> {
        if !lock(&self.knobs).verified {
            let message = "The authenticated user doesn't have permissions to upload and set custom video thumbnails.";
            return Err(error(403, "youtube.thumbnail", "forbidden", message));
        }
        if ask.body.len() > LARGEST_THUMBNAIL {
            return Err(error(413, "global", "uploadTooLarge", "Media larger than 2097152"));
        }
        if !ask.header("content-type").is_some_and(|kind| kind.starts_with("image/")) {
            return Err(error(400, "youtube.thumbnail", "invalidImage", "The provided image content is invalid."));
        }
        let id = ask.param("videoId").unwrap_or_default();
        let mut videos = lock(&self.videos);
        let video = videos.iter_mut().find(|video| video.id == id && video.account == account);
        video.ok_or_else(|| not_found("video"))?.thumbnail = Some(ask.body.len());
        Ok(Answer::json(200, &json!({"kind": "youtube#thumbnailSetResponse", "items": [{"default": {"url": ""}}]})))
    }
}

/// What a call sends: `bytes 0-99/200`, or `bytes */200` to ask only; without a range, the whole file.
struct Range {
    bytes: Option<(u64, u64)>,
    total: Option<u64>,
}

impl Range {
    fn of(ask: &Ask, length: u64) -> Option<Self> {
        let Some(header) = ask.header("content-range") else {
            return Some(Self { bytes: length.checked_sub(1).map(|last| (0, last)), total: Some(length) });
        };
        let (range, total) = header.strip_prefix("bytes ")?.split_once('/')?;
        let total = if total == "*" { None } else { Some(total.parse().ok()?) };
        if range == "*" {
            return (length == 0).then_some(Self { bytes: None, total });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let fits = last.checked_sub(first)? + 1 == length && total.is_none_or(|total| last < total);
        fits.then_some(Self { bytes: Some((first, last)), total })
    }
}
