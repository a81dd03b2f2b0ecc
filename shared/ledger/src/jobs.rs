//! Jobs: one thing done to many targets, little by little, whichever process carries it on. A port beside the ledger, in the same
//! database.
//!
//! What a job is about is frozen when it is begun: the targets, and when each was put on the operators' list, or at which revision it
//! waited, or had expired. A step changes a target only if it is still on the list for that very reason, or waits still as it did, and is committed
//! together with its result: however often a step is tried, and whoever else acts on the target, the job changes it once at most. Who carries a job on holds a lease; a holder that was superseded changes
//! nothing.

use std::time::Duration;

use async_trait::async_trait;
use domain::{AccountId, AppId, ChannelName, Command, State, Target, TargetId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Applied, LedgerError, Page,
    record::{millis, number},
};

/// Among which targets a job's are sought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// On the operators' list.
    #[default]
    List,
    /// Among those that wait to be sent: scheduled, queued, retrying or held.
    Waiting,
    /// Among those whose deadline passed before they could be sent.
    Expired,
    /// On the list, waiting or expired, of the targets that are named; where none is, on the list.
    Either,
}

impl Of {
    /// Whether a target that is named is among them.
    pub fn admits(self, target: &Target) -> bool {
        let (is_listed, waits) = (target.listed.is_some(), target.listed.is_none() && target.state.is_waiting());
        match self {
            Self::List => is_listed,
            Self::Waiting => waits,
            Self::Expired => target.state == State::Expired,
            Self::Either => is_listed || waits || target.state == State::Expired,
        }
    }

    /// What is not said where it goes without saying.
    fn is_list(&self) -> bool {
        *self == Self::List
    }
}

/// Which targets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// Among which.
    #[serde(skip_serializing_if = "Of::is_list")]
    pub of: Of,
    /// Of this tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// On this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// On accounts of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Through this app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Of this cause, by its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// In this state; of those that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Due at this time or later; of those that wait, or have expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Due before this; of those that wait, or have expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only these. Empty: all that fit the rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetId>,
}

impl Selection {
    /// Where `target` stands in the order in which targets are selected: when it was listed, or is due.
    pub fn place(target: &Target) -> (Timestamp, TargetId) {
        (target.listed.as_ref().map_or(target.due_at, |listed| listed.at), target.id)
    }

    /// Whether `target` is among those selected.
    pub(crate) fn holds(&self, target: &Target) -> bool {
        let of = if self.of == Of::Either && self.targets.is_empty() { Of::List } else { self.of };
        of.admits(target)
            && (target.listed.is_some() || self.fits_unlisted(target))
            && self.tenant.as_ref().is_none_or(|tenant| *tenant == target.tenant)
            && self.channel.as_ref().is_none_or(|channel| *channel == target.channel)
            && self.account.as_ref().is_none_or(|account| *account == target.account)
            && (self.app.is_none() || self.app == target.app)
            && (self.group.is_none() || self.group == target.cause())
            && (self.targets.is_empty() || self.targets.contains(&target.id))
    }

    /// What narrows only those that wait, or have expired.
    fn fits_unlisted(&self, target: &Target) -> bool {
        self.state.is_none_or(|state| state == target.state)
            && self.from.is_none_or(|from| from <= target.due_at)
            && self.until.is_none_or(|until| target.due_at < until)
    }
}

/// A job to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id, in the order of time (UUIDv7).
    pub id: Uuid,
    /// Who asked for it.
    pub who: String,
    /// Whose it is: of a caller that is bound to a tenant.
    pub tenant: Option<TenantId>,
    /// What is done to each target, as `retry`.
    pub action: String,
    /// Why, in their words.
    pub reason: Option<String>,
    /// What it is about.
    pub selection: Selection,
    /// How it is to be done. Whoever carries jobs on reads what is in it; the ledger does not.
    pub terms: Value,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It goes on until nothing is left to do.
    Running,
    /// Nothing is left to do.
    Done,
    /// A person stopped it.
    Stopped,
    /// It stopped itself, because too much failed again.
    Aborted,
}

