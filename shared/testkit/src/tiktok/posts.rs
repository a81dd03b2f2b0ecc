//! What is being published: from the request for it to its end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{DAY, TikTok, invalid, refusal, success};
use crate::fake::{Answer, Ask, Draft, Limiter, Stage, lock};

const LONGEST_CAPTION: usize = 2200;

/// One publication, by its publish id.
#[derive(Clone)]
pub(super) struct Publication {
    pub account: String,
    /// What was asked for.
    pub info: Value,
    pub kind: Kind,
    /// The last byte is there, or the pictures were asked for: from then on it goes out by itself.
    pub whole_at: Option<Timestamp>,
    /// The post that it became; none if it fails.
    pub post: Option<String>,
    /// What is wrong with it.
    pub fails_with: String,
}

/// By which way it came.
#[derive(Clone)]
pub(super) enum Kind {
    Video { total: u64, chunk: u64, chunks: u64, have: u64, until: Timestamp, token: String },
    Photos,
}

impl Publication {
    /// Its upload's address stops working.
    pub(super) fn end(&mut self) {
        if let Kind::Video { until, .. } = &mut self.kind {
            *until = Timestamp::MIN;
        }
    }

    pub(super) fn is_public(&self) -> bool {
        self.info["privacy_level"] == "PUBLIC_TO_EVERYONE"
    }
}

impl TikTok {
    /// What the creator may do now, or why nothing.
    pub(super) fn creator(&self, account: &str, ask: &Ask) -> Result<Answer, Answer> {
        self.check_caps(account, ask, 0)?;
        let knobs = lock(&self.knobs).clone();
        Ok(success(&json!({
            "creator_avatar_url": "https://p16.tiktok.test/avatar.webp",
            "creator_username": account,
            "creator_nickname": account,
            "privacy_level_options": audiences(knobs.private_accounts),
            "comment_disabled": knobs.comments_disabled,
            "duet_disabled": false,
            "stitch_disabled": false,
            "max_video_post_duration_sec": knobs.longest_video_s,
        })))
    }

    /// Whether the creator may post now; with a `cost` of 1 it is counted as posting.
    fn check_caps(&self, account: &str, ask: &Ask, cost: u64) -> Result<(), Answer> {
        let (posts, creators) = {
            let knobs = lock(&self.knobs);
            (knobs.posts_per_day, knobs.creators_per_day)
        };
        let is_full = |limiter: &Limiter, who: &str, most: u64| {
            let standing = limiter.count(who, cost, most, DAY, ask.at);
            standing.over || (cost == 0 && standing.remaining == 0)
        };
        let posts_today = self.days.count(account, 0, posts, DAY, ask.at);
        if posts_today.remaining == posts && is_full(&self.creators, "", creators) {
            let message = "The daily quota of active publishing users from your client is reached.";
            return Err(refusal(403, "reached_active_user_cap", message));
        }
        if is_full(&self.days, account, posts) {
            let message = "The daily post cap from the API is reached for the current user.";
            return Err(refusal(403, "spam_risk_too_many_posts", message));
        }
        Ok(())
    }

    /// What both ways of posting look at first.
    pub(super) fn check_post(&self, account: &str, ask: &Ask, body: &Value) -> Result<(), Answer> {
        let knobs = lock(&self.knobs).clone();
        let info = &body["post_info"];
        let level = info["privacy_level"].as_str().ok_or_else(|| invalid("privacy_level is required"))?;
        if !knobs.audited && (level != "SELF_ONLY" || !knobs.private_accounts) {
            let message =
                "Please review our integration guidelines: unaudited clients can only post to private accounts.";
            return Err(refusal(403, "unaudited_client_can_only_post_to_private_accounts", message));
        }
        if !audiences(knobs.private_accounts).contains(&level) {
            let message = "privacy_level is not among the options from the creator_info API";
            return Err(refusal(403, "privacy_level_option_mismatch", message));
        }
        let branded = info["brand_content_toggle"].as_bool().unwrap_or_default();
        if branded && level == "SELF_ONLY" {
            return Err(invalid("branded content cannot be private"));
        }
        if units(&info["title"]) > LONGEST_CAPTION {
            return Err(invalid("title is too long"));
        }
        self.check_caps(account, ask, 1)
    }

    /// It goes out by itself, unless something is wrong with it.
    pub(super) fn whole(&self, ask: &Ask, publication: &mut Publication, stage: &Stage) -> Option<String> {
        publication.whole_at = Some(ask.at);
        if !publication.fails_with.is_empty() {
            return None;
        }
        let (kind, text) = match publication.kind {
            Kind::Video { .. } => ("video", &publication.info["title"]),
            Kind::Photos => ("photo", &publication.info["description"]),
        };
        let (id, account) = (stage.new_id().to_string(), publication.account.clone());
        let mut native = publication.info.clone();
        native["kind"] = json!(kind);
        let url = format!("https://www.tiktok.com/@{account}/{kind}/{id}");
        let text = text.as_str().unwrap_or_default().to_owned();
        stage.publish(ask, Draft { id: id.clone(), url, account, text, native });
        publication.post = Some(id.clone());
        Some(id)
    }

    /// When the work on it is done, and when the moderation is.
    pub(super) fn ends(&self, whole_at: Timestamp) -> (Timestamp, Timestamp) {
        let knobs = lock(&self.knobs);
        let done = whole_at + Duration::from_millis(knobs.processing_ms);
        (done, done + Duration::from_millis(knobs.moderation_ms))
    }
}

/// To whom a creator may show posts.
fn audiences(private: bool) -> [&'static str; 3] {
    match private {
        true => ["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
        false => ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
    }
}

/// The length of a text as TikTok counts.
pub(super) fn units(text: &Value) -> usize {
    text.as_str().unwrap_or_default().encode_utf16().count()
}
