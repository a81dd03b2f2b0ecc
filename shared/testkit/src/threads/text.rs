//! How long a text is, and how many links are in it.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation;

/// Characters, but emoji by their bytes.
pub(super) fn length(text: &str) -> usize {
    text.graphemes(true).map(|one| if one.chars().any(is_emoji) { one.len() } else { one.chars().count() }).sum()
}

fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x1f000..=0x1faff | 0x2600..=0x27bf | 0x2b00..=0x2bff | 0xfe0f)
}

/// Different addresses.
pub(super) fn links(text: &str) -> usize {
    let words = text.split_whitespace();
    words.filter(|word| word.contains("://") || word.starts_with("www.")).collect::<HashSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_count_by_their_bytes() {
        assert_eq!((length("Grüße"), length("🎉"), length("👨‍👩‍👧‍👦")), (5, 4, 25));
        assert_eq!(links("https://a.example www.b.example https://a.example plain"), 2);
    }
}
