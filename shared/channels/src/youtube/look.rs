//! Looks for our own upload among the channel's, by its mark. Never simply the newest.

use std::time::Duration;

use domain::{Code, Failure, Fix, Scope, Worth};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{LIST, List, WHO, YouTube, failure, mark, receipt, upload::Upload, video::Video};
use crate::{Account, Call, Cut, ListedPost, Wording, listing::Seen};

/// How far YouTube's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: &str = "50";
const MOST_PAGES: usize = 10;

/// The account's channel.
#[derive(Deserialize)]
pub(super) struct Channel {
    #[serde(default)]
    pub snippet: Title,
    #[serde(rename = "contentDetails")]
    details: Details,
}

#[derive(Default, Deserialize)]
pub(super) struct Title {
    #[serde(default)]
    pub title: String,
}

#[derive(Deserialize)]
struct Details {
    #[serde(rename = "relatedPlaylists")]
    playlists: Playlists,
}

#[derive(Deserialize)]
struct Playlists {
    uploads: String,
}

/// An upload in the channel's list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    snippet: Added,
    content_details: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    published_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    video_id: String,
}

impl YouTube {
    pub(super) async fn channel(&self, account: &Account) -> Result<Channel, Failure> {
        let query = [("part", "snippet,contentDetails"), ("mine", "true")];
        let request = self.request(Method::GET, account, "channels")?.query(&query);
        let list: List<Channel> = self.google.ask(WHO, account, request).await?;
        list.items.into_iter().next().ok_or_else(|| {
            let said = "the Google account has no YouTube channel";
            failure(Code::ACCOUNT_RESTRICTED, Worth::AfterFix { fix: Fix::Account }, Scope::Account, WHO, said)
        })
    }

    /// The video that bears our mark, among those uploaded since the session began.
    pub(super) async fn find_upload(&self, call: &Call<'_>, upload: &Upload) -> Result<Option<String>, Failure> {
        let account = call.account;
        let since = upload.begun.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let (playlist, mark) = (self.channel(account).await?.details.playlists.uploads, mark(&call.key(0)));
        let mut page: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let list = self.uploads(account, &playlist, page.as_deref()).await?;
            let young = |item: &&Listed| item.snippet.published_at >= since;
            let ids: Vec<&str> =
                list.items.iter().filter(young).map(|item| item.content_details.video_id.as_str()).collect();
            let videos = self.videos(account, &ids).await?;
            if let Some(ours) = videos.into_iter().find(|video| video.snippet.tags.contains(&mark)) {
                return Ok(Some(ours.id));
            }
            // Newest first, or nearly so: a page without a young one ends it.
            page = list.next.filter(|_| !ids.is_empty());
            if page.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// The channel's uploads since then. Those that only the owner sees have no words to be told apart by: they may not be finished.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        let playlist = self.channel(account).await?.details.playlists.uploads;
        let (mut found, mut page, mut oldest) = (Vec::new(), None::<String>, since);
        for _ in 0..MOST_PAGES {
            let list = self.uploads(account, &playlist, page.as_deref()).await?;
            let young = list.items.iter().filter(|item| item.snippet.published_at >= since);
            let times: Vec<(&str, Timestamp)> =
                young.map(|item| (item.content_details.video_id.as_str(), item.snippet.published_at)).collect();
            let ids: Vec<&str> = times.iter().map(|(id, _)| *id).collect();
            for video in self.videos(account, &ids).await? {
                let at = times.iter().find(|(id, _)| *id == video.id).map_or(Timestamp::MIN, |(_, at)| *at);
                let wording = if video.is_private() { Wording::default() } else { Wording::of(&video.snippet.title) };
                found.push(ListedPost { receipt: receipt(&video.id), at, wording });
            }
            oldest = times.last().map_or(oldest, |(_, at)| *at);
            page = list.next.filter(|_| !times.is_empty());
            if page.is_none() {
                return Ok(Seen::all(found).listing(Some));
            }
        }
        Ok(Seen::cut(found, Cut::Before(oldest)).listing(Some))
    }

    /// A page of the channel's uploads, newest first, or nearly so.
    async fn uploads(&self, account: &Account, playlist: &str, page: Option<&str>) -> Result<List<Listed>, Failure> {
        let query = [("part", "snippet,contentDetails"), ("playlistId", playlist), ("maxResults", PAGE)];
        let mut request = self.request(Method::GET, account, "playlistItems")?.query(&query);
        if let Some(token) = page {
            request = request.query(&[("pageToken", token)]);
        }
        self.google.ask(LIST, account, request).await
    }

    /// These videos, as far as they are there.
    async fn videos(&self, account: &Account, ids: &[&str]) -> Result<Vec<Video>, Failure> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let query = [("part", "snippet,status"), ("id", &ids.join(","))];
        let request = self.request(Method::GET, account, "videos")?.query(&query);
        let list: List<Video> = self.google.ask(LIST, account, request).await?;
        Ok(list.items)
    }
}
