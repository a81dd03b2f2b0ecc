//! YouTube's Data API v3, from its discovery document, its guides, and what clients saw.
//!
//! An account is NAME with the token [`YouTube::token`] and the refresh token [`YouTube::refresh_token`]; its channel needs no making.
//! Reproduced with care: resumable uploads (sessions that take fewer bytes than were sent, that say how far they are, that are lost),
//! videos that are private until they are made public, that are worked on and may be rejected after all, apps without an audit whose
//! uploads stay private, the project's quotas and the channel's cap, playlists of uploads that lag, thumbnails. Not there: comments,
//! search, captions, live streams, scheduled publication.

mod connect;
mod playlists;
mod uploads;
mod videos;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, atomic::AtomicU64},
    time::Duration,
};

use jiff::Timestamp;
use playlists::Item;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uploads::Session;
use videos::Video;

use crate::{
    fake::{Answer, Ask, Codes, Consent, Limiter, Platform, Stage, lock},
    google::{Access, error},
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SCOPES: &str = "https://www.googleapis.com/auth/youtube https://www.googleapis.com/auth/youtube.upload";

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// How long a renewed access token is good, seconds.
    pub token_life_s: u64,
    /// How long a video is worked on, seconds.
    pub processing_s: u64,
    /// Why videos cannot be used, as `codec`; empty if they can.
    pub fails: String,
    /// Why videos are rejected once they were worked on, as `copyright`; empty if they are not.
    pub rejects: String,
    /// A file that the channel has uploaded before is rejected as a duplicate.
    pub rejects_duplicates: bool,
    /// The app has been audited; without, its uploads stay private.
    pub audited: bool,
    /// The channel may set thumbnails.
    pub verified: bool,
    /// The most bytes that a session takes of one call; 0 takes all.
    pub takes_at_most: u64,
    /// How long a session lasts, seconds.
    pub session_life_s: u64,
    /// Units of the project in a day, for all but uploads.
    pub units_per_day: u64,
    /// Uploads of the project in a day.
    pub inserts_per_day: u64,
    /// Uploads of a channel in a day.
    pub uploads_per_channel: u64,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            token_life_s: 3599,
            processing_s: 0,
            fails: String::new(),
            rejects: String::new(),
            rejects_duplicates: false,
            audited: true,
            verified: true,
            takes_at_most: 0,
            session_life_s: 7 * 24 * 3600,
            units_per_day: 1_000_000,
            inserts_per_day: 1_000_000,
            uploads_per_channel: 1_000_000,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<YouTube>::start()`.
#[derive(Default)]
pub struct YouTube {
    codes: Codes,
    knobs: Mutex<Knobs>,
    access: Access,
    ids: AtomicU64,
    sessions: Mutex<HashMap<String, Session>>,
    videos: Mutex<Vec<Video>>,
    items: Mutex<Vec<Item>>,
    day: Limiter,
    /// How late uploads come into their list, seconds.
    lag_s: AtomicU64,
    without_channel: Mutex<HashSet<String>>,
    suspended: Mutex<HashSet<String>>,
}

impl YouTube {
    /// The app's id and secret.
    pub const CLIENT: (&str, &str) = crate::google::CLIENT;

    /// A token of an account that lasts until it is expired or revoked.
    pub fn token(name: &str) -> String {
        crate::google::token(name)
    }

    /// The refresh token of an account.
    pub fn refresh_token(name: &str) -> String {
        crate::google::refresh_token(name)
    }

    /// The account's person withdraws the app's access.
    pub fn revoke(&self, name: &str) {
        self.access.revoke(name);
    }

    /// The account has granted these scopes only, with spaces between.
    pub fn grant(&self, name: &str, scopes: &str) {
        self.access.grant(name, scopes);
    }

    /// The account has no channel.
    pub fn close_channel(&self, name: &str) {
        lock(&self.without_channel).insert(name.to_owned());
    }

    /// The account's channel is suspended.
    pub fn suspend(&self, name: &str) {
        lock(&self.suspended).insert(name.to_owned());
    }

    /// All sessions are lost, also those that made a video.
    pub fn lose_sessions(&self) {
        lock(&self.sessions).clear();
    }

    /// All videos, private ones too, as their owner sees them.
    pub fn videos(&self, now: Timestamp) -> Vec<Value> {
        lock(&self.videos).iter().map(|video| video.shown(now)).collect()
    }

    /// A person deletes a video.
    pub fn delete_video(&self, id: &str, stage: &Stage) {
        lock(&self.videos).retain(|video| video.id != id);
        stage.delete(id);
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let account = self.access.check(ask).ok_or_else(unauthorized)?;
        if lock(&self.suspended).contains(&account) {
            return Err(error(403, "youtube.video", "authenticatedUserAccountSuspended", "The account is suspended."));
        }
        self.may(ask, &account)?;
        let path = ask.segments();
        match (ask.method.as_str(), path.as_slice()) {
            // The second is the discovery document's.
            (_, ["upload", "youtube", "v3", "videos"] | ["resumable", "upload", "youtube", "v3", "videos"]) => {
                self.upload(ask, &account, stage)
            }
            ("POST", ["upload", "youtube", "v3", "thumbnails", "set"]) => {
                self.pay(ask, 50)?;
                self.set_thumbnail(ask, &account)
            }
            ("GET", ["youtube", "v3", "channels"]) => {
                self.pay(ask, 1)?;
                Ok(self.channels(&account))
            }
            ("GET", ["youtube", "v3", "videos"]) => {
                self.pay(ask, 1)?;
                Ok(self.list_videos(ask, &account, stage))
            }
            ("PUT", ["youtube", "v3", "videos"]) => {
                self.pay(ask, 50)?;
                self.update(ask, &account, stage)
            }
            ("DELETE", ["youtube", "v3", "videos"]) => {
                self.pay(ask, 50)?;
                self.delete_video(ask.param("id").unwrap_or_default(), stage);
                Ok(Answer::text(204, "text/plain", ""))
            }
            ("GET", ["youtube", "v3", "playlistItems"]) => {
                self.pay(ask, 1)?;
                self.list_items(ask, &account, stage)
            }
            ("POST", ["youtube", "v3", "playlistItems"]) => {
                self.pay(ask, 50)?;
                self.insert_item(ask, &account)
            }
            _ => Err(error(404, "global", "notFound", "Not Found")),
        }
    }

    fn may(&self, ask: &Ask, account: &str) -> Result<(), Answer> {
        let any: &[&str] = match ask.path.starts_with("/upload/") {
            true => &["youtube", "youtube.force-ssl", "youtube.upload"],
            false if ask.method == "GET" => &["youtube", "youtube.force-ssl", "youtube.readonly"],
            false => &["youtube", "youtube.force-ssl"],
        };
        if self.access.may(account, SCOPES, any) {
            return Ok(());
        }
        let message = "Request had insufficient authentication scopes.";
        Err(error(403, "global", "insufficientPermissions", message))
    }

    /// Takes units of the project's quota of a day.
    fn pay(&self, ask: &Ask, units: u64) -> Result<(), Answer> {
        let most = lock(&self.knobs).units_per_day;
        if self.day.count("units", units, most, DAY, ask.at).over { Err(over_quota()) } else { Ok(()) }
    }

    fn channels(&self, account: &str) -> Answer {
        let has = !lock(&self.without_channel).contains(account);
        let channel = json!({
            "kind": "youtube#channel",
            "id": format!("UC{account}"),
            "snippet": {"title": account},
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": format!("UU{account}")}},
            "status": {"privacyStatus": "public", "isLinked": true, "longUploadsStatus": "allowed"},
        });
        let items = if has { vec![channel] } else { vec![] };
        Answer::json(200, &json!({"kind": "youtube#channelListResponse", "items": items}))
    }
}

impl Platform for YouTube {
    const NAME: &'static str = "youtube";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    /// Uploads are private at first in any client that is careful; what makes a video public is the change.
    fn publishes(&self, ask: &Ask) -> bool {
        ask.method == "PUT" && ask.path == "/youtube/v3/videos"
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        self.access.owner(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let life_s = lock(&self.knobs).token_life_s;
        if let Some(answer) = self.connect(&ask) {
            return answer;
        }
        if let Some(answer) = self.access.answer(&ask, SCOPES, life_s) {
            return answer;
        }
        self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        error(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded").with("retry-after", seconds)
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

fn unauthorized() -> Answer {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                   authentication credential.";
    error(401, "global", "authError", message).with("www-authenticate", "Bearer realm=\"https://accounts.google.com/\"")
}

fn over_quota() -> Answer {
    let message = "The request cannot be completed because you have exceeded your <a href=\"/youtube/v3/getting-started#quota\">quota</a>.";
    error(403, "youtube.quota", "quotaExceeded", message)
}

fn not_found(what: &str) -> Answer {
    let message = format!("The {what} that you are trying to use cannot be found.");
    error(404, &format!("youtube.{what}"), &format!("{what}NotFound"), &message)
}
