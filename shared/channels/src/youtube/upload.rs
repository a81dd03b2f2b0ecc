//! The upload: a session that is begun, stored, and filled. Everything here may be repeated: a video that it makes is private.

use std::time::Duration;

use domain::{Code, Failure, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    ASK, BEGIN, SEND, UPLOAD, VIDEO, YouTube, contents, failure, mark,
    session::{self, Progress},
};
use crate::{Account, Call, MediaFile, article::option, media::refused};

/// A multiple of 256 KiB, as YouTube wants it, which a slow line still carries within the time of one call.
const CHUNK: u64 = 4 * 1024 * 1024;
/// How long one attempt sends. What is left goes out with the next, which costs no try.
const SEND_FOR: Duration = Duration::from_secs(60);
/// How long a channel is left alone that has uploaded as much as it may.
const CAPPED_FOR: Duration = Duration::from_secs(6 * 3600);
/// How often in a row a session may take nothing.
const MOST_STALLS: u32 = 3;
/// How late a new video may come into listings, and be known to other parts of YouTube.
pub(super) const KNOWN_AFTER: Duration = Duration::from_secs(10 * 60);

/// An upload, as it is stored. How far it got is not: that its session says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    session: String,
    bytes: u64,
    /// The file's hash.
    sha256: String,
    pub begun: Timestamp,
    /// When the last byte was sent first: from then on there may be a video.
    last: Option<Timestamp>,
}

fn stored(call: &Call<'_>) -> Option<Upload> {
    serde_json::from_str(call.handle(UPLOAD)?).ok()
}

/// Whether the video was made so lately that it may not be known everywhere.
pub(super) fn is_young(call: &Call<'_>, now: Timestamp) -> bool {
    known_at(stored(call).as_ref()).is_some_and(|at| now < at)
}

fn known_at(upload: Option<&Upload>) -> Option<Timestamp> {
    upload?.last?.checked_add(KNOWN_AFTER).ok()
}

impl YouTube {
    /// The id of the target's video, stored. It is private.
    pub(super) async fn uploaded(&self, call: &mut Call<'_>) -> Result<String, Failure> {
        if let Some(id) = call.handle(VIDEO) {
            return Ok(id.to_owned());
        }
        let id = match self.taken_up(call).await? {
            Progress::Done(id) => id,
            progress => {
                let file = self.file(call).await?;
                let going_on = match progress {
                    Progress::At(next) => {
                        stored(call).filter(|upload| upload.is_of(&file)).map(|upload| (upload, next))
                    }
                    _ => None,
                };
                let (upload, next) = match going_on {
                    Some(going_on) => going_on,
                    None => (self.begin(call, &file).await?, 0),
                };
                self.send(call, &file, upload, next).await?
            }
        };
        call.keep(VIDEO, &id).await?;
        Ok(id)
    }

    /// How far the stored upload got. `Gone`: there is none that could be gone on with.
    async fn taken_up(&self, call: &mut Call<'_>) -> Result<Progress, Failure> {
        let Some(upload) = stored(call) else { return Ok(Progress::Gone) };
        let progress = self.ask(call.account, &upload).await?;
        // Without a last byte there is no video. With one, it may be there though its session is not.
        if progress != Progress::Gone || upload.last.is_none() {
            return Ok(progress);
        }
        if let Some(id) = self.find_upload(call, &upload).await? {
            return Ok(Progress::Done(id));
        }
        match known_at(Some(&upload)).filter(|at| self.google.http.runtime().now() < *at) {
            Some(at) => {
                let said = "the upload session has ended, and the channel does not list the video yet";
                Err(not_ready(Some(at), said))
            }
            None => Ok(Progress::Gone),
        }
    }

    async fn ask(&self, account: &Account, upload: &Upload) -> Result<Progress, Failure> {
        let Some(url) = session::address(&upload.session, account) else { return Ok(Progress::Gone) };
        let request = self
            .google
            .http
            .request(Method::PUT, url)
            .bearer_auth(account.secret(crate::google::TOKEN)?.reveal())
            .header(header::CONTENT_LENGTH, 0)
            .header(header::CONTENT_RANGE, format!("bytes */{}", upload.bytes));
        let answer = self.google.http.free(ASK, request).await?;
        session::progress(&answer, upload.bytes).ok_or_else(|| self.google.judge(&answer, account))
    }

