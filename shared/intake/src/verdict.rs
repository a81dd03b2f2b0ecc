//! What became of a request.

use contract::Answer;
use domain::{Event, PostId, TenantId};

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Stored now.
    New {
        /// What to tell the sender.
        answer: Answer,
        /// The event of its acceptance: stored with it, to be told.
        event: Event,
    },
    /// Stored before; the first answer again.
    Same {
        /// What to tell the sender.
        answer: serde_json::Value,
        /// The event of its acceptance, with the id it had then: told again, it answers a sender that listens.
        event: Event,
    },
    /// Refused, or in conflict with another request: nothing was stored or changed.
    Refused {
        /// What to tell the sender.
        answer: Answer,
        /// Whose request it was, if that could be read.
        tenant: Option<TenantId>,
    },
}

impl Verdict {
    /// What became of the request, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::New { .. } => "accepted",
            Verdict::Same { .. } => "repeated",
            Verdict::Refused { .. } => "refused",
        }
    }

    /// The post that stands for the request now.
    pub fn post(&self) -> Option<PostId> {
        match self {
            Verdict::New { event, .. } | Verdict::Same { event, .. } => Some(event.post),
            Verdict::Refused { .. } => None,
        }
    }

    /// The answer's body.
    pub fn body(&self) -> Vec<u8> {
        match self {
            Verdict::New { answer, .. } | Verdict::Refused { answer, .. } => answer.encode(),
            Verdict::Same { answer, .. } => answer.to_string().into_bytes(),
        }
    }
}
