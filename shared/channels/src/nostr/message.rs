//! What relays say, and what we say to them.

use serde_json::{Value, json};

/// A relay's message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// What became of an event: of which (some relays leave that out when they refuse), whether the relay has it, and why not.
    Ok { id: String, accepted: bool, words: String },
    /// An event that was asked for.
    Event(Value),
    /// That were all.
    End,
    /// A question is not answered, and why.
    Closed(String),
    /// Who we are is to be shown with this.
    Challenge(String),
    /// Anything that is for people, or that we do not know.
    Other,
    /// No message of a relay.
    Unreadable,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Said {
    let Ok(Value::Array(mut message)) = serde_json::from_str(text) else { return Said::Unreadable };
    let mut take = |n: usize| message.get_mut(n).map(Value::take).unwrap_or_default();
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    match word(take(0)).as_str() {
        "OK" => match (take(1), take(2), take(3)) {
            (Value::String(id), Value::Bool(accepted), words) => Said::Ok { id, accepted, words: word(words) },
            _ => Said::Unreadable,
        },
        "EVENT" => Said::Event(take(2)),
        "EOSE" => Said::End,
        "CLOSED" => Said::Closed(word(take(2))),
        "AUTH" => Said::Challenge(word(take(1))),
        "" => Said::Unreadable,
        _ => Said::Other,
    }
}

/// The word before the colon by which machines know a reason; empty if there is none.
pub(super) fn prefix(words: &str) -> &str {
    let prefix = words.split_once(':').map_or("", |(prefix, _)| prefix.trim());
    let is_word = |c: char| c.is_ascii_lowercase() || c == '-';
    if prefix.chars().all(is_word) { prefix } else { "" }
}

/// Here is an event.
pub(super) fn event(event: &str) -> String {
    format!("[\"EVENT\",{event}]")
}

/// Here is who we are.
pub(super) fn auth(event: &str) -> String {
    format!("[\"AUTH\",{event}]")
}

/// Do you have this one?
pub(super) fn request(id: &str) -> String {
    json!(["REQ", "oncepost", { "ids": [id] }]).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_read() {
        let ok = |id: &str, accepted, words: &str| Said::Ok { id: id.into(), accepted, words: words.into() };
        assert_eq!(read(r#"["OK","ab",true,""]"#), ok("ab", true, ""));
        assert_eq!(read(r#"["OK","",false,"invalid: x"]"#), ok("", false, "invalid: x"));
        assert_eq!(read(r#"["OK","ab",true]"#), ok("ab", true, ""));
        assert_eq!(read(r#"["EVENT","s",{"id":"ab"}]"#), Said::Event(json!({"id": "ab"})));
        assert_eq!([read(r#"["EOSE","s"]"#), read(r#"["NOTICE","hi"]"#)], [Said::End, Said::Other]);
        assert_eq!(read(r#"["CLOSED","s","auth-required: who?"]"#), Said::Closed("auth-required: who?".into()));
        for nothing in [r#"["OK"]"#, r#"["OK",1,true]"#, r#"["OK","ab","#, "<html>", "{}", "[]", "7"] {
            assert_eq!(read(nothing), Said::Unreadable, "{nothing}");
        }
    }

    #[test]
    fn reasons_begin_with_a_word() {
        assert_eq!(["rate-limited: slow", "pow:x", "blocked"].map(prefix), ["rate-limited", "pow", ""]);
        assert_eq!(["No such: thing", "", ":"].map(prefix), ["", "", ""]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*|\\[\"(OK|EVENT|AUTH|CLOSED)\"(,\\PC*)*\\]") {
            read(&text);
            prefix(&text);
        }
    }
}
