//! Messages, photos, videos and albums.

use serde_json::{Value, json};

use super::{Telegram, done, entities, error};
use crate::fake::{Answer, Ask, Draft, Form, Stage, lock};

/// What a method sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// One file, under this field.
    File(&'static str),
    Album,
}

impl Kind {
    pub(super) fn of(method: &str) -> Option<Self> {
        Some(match method.to_ascii_lowercase().as_str() {
            "sendmessage" => Kind::Text,
            "sendphoto" => Kind::File("photo"),
            "sendvideo" => Kind::File("video"),
            "sendanimation" => Kind::File("animation"),
            "sendmediagroup" => Kind::Album,
            _ => return None,
        })
    }
}

fn bad(why: &str) -> Answer {
    error(400, &format!("Bad Request: {why}"))
}

impl Telegram {
    pub(super) fn send(&self, ask: &Ask, name: &str, kind: Kind, form: &Form, stage: &Stage) -> Result<Answer, Answer> {
        if lock(&self.kicked).contains(name) {
            return Err(error(403, "Forbidden: bot was kicked from the channel chat"));
        }
        let chat = self.chat_of(name, form)?;
        self.count(name, ask)?;
        let reply = form.json("reply_parameters")["message_id"].as_i64();
        if reply.is_some_and(|id| stage.post(&format!("{chat}/{id}")).is_none()) {
            return Err(bad("message to be replied not found"));
        }
        let items = match kind {
            Kind::Text => vec![self.text(form)?],
            Kind::File(field) => vec![self.file(form, field, form.get(field).unwrap_or_default(), &captioned(form))?],
            Kind::Album => self.album(form)?,
        };
        Ok(self.publish(ask, name, chat, reply, items, kind == Kind::Album, stage))
    }

    fn text(&self, form: &Form) -> Result<Value, Answer> {
        let text =
            entities::shown(form.get("text").unwrap_or_default(), form.get("parse_mode")).map_err(|why| bad(&why))?;
        if text.is_empty() {
            return Err(bad("message text is empty"));
        }
        if entities::length(&text) > lock(&self.knobs).max_text {
            return Err(bad("message is too long"));
        }
        Ok(json!({ "text": text, "link_preview_options": form.json("link_preview_options") }))
    }

    fn album(&self, form: &Form) -> Result<Vec<Value>, Answer> {
        let items = form.json("media").as_array().cloned().unwrap_or_default();
        if !(2..=10).contains(&items.len()) {
            return Err(bad("expected 2 to 10 items in an album"));
        }
        let one = |item: &Value| match item["type"].as_str() {
            Some(kind @ ("photo" | "video")) => self.file(form, kind, item["media"].as_str().unwrap_or_default(), item),
            _ => Err(bad("unallowed media type in an album")),
        };
        items.iter().map(one).collect()
    }

    /// One file: sent along under its own name or as `attach://…`, or by its address.
    fn file(&self, form: &Form, kind: &str, at: &str, captioned: &Value) -> Result<Value, Answer> {
        let (max_caption, max_photo, max_file) = {
            let knobs = lock(&self.knobs);
            (knobs.max_caption, knobs.max_photo, knobs.max_file)
        };
        let upload = form.files.get(at.strip_prefix("attach://").unwrap_or(kind));
        let size = match upload {
            Some(upload) => upload.bytes.len(),
            None if at.starts_with("http://") || at.starts_with("https://") => 1,
            None => return Err(bad("wrong file identifier/HTTP URL specified")),
        };
        if size == 0 {
            return Err(bad("file must be non-empty"));
        }
        if size > if kind == "photo" { max_photo } else { max_file } {
            return Err(error(413, "Request Entity Too Large"));
        }
        let caption = captioned["caption"].as_str().unwrap_or_default();
        let caption = entities::shown(caption, captioned["parse_mode"].as_str()).map_err(|why| bad(&why))?;
        if entities::length(&caption) > max_caption {
            return Err(bad("message caption is too long"));
        }
        let id = format!("AgAC{kind}{size}");
        let one =
            json!({ "file_id": id, "file_unique_id": id, "file_size": size, "width": 1, "height": 1, "duration": 1 });
        let file = if kind == "photo" { json!([one]) } else { one };
        let mut message = json!({ kind: file, "source": upload.map_or(at, |upload| upload.name.as_str()) });
        if !caption.is_empty() {
            message["caption"] = json!(caption);
        }
        Ok(message)
    }

    /// An album is one post of several messages, whole or not at all.
    #[expect(clippy::too_many_arguments, reason = "where, by whom, what")]
    fn publish(
        &self,
        ask: &Ask,
        name: &str,
        chat: i64,
        reply: Option<i64>,
        items: Vec<Value>,
        album: bool,
        stage: &Stage,
    ) -> Answer {
        let group = format!("{}", stage.new_id());
        let messages: Vec<Value> = items
            .into_iter()
            .map(|mut message| {
                message["message_id"] = json!(self.next_number(chat));
                message["date"] = json!(stage.now().as_second());
                message["chat"] = self.shown_chat(name, chat);
                if let Some(to) = reply {
                    message["reply_to_message"] =
                        json!({ "message_id": to, "date": 0, "chat": self.shown_chat(name, chat) });
                }
                if album {
                    message["media_group_id"] = json!(group);
                }
                message
            })
            .collect();
        let first = &messages[0];
        let id = format!("{chat}/{}", first["message_id"]);
        let text = first["text"].as_str().or_else(|| first["caption"].as_str()).unwrap_or_default().to_owned();
        let url = format!("https://t.me/{name}/{}", first["message_id"]);
        let result = if album { json!(messages) } else { first.clone() };
        let native = json!({ "messages": messages, "silent": ask.says("disable_notification") });
        stage.publish(ask, Draft { id: id.clone(), url, account: name.into(), text, native });
        done(&result).made(&id)
    }

    fn next_number(&self, chat: i64) -> i64 {
        let mut numbers = lock(&self.numbers);
        let last = numbers.entry(chat).or_default();
        *last += 1;
        *last
    }
}

/// The caption and how it is written, as the items of an album have them.
fn captioned(form: &Form) -> Value {
    json!({ "caption": form.get("caption"), "parse_mode": form.get("parse_mode") })
}
