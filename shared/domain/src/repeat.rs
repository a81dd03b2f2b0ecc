//! What a platform offers against doing a thing twice. It decides what happens after an unknown outcome.

use std::time::Duration;

/// How an unknown outcome can be settled on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatSafety {
    /// The platform remembers an idempotency key for a while: the same call with the same key cannot make a second post.
    PlatformKey {
        /// How long the key is remembered, counted from the first send.
        kept_for: Duration,
        /// How long to wait after the last send, so that the platform is done with it.
        settles_after: Duration,
        /// What is left when the key has been forgotten.
        afterwards: Option<LookUp>,
    },
    /// The platform answers for a handle that we hold (record key, container, upload session).
    Handle {
        /// How long to wait after the last send, so that the platform is done with it.
        settles_after: Duration,
    },
    /// The account's posts can be listed.
    LookUp(LookUp),
    /// Nothing: only a person can tell.
    Nothing,
}

/// How far a listing can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUp {
    /// How long after the last send the first look makes sense.
    pub settles_after: Duration,
    /// How long after the last send a post that is not listed is surely absent: listings lag.
    pub sure_after: Duration,
}

impl RepeatSafety {
    /// How long after the last send an unknown outcome may be looked into.
    pub fn settles_after(self) -> Duration {
        match self {
            RepeatSafety::PlatformKey { settles_after, .. } | RepeatSafety::Handle { settles_after } => settles_after,
            RepeatSafety::LookUp(look_up) => look_up.settles_after,
            RepeatSafety::Nothing => Duration::ZERO,
        }
    }

    /// How long after the last send "not there" means "never arrived"; `None` where the platform cannot be asked.
    pub fn sure_after(self) -> Option<Duration> {
        match self {
            RepeatSafety::Handle { settles_after } => Some(settles_after),
            RepeatSafety::LookUp(look_up) | RepeatSafety::PlatformKey { afterwards: Some(look_up), .. } => {
                Some(look_up.sure_after)
            }
            RepeatSafety::PlatformKey { afterwards: None, .. } | RepeatSafety::Nothing => None,
        }
    }

    /// The kind's name, for tables and screens.
    pub fn name(self) -> &'static str {
        match self {
            RepeatSafety::PlatformKey { .. } => "platform key",
            RepeatSafety::Handle { .. } => "handle",
            RepeatSafety::LookUp(_) => "look-up",
            RepeatSafety::Nothing => "nothing",
        }
    }
}