impl JobState {
    /// The state's name, as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Aborted => "aborted",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Stopped, Self::Aborted].into_iter().find(|state| state.name() == name)
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What was asked for.
    pub asked: NewJob,
    /// When it was begun, by the ledger's clock.
    pub at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it stands.
    pub state: JobState,
    /// How many targets it is about.
    pub total: u64,
    /// How many of them were changed.
    pub done: u64,
    /// How many were left as they are.
    pub held_back: u64,
    /// How many holders it has had: the fencing token of the present one.
    pub lease: u32,
    /// Who carries it on, or did last.
    pub holder: Option<String>,
    /// Until when it belongs to its holder.
    pub lease_until: Option<Timestamp>,
    /// Why it ended before its time.
    pub why: Option<String>,
}

/// What became of a target in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// It was changed as asked.
    Done,
    /// It was left as it is.
    HeldBack,
}

impl StepResult {
    /// The result's name, as it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::HeldBack => "held_back",
        }
    }

    /// The result of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Done, Self::HeldBack].into_iter().find(|result| result.name() == name)
    }
}

/// What is to be done to one target.
#[derive(Debug, Clone, PartialEq)]
pub struct JobStep {
    /// Which.
    pub target: TargetId,
    /// What.
    pub what: StepAsk,
}

/// What is to be done to a target.
#[derive(Debug, Clone, PartialEq)]
pub enum StepAsk {
    /// Change it. `revision`: only if it has this one still, because the command was worked out from it.
    Apply {
        /// The command.
        command: Box<Command>,
        /// The target's revision that it rests on.
        revision: Option<u32>,
    },
    /// Leave it as it is, because of this.
    HoldBack(String),
}

/// What became of a step.
#[derive(Debug, Clone)]
pub struct StepDone {
    /// Which target.
    pub target: TargetId,
    /// What became of it.
    pub result: StepResult,
    /// Why it was left as it is.
    pub why: Option<String>,
    /// What came of the command, if one was applied.
    pub applied: Option<Applied>,
}

/// A target of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobTarget {
    /// Its place in the job, from 0.
    pub place: u32,
    /// Which.
    pub target: TargetId,
    /// What became of it; nothing yet.
    pub result: Option<StepResult>,
    /// Why it was left as it is.
    pub why: Option<String>,
    /// When that was.
    pub at: Option<Timestamp>,
    /// Where the target stands now, and whether it is on the operators' list.
    pub now: Option<(State, bool)>,
}

/// How the targets stand now that a job has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outcomes {
    /// They are out.
    pub published: u64,
    /// They are on the operators' list again, and surely not out.
    pub failed_again: u64,
    /// Whether they are out is not known.
    pub in_doubt: u64,
    /// They are cancelled, or their deadline has passed.
    pub given_up: u64,
    /// They are on their way, or wait.
    pub under_way: u64,
}

impl Outcomes {
    /// Counts `many` targets that stand so.
    pub(crate) fn count(&mut self, state: State, is_listed: bool, many: u64) {
        let place = match state {
            State::Published => &mut self.published,
            State::InDoubt => &mut self.in_doubt,
            State::Cancelled | State::Expired => &mut self.given_up,
            _ if is_listed => &mut self.failed_again,
            _ => &mut self.under_way,
        };
        *place += many;
    }
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// About this target.
    pub target: Option<TargetId>,
    /// At most this many; 0 means 50.
    pub limit: u32,
    /// Go on after this page's `next`.
    pub after: Option<String>,
}

