//! The account's public posts.

use serde_json::{Value, json};

use super::{TikTok, invalid, success};
use crate::fake::{Answer, Ask, Post, Stage, lock};

const MOST: u64 = 20;

impl TikTok {
    pub(super) fn list(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let fields: Vec<&str> =
            ask.param("fields").unwrap_or_default().split(',').filter(|name| !name.is_empty()).collect();
        if fields.is_empty() {
            return Err(invalid("fields is required"));
        }
        let body = ask.json();
        let most = body["max_count"].as_u64().unwrap_or(10).min(MOST) as usize;
        let before = body["cursor"].as_i64().unwrap_or(i64::MAX);
        let photos = lock(&self.knobs).lists_photos;
        let shown = |post: &Post| {
            let public = post.native["privacy_level"] == "PUBLIC_TO_EVERYONE";
            let (_, moderated) = self.ends(post.created_at);
            let kind = photos || post.native["kind"] == "video";
            public && kind && moderated <= ask.at && post.created_at.as_millisecond() < before
        };
        let posts = stage.listed(account, most + 1, shown);
        let (has_more, posts) = (posts.len() > most, &posts[..posts.len().min(most)]);
        let cursor = posts.last().map_or(0, |post| post.created_at.as_millisecond());
        let videos: Vec<Value> = posts.iter().map(|post| view(post, &fields)).collect();
        Ok(success(&json!({"videos": videos, "cursor": cursor, "has_more": has_more})))
    }
}

fn view(post: &Post, fields: &[&str]) -> Value {
    let all = json!({
        "id": post.id,
        "title": post.text,
        "video_description": post.text,
        "create_time": post.created_at.as_second(),
        "share_url": format!("{}?utm_campaign=tt4d_open_api", post.url),
    });
    fields.iter().filter_map(|name| Some(((*name).to_owned(), all.get(*name)?.clone()))).collect()
}
