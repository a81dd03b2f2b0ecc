//! The ids of messages: the same for the same event, so that a message that comes twice is known as one. Pure.

use std::fmt::Write;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::plan::Say;

/// The id of what is said of a group that is there since `since`: 32 digits.
pub(crate) fn id(group: &str, since: Timestamp, say: &Say) -> String {
    let event = match say {
        Say::New => "new".to_owned(),
        Say::Grown { from } => format!("grown from {from}"),
        Say::Spread { nth, .. } => format!("spread {nth}"),
        // What is in it now may be told of as old as well as what was before.
        Say::Old { since } => format!("old since {}", since.as_nanosecond()),
        Say::Clear { .. } => "clear".to_owned(),
    };
    let digest = Sha256::digest(format!("{group}\n{}\n{event}", since.as_nanosecond()));
    digest[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_event_has_the_same_id_and_each_other_one_another() {
        let (now, later) = (Timestamp::UNIX_EPOCH, "2026-06-01T12:00:00Z".parse().unwrap());
        let said = [
            Say::New,
            Say::Grown { from: 3 },
            Say::Grown { from: 30 },
            Say::Spread { to: Vec::new(), nth: 1 },
            Say::Spread { to: Vec::new(), nth: 2 },
            Say::Old { since: now },
            Say::Old { since: later },
            Say::Clear { since: now },
        ];
        let mut ids: Vec<_> =
            said.iter().flat_map(|say| [id("a", now, say), id("a", later, say), id("b", now, say)]).collect();
        assert_eq!(ids[0], id("a", now, &Say::New));
        assert_eq!(ids[0].len(), 32);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 24);
    }
}
