//! Videos: read, changed, made public.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{YouTube, not_found};
use crate::{
    fake::{Answer, Ask, Draft, Stage, lock},
    google::error,
};

/// A video, private or not.
#[derive(Clone)]
pub(super) struct Video {
    pub id: String,
    pub account: String,
    /// `snippet` and `status`, as they were given.
    pub contents: Value,
    pub made_at: Timestamp,
    pub ready_at: Timestamp,
    pub fails: String,
    pub rejects: String,
    pub digest: Vec<u8>,
    /// The size of its thumbnail.
    pub thumbnail: Option<usize>,
}

impl Video {
    pub(super) fn is_visible(&self) -> bool {
        self.contents["status"]["privacyStatus"] != "private"
    }

    /// As its owner sees it.
    pub(super) fn shown(&self, now: Timestamp) -> Value {
        let ready = self.ready_at <= now;
        let (upload, processing) = match (ready, self.fails.is_empty(), self.rejects.is_empty()) {
            (false, ..) => ("uploaded", "processing"),
            (true, false, _) => ("failed", "failed"),
            (true, _, false) => ("rejected", "terminated"),
            (true, ..) => ("processed", "succeeded"),
        };
        let mut snippet = self.contents["snippet"].clone();
        snippet["publishedAt"] = json!(seconds(self.made_at));
        snippet["channelId"] = json!(format!("UC{}", self.account));
        let mut status = self.contents["status"].clone();
        status["uploadStatus"] = json!(upload);
        match upload {
            "failed" => status["failureReason"] = json!(self.fails),
            "rejected" => status["rejectionReason"] = json!(self.rejects),
            _ => {}
        }
        json!({
            "kind": "youtube#video",
            "etag": "etag",
            "id": self.id,
            "snippet": snippet,
            "status": status,
            "processingDetails": {"processingStatus": processing},
        })
    }

    /// Makes it a post that everybody sees.
    pub(super) fn publish(&self, ask: &Ask, stage: &Stage) {
        let draft = Draft {
            id: self.id.clone(),
            url: format!("https://www.youtube.com/watch?v={}", self.id),
            account: self.account.clone(),
            text: self.text(),
            native: self.native(),
        };
        stage.publish(ask, draft);
    }

    pub(super) fn text(&self) -> String {
        let text = |field: &str| self.contents["snippet"][field].as_str().unwrap_or_default().to_owned();
        format!("{}\n\n{}", text("title"), text("description")).trim().to_owned()
    }

    pub(super) fn native(&self) -> Value {
        let mut native = self.contents.clone();
        native["thumbnail"] = json!(self.thumbnail);
        native
    }
}

/// What YouTube refuses of a title, description, tags or category.
pub(super) fn check(title: &str, contents: &Value) -> Result<(), Answer> {
    let refuse = |reason: &str, what: &str| {
        Err(error(400, "youtube.video", reason, &format!("The request metadata specifies an invalid video {what}.")))
    };
    let snippet = &contents["snippet"];
    let text = |field: &str| snippet[field].as_str().unwrap_or_default();
    if title.is_empty() || title.chars().count() > 100 || title.contains(['<', '>']) {
        return refuse("invalidTitle", "title");
    }
    if text("description").len() > 5000 || text("description").contains(['<', '>']) {
        return refuse("invalidDescription", "description");
    }
    let tags = snippet["tags"].as_array().cloned().unwrap_or_default();
    let length = |tag: &Value| {
        let tag = tag.as_str().unwrap_or_default();
        tag.chars().count() + if tag.contains(' ') { 3 } else { 1 }
    };
    if tags.iter().map(length).sum::<usize>() > 501 {
        return refuse("invalidTags", "keywords");
    }
    if snippet.get("categoryId").is_some_and(|id| id.as_str().is_none_or(|id| id.parse::<u16>().is_err())) {
        return refuse("invalidCategoryId", "category ID");
    }
    Ok(())
}

/// What YouTube makes of what was left out. Without a word on privacy a video is public; without an audit none is.
pub(super) fn with_defaults(given: &Value, audited: bool) -> Value {
    let mut contents = json!({"snippet": given["snippet"], "status": given["status"]});
    if !contents["snippet"].is_object() {
        contents["snippet"] = json!({"title": "unknown", "categoryId": "22"});
    }
    if !contents["status"].is_object() {
        contents["status"] = json!({});
    }
    if contents["status"].get("privacyStatus").is_none() {
        contents["status"]["privacyStatus"] = json!("public");
    }
    if !audited {
        contents["status"]["privacyStatus"] = json!("private");
    }
    contents
}

impl YouTube {
    pub(super) fn list_videos(&self, ask: &Ask, account: &str, stage: &Stage) -> Answer {
        let now = stage.now();
        let wanted: Vec<&str> = ask.param("id").unwrap_or_default().split(',').collect();
        let parts: Vec<&str> = ask.param("part").unwrap_or_default().split(',').collect();
        let videos = lock(&self.videos);
        let mine = |video: &&Video| {
            wanted.contains(&video.id.as_str()) && video.account == account && !stage.was_taken_down(&video.id)
        };
        let items: Vec<Value> = videos.iter().filter(mine).map(|video| only(video.shown(now), &parts)).collect();
        let info = json!({"totalResults": items.len(), "resultsPerPage": items.len()});
        Answer::json(200, &json!({"kind": "youtube#videoListResponse", "items": items, "pageInfo": info}))
    }

    /// A change of the named parts, which are set whole.
    pub(super) fn update(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let body = ask.json();
        let parts: Vec<&str> = ask.param("part").unwrap_or_default().split(',').collect();
        let audited = lock(&self.knobs).audited;
        let mut videos = lock(&self.videos);
        let id = body["id"].as_str().unwrap_or_default();
        let video = videos.iter_mut().find(|video| video.id == id && video.account == account);
        let video = video.ok_or_else(|| not_found("video"))?;
        if parts.contains(&"snippet") {
            check(body["snippet"]["title"].as_str().unwrap_or_default(), &body)?;
            if body["snippet"].get("categoryId").is_none() {
                let message = "The snippet.categoryId property specifies an invalid category ID.";
                return Err(error(400, "youtube.video", "invalidCategoryId", message));
            }
        }
        let was_visible = video.is_visible();
        for part in ["snippet", "status"].into_iter().filter(|part| parts.contains(part)) {
            video.contents[part] = body[part].clone();
        }
        video.contents = with_defaults(&video.contents, audited);
        match (was_visible, video.is_visible()) {
            (false, true) => video.publish(ask, stage),
            (true, true) => stage.change(&video.id, &video.text(), video.native()),
            (true, false) => {
                stage.delete(&video.id);
            }
            (false, false) => {}
        }
        let answer = Answer::json(200, &only(video.shown(stage.now()), &parts));
        Ok(if !was_visible && video.is_visible() { answer.made(&video.id) } else { answer })
    }
}

/// Only the parts that were asked for.
fn only(mut video: Value, parts: &[&str]) -> Value {
    if let Some(fields) = video.as_object_mut() {
        fields.retain(|name, _| ["kind", "etag", "id"].contains(&name.as_str()) || parts.contains(&name.as_str()));
    }
    video
}

pub(super) fn seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
