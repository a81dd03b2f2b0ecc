//! Pictures: TikTok fetches them itself, and posts them with the request for them.

use domain::{Failure, Landed};
use serde_json::json;

use super::{
    POST, TikTok, check,
    creator::Creator,
    data, judge,
    upload::{self, Begun, Upload},
};
use crate::{Call, Published, media::public};

impl TikTok {
    /// The pictures were looked at here; TikTok fetches them again, from addresses whose owner it knows.
    pub(super) async fn post_photos(
        &self,
        call: &mut Call<'_>,
        creator: Creator,
        audience: &str,
    ) -> Result<Published, Failure> {
        let draft = call.draft;
        let mut addresses = Vec::new();
        for media in &draft.0.media {
            addresses.push(public(draft, media)?);
            self.http.media().open_as_is(call, media, check::PICTURES).await?;
        }
        upload::fits(call, true)?;
        let mut info = creator.info(call.draft, audience, false);
        info["description"] = json!(upload::caption(call));
        if let Some(title) = check::setting(call.draft, check::TITLE_OF) {
            info["title"] = json!(title);
        }
        let cover = check::setting(call.draft, check::COVER).and_then(|index| index.parse::<usize>().ok());
        let body = json!({
            "post_info": info,
            "source_info": {
                "source": "PULL_FROM_URL",
                "photo_images": addresses,
                "photo_cover_index": cover.unwrap_or_default(),
            },
            "post_mode": "DIRECT_POST",
            "media_type": "PHOTO",
        });
        let public = audience == check::PUBLIC;
        let mut asked = Upload::new(String::new(), creator.name, public, self.now());
        upload::keep(call, &asked).await?;
        let account = call.account;
        let request = self.request(account, "post/publish/content/init/")?.json(&body);
        let point = call.publish_point(POST, 0).await?;
        let answer = self.http.publish(point, request).await?;
        let begun: Option<Begun> = data(&answer).filter(|begun: &Begun| !begun.publish_id.is_empty());
        asked.id = begun.ok_or_else(|| judge(&answer, account))?.publish_id;
        // It is on its way out, whether that can be written down or not.
        upload::keep(call, &asked).await.map_err(|failure| Failure { landed: Landed::Unknown, ..failure })?;
        self.accepted(call, &asked).await
    }
}
