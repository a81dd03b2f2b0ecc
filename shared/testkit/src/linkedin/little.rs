//! The form in which texts of posts are written: signs with a meaning are escaped, hashtags have a form of their own.

const SIGNS: &str = "|{}@[]()<>#*_~";

/// What readers see of a text in this form. At a sign that is neither escaped nor part of an element it is cut, without a word.
pub(super) fn read(written: &str) -> String {
    let mut shown = String::new();
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        if let Some(tag) = rest.strip_prefix("{hashtag|\\#|").and_then(|tag| tag.split_once('}')) {
            shown.push('#');
            shown.push_str(&tag.0.replace('\\', ""));
            rest = tag.1;
            continue;
        }
        if c == '\\' {
            let escaped = rest[1..].chars().next();
            shown.extend(escaped);
            rest = &rest[1 + escaped.map_or(0, char::len_utf8)..];
            continue;
        }
        if SIGNS.contains(c) && c != '#' {
            break;
        }
        shown.push(c);
        rest = &rest[c.len_utf8()..];
    }
    shown
}
