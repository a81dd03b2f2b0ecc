//! Files: an address to upload to, the bytes, and completing, which may make a message.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Slack, done, error, messages::Words};
use crate::fake::{Answer, Ask, Form, Stage, lock};

/// A file on its way.
pub(super) struct File {
    account: String,
    name: String,
    alt: Option<String>,
    length: usize,
    uploaded: bool,
    /// From when on a block may show it; none before it is completed.
    usable_at: Option<Timestamp>,
}

impl Slack {
    pub(super) fn ticket(&self, ask: &Ask, name: &str, form: &Form) -> Result<Answer, Answer> {
        let (Some(file), Some(length)) =
            (form.get("filename"), form.get("length").and_then(|length| length.parse().ok()))
        else {
            return Err(error("invalid_arguments"));
        };
        let mut files = lock(&self.files);
        let id = format!("F{:08}", files.len() + 1);
        let alt = form.get("alt_txt").map(str::to_owned);
        let kept = File { account: name.into(), name: file.into(), alt, length, uploaded: false, usable_at: None };
        files.insert(id.clone(), kept);
        let host = ask.header("host").unwrap_or_default();
        Ok(done(json!({ "upload_url": format!("http://{host}/upload/v1/{id}"), "file_id": id })))
    }

    pub(super) fn take_bytes(&self, ask: &Ask, form: &Form, id: &str) -> Result<Answer, Answer> {
        let size = form.files.values().next().map_or(ask.body.len(), |upload| upload.bytes.len());
        let mut files = lock(&self.files);
        let refused = |why: &str| Answer::text(400, "text/plain", why);
        let file = files.get_mut(id).ok_or_else(|| refused("no such upload"))?;
        if size != file.length {
            return Err(refused("the length is not the one that was said"));
        }
        file.uploaded = true;
        Ok(Answer::text(200, "text/plain", format!("OK - {size}")))
    }

    /// Without a conversation the file is nobody's to see. With one, a message shows it; the answer does not say which.
    pub(super) fn complete(&self, ask: &Ask, name: &str, form: &Form, stage: &Stage) -> Result<Answer, Answer> {
        let wanted = form.json("files");
        let ids: Vec<&str> = wanted.as_array().into_iter().flatten().filter_map(|file| file["id"].as_str()).collect();
        {
            let files = lock(&self.files);
            let ready = |id: &&str| {
                files.get(*id).is_some_and(|file| file.account == name && file.uploaded && file.usable_at.is_none())
            };
            if ids.is_empty() || !ids.iter().all(ready) {
                return Err(error("file_not_found"));
            }
        }
        let mut made = None;
        if let Some(channel) = form.get("channel_id") {
            self.access.open(name, Some(channel))?;
            self.count(name, ask)?;
            let shown = ids.iter().map(|id| self.file_json(id)).collect();
            let text = form.get("initial_comment").unwrap_or_default().into();
            let thread_ts = form.get("thread_ts").map(str::to_owned);
            made = Some(self.say(ask, name, Words { text, thread_ts, files: shown, ..Words::default() }, stage)?.id);
        }
        let usable_at = stage.now() + Duration::from_millis(lock(&self.knobs).file_processing_ms);
        let mut files = lock(&self.files);
        for id in &ids {
            if let Some(file) = files.get_mut(*id) {
                file.usable_at = Some(usable_at);
            }
        }
        let named: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "title": files[*id].name })).collect();
        let answer = done(json!({ "files": named }));
        Ok(match made {
            Some(ts) => answer.made(&ts),
            None => answer,
        })
    }

    /// A file, and where listings of this moment show it.
    pub(super) fn info(&self, name: &str, form: &Form, stage: &Stage) -> Result<Answer, Answer> {
        let id = form.get("file").unwrap_or_default();
        if lock(&self.files).get(id).is_none_or(|file| file.account != name) {
            return Err(error("file_not_found"));
        }
        let shows = |files: &Value| files.as_array().is_some_and(|files| files.iter().any(|file| file["id"] == id));
        let posts = stage.listed(name, usize::MAX, |post| shows(&post.native["files"]));
        let mut file = self.file_json(id);
        file["shares"] = json!({});
        if let Some(post) = posts.last() {
            file["shares"] = json!({ "public": { Slack::channel(name): [{ "ts": post.id, "channel_name": name }] } });
        }
        Ok(done(json!({ "file": file })))
    }

    /// May a block of the account show this file now?
    pub(super) fn is_usable(&self, name: &str, id: Option<&str>, stage: &Stage) -> bool {
        let files = lock(&self.files);
        let file = id.and_then(|id| files.get(id)).filter(|file| file.account == name);
        file.and_then(|file| file.usable_at).is_some_and(|at| at <= stage.now())
    }

    fn file_json(&self, id: &str) -> Value {
        let files = lock(&self.files);
        let Some(file) = files.get(id) else { return Value::Null };
        json!({
            "id": id, "name": file.name, "title": file.name, "size": file.length, "alt_txt": file.alt,
            "permalink": format!("https://acme.slack.test/files/U-{}/{id}/{}", file.account, file.name),
        })
    }
}
