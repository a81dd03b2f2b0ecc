//! Videos and reels: begun, sent in pieces, told to be published, worked on, shown.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Facebook, done};
use crate::{
    fake::{Answer, Ask, Draft, Stage, lock},
    graph::{error, parameter, part, person_id, unsupported},
};

/// A video, whole or not.
#[derive(Clone)]
pub(super) struct Video {
    account: String,
    is_reel: bool,
    /// How many bytes it will have; of a reel, that is known with its first piece.
    size: u64,
    received: u64,
    /// Since when it is told to be published.
    told: Option<(Timestamp, String)>,
    shown: bool,
    broken: Option<String>,
}

impl Facebook {
    /// From now on every video that is not shown is found to be unusable, in the platform's words.
    pub fn break_videos(&self, why: &str) {
        for video in lock(&self.videos).values_mut().filter(|video| !video.shown) {
            video.broken = Some(why.to_owned());
        }
    }

    pub(super) fn video(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let says = |name: &str| parameter(ask, name).unwrap_or_default();
        let session = says("upload_session_id");
        match says("upload_phase").as_str() {
            "start" => {
                let size: u64 = says("file_size").parse().unwrap_or_default();
                if size == 0 {
                    return Err(error(400, 100, 0, "(#100) The parameter file_size is required"));
                }
                let id = self.begin(stage, account, false, size);
                let end = size.min(lock(&self.knobs).piece);
                let body = json!({
                    "video_id": id, "upload_session_id": format!("session-{id}"), "start_offset": "0", "end_offset": end.to_string(),
                });
                Ok(Answer::json(200, &body))
            }
            "transfer" => self.transfer(ask, session.trim_start_matches("session-"), &account),
            "finish" => self.tell(ask, session.trim_start_matches("session-"), &account, stage),
            _ if !says("file_url").is_empty() => {
                let id = self.begin(stage, account.clone(), false, 0);
                self.tell(ask, &id, &account, stage)?;
                Ok(Answer::json(200, &json!({"id": id})).made(&id))
            }
            _ => Err(error(400, 100, 0, "(#100) No video file was selected")),
        }
    }

    pub(super) fn reel(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let says = |name: &str| parameter(ask, name).unwrap_or_default();
        match says("upload_phase").as_str() {
            "start" => {
                let id = self.begin(stage, account, true, 0);
                let host = ask.header("host").unwrap_or("rupload.test");
                let body = json!({"video_id": id, "upload_url": format!("http://{host}/video-upload/v25.0/{id}")});
                Ok(Answer::json(200, &body))
            }
            "finish" if says("video_state") == "PUBLISHED" => self.tell(ask, &says("video_id"), &account, stage),
            _ => Err(error(400, 100, 0, "(#100) Invalid parameter: upload_phase, video_state")),
        }
    }

    fn begin(&self, stage: &Stage, account: String, is_reel: bool, size: u64) -> String {
        let id = stage.new_id().to_string();
        let video = Video { account, is_reel, size, received: 0, told: None, shown: false, broken: None };
        lock(&self.videos).insert(id.clone(), video);
        id
    }

    /// Takes the piece that is wanted; any other is refused, with the bytes that are.
    fn transfer(&self, ask: &Ask, id: &str, account: &str) -> Result<Answer, Answer> {
        let piece = lock(&self.knobs).piece;
        let mut videos = lock(&self.videos);
        let video = videos.get_mut(id).filter(|video| video.account == account).ok_or_else(no_session)?;
        let offset = parameter(ask, "start_offset").and_then(|offset| offset.parse::<u64>().ok()).unwrap_or_default();
        let length = part(ask, |part| part.field == "video_file_chunk").map_or(0, |part| part.bytes.len()) as u64;
        let wanted = |video: &Video| {
            let end = video.size.min(video.received + piece);
            json!({"start_offset": video.received.to_string(), "end_offset": end.to_string()})
        };
        if offset != video.received || length == 0 || length > piece {
            let mut refusal = json!({"error": {
                "message": "There was a problem uploading your video file. Please try again with the correct offset.",
                "type": "OAuthException", "code": 6001, "error_subcode": 1_363_037,
            }});
            refusal["error"]["error_data"] = wanted(video);
            return Err(Answer::json(400, &refusal));
        }
        video.received = video.size.min(video.received + length);
        Ok(Answer::json(200, &wanted(video)))
    }

