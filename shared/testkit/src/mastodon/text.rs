//! How the server counts characters.

use unicode_segmentation::UnicodeSegmentation;

/// Every address counts as this many, however long it is.
pub(super) const URL_CHARACTERS: usize = 23;

/// The length of a text: grapheme clusters, addresses as 23, `@user@domain` as `@user`.
pub(super) fn length(text: &str) -> usize {
    text.split_inclusive(char::is_whitespace).map(word_length).sum()
}

fn word_length(word: &str) -> usize {
    let bare = word.trim_end_matches(char::is_whitespace);
    let space = word[bare.len()..].graphemes(true).count();
    let counted = match address_in(bare) {
        Some(start) => bare[..start].graphemes(true).count() + URL_CHARACTERS,
        None => local_mention(bare).graphemes(true).count(),
    };
    counted + space
}

/// Where an address starts in a word.
pub(super) fn address_in(word: &str) -> Option<usize> {
    ["https://", "http://"].iter().filter_map(|scheme| word.find(scheme)).min()
}

fn local_mention(word: &str) -> &str {
    match word.strip_prefix('@').and_then(|rest| rest.find('@').filter(|&at| at > 0 && rest[at + 1..].contains('.'))) {
        Some(at) => &word[..=at],
        None => word,
    }
}
