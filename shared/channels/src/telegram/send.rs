//! One part as one call: a message, a photo or video, an album. The files travel with the call.

use domain::{Failure, Media, Part};
use reqwest::{RequestBuilder, multipart};
use serde_json::{Map, Value, json};

use super::{CHAT, Telegram, chat};
use crate::{Call, MediaFile, media::refused, telegram::format::Format, text};

/// A call, ready to go out.
pub(super) struct Message {
    method: &'static str,
    fields: Map<String, Value>,
    files: Vec<File>,
}

struct File {
    name: String,
    file: MediaFile,
}

/// A file as Telegram calls it: its type, which is also the field's name, and where it is.
struct Shown {
    kind: &'static str,
    at: String,
}

impl Telegram {
    pub(super) async fn message(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Message, Failure> {
        let mut fields = Map::new();
        let chat = match call.handle(CHAT) {
            Some(moved) => moved,
            None => chat(call.account)?,
        };
        fields.insert(CHAT.into(), json!(chat));
        if let Some(topic) = call.account.setting("message_thread_id") {
            fields.insert("message_thread_id".into(), json!(topic));
        }
        let before = number.checked_sub(1).and_then(|before| call.receipt(before));
        if let Some(id) = before.and_then(|out| text::id_of(&out.id).parse::<i64>().ok()) {
            fields.insert("reply_parameters".into(), json!({ "message_id": id }));
        }
        for name in ["disable_notification", "protect_content"] {
            if call.draft.0.settings.get(name).is_some_and(|value| value == "true") {
                fields.insert(name.into(), json!(true));
            }
        }
        let mode = Format::of(call.draft).name();
        let mut files = Vec::new();
        let mut shown = Vec::new();
        for media in &part.media {
            shown.push(self.shown(call, media, &mut files).await?);
        }
        let method = match &shown[..] {
            [] => {
                fields.insert("text".into(), json!(part.text));
                if call.draft.0.settings.get("link_preview").is_some_and(|value| value == "false") {
                    fields.insert("link_preview_options".into(), json!({ "is_disabled": true }));
                }
                "sendMessage"
            }
            [one] => {
                fields.insert(one.kind.into(), json!(one.at));
                fields.insert("caption".into(), json!(part.text));
                match one.kind {
                    "photo" => "sendPhoto",
                    "animation" => "sendAnimation",
                    _ => "sendVideo",
                }
            }
            album => {
                if album.iter().any(|shown| shown.kind == "animation") {
                    return Err(refused("an album takes photos and videos, no GIF".into()));
                }
                let items = album.iter().enumerate().map(|(n, shown)| {
                    // The first caption counts as the album's.
                    let mut item = json!({ "type": shown.kind, "media": shown.at });
                    if n == 0 {
                        item["caption"] = json!(part.text);
                        if let Some(mode) = mode {
                            item["parse_mode"] = json!(mode);
                        }
                    }
                    item
                });
                fields.insert("media".into(), items.collect());
                "sendMediaGroup"
            }
        };
        if let Some(mode) = mode.filter(|_| shown.len() < 2) {
            fields.insert("parse_mode".into(), json!(mode));
        }
        Ok(Message { method, fields, files })
    }

    /// The file as the account wants it sent: fetched and sent along, or by its address, for Telegram to fetch.
    async fn shown(&self, call: &mut Call<'_>, media: &Media, files: &mut Vec<File>) -> Result<Shown, Failure> {
        if call.account.setting("media") == Some("address") {
            return Ok(Shown { kind: kind_by_name(&media.url), at: media.url.clone() });
        }
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        let kind = match file.kind.mime {
            "image/gif" => "animation",
            _ if file.kind.is_image() => "photo",
            _ => "video",
        };
        let name = format!("file{}", files.len());
        let at = format!("attach://{name}");
        files.push(File { name, file });
        Ok(Shown { kind, at })
    }
}

/// What an address leads to, by the ending of its name: all that is known of a file that we do not fetch.
fn kind_by_name(address: &str) -> &'static str {
    let path = url::Url::parse(address).map(|url| url.path().to_ascii_lowercase()).unwrap_or_default();
    match path.rsplit('.').next() {
        Some("mp4") => "video",
        Some("gif") => "animation",
        _ => "photo",
    }
}

impl Message {
    pub(super) fn into_request(
        self,
        request: impl FnOnce(&'static str) -> Result<RequestBuilder, Failure>,
    ) -> Result<RequestBuilder, Failure> {
        let request = request(self.method)?;
        if self.files.is_empty() {
            return Ok(request.json(&self.fields));
        }
        let mut form = multipart::Form::new();
        for (name, value) in self.fields {
            let value = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            form = form.text(name, value);
        }
        for file in self.files {
            let part = file.file.part(&file.name)?;
            form = form.part(file.name, part);
        }
        Ok(request.multipart(form))
    }
}
