//! The other door: an incoming webhook. Its address is the secret, and its whole answer is the word `ok`.

use domain::{Failure, Part, Receipt};
use reqwest::Method;
use serde_json::json;

use super::{HOOK, OK, PROOF, Slack, TABLE, message};
use crate::{Call, media::refused};

const ADDRESS: &str = "webhook_url";

impl Slack {
    pub(super) async fn publish_by_hook(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
    ) -> Result<Receipt, Failure> {
        let account = call.account;
        let url = account.secret_address(ADDRESS)?;
        for media in &part.media {
            // Slack fetches the pictures itself: that they are there, and are pictures, is seen before anything is sent.
            let file = self.http.media().fetch(&media.url).await?;
            if !file.kind.is_image() {
                return Err(refused(format!("a Slack webhook shows pictures only, not {}", file.kind.mime)));
            }
        }
        let pictures = part.media.iter().map(|media| json!({ "image_url": media.url }));
        let request = self.http.request(Method::POST, url).json(&message::body(call, part, pictures));
        let point = call.publish_point(HOOK, number).await?;
        let answer = self.http.publish(point, request).await?;
        let said_ok = answer.status == 200 && answer.body.trim_ascii() == b"ok";
        if said_ok && account.setting(PROOF) == Some(OK) {
            return Ok(Receipt { id: call.key(number), url: None });
        }
        Err(TABLE.judge(&answer, account))
    }
}