/// Where jobs are kept.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// The targets that `selection` names now, in the order of [`Selection::place`], after the one at `after`. Those that cannot be read
    /// are left out and counted. A page costs by what waits, or is listed, in all: ask for large ones.
    async fn selected(
        &self,
        selection: &Selection,
        after: Option<(Timestamp, TargetId)>,
        limit: u32,
    ) -> Result<Vec<Target>, LedgerError>;

    /// Begins a job about the targets that its selection names now, at most `most` of them. Begun again under its id, it stays as it is.
    async fn begin_job(&self, job: NewJob, most: u32) -> Result<Job, LedgerError>;

    /// Takes the oldest job that runs and that nobody carries on, for as long as `lease`.
    async fn take_job(&self, holder: &str, lease: Duration) -> Result<Option<Job>, LedgerError>;

    /// The next targets of a job that nothing was done about yet.
    async fn open_targets(&self, job: Uuid, limit: u32) -> Result<Vec<TargetId>, LedgerError>;

    /// Takes steps of a job and keeps it for another `keep`, all in one transaction. `None`: it is not the caller's any more, or does
    /// not run, and nothing was changed. A target about which something was done already, or that is no target of the job, is passed
    /// over.
    async fn advance(
        &self,
        job: Uuid,
        lease: u32,
        steps: Vec<JobStep>,
        keep: Duration,
    ) -> Result<Option<Vec<StepDone>>, LedgerError>;

    /// Gives a job back, so that another process carries it on at once.
    async fn release_job(&self, job: Uuid, lease: u32) -> Result<(), LedgerError>;

    /// Ends a job that runs; one that has ended stays as it is. `lease`: only as its holder. The job since.
    async fn end_job(
        &self,
        job: Uuid,
        lease: Option<u32>,
        state: JobState,
        why: Option<String>,
    ) -> Result<Option<Job>, LedgerError>;

    /// One job.
    async fn job(&self, job: Uuid) -> Result<Option<Job>, LedgerError>;

    /// Jobs, newest first.
    async fn jobs(&self, filter: &JobFilter) -> Result<Page<Job>, LedgerError>;

    /// The targets of a job, in its order; of those with a result, only the ones with `result`, if that is given.
    async fn job_targets(
        &self,
        job: Uuid,
        result: Option<StepResult>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<JobTarget>, LedgerError>;

    /// How the targets stand that the job changed, the `newest` of them.
    async fn outcomes(&self, job: Uuid, newest: u32) -> Result<Outcomes, LedgerError>;

    /// Forgets at most `most` jobs that ended longer than `older_than` ago, with the lists of what they were about. Returns how many. The
    /// targets, and what the job did to them, stay on record.
    async fn forget_jobs(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError>;
}

/// What a target was when it was selected, and must be still when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frozen {
    /// On the list since then, in milliseconds.
    Listed(i64),
    /// Waiting, or expired, at this revision.
    Unlisted(u32),
}

impl Frozen {
    /// What `target` is.
    pub(crate) fn of(target: &Target) -> Self {
        match &target.listed {
            Some(listed) => Self::Listed(millis(listed.at)),
            None => Self::Unlisted(target.revision),
        }
    }

    /// What stands in a row.
    pub(crate) fn stored(listed_at: i64, revision: Option<i32>) -> Self {
        revision.map_or(Self::Listed(listed_at), |revision| Self::Unlisted(number(revision)))
    }

    /// Why a job leaves `target` alone, if it is not any more what it was selected as.
    pub(crate) fn overtaken(self, target: &Target) -> Option<String> {
        let why = match (self, &target.listed) {
            (Self::Listed(at), Some(listed)) if millis(listed.at) == at => return None,
            (Self::Listed(_), Some(_)) => {
                "somebody was faster: it was tried again since the job began, and failed again".into()
            }
            (Self::Listed(_), None) => {
                format!("somebody was faster: it left the list since the job began, and is {} now", target.state)
            }
            (Self::Unlisted(revision), None) if target.state.is_waiting() || target.state == State::Expired => {
                if revision == target.revision {
                    return None;
                }
                "somebody was faster: it was changed since the job began".into()
            }
            (Self::Unlisted(_), _) => format!("it does not wait any more: it is {} now", target.state),
        };
        Some(why)
    }
}
