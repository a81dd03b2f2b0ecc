//! What oncepost knows without touching the world: words, states, transitions, decisions, failures and their codes.
//!
//! Pure: no async, no I/O, no clock, no randomness. Ledgers store what [`apply()`] returns; workers and schedulers carry it
//! out; the model check and the simulation drive the same functions.

pub mod apply;
mod attempt;
mod backoff;
mod code;
mod command;
mod content;
pub mod delivery;
mod event;
mod failure;
mod gap;
mod gist;
mod ids;
pub mod invariant;
mod pause;
mod policy;
mod receipt;
mod reconcile;
mod repeat;
mod route;
mod schema;
mod state;
mod status;
mod target;

pub use apply::{Change, Context, apply};
pub use attempt::{Attempt, AttemptKind, AttemptOutcome};
pub use backoff::{Backoff, even_draw};
pub use code::{Code, CodeKind, Page};
pub use command::{Answer, Begun, Command, Decision, Next, Outage, Outcome, Refusal};
pub use content::{Content, ContentHash, Draft, Media, Override, Part, Settings};
pub use event::{Event, EventName};
pub use failure::{Failure, Fix, Landed, PlatformWords, Scope, Worth};
pub use gap::Gap;
pub use gist::gist;
pub use ids::{AccountId, AppId, ChannelName, EventId, InvalidName, PostId, TargetId, TenantId, WorkerName};
pub use pause::{Pause, PauseScope};
pub use policy::{OnDoubt, Policy};
pub use receipt::{Finding, PartOut, Receipt};
pub use reconcile::{Plan, plan};
pub use repeat::{LookUp, RepeatSafety};
pub use route::{Route, route};
pub use schema::Rfc3339;
pub use state::State;
pub use status::{PostStatus, post_status};
pub use target::{Armed, Lease, ListReason, Listed, Target};
