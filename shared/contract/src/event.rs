//! The event message: what upstream services are told, at least once.

use domain::{Event, EventName, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Diagnosis, V1, advice::Stands};

/// An event, version 1. `id` is the same whenever the same happening is told again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "oncepost event message v1")]
pub struct EventMessage {
    /// The message's version.
    pub version: V1,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The failure in words, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
}

impl EventMessage {
    /// The message that tells of `event`.
    pub fn of(event: Event) -> Self {
        // What went wrong on the way is over where it is out, or where its owner wants it no more.
        let is_over = |state| matches!(state, State::Published | State::Cancelled);
        let failed = event.failure.as_ref().zip(state(event.name)).filter(|(_, state)| !is_over(*state));
        let diagnosis = failed.map(|(failure, state)| Diagnosis::at(failure, Stands::told(&event, state)));
        Self { version: V1, event, diagnosis }
    }

    /// The routing key on the events exchange.
    pub fn topic(&self) -> &'static str {
        self.event.name.name()
    }

    /// The message's body.
    pub fn encode(&self) -> Vec<u8> {
        crate::to_json(self)
    }
}

/// The state that an event reports; none for events about a whole post.
fn state(name: EventName) -> Option<State> {
    Some(match name {
        EventName::PostAccepted => return None,
        EventName::Published => State::Published,
        EventName::Processing => State::Processing,
        EventName::Retrying => State::Retrying,
        EventName::InDoubt => State::InDoubt,
        EventName::Failed => State::Failed,
        EventName::Held => State::Held,
        EventName::Cancelled => State::Cancelled,
        EventName::Expired => State::Expired,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::fixtures::failed;

    #[test]
    fn what_went_wrong_on_the_way_to_a_publish_asks_nothing_of_anybody() {
        for (state, is_told) in [(State::Published, false), (State::Cancelled, false), (State::Failed, true)] {
            let target = domain::Target { state, ..failed() };
            let message = EventMessage::of(Event::of(&target, Timestamp::UNIX_EPOCH).unwrap());
            assert_eq!(message.diagnosis.is_some(), is_told, "{state:?}");
        }
    }

    #[test]
    fn e07_a_failure_is_told_with_cause_and_remedy() {
        let target = failed();
        let message = EventMessage::of(Event::of(&target, Timestamp::UNIX_EPOCH).unwrap());
        let diagnosis = message.diagnosis.clone().unwrap();
        assert!(diagnosis.sentence.contains("OP-2102") && diagnosis.sentence.contains("token was revoked"));
        assert_eq!(diagnosis.whose_fault, "the account or its credentials");
        assert!(!diagnosis.remedy.is_empty());
        assert_eq!(message.topic(), "target.failed");
        assert_eq!(serde_json::from_slice::<EventMessage>(&message.encode()).unwrap(), message);
    }

    #[test]
    fn state_and_event_have_one_name() {
        for name in EventName::ALL {
            if let Some(state) = state(name) {
                assert_eq!(name.name(), format!("target.{state}"));
            }
        }
    }
}
