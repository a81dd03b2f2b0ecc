//! The media library: raw bytes with the name in `Content-Disposition`, or a form.

use serde_json::json;

use super::{WordPress, error, posts::cannot_create};
use crate::fake::{Answer, Ask, Form, lock};

const ALLOWED: [&str; 9] = ["jpg", "jpeg", "png", "gif", "webp", "mp4", "mov", "webm", "pdf"];

impl WordPress {
    pub(super) fn upload(&self, ask: &Ask, user: Option<&str>) -> Result<Answer, Answer> {
        let user = user.ok_or_else(|| cannot_create(401))?;
        if !self.access.may_publish(user) {
            return Err(cannot_create(403));
        }
        let sent = sent(ask)?;
        if sent.length == 0 {
            return Err(error(400, "rest_upload_no_data", "No data supplied."));
        }
        if sent.length > lock(&self.knobs).max_upload_bytes {
            return Err(Answer::text(413, "text/html", "<html><h1>413 Request Entity Too Large</h1></html>"));
        }
        if !sent.name.rsplit_once('.').is_some_and(|(_, end)| ALLOWED.contains(&end)) {
            let sorry = "Sorry, you are not allowed to upload this file type.";
            return Err(error(500, "rest_upload_sideload_error", sorry));
        }
        let id = self.new_id();
        let media = json!({
            "id": id,
            "status": "inherit",
            "type": "attachment",
            "media_type": if sent.kind.starts_with("image/") { "image" } else { "file" },
            "mime_type": sent.kind,
            "alt_text": sent.alt,
            "source_url": format!("https://blog.test/wp-content/uploads/{id}/{}", sent.name),
        });
        lock(&self.media).insert(id, media.clone());
        Ok(Answer::json(201, &media))
    }

    pub(super) fn describe(&self, ask: &Ask, id: &str, user: Option<&str>) -> Result<Answer, Answer> {
        user.ok_or_else(|| error(401, "rest_cannot_edit", "Sorry, you are not allowed to edit this post."))?;
        let mut media = lock(&self.media);
        let file = id.parse().ok().and_then(|id: u64| media.get_mut(&id)).ok_or_else(unknown)?;
        for name in ["alt_text", "title"] {
            if let Some(value) = ask.field(name) {
                file[name] = json!(value);
            }
        }
        Ok(Answer::json(200, file))
    }

    pub(super) fn show_media(&self, id: &str) -> Result<Answer, Answer> {
        let media = lock(&self.media);
        let file = id.parse().ok().and_then(|id: u64| media.get(&id)).ok_or_else(unknown)?;
        Ok(Answer::json(200, file))
    }
}

/// What came with an upload.
struct Sent {
    name: String,
    kind: String,
    length: usize,
    alt: String,
}

fn sent(ask: &Ask) -> Result<Sent, Answer> {
    let kind = ask.header("content-type").unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return form(ask).ok_or_else(|| error(400, "rest_upload_no_data", "No data supplied."));
    }
    let disposition = ask.header("content-disposition").unwrap_or_default();
    let name = disposition.split_once("filename=").map(|(_, name)| name.trim().trim_matches('"'));
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| error(400, "rest_upload_no_content_disposition", "No Content-Disposition supplied."))?;
    Ok(Sent { name: name.to_owned(), kind: kind.to_owned(), length: ask.body.len(), alt: String::new() })
}

fn form(ask: &Ask) -> Option<Sent> {
    let mut form = Form::read(ask).ok()?;
    let file = form.files.remove("file")?;
    let alt = form.fields.remove("alt_text").unwrap_or_default();
    Some(Sent { name: file.name, kind: file.kind, length: file.bytes.len(), alt })
}

fn unknown() -> Answer {
    error(404, "rest_post_invalid_id", "Invalid post ID.")
}
