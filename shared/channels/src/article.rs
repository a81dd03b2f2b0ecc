//! What a platform with titles makes of a draft: a title, sections, and in them paragraphs, lines and links.

use domain::{Code, Draft, Part};

use crate::{Account, Count, Objection, text};

/// The setting that gives a post its title.
pub(crate) const TITLE: &str = "title";

/// A draft with a title of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Article {
    /// The setting `title` of the post, else the first line of its text.
    pub title: String,
    /// What follows: the first part without the line that became the title, then the thread's parts.
    pub sections: Vec<Part>,
}

impl Article {
    /// The draft as an article. Its link is not in it.
    pub fn of(draft: &Draft) -> Self {
        let mut sections = draft.parts();
        let given = draft.0.settings.get(TITLE).map(|title| title.trim()).filter(|title| !title.is_empty());
        let title = given.map(str::to_owned).unwrap_or_else(|| {
            let text = sections[0].text.trim().to_owned();
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            sections[0].text = rest.trim().to_owned();
            first.trim().to_owned()
        });
        Self { title, sections }
    }

    /// The draft as an article, with its link under the first section, unless it is in it.
    pub fn with_link(draft: &Draft) -> Self {
        let mut article = Self::of(draft);
        let first = &mut article.sections[0].text;
        if let Some(link) = draft.0.link.as_ref().filter(|link| !first.contains(link.as_str())) {
            let gap = if first.is_empty() { "" } else { "\n\n" };
            first.push_str(&format!("{gap}{link}"));
        }
        article
    }

    /// What is wrong with the title.
    pub fn check_title(&self, draft: &Draft, most: Count) -> Option<Objection> {
        let given = draft.0.settings.contains_key(TITLE);
        if self.title.is_empty() {
            let remedy = "give the post the setting \"title\", or begin its text with a line for it";
            return Some(Objection::new("settings.title", Code::NOTHING_TO_SAY, "the post has no title", remedy));
        }
        let length = most.of(&self.title);
        (length > most.most).then(|| {
            let path = if given { "settings.title" } else { "text" };
            let message = format!("the title has {length} {}; the channel takes {}", most.unit.name(), most.most);
            let remedy =
                "give the post a shorter setting \"title\"; without one the first line of the text is the title";
            Objection::new(path, Code::TEXT_TOO_LONG, message, remedy).with_excess(length, most.most)
        })
    }
}

/// A setting of the post, else of the account.
pub(crate) fn option<'a>(draft: &'a Draft, account: &'a Account, name: &str) -> Option<&'a str> {
    draft.0.settings.get(name).map(String::as_str).or_else(|| account.setting(name)).filter(|value| !value.is_empty())
}

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Words.
    Text(&'a str),
    /// A web address.
    Link(&'a str),
}

/// The paragraphs of a text, each with its lines. Empty lines part paragraphs.
pub(crate) fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let mut paragraphs = vec![Vec::new()];
    for line in text.lines() {
        match paragraphs.last_mut() {
            Some(last) if !line.trim().is_empty() => last.push(line),
            _ => paragraphs.push(Vec::new()),
        }
    }
    paragraphs.retain(|lines| !lines.is_empty());
    paragraphs
}

/// A line's words and web addresses, in order.
pub(crate) fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for url in text::urls(line) {
        pieces.push(Piece::Text(&line[from..url.start]));
        pieces.push(Piece::Link(&line[url.clone()]));
        from = url.end;
    }
    pieces.push(Piece::Text(&line[from..]));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

#[cfg(test)]
mod tests {
    use domain::Content;

    use super::*;
    use crate::Unit;

    fn draft(text: &str, title: Option<&str>, link: Option<&str>, thread: &[&str]) -> Draft {
        let part = |text: &&str| Part { text: (*text).into(), media: vec![] };
        Draft(Content {
            text: text.into(),
            link: link.map(str::to_owned),
            thread: thread.iter().map(part).collect(),
            settings: title.map(|title| (TITLE.to_owned(), title.to_owned())).into_iter().collect(),
            ..Content::default()
        })
    }

    fn texts(article: &Article) -> Vec<&str> {
        article.sections.iter().map(|section| section.text.as_str()).collect()
    }

    #[test]
    fn the_title_is_the_setting_or_the_first_line() {
        let article = Article::of(&draft("\nHello\r\n\r\nworld\nagain", None, None, &["more"]));
        assert_eq!((article.title.as_str(), texts(&article)), ("Hello", vec!["world\nagain", "more"]));
        let given = Article::of(&draft("Hello\nworld", Some(" Given "), None, &[]));
        assert_eq!((given.title.as_str(), texts(&given)), ("Given", vec!["Hello\nworld"]));
        let alone = Article::of(&draft("Hello", None, None, &[]));
        assert_eq!((alone.title.as_str(), texts(&alone)), ("Hello", vec![""]));
    }

    #[test]
    fn the_link_follows_the_first_section_unless_it_is_in_it() {
        let link = Some("https://a.example/");
        let article = Article::with_link(&draft("Hello\nworld", None, link, &["more"]));
        assert_eq!(texts(&article), ["world\n\nhttps://a.example/", "more"]);
        let twice = Article::with_link(&draft("Hello\nsee https://a.example/ there", None, link, &[]));
        assert_eq!(texts(&twice), ["see https://a.example/ there"]);
        assert_eq!(texts(&Article::with_link(&draft("Hello", None, link, &[]))), ["https://a.example/"]);
    }

    #[test]
    fn a_missing_or_long_title_is_named_where_it_comes_from() {
        let most = Count::new(Unit::Chars, 5);
        let found = |draft: &Draft| Article::of(draft).check_title(draft, most).map(|found| (found.path, found.code));
        assert_eq!(found(&draft("", None, None, &[])), Some(("settings.title".into(), Code::NOTHING_TO_SAY)));
        assert_eq!(found(&draft("longer\nx", None, None, &[])), Some(("text".into(), Code::TEXT_TOO_LONG)));
        assert_eq!(found(&draft("x", Some("longer"), None, &[])), Some(("settings.title".into(), Code::TEXT_TOO_LONG)));
        assert_eq!(found(&draft("short\nand more", None, None, &[])), None);
    }

    #[test]
    fn paragraphs_lines_and_links() {
        assert_eq!(paragraphs("a\nb\n \n\nc\r\nd\n"), [vec!["a", "b"], vec!["c", "d"]]);
        assert!(paragraphs(" \n").is_empty());
        let link = Piece::Link("https://a.example/x");
        assert_eq!(pieces("see https://a.example/x."), [Piece::Text("see "), link, Piece::Text(".")]);
        assert_eq!(pieces("https://a.example/x"), [link]);
    }
}
