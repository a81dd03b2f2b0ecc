//! Videos: registered, uploaded to the address that Pinterest gives, awaited, and then named in a pin.

use std::{collections::BTreeMap, time::Duration};

use domain::{Code, Failure, Landed, PlatformWords, Scope, Worth};
use jiff::Timestamp;
use reqwest::{Method, multipart};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{AWAIT, Pinterest, REGISTER, TABLE, UPLOAD, check};
use crate::{Call, MediaFile, media::unusable};

/// Waits between two questions whether a video is ready. After the last the attempt ends and is tried again later.
const WAITS: [u64; 5] = [1, 2, 4, 8, 10];
const NEXT_QUESTION: Duration = Duration::from_secs(60);
/// The handles that hold a video's id, and that its bytes are there.
const ID: &str = "video";
const SENT: &str = "video.sent";

/// What Pinterest says to a new video.
#[derive(Deserialize)]
struct Registered {
    media_id: String,
    upload_url: Url,
    upload_parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Shown {
    status: String,
}

impl Pinterest {
    /// The source of a pin that shows the video of this id, once Pinterest is ready with it.
    pub(super) async fn shown_video(&self, call: &mut Call<'_>, id: &str) -> Result<Value, Failure> {
        self.wait(call, id).await?;
        let mut source = json!({ "source_type": "video_id", "media_id": id });
        let setting = |name: &str| call.draft.0.settings.get(name);
        match setting(check::COVER) {
            Some(address) => source["cover_image_url"] = json!(address),
            None => {
                let second = setting(check::COVER_AT).and_then(|second| second.parse::<u32>().ok());
                source["cover_image_key_frame_time"] = json!(second.unwrap_or_default());
            }
        }
        Ok(source)
    }

    /// The id of a new video, whose bytes are there. What was registered before and not surely sent is left behind: nothing of it
    /// is visible.
    pub(super) async fn upload(&self, call: &mut Call<'_>, file: &MediaFile) -> Result<String, Failure> {
        let account = call.account;
        let request = self.request(Method::POST, account, "media")?.json(&json!({ "media_type": "video" }));
        let registered: Registered = self.ask(REGISTER, account, request).await?;
        call.keep(ID, &registered.media_id).await?;
        // The token does not go there, but the video does.
        let place = account.at_given(registered.upload_url, UPLOAD)?.base_url;
        let mut form = multipart::Form::new();
        for (name, value) in registered.upload_parameters {
            form = form.text(name, value);
        }
        // The store ignores what comes after the file.
        let form = form.part("file", file.part("video")?);
        let request = self.http.request(Method::POST, place).multipart(form);
        let answer = self.http.free(UPLOAD, request).await?;
        if !answer.is_success() {
            return Err(match TABLE.judge(&answer, account) {
                // The store is another server: what it says is about the upload and nothing else.
                failure if answer.status < 500 => Failure {
                    code: Code::MEDIA_NOT_READY,
                    worth: Worth::Retry { not_before: None },
                    scope: Scope::Post,
                    ..failure
                },
                failure => failure,
            });
        }
        call.keep(SENT, "true").await?;
        Ok(registered.media_id)
    }

    async fn wait(&self, call: &mut Call<'_>, id: &str) -> Result<(), Failure> {
        for wait in WAITS {
            let request = self.request(Method::GET, call.account, &format!("media/{id}"))?;
            let answer = self.http.free(AWAIT, request).await?;
            let shown: Option<Shown> = answer.json().filter(|_| answer.is_success());
            match shown.as_ref().map(|shown| shown.status.as_str()) {
                Some("succeeded") => return Ok(()),
                Some(state @ "failed") => {
                    forget(call).await?;
                    return Err(unusable(state, "Pinterest cannot use the video".into()));
                }
                Some("registered" | "processing") => self.http.runtime().sleep(Duration::from_secs(wait)).await,
                _ if answer.status == 404 => {
                    forget(call).await?;
                    return Err(unready("Pinterest does not know the video any more", None));
                }
                _ => return Err(TABLE.judge(&answer, call.account)),
            }
        }
        let at = self.http.runtime().now().checked_add(NEXT_QUESTION).ok();
        Err(unready("Pinterest still works on the video", at))
    }
}

/// The id of the video whose bytes are there.
pub(super) fn sent(call: &Call<'_>) -> Option<String> {
    call.handle(SENT)?;
    call.handle(ID).map(str::to_owned)
}

async fn forget(call: &mut Call<'_>) -> Result<(), Failure> {
    call.forget(SENT).await?;
    call.forget(ID).await
}

fn unready(said: &str, not_before: Option<Timestamp>) -> Failure {
    Failure {
        code: Code::MEDIA_NOT_READY,
        landed: Landed::No,
        worth: Worth::Retry { not_before },
        scope: Scope::Post,
        step: AWAIT.into(),
        said: PlatformWords::text(said),
    }
}
