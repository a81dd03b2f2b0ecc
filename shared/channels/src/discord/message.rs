//! A message as Discord takes it: its files travel with the call that makes it.

use domain::{Failure, Part};
use reqwest::{RequestBuilder, multipart};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Discord, is_hook};
use crate::{Call, MediaFile, text};

const NO_PREVIEW: u32 = 1 << 2;
const SILENT: u32 = 1 << 12;

/// The nonce of a publish point: the same on every attempt, and no longer than Discord takes.
pub(super) fn nonce(key: &str) -> String {
    Sha256::digest(key)[..12].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the names of a message's files begin with, so that they are known again.
pub(super) fn file_mark(nonce: &str) -> &str {
    &nonce[..12]
}

/// A message, ready to go out.
pub(super) struct Message {
    body: Value,
    files: Vec<(String, MediaFile)>,
}

impl Discord {
    pub(super) async fn message(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Message, Failure> {
        let setting = |name: &str| call.draft.0.settings.get(name).map(String::as_str);
        let nonce = nonce(&call.key(number));
        let mentions =
            if setting("mentions") == Some("all") { json!(["users", "roles", "everyone"]) } else { json!([]) };
        let preview = if setting("link_preview") == Some("false") { NO_PREVIEW } else { 0 };
        let silent = if setting("silent") == Some("true") { SILENT } else { 0 };
        let mut body = json!({
            "content": part.text, "allowed_mentions": { "parse": mentions }, "flags": preview | silent,
        });
        if !is_hook(call.account) {
            body["nonce"] = json!(nonce);
            body["enforce_nonce"] = json!(true);
            // A webhook cannot answer: its parts stand one below the other.
            if let Some(before) = number.checked_sub(1).and_then(|before| call.receipt(before)) {
                body["message_reference"] =
                    json!({ "message_id": text::id_of(&before.id), "fail_if_not_exists": true });
            }
        }
        let mut files = Vec::new();
        let mut attachments = Vec::new();
        for (n, media) in part.media.iter().enumerate() {
            let file = self.http.media().open(call, media, self.about.limits.takes).await?;
            let name = format!("{}-{n}", file_mark(&nonce));
            let whole = format!("{name}.{}", file.kind.extension);
            attachments.push(json!({ "id": n, "filename": whole, "description": media.alt }));
            files.push((name, file));
        }
        if !attachments.is_empty() {
            body["attachments"] = json!(attachments);
        }
        Ok(Message { body, files })
    }
}

impl Message {
    pub(super) fn into_request(self, request: RequestBuilder) -> Result<RequestBuilder, Failure> {
        if self.files.is_empty() {
            return Ok(request.json(&self.body));
        }
        let mut form = multipart::Form::new().text("payload_json", self.body.to_string());
        for (n, (name, file)) in self.files.iter().enumerate() {
            form = form.part(format!("files[{n}]"), file.part(name)?);
        }
        Ok(request.multipart(form))
    }
}
