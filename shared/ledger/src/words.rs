//! Whether something is said: the words of a search, in any case. A part of a word is enough.

use domain::{Content, Override};

/// Whether a content's texts hold all of `words`, which are in small letters: its text and those of its thread, its link, and what its
/// pictures show.
pub(crate) fn all_in_content(words: &[String], content: &Content) -> bool {
    let parts = content.thread.iter();
    let alts = content.media.iter().chain(content.thread.iter().flat_map(|part| &part.media));
    let texts = [Some(&content.text), content.link.as_ref()].into_iter().flatten();
    let texts = texts.chain(parts.map(|part| &part.text)).chain(alts.filter_map(|media| media.alt.as_ref()));
    let texts: Vec<String> = texts.map(|text| text.to_lowercase()).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

/// Whether what a target says instead of its post holds all of them.
pub(crate) fn all_in_changes(words: &[String], changes: &Override) -> bool {
    let text = changes.text.as_ref().map(|text| text.to_lowercase());
    changes.content.as_ref().is_some_and(|content| all_in_content(words, content))
        || text.is_some_and(|text| words.iter().all(|word| text.contains(word.as_str())))
}

/// How a word may be written: a database may know no other small letters than those of ASCII.
pub(crate) fn forms(word: &str) -> Vec<String> {
    let beyond_ascii = |c: char| if c.is_ascii() { c.to_string() } else { c.to_uppercase().collect() };
    let mut forms = vec![word.to_owned(), word.chars().map(beyond_ascii).collect()];
    if let Some(first) = word.chars().next() {
        forms.push(beyond_ascii(first) + &word[first.len_utf8()..]);
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_ascii_has_more_forms() {
        assert_eq!(forms("open"), ["open"]);
        assert_eq!(forms("größe"), ["grÖSSe", "größe"]);
        assert_eq!(forms("über"), ["Über", "über"]);
    }

    #[test]
    fn all_words_must_be_in_one_content() {
        let content = Content {
            text: "Open on SUNDAY".into(),
            link: Some("https://a.example/Menu".into()),
            ..Content::default()
        };
        let said =
            |words: &[&str]| all_in_content(&words.iter().map(|&word| word.into()).collect::<Vec<_>>(), &content);
        assert!(said(&["sun", "menu"]) && said(&[]));
        assert!(!said(&["sunday", "monday"]));
        let changes = Override { text: Some("Closed on Monday".into()), ..Override::default() };
        assert!(all_in_changes(&["monday".into()], &changes) && !all_in_changes(&["sunday".into()], &changes));
    }
}
