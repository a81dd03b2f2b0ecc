//! What a draft becomes: events of one message each, with at most one file.

use domain::{Draft, Media, Part};
use serde_json::{Value, json};

use super::media::Uploaded;
use crate::{Call, text};

/// The field of an event's content that holds our mark: the idempotency key of its publish point.
pub(super) const MARK: &str = "oncepost.key";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Which part of the thread it belongs to.
    part: usize,
    /// Its text, or the words under its file.
    text: String,
    /// Its text is HTML.
    html: bool,
    /// It follows by answers, not in a thread.
    replies: bool,
    /// Its file.
    pub media: Option<Media>,
}

/// The draft's events: of each part its text with the first file, then the other files.
pub(super) fn events(draft: &Draft) -> Vec<Event> {
    let is = |name: &str, value: &str| draft.0.settings.get(name).is_some_and(|set| set == value);
    let (html, replies) = (is("format", "html"), is("threads", "replies"));
    let mut events = Vec::new();
    for (number, part) in parts(draft, html).into_iter().enumerate() {
        let event = |text: String, media: Option<Media>| Event { part: number, text, html, replies, media };
        let mut media = part.media.into_iter();
        events.push(event(part.text, media.next()));
        events.extend(media.map(|media| event(String::new(), Some(media))));
    }
    events
}

/// In HTML the link that follows the text is one, too.
fn parts(draft: &Draft, html: bool) -> Vec<Part> {
    let mut parts = if html { draft.parts() } else { text::parts(draft) };
    if let (true, Some(link), Some(first)) = (html, &draft.0.link, parts.first_mut()) {
        let link = escaped(link);
        if !first.text.contains(&link) {
            first.text.push_str(&format!("<p><a href=\"{link}\">{link}</a></p>"));
        }
    }
    parts
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Event {
    /// It belongs to what follows the first part, and answers the event before it.
    pub fn answers(&self) -> bool {
        self.part > 0
    }

    /// Its words as a client without HTML shows them.
    pub fn body(&self) -> String {
        if self.html { text::plain(&self.text).trim().to_owned() } else { self.text.clone() }
    }

    /// The fields that hold its words. Nobody is called by them, whatever they say.
    pub fn words(&self) -> Value {
        let mut words = json!({ "msgtype": "m.text", "body": self.body(), "m.mentions": {} });
        if self.html && !self.text.is_empty() {
            words["format"] = json!("org.matrix.custom.html");
            words["formatted_body"] = json!(self.text);
        }
        words
    }

    /// The event's content: the same on every attempt.
    pub fn content(&self, call: &Call<'_>, number: u16, uploaded: Option<&Uploaded>) -> Value {
        let mut content = self.words();
        content[MARK] = json!(call.key(number));
        if let Some(uploaded) = uploaded {
            let name = format!("media-{number}.{}", uploaded.extension);
            content["msgtype"] = json!(if uploaded.mime.starts_with("video/") { "m.video" } else { "m.image" });
            content["url"] = json!(uploaded.url);
            content["info"] = uploaded.info();
            if self.text.is_empty() {
                // Without words of its own the description is what the file says.
                let alt = self.media.as_ref().and_then(|media| media.alt.clone());
                content["body"] = json!(alt.unwrap_or_else(|| name.clone()));
            }
            content["filename"] = json!(name);
        }
        if let (true, Some(before)) = (self.answers(), number.checked_sub(1)) {
            let id = |number: u16| call.receipt(number).map(|out| event_id(&out.id));
            let answered = json!({ "event_id": id(before) });
            content["m.relates_to"] = if self.replies {
                json!({ "m.in_reply_to": answered })
            } else {
                json!({
                    "rel_type": "m.thread", "event_id": id(0), "is_falling_back": true, "m.in_reply_to": answered,
                })
            };
        }
        content
    }
}

/// The event's id in the proof of one that is out. A person's proof may be a link to it.
pub(super) fn event_id(proof: &str) -> String {
    let Some((_, path)) = proof.split_once("/#/") else { return proof.to_owned() };
    let path = path.split('?').next().unwrap_or(path).replace("%24", "$");
    path.find("/$").map_or(path.clone(), |at| path[at + 1..].to_owned())
}

#[cfg(test)]
mod tests {
    use domain::Content;

    use super::*;

    fn picture(n: usize) -> Media {
        Media { url: format!("https://cdn.example/{n}.png"), alt: None }
    }

    #[test]
    fn each_file_after_the_first_is_an_event_of_its_own() {
        let draft = Draft(Content {
            text: "one".into(),
            media: vec![picture(1), picture(2)],
            thread: vec![Part { text: "two".into(), media: vec![picture(3)] }],
            ..Content::default()
        });
        let events: Vec<_> =
            events(&draft).into_iter().map(|event| (event.part, event.text, event.media.unwrap().url)).collect();
        let url = |n: usize| picture(n).url;
        assert_eq!(events, [(0, "one".to_owned(), url(1)), (0, String::new(), url(2)), (1, "two".to_owned(), url(3))]);
    }

    #[test]
    fn html_is_shown_plain_too_and_a_link_is_one() {
        let settings = [("format".to_owned(), "html".to_owned())].into();
        let link = Some("https://example.org/?a=1&b=2".to_owned());
        let draft = Draft(Content { text: "<b>Tom</b> &amp; Ann".into(), link, settings, ..Content::default() });
        let words = events(&draft)[0].words();
        assert_eq!(words["body"], "Tom & Ann\nhttps://example.org/?a=1&b=2");
        let link = "<p><a href=\"https://example.org/?a=1&amp;b=2\">https://example.org/?a=1&amp;b=2</a></p>";
        assert_eq!(words["formatted_body"], format!("<b>Tom</b> &amp; Ann{link}"));
    }

    #[test]
    fn a_link_to_an_event_ends_in_its_id() {
        for proof in ["$a/b", "https://matrix.to/#/!r:x.org/$a/b?via=x.org", "https://matrix.to/#/%23r:x.org/%24a/b"] {
            assert_eq!(event_id(proof), "$a/b", "{proof}");
        }
    }
}
