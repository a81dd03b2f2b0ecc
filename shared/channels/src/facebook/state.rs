//! How far a video is, as Facebook says.

use serde::Deserialize;
use serde_json::Value;

use super::post;
use crate::Answer;
use domain::Receipt;

/// How far a video is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Bytes are missing from here on.
    Uploading(u64),
    /// Facebook works on it. Whether it has been told to publish it may not show yet.
    Working,
    /// Nothing is missing, and it is not published: nobody has told Facebook to.
    Unpublished,
    /// It is out.
    Out(Receipt),
    /// It is said to be published, though its publishing is said not to have begun. Nobody has confirmed what that flag says of a
    /// video that Facebook was never told to publish.
    Flagged(Receipt),
    /// Facebook cannot use it, and says why.
    Broken(String),
}

#[derive(Deserialize)]
struct Shown {
    published: Option<bool>,
    permalink_url: Option<String>,
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    video_status: String,
    #[serde(default)]
    uploading_phase: Phase,
    #[serde(default)]
    processing_phase: Phase,
    #[serde(default)]
    publishing_phase: Phase,
}

#[derive(Default, Deserialize)]
struct Phase {
    #[serde(default)]
    status: String,
    // Spelt either way in Facebook's own pages.
    #[serde(alias = "bytes_transfered")]
    bytes_transferred: Option<u64>,
    #[serde(alias = "errors")]
    error: Option<Value>,
}

impl Phase {
    fn has_begun(&self) -> bool {
        matches!(self.status.as_str(), "in_progress" | "complete")
    }

    fn why(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        let error = error.get(0).unwrap_or(error);
        error["message"].as_str().map(str::to_owned)
    }
}

/// Reads what an answer says of the video of this id; `None` if it says nothing of it.
pub(super) fn read(id: &str, answer: &Answer) -> Option<State> {
    let Shown { published, permalink_url, status } = answer.json().filter(|_| answer.is_success())?;
    let phases = [&status.uploading_phase, &status.processing_phase, &status.publishing_phase];
    if matches!(status.video_status.as_str(), "error" | "expired") || phases.iter().any(|phase| phase.status == "error")
    {
        let why = phases.iter().find_map(|phase| phase.why());
        return Some(State::Broken(why.unwrap_or_else(|| "it does not say why".into())));
    }
    let (flagged, phase) = (published == Some(true), &status.publishing_phase);
    let taken = phase.has_begun() || (flagged && phase.status.is_empty());
    let proof = || post::proof(id.to_owned(), permalink_url);
    Some(match status.video_status.as_str() {
        "ready" if taken => State::Out(proof()),
        "ready" if flagged => State::Flagged(proof()),
        "ready" | "upload_complete" if !taken => State::Unpublished,
        _ if status.uploading_phase.status == "in_progress" || status.video_status == "uploading" => {
            State::Uploading(status.uploading_phase.bytes_transferred.unwrap_or_default())
        }
        _ => State::Working,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::tests::answer;

    fn state(body: Value) -> Option<State> {
        read("17", &answer(false, 200, &[], &body.to_string()))
    }

    fn video(status: &str, uploading: &str, processing: &str, publishing: &str) -> Value {
        let phase = |status: &str| json!({ "status": status });
        json!({ "id": "17", "status": {
            "video_status": status, "uploading_phase": phase(uploading), "processing_phase": phase(processing),
            "publishing_phase": phase(publishing),
        } })
    }

    #[test]
    fn it_is_out_only_when_it_is_ready_and_published() {
        let proof = |path: &str| post::proof("17".into(), Some(path.into()));
        let mut ready = video("ready", "complete", "complete", "not_started");
        assert_eq!(state(ready.clone()), Some(State::Unpublished));
        ready["published"] = json!(true);
        ready["permalink_url"] = json!("/reel/17");
        assert_eq!(state(ready.clone()), Some(State::Flagged(proof("/reel/17"))));
        ready["status"] = json!({ "video_status": "ready" });
        assert_eq!(state(ready), Some(State::Out(proof("/reel/17"))));
        let out = State::Out(proof("https://www.facebook.com/17"));
        assert_eq!(state(video("ready", "complete", "complete", "complete")), Some(out));
        assert_eq!(state(video("processing", "complete", "in_progress", "complete")), Some(State::Working));
        assert_eq!(state(video("processing", "complete", "in_progress", "not_started")), Some(State::Working));
        assert_eq!(state(video("upload_complete", "complete", "not_started", "not_started")), Some(State::Unpublished));
        assert_eq!(state(video("upload_complete", "complete", "not_started", "in_progress")), Some(State::Working));
    }

    #[test]
    fn what_is_missing_and_what_is_wrong_is_read() {
        let mut part = video("processing", "in_progress", "not_started", "not_started");
        part["status"]["uploading_phase"]["bytes_transfered"] = json!(50_002);
        assert_eq!(state(part), Some(State::Uploading(50_002)));
        let mut broken = video("error", "complete", "error", "not_started");
        assert_eq!(state(broken.clone()), Some(State::Broken("it does not say why".into())));
        broken["status"]["processing_phase"]["errors"] = json!([{ "code": 1_363_128, "message": "Too long" }]);
        assert_eq!(state(broken), Some(State::Broken("Too long".into())));
    }

    #[test]
    fn nonsense_says_nothing() {
        for body in [json!(null), json!({}), json!({"status": "ready"}), json!([])] {
            assert_eq!(state(body), None);
        }
        assert_eq!(read("17", &answer(false, 500, &[], "{}")), None);
    }
}
