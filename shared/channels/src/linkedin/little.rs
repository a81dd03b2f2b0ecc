//! LinkedIn's `little` form of texts: signs that mean something are escaped, hashtags are written out. A sign that is not escaped
//! cuts the text there, without a word.

use crate::text;

const SIGNS: &str = "\\|{}@[]()<>#*_~";

/// `text` as it is sent.
pub(super) fn write(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut from = 0;
    for tag in text::tags(text) {
        escape(&text[from..tag.start], &mut written);
        written.push_str("{hashtag|\\#|");
        escape(&text[tag.start + 1..tag.end], &mut written);
        written.push('}');
        from = tag.end;
    }
    escape(&text[from..], &mut written);
    written
}

fn escape(text: &str, written: &mut String) {
    for c in text.chars() {
        if SIGNS.contains(c) {
            written.push('\\');
        }
        written.push(c);
    }
}

/// The text behind what LinkedIn shows: its own form, however it chose to write it.
pub(super) fn read(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let tag = ["{hashtag|\\#|", "{hashtag|#|"].iter().find_map(|start| rest.strip_prefix(start)?.split_once('}'));
        if let Some((tag, after)) = tag {
            text.push('#');
            text.push_str(&tag.replace('\\', ""));
            rest = after;
            continue;
        }
        let taken = if c == '\\' { &rest[1..] } else { rest };
        let Some(c) = taken.chars().next() else { break };
        text.push(c);
        rest = &taken[c.len_utf8()..];
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn signs_are_escaped_and_hashtags_written_out() {
        let cases = [
            ("a (b) [c] {d} <e> f_g *h* ~i~ j|k l@m \\n", r"a \(b\) \[c\] \{d\} \<e\> f\_g \*h\* \~i\~ j\|k l\@m \\n"),
            ("#Rust and #snake_case, not #1", r"{hashtag|\#|Rust} and {hashtag|\#|snake\_case}, not \#1"),
            ("https://a.example/x_(y)?#z", r"https://a.example/x\_\(y\)?\#z"),
        ];
        for (text, written) in cases {
            assert_eq!((write(text).as_str(), read(written).as_str()), (written, text));
        }
        assert_eq!(read(r"{hashtag|#|one} #two \"), "#one #two ");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "(\\PC|[\\\\|{}@\\[\\]()<>#*_~ \\n]|#[a-z_]+)*") {
            prop_assert_eq!(read(&write(&text)), text);
        }
    }
}
