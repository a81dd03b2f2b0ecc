//! Uploads.

use serde_json::json;

use super::{Ghost, error};
use crate::fake::{Answer, Ask, Form, lock};

const ALLOWED: [&str; 7] = ["jpg", "jpeg", "png", "gif", "webp", "svg", "ico"];

impl Ghost {
    pub(super) fn upload(&self, ask: &Ask) -> Result<Answer, Answer> {
        let form = Form::read(ask).unwrap_or_default();
        let none = || error(422, "ValidationError", None, "Please select an image.", None);
        let file = form.files.get("file").ok_or_else(none)?;
        if file.bytes.len() > lock(&self.knobs).max_upload_bytes {
            return Err(error(413, "RequestEntityTooLargeError", None, "Request was too big for the server", None));
        }
        if !file.name.rsplit_once('.').is_some_and(|(_, end)| ALLOWED.contains(&end)) {
            return Err(error(415, "UnsupportedMediaTypeError", None, "Please select a valid image.", None));
        }
        let url = format!("https://ghost.test/content/images/2026/01/{}-{}", &self.new_id()[18..], file.name);
        Ok(Answer::json(201, &json!({"images": [{"url": url, "ref": null}]})))
    }
}
