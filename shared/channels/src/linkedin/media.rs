//! Pictures and videos: an address for each piece, put together, awaited, named in the post. All of it may be repeated freely; what is
//! stored is where an upload stands, so that another attempt goes on from there.

use std::time::Duration;

use domain::{Code, Failure, Landed, Media, Part, PlatformWords, Scope, Worth};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{LinkedIn, TOKEN, escaped};
use crate::{
    Account, Call, MediaFile,
    media::{refused, unusable},
};

const BEGIN: &str = "upload: initialize";
const SEND: &str = "upload: send";
const FINISH: &str = "upload: finalize";
const AWAIT: &str = "upload: status";

/// An upload's addresses must be usable for at least this much longer, milliseconds.
const MARGIN: i64 = 60_000;
/// Waits between two questions whether an upload is ready. After the last the attempt ends and is tried again later.
const WAITS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(6),
    Duration::from_secs(8),
];

/// An upload, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
struct Upload {
    urn: String,
    is_video: bool,
    bytes: u64,
    /// Until when its addresses can be used, in milliseconds since 1970.
    until: i64,
    /// What putting it together takes; empty once that is done.
    token: String,
    pieces: Vec<Piece>,
    /// What the platform answered to each piece that it has.
    tags: Vec<String>,
    stage: Stage,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece {
    /// It carries its own permission, so it is forgotten as soon as the piece is there.
    upload_url: String,
    first_byte: u64,
    last_byte: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Sending,
    /// LinkedIn works on it.
    Working,
    Ready,
}

/// An upload as a post names it.
pub(super) struct Asset {
    urn: String,
    is_video: bool,
    alt: Option<String>,
}

impl Asset {
    pub(super) fn named(&self) -> Value {
        match &self.alt {
            Some(alt) if !self.is_video => json!({ "id": self.urn, "altText": alt }),
            Some(alt) => json!({ "id": self.urn, "title": alt }),
            None => json!({ "id": self.urn }),
        }
    }
}

pub(super) fn handle(n: usize) -> String {
    format!("media.{n}")
}

/// The upload's URN, from what is stored of it.
pub(super) fn urn(stored: Option<&str>) -> Option<String> {
    read(stored).map(|upload| upload.urn)
}

fn read(stored: Option<&str>) -> Option<Upload> {
    serde_json::from_str(stored?).ok()
}

/// The uploads are of no use any more.
pub(super) async fn forget(call: &mut Call<'_>, part: &Part) -> Result<(), Failure> {
    for n in 0..part.media.len() {
        call.forget(&handle(n)).await?;
    }
    Ok(())
}

impl LinkedIn {
    /// The post's uploads, each stored as a handle before it is used.
    pub(super) async fn assets(&self, call: &mut Call<'_>, part: &Part, author: &str) -> Result<Vec<Asset>, Failure> {
        let mut assets = Vec::new();
        for (n, media) in part.media.iter().enumerate() {
            let upload = self.upload(call, &handle(n), media, author, part.media.len() == 1).await?;
            assets.push(Asset { urn: upload.urn, is_video: upload.is_video, alt: media.alt.clone() });
        }
        Ok(assets)
    }

    async fn upload(
        &self,
        call: &mut Call<'_>,
        handle: &str,
        media: &Media,
        author: &str,
        alone: bool,
    ) -> Result<Upload, Failure> {
        let soon = self.http.runtime().now().as_millisecond() + MARGIN;
        let usable = |upload: &Upload| upload.stage != Stage::Sending || upload.until > soon;
        let mut upload = match read(call.handle(handle)).filter(usable) {
            Some(upload) => upload,
            None => self.begin(call, handle, media, author, alone).await?,
        };
        if upload.stage == Stage::Sending {
            self.send(call, handle, media, &mut upload).await?;
        }
        if upload.stage == Stage::Working {
            self.wait(call, handle, &mut upload).await?;
        }
        Ok(upload)
    }

    async fn begin(
        &self,
        call: &mut Call<'_>,
        handle: &str,
        media: &Media,
        author: &str,
        alone: bool,
    ) -> Result<Upload, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Begun {
            image: Option<String>,
            upload_url: Option<String>,
            upload_url_expires_at: Option<i64>,
            video: Option<String>,
            upload_instructions: Option<Vec<Piece>>,
            upload_urls_expire_at: Option<i64>,
            upload_token: Option<String>,
        }
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        let (is_video, bytes) = (check(&file, alone)?, file.size);
        let mut wanted = json!({ "owner": author });
        if is_video {
            wanted["fileSizeBytes"] = json!(bytes);
            wanted["uploadCaptions"] = json!(false);
            wanted["uploadThumbnail"] = json!(false);
        }
        let path = if is_video { "videos" } else { "images" };
        let request = self.request(Method::POST, call.account, path)?.query(&[("action", "initializeUpload")]);
        let answer = self.http.free(BEGIN, request.json(&json!({ "initializeUploadRequest": wanted }))).await?;
        let begun: Option<Begun> = answer
            .json::<Value>()
            .filter(|_| answer.is_success())
            .and_then(|body| serde_json::from_value(body["value"].clone()).ok());
        let hour = self.http.runtime().now().as_millisecond() + 3_600_000;
        let whole = |upload_url| vec![Piece { upload_url, first_byte: 0, last_byte: bytes.saturating_sub(1) }];
        let upload = begun.and_then(|begun| {
            Some(Upload {
                urn: begun.video.or(begun.image)?,
                pieces: begun.upload_instructions.or(begun.upload_url.map(whole))?,
                until: begun.upload_url_expires_at.or(begun.upload_urls_expire_at).unwrap_or(hour),
                token: begun.upload_token.unwrap_or_default(),
                is_video,
                bytes,
                tags: vec![],
                stage: Stage::Sending,
            })
        });
        let upload = upload.ok_or_else(|| self.judge(&answer, call.account))?;
        // An address that cannot be used is not kept: the next try is given another.
        for piece in &upload.pieces {
            place(call.account, &piece.upload_url)?;
        }
        keep(call, handle, &upload).await?;
        Ok(upload)
    }

