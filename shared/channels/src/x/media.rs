//! Pictures and videos: uploaded, described, awaited, named in the post. All of it may be repeated freely; what is stored is where an
//! upload stands, so that another attempt goes on from there.

use std::time::Duration;

use domain::{Code, Failure, Landed, Media, Part, PlatformWords, Scope, Worth};
use reqwest::{Method, multipart};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{X, judge};
use crate::{
    Call, MediaFile,
    media::{refused, unusable},
};

const ONE_SHOT: &str = "upload media";
const BEGIN: &str = "upload: initialize";
const APPEND: &str = "upload: append";
const FINISH: &str = "upload: finalize";
const AWAIT: &str = "upload: status";
const DESCRIBE: &str = "upload: describe";

const SEGMENT: u64 = 4 * 1024 * 1024;
/// An upload must be usable for at least this much longer.
const MARGIN: i64 = 60;
/// Questions whether an upload is ready. After the last the attempt ends and is tried again later.
const ASKS: u32 = 6;
const LONGEST_WAIT: u64 = 10;

/// What X calls a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Category {
    #[serde(rename = "tweet_image")]
    Image,
    #[serde(rename = "tweet_gif")]
    Animation,
    #[serde(rename = "tweet_video")]
    Video,
}

impl Category {
    /// What the file is to X.
    fn of(file: &MediaFile) -> Self {
        match file.kind.mime {
            "image/gif" => Category::Animation,
            _ if file.kind.is_image() => Category::Image,
            _ => Category::Video,
        }
    }
}

/// An upload, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    id: String,
    /// By which posts name it.
    pub key: String,
    category: Category,
    bytes: u64,
    /// Until when it can be used, in seconds since 1970.
    until: i64,
    stage: Stage,
    described: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Segments from this one on are missing.
    Sending(u64),
    /// X works on it.
    Working,
    Ready,
}

/// What we read of X's word on an upload.
#[derive(Deserialize)]
struct Told {
    id: String,
    media_key: Option<String>,
    expires_after_secs: Option<i64>,
    processing_info: Option<Processing>,
}

#[derive(Deserialize)]
struct Processing {
    state: String,
    check_after_secs: Option<u64>,
    error: Option<Value>,
}

pub(super) fn handle(number: u16, n: usize) -> String {
    format!("media.{number}.{n}")
}

pub(super) fn stored(handle: Option<&str>) -> Option<Upload> {
    serde_json::from_str(handle?).ok()
}