    /// The video: the same bytes on every try.
    async fn file(&self, call: &mut Call<'_>) -> Result<MediaFile, Failure> {
        let Some(media) = call.draft.0.media.first() else {
            return Err(refused("YouTube takes videos only, and the post has none".into()));
        };
        self.google.http.media().open(call, media, self.about.limits.takes).await
    }

    async fn begin(&self, call: &mut Call<'_>, file: &MediaFile) -> Result<Upload, Failure> {
        let account = call.account;
        let notify = option(call.draft, account, "notify_subscribers").unwrap_or("true");
        let body = contents(call.draft, account, "private", Some(mark(&call.key(0))));
        let path = format!("upload/youtube/{}/videos", self.google.version(account));
        let query = [("uploadType", "resumable"), ("part", "snippet,status"), ("notifySubscribers", notify)];
        let request = self
            .google
            .request(Method::POST, account, &path)?
            .query(&query)
            .header("x-upload-content-type", file.kind.mime)
            .header("x-upload-content-length", file.size)
            .json(&body);
        let answer = self.google.http.free(BEGIN, request).await?;
        let location = answer.header("location").filter(|_| answer.is_success());
        let Some(url) = location.and_then(|location| session::address(location, account)) else {
            return Err(patiently(self.google.judge(&answer, account), answer.at));
        };
        let upload = Upload {
            session: url.into(),
            bytes: file.size,
            sha256: file.sha256.to_string(),
            begun: answer.at,
            last: None,
        };
        keep(call, &upload).await?;
        Ok(upload)
    }

    /// Sends what the session has not got, from `next` on; the video's id.
    async fn send(
        &self,
        call: &mut Call<'_>,
        file: &MediaFile,
        mut upload: Upload,
        mut next: u64,
    ) -> Result<String, Failure> {
        let (account, total) = (call.account, upload.bytes);
        let runtime = self.google.http.runtime();
        let leave_at = runtime.now().checked_add(SEND_FOR).unwrap_or(Timestamp::MAX);
        let mut stalls = 0;
        while next < total {
            let end = total.min(next + CHUNK);
            if end == total && upload.last.is_none() {
                upload.last = Some(runtime.now());
                keep(call, &upload).await?;
            }
            let url = session::address(&upload.session, account)
                .ok_or_else(|| not_ready(None, "the upload session is at another server than the account"))?;
            let request = self
                .google
                .http
                .request(Method::PUT, url)
                .bearer_auth(account.secret(crate::google::TOKEN)?.reveal())
                .header(header::CONTENT_TYPE, file.kind.mime)
                .header(header::CONTENT_RANGE, format!("bytes {next}-{}/{total}", end - 1))
                .body(file.range(next..end));
            let answer = self.google.http.free(SEND, request).await?;
            match session::progress(&answer, total) {
                Some(Progress::Done(id)) => return Ok(id),
                Some(Progress::At(at)) => {
                    stalls = if at > next { 0 } else { stalls + 1 };
                    next = at;
                }
                Some(Progress::Gone) | None => return Err(self.google.judge(&answer, account)),
            }
            if stalls >= MOST_STALLS {
                return Err(not_ready(None, &format!("the upload session stays at byte {next} of {total}")));
            }
            if next < total && runtime.now() >= leave_at {
                let said = format!("{next} of {total} bytes are uploaded; the next attempt goes on from there");
                return Err(Failure::system(Code::TOO_SLOW, SEND, said));
            }
        }
        Err(not_ready(None, "YouTube has every byte and has not made the video yet"))
    }
}

impl Upload {
    fn is_of(&self, file: &MediaFile) -> bool {
        self.bytes == file.size && self.sha256 == file.sha256.to_string()
    }
}

/// The channel's cap is one of 24 hours, of which YouTube does not say when it began; each try costs the app one of its uploads.
fn patiently(mut failure: Failure, now: Timestamp) -> Failure {
    if failure.said.code.as_deref() == Some("uploadLimitExceeded")
        && let Worth::Retry { not_before } = &mut failure.worth
    {
        *not_before = (*not_before).max(now.checked_add(CAPPED_FOR).ok());
    }
    failure
}

async fn keep(call: &mut Call<'_>, upload: &Upload) -> Result<(), Failure> {
    call.keep(UPLOAD, &json!(upload).to_string()).await
}

fn not_ready(not_before: Option<Timestamp>, said: &str) -> Failure {
    failure(Code::MEDIA_NOT_READY, Worth::Retry { not_before }, Scope::Post, ASK, said)
}
