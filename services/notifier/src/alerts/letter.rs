//! An alert as a mail: plain text, and the same as HTML. Pure.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::{
    Message as Letter,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use maud::{DOCTYPE, Markup, html};

use super::{
    way::Telling,
    words::{Line, Message},
};

/// The longest subject, in characters.
const SUBJECT: usize = 200;

/// The letter that tells `to`, who are all who are told.
pub(crate) fn letter(
    telling: &Telling,
    from: &Mailbox,
    to: &[Mailbox],
    at: Timestamp,
) -> Result<Letter, lettre::error::Error> {
    let Telling { message, id, thread } = telling;
    let named = |id: &str| format!("<oncepost.{id}@{}>", from.email.domain());
    let mut letter = Letter::builder()
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(at.as_second().try_into().unwrap_or_default()))
        .from(from.clone())
        .subject(one_line(&message.head))
        .message_id(Some(named(id)))
        // Whoever is away does not answer a machine.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
    for to in to {
        letter = letter.to(to.clone());
    }
    if id != thread {
        letter = letter.in_reply_to(named(thread)).references(named(thread));
    }
    let parts = MultiPart::alternative().boundary(format!("oncepost-{id}")).build();
    let parts = parts.singlepart(SinglePart::plain(format!("{message}\n")));
    letter.multipart(parts.singlepart(SinglePart::html(page(message).into_string())))
}

/// Text that is no more than a line, whatever was in it.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut line = line.trim();
    if let Some((end, _)) = line.char_indices().nth(SUBJECT) {
        line = &line[..end];
    }
    line.to_owned()
}

fn page(message: &Message) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (one_line(&message.head)) } }
            body {
                p { strong { (prose(&message.head)) } }
                @for Line { text, link } in &message.lines {
                    p { @match link { Some(link) => { a href=(link) { (prose(text)) } } None => { (prose(text)) } } }
                }
            }
        }
    }
}

/// Text with commands set apart.
fn prose(text: &str) -> Markup {
    html! { @for (n, piece) in text.split('`').enumerate() { @if n % 2 == 1 { code { (piece) } } @else { (piece) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(head: &str, thread: &str) -> String {
        let line = Line { text: "Try `oncepost status` <b>now</b>".into(), link: None };
        let link = Line { text: "All of this cause".into(), link: Some("https://console.example/?group=a".into()) };
        let message = Message { head: head.into(), lines: vec![line, link] };
        let telling = Telling { message, id: "11".into(), thread: thread.into() };
        let to = ["ann@acme.example", "bob@acme.example"].map(|to| to.parse().unwrap());
        let letter = letter(&telling, &"oncepost <o@acme.example>".parse().unwrap(), &to, Timestamp::UNIX_EPOCH);
        String::from_utf8(letter.unwrap().formatted()).unwrap()
    }

    #[test]
    fn it_says_who_what_and_that_a_machine_has_written_it() {
        let first = written("1 target needs a person", "11");
        for line in [
            "From: oncepost <o@acme.example>\r\n",
            "To: ann@acme.example, bob@acme.example\r\n",
            "Subject: 1 target needs a person\r\n",
            "Message-ID: <oncepost.11@acme.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            "MIME-Version: 1.0\r\n",
            "All of this cause: https://console.example/?group=a\r\n",
            "<code>oncepost status</code> &lt;b&gt;now&lt;/b&gt;",
        ] {
            assert!(first.contains(line), "{line}\nis not in\n{first}");
        }
        assert!(!first.contains("In-Reply-To"), "{first}");
        let second = written("10 targets need a person", "10");
        for line in ["In-Reply-To: <oncepost.10@acme.example>\r\n", "References: <oncepost.10@acme.example>\r\n"] {
            assert!(second.contains(line), "{line}\nis not in\n{second}");
        }
    }

    #[test]
    fn nothing_that_was_said_becomes_a_header() {
        for head in [
            "One\r\nBcc: evil@evil.example",
            "One\nBcc: evil@evil.example\r\n\r\nbody",
            "Ö\u{2028}\u{85}\r\nBcc: x@y.example",
        ] {
            let text = written(head, "11");
            let (headers, _) = text.split_once("\r\n\r\n").unwrap();
            assert!(!headers.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{headers}");
            assert!(headers.is_ascii(), "{headers}");
            let subjects = headers.lines().filter(|line| line.starts_with("Subject: ")).count();
            assert_eq!(subjects, 1, "{headers}");
        }
        assert_eq!(one_line(&"ä".repeat(500)).chars().count(), SUBJECT);
    }
}
