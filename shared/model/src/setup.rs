//! What is checked: the channel's kind, the numbers, what may go wrong, and which safeguard is taken away.

use std::time::Duration;

use domain::{Backoff, LookUp, OnDoubt, Policy, RepeatSafety};

/// How often each thing may still go wrong or be done. Everything that is not counted here may happen at any time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// A worker dies.
    pub crashes: u8,
    /// A request or its answer is lost, or the answer makes no sense.
    pub losses: u8,
    /// The platform refuses, or accepts without an id.
    pub refusals: u8,
    /// A message is delivered a second time.
    pub doubles: u8,
    /// The broker loses every message.
    pub broker: u8,
    /// Redis loses everything.
    pub redis: u8,
    /// The ledger commits and its answer is lost.
    pub ledger: u8,
    /// A scheduler dies between the ledger and the broker, or the broker refuses its message.
    pub scheduler: u8,
    /// An operator or the post's owner does something.
    pub people: u8,
    /// Everything is paused, and goes on.
    pub pauses: u8,
    /// The ledger is put back to what it held before.
    pub restores: u8,
}

/// A safeguard that is taken away, in what the model passes on: never in the domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Without {
    /// All are in place.
    #[default]
    None,
    /// The intent to send is not stored.
    Intent,
    /// A worker sends without looking at its lease.
    LeaseCheck,
    /// A doubt is looked into before the old attempt is over.
    Settling,
    /// A look that can miss what is out is believed.
    SureAfter,
    /// No answer is taken for "not sent".
    Doubt,
    /// A dead lease is taken for "not sent".
    TakeOver,
    /// A key is used as if it were kept for ever.
    KeyWindow,
    /// The ledger is put back, and nobody says so.
    Gap,
}

/// One configuration.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its name.
    pub name: &'static str,
    /// What the channel offers against doing a thing twice.
    pub repeat: RepeatSafety,
    /// The platform takes a handle once: a second call under the same one changes nothing.
    pub single_use: bool,
    /// How many seconds a listing lags behind.
    pub lag: i64,
    /// The platform accepts first and decides later.
    pub decides_later: bool,
    /// The first publish point is armed together with the attempt.
    pub arms_early: bool,
    /// How many publish points there are.
    pub parts: u16,
    /// What the account wants where nobody can tell.
    pub on_doubt: OnDoubt,
    /// In how many seconds the target expires.
    pub deadline: Option<i64>,
    /// Redis is there; without it, there are neither locks nor hints.
    pub redis: bool,
    /// What may go wrong.
    pub budget: Budget,
    /// The protocol's numbers.
    pub policy: Policy,
    /// What is taken away.
    pub without: Without,
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// How long the platform may still be busy with a request that nobody waits for any more.
pub const SETTLE: i64 = 2;
/// By how much a listing lags.
pub const LAG: i64 = 2;
/// How long a platform remembers a key.
const KEPT: u64 = 10;

/// A listing that tells the truth `SETTLE + LAG` after the last send, and no sooner.
pub const LISTING: LookUp = LookUp { settles_after: secs(SETTLE as u64), sure_after: secs((SETTLE + LAG) as u64) };
/// A platform that remembers keys.
pub const KEY: RepeatSafety =
    RepeatSafety::PlatformKey { kept_for: secs(KEPT), settles_after: secs(SETTLE as u64), afterwards: None };
/// A platform that remembers keys, and lists.
pub const KEY_THEN_LOOK: RepeatSafety =
    RepeatSafety::PlatformKey { kept_for: secs(KEPT), settles_after: secs(SETTLE as u64), afterwards: Some(LISTING) };
/// A platform that answers for handles.
pub const HANDLE: RepeatSafety = RepeatSafety::Handle { settles_after: secs(SETTLE as u64) };

impl Setup {
    /// The plain case of a channel: one part, no Redis, and nothing that may go wrong.
    pub fn of(name: &'static str, repeat: RepeatSafety) -> Self {
        let every = Backoff { base: secs(1), factor: 1.0, cap: secs(1), jitter: 0.0 };
        let policy = Policy {
            attempt_limit: secs(2),
            lease: secs(3),
            max_tries: 2,
            max_looks: 3,
            backoff: every,
            look_backoff: every,
            poll_backoff: every,
            processing_limit: secs(4),
            reemit_after: secs(1),
            carry_grace: secs(1),
            longest_carry: secs(1),
            late_after: secs(3),
            drip: secs(0),
        };
        Self {
            name,
            repeat,
            single_use: false,
            lag: LAG,
            decides_later: false,
            arms_early: false,
            parts: 1,
            on_doubt: OnDoubt::Park,
            deadline: None,
            redis: false,
            budget: Budget::default(),
            policy,
            without: Without::None,
        }
    }

    /// What kind of platform it is, and what the account wants, for people.
    pub fn platform(&self) -> String {
        let lists = format!("lists what is out {} s later", self.lag);
        let mut kind = match self.repeat {
            RepeatSafety::PlatformKey { afterwards: None, .. } => {
                format!("a platform that remembers a key for {} s, and cannot be asked after it", self.key_seconds())
            }
            RepeatSafety::PlatformKey { .. } => {
                format!("a platform that remembers a key for {} s, and {lists}", self.key_seconds())
            }
            RepeatSafety::Handle { .. } if self.single_use => {
                "a platform that answers for a handle, and takes each once".to_owned()
            }
            RepeatSafety::Handle { .. } => {
                "a platform that answers for a handle, and would publish under it again".to_owned()
            }
            RepeatSafety::LookUp(_) => format!("a platform that {lists}, and takes anything twice"),
            RepeatSafety::Nothing => "a platform that cannot be asked, and takes anything twice".to_owned(),
        };
        if self.decides_later {
            kind += ", and decides later";
        }
        if self.parts > 1 {
            kind += &format!("; a thread of {} parts", self.parts);
        }
        if self.on_doubt == OnDoubt::Resend {
            kind += "; the account wants it sent again where nobody can tell";
        }
        kind
    }

    /// The longest span that any decision reads, in seconds: what is older is as good as this old.
    pub fn memory(&self) -> i64 {
        self.key_seconds().max(seconds(self.policy.processing_limit)).max(seconds(self.policy.lease)) + 1
    }

    /// For how many seconds the platform remembers a key.
    pub fn key_seconds(&self) -> i64 {
        match self.repeat {
            RepeatSafety::PlatformKey { kept_for, .. } => seconds(kept_for),
            _ => 0,
        }
    }

    /// How long an attempt may take, in seconds.
    pub fn attempt_limit(&self) -> i64 {
        seconds(self.policy.attempt_limit)
    }

    /// What the ledger is told of the channel: the truth, unless a safeguard is taken away.
    pub fn told(&self) -> RepeatSafety {
        match (self.without, self.repeat) {
            (Without::Settling, RepeatSafety::Handle { .. }) => RepeatSafety::Handle { settles_after: secs(0) },
            (Without::Settling, RepeatSafety::LookUp(_)) => {
                RepeatSafety::LookUp(LookUp { settles_after: secs(0), sure_after: secs(LAG as u64) })
            }
            (Without::SureAfter, RepeatSafety::LookUp(look_up)) => {
                RepeatSafety::LookUp(LookUp { sure_after: look_up.settles_after, ..look_up })
            }
            (Without::KeyWindow, RepeatSafety::PlatformKey { settles_after, afterwards, .. }) => {
                RepeatSafety::PlatformKey { kept_for: secs(1_000), settles_after, afterwards }
            }
            (_, repeat) => repeat,
        }
    }
}

/// A span in whole seconds.
pub fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}
