//! Pictures and videos: uploaded into the site's library, described, named in the post. All of it may be repeated freely.

use domain::{Draft, Failure, Media};
use reqwest::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DESCRIBE, TABLE, UPLOAD, WordPress};
use crate::{
    Call,
    article::{Article, option},
};

/// A file in the site's library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    pub id: u64,
    #[serde(alias = "source_url")]
    pub url: String,
    #[serde(default)]
    pub video: bool,
    #[serde(default)]
    pub alt: String,
}

impl WordPress {
    /// The uploads of every section, each stored as a handle before it is used.
    pub(super) async fn media(&self, call: &mut Call<'_>, article: &Article) -> Result<Vec<Vec<Upload>>, Failure> {
        let mut sections = Vec::new();
        for (number, section) in article.sections.iter().enumerate() {
            let mut uploads = Vec::new();
            for (n, media) in section.media.iter().enumerate() {
                uploads.push(self.upload(call, &handle(number, n), media).await?);
            }
            sections.push(uploads);
        }
        Ok(sections)
    }

    async fn upload(&self, call: &mut Call<'_>, handle: &str, media: &Media) -> Result<Upload, Failure> {
        let upload = match call.handle(handle).and_then(|stored| serde_json::from_str(stored).ok()) {
            Some(upload) => upload,
            None => {
                let upload = self.send(call, media).await?;
                call.keep(handle, &json!(upload).to_string()).await?;
                upload
            }
        };
        if !upload.alt.is_empty() {
            let request = self.request(Method::POST, call.account, &format!("media/{}", upload.id))?;
            let answer = self.http.free(DESCRIBE, request.json(&json!({ "alt_text": upload.alt }))).await?;
            if !answer.is_success() {
                return Err(TABLE.judge(&answer, call.account));
            }
        }
        Ok(upload)
    }

    async fn send(&self, call: &mut Call<'_>, media: &Media) -> Result<Upload, Failure> {
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        let name = format!("attachment; filename=\"oncepost.{}\"", file.kind.extension);
        let request = self
            .request(Method::POST, call.account, "media")?
            .header(header::CONTENT_TYPE, file.kind.mime)
            .header(header::CONTENT_DISPOSITION, name)
            .body(file.body());
        let answer = self.http.free(UPLOAD, request).await?;
        let upload: Option<Upload> = answer.json().filter(|_| answer.is_success());
        let upload = upload.filter(|upload| upload.id > 0 && !upload.url.is_empty());
        let upload = upload.ok_or_else(|| TABLE.judge(&answer, call.account))?;
        Ok(Upload { video: !file.kind.is_image(), alt: media.alt.clone().unwrap_or_default(), ..upload })
    }
}

/// The site does not know the uploads any more; the next try makes them again.
pub(super) async fn forget(call: &mut Call<'_>, article: &Article) -> Result<(), Failure> {
    for (number, section) in article.sections.iter().enumerate() {
        for n in 0..section.media.len() {
            call.forget(&handle(number, n)).await?;
        }
    }
    Ok(())
}

/// The picture that stands for the post: the first one, unless the settings say "none".
pub(super) fn featured(draft: &Draft, account: &crate::Account, media: &[Vec<Upload>]) -> Option<u64> {
    let wanted = option(draft, account, "featured_image") != Some("none");
    let first = media.first().and_then(|section| section.iter().find(|upload| !upload.video));
    first.filter(|_| wanted).map(|upload| upload.id)
}

fn handle(section: usize, n: usize) -> String {
    format!("media.{section}.{n}")
}
