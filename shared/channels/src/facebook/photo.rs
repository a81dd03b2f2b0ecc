//! Photos: uploaded unpublished, each stored before it is used, and attached to the post that shows them.

use std::time::Duration;

use domain::{Failure, Media};
use jiff::Timestamp;
use reqwest::multipart;

use super::{DRAFTS, Facebook, PHOTO, check, edge, post::made};
use crate::Call;

/// Facebook throws photos away that nobody has used within a day.
const LIFE: Duration = Duration::from_secs(23 * 3600);

impl Facebook {
    /// The ids of the photos.
    pub(super) async fn photos(&self, call: &mut Call<'_>, media: &[Media]) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for (n, media) in media.iter().enumerate() {
            let handle = format!("photo.{n}");
            let now = self.graph.http.runtime().now();
            let id = match call.handle(&handle).and_then(|stored| fresh(stored, now)) {
                Some(id) => id,
                None => {
                    let id = self.upload_photo(call, media).await?;
                    call.keep(&handle, &format!("{id} {now:.3}")).await?;
                    id
                }
            };
            ids.push(id);
        }
        Ok(ids)
    }

    async fn upload_photo(&self, call: &mut Call<'_>, media: &Media) -> Result<String, Failure> {
        let file = self.graph.http.media().open(call, media, &[check::PHOTO]).await?;
        let mut form = multipart::Form::new().part("source", file.part("photo")?).text("published", "false");
        if call.account.setting(DRAFTS) != Some("none") {
            // Facebook wants this of photos for posts that are not published at once.
            form = form.text("temporary", "true");
        }
        if let Some(alt) = &media.alt {
            form = form.text("alt_text_custom", alt.clone());
        }
        let request = self.graph.send(call.account, &edge(call.account, "photos"), form)?;
        let answer = self.graph.http.free(PHOTO, request).await?;
        made(&answer).ok_or_else(|| self.graph.judge(&answer, call.account))
    }
}

/// The id of a stored photo that can still be used.
fn fresh(stored: &str, now: Timestamp) -> Option<String> {
    let (id, at) = stored.split_once(' ')?;
    let made: Timestamp = at.parse().ok()?;
    (now < made.checked_add(LIFE).ok()?).then(|| id.to_owned())
}