    /// Sends the pieces that are missing, and has them put together.
    async fn send(&self, call: &mut Call<'_>, handle: &str, media: &Media, upload: &mut Upload) -> Result<(), Failure> {
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        if file.size != upload.bytes {
            call.forget(handle).await?;
            return Err(unready("the file at the media address has changed"));
        }
        for (n, piece) in upload.pieces.clone().iter().enumerate().skip(upload.tags.len()) {
            let end = upload.bytes.min(piece.last_byte.saturating_add(1));
            let request = self.put(call.account, &piece.upload_url)?.body(file.range(piece.first_byte.min(end)..end));
            let answer = self.http.free(SEND, request).await?;
            if !answer.is_success() {
                let failure = self.judge(&answer, call.account);
                return Err(gone(call, handle, failure).await?);
            }
            upload.tags.push(answer.header("etag").unwrap_or_default().trim_matches('"').to_owned());
            upload.pieces[n].upload_url.clear();
            keep(call, handle, upload).await?;
        }
        if upload.is_video {
            let body = json!({ "finalizeUploadRequest": {
                "video": upload.urn, "uploadToken": upload.token, "uploadedPartIds": upload.tags,
            } });
            let request = self.request(Method::POST, call.account, "videos")?.query(&[("action", "finalizeUpload")]);
            let answer = self.http.free(FINISH, request.json(&body)).await?;
            if !answer.is_success() {
                let failure = self.judge(&answer, call.account);
                return Err(gone(call, handle, failure).await?);
            }
        }
        upload.stage = Stage::Working;
        upload.token.clear();
        keep(call, handle, upload).await
    }

    /// A request that carries a piece. Only LinkedIn's own servers get the token along.
    fn put(&self, account: &Account, address: &str) -> Result<reqwest::RequestBuilder, Failure> {
        let url = place(account, address)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let theirs = account.base_url.host_str() == Some(&host) || host.ends_with(".linkedin.com");
        let request = self.http.request(Method::PUT, url).header("content-type", "application/octet-stream");
        Ok(if theirs { request.bearer_auth(account.secret(TOKEN)?.reveal()) } else { request })
    }

    /// Waits until the upload can be used. Members may not ask about their pictures: those get a little time and are used.
    async fn wait(&self, call: &mut Call<'_>, handle: &str, upload: &mut Upload) -> Result<(), Failure> {
        let path = format!("{}/{}", if upload.is_video { "videos" } else { "images" }, escaped(&upload.urn));
        for wait in WAITS {
            let answer = self.http.free(AWAIT, self.request(Method::GET, call.account, &path)?).await?;
            let body: Value = answer.json().unwrap_or_default();
            match (answer.status, body["status"].as_str()) {
                (200, Some("AVAILABLE")) => upload.stage = Stage::Ready,
                (403, _) if !upload.is_video => {
                    self.http.runtime().sleep(wait).await;
                    upload.stage = Stage::Ready;
                }
                (200, Some("PROCESSING_FAILED")) => {
                    call.forget(handle).await?;
                    let why = body["processingFailureReason"].as_str().unwrap_or("it does not say why");
                    return Err(unusable("PROCESSING_FAILED", format!("LinkedIn cannot use the file: {why}")));
                }
                (200, Some("PROCESSING" | "WAITING_UPLOAD")) => {
                    self.http.runtime().sleep(wait).await;
                    continue;
                }
                _ => {
                    let failure = self.judge(&answer, call.account);
                    return Err(gone(call, handle, failure).await?);
                }
            }
            return keep(call, handle, upload).await;
        }
        Err(unready("LinkedIn is not ready with the file yet"))
    }
}

/// Whether the file is a video.
fn check(file: &MediaFile, alone: bool) -> Result<bool, Failure> {
    let is_video = !file.kind.is_image();
    if is_video && !alone {
        return Err(refused("LinkedIn takes a video alone, without other media".into()));
    }
    Ok(is_video)
}

async fn keep(call: &mut Call<'_>, handle: &str, upload: &Upload) -> Result<(), Failure> {
    call.keep(handle, &json!(upload).to_string()).await
}

/// An upload that LinkedIn refuses to go on with is forgotten, and made again by the next try.
async fn gone(call: &mut Call<'_>, handle: &str, failure: Failure) -> Result<Failure, Failure> {
    if !matches!(failure.code, Code::MEDIA_NOT_READY | Code::MEDIA_REFUSED) {
        return Ok(failure);
    }
    call.forget(handle).await?;
    Ok(Failure { code: Code::MEDIA_NOT_READY, worth: Worth::Retry { not_before: None }, ..failure })
}

/// Where LinkedIn says that a piece goes.
fn place(account: &Account, address: &str) -> Result<Url, Failure> {
    let url = address.parse().map_err(|_| unready("LinkedIn gave an upload address that cannot be used"))?;
    Ok(account.at_given(url, SEND)?.base_url)
}

fn unready(why: &str) -> Failure {
    Failure {
        code: Code::MEDIA_NOT_READY,
        landed: Landed::No,
        worth: Worth::Retry { not_before: None },
        scope: Scope::Post,
        step: AWAIT.into(),
        said: PlatformWords::text(why),
    }
}
