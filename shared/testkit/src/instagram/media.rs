//! Containers and the posts they become.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Instagram, made};
use crate::{
    fake::{Answer, Ask, Draft, Found, Post, Stage, fetch, lock},
    graph::{containers::Container, error, list, page, parameter, stands_alone, time},
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const LONGEST_CAPTION: usize = 2200;

impl Instagram {
    pub(super) async fn make(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let one = |name: &str| parameter(ask, name).filter(|value| !value.is_empty());
        let text = one("caption").unwrap_or_default();
        if text.encode_utf16().count() > LONGEST_CAPTION {
            return Err(error(400, 36004, 2_207_010, "The caption was too long"));
        }
        let children = list(ask, "children");
        let (kind, broken) = match (one("media_type").as_deref(), one("image_url"), one("video_url")) {
            (Some("CAROUSEL"), None, None) => (self.carousel(&children, &account, ask.at)?, None),
            (None | Some("IMAGE"), Some(address), None) => (self.picture(&address).await?, None),
            (Some("REELS" | "VIDEO"), None, Some(address)) => ("VIDEO", self.video(&address).await),
            (Some("REELS" | "VIDEO"), ..) => return Err(error(400, 100, 2_207_023, "The video_url is missing")),
            (Some("CAROUSEL" | "IMAGE") | None, ..) => {
                return Err(error(400, 9004, 2_207_052, "Only photo or video can be accepted as media type."));
            }
            (Some(other), ..) => return Err(error(400, 100, 2_207_023, &format!("Unknown media type {other}"))),
        };
        let knobs = lock(&self.knobs).clone();
        let work = if kind == "VIDEO" { knobs.video_ms } else { knobs.picture_ms };
        let alts: Vec<Value> =
            children.iter().filter_map(|id| self.containers.get(id, &account)).map(|child| child.native).collect();
        let native = json!({
            "media_type": kind,
            "alt_text": one("alt_text"),
            "share_to_feed": one("share_to_feed"),
            "thumb_offset": one("thumb_offset"),
            "children": alts,
        });
        let container = Container {
            child: one("is_carousel_item").as_deref() == Some("true"),
            ready_at: ask.at + Duration::from_millis(work),
            made: ask.at,
            published_at: None,
            account,
            native,
            text,
            broken,
            children,
        };
        Ok(Answer::json(200, &made(&self.containers.add(stage, container))))
    }

    fn carousel(&self, children: &[String], account: &str, now: Timestamp) -> Result<&'static str, Answer> {
        if !(2..=10).contains(&children.len()) {
            return Err(error(
                400,
                100,
                2_207_028,
                "Your post won't work as a carousel. It needs 2 to 10 photos or videos.",
            ));
        }
        for id in children {
            match self.containers.get(id, account).filter(|child| child.child) {
                Some(child) if child.state(now) == "FINISHED" => {}
                Some(child) if child.state(now) == "IN_PROGRESS" => return Err(early()),
                _ => return Err(gone()),
            }
        }
        Ok("CAROUSEL_ALBUM")
    }

    /// A picture is fetched while its container is made.
    async fn picture(&self, address: &str) -> Result<&'static str, Answer> {
        let knobs = lock(&self.knobs).clone();
        match if knobs.fetches { fetch(address).await } else { Found::Jpeg } {
            Found::Jpeg => Ok("IMAGE"),
            Found::Png if knobs.takes_png => Ok("IMAGE"),
            Found::Png => {
                Err(error(400, 36001, 2_207_005, "The image format is not supported. The format should be JPEG."))
            }
            _ => Err(error(
                400,
                9004,
                2_207_052,
                "The media could not be fetched from this URI: only photo or video can be accepted.",
            )),
        }
    }

    /// A video is fetched afterwards: what is wrong with it, its container says.
    async fn video(&self, address: &str) -> Option<String> {
        let fetches = lock(&self.knobs).fetches;
        match if fetches { fetch(address).await } else { Found::Video } {
            Found::Video => None,
            Found::Nothing => Some("Media download has failed with error code 2207077".into()),
            _ => Some("Media upload has failed with error code 2207026".into()),
        }
    }

    pub(super) fn publish(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let id = parameter(ask, "creation_id").unwrap_or_default();
        let container = self.containers.get(&id, &account).filter(|container| !container.child).ok_or_else(gone)?;
        let knobs = lock(&self.knobs).clone();
        let used = container.published_at.is_some();
        match container.state(ask.at) {
            _ if used && knobs.single_use => return Err(gone()),
            "FINISHED" | "PUBLISHED" => {}
            "IN_PROGRESS" => return Err(early()),
            _ => return Err(error(400, -2, 2_207_020, "The media you are trying to access has expired.")),
        }
        if self.used(&account, ask.at) >= knobs.quota {
            let said = "You reached maximum number of posts that is allowed to be published by Content Publishing API.";
            return Err(error(400, 9, 2_207_042, said));
        }
        lock(&self.published).push((account.clone(), ask.at));
        self.containers.published(&id, stage.now() + Duration::from_millis(knobs.ready_after_publish_ms));
        let number = stage.new_id().to_string();
        let url = format!("https://www.instagram.com/p/{number}/");
        let draft = Draft { id: number.clone(), url, account, text: container.text, native: container.native };
        stage.publish(ask, draft);
        Ok(Answer::json(200, &made(&number)).made(&number))
    }

    pub(super) fn list(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        Ok(page(ask, stage, &account, stands_alone, shown))
    }

    /// How much of its quota an account has used up in the last 24 hours.
    pub(super) fn used(&self, account: &str, now: Timestamp) -> u64 {
        lock(&self.published).iter().filter(|(name, at)| name == account && *at + DAY > now).count() as u64
    }
}

/// The shape the API gives a post. Without a caption there is no such field.
pub(super) fn shown(post: &Post) -> Value {
    json!({
        "id": post.id,
        "caption": (!post.text.is_empty()).then_some(&post.text),
        "timestamp": time(post.created_at),
        "permalink": post.url,
        "media_type": post.native["media_type"],
        "username": post.account,
    })
}

fn early() -> Answer {
    error(400, 9007, 2_207_027, "The media is not ready to be published. Please wait a moment.")
}

fn gone() -> Answer {
    error(400, 24, 2_207_008, "The media builder with this creation id does not exist or has been expired.")
}
