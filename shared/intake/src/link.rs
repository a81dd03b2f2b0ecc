//! A post's link. It is shown to readers as it stands, so it must be one that their browsers open.

use crate::address;

/// What to do about a link that is refused.
pub(crate) const REMEDY: &str =
    "give an address that begins with https:// or http:// and names a host, or leave `link` out";

/// What is wrong with a link, if anything. Nobody fetches it here, so it may lead anywhere.
pub(crate) fn objection(link: &str) -> Option<&'static str> {
    // A parser forgives these; it is the text as it stands that goes out.
    if !link.trim().is_empty() && link.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some("holds a space or a line break");
    }
    let url = match address::read(link, &["http", "https"]) {
        Ok(url) => url,
        Err(wrong) => return Some(wrong),
    };
    let has_slashes = link.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://"));
    (!has_slashes || !url.has_host()).then_some("names no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_judged_by_what_it_says() {
        let table = [
            ("https://example.org/a?b=c#d", None),
            ("HTTP://Example.org", None),
            ("https://exämple.org/größe", None),
            ("http://intranet/a", None),
            ("", Some("is empty")),
            (" ", Some("is empty")),
            ("notaurl", Some("is not a web address")),
            ("example.org/a", Some("is not a web address")),
            ("https://", Some("is not a web address")),
            ("javascript:alert(1)", Some("is not an http or https address")),
            ("data:text/html,hello", Some("is not an http or https address")),
            ("s3://bucket/a", Some("is not an http or https address")),
            ("mailto:ann@example.org", Some("is not an http or https address")),
            ("https:example.org", Some("names no host")),
            ("https:/example.org", Some("names no host")),
            (" https://example.org", Some("holds a space or a line break")),
            ("https://example.org/a b", Some("holds a space or a line break")),
            ("java\nscript:alert(1)", Some("holds a space or a line break")),
            ("https://me:pw@example.org/", Some("carries a user name or password")),
        ];
        for (link, expected) in table {
            assert_eq!(objection(link), expected, "{link:?}");
        }
    }
}