impl X {
    /// The ids of the part's uploads, each stored as a handle before it is used.
    pub(super) async fn media_ids(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
    ) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for (n, media) in part.media.iter().enumerate() {
            ids.push(self.upload(call, &handle(number, n), media, part.media.len() == 1).await?);
        }
        Ok(ids)
    }

    /// X does not know the uploads any more; the next try makes them again.
    pub(super) async fn forget_media(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<(), Failure> {
        for n in 0..part.media.len() {
            call.forget(&handle(number, n)).await?;
        }
        Ok(())
    }

    async fn upload(&self, call: &mut Call<'_>, handle: &str, media: &Media, alone: bool) -> Result<String, Failure> {
        let soon = self.http.runtime().now().as_second() + MARGIN;
        let mut upload = match stored(call.handle(handle)).filter(|upload| upload.until > soon) {
            Some(upload) => upload,
            None => self.begin(call, handle, media, alone).await?,
        };
        if let Stage::Sending(next) = upload.stage {
            self.send(call, handle, media, &mut upload, next).await?;
        }
        if upload.stage == Stage::Working {
            self.wait(call, handle, &mut upload).await?;
        }
        if let Some(alt) = media.alt.as_ref().filter(|_| !upload.described && upload.category != Category::Video) {
            let body = json!({ "id": upload.id, "metadata": { "alt_text": { "text": alt } } });
            let request = self.request(Method::POST, call.account, "media/metadata")?.json(&body);
            self.free::<Value>(DESCRIBE, call.account, request).await?;
            upload.described = true;
            keep(call, handle, &upload).await?;
        }
        Ok(upload.id)
    }

    async fn begin(&self, call: &mut Call<'_>, handle: &str, media: &Media, alone: bool) -> Result<Upload, Failure> {
        let file = self.http.media().open(call, media, self.limits(call.draft).takes).await?;
        let category = Category::of(&file);
        if !alone && category != Category::Image {
            return Err(refused("X takes a video or an animation alone, without other media".into()));
        }
        let bytes = file.size;
        let (told, stage) = if category == Category::Image {
            let form = multipart::Form::new().part("media", file.part("media")?).text("media_category", "tweet_image");
            let request = self.request(Method::POST, call.account, "media/upload")?.multipart(form);
            (self.free::<Told>(ONE_SHOT, call.account, request).await?, Stage::Ready)
        } else {
            let body = json!({ "media_type": file.kind.mime, "total_bytes": bytes, "media_category": category });
            let request = self.request(Method::POST, call.account, "media/upload/initialize")?.json(&body);
            (self.free::<Told>(BEGIN, call.account, request).await?, Stage::Sending(0))
        };
        let until = self.http.runtime().now().as_second() + told.expires_after_secs.unwrap_or(MARGIN * 10);
        let stage = if stage == Stage::Ready && told.processing_info.is_some() { Stage::Working } else { stage };
        let key = told.media_key.unwrap_or_default();
        let upload = Upload { id: told.id, key, category, bytes, until, stage, described: false };
        keep(call, handle, &upload).await?;
        Ok(upload)
    }

    /// Sends the segments from `next` on, and has them put together.
    async fn send(
        &self,
        call: &mut Call<'_>,
        handle: &str,
        media: &Media,
        upload: &mut Upload,
        next: u64,
    ) -> Result<(), Failure> {
        let file = self.http.media().open(call, media, self.limits(call.draft).takes).await?;
        if file.size != upload.bytes {
            call.forget(handle).await?;
            return Err(lost("the file at the media address has changed"));
        }
        for index in next..upload.bytes.div_ceil(SEGMENT) {
            let segment = index * SEGMENT..upload.bytes.min((index + 1) * SEGMENT);
            let form = multipart::Form::new().part("media", file.part_of(segment, "media")?);
            let form = form.text("segment_index", index.to_string());
            let path = format!("media/upload/{}/append", upload.id);
            let request = self.request(Method::POST, call.account, &path)?.multipart(form);
            let answer = self.http.free(APPEND, request).await?;
            if !answer.is_success() {
                return Err(self.gone(call, handle, judge(&answer, call.account)).await?);
            }
            upload.stage = Stage::Sending(index + 1);
            keep(call, handle, upload).await?;
        }
        let request = self.request(Method::POST, call.account, &format!("media/upload/{}/finalize", upload.id))?;
        let answer = self.http.free(FINISH, request).await?;
        if !answer.is_success() {
            // It may have been put together already, by a call whose answer was lost.
            let told = self.ask(call, &upload.id).await.ok().filter(|told| told.processing_info.is_some());
            if told.is_none() {
                return Err(self.gone(call, handle, judge(&answer, call.account)).await?);
            }
        }
        upload.stage = Stage::Working;
        keep(call, handle, upload).await
    }

    async fn wait(&self, call: &mut Call<'_>, handle: &str, upload: &mut Upload) -> Result<(), Failure> {
        for _ in 0..ASKS {
            let told = match self.ask(call, &upload.id).await {
                Ok(told) => told,
                Err(failure) => return Err(self.gone(call, handle, failure).await?),
            };
            match told.processing_info {
                None => upload.stage = Stage::Ready,
                Some(processing) if processing.state == "succeeded" => upload.stage = Stage::Ready,
                Some(Processing { state, error, .. }) if state == "failed" => {
                    call.forget(handle).await?;
                    let error = error.unwrap_or_default();
                    let why = error["message"].as_str().unwrap_or("it does not say why");
                    let name = error["name"].as_str().unwrap_or(&state);
                    return Err(unusable(name, format!("X cannot use the file: {why}")));
                }
                Some(processing) => {
                    let wait = processing.check_after_secs.unwrap_or(1).clamp(1, LONGEST_WAIT);
                    self.http.runtime().sleep(Duration::from_secs(wait)).await;
                    continue;
                }
            }
            return keep(call, handle, upload).await;
        }
        Err(lost("X is not ready with the file yet"))
    }

    async fn ask(&self, call: &Call<'_>, id: &str) -> Result<Told, Failure> {
        let request = self.request(Method::GET, call.account, "media/upload")?;
        self.free(AWAIT, call.account, request.query(&[("command", "STATUS"), ("media_id", id)])).await
    }

    /// An upload that X refuses to go on with is forgotten, and made again by the next try.
    async fn gone(&self, call: &mut Call<'_>, handle: &str, failure: Failure) -> Result<Failure, Failure> {
        if !matches!(failure.code, Code::MEDIA_NOT_READY | Code::MEDIA_REFUSED) {
            return Ok(failure);
        }
        call.forget(handle).await?;
        Ok(Failure { code: Code::MEDIA_NOT_READY, worth: Worth::Retry { not_before: None }, ..failure })
    }
}

async fn keep(call: &mut Call<'_>, handle: &str, upload: &Upload) -> Result<(), Failure> {
    call.keep(handle, &json!(upload).to_string()).await
}

fn lost(why: &str) -> Failure {
    Failure {
        code: Code::MEDIA_NOT_READY,
        landed: Landed::No,
        worth: Worth::Retry { not_before: None },
        scope: Scope::Post,
        step: AWAIT.into(),
        said: PlatformWords::text(why),
    }
}
