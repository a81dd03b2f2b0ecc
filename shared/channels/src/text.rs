//! What is in a text: web addresses, hashtags, handles; and whether a platform's HTML says what we said.

use std::ops::Range;

use domain::{Draft, Part};

/// The draft's parts as texts for a platform without link fields: the link follows the first text, unless it is in it.
pub(crate) fn parts(draft: &Draft) -> Vec<Part> {
    let mut parts = draft.parts();
    if let (Some(link), Some(first)) = (&draft.0.link, parts.first_mut())
        && !first.text.contains(link.as_str())
    {
        let gap = if first.text.is_empty() { "" } else { "\n\n" };
        first.text = format!("{}{gap}{link}", first.text);
    }
    parts
}

/// The platform's id in the proof of something that is out. A person's proof may be the address where they saw it, which ends in
/// the id.
pub(crate) fn id_of(proof: &str) -> &str {
    let path = proof.split(['?', '#']).next().unwrap_or(proof).trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// Where web addresses stand in `text`, in bytes.
pub(crate) fn urls(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (start, _) in text.char_indices() {
        if found.last().is_some_and(|last| start < last.end) || !begins_word(text, start) {
            continue;
        }
        let Some(scheme) = ["https://", "http://"]
            .into_iter()
            .find(|scheme| text.get(start..start + scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)))
        else {
            continue;
        };
        let rest = &text[start + scheme.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c)).unwrap_or(rest.len());
        let address = trimmed(&rest[..end]);
        if address.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
            found.push(start..start + scheme.len() + address.len());
        }
    }
    found
}

/// Where hashtags stand in `text`, in bytes, the `#` included.
pub(crate) fn tags(text: &str) -> Vec<Range<usize>> {
    let urls = urls(text);
    let mut found = Vec::new();
    for (start, _) in text.match_indices('#') {
        if urls.iter().any(|url| url.contains(&start)) || !begins_word(text, start) {
            continue;
        }
        let rest = &text[start + 1..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        // A number alone is not a hashtag.
        if rest[..end].contains(|c: char| !c.is_numeric()) {
            found.push(start..start + 1 + end);
        }
    }
    found
}

/// `text` without the given places.
pub(crate) fn without(text: &str, places: &[Range<usize>]) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut from = 0;
    for place in places {
        rest.push_str(&text[from..place.start]);
        from = place.end;
    }
    rest.push_str(&text[from..]);
    rest
}

/// What `text` says beside its web addresses, which platforms shorten.
pub(crate) fn words(text: &str) -> String {
    without(text, &urls(text))
}

/// `text` with every `@user@domain` cut to `@user`.
pub(crate) fn short_handles(text: &str) -> String {
    let mut cut = Vec::new();
    for (start, _) in text.match_indices('@') {
        if !begins_word(text, start) {
            continue;
        }
        let name = &text[start + 1..];
        let name_end = name.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c))).unwrap_or(name.len());
        if name_end == 0 || !name[name_end..].starts_with('@') {
            continue;
        }
        let at = start + 1 + name_end;
        let domain = &text[at + 1..];
        let domain_end = domain.find(|c: char| !(c.is_alphanumeric() || "-.:".contains(c))).unwrap_or(domain.len());
        let domain = domain[..domain_end].trim_end_matches(['.', ':', '-']);
        if !domain.is_empty() {
            cut.push(at..at + 1 + domain.len());
        }
    }
    without(text, &cut)
}

/// `text` with each address as bare as platforms may make it: without scheme and without the slash at its end.
pub(crate) fn bare_addresses(text: &str) -> String {
    let mut cut = Vec::new();
    for url in urls(text) {
        let scheme = text[url.clone()].find("://").map_or(0, |at| at + 3);
        cut.push(url.start..url.start + scheme);
        if text[url.clone()].ends_with('/') {
            cut.push(url.end - 1..url.end);
        }
    }
    without(text, &cut)
}

/// The text that HTML shows.
pub(crate) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(next) = rest.find(['<', '&']) {
        text.push_str(&rest[..next]);
        rest = &rest[next..];
        let taken = if rest.starts_with('<') { tag(rest, &mut text) } else { entity(rest, &mut text) };
        rest = &rest[taken..];
    }
    text.push_str(rest);
    text
}

