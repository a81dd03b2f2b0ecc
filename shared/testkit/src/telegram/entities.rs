//! Formatted texts: what is left when the marks are taken out, and what Telegram says of marks that make no sense.

/// The text that is shown, or why it cannot be.
pub(super) fn shown(text: &str, mode: Option<&str>) -> Result<String, String> {
    let shown = match mode.unwrap_or_default().to_ascii_lowercase().as_str() {
        "html" => html(text),
        "markdownv2" => markdown(text),
        "" => Ok(text.to_owned()),
        _ => return Err("unsupported parse_mode".into()),
    };
    shown.map(|text| text.trim().to_owned()).map_err(|why| format!("can't parse entities: {why}"))
}

/// How long a text is: UTF-16 code units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

const TAGS: [&str; 17] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "span",
    "tg-spoiler",
    "a",
    "code",
    "pre",
    "tg-emoji",
    "blockquote",
    "tg-time",
];

fn html(text: &str) -> Result<String, String> {
    let mut shown = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '<' => {
                let end = text[at..].find('>').ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?;
                let tag = &text[at + 1..at + end];
                match tag.strip_prefix('/') {
                    Some(name) if open.last() == Some(&name.trim()) => {
                        open.pop();
                    }
                    Some(_) => return Err(format!("Unexpected end tag at byte offset {at}")),
                    None => {
                        let name = tag.split_whitespace().next().unwrap_or_default();
                        if !TAGS.contains(&name) {
                            return Err(format!("Unsupported start tag \"{name}\" at byte offset {at}"));
                        }
                        open.push(name);
                    }
                }
                at += end + 1;
            }
            '&' => {
                let known = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')];
                let (name, c) = known.into_iter().find(|(name, _)| text[at..].starts_with(name)).unwrap_or(("&", '&'));
                shown.push(c);
                at += name.len();
            }
            other => {
                shown.push(other);
                at += other.len_utf8();
            }
        }
    }
    match open.last() {
        Some(tag) => Err(format!("Can't find end tag corresponding to start tag \"{tag}\"")),
        None => Ok(shown),
    }
}

fn markdown(text: &str) -> Result<String, String> {
    let mut shown = String::new();
    let mut open: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let code = open.last().is_some_and(|mark| mark.starts_with('`'));
        let two = &text[at..text.len().min(at + 2)];
        let mark = match (c, code) {
            ('*' | '~', false) => Some(c.to_string()),
            ('_', false) => Some(if two == "__" { "__" } else { "_" }.to_owned()),
            ('|', false) if text[at..].starts_with("||") => Some("||".to_owned()),
            ('`', _) => Some(if text[at..].starts_with("```") { "```" } else { "`" }.to_owned()),
            _ => None,
        };
        if let Some(mark) = mark {
            at += mark.len();
            if open.last() == Some(&mark) {
                drop(open.pop())
            } else {
                open.push(mark)
            }
            continue;
        }
        at += c.len_utf8();
        match c {
            '\\' => {
                let escaped = text[at..].chars().next();
                shown.extend(escaped);
                at += escaped.map_or(0, char::len_utf8);
            }
            _ if code => shown.push(c),
            '[' => open.push("[".into()),
            ']' if open.last().is_some_and(|mark| mark == "[") => {
                open.pop();
                if text[at..].starts_with('(') {
                    let end =
                        text[at..].find(')').ok_or_else(|| format!("Can't find end of a URL at byte offset {at}"))?;
                    at += end + 1;
                }
            }
            '>' if shown.is_empty() || shown.ends_with('\n') => {}
            '(' | ')' | '>' | '#' | '+' | '-' | '=' | '|' | '{' | '}' | '.' | '!' | ']' => {
                return Err(format!("Character '{c}' is reserved and must be escaped with the preceding '\\'"));
            }
            other => shown.push(other),
        }
    }
    match open.is_empty() {
        true => Ok(shown),
        false => Err("Can't find end of the entity starting at byte offset 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn marks_are_taken_out_or_make_no_sense() {
        let html = |text| shown(text, Some("HTML"));
        assert_eq!(html(r#" <b>a</b> &amp; <a href="https://x.example">b</a>"#), Ok("a & b".into()));
        assert!(html("<h1>a</h1>").unwrap_err().contains("Unsupported start tag \"h1\""));
        assert!(html("<b>a").unwrap_err().starts_with("can't parse entities: Can't find end tag"));
        let markdown = |text| shown(text, Some("MarkdownV2"));
        assert_eq!(markdown(r"*a* __b__ ||c|| [d](https://x.example/y) `e.f` g\."), Ok("a b c d e.f g.".into()));
        assert!(markdown("a.").unwrap_err().contains("Character '.' is reserved"));
        assert!(markdown("*a").unwrap_err().contains("Can't find end"));
        assert_eq!(shown("*a.", None), Ok("*a.".into()));
    }
}
