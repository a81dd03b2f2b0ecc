//! What became of a post, by its publish id. Accepted is not published: TikTok decides later.

use std::time::Duration;

use domain::{Code, Failure, Finding, Fix, PlatformWords, Receipt, Scope, Worth};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AGAIN, STATUS, TikTok, failure, once_there_is_room, upload::Upload};
use crate::{Account, Mark};

/// How long a public post's id is waited for. It comes with the end of the moderation: within a minute most often.
const ID_WITHIN: Duration = Duration::from_secs(3600);

/// How far TikTok is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has so many bytes of a video.
    Uploading(Option<u64>),
    /// It works on it, or waits for the creator.
    Working,
    /// It is out; the post's id, if it has one.
    Complete(Option<String>),
    /// It is not, and why.
    Failed(String),
}

#[derive(Deserialize)]
pub(super) struct Told {
    status: String,
    fail_reason: Option<String>,
    uploaded_bytes: Option<u64>,
    /// Written so by TikTok.
    #[serde(default)]
    publicaly_available_post_id: Vec<Value>,
}

impl From<Told> for Progress {
    fn from(told: Told) -> Self {
        let id = told.publicaly_available_post_id.first().and_then(|id| match id {
            Value::Number(id) => Some(id.to_string()),
            Value::String(id) => Some(id.clone()),
            _ => None,
        });
        match told.status.as_str() {
            "PROCESSING_UPLOAD" => Progress::Uploading(told.uploaded_bytes),
            "PUBLISH_COMPLETE" => Progress::Complete(id.filter(|id| !id.trim().is_empty())),
            "FAILED" => Progress::Failed(told.fail_reason.unwrap_or_default()),
            // Also a draft in the creator's inbox, which we never ask for and which is no post.
            _ => Progress::Working,
        }
    }
}

impl Progress {
    /// The proof that it is out. A post that not everybody may see never gets an id of its own; the publish id stands for it then.
    pub(super) fn receipt(&self, upload: &Upload, now: Timestamp) -> Option<Receipt> {
        let Progress::Complete(id) = self else { return None };
        if let Some(id) = id {
            let kind = if upload.is_video() { "video" } else { "photo" };
            let url = format!("https://www.tiktok.com/@{}/{kind}/{id}", upload.creator);
            return Some(Receipt { id: id.clone(), url: Some(url) });
        }
        let waited = upload.begun.checked_add(ID_WITHIN).is_ok_and(|until| until <= now);
        (!upload.public || waited).then(|| Receipt { id: upload.id.clone(), url: None })
    }
}

impl TikTok {
    pub(super) async fn progress(&self, account: &Account, upload: &Upload) -> Result<Progress, Failure> {
        let request = self.request(account, "post/publish/status/fetch/")?;
        let told: Told = self.free(STATUS, account, request.json(&json!({ "publish_id": upload.id }))).await?;
        Ok(told.into())
    }

    /// What a publish id tells of a call whose outcome is not known.
    pub(super) async fn find_by_id(&self, mark: &Mark<'_>, upload: &Upload) -> Result<Finding, Failure> {
        let cannot_tell = |why: &str| Ok(Finding::CannotTell(why.into()));
        let progress = match self.progress(mark.account, upload).await {
            Err(failure) if failure.code == Code::REFERENCE_GONE => {
                return cannot_tell("TikTok does not know the publish id any more");
            }
            progress => progress?,
        };
        if let Some(receipt) = progress.receipt(upload, self.now()) {
            return Ok(Finding::Found(receipt));
        }
        match progress {
            Progress::Failed(_) => Ok(Finding::Absent),
            // Without its last byte nothing goes out.
            Progress::Uploading(Some(have)) if upload.is_short_of(Some(have)) => Ok(Finding::Absent),
            Progress::Complete(_) => cannot_tell("it is complete, and TikTok's moderation has not let it out yet"),
            Progress::Uploading(_) | Progress::Working => cannot_tell("TikTok has it all and still works on it"),
        }
    }
}

/// What a `fail_reason` that was told at `at` means. Nothing is out.
pub(super) fn verdict(reason: &str, at: Timestamp) -> Failure {
    let content = Worth::AfterFix { fix: Fix::Content };
    let (code, worth, scope, words) = match reason {
        "file_format_check_failed" => {
            (Code::MEDIA_REFUSED, content, Scope::Post, "TikTok does not take files of this kind")
        }
        "duration_check_failed" => {
            (Code::MEDIA_REFUSED, content, Scope::Post, "the video is too short, or longer than this creator may post")
        }
        "frame_rate_check_failed" => {
            (Code::MEDIA_REFUSED, content, Scope::Post, "the video must have 23 to 60 frames a second")
        }
        "picture_size_check_failed" => (
            Code::MEDIA_REFUSED,
            content,
            Scope::Post,
            "its width or height does not fit: a video takes 360 to 4096 pixels a side, a picture at most 1080p",
        ),
        "video_pull_failed" | "photo_pull_failed" => {
            (Code::MEDIA_UNREACHABLE, AGAIN, Scope::Post, "TikTok could not fetch the file from its address")
        }
        "publish_cancelled" => (Code::CONTENT_REFUSED, Worth::Never, Scope::Post, "the publishing was cancelled"),
        "auth_removed" => (
            Code::TOKEN_REVOKED,
            Worth::AfterFix { fix: Fix::Reconnect },
            Scope::Account,
            "the creator has taken the app's permission away",
        ),
        "internal" => (Code::OUT_OF_ORDER, AGAIN, Scope::Channel, "TikTok failed at it by itself"),
        "spam_risk_too_many_posts" => (
            Code::RATE_LIMITED_ACCOUNT,
            AGAIN,
            Scope::Account,
            "the creator has posted as often as TikTok allows in 24 hours",
        ),
        "spam_risk_user_banned_from_posting" => (
            Code::ACCOUNT_RESTRICTED,
            Worth::AfterFix { fix: Fix::Account },
            Scope::Account,
            "TikTok has banned the creator from posting",
        ),
        "spam_risk_text" => (Code::CONTENT_REFUSED, content, Scope::Post, "TikTok takes the text for spam"),
        "spam_risk" => (Code::CONTENT_REFUSED, content, Scope::Post, "TikTok takes the post for spam"),
        _ => (Code::CONTENT_REFUSED, Worth::Never, Scope::Post, "TikTok has refused the post after it took it"),
    };
    let said = PlatformWords {
        code: Some(reason.chars().take(100).collect()).filter(|reason: &String| !reason.is_empty()),
        ..PlatformWords::text(format!("{words}; nothing was published"))
    };
    once_there_is_room(Failure { scope, said, ..failure(code, STATUS, worth, "") }, at)
}
