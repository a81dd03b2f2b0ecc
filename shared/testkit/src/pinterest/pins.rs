//! Pins.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Pinterest, error, own_board};
use crate::fake::{Answer, Ask, Draft, Found, Post, Stage, fetch, lock};

const LONGEST: [(&str, usize); 4] = [("title", 100), ("description", 800), ("alt_text", 500), ("link", 2048)];

impl Pinterest {
    pub(super) async fn create(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let body = ask.json();
        let board = body["board_id"].as_str().unwrap_or_default();
        if board.is_empty() || !board.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error(400, 1, &format!("'{board}' does not match '^\\\\d+$'")));
        }
        for (name, most) in LONGEST {
            if body[name].as_str().is_some_and(|text| text.encode_utf16().count() > most) {
                return Err(error(400, 1, &format!("{name} is too long (constraint: maxLength={most})")));
            }
        }
        own_board(&account, board)?;
        let kind = self.shows(&body["media_source"], &account, ask).await?;
        let id = stage.new_id().to_string();
        let text = [&body["title"], &body["description"]].map(|text| text.as_str().unwrap_or_default());
        let mut native = body.clone();
        // What was sent may be large.
        native["media_source"] = json!({"source_type": body["media_source"]["source_type"]});
        native["media"] = json!({"media_type": kind});
        let draft = Draft {
            id: id.clone(),
            url: format!("https://www.pinterest.com/pin/{id}/"),
            account,
            text: text.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"),
            native,
        };
        let post = stage.publish(ask, draft);
        Ok(Answer::json(201, &self.shown(&post)).made(&id))
    }

    /// What the source shows, if it can be used.
    async fn shows(&self, source: &Value, account: &str, ask: &Ask) -> Result<&'static str, Answer> {
        let items = source["items"].as_array();
        let several = |items: Option<&Vec<Value>>| match items.map_or(0, Vec::len) {
            2..=5 => Ok(()),
            n => Err(error(400, 1, &format!("{n} items (constraint: minItems=2, maxItems=5)"))),
        };
        match source["source_type"].as_str() {
            Some("image_url") => self.fetches(source).await.map(|()| "image"),
            Some("image_base64") => is_picture(source).map(|()| "image"),
            Some("multiple_image_urls") => {
                several(items)?;
                for item in items.into_iter().flatten() {
                    self.fetches(item).await?;
                }
                Ok("multiple_images")
            }
            Some("multiple_image_base64") => {
                several(items)?;
                items.into_iter().flatten().try_for_each(is_picture)?;
                Ok("multiple_images")
            }
            Some("video_id") => {
                let has_cover = ["cover_image_url", "cover_image_data"].iter().any(|name| source[*name].is_string());
                if !has_cover && !source["cover_image_key_frame_time"].is_number() {
                    return Err(error(400, 1, "cover_image_url or cover_image_content_type is missing"));
                }
                self.uses(source["media_id"].as_str().unwrap_or_default(), account, ask).map(|()| "video")
            }
            _ => Err(error(400, 1, "media_source is missing or of no known type")),
        }
    }

    async fn fetches(&self, item: &Value) -> Result<(), Answer> {
        let address = item["url"].as_str().unwrap_or_default();
        let believed = !lock(&self.knobs).fetches;
        match if believed { Found::Jpeg } else { fetch(address).await } {
            Found::Jpeg | Found::Png => Ok(()),
            Found::Nothing => Err(error(400, 235, "Sorry! We were unable to reach the URL.")),
            _ => Err(error(400, 235, "Sorry, this is no image that we know.")),
        }
    }

    /// A page of pins: newest first, and a bookmark if there are more.
    pub(super) fn list(&self, ask: &Ask, account: &str, stage: &Stage) -> Answer {
        let size = ask.param("page_size").and_then(|size| size.parse().ok()).unwrap_or(25).clamp(1, 250);
        let below = ask.param("bookmark").and_then(|mark| mark.strip_prefix("below-")?.parse::<u64>().ok());
        let number = |post: &Post| post.id.parse::<u64>().unwrap_or_default();
        let mut posts = stage.listed(account, size + 1, |post| below.is_none_or(|bound| number(post) < bound));
        let more = posts.len() > size;
        posts.truncate(size);
        let bookmark = posts.last().filter(|_| more).map(|last| format!("below-{}", last.id));
        let items: Vec<_> = posts.iter().map(|post| self.shown(post)).collect();
        Answer::json(200, &json!({"items": items, "bookmark": bookmark}))
    }

    pub(super) fn show(&self, id: &str, stage: &Stage) -> Result<Answer, Answer> {
        let post = stage.post(id).ok_or_else(|| error(404, 50, "Pin not found."))?;
        Ok(Answer::json(200, &self.shown(&post)))
    }

    fn shown(&self, post: &Post) -> Value {
        let zone = if lock(&self.knobs).zoneless { "" } else { "+00:00" };
        let own = |name: &str| post.native[name].clone();
        json!({
            "id": post.id,
            "created_at": format!("{}{zone}", post.created_at.strftime("%Y-%m-%dT%H:%M:%S")),
            "title": own("title"),
            "description": own("description"),
            "link": own("link"),
            "alt_text": own("alt_text"),
            "board_id": own("board_id"),
            "board_owner": {"username": post.account},
            "is_owner": true,
            "media": own("media"),
            "creative_type": "REGULAR",
        })
    }
}

/// Whether the bytes are a picture of the kind that they are said to be.
fn is_picture(item: &Value) -> Result<(), Answer> {
    let bytes = STANDARD.decode(item["data"].as_str().unwrap_or_default()).unwrap_or_default();
    let kind = match Found::of(&bytes) {
        Found::Jpeg => "image/jpeg",
        Found::Png => "image/png",
        _ => "",
    };
    match item["content_type"].as_str() {
        Some(said) if said == kind => Ok(()),
        _ => Err(error(400, 1, "The image does not match its content_type (constraint: image/jpeg, image/png)")),
    }
}
