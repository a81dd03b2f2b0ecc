//! The states of a target and the moves between them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for its time.
    Scheduled,
    /// Handed to the broker.
    Queued,
    /// A worker holds the lease and may be sending.
    Publishing,
    /// The platform has accepted it and still decides.
    Processing,
    /// It surely did not go out; the next try has a time.
    Retrying,
    /// A publish point was called and its outcome is not known; the next look has a time, or a person decides.
    InDoubt,
    /// Out, with the platform's id as proof.
    Published,
    /// A dead letter: it did not go out and needs a person.
    Failed,
    /// Held back by a pause.
    Held,
    /// Cancelled by its owner before it went out.
    Cancelled,
    /// Its deadline passed before it could be sent.
    Expired,
}

impl State {
    /// Every state. The position is the number the ledger stores.
    pub const ALL: [State; 11] = [
        State::Scheduled,
        State::Queued,
        State::Publishing,
        State::Processing,
        State::Retrying,
        State::InDoubt,
        State::Published,
        State::Failed,
        State::Held,
        State::Cancelled,
        State::Expired,
    ];

    /// The number the ledger stores.
    pub fn number(self) -> i16 {
        self as i16
    }

    /// The state with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at)).copied()
    }

    /// The state's name, as messages, labels and screens spell it.
    pub fn name(self) -> &'static str {
        match self {
            State::Scheduled => "scheduled",
            State::Queued => "queued",
            State::Publishing => "publishing",
            State::Processing => "processing",
            State::Retrying => "retrying",
            State::InDoubt => "in_doubt",
            State::Published => "published",
            State::Failed => "failed",
            State::Held => "held",
            State::Cancelled => "cancelled",
            State::Expired => "expired",
        }
    }

    /// The state for people, in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            State::InDoubt => "in doubt",
            state => state.name(),
        }
    }

    /// Nothing more happens by itself.
    pub fn is_terminal(self) -> bool {
        matches!(self, State::Published | State::Failed | State::Cancelled | State::Expired)
    }

    /// It has not gone out and nobody is sending it: it can be cancelled, edited, held or begun.
    pub fn is_waiting(self) -> bool {
        matches!(self, State::Scheduled | State::Queued | State::Retrying | State::Held)
    }

    /// Whether a target may move from `self` to `next`. Staying is always allowed.
    pub fn may_become(self, next: State) -> bool {
        use State::{
            Cancelled, Expired, Failed, Held, InDoubt, Processing, Published, Publishing, Queued, Retrying, Scheduled,
        };
        match (self, next) {
            (a, b) if a == b => true,
            // The truth that it is out is recorded whenever it arrives, whatever was believed before.
            (_, Published) => true,
            // A doubt, where the ledger has lost the history of a time and nobody knows whether it was sent then.
            (Scheduled, Queued | Publishing | Retrying | InDoubt | Held | Cancelled | Expired | Failed) => true,
            (Queued, Scheduled | Publishing | Retrying | InDoubt | Held | Cancelled | Expired | Failed) => true,
            (Retrying, Scheduled | Queued | Publishing | InDoubt | Held | Cancelled | Expired | Failed) => true,
            (Held, Scheduled | Cancelled | Expired) => true,
            (Publishing, Processing | Retrying | InDoubt | Failed | Expired | Held) => true,
            (Processing, Failed | InDoubt | Retrying | Scheduled) => true,
            (InDoubt, Publishing | Retrying | Processing | Cancelled | Scheduled) => true,
            (Failed, Scheduled | Cancelled) => true,
            (Expired, Scheduled) => true,
            _ => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        for state in State::ALL {
            assert_eq!(State::from_number(state.number()), Some(state));
        }
        assert_eq!(State::from_number(-1), None);
        assert_eq!(State::from_number(11), None);
    }

    #[test]
    fn a_state_shows_itself_as_it_is_written() {
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
            assert_eq!(state.to_string(), state.name());
        }
    }

    /// The whole table, drawn: a row is where it stands, a column where it goes.
    #[test]
    fn every_move_is_in_the_table_or_is_not_allowed() {
        // scheduled, queued, publishing, processing, retrying, in_doubt, published, failed, held, cancelled, expired
        let table = [
            "xxx.xxxxxxx", // scheduled
            "xxx.xxxxxxx", // queued
            "..xxxxxxx.x", // publishing
            "x..xxxxx...", // processing
            "xxx.xxxxxxx", // retrying
            "x.xxxxx..x.", // in doubt
            "......x....", // published
            "x.....xx.x.", // failed
            "x.....x.xxx", // held
            "......x..x.", // cancelled
            "x.....x...x", // expired
        ];
        for (from, row) in State::ALL.into_iter().zip(table) {
            let may: String = State::ALL.map(|to| if from.may_become(to) { 'x' } else { '.' }).into_iter().collect();
            assert_eq!(may, row, "from {from}");
        }
    }

    #[test]
    fn at_rest_and_waiting_are_what_they_are() {
        use State::{Cancelled, Expired, Failed, Held, Published, Queued, Retrying, Scheduled};
        for state in State::ALL {
            assert_eq!(state.is_terminal(), [Published, Failed, Cancelled, Expired].contains(&state), "{state}");
            assert_eq!(state.is_waiting(), [Scheduled, Queued, Retrying, Held].contains(&state), "{state}");
        }
    }

    #[test]
    fn a_published_target_never_moves_again() {
        for next in State::ALL {
            assert_eq!(State::Published.may_become(next), next == State::Published);
        }
    }

    #[test]
    fn doubt_never_becomes_failed_or_expired_by_itself() {
        assert!(!State::InDoubt.may_become(State::Failed));
        assert!(!State::InDoubt.may_become(State::Expired));
    }
}
