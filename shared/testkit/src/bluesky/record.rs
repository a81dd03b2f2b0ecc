//! What a record may be.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::{Bluesky, error, invalid};
use crate::fake::{Answer, lock};

/// The collection of posts.
pub(super) const POSTS: &str = "app.bsky.feed.post";

/// Record keys of posts are TIDs: 13 characters that sort by time, the first of which leaves the top bit free.
pub(super) fn check_key(collection: &str, key: &str) -> Result<(), Answer> {
    let sortable = |letter: u8| matches!(letter, b'2'..=b'7' | b'a'..=b'z');
    let first = key.bytes().next().is_some_and(|letter| matches!(letter, b'2'..=b'7' | b'a'..=b'j'));
    if key.len() == 13 && first && key.bytes().all(sortable) {
        return Ok(());
    }
    Err(invalid(&format!("Invalid record key for collection {collection}: Invalid TID string (got \"{key}\")")))
}

impl Bluesky {
    /// Checks a record against the schema, as far as posts go.
    pub(super) fn check_record(&self, collection: &str, record: &Value) -> Result<(), Answer> {
        let bad = |what: &str| Err(invalid(&format!("Invalid {collection} record: {what}")));
        if !record.is_object() {
            return Err(invalid("Input/record must be an object"));
        }
        if record["$type"] != collection {
            return Err(invalid(&format!("Invalid $type: expected {collection}, got {}", record["$type"])));
        }
        if collection != POSTS {
            return Ok(());
        }
        let Some(text) = record["text"].as_str() else {
            return bad("Record must have the property \"text\"");
        };
        let Some(created) = record["createdAt"].as_str() else {
            return bad("Record must have the property \"createdAt\"");
        };
        if created.parse::<jiff::Timestamp>().is_err() {
            return bad("createdAt must be an valid atproto datetime");
        }
        // Bytes first, then graphemes: a family of emoji may be one of the latter and 25 of the former.
        if text.len() > 3000 {
            return bad(&format!("string too big (maximum 3000, got {}) at $.record.text", text.len()));
        }
        let graphemes = text.graphemes(true).count();
        if graphemes > 300 {
            return bad(&format!("grapheme too big (maximum 300, got {graphemes}) at $.record.text"));
        }
        self.check_images(collection, record)
    }

    fn check_images(&self, collection: &str, record: &Value) -> Result<(), Answer> {
        let images = record["embed"]["images"].as_array().map(Vec::as_slice).unwrap_or_default();
        if images.len() > 4 {
            let got = images.len();
            let text =
                format!("Invalid {collection} record: array too big (maximum 4, got {got}) at $.record.embed.images");
            return Err(invalid(&text));
        }
        let largest = lock(&self.knobs).image_bytes;
        for image in images {
            let cid = image["image"]["ref"]["$link"].as_str().unwrap_or_default();
            match lock(&self.blobs).get(cid) {
                None => return Err(error(400, "BlobNotFound", &format!("Could not find blob: {cid}"))),
                Some((_, size)) if *size > largest => {
                    let text = format!("This file is too large. It is {size} bytes but the maximum size is {largest}.");
                    return Err(error(400, "BlobTooLarge", &text));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
