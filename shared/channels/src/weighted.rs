//! Counts a text as X does: its published rules (twitter-text, configuration 3) in the NFC form. Where they need a list that
//! changes, as of top-level domains or emoji, the count may come out longer than X's, not shorter.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

/// What every web address counts.
const ADDRESS: usize = 23;
/// What an emoji counts, of however many characters.
const EMOJI: usize = 2;
/// Longer ones are no addresses.
const LONGEST_ADDRESS: usize = 4096;
/// Characters that count one; all others count two.
const LIGHT: [std::ops::RangeInclusive<u32>; 4] = [0..=4351, 8192..=8205, 8208..=8223, 8242..=8247];
const VARIATION: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const JOINER: char = '\u{200d}';

/// The weighted length of `text`.
pub(crate) fn length(text: &str) -> usize {
    let addresses = addresses(text);
    let rest: usize = text_between(text, &addresses).map(plain).sum();
    addresses.len() * ADDRESS + rest
}

fn text_between<'a>(text: &'a str, places: &'a [Range<usize>]) -> impl Iterator<Item = &'a str> {
    let starts = std::iter::once(0).chain(places.iter().map(|place| place.end));
    let ends = places.iter().map(|place| place.start).chain(std::iter::once(text.len()));
    starts.zip(ends).map(|(start, end)| &text[start..end])
}

fn plain(text: &str) -> usize {
    let text: String = text.nfc().collect();
    text.graphemes(true).map(|cluster| if is_emoji(cluster) { emoji(cluster) } else { heavy(cluster.chars()) }).sum()
}

fn heavy(chars: impl Iterator<Item = char>) -> usize {
    chars.map(|c| if LIGHT.iter().any(|range| range.contains(&u32::from(c))) { 1 } else { 2 }).sum()
}

/// Shown as a picture: by itself, or because a variation selector or a keycap says so.
fn is_emoji(cluster: &str) -> bool {
    let is_picture =
        |c: char| c.is_emoji_char() && !c.is_ascii() && (heavy([c].into_iter()) > 1 || cluster.contains(VARIATION));
    cluster.contains(KEYCAP) || cluster.chars().next().is_some_and(is_picture)
}

/// An emoji, and whatever stands on it that is no part of one.
fn emoji(cluster: &str) -> usize {
    let is_part = |c: &char| matches!(*c, VARIATION | KEYCAP | JOINER | '\u{e0020}'..='\u{e007f}') || c.is_emoji_char();
    EMOJI + heavy(cluster.chars().filter(|c| !is_part(c)))
}

/// Where web addresses stand, in bytes: also those without a scheme.
fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (start, _) in text.char_indices() {
        if found.last().is_some_and(|last| start < last.end) {
            continue;
        }
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || "@＠$#＃".contains(c)) {
            continue;
        }
        let rest = &text[start..];
        let scheme = ["https://", "http://"]
            .into_iter()
            .find(|scheme| rest.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
        let length = match scheme {
            Some(scheme) => with_scheme(&rest[scheme.len()..]).map(|length| scheme.len() + length),
            None if before.is_some_and(|c| "-_./".contains(c)) => None,
            None => bare(rest),
        };
        if let Some(length) = length.filter(|length| *length <= LONGEST_ADDRESS) {
            found.push(start..start + length);
        }
    }
    found
}

fn with_scheme(rest: &str) -> Option<usize> {
    let host = host(rest, char::is_alphanumeric)?;
    Some(host.len() + tail(&rest[host.len()..]))
}

fn bare(rest: &str) -> Option<usize> {
    let host = host(rest, |c| c.is_ascii_alphanumeric())?;
    Some(host.len() + tail(&rest[host.len()..]))
}

/// The host that `rest` begins with, if it ends in a domain that exists.
fn host(rest: &str, is_letter: impl Fn(char) -> bool) -> Option<&str> {
    let end = rest.find(|c: char| !(is_letter(c) || "-_.".contains(c))).unwrap_or(rest.len());
    let host = rest[..end].trim_end_matches(|c: char| !is_letter(c));
    let (before, last) = host.rsplit_once('.')?;
    let known = psl::suffix(last.to_lowercase().as_bytes()).is_some_and(|suffix| suffix.is_known());
    (known && before.starts_with(&is_letter)).then_some(host)
}

/// How much of what follows a host belongs to the address: port, path, query.
fn tail(rest: &str) -> usize {
    let port = rest.strip_prefix(':').map_or(0, |port| {
        let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
        if digits > 0 { digits + 1 } else { 0 }
    });
    let path = &rest[port..];
    if !path.starts_with(['/', '?']) {
        return port;
    }
    let end = path.find(|c: char| !is_in_path(c)).unwrap_or(path.len());
    let mut path = &path[..end];
    while let Some(last) = path.chars().next_back() {
        let balanced = last == ')' && path.matches(')').count() <= path.matches('(').count();
        if last.is_alphanumeric() || "=_#/+-&".contains(last) || balanced {
            break;
        }
        path = &path[..path.len() - last.len_utf8()];
    }
    port + path.len()
}

fn is_in_path(c: char) -> bool {
    let sign = "-_.~!*'();:@&=+$,/?#[]%|".contains(c);
    sign || c.is_ascii_alphanumeric()
        || (c.is_alphanumeric() && matches!(c, '\u{c0}'..='\u{24f}' | '\u{400}'..='\u{4ff}'))
}

#[cfg(test)]
mod tests {
    use super::length;

    /// Lengths as the published library (version 3.1.0) gives them.
    #[test]
    fn texts_come_to_what_the_published_library_makes_of_them() {
        let cases = [
            ("", 0),
            ("hello", 5),
            ("cafe\u{301}", 4),
            ("日本語", 6),
            ("H🐱☺👨‍👩‍👧‍👦", 7),
            ("👍🏽 🇩🇪 1️⃣", 8),
            ("©®™", 4),
            ("— ‘x’ … €", 11),
            ("x\u{200d}y", 3),
            ("क्ष", 3),
            ("see https://example.org/a/very/long/path?x=1#frag ok", 30),
            ("example.com", 23),
            ("example.com/x.", 24),
            ("foo.jp and www.foo.jp and foo.jp/x", 79),
            ("Node.js is e.g. not.", 20),
            ("mail me@example.com", 19),
            ("日本https://example.com/日本", 31),
            ("(https://a.com/x_(y)), end", 30),
            ("http://localhost/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 56),
            ("https://exämple.de/ü/я/日", 25),
            ("@ann hi #tag $ABC", 17),
            ("https://example.com:8080/a?b=c&d", 23),
            ("HTTP://EXAMPLE.COM", 23),
            ("end.Next thing.co", 47),
            ("https://example.com#frag", 28),
            ("https://example.com?x=1", 23),
            ("co.uk amazon.co.uk", 47),
            ("a.b.c.com-x", 11),
        ];
        for (text, expected) in cases {
            assert_eq!(length(text), expected, "{text:?}");
        }
    }
}
