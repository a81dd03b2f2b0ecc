//! A post's status, derived from its targets and never stored.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::State;

/// Where a post stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PostStatus {
    /// No target has begun.
    Scheduled,
    /// Some targets are on their way.
    InProgress,
    /// Every target is out.
    Published,
    /// Some targets are out, and nothing more happens by itself to the others.
    Partial,
    /// A target needs a person, or its outcome is not known, and none is on its way.
    NeedsAttention,
    /// No target is out, and the deadline of at least one has passed; the others were cancelled.
    Expired,
    /// Every target was cancelled.
    Withdrawn,
}

impl fmt::Display for PostStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PostStatus::Scheduled => "scheduled",
            PostStatus::InProgress => "in_progress",
            PostStatus::Published => "published",
            PostStatus::Partial => "partial",
            PostStatus::NeedsAttention => "needs_attention",
            PostStatus::Expired => "expired",
            PostStatus::Withdrawn => "withdrawn",
        })
    }
}

/// The status of a post whose targets stand at `states`; `true` marks a target on the operators' list.
pub fn post_status(states: &[(State, bool)]) -> PostStatus {
    let all = |wanted: fn(State) -> bool| states.iter().all(|(state, _)| wanted(*state));
    let any = |wanted: fn(State) -> bool| states.iter().any(|(state, _)| wanted(*state));
    let moving = states.iter().any(|(state, listed)| !listed && !state.is_terminal());
    if all(|state| state == State::Published) {
        PostStatus::Published
    } else if all(|state| matches!(state, State::Scheduled | State::Held)) {
        PostStatus::Scheduled
    } else if moving {
        PostStatus::InProgress
    } else if any(|state| state == State::Published) {
        PostStatus::Partial
    } else if all(|state| matches!(state, State::Cancelled | State::Expired)) && any(|state| state == State::Expired) {
        PostStatus::Expired
    } else if all(|state| state == State::Cancelled) {
        PostStatus::Withdrawn
    } else {
        PostStatus::NeedsAttention
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_shows_itself_as_it_is_written() {
        use PostStatus::{Expired, InProgress, NeedsAttention, Partial, Published, Scheduled, Withdrawn};
        for status in [Scheduled, InProgress, Published, Partial, NeedsAttention, Expired, Withdrawn] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.to_string());
        }
    }

    #[test]
    fn a_post_is_published_only_when_every_target_is() {
        use State::{Cancelled, Expired, Failed, InDoubt, Published, Queued, Scheduled};
        let cases: [(&[(State, bool)], PostStatus); 14] = [
            (&[(Scheduled, false), (Scheduled, false)], PostStatus::Scheduled),
            (&[(Published, false), (Published, false)], PostStatus::Published),
            (&[(Published, false), (Queued, false)], PostStatus::InProgress),
            (&[(Published, false), (Failed, true)], PostStatus::Partial),
            (&[(Published, false), (InDoubt, true)], PostStatus::Partial),
            (&[(InDoubt, false), (Failed, true)], PostStatus::InProgress),
            (&[(Failed, true), (Cancelled, false)], PostStatus::NeedsAttention),
            (&[(Cancelled, false)], PostStatus::Withdrawn),
            (&[(Cancelled, false), (Expired, false)], PostStatus::Expired),
            (&[(Expired, false), (Failed, true)], PostStatus::NeedsAttention),
            (&[(Scheduled, false), (State::Held, false)], PostStatus::Scheduled),
            (&[(Scheduled, false), (Queued, false)], PostStatus::InProgress),
            (&[(Published, false), (Cancelled, false)], PostStatus::Partial),
            (&[(InDoubt, true)], PostStatus::NeedsAttention),
        ];
        for (states, expected) in cases {
            assert_eq!(post_status(states), expected, "{states:?}");
        }
    }
}
