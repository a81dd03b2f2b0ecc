//! What is posted, and where.

use domain::{Code, Draft, Failure, Fix, Landed, PlatformWords, Scope, Worth};

use super::{SUBMIT, TITLE};
use crate::{
    Account, Objection,
    article::{Article, option},
};

/// A form's fields.
pub(super) type Form = Vec<(&'static str, String)>;

/// The kinds of posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text of its own.
    Text,
    /// A link and a title.
    Link,
    /// A picture and a title.
    Image,
}

impl Kind {
    /// A picture makes its own kind; else by the setting, else a link where there is nothing else to say than the title.
    fn of(draft: &Draft, article: &Article) -> Self {
        match draft.0.settings.get("kind").map(String::as_str) {
            _ if !draft.0.media.is_empty() => Kind::Image,
            Some("link") => Kind::Link,
            Some("self") => Kind::Text,
            _ if draft.0.link.is_some() && article.sections[0].text.is_empty() => Kind::Link,
            _ => Kind::Text,
        }
    }
}

/// A post in a subreddit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Submission {
    pub subreddit: String,
    pub title: String,
    pub kind: Kind,
    /// The text, or the link; of a picture its text, which must be empty.
    pub body: String,
}

impl Submission {
    /// The draft's first part as a post.
    ///
    /// # Errors
    /// Neither the post nor the account says in which subreddit.
    pub fn of(draft: &Draft, account: &Account) -> Result<Self, Failure> {
        let subreddit = option(draft, account, "subreddit").and_then(subreddit).ok_or_else(nowhere)?;
        let article = Article::of(draft);
        let kind = Kind::of(draft, &article);
        let body = match (kind, &draft.0.link) {
            (Kind::Link, Some(link)) => link.clone(),
            _ => Article::with_link(draft).sections.swap_remove(0).text,
        };
        Ok(Self { subreddit: subreddit.to_owned(), title: article.title, kind, body })
    }

    /// The fields of `POST /api/submit`.
    pub fn form(self, draft: &Draft, account: &Account, image: Option<&str>) -> Form {
        let (kind, field, body) = match (self.kind, image) {
            (Kind::Image, Some(address)) => ("image", "url", address.to_owned()),
            (Kind::Link, _) => ("link", "url", self.body),
            _ => ("self", "text", self.body),
        };
        let mut form = vec![
            ("api_type", "json".to_owned()),
            ("sr", self.subreddit),
            ("kind", kind.to_owned()),
            ("title", self.title),
            (field, body),
            // The subreddit then takes the same link once: a repeat cannot double it.
            ("resubmit", "false".to_owned()),
        ];
        for name in ["nsfw", "spoiler", "sendreplies", "flair_id", "flair_text"] {
            if let Some(value) = option(draft, account, name) {
                form.push((name, value.to_owned()));
            }
        }
        form
    }
}

/// The fields of `POST /api/comment`.
pub(super) fn comment(parent: &str, text: &str) -> Form {
    vec![("api_type", "json".to_owned()), ("thing_id", parent.to_owned()), ("text", text.to_owned())]
}

