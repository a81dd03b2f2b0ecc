//! The API's answers, as types: written by the server, read by the command line. No handle is among them, and no secret but that of a
//! hook, which whoever has it made is shown once.

mod accounts;
mod audit_log;
mod batch;
mod change;
mod failures;
mod forecast;
mod hooks;
mod links;
mod pauses;
mod posts;
mod retry;
mod schedule;
mod scorecard;
mod verdicts;
mod world;

pub use accounts::{Account, Accounts, App, Apps, DisableAsk, Health, Removed, RemovedApp, Seen, Source, Token, Wrong};
pub use audit_log::{AuditEntry, AuditLog};
pub use batch::{BatchAnswer, BatchItem, Checked, CheckedTarget};
pub use change::{ChangedPost, ChangedTarget, Proof, Resolution};
pub use failures::{FailureGroup, Failures};
pub use forecast::Forecast;
pub use hooks::{Deliveries, Delivery, DeliveryAttempt, Hook, Hooks, PutHook, RemovedHook, Replayed, ShownOnce};
pub use links::Link;
pub use pauses::{Pause, PauseAsk, Pauses, Resumed};
pub use posts::{OutThere, PartInDoubt, Post, PostLine, Posts, Target};
pub use retry::{Retried, Retry, RetryPlan};
pub use schedule::{Schedule, Waiting};
pub use scorecard::{CountedTargets, Scorecard};
pub use verdicts::{Verdict, Verdicts};
pub use world::{Census, Channel, Channels, Count, Queue, Repeat, Violation};

pub use crate::problem::{Problem, RefusedTarget};
