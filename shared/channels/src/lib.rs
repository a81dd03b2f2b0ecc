//! Channels: one file per platform, behind one trait.
//!
//! A channel knows its platform and nothing else: no ledger, no broker, no Redis. What it must remember it hands to its
//! [`Call`], and a publish point can only be called with a [`PublishPoint`], which only the [`Call`] gives out, after
//! the ledger has recorded it.

mod account;
mod call;
mod channel;
mod http;
mod limits;
mod registry;
mod table;

pub mod bluesky;
pub mod mastodon;
pub mod webhook;

pub use account::{Account, Accounts, ListedAccounts, Secret};
pub use call::{Call, Mark, PublishPoint, Record};
pub use channel::{About, Channel, Published, Threads, Verdict};
pub use http::{Answer, Http, HttpOptions};
pub use limits::{Count, Limits, Objection};
pub use registry::Registry;
pub use table::{Row, Table};
