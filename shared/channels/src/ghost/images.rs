//! Pictures: uploaded, then named by their addresses. May be repeated freely.

use domain::{Draft, Failure, Media};
use reqwest::{Method, multipart};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Ghost, TABLE, UPLOAD};
use crate::{
    Account, Call, Count, Unit,
    article::{Article, option},
};

/// What the site takes as the description of the featured picture.
const FEATURED_ALT: Count = Count::new(Unit::Utf16, 191);

/// A picture on the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Image {
    pub url: String,
    pub alt: String,
}

#[derive(Deserialize)]
struct Images {
    images: Vec<Uploaded>,
}

#[derive(Deserialize)]
struct Uploaded {
    url: String,
}

impl Ghost {
    /// The pictures of every section, each stored as a handle before it is used.
    pub(super) async fn images(&self, call: &mut Call<'_>, article: &Article) -> Result<Vec<Vec<Image>>, Failure> {
        let mut sections = Vec::new();
        for (number, section) in article.sections.iter().enumerate() {
            let mut images = Vec::new();
            for (n, media) in section.media.iter().enumerate() {
                let handle = format!("image.{number}.{n}");
                let stored = call.handle(&handle).and_then(|stored| serde_json::from_str(stored).ok());
                let image = match stored {
                    Some(image) => image,
                    None => {
                        let image = self.upload(call, media).await?;
                        call.keep(&handle, &json!(image).to_string()).await?;
                        image
                    }
                };
                images.push(image);
            }
            sections.push(images);
        }
        Ok(sections)
    }

    async fn upload(&self, call: &mut Call<'_>, media: &Media) -> Result<Image, Failure> {
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        let form = multipart::Form::new().part("file", file.part("oncepost")?).text("purpose", "image");
        let request = self.request(Method::POST, call.account, "images/upload")?.multipart(form);
        let answer = self.http.free(UPLOAD, request).await?;
        let images: Option<Images> = answer.json().filter(|_| answer.is_success());
        let url = images.and_then(|images| images.images.into_iter().next()).map(|image| image.url);
        let url = url.filter(|url| !url.is_empty()).ok_or_else(|| TABLE.judge(&answer, call.account))?;
        Ok(Image { url, alt: media.alt.clone().unwrap_or_default() })
    }
}

/// The picture that stands for the post: the first one, unless the settings say "none" or its description is too long there.
pub(super) fn featured<'a>(draft: &Draft, account: &Account, images: &'a [Vec<Image>]) -> Option<&'a Image> {
    let wanted = option(draft, account, "featured_image") != Some("none");
    let first = images.first().and_then(|section| section.first());
    first.filter(|image| wanted && FEATURED_ALT.of(&image.alt) <= FEATURED_ALT.most)
}
