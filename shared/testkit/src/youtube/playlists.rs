//! Playlists: the one of a channel's uploads, which lags, and those that people make.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{YouTube, not_found, videos::seconds};
use crate::fake::{Answer, Ask, Stage, lock};

/// A video in a playlist that somebody made.
pub(super) struct Item {
    playlist: String,
    video: String,
    at: Timestamp,
}

impl YouTube {
    /// From now on the list of uploads shows nothing that was made in the last so many seconds.
    pub fn uploads_lag(&self, seconds: u64) {
        self.lag_s.store(seconds, std::sync::atomic::Ordering::SeqCst);
    }

    /// The videos in a playlist that somebody made.
    pub fn playlist(&self, id: &str) -> Vec<String> {
        lock(&self.items).iter().filter(|item| item.playlist == id).map(|item| item.video.clone()).collect()
    }

    pub(super) fn list_items(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let now = stage.now();
        let playlist = ask.param("playlistId").unwrap_or_default();
        let most: usize = ask.param("maxResults").and_then(|most| most.parse().ok()).unwrap_or(5).clamp(1, 50);
        let from: usize = ask.param("pageToken").and_then(|token| token.parse().ok()).unwrap_or_default();
        let mut all: Vec<(String, Timestamp)> = if playlist == format!("UU{account}") {
            let lag = std::time::Duration::from_secs(self.lag_s.load(std::sync::atomic::Ordering::SeqCst));
            let videos = lock(&self.videos);
            let listed = videos.iter().filter(|video| video.account == account && video.made_at + lag <= now);
            listed.rev().map(|video| (video.id.clone(), video.made_at)).collect()
        } else if playlist.starts_with("PL") {
            let items = lock(&self.items);
            items.iter().filter(|item| item.playlist == playlist).map(|item| (item.video.clone(), item.at)).collect()
        } else {
            return Err(not_found("playlist"));
        };
        all.retain(|(video, _)| !stage.was_taken_down(video));
        if let Some(wanted) = ask.param("videoId") {
            all.retain(|(video, _)| video == wanted);
        }
        let shown = |(n, (video, at)): (usize, &(String, Timestamp))| {
            json!({
                "kind": "youtube#playlistItem",
                "id": format!("{playlist}.{n}"),
                "snippet": {"publishedAt": seconds(*at), "playlistId": playlist},
                "contentDetails": {"videoId": video},
            })
        };
        let items: Vec<Value> = all.iter().enumerate().skip(from).take(most).map(shown).collect();
        let mut body = json!({
            "kind": "youtube#playlistItemListResponse",
            "items": items,
            "pageInfo": {"totalResults": all.len(), "resultsPerPage": most},
        });
        if from + most < all.len() {
            body["nextPageToken"] = json!((from + most).to_string());
        }
        Ok(Answer::json(200, &body))
    }

    /// A playlist may hold a video more than once.
    pub(super) fn insert_item(&self, ask: &Ask, account: &str) -> Result<Answer, Answer> {
        let snippet = &ask.json()["snippet"];
        let playlist = snippet["playlistId"].as_str().filter(|id| id.starts_with("PL"));
        let playlist = playlist.ok_or_else(|| not_found("playlist"))?;
        let video = snippet["resourceId"]["videoId"].as_str().unwrap_or_default();
        if !lock(&self.videos).iter().any(|known| known.id == video && known.account == account) {
            return Err(not_found("video"));
        }
        lock(&self.items).push(Item { playlist: playlist.to_owned(), video: video.to_owned(), at: ask.at });
        Ok(Answer::json(200, &json!({"kind": "youtube#playlistItem", "id": "item", "snippet": snippet})))
    }
}
