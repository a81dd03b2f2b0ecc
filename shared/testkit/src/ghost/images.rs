//! Uploads.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart},
    http::{Request, header::CONTENT_TYPE},
};
use serde_json::json;

use super::{Ghost, error};
use crate::fake::{Answer, Ask, lock};

const ALLOWED: [&str; 7] = ["jpg", "jpeg", "png", "gif", "webp", "svg", "ico"];

impl Ghost {
    pub(super) async fn upload(&self, ask: &Ask) -> Result<Answer, Answer> {
        let (name, length) =
            file(ask).await.ok_or_else(|| error(422, "ValidationError", None, "Please select an image.", None))?;
        if length > lock(&self.knobs).max_upload_bytes {
            return Err(error(413, "RequestEntityTooLargeError", None, "Request was too big for the server", None));
        }
        if !name.rsplit_once('.').is_some_and(|(_, end)| ALLOWED.contains(&end)) {
            return Err(error(415, "UnsupportedMediaTypeError", None, "Please select a valid image.", None));
        }
        let url = format!("https://ghost.test/content/images/2026/01/{}-{name}", &self.new_id()[18..]);
        Ok(Answer::json(201, &json!({"images": [{"url": url, "ref": null}]})))
    }
}

/// The file's name and length.
async fn file(ask: &Ask) -> Option<(String, usize)> {
    let content_type = ask.header("content-type")?;
    let request = Request::post("/").header(CONTENT_TYPE, content_type).body(Body::from(ask.body.clone())).ok()?;
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    while let Some(field) = form.next_field().await.ok()? {
        if field.name() == Some("file") {
            let name = field.file_name()?.to_owned();
            return Some((name, field.bytes().await.ok()?.len()));
        }
    }
    None
}
