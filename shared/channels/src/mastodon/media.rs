//! Pictures and videos: uploaded, awaited, named in the post. All of it may be repeated freely.

use std::time::Duration;

use domain::{Code, Failure, Media, Part, PlatformWords};
use reqwest::{Method, multipart};
use serde::Deserialize;

use super::{AWAIT, Mastodon, TABLE, UPLOAD};
use crate::{Answer, Call, media::refused};

/// Waits between two questions whether an upload is ready. After the last the attempt ends and is tried again later.
const WAITS: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(8),
];

/// What we read of an upload. Without an address it is still being worked on.
#[derive(Deserialize)]
struct Upload {
    id: String,
    url: Option<String>,
}

impl Mastodon {
    /// The ids of the part's uploads, each stored as a handle before it is used.
    pub(super) async fn media_ids(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
    ) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for (n, media) in part.media.iter().enumerate() {
            ids.push(self.media_id(call, &format!("media.{number}.{n}"), number, media).await?);
        }
        Ok(ids)
    }

    async fn media_id(&self, call: &mut Call<'_>, handle: &str, number: u16, media: &Media) -> Result<String, Failure> {
        if let Some(id) = call.handle(handle).map(str::to_owned) {
            // A repeat names the same uploads; whether they can be used is for the server to say.
            if call.is_repeat(number) || self.is_ready(call, &id).await? {
                return Ok(id);
            }
            // The server throws uploads away that no post uses.
            call.forget(handle).await?;
        }
        let (id, ready) = self.upload(call, media).await?;
        call.keep(handle, &id).await?;
        if !ready && !self.is_ready(call, &id).await? {
            let lost = refused("the platform lost the upload".into());
            return Err(Failure { said: PlatformWords { status: Some(404), ..lost.said }, ..lost });
        }
        Ok(id)
    }

    async fn upload(&self, call: &mut Call<'_>, media: &Media) -> Result<(String, bool), Failure> {
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        let mut form = multipart::Form::new().part("file", file.part("media")?);
        if let Some(alt) = &media.alt {
            form = form.text("description", alt.clone());
        }
        let request = self.request(Method::POST, call.account, "api/v2/media")?.multipart(form);
        let answer = self.http.free(UPLOAD, request).await?;
        let upload: Option<Upload> = answer.json().filter(|_| answer.is_success());
        let upload = upload.ok_or_else(|| TABLE.judge(&answer, call.account))?;
        Ok((upload.id, answer.status == 200 && upload.url.is_some()))
    }

    /// Waits until the upload can be used. `false`: the server does not know it.
    async fn is_ready(&self, call: &Call<'_>, id: &str) -> Result<bool, Failure> {
        let mut answer = self.ask(call, id).await?;
        for wait in WAITS {
            match answer.status {
                200 => return Ok(true),
                404 => return Ok(false),
                202 | 206 => self.http.runtime().sleep(wait).await,
                _ => return Err(TABLE.judge(&answer, call.account)),
            }
            answer = self.ask(call, id).await?;
        }
        let late = TABLE.judge(&answer, call.account);
        Err(Failure { code: Code::MEDIA_NOT_READY, scope: domain::Scope::Post, ..late })
    }

    async fn ask(&self, call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
        let request = self.request(Method::GET, call.account, &format!("api/v1/media/{id}"))?;
        self.http.free(AWAIT, request).await
    }
}
