//! How a post's text is written, and what Telegram counts of it: what a reader sees, not the marks that shape it.

use domain::{Draft, Part};

use crate::text;

/// How the text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// As it is.
    Plain,
    /// Telegram's HTML.
    Html,
    /// Telegram's Markdown, version 2.
    Markdown,
}

/// What must have a backslash in front of it in Telegram's Markdown.
const RESERVED: &str = r"_*[]()~`>#+-=|{}.!\";

impl Format {
    pub(super) fn of(draft: &Draft) -> Self {
        match draft.0.settings.get("parse_mode").map(String::as_str) {
            Some("HTML") => Format::Html,
            Some("MarkdownV2") => Format::Markdown,
            _ => Format::Plain,
        }
    }

    /// Its name in Telegram's API.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Format::Plain => None,
            Format::Html => Some("HTML"),
            Format::Markdown => Some("MarkdownV2"),
        }
    }

    /// The draft's parts as they are sent. The link follows the first text, written the same way.
    pub(super) fn parts(self, draft: &Draft) -> Vec<Part> {
        let mut draft = draft.clone();
        draft.0.link = draft.0.link.map(|link| self.escaped(&link));
        text::parts(&draft)
    }

    /// The draft as a reader sees it, which is what is counted.
    pub(super) fn shown(self, draft: &Draft) -> Draft {
        let mut draft = draft.clone();
        draft.0.text = self.plain(&draft.0.text);
        for part in &mut draft.0.thread {
            part.text = self.plain(&part.text);
        }
        draft
    }

    fn escaped(self, text: &str) -> String {
        match self {
            Format::Plain => text.to_owned(),
            Format::Html => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
            Format::Markdown => text.chars().fold(String::new(), |mut escaped, c| {
                if RESERVED.contains(c) {
                    escaped.push('\\');
                }
                escaped.push(c);
                escaped
            }),
        }
    }

    fn plain(self, text: &str) -> String {
        match self {
            Format::Plain => text.to_owned(),
            Format::Html => text::plain(text),
            Format::Markdown => without_marks(text),
        }
    }
}

/// Markdown without the marks that shape it and without the addresses behind links.
fn without_marks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => plain.extend(rest.next()),
            ']' if rest.peek() == Some(&'(') => {
                let mut before = '(';
                for c in rest.by_ref() {
                    if c == ')' && before != '\\' {
                        break;
                    }
                    before = c;
                }
            }
            '*' | '_' | '~' | '`' | '|' | '[' | ']' => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use domain::Content;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_a_reader_sees_is_counted() {
        assert_eq!(Format::Html.plain(r#"<b>a</b> &amp; <a href="https://long.example/">b</a>"#), "a & b");
        assert_eq!(Format::Markdown.plain(r"*a* \* ||b|| [c](https://x.example/\)d) `e`"), "a * b c e");
        assert_eq!(Format::Plain.plain("<b>*a*</b>"), "<b>*a*</b>");
    }

    #[test]
    fn the_link_is_written_the_same_way() {
        let link = "https://a.example/x_y?b=1&c=2";
        let written = |format: Format| {
            let draft = Draft(Content { text: "t".into(), link: Some(link.into()), ..Content::default() });
            format.parts(&draft)[0].text.clone()
        };
        assert_eq!(written(Format::Plain), format!("t\n\n{link}"));
        assert_eq!(written(Format::Html), "t\n\nhttps://a.example/x_y?b=1&amp;c=2");
        assert_eq!(
            written(Format::Markdown),
            r"t

https://a\.example/x\_y?b\=1&c\=2"
        );
        assert_eq!(Format::Markdown.plain(&Format::Markdown.escaped(link)), link);
    }

    proptest! {
        #[test]
        fn nothing_here_panics_on_any_text(text in "(\\PC|[\\\\*_\\[\\]()`~|<>&;\\n])*") {
            for format in [Format::Plain, Format::Html, Format::Markdown] {
                prop_assert!(format.plain(&text).len() <= text.len() + 16);
            }
            prop_assert_eq!(Format::Markdown.plain(&Format::Markdown.escaped(&text)), text);
        }
    }
}
