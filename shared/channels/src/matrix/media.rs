//! Files: uploaded first, named by the event that shows them.

use domain::{Failure, Media};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Matrix, TABLE, UPLOAD, event::Event};
use crate::{Answer, Call, Kind};

/// Media have a version of their own.
const VERSION: &str = "v3";

/// A file that the server has: all that an event says of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Uploaded {
    pub url: String,
    pub mime: String,
    pub extension: String,
    pub size: u64,
    /// Its width and height in pixels, where they are known.
    pub pixels: Option<(u32, u32)>,
    /// How long it plays, in milliseconds.
    pub lasts: Option<u64>,
}

impl Uploaded {
    /// What an event tells of it.
    pub fn info(&self) -> Value {
        let mut info = json!({ "mimetype": self.mime, "size": self.size });
        if let Some((width, height)) = self.pixels {
            (info["w"], info["h"]) = (json!(width), json!(height));
        }
        if let Some(lasts) = self.lasts {
            info["duration"] = json!(lasts);
        }
        info
    }
}

impl Matrix {
    /// The event's file on the server. A server throws no upload away, so what is stored is used again.
    pub(super) async fn upload(
        &self,
        call: &mut Call<'_>,
        number: u16,
        event: &Event,
    ) -> Result<Option<Uploaded>, Failure> {
        let Some(media) = &event.media else { return Ok(None) };
        let handle = format!("media.{number}");
        if let Some(uploaded) = call.handle(&handle).and_then(|kept| serde_json::from_str(kept).ok()) {
            return Ok(Some(uploaded));
        }
        let uploaded = self.send_file(call, media).await?;
        call.keep(&handle, &serde_json::to_string(&uploaded).unwrap_or_default()).await?;
        Ok(Some(uploaded))
    }

    async fn send_file(&self, call: &mut Call<'_>, media: &Media) -> Result<Uploaded, Failure> {
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        let Kind { mime, extension } = file.kind;
        let request = self
            .bare(Method::POST, call.account, &["media", VERSION, "upload"])?
            .query(&[("filename", format!("media.{extension}"))])
            .header("content-type", mime)
            .body(file.body());
        let answer = self.http.free(UPLOAD, request).await?;
        let url = stored(&answer).ok_or_else(|| TABLE.judge(&answer, call.account))?;
        let pixels = file.picture.map(|picture| (picture.width, picture.height));
        Ok(Uploaded {
            url,
            mime: mime.into(),
            extension: extension.into(),
            size: file.size,
            pixels: pixels.or(file.video.map(|video| (video.width, video.height))),
            lasts: file.video.and_then(|video| u64::try_from(video.duration.as_millis()).ok()),
        })
    }
}

/// Where the server has the file, if the answer says so.
fn stored(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Stored {
        content_uri: String,
    }
    let stored: Stored = answer.json().filter(|_| answer.is_success())?;
    stored.content_uri.starts_with("mxc://").then_some(stored.content_uri)
}
