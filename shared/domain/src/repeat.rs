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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_says_when_to_look_and_when_absence_counts() {
        let secs = Duration::from_secs;
        let look_up = LookUp { settles_after: secs(3), sure_after: secs(40) };
        let key = |afterwards| RepeatSafety::PlatformKey { kept_for: secs(500), settles_after: secs(2), afterwards };
        let table = [
            (key(None), "platform key", secs(2), None),
            (key(Some(look_up)), "platform key", secs(2), Some(secs(40))),
            (RepeatSafety::Handle { settles_after: secs(7) }, "handle", secs(7), Some(secs(7))),
            (RepeatSafety::LookUp(look_up), "look-up", secs(3), Some(secs(40))),
            (RepeatSafety::Nothing, "nothing", secs(0), None),
        ];
        for (repeat, name, settles, sure) in table {
            assert_eq!((repeat.name(), repeat.settles_after(), repeat.sure_after()), (name, settles, sure));
        }
    }
}
