//! What a platform's words come to: the same for the same refusal, whatever post, number or name it speaks of.

/// How many words are kept, and how long each may be: what a refusal says first is what it is about.
const WORDS: usize = 8;
const LETTERS: usize = 20;

/// What stands in quotes, and so is somebody's own words.
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];

/// What `text` comes to, as `text-is-too-long`: its first words in small letters, without what differs from one post to the next
/// (quotes, numbers, ids, addresses, names with @ or #). `None` if nothing is left.
pub fn gist(text: &str) -> Option<String> {
    let text = unquoted(text);
    let words = text.split_whitespace().filter(|word| !is_particular(word));
    let words = words.flat_map(|word| word.split(|c: char| !c.is_alphabetic() && c != '\'' && c != '’'));
    let words = words.map(plain).filter(|word| !word.is_empty()).take(WORDS).collect::<Vec<_>>();
    (!words.is_empty()).then(|| words.join("-"))
}

/// A word in small letters, without what is no letter.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).take(LETTERS).collect()
}

/// An id, an address, a name: whatever holds a digit or a sign that words have not.
fn is_particular(word: &str) -> bool {
    word.contains(|c: char| c.is_numeric() || "@#*_=&%{}\\".contains(c)) || word.contains("://")
}

/// The text without what is quoted. A mark that nothing closes, or that stands within a word (`can't`), quotes nothing.
fn unquoted(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let inside = &rest[c.len_utf8()..];
        let close = QUOTES.iter().find(|(open, _)| *open == c && !before.is_alphanumeric());
        match close.and_then(|(_, close)| closed(inside, *close)) {
            Some(after) => {
                kept.push(' ');
                (before, rest) = (' ', after);
            }
            None => {
                kept.push(c);
                (before, rest) = (c, inside);
            }
        }
    }
    kept
}

/// What follows a quotation that `text` begins within, up to `close`.
fn closed(text: &str, close: char) -> Option<&str> {
    text.char_indices().filter(|(_, c)| *c == close).find_map(|(at, c)| {
        let after = &text[at + c.len_utf8()..];
        (!after.starts_with(char::is_alphanumeric)).then_some(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_post_to_post_is_left_out() {
        for (said, expected) in [
            ("Validation failed: Text can't be blank", "validation-failed-text-cant-be-blank"),
            ("Text is 612 characters long, 500 are allowed", "text-is-characters-long-are-allowed"),
            ("The word \"casino\" is not allowed", "the-word-is-not-allowed"),
            ("The word 'it's here' is not allowed", "the-word-is-not-allowed"),
            ("The word “Kasino” is not allowed", "the-word-is-not-allowed"),
            ("No such user @ann in #general", "no-such-user-in"),
            ("Media 0123abcd of https://files.example/x.png failed", "media-of-failed"),
            ("Media trace_id=abc of *** failed", "media-of-failed"),
            ("Текст слишком длинный (612)", "текст-слишком-длинный"),
            ("a \" mark that nothing closes", "a-mark-that-nothing-closes"),
        ] {
            assert_eq!(gist(said).as_deref(), Some(expected), "{said}");
        }
        for empty in ["", "  ", "422", "\"quoted\"", "…", "{\"a\":1}"] {
            assert_eq!(gist(empty), None, "{empty}");
        }
    }

    #[test]
    fn however_long_the_text_it_is_short() {
        let long = gist(&"Donaudampfschifffahrtsgesellschaft ".repeat(100)).unwrap();
        assert_eq!(long.split('-').count(), WORDS);
        assert!(long.chars().count() < WORDS * (LETTERS + 1), "{long}");
        assert!(gist(&"x".repeat(100_000)).unwrap().len() <= LETTERS);
    }
}
