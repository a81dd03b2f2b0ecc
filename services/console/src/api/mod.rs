//! The API's answers, as types: written by the server, read by the command line. No secret and no handle is among them.

mod accounts;
mod batch;
mod change;
mod dead;
mod failures;
mod forecast;
mod links;
mod pauses;
mod posts;
mod retry;
mod world;

pub use accounts::{Account, Accounts, App, Apps, DisableAsk, Health, Removed, RemovedApp, Seen, Source, Token, Wrong};
pub use batch::{BatchAnswer, BatchItem, Checked, CheckedTarget};
pub use change::{ChangedPost, ChangedTarget, Proof, Resolution};
pub use dead::{
    DeadChannel, DeadCounts, DeadLetter, DeadLetterView, DeadLetters, DiscardAsk, Discarded, DiscardedLetter,
};
pub use failures::{FailureGroup, Failures};
pub use forecast::Forecast;
pub use links::Link;
pub use pauses::{Pause, PauseAsk, Pauses, Resumed};
pub use posts::{OutThere, PartInDoubt, Post, PostLine, Posts, Target};
pub use retry::{Retried, Retry, RetryPlan};
pub use world::{Census, Channel, Channels, Count, Queue, Repeat, Violation};

pub use crate::problem::{Problem, RefusedTarget};
