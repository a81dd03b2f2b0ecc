//! Many targets at once.

use domain::{AppId, ChannelName, State, TargetId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use ledger::{JobState, Of, Outcomes, StepResult};

/// What is to be done to many targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobAsk {
    /// What is to be done.
    pub action: JobAction,
    /// To which targets.
    pub select: Select,
    /// Why, in your words; goes into the record. What is discarded or cancelled needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many targets in a second: 10 unless told otherwise, at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// It stops itself when of those that have come back more than this share has failed again, from 0 to 1: 0.5 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_ratio: Option<f64>,
    /// To reschedule: the new time, written as in a schedule message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Value>,
    /// To reschedule: the new deadline. Without it each target keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Value>,
    /// To shift: by how much, as `2h`, `-30m` or `1d 6h`; a day is 24 hours. A target's deadline moves with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift_by: Option<String>,
    /// The job's id, if you choose it: a UUIDv7. Asked for again under it, the job is begun once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Change nothing; answer what would happen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What is done to each target of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobAction {
    /// Try it again.
    Retry,
    /// Give it up: it is cancelled.
    Discard,
    /// Publish it at another time.
    Reschedule,
    /// Publish it so much later, or earlier, than it would be.
    Shift,
    /// Do not publish it: of what waits, and of the list.
    Cancel,
    /// Have its platform asked once more what became of it.
    Look,
}

impl JobAction {
    /// The action's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::Reschedule => "reschedule",
            Self::Shift => "shift",
            Self::Cancel => "cancel",
            Self::Look => "look",
        }
    }
}

/// Which targets: all that fit everything that is given. Something must be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// Among which: `list` (the operators' list, unless told otherwise), `waiting` (scheduled, queued, retrying or held), `expired` (their
    /// deadline passed before they could be sent), or `either` of these, of the targets that are named.
    #[serde(skip_serializing_if = "is_list")]
    pub of: Of,
    /// Of this cause, as `OP-2102/account/-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// On this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// On this account, written `TENANT/CHANNEL/NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Through this app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Of this tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Of those that wait: in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Of those that wait, or have expired: due at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub from: Option<Timestamp>,
    /// Of those that wait, or have expired: due before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub until: Option<Timestamp>,
    /// Only these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetId>,
    /// All of them: what nothing else says must be said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

/// What goes without saying.
fn is_list(of: &Of) -> bool {
    *of == Of::List
}

/// What a job does, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobPlan {
    /// What is done.
    pub action: JobAction,
    /// When this was worked out. A job looks at each target again when its turn comes.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// How many targets are selected.
    pub targets: u64,
    /// How many of them go.
    pub going: u64,
    /// Of a look: what asking does, platform by platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asking: Vec<String>,
    /// Those of them that go later, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<Remark>,
    /// Of a retry: the channels whose platform seems to refuse still, each in a few sentences. Nothing is held back for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusing: Vec<String>,
    /// How many are held back.
    pub held_back: u64,
    /// Why, those with the most targets first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Remark>,
}

/// Why targets do not go, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// The reason's name, as `in_doubt` or `credentials`.
    pub reason: String,
    /// The reason in words.
    pub why: String,
    /// What to do.
    pub remedy: String,
    /// How many targets.
    pub targets: u64,
    /// A few of them.
    pub examples: Vec<TargetId>,
}

/// A job that was begun, and what it sets out to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobBegun {
    /// The job.
    pub job: Job,
    /// Its plan.
    pub plan: JobPlan,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// What is done to each target.
    pub action: String,
    /// How it stands.
    pub state: JobState,
    /// Why it ended before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When it was begun.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub ended_at: Option<Timestamp>,
    /// Who began it.
    pub by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was selected.
    pub select: Value,
    /// How it is done: targets in a second, and from which share of failures on it stops itself.
    pub terms: Value,
    /// How many targets it is about: those that were selected when it was begun.
    pub total: u64,
    /// How many of them were changed.
    pub done: u64,
    /// How many were left as they are.
    pub held_back: u64,
    /// How many it has yet to come to.
    pub open: u64,
    /// Which process carries it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried_by: Option<String>,
}

/// One job, with what became of its targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobReport {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// How the targets stand now that it changed.
    pub outcomes: Outcomes,
    /// Its targets, a page of them.
    pub targets: Vec<JobTarget>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A target of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobTarget {
    /// Which.
    pub target: TargetId,
    /// What became of it: `done` or `held_back`; absent: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StepResult>,
    /// Why it was left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub at: Option<Timestamp>,
    /// Where it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Whether it needs a person now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_person: bool,
}

/// Jobs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Jobs {
    /// This page's jobs.
    pub jobs: Vec<Job>,
    /// Give this as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
