//! What a pin holds: words, a link, a board, and pictures, which go along as bytes: what was approved is what is shown.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{Code, Draft, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use serde_json::{Value, json};

use super::{BOARD, CREATE, Pinterest, check, video};
use crate::{
    Account, Call, MediaFile,
    article::{TITLE, option},
    media::refused,
};

/// A pin, but for what it shows.
pub(super) struct Pin<'a> {
    /// On which board.
    pub board: &'a str,
    section: Option<&'a str>,
    /// Its title; empty if it has none.
    pub title: &'a str,
    /// What it says; empty if it says nothing.
    pub text: &'a str,
    /// Where it leads.
    pub link: Option<&'a str>,
}

impl<'a> Pin<'a> {
    /// The draft as a pin.
    ///
    /// # Errors
    /// Neither the post nor the account names a board.
    pub fn of(draft: &'a Draft, account: &'a Account) -> Result<Self, Failure> {
        let board = option(draft, account, BOARD).ok_or_else(without_board)?;
        let setting = |name: &str| draft.0.settings.get(name).map(String::as_str).filter(|value| !value.is_empty());
        Ok(Self {
            board,
            section: setting("board_section_id"),
            title: setting(TITLE).unwrap_or_default(),
            text: &draft.0.text,
            link: draft.0.link.as_deref(),
        })
    }

    #[cfg(test)]
    pub fn bare(board: &'a str, link: Option<&'a str>) -> Self {
        Self { board, section: None, title: "", text: "", link }
    }

    /// What is sent.
    pub fn body(&self, draft: &Draft, source: Value) -> Value {
        let mut body = json!({ "board_id": self.board, "media_source": source });
        let alt = draft.0.media.first().and_then(|media| media.alt.as_deref());
        let said = [
            ("board_section_id", self.section),
            ("title", Some(self.title)),
            ("description", Some(self.text)),
            ("link", self.link),
            ("alt_text", alt),
        ];
        for (name, value) in said {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                body[name] = json!(value);
            }
        }
        body
    }
}

impl Pinterest {
    /// What the pin shows.
    pub(super) async fn source(&self, call: &mut Call<'_>) -> Result<Value, Failure> {
        if let Some(id) = video::sent(call) {
            return self.shown_video(call, &id).await;
        }
        let media = &call.draft.0.media;
        let takes = [check::pictures(media.len().max(1) as u64), check::VIDEO];
        let mut files = Vec::new();
        for one in media {
            files.push(self.http.media().open(call, one, &takes).await?);
        }
        match files.as_slice() {
            [] => Err(without_media()),
            [file] if !file.kind.is_image() => {
                let id = self.upload(call, file).await?;
                self.shown_video(call, &id).await
            }
            files if files.iter().any(|file| !file.kind.is_image()) => Err(refused(check::ALONE.into())),
            files => pictures(files).await,
        }
    }
}

async fn pictures(files: &[MediaFile]) -> Result<Value, Failure> {
    let mut items = Vec::new();
    for file in files {
        items.push(json!({ "content_type": file.kind.mime, "data": STANDARD.encode(file.bytes().await?) }));
    }
    if items.len() > 1 {
        return Ok(json!({ "source_type": "multiple_image_base64", "items": items }));
    }
    let mut source = items.pop().unwrap_or_default();
    source["source_type"] = json!("image_base64");
    Ok(source)
}

fn without_board() -> Failure {
    let said = "settings.board_id names no board: neither the post nor the account says where the pin goes";
    failure(Code::BAD_SETTING, said)
}

/// Only a draft that was never checked comes to this.
fn without_media() -> Failure {
    failure(Code::NOTHING_TO_SAY, "Pinterest takes no text alone")
}

fn failure(code: Code, said: &str) -> Failure {
    Failure {
        code,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Content },
        scope: Scope::Post,
        step: CREATE.into(),
        said: PlatformWords::text(said),
    }
}
