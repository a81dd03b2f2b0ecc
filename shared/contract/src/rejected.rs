//! What lies in the queue of refused requests: the reasons, and the request as it came.

use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Answer;

/// A refused request, version 1: the answer, and what it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "oncepost rejected message v1")]
pub struct Rejected {
    /// Why it was refused.
    #[serde(flatten)]
    pub answer: Answer,
    /// The request, as it came.
    pub request: Received,
}

/// A body as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "encoding", content = "body")]
pub enum Received {
    /// It was text.
    Text(String),
    /// It was not; in base64.
    Base64(String),
}

impl Rejected {
    /// The message for `answer` to a request whose body was `body`.
    pub fn new(answer: Answer, body: &[u8]) -> Self {
        let request = match std::str::from_utf8(body) {
            Ok(text) => Received::Text(text.to_owned()),
            Err(_) => Received::Base64(STANDARD.encode(body)),
        };
        Self { answer, request }
    }

    /// The message's body.
    pub fn encode(&self) -> Vec<u8> {
        crate::to_json(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Schedule;

    #[test]
    fn the_request_is_kept_as_it_came_whatever_it_was() {
        for (body, encoding) in [(&b"{\"version\":9}"[..], "text"), (b"\xff\x00", "base64")] {
            let answer = Answer::refused(None, Schedule::decode(body).unwrap_err());
            let message = Rejected::new(answer, body);
            let value: serde_json::Value = serde_json::from_slice(&message.encode()).unwrap();
            assert_eq!(value["status"], "refused");
            assert_eq!(value["request"]["encoding"], encoding);
            assert_eq!(serde_json::from_value::<Rejected>(value).unwrap(), message);
        }
        let Received::Base64(kept) = Rejected::new(Answer::refused(None, vec![]), b"\xff\x00").request else {
            panic!()
        };
        assert_eq!(STANDARD.decode(kept).unwrap(), b"\xff\x00");
    }
}
