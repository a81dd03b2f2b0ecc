//! The other door: an incoming webhook. Its address is the secret, and its whole answer is the word `ok`.

use domain::{Failure, Part, Receipt};
use reqwest::Method;
use serde_json::json;

use super::{HOOK, OK, PROOF, Slack, TABLE, message};
use crate::{Call, Kind, Takes, media::public};

const ADDRESS: &str = "webhook_url";
/// What a webhook's messages show.
const SHOWN: &[Takes] = &[Takes::new(Kind::PICTURES, u64::MAX)];

impl Slack {
    pub(super) async fn publish_by_hook(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
    ) -> Result<Receipt, Failure> {
        let account = call.account;
        let url = account.secret_address(ADDRESS)?;
        let mut pictures = Vec::new();
        for media in &part.media {
            // Slack fetches the pictures itself: that they are pictures is seen before anything is sent.
            let address = match self.http.media().serves() {
                true => self.http.media().served(call, media, SHOWN).await?.address,
                false => {
                    let address = public(call.draft, media)?;
                    self.http.media().open_as_is(call, media, SHOWN).await?;
                    address.to_owned()
                }
            };
            pictures.push(json!({ "image_url": address }));
        }
        let request = self.http.request(Method::POST, url).json(&message::body(call, part, pictures.into_iter()));
        let point = call.publish_point(HOOK, number).await?;
        let answer = self.http.publish(point, request).await?;
        let said_ok = answer.status == 200 && answer.body.trim_ascii() == b"ok";
        if said_ok && account.setting(PROOF) == Some(OK) {
            return Ok(Receipt { id: call.key(number), url: None });
        }
        Err(TABLE.judge(&answer, account))
    }
}
