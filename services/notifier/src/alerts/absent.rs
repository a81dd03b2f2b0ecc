//! What an alert says of those who should be there and are not. Pure.

use roster::Missing;
use url::Url;

use super::{
    plan::Say,
    words::{Line, Message, instant, linked, under},
};

/// What more channels than are told one by one are called together.
pub(crate) const MANY: &str = "/*";

/// The message of who is called `name`, as `scheduler`, `worker/mastodon` or `broker`; `missing`: while it is so.
pub(crate) fn message(say: &Say, name: &str, missing: Option<&Missing>, console: Option<&Url>) -> Message {
    let (what, remedy) = missing.map_or(("", ""), |missing| (&missing.what, &missing.remedy));
    let head = match say {
        Say::New | Say::Grown { .. } | Say::Spread { .. } => what.to_owned(),
        Say::Old { since } => format!("Since {}, and nobody has mended it: {what}", instant(*since)),
        Say::Clear { since } => format!("All clear: {} (since {})", over(name), instant(*since)),
    };
    let remedy = (!remedy.is_empty() && !matches!(say, Say::Clear { .. })).then(|| format!("What to do: {remedy}"));
    let place = match console {
        Some(console) => linked("Who is there, and who is missing", under(console, "system")),
        None => Line::new("Who is there, and who is missing: `oncepost processes`"),
    };
    Message { head, lines: remedy.map(Line::new).into_iter().chain([place]).collect() }
}

/// Somebody has come, or is not wanted any more: which of both, the system screen tells.
fn over(name: &str) -> String {
    match name.split_once('/') {
        _ if name == "broker" => "the broker answers again".into(),
        Some((role, "*")) => format!("no more than three channels are without a {role}"),
        Some((role, channel)) => format!("{channel} is not without a {role} any more"),
        None => format!("no {name} is missing any more"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_is_over_is_said_by_what_it_was() {
        let clear = |name| message(&Say::Clear { since: Timestamp::UNIX_EPOCH }, name, None, None).head;
        for (name, over) in [
            ("broker", "the broker answers again"),
            ("scheduler", "no scheduler is missing any more"),
            ("worker/mastodon", "mastodon is not without a worker any more"),
            ("worker/*", "no more than three channels are without a worker"),
        ] {
            assert_eq!(clear(name), format!("All clear: {over} (since 1970-01-01 00:00:00Z)"));
        }
    }
}
