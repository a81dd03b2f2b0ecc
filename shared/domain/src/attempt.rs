//! The record of one attempt.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Failure, TargetId, WorkerName};

/// What an attempt set out to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    /// Send what is not out yet.
    Send,
    /// Call a publish point again with the same key, to settle an unknown outcome.
    Repeat,
    /// Ask the platform what happened.
    Look,
    /// Ask a platform that still decides for its verdict.
    Poll,
}

impl AttemptKind {
    /// Whether it calls publish points.
    pub fn sends(self) -> bool {
        matches!(self, AttemptKind::Send | AttemptKind::Repeat)
    }

    /// The kind's name.
    pub fn name(self) -> &'static str {
        match self {
            AttemptKind::Send => "send",
            AttemptKind::Repeat => "repeat",
            AttemptKind::Look => "look",
            AttemptKind::Poll => "poll",
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Everything is out, with proof.
    Published,
    /// Accepted; the platform still decides.
    Processing,
    /// It surely did not go out.
    NotSent,
    /// The outcome is not known.
    Unknown,
    /// The look found nothing.
    Absent,
    /// The worker died or lost its lease; what it did is not recorded.
    Lost,
    /// Given back without doing anything.
    Released,
}

impl AttemptOutcome {
    /// The outcome's name.
    pub fn name(self) -> &'static str {
        match self {
            AttemptOutcome::Published => "published",
            AttemptOutcome::Processing => "processing",
            AttemptOutcome::NotSent => "not_sent",
            AttemptOutcome::Unknown => "unknown",
            AttemptOutcome::Absent => "absent",
            AttemptOutcome::Lost => "lost",
            AttemptOutcome::Released => "released",
        }
    }
}

/// One attempt, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The target.
    pub target: TargetId,
    /// The attempt's number on its target: the fencing token.
    pub number: u32,
    /// What it set out to do.
    pub kind: AttemptKind,
    /// Who made it.
    pub worker: WorkerName,
    /// When it began.
    #[schemars(with = "crate::Rfc3339")]
    pub began_at: Timestamp,
    /// When it ended, or when it was found lost.
    #[schemars(with = "crate::Rfc3339")]
    pub ended_at: Timestamp,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sends_and_repeats_call_publish_points() {
        let kinds = [AttemptKind::Send, AttemptKind::Repeat, AttemptKind::Look, AttemptKind::Poll];
        assert_eq!(kinds.map(AttemptKind::sends), [true, true, false, false]);
    }

    #[test]
    fn names_are_those_that_messages_and_ledgers_carry() {
        let written = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        for kind in [AttemptKind::Send, AttemptKind::Repeat, AttemptKind::Look, AttemptKind::Poll] {
            assert_eq!(kind.name(), written(serde_json::to_value(kind).unwrap()));
        }
        use AttemptOutcome::{Absent, Lost, NotSent, Processing, Published, Released, Unknown};
        for outcome in [Published, Processing, NotSent, Unknown, Absent, Lost, Released] {
            assert_eq!(outcome.name(), written(serde_json::to_value(outcome).unwrap()));
        }
    }
}
