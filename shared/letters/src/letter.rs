//! A dead letter as it is read from its queue.

use broker::Message;
use contract::{Publish, dead};
use domain::TargetId;
use jiff::Timestamp;

/// Of which target a letter tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The target.
    pub target: TargetId,
    /// Its newest attempt when the letter was written.
    pub attempt: u32,
    /// When the letter was written.
    pub written_at: Timestamp,
}

impl Subject {
    /// Of which target `message` tells; none if it cannot be read, or was set aside because it could not.
    pub fn of(message: &Message) -> Option<Self> {
        if message.headers.get(dead::REASON).is_some_and(|reason| reason == dead::UNREADABLE) {
            return None;
        }
        let Publish { target, attempt, emitted_at, .. } = Publish::decode(&message.body).ok()?;
        Some(Self { target, attempt, written_at: emitted_at })
    }
}

/// A dead letter, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Of which target it tells; none if it cannot be read.
    pub subject: Option<Subject>,
    /// The message, as it came.
    pub message: Message,
}

impl Letter {
    /// Reads `message`.
    pub fn read(message: Message) -> Self {
        Self { subject: Subject::of(&message), message }
    }

    /// What people call it: its target's id, or, where it names none, the message's own.
    pub fn id(&self) -> String {
        match &self.subject {
            Some(subject) => subject.target.to_string(),
            None => self.message.id.clone().unwrap_or_default(),
        }
    }

    /// A header, as `oncepost-what`; empty if the letter does not have it.
    pub fn says(&self, header: &str) -> &str {
        self.message.headers.get(header).map_or("", String::as_str)
    }

    /// Why it is here: the reason it was given, or that the broker gave it up.
    pub fn reason(&self) -> &str {
        match self.says(dead::REASON) {
            "" => self.says("x-first-death-reason"),
            reason => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_target_is_called_by_its_own_id() {
        let letter = Letter::read(Message { id: Some("m-1".into()), body: "{".into(), ..Message::default() });
        assert_eq!((letter.id().as_str(), letter.subject, letter.reason()), ("m-1", None, ""));
    }

    #[test]
    fn what_the_broker_gave_up_says_so() {
        let headers = [("x-first-death-reason".into(), "delivery_limit".into())].into();
        assert_eq!(Letter::read(Message { headers, ..Message::default() }).reason(), "delivery_limit");
    }
}
