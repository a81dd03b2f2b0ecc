//! A video as YouTube describes it, and what that means.

use domain::{Code, Failure, Fix, PlatformWords, Scope, Worth};
use serde::Deserialize;

use super::{SHOW, failure};
use crate::Answer;

/// What we read of a video.
#[derive(Debug, Deserialize)]
pub(super) struct Video {
    pub id: String,
    #[serde(default)]
    pub snippet: Snippet,
    status: Status,
    #[serde(default, rename = "processingDetails")]
    processing: Processing,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Snippet {
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub tags: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    upload_status: Upload,
    privacy_status: String,
    failure_reason: Option<String>,
    rejection_reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Upload {
    Uploaded,
    Processed,
    Failed,
    Rejected,
    Deleted,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Processing {
    #[serde(default)]
    processing_status: String,
    processing_failure_reason: Option<String>,
}

/// How far a video is that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As it is to be, and done with.
    Out,
    /// As it is to be, and YouTube still works on it.
    Working,
    /// Not made public yet.
    Hidden,
}

impl Video {
    /// Only its owner sees it.
    pub(super) fn is_private(&self) -> bool {
        self.status.privacy_status == "private"
    }

    /// How far it is on its way to `wanted`; as long as it bears our mark it has not got there.
    ///
    /// # Errors
    /// YouTube has refused it, with the reason.
    pub(super) fn state(&self, wanted: &str, mark: &str) -> Result<State, Failure> {
        let status = &self.status;
        match status.upload_status {
            Upload::Failed => return Err(unusable(status.failure_reason.as_deref())),
            Upload::Rejected => return Err(rejected(status.rejection_reason.as_deref())),
            Upload::Deleted => return Err(gone()),
            Upload::Uploaded if matches!(self.processing.processing_status.as_str(), "failed" | "terminated") => {
                return Err(unusable(self.processing.processing_failure_reason.as_deref()));
            }
            Upload::Uploaded | Upload::Processed => {}
        }
        let arrived = status.privacy_status == wanted && self.snippet.tags.iter().all(|tag| tag != mark);
        Ok(match (arrived, status.upload_status) {
            (false, _) => State::Hidden,
            (true, Upload::Processed) => State::Out,
            (true, _) => State::Working,
        })
    }
}

/// The video in the answer to a change; without its id and its state the answer proves nothing.
pub(super) fn changed(answer: &Answer, id: &str) -> Option<Video> {
    answer.json().filter(|video: &Video| answer.is_success() && video.id == id)
}

/// The id in the answer to the last byte.
pub(super) fn made(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Made {
        id: String,
    }
    let made: Option<Made> = answer.json().filter(|_| answer.is_success());
    made.map(|made| made.id).filter(|id| !id.trim().is_empty())
}

fn unusable(reason: Option<&str>) -> Failure {
    let said = format!("YouTube cannot use the file: {}", reason.unwrap_or("it does not say why"));
    coded(reason.unwrap_or("failed"), failure(Code::MEDIA_REFUSED, Worth::Never, Scope::Post, SHOW, said))
}

/// With YouTube's own word for it: it was YouTube that refused.
fn coded(code: &str, failure: Failure) -> Failure {
    let said = PlatformWords { code: Some(code.chars().take(100).collect()), ..failure.said };
    Failure { said, ..failure }
}

fn rejected(reason: Option<&str>) -> Failure {
    let reason = reason.unwrap_or("no reason given");
    let said = format!("YouTube has rejected the video: {reason}");
    match reason {
        "uploaderAccountClosed" | "uploaderAccountSuspended" => {
            failure(Code::ACCOUNT_RESTRICTED, Worth::AfterFix { fix: Fix::Account }, Scope::Account, SHOW, said)
        }
        "duplicate" => failure(Code::DUPLICATE_REFUSED, Worth::Never, Scope::Post, SHOW, said),
        "length" => coded(reason, failure(Code::MEDIA_REFUSED, Worth::Never, Scope::Post, SHOW, said)),
        _ => failure(Code::CONTENT_REFUSED, Worth::Never, Scope::Post, SHOW, said),
    }
}

pub(super) fn gone() -> Failure {
    failure(Code::REFERENCE_GONE, Worth::Never, Scope::Post, SHOW, "the video was deleted from the channel")
}

/// YouTube takes a change to public, and leaves the video private: that is how it treats the uploads of apps without an audit.
pub(super) fn locked(step: &str) -> Failure {
    let said = "YouTube has left the video private. It locks the uploads of apps that it has not audited: apply for the audit of \
                your API project. If the project is audited, look in YouTube Studio why this video is locked";
    failure(Code::APP_MISCONFIGURED, Worth::AfterFix { fix: Fix::Setup }, Scope::App, step, said)
}

pub(super) fn not_known_yet() -> Failure {
    let said = "YouTube does not know the new video yet";
    failure(Code::MEDIA_NOT_READY, Worth::Retry { not_before: None }, Scope::Post, SHOW, said)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::words::tests::answer;

    fn state(status: Value, processing: Value, tags: Value) -> Result<State, Code> {
        let video = json!({"id": "v", "status": status, "processingDetails": processing, "snippet": {"tags": tags}});
        let video: Video = serde_json::from_value(video).unwrap();
        video.state("public", "mark").map_err(|failure| failure.code)
    }

    fn status(upload: &str, privacy: &str) -> Value {
        json!({"uploadStatus": upload, "privacyStatus": privacy})
    }

    #[test]
    fn m17_accepted_is_not_published() {
        let plain = |upload, privacy| state(status(upload, privacy), json!({}), json!(["a"]));
        assert_eq!(plain("processed", "public"), Ok(State::Out));
        assert_eq!(plain("uploaded", "public"), Ok(State::Working));
        assert_eq!(plain("processed", "private"), Ok(State::Hidden));
        assert_eq!(plain("deleted", "public"), Err(Code::REFERENCE_GONE));
        assert_eq!(state(status("processed", "public"), json!({}), json!(["a", "mark"])), Ok(State::Hidden));
    }

    #[test]
    fn x03_whatever_field_says_that_it_failed_counts() {
        let working = json!({"processingStatus": "failed", "processingFailureReason": "transcodeFailed"});
        assert_eq!(state(status("uploaded", "public"), working, json!([])), Err(Code::MEDIA_REFUSED));
        let ended = json!({"processingStatus": "terminated"});
        assert_eq!(state(status("uploaded", "public"), ended, json!([])), Err(Code::MEDIA_REFUSED));
        let failed = json!({"uploadStatus": "failed", "privacyStatus": "public", "failureReason": "codec"});
        assert_eq!(state(failed, json!({}), json!([])), Err(Code::MEDIA_REFUSED));
    }

    #[test]
    fn e07_every_reason_of_a_rejection_is_a_failure_of_its_kind() {
        for (reason, code, scope) in [
            ("duplicate", Code::DUPLICATE_REFUSED, Scope::Post),
            ("length", Code::MEDIA_REFUSED, Scope::Post),
            ("copyright", Code::CONTENT_REFUSED, Scope::Post),
            ("inappropriate", Code::CONTENT_REFUSED, Scope::Post),
            ("whatever comes", Code::CONTENT_REFUSED, Scope::Post),
            ("uploaderAccountSuspended", Code::ACCOUNT_RESTRICTED, Scope::Account),
        ] {
            let failure = rejected(Some(reason));
            assert_eq!((failure.code, failure.scope), (code, scope), "{reason}");
            assert!(failure.said.text.ends_with(reason));
        }
    }

    #[test]
    fn o10_an_answer_without_our_video_or_without_its_state_proves_nothing() {
        let changed = |body: &str| changed(&answer(true, 200, &[], body), "v").is_some();
        assert!(changed(r#"{"id":"v","status":{"uploadStatus":"uploaded","privacyStatus":"public"}}"#));
        for body in [
            r#"{"id":"w","status":{"uploadStatus":"uploaded","privacyStatus":"public"}}"#,
            r#"{"status":{"uploadStatus":"uploaded","privacyStatus":"public"}}"#,
            r#"{"id":"v","status":{"uploadStatus":"pondering","privacyStatus":"public"}}"#,
            r#"{"id":"v"}"#,
            "<html>",
        ] {
            assert!(!changed(body), "{body}");
        }
        assert_eq!(made(&answer(false, 200, &[], r#"{"id":" "}"#)), None);
    }
}
