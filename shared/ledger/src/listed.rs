//! The operators' list in few words, for whoever holds the dead letters against it.

use domain::{ChannelName, TargetId};
use jiff::Timestamp;

/// How many targets of a channel are on the operators' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCount {
    /// The channel.
    pub channel: ChannelName,
    /// All of them.
    pub count: u64,
    /// Those that have been there for a while.
    pub settled: u64,
}

/// A target on the operators' list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedTarget {
    /// Which.
    pub id: TargetId,
    /// Since when.
    pub since: Timestamp,
    /// Its newest attempt.
    pub attempt: u32,
}
