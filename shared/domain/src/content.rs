//! What is published, and the hash that ties an attempt to what was approved.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AccountId, ChannelName, TargetId, TenantId};

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
    /// Settings for the channels, such as `visibility`. Each channel takes those that it knows; one of them must know each.
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

    /// The idempotency key handed to a platform for publish point `part` of `target`: the same on every attempt to say this.
    ///
    /// After an edit it is another. A platform that has seen a key answers with what it did when it saw it first, and what was
    /// approved now would be taken for published though what was approved before is out.
    pub fn idempotency_key(&self, target: TargetId, part: u16) -> String {
        let content: String = Sha256::digest(self.bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let key = format!("{}-{content}", target.0.simple());
        if part == 0 { key } else { format!("{key}-{part}") }
    }

    /// serde_json writes struct fields in their declared order and BTreeMaps sorted: the same draft, the same bytes.
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).unwrap_or_default()
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
        let body = draft.bytes();
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
    use uuid::Uuid;

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
    fn an_idempotency_key_is_for_one_part_of_one_target_that_says_one_thing() {
        let (one, two) = (TargetId(Uuid::from_u128(1)), TargetId(Uuid::from_u128(2)));
        let (draft, edited) = (Draft(content()), Draft(Content { text: "edited".into(), ..content() }));
        let key = draft.idempotency_key(one, 0);
        assert_eq!(key, Draft(content()).idempotency_key(one, 0));
        for other in [draft.idempotency_key(one, 1), draft.idempotency_key(two, 0), edited.idempotency_key(one, 0)] {
            assert_ne!(key, other);
        }
        assert_eq!(draft.idempotency_key(one, 1), format!("{key}-1"));
        assert!(!key.contains('.'), "a webhook id may hold no dot");
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
