//! Containers and the posts they become.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Threads, text};
use crate::{
    fake::{Answer, Ask, Draft, Found, Post, Stage, fetch, lock},
    graph::{containers::Container, error, list as values, page, parameter, time, unsupported},
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const LONGEST_TEXT: usize = 500;
const MOST_LINKS: usize = 5;

impl Threads {
    pub(super) async fn make(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let one = |name: &str| parameter(ask, name).filter(|value| !value.is_empty());
        let said = one("text").unwrap_or_default();
        if text::length(&said) > LONGEST_TEXT {
            return Err(error(400, 100, 0, "Param text must be at most 500 characters long."));
        }
        if text::links(&said) > MOST_LINKS {
            return Err(error(400, 100, 0, "THREADS_API__LINK_LIMIT_EXCEEDED"));
        }
        let reply_to = one("reply_to_id");
        if let Some(id) = reply_to.as_ref().filter(|id| stage.post(id).is_none()) {
            return Err(unsupported(&ask.method, id));
        }
        let children = values(ask, "children");
        let (kind, broken) = match (one("media_type").as_deref(), one("image_url"), one("video_url")) {
            (Some("TEXT"), None, None) if !said.trim().is_empty() => ("TEXT_POST", None),
            (Some("IMAGE"), Some(address), None) => (self.picture(&address).await?, None),
            (Some("VIDEO"), None, Some(address)) => ("VIDEO", self.video(&address).await),
            (Some("CAROUSEL"), None, None) => (self.carousel(&children, &account, ask.at)?, None),
            _ => return Err(error(400, 100, 0, "The media_type does not fit what was given")),
        };
        let knobs = lock(&self.knobs).clone();
        let work = if kind == "VIDEO" { knobs.video_ms } else { knobs.picture_ms };
        let shown: Vec<Value> =
            children.iter().filter_map(|id| self.containers.get(id, &account)).map(|child| child.native).collect();
        let native = json!({
            "media_type": kind,
            "alt_text": one("alt_text"),
            "reply_control": one("reply_control"),
            "topic_tag": one("topic_tag"),
            "reply_to_id": reply_to,
            "children": shown,
        });
        let container = Container {
            child: one("is_carousel_item").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            ready_at: ask.at + Duration::from_millis(work),
            made: ask.at,
            published_at: None,
            text: said,
            account,
            native,
            broken,
            children,
        };
        Ok(Answer::json(200, &json!({"id": self.containers.add(stage, container)})))
    }

    fn carousel(&self, children: &[String], account: &str, now: Timestamp) -> Result<&'static str, Answer> {
        if !(2..=20).contains(&children.len()) {
            return Err(error(400, 100, 0, "A carousel must have 2 to 20 children"));
        }
        for id in children {
            let child = self.containers.get(id, account).filter(|child| child.child).ok_or_else(not_found)?;
            if child.state(now) != "FINISHED" {
                return Err(error(400, 100, 0, "The children of a carousel must be finished"));
            }
        }
        Ok("CAROUSEL_ALBUM")
    }

    async fn picture(&self, address: &str) -> Result<&'static str, Answer> {
        let fetches = lock(&self.knobs).fetches;
        match if fetches { fetch(address).await } else { Found::Jpeg } {
            Found::Jpeg | Found::Png => Ok("IMAGE"),
            _ => Err(error(400, -1, 2_207_052, "The media could not be fetched from this URI")),
        }
    }

    async fn video(&self, address: &str) -> Option<String> {
        let fetches = lock(&self.knobs).fetches;
        match if fetches { fetch(address).await } else { Found::Video } {
            Found::Video => None,
            Found::Nothing => Some("FAILED_DOWNLOADING_VIDEO".into()),
            _ => Some("INVALID_FRAME_RATE".into()),
        }
    }

    pub(super) fn publish(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let id = parameter(ask, "creation_id").unwrap_or_default();
        let container =
            self.containers.get(&id, &account).filter(|container| !container.child).ok_or_else(not_found)?;
        let knobs = lock(&self.knobs).clone();
        let used = container.published_at.is_some();
        if ask.at < container.made + Duration::from_millis(knobs.unknown_ms) || (used && knobs.single_use) {
            return Err(not_found());
        }
        if !matches!(container.state(ask.at), "FINISHED" | "PUBLISHED") {
            return Err(error(400, 9007, 2_207_027, "The media is not ready to be published. Please wait a moment."));
        }
        let answers = !container.native["reply_to_id"].is_null();
        let quota = if answers { knobs.reply_quota } else { knobs.quota };
        if self.used(&account, answers, ask.at) >= quota {
            let said = "You reached maximum number of posts that is allowed to be published by the API.";
            return Err(error(400, 9, 0, said));
        }
        lock(&self.published).push((account.clone(), answers, ask.at));
        self.containers.published(&id, stage.now() + Duration::from_millis(knobs.ready_after_publish_ms));
        let number = stage.new_id().to_string();
        let url = format!("https://www.threads.com/@{account}/post/{number}");
        // White space around a text is dropped.
        let said = container.text.trim().to_owned();
        stage.publish(ask, Draft { id: number.clone(), url, account, text: said, native: container.native });
        Ok(Answer::json(200, &json!({"id": number})).made(&number))
    }

    /// How much of its quota an account has used up in the last 24 hours.
    pub(super) fn used(&self, account: &str, answers: bool, now: Timestamp) -> u64 {
        let published = lock(&self.published);
        let counts =
            |(name, answer, at): &&(String, bool, Timestamp)| name == account && *answer == answers && *at + DAY > now;
        published.iter().filter(counts).count() as u64
    }

    /// The account's posts, or its answers.
    pub(super) fn list(&self, ask: &Ask, account: &str, stage: &Stage, answers: bool) -> Answer {
        let mut hidden = ask.clone();
        if !lock(&self.knobs).says_replied_to {
            for (_, value) in hidden.query.iter_mut().filter(|(name, _)| name == "fields") {
                *value = value.replace("replied_to", "");
            }
        }
        page(&hidden, stage, account, |post| post.native["reply_to_id"].is_null() != answers, shown)
    }
}

/// The shape the API gives a post. Without a text there is no such field.
pub(super) fn shown(post: &Post) -> Value {
    let replied_to = post.native["reply_to_id"].as_str().map(|id| json!({"id": id}));
    json!({
        "id": post.id,
        "text": (!post.text.is_empty()).then_some(&post.text),
        "timestamp": time(post.created_at),
        "permalink": post.url,
        "media_type": post.native["media_type"],
        "username": post.account,
        "replied_to": replied_to,
    })
}

/// Of a container that is not known, not yet known, or used up; a moment later it may be.
fn not_found() -> Answer {
    error(400, 24, 4_279_009, "The requested resource does not exist")
}
