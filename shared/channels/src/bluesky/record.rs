//! Records: where they go, and what is in them.

use std::fmt;

use domain::{Code, Draft, Failure, Landed, Part, PlatformWords, Receipt, Scope, TargetId, Worth};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Written;
use crate::text;

pub(super) const COLLECTION: &str = "app.bsky.feed.post";
const LETTERS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// Where a record goes and when it says it was made: all that must be the same on every try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The account's permanent id.
    pub repo: String,
    /// The record's key.
    pub key: String,
    /// Its time, as it is written in the record.
    pub created: String,
}

impl Place {
    pub fn handle(number: u16) -> String {
        format!("record.{number}")
    }

    /// A key for part `number` of a target: sorts by time, and no other target's part has it.
    pub fn choose(repo: &str, target: TargetId, number: u16, now: Timestamp) -> Self {
        let at = now.checked_add(SignedDuration::from_millis(i64::from(number))).unwrap_or(now);
        let micros = u64::try_from(at.as_millisecond()).unwrap_or_default() * 1000;
        // 20 random bits of the target's id tell targets of the same millisecond apart.
        let [.., a, b, c] = *target.0.as_bytes();
        let random = u64::from(u32::from_be_bytes([0, a, b, c]));
        let (within, clock) = ((random >> 10) % 1000, random & 0x3ff);
        Self { repo: repo.into(), key: tid(((micros + within) << 10) | clock), created: format!("{at:.3}") }
    }

    /// Reads what [`Place::to_string`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        let (uri, created) = text.split_once(' ')?;
        Some(Self { created: created.into(), ..Self::of_uri(uri)? })
    }

    /// The place that an at-uri names.
    pub fn of_uri(uri: &str) -> Option<Self> {
        let mut parts = uri.strip_prefix("at://")?.split('/');
        let (repo, collection, key) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = collection == COLLECTION && parts.next().is_none() && !repo.is_empty() && !key.is_empty();
        whole.then(|| Self { repo: repo.into(), key: key.into(), created: String::new() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at://{}/{COLLECTION}/{} {}", self.repo, self.key, self.created)
    }
}

/// A number of 63 bits as 13 letters that sort like the number.
fn tid(number: u64) -> String {
    (0..13).rev().map(|place| char::from(LETTERS[((number >> (5 * place)) & 31) as usize])).collect()
}

/// The record of a part. The same inputs give the same record, byte for byte.
pub(super) fn post(part: &Part, draft: &Draft, place: &Place, blobs: &[Value], before: &[Written]) -> Value {
    let mut record = json!({ "$type": COLLECTION, "text": part.text, "createdAt": place.created });
    let facets = facets(&part.text);
    if !facets.is_empty() {
        record["facets"] = facets.into();
    }
    if let Some(language) = draft.0.settings.get("language") {
        record["langs"] = language.split(',').map(str::trim).filter(|code| !code.is_empty()).collect();
    }
    if !blobs.is_empty() {
        let alt = |n: usize| part.media.get(n).and_then(|media| media.alt.clone()).unwrap_or_default();
        let images = blobs.iter().enumerate().map(|(n, blob)| json!({ "alt": alt(n), "image": blob }));
        record["embed"] = json!({ "$type": "app.bsky.embed.images", "images": images.collect::<Vec<_>>() });
    }
    if let (Some(root), Some(parent)) = (before.first(), before.last()) {
        let name = |written: &Written| json!({ "uri": written.uri, "cid": written.cid });
        record["reply"] = json!({ "root": name(root), "parent": name(parent) });
    }
    record
}

/// Links and hashtags are not found by the server: each is named with its place in bytes.
fn facets(text: &str) -> Vec<Value> {
    let facet = |place: &std::ops::Range<usize>, feature: Value| json!({ "index": { "byteStart": place.start, "byteEnd": place.end }, "features": [feature] });
    let links = text::urls(text)
        .into_iter()
        .map(|place| facet(&place, json!({ "$type": "app.bsky.richtext.facet#link", "uri": text[place.clone()] })));
    let tags = text::tags(text).into_iter().map(|place| {
        facet(&place, json!({ "$type": "app.bsky.richtext.facet#tag", "tag": text[place.start + 1..place.end] }))
    });
    links.chain(tags).collect()
}

/// The proof of a record, with the address at which people see it.
pub(super) fn receipt(uri: &str) -> Receipt {
    let url = Place::of_uri(uri).map(|place| format!("https://bsky.app/profile/{}/post/{}", place.repo, place.key));
    Receipt { id: uri.into(), url }
}

/// The part that a reply would answer is not there any more.
pub(super) fn gone(uri: &str) -> Failure {
    Failure {
        code: Code::REFERENCE_GONE,
        landed: Landed::No,
        worth: Worth::Never,
        scope: Scope::Post,
        step: super::GET.into(),
        said: PlatformWords::text(format!("{uri} is not there any more")),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn place(id: u128, number: u16) -> Place {
        let now = "2026-01-02T03:04:05.678Z".parse().unwrap();
        Place::choose("did:plc:x", TargetId(Uuid::from_u128(id)), number, now)
    }

    #[test]
    fn a_place_is_written_and_read_alike() {
        let place = place(7, 1);
        assert_eq!(Place::read(&place.to_string()), Some(place.clone()));
        assert_eq!(place.created, "2026-01-02T03:04:05.679Z");
        assert_eq!(Place::of_uri("at://did:plc:x/other.collection/key"), None);
    }

    #[test]
    fn keys_are_tids_that_sort_by_part_and_differ_by_target() {
        let key = place(7, 0).key;
        assert_eq!(key.len(), 13);
        assert!(key.bytes().all(|letter| LETTERS.contains(&letter)) && key.as_bytes()[0] < b'k', "{key}");
        assert!(place(7, 1).key > key);
        assert_ne!(place(8, 0).key, key);
        assert_eq!(place(7, 0).key, key);
    }

    #[test]
    fn facets_count_bytes() {
        let facets = facets("Grüße 🎉 https://a.example/ü #Möwe.");
        let at = |n: usize| {
            (facets[n]["index"]["byteStart"].as_u64().unwrap(), facets[n]["index"]["byteEnd"].as_u64().unwrap())
        };
        assert_eq!((at(0), at(1)), ((13, 33), (34, 40)));
        assert_eq!(facets[0]["features"][0]["uri"], "https://a.example/ü");
        assert_eq!(facets[1]["features"][0]["tag"], "Möwe");
    }
}
