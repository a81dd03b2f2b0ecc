//! What the platform does to a text: counts it, and shows it with every address rewritten.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation;

const ADDRESS: usize = 23;

/// The weighted length: light characters one, others two, clusters that begin heavy two, addresses 23.
pub(super) fn length(text: &str) -> usize {
    pieces(text)
        .map(|(piece, is_address)| match is_address {
            true => ADDRESS,
            false => piece.graphemes(true).map(cluster).sum(),
        })
        .sum()
}

fn cluster(cluster: &str) -> usize {
    let weigh = |c: char| match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    };
    let heavy = cluster.chars().next().is_some_and(|first| weigh(first) == 2);
    if heavy { 2 } else { cluster.chars().map(weigh).sum() }
}

/// The text in pieces, each with whether it is an address.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split_inclusive(char::is_whitespace).flat_map(|word| {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || ".,!)".contains(c));
        let start = ["https://", "http://"].iter().filter_map(|scheme| bare.find(scheme)).min().unwrap_or(bare.len());
        let (before, address, after) = (&bare[..start], &bare[start..], &word[bare.len()..]);
        [(before, false), (address, !address.is_empty()), (after, false)]
    })
}

/// How a post is shown: the text with short addresses and escaped signs, and what the short ones stand for.
pub(super) fn shown(id: &str, text: &str, media_keys: &[String]) -> (String, Value) {
    let mut shown = String::new();
    let mut urls = Vec::new();
    let mut shorten = |long: &str, shown: &mut String, key: Option<&String>| {
        let short = format!("https://t.co/{}", &digest(&format!("{id} {} {long}", urls.len()))[..10]);
        let start = shown.chars().count();
        shown.push_str(&short);
        let mut url = json!({
            "start": start, "end": start + short.len(), "url": short, "expanded_url": long,
            "display_url": long.split_once("://").map_or(long, |(_, rest)| rest),
        });
        if let Some(key) = key {
            url["media_key"] = json!(key);
        }
        urls.push(url);
    };
    for (piece, is_address) in pieces(text) {
        match is_address {
            true => shorten(piece, &mut shown, None),
            false => shown.push_str(&piece.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
        }
    }
    if let Some(first) = media_keys.first() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        let kind = if first.starts_with("7_") { "video" } else { "photo" };
        shorten(&format!("https://x.com/i/status/{id}/{kind}/1"), &mut shown, Some(first));
    }
    (shown, json!({"urls": urls}))
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
