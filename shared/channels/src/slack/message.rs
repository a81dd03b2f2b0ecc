//! A message as Slack takes it. A text goes out as it is, or as Slack's own markup if the post says so.

use domain::{Draft, Failure, Part};
use serde_json::{Value, json};

use super::{CHANNEL, conversation, files::File};
use crate::{Call, text};

/// The name under which our mark stands in a message's metadata.
pub(super) const EVENT: &str = "oncepost_post";
pub(super) const MARK: &str = "oncepost_id";

/// The draft as it is sent: escaped, unless it is in Slack's markup already. So it is counted, too.
pub(super) fn written(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    if !is_markup(&draft) {
        draft.0.text = escaped(&draft.0.text);
        draft.0.link = draft.0.link.map(|link| escaped(&link));
        for part in &mut draft.0.thread {
            part.text = escaped(&part.text);
        }
    }
    draft
}

fn is_markup(draft: &Draft) -> bool {
    draft.0.settings.get("format").is_some_and(|format| format == "mrkdwn")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text that a message shows: addresses out of their brackets, escapes undone.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        shown.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let Some(end) = rest.find('>') else { break };
        let inside = &rest[..end];
        shown.push_str(inside.split_once('|').map_or(inside, |(_, label)| label));
        rest = &rest[end + 1..];
    }
    shown.push_str(rest);
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The time stamp that is a message's id. A person's proof may be the message's address, which ends in `p` and its digits.
pub(super) fn stamp(proof: &str) -> String {
    let id = text::id_of(proof);
    match id.strip_prefix('p').and_then(|digits| digits.split_at_checked(digits.len().checked_sub(6)?)) {
        Some((seconds, micros)) => format!("{seconds}.{micros}"),
        None => id.to_owned(),
    }
}

/// The body of a bot's message, with our mark.
pub(super) fn of(call: &Call<'_>, number: u16, part: &Part, files: &[File]) -> Result<Value, Failure> {
    let pictures = files.iter().map(|file| json!({ "slack_file": { "id": file.id } }));
    let mut body = body(call, part, pictures);
    body[CHANNEL] = json!(conversation(call.account)?);
    body["metadata"] = json!({ "event_type": EVENT, "event_payload": { MARK: call.key(number) } });
    if let Some(first) = call.receipt(0).filter(|_| number > 0) {
        body["thread_ts"] = json!(stamp(&first.id));
    }
    Ok(body)
}

/// What a message says and shows, by whatever door it goes.
pub(super) fn body(call: &Call<'_>, part: &Part, pictures: impl Iterator<Item = Value>) -> Value {
    let mut body = json!({ "text": part.text, "mrkdwn": is_markup(call.draft) });
    for name in ["unfurl_links", "unfurl_media"] {
        if let Some(value) = call.draft.0.settings.get(name) {
            body[name] = json!(value == "true");
        }
    }
    let described = pictures.zip(&part.media).map(|(mut picture, media)| {
        picture["type"] = json!("image");
        // Slack wants some description.
        picture["alt_text"] = json!(media.alt.as_deref().filter(|alt| !alt.is_empty()).unwrap_or("picture"));
        picture
    });
    let mut blocks: Vec<Value> = described.collect();
    if !blocks.is_empty() {
        if !part.text.trim().is_empty() {
            blocks.insert(0, json!({ "type": "section", "text": { "type": "mrkdwn", "text": part.text } }));
        }
        body["blocks"] = json!(blocks);
    }
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slacks_own_brackets_are_undone() {
        let theirs = "a &amp; b &lt;c&gt; <https://x.example/?a=1&amp;b=2> <http://y.example|y.example>";
        assert_eq!(shown(theirs), "a & b <c> https://x.example/?a=1&b=2 y.example");
        assert_eq!(shown("broken <https://x"), "broken https://x");
    }

    #[test]
    fn an_address_holds_the_stamp() {
        assert_eq!(stamp("https://a.slack.com/archives/C1/p1503435956000247?thread_ts=1.2"), "1503435956.000247");
        assert_eq!(
            (stamp("1503435956.000247"), stamp("p1"), stamp("")),
            ("1503435956.000247".into(), "p1".into(), "".into())
        );
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_shown_as_it_was(text in "(\\PC|[<>&;|])*") {
            prop_assert_eq!(shown(&escaped(&text)), text);
        }
    }
}
