//! What goes with a video and is no part of it: its thumbnail and its place in a playlist. Both are done before it is public. One that
//! YouTube refuses is left out: the video goes out without it.

use domain::{Code, Failure, Media, Worth};
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{List, PLAYLIST, PLAYLIST_DONE, THUMBNAIL, THUMBNAIL_DONE, YouTube};
use crate::{Account, Call, Takes, article::option};

const DONE: &str = "done";
const TAKES: &[Takes] = &[Takes::new(&["image/jpeg", "image/png"], 2 * 1024 * 1024)];
/// So many tries are worth waiting for; after them the video goes out without.
const TRIES: u16 = 3;

impl YouTube {
    /// Gives the video what the post asks for, each thing once.
    pub(super) async fn dress(&self, call: &mut Call<'_>, id: &str) -> Result<(), Failure> {
        let (draft, account) = (call.draft, call.account);
        let thumbnail = draft.0.settings.get("thumbnail").filter(|address| !address.is_empty());
        if let Some(address) = thumbnail.filter(|_| call.handle(THUMBNAIL_DONE).is_none()) {
            let done = self.set_thumbnail(call, id, address).await;
            settle(call, THUMBNAIL_DONE, done).await?;
        }
        let playlist = option(draft, account, "playlist").filter(|_| call.handle(PLAYLIST_DONE).is_none());
        if let Some(playlist) = playlist {
            let done = self.add_to_playlist(account, id, playlist).await;
            settle(call, PLAYLIST_DONE, done).await?;
        }
        Ok(())
    }

    async fn set_thumbnail(&self, call: &mut Call<'_>, id: &str, address: &str) -> Result<(), Failure> {
        let (account, media) = (call.account, Media { url: address.to_owned(), alt: None });
        let file = self.google.http.media().open(call, &media, TAKES).await?;
        let path = format!("upload/youtube/{}/thumbnails/set", self.google.version(account));
        let request = self
            .google
            .request(Method::POST, account, &path)?
            .query(&[("videoId", id), ("uploadType", "media")])
            .header(header::CONTENT_TYPE, file.kind.mime)
            .body(file.body());
        self.google.ask::<Value>(THUMBNAIL, account, request).await.map(|_| ())
    }

    /// A playlist may hold a video twice, so it is asked first.
    async fn add_to_playlist(&self, account: &Account, id: &str, playlist: &str) -> Result<(), Failure> {
        let query = [("part", "id"), ("playlistId", playlist), ("videoId", id)];
        let request = self.request(Method::GET, account, "playlistItems")?.query(&query);
        let list: List<Value> = self.google.ask(PLAYLIST, account, request).await?;
        if !list.items.is_empty() {
            return Ok(());
        }
        let video = json!({ "kind": "youtube#video", "videoId": id });
        let body = json!({ "snippet": { "playlistId": playlist, "resourceId": video } });
        let request = self.request(Method::POST, account, "playlistItems")?.query(&[("part", "snippet")]).json(&body);
        self.google.ask::<Value>(PLAYLIST, account, request).await.map(|_| ())
    }
}

/// Remembers what became of it. What may pass is tried again, but not for ever: the video matters more.
async fn settle(call: &mut Call<'_>, handle: &str, done: Result<(), Failure>) -> Result<(), Failure> {
    let note = match done {
        Ok(()) => DONE.to_owned(),
        Err(failure) => {
            let passes = matches!(failure.worth, Worth::Retry { .. }) && call.target.tries <= TRIES;
            let dead = matches!(failure.code, Code::TOKEN_EXPIRED | Code::TOKEN_REVOKED | Code::APP_MISCONFIGURED);
            if passes || failure.is_rate_limit() || dead {
                return Err(failure);
            }
            tracing::warn!(target.id = %call.target.id, what = handle, code = %failure.code, said = failure.said.text,
                "the video goes out without it");
            format!("left out: {} {}", failure.code, failure.said.text)
        }
    };
    call.keep(handle, &note).await
}
