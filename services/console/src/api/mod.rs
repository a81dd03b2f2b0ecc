//! The API's answers, as types: written by the server, read by the command line. No handle is among them, and no secret but that of a
//! hook, which whoever has it made is shown once.

mod accounts;
mod assignments;
mod audit_log;
mod batch;
mod change;
mod dead;
mod failures;
mod forecast;
mod hooks;
mod incidents;
mod jobs;
mod links;
mod me;
mod notes;
mod pauses;
mod posts;
mod processes;
mod retry;
mod retrying;
mod schedule;
mod scorecard;
mod verdicts;
mod world;

pub use accounts::{Account, Accounts, App, Apps, DisableAsk, Health, Removed, RemovedApp, Seen, Source, Token, Wrong};
pub use assignments::{Assigned, Assignment, AssignmentAsk, Assignments, CausePart};
pub use audit_log::{AuditEntry, AuditLog};
pub use batch::{BatchAnswer, BatchItem, Checked, CheckedTarget};
pub use change::{ChangedPost, ChangedTarget, EditAsk, EditManyAsk, LookedAgain, Proof, Resolution};
pub use dead::{
    DeadChannel, DeadCounts, DeadLetter, DeadLetterView, DeadLetters, DiscardAsk, Discarded, DiscardedLetter,
};
pub use failures::{AtStake, CauseGroup, FailureGroup, FailureGroups, Failures, Share, Shares, Spread};
pub use forecast::Forecast;
pub use hooks::{Deliveries, Delivery, DeliveryAttempt, Hook, Hooks, PutHook, RemovedHook, Replayed, ShownOnce};
pub use incidents::{Audit, AuditAsk, CloseAsk, Incident, IncidentState, Incidents};
pub use jobs::{
    Job, JobAction, JobAsk, JobBegun, JobPlan, JobReport, JobState, JobTarget, Jobs, Of, Outcomes, Remark, Select,
    StepResult,
};
pub use links::Link;
pub use me::Me;
pub use notes::{Note, NoteAsk, Notes};
pub use pauses::{Pause, PauseAsk, Pauses, Resumed};
pub use posts::{OutThere, PartInDoubt, Post, PostLine, Posts, Target};
pub use processes::{Missing, Part, Process, ProcessState, Processes, Reach, SchemaVersion};
pub use retry::{Retried, Retry, RetryPlan};
pub use retrying::{NewestPublish, Retrying, RetryingCause};
pub use schedule::{Schedule, Waiting};
pub use scorecard::{CountedTargets, Scorecard};
pub use verdicts::{Verdict, Verdicts};
pub use world::{Census, Channel, Channels, Count, Queue, Repeat, Violation};

pub use crate::problem::{Problem, RefusedTarget};
pub use extent::{Extent, ExtentKind, Flow, Meanwhile};