    /// Takes a reel's bytes from an offset on.
    pub(super) fn receive(&self, ask: &Ask, id: &str, account: &str) -> Result<Answer, Answer> {
        let mut videos = lock(&self.videos);
        let fits = |video: &&mut Video| video.account == account && video.is_reel;
        let video = videos.get_mut(id).filter(fits).ok_or_else(no_session)?;
        let number = |name: &str| ask.header(name).and_then(|value| value.parse::<u64>().ok());
        let (Some(offset), Some(size)) = (number("offset"), number("file_size")) else {
            return Err(error(400, 100, 0, "The headers offset and file_size are required"));
        };
        if offset != video.received {
            return Err(error(400, 6001, 1_363_019, "The offset is not the one that is wanted"));
        }
        (video.size, video.received) = (size, size.min(offset + ask.body.len() as u64));
        Ok(done())
    }

    /// Publishes a video that is whole, once it has been worked on. A video that was told so before stays as it is.
    fn tell(&self, ask: &Ask, id: &str, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        {
            let mut videos = lock(&self.videos);
            let video = videos.get_mut(id).filter(|video| video.account == account).ok_or_else(no_session)?;
            if video.received < video.size || (video.is_reel && video.size == 0) {
                return Err(error(400, 6000, 1_363_019, "The video was not uploaded completely"));
            }
            let text = parameter(ask, "description").unwrap_or_default();
            video.told.get_or_insert((ask.at, text));
        }
        self.ripen(ask, stage);
        Ok(done().made(id))
    }

    /// Shows what has been worked on long enough.
    pub(super) fn ripen(&self, ask: &Ask, stage: &Stage) {
        let work = Duration::from_millis(lock(&self.knobs).video_ms);
        for (id, video) in lock(&self.videos).iter_mut().filter(|(_, video)| !video.shown && video.broken.is_none()) {
            let Some((_, text)) = video.told.clone().filter(|(at, _)| *at + work <= stage.now()) else { continue };
            video.shown = true;
            let draft = Draft {
                id: id.clone(),
                url: format!("https://www.facebook.com{}", path(id, video.is_reel)),
                account: video.account.clone(),
                text,
                native: json!({"video": if video.is_reel { "reel" } else { "video" }, "bytes": video.received}),
            };
            stage.publish(ask, draft);
        }
    }

    /// The shape the API gives a video, or that it does not know it; `None` if there is none.
    pub(super) fn show_video(&self, id: &str, account: &str, ask: &Ask) -> Option<Result<Value, Answer>> {
        let knobs = lock(&self.knobs).clone();
        let video = lock(&self.videos).get(id).filter(|video| video.account == account)?.clone();
        if video.told.is_none() && !knobs.shows_unfinished {
            return Some(Err(unsupported(&ask.method, id)));
        }
        let whole = video.size > 0 && video.received >= video.size;
        let phase = |done: bool, begun: bool| match (done, begun) {
            (true, _) => json!({"status": "complete"}),
            (_, true) => json!({"status": "in_progress"}),
            _ => json!({"status": "not_started"}),
        };
        let state = match (&video.broken, video.shown, &video.told) {
            (Some(_), ..) => "error",
            (_, true, _) => "ready",
            (_, _, Some(_)) => "processing",
            _ if whole => "upload_complete",
            _ => "processing",
        };
        let mut uploading = phase(whole || video.told.is_some(), true);
        uploading["bytes_transfered"] = json!(video.received);
        let mut processing = phase(video.shown, video.told.is_some());
        if let Some(why) = &video.broken {
            processing = json!({"status": "error", "errors": [{"code": 1_363_128, "message": why}]});
        }
        Some(Ok(json!({
            "id": id,
            "published": video.shown || knobs.flags_unfinished,
            "permalink_url": path(id, video.is_reel),
            "from": {"id": person_id(account)},
            "status": {
                "video_status": state,
                "uploading_phase": uploading,
                "processing_phase": processing,
                "publishing_phase": phase(video.shown, false),
            },
        })))
    }
}

fn path(id: &str, is_reel: bool) -> String {
    if is_reel { format!("/reel/{id}/") } else { format!("/watch/?v={id}") }
}

fn no_session() -> Answer {
    error(400, 6000, 1_363_019, "There was a problem uploading your video file. Please try again with another file.")
}
