//! What is published, and the hash that ties an attempt to what was approved.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AccountId, ChannelName, TenantId};

/// Free settings of a channel, as `visibility: unlisted`.
pub type Settings = BTreeMap<String, String>;

/// What a post says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Content {
    /// The text. May be empty when there is media or a link.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// A link to go with the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Pictures and videos, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// The parts that follow the first one, as a thread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thread: Vec<Part>,
    /// Settings for the channels, such as `visibility`. A channel ignores those it does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: Settings,
}

/// One further part of a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// The part's text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The part's own media.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
}

/// A picture or video, by address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Media {
    /// Where it is fetched from: an `http` or `https` address.
    pub url: String,
    /// What it shows, for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
}

/// What one target changes of its post's content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Override {
    /// Another text for this target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The whole content, replaced by an edit after acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Settings added to, or replacing, the post's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: Settings,
}

/// What goes out on one target: the post's content with the target's overrides applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft(pub Content);

impl Draft {
    /// The post's `content` as `changes` leaves it.
    pub fn of(content: &Content, changes: &Override) -> Self {
        let mut draft = changes.content.clone().unwrap_or_else(|| content.clone());
        if let Some(text) = &changes.text {
            draft.text.clone_from(text);
        }
        draft.settings.extend(changes.settings.clone());
        Self(draft)
    }

    /// The parts in order: the first, then the thread's.
    pub fn parts(&self) -> Vec<Part> {
        let first = Part { text: self.0.text.clone(), media: self.0.media.clone() };
        std::iter::once(first).chain(self.0.thread.iter().cloned()).collect()
    }

    /// All media of all parts.
    pub fn media(&self) -> impl Iterator<Item = &Media> {
        self.0.media.iter().chain(self.0.thread.iter().flat_map(|part| part.media.iter()))
    }
}

/// A fingerprint of everything that was approved for one target: content, settings, account and time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(pub [u8; 16]);

impl ContentHash {
    /// The hash of what goes out, where and when.
    pub fn of(draft: &Draft, tenant: &TenantId, channel: &ChannelName, account: &AccountId, due_at: Timestamp) -> Self {
        let mut hasher = Sha256::new();
        // serde_json writes struct fields in their declared order and BTreeMaps sorted: the same draft, the same bytes.
        let body = serde_json::to_vec(&draft.0).unwrap_or_default();
        let due = due_at.as_millisecond().to_be_bytes();
        for field in
            [&body[..], tenant.as_str().as_bytes(), channel.as_str().as_bytes(), account.as_str().as_bytes(), &due]
        {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field);
        }
        let digest = hasher.finalize();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Self(short)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Content {
        Content {
            text: "first".into(),
            thread: vec![Part { text: "second".into(), media: vec![] }],
            ..Content::default()
        }
    }

    fn hash(draft: &Draft) -> ContentHash {
        ContentHash::of(
            draft,
            &TenantId::new("t").unwrap(),
            &ChannelName::new("webhook").unwrap(),
            &AccountId::new("a").unwrap(),
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn a_target_text_replaces_the_first_part_only() {
        let draft = Draft::of(&content(), &Override { text: Some("mine".into()), ..Override::default() });
        let texts: Vec<_> = draft.parts().into_iter().map(|part| part.text).collect();
        assert_eq!(texts, ["mine", "second"]);
    }

    #[test]
    fn the_media_of_all_parts_are_counted() {
        let media = |url: &str| Media { url: url.into(), alt: None };
        let mut draft = Draft(content());
        draft.0.media = vec![media("a"), media("b")];
        draft.0.thread[0].media = vec![media("c")];
        assert_eq!(draft.media().map(|media| media.url.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_hash_shows_itself_in_hexadecimal() {
        let hash = ContentHash([0xab; 16]);
        assert_eq!(hash.to_string(), "ab".repeat(16));
        assert_eq!(format!("{hash:?}"), format!("ContentHash({})", "ab".repeat(16)));
    }

    #[test]
    fn any_change_of_what_was_approved_changes_the_hash() {
        let draft = Draft::of(&content(), &Override::default());
        let mut other = draft.clone();
        other.0.settings.insert("visibility".into(), "private".into());
        assert_eq!(hash(&draft), hash(&draft.clone()));
        assert_ne!(hash(&draft), hash(&other));
    }
}
