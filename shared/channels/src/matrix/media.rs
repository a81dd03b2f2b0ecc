//! Files: uploaded first, named by the event that shows them.

use domain::{Failure, Media};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::{Matrix, TABLE, UPLOAD, event::Event};
use crate::{Account, Answer, Call};

/// Media have a version of their own.
const VERSION: &str = "v3";

/// A file that the server has: all that an event says of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Uploaded {
    pub url: String,
    pub mime: String,
    pub extension: String,
    pub size: u64,
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
        let uploaded = self.send_file(call.account, media).await?;
        call.keep(&handle, &serde_json::to_string(&uploaded).unwrap_or_default()).await?;
        Ok(Some(uploaded))
    }

    async fn send_file(&self, account: &Account, media: &Media) -> Result<Uploaded, Failure> {
        let file = self.http.media().fetch(&media.url).await?;
        let (mime, extension, size) = (file.kind.mime, file.kind.extension, file.bytes.len() as u64);
        let request = self
            .bare(Method::POST, account, &["media", VERSION, "upload"])?
            .query(&[("filename", format!("media.{extension}"))])
            .header("content-type", mime)
            .body(file.bytes);
        let answer = self.http.free(UPLOAD, request).await?;
        let url = stored(&answer).ok_or_else(|| TABLE.judge(&answer, account))?;
        Ok(Uploaded { url, mime: mime.into(), extension: extension.into(), size })
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