/// A subreddit's name without what people write in front of it; `None` if it is none.
pub(super) fn subreddit(name: &str) -> Option<&str> {
    let name = name.trim().trim_start_matches('/').trim_end_matches('/');
    let name = name.strip_prefix("r/").unwrap_or(name);
    let fits = (2..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    fits.then_some(name)
}

/// What is wrong with the draft's settings.
pub(super) fn check(draft: &Draft, article: &Article) -> Vec<Objection> {
    let mut objections = Vec::new();
    let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
    let bad = |name: &str, message: String, remedy: &str| {
        Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy)
    };
    let unknown = |name: &str| format!("the value of \"{name}\" is none that Reddit knows");
    if setting("subreddit").is_some_and(|name| subreddit(name).is_none()) {
        objections.push(bad("subreddit", "this is no name of a subreddit".into(), "write a name such as rust"));
    }
    if setting("kind").is_some_and(|kind| !["self", "link"].contains(&kind)) {
        objections.push(bad("kind", unknown("kind"), "use self or link"));
    }
    for (n, part) in draft.0.thread.iter().enumerate().filter(|(_, part)| !part.media.is_empty()) {
        let message = format!("a comment takes no media, and this one has {}", part.media.len());
        let objection = Objection::new(format!("thread[{n}].media"), Code::TOO_MANY_MEDIA, message, "leave them out");
        objections.push(objection.with_excess(part.media.len(), 0));
    }
    for name in ["nsfw", "spoiler", "sendreplies"] {
        if setting(name).is_some_and(|value| !["true", "false"].contains(&value)) {
            objections.push(bad(name, unknown(name), "use true or false"));
        }
    }
    if !draft.0.media.is_empty() {
        if let Some((message, remedy)) = beside_picture(draft, article) {
            objections.push(Objection::new("text", Code::TEXT_TOO_LONG, message, remedy));
        }
        if !draft.0.thread.is_empty() {
            let message = "a post with a picture has no id when it is accepted, so nothing can follow it";
            objections.push(Objection::new(
                "thread",
                Code::THREAD_NOT_TAKEN,
                message,
                "leave the thread or the picture out",
            ));
        }
    } else if setting("kind") == Some("link") {
        if draft.0.link.is_none() {
            objections.push(bad("kind", "a link post needs a link".into(), "give the post a link, or use self"));
        }
        if !article.sections[0].text.is_empty() {
            let remedy =
                format!("put the text into the thread, as a comment, or give the setting \"{TITLE}\" and no text");
            objections.push(bad("kind", "a link post has a title and no text".into(), &remedy));
        }
    }
    objections
}

/// What is said beside a picture and has no place there, and what to do about it.
fn beside_picture(draft: &Draft, article: &Article) -> Option<(String, String)> {
    let text = article.sections[0].text.trim();
    let titled = draft.0.settings.get(TITLE).is_some_and(|title| !title.trim().is_empty());
    let text = (!text.is_empty()).then_some(match (titled, text.contains('\n')) {
        (false, _) => ("the text has more than one line", "make the text one line"),
        (true, false) => ("there is a text besides the setting \"title\"", "leave one of the two out"),
        (true, true) => ("there is a text besides the setting \"title\"", "leave the text out"),
    });
    let link = draft.0.link.as_ref().map(|_| ("there is a link", "leave the link out"));
    let (wrong, remedies): (Vec<_>, Vec<_>) = text.into_iter().chain(link).unzip();
    let told = || format!("Reddit takes a title beside a picture and nothing else, and {}", wrong.join(", and "));
    (!wrong.is_empty()).then(|| (told(), remedies.join(", and ")))
}

fn nowhere() -> Failure {
    Failure {
        code: Code::BAD_SETTING,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Content },
        scope: Scope::Post,
        step: SUBMIT.into(),
        said: PlatformWords::text("neither the post nor the account has the setting \"subreddit\""),
    }
}

#[cfg(test)]
mod tests {
    use domain::Content;

    use super::*;
    use crate::words::tests::account;

    #[test]
    fn names_of_subreddits() {
        for name in ["rust", "r/rust", "/r/rust/", " rust "] {
            assert_eq!(subreddit(name), Some("rust"));
        }
        for name in ["", "r", "two words", "rust+python", "a-b", "x/../y", &"x".repeat(25)] {
            assert_eq!(subreddit(name), None, "{name}");
        }
    }

    #[test]
    fn a_link_without_a_text_is_a_link_post_unless_the_settings_say_otherwise() {
        let made = |text: &str, link: Option<&str>, kind: Option<&str>| {
            let mut settings = domain::Settings::from([("subreddit".to_owned(), "rust".to_owned())]);
            settings.extend(kind.map(|kind| ("kind".to_owned(), kind.to_owned())));
            let content = Content { text: text.into(), link: link.map(str::to_owned), settings, ..Content::default() };
            let made = Submission::of(&Draft(content), &account("x")).unwrap();
            (made.kind, made.title, made.body)
        };
        let link = Some("https://a.example/");
        let is = |kind, body: &str| (kind, "Title".to_owned(), body.to_owned());
        assert_eq!(made("Title", link, None), is(Kind::Link, "https://a.example/"));
        assert_eq!(made("Title", link, Some("self")), is(Kind::Text, "https://a.example/"));
        assert_eq!(made("Title\ntext", link, None), is(Kind::Text, "text\n\nhttps://a.example/"));
        assert_eq!(made("Title\ntext", None, None), is(Kind::Text, "text"));
        assert_eq!(made("Title", None, None), is(Kind::Text, ""));
    }
}
