//! The guard: dedupe locks, outcome hints, rate limits and cool-downs, shared by all workers.
//!
//! Everything in here may be lost at any moment. The ledger is the truth; the guard only keeps two workers from doing the
//! same work twice, and keeps us inside the platforms' limits. A caller that gets an `Err` goes on without the guard:
//! slower, never wrong.
//!
//! One port, [`Guard`], and two implementations: [`RedisGuard`] for several processes, [`MemoryGuard`] for one.

mod error;
mod gcra;
mod memory;
mod port;
mod redis;

pub use error::GuardError;
pub use memory::MemoryGuard;
pub use port::{Guard, Lock, Permit, Rate, ScopeLimit};
pub use redis::{RedisGuard, RedisOptions};