/// Skips a tag; those that break lines leave a line break. Returns its length.
fn tag(html: &str, text: &mut String) -> usize {
    let Some(end) = html.find('>') else {
        text.push('<');
        return 1;
    };
    let name = html[1..end].trim_start_matches('/').to_ascii_lowercase();
    if ["br", "p", "div", "h1", "title", "li"].iter().any(|block| name.trim_end_matches('/').trim() == *block) {
        text.push('\n');
    }
    end + 1
}

/// Decodes a character reference. Returns its length.
fn entity(html: &str, text: &mut String) -> usize {
    let decoded = html.find(';').filter(|end| *end <= 10).and_then(|end| {
        let name = &html[1..end];
        let c = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            _ => name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                None => number.parse().ok().and_then(char::from_u32),
            }),
        };
        c.map(|c| (c, end + 1))
    });
    let (c, length) = decoded.unwrap_or(('&', 1));
    text.push(c);
    length
}

/// Whether two texts say the same to a reader: platforms change white space and shorten handles.
pub(crate) fn same(ours: &str, theirs: &str) -> bool {
    let bare = |text: &str| short_handles(text).chars().filter(|c| !c.is_whitespace()).collect::<String>();
    bare(ours) == bare(theirs)
}

fn begins_word(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_none_or(|c| !(c.is_alphanumeric() || "_@#/&".contains(c)))
}

/// Without the punctuation that ends a sentence rather than an address.
fn trimmed(address: &str) -> &str {
    let mut address = address;
    while let Some(last) = address.chars().next_back() {
        let closes = |open: char| address.matches(last).count() > address.matches(open).count();
        let extra = match last {
            ')' => closes('('),
            ']' => closes('['),
            '}' => closes('{'),
            c => ".,;:!?'*_~…".contains(c),
        };
        if !extra {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut<'a>(text: &'a str, places: &[Range<usize>]) -> Vec<&'a str> {
        places.iter().map(|place| &text[place.clone()]).collect()
    }

    #[test]
    fn addresses_end_where_a_reader_ends_them() {
        let text =
            "See https://a.example/x_(y), (http://b.example/) and HTTPS://c.example/?q=1#f. Not xhttp://d or https://";
        let urls = urls(text);
        assert_eq!(cut(text, &urls), ["https://a.example/x_(y)", "http://b.example/", "HTTPS://c.example/?q=1#f"]);
    }

    #[test]
    fn hashtags_are_words_outside_addresses() {
        let text = "#Größe and #a_1, not #1 nor a#b nor https://x.example/#frag (#end)";
        assert_eq!(cut(text, &tags(text)), ["#Größe", "#a_1", "#end"]);
    }

    #[test]
    fn html_becomes_what_it_shows() {
        let html = r##"<p>Tom &amp; <a href="https://x.example/@ann" class="u-url mention">@<span>ann</span></a> &lt;3<br />see <a href="https://long.example/path"><span class="invisible">https://</span><span class="ellipsis">long.exam</span><span class="invisible">ple/path</span></a></p><p>#<span>tag</span> it&#39;s</p>"##;
        let ours = "Tom & @ann@x.example <3\nsee https://long.example/path\n\n#tag it's";
        assert!(same(ours, &plain(html)), "{}", plain(html));
        assert!(!same("Tom & @ann <3", &plain(html)));
    }

    #[test]
    fn broken_html_is_taken_as_it_is() {
        assert_eq!(plain("a < b &unknown; & c &#x1F600;"), "a < b &unknown; & c 😀");
    }

    #[test]
    fn an_address_ends_in_the_id() {
        assert_eq!(id_of("https://mastodon.example/@ann/1234/?x=/1#y"), "1234");
        assert_eq!((id_of("1234"), id_of("-100/7"), id_of("")), ("1234", "7", ""));
    }

    proptest! {
        #[test]
        fn nothing_here_panics_on_any_text(text in "(\\PC|[<>&;#@/: \\n]|https?://|@a@b)*") {
            let (urls, tags) = (urls(&text), tags(&text));
            without(&text, &urls);
            for place in urls.iter().chain(&tags) {
                prop_assert!(!text[place.clone()].is_empty());
            }
            prop_assert!(same(&text, &text));
            plain(&text);
        }
    }
}
