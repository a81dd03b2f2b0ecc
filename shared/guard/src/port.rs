//! The port: what any guard can do.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::GuardError;

/// Locks, hints and limits that all workers share and that may be lost at any moment.
///
/// Every method answers quickly: when the store behind it is away the answer is an `Err`, never a wait. Callers then go
/// on without the guard, because the ledger decides.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Takes the dedupe lock on `key` for `ttl`, in the name of `token`.
    ///
    /// `token` must be the caller's own (one per process and message). A key already held with the same token is
    /// [`Lock::Taken`], for `ttl` from now: that is how a lost answer is found out. An `Err` leaves it unknown whether the
    /// lock is held; [`Guard::release`] is harmless either way.
    async fn lock(&self, key: &str, token: &str, ttl: Duration) -> Result<Lock, GuardError>;

    /// Holds the lock on `key` for `ttl` from now. `false`: it is not held with `token` (any more), and nothing changed.
    async fn renew(&self, key: &str, token: &str, ttl: Duration) -> Result<bool, GuardError>;

    /// Lets the lock on `key` go. `false`: it is not held with `token` (any more), and nothing changed.
    async fn release(&self, key: &str, token: &str) -> Result<bool, GuardError>;

    /// Leaves word of a target's outcome for whoever looks within `ttl`: a shortcut for reconciling, never proof of absence.
    async fn hint(&self, key: &str, value: String, ttl: Duration) -> Result<(), GuardError>;

    /// The word left with [`Guard::hint`], if it is still there.
    async fn hint_of(&self, key: &str) -> Result<Option<String>, GuardError>;

    /// Lets nothing of `scope` pass before `until`. A later cool-down that is already in force stays as it is.
    async fn cool_down(&self, scope: &str, until: Timestamp, reason: &str) -> Result<(), GuardError>;

    /// Asks for one call at `now` in all of `scopes`: taken in every scope with a rate, or in none.
    ///
    /// `now` is the caller's clock, so that all implementations and simulations count alike. A [`Permit::Wait`] costs nothing.
    async fn permit(&self, scopes: &[ScopeLimit], now: Timestamp) -> Result<Permit, GuardError>;

    /// Asks the store whether it is there, by a real round trip.
    async fn ping(&self) -> Result<(), GuardError>;

    /// Forgets everything. For tests and drills only.
    async fn wipe(&self) -> Result<(), GuardError>;
}

/// The answer to [`Guard::lock`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// The lock is the caller's until the ttl has passed.
    Taken,
    /// Another token has it.
    HeldByOther {
        /// How much longer, as far as is known.
        for_about: Option<Duration>,
    },
}

/// A scope that a call falls in, and the rate that holds there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeLimit {
    /// The scope's name: `account:<tenant>:<id>`, `app:<name>`, `channel:mastodon`, `endpoint:<name>`.
    pub scope: String,
    /// The rate in this scope; `None` where only cool-downs count.
    pub rate: Option<Rate>,
}

impl ScopeLimit {
    /// A scope in which only cool-downs count.
    pub fn unlimited(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), rate: None }
    }

    /// A scope with a rate.
    pub fn limited(scope: impl Into<String>, rate: Rate) -> Self {
        Self { scope: scope.into(), rate: Some(rate) }
    }
}

/// How often something may happen: `burst` times at once, and once more for every `per` that passes.
///
/// Fifty an hour, all at once if need be, is `per: 72 s, burst: 50`; evenly spread it is `per: 72 s, burst: 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time in which room for one more call comes back. Counted in microseconds; less is no limit.
    pub per: Duration,
    /// How many calls fit at once when nothing happened for long. Zero counts as one.
    pub burst: u32,
}

/// The answer to [`Guard::permit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// The call may be made; its room is taken.
    Go,
    /// Not now. Nothing was taken, and no attempt is used up.
    Wait {
        /// When to ask again: the latest time that any of the scopes names.
        until: Timestamp,
        /// The scope that names it.
        scope: String,
        /// Why, in words for an operator.
        reason: String,
    },
}
