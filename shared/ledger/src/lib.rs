//! The ledger: the durable record of posts, targets, attempts and handles. The only truth.
//!
//! The only crate that knows SQL. It decides nothing: it loads targets under a lock, lets [`domain::apply()`] decide, and
//! stores what comes of it, target, attempts, events and pauses, in one transaction.

mod assignments;
mod audit_log;
mod batch;
mod cases;
mod causes;
mod credentials;
mod deliveries;
mod desk;
mod error;
mod history;
mod incidents;
mod jobs;
mod listed;
mod memory;
mod notes;
mod outside;
mod postgres;
mod processes;
mod record;
mod restores;
mod schema;
mod seen;
mod sqlite;
mod turns;
mod upcoming;
mod views;
mod words;
mod world;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Answer, ChannelName, Command, Draft, Event, EventId, Pause, PauseScope, Policy, PostId, Target, TargetId, TenantId,
    invariant::Violation,
};
use jiff::Timestamp;
use uuid::Uuid;

pub use assignments::{Assigned, Assignment, Assignments, Duty};
pub use audit_log::{AuditEntry, AuditFilter, AuditLog, BROKER, EntryOutcome, NewEntry, standing};
pub use causes::{
    CauseSpread, Causes, LastOut, Lately, Meanwhile, Outlet, Postponed, PostponedOn, Spread, Stake, Strike, Within,
};
pub use credentials::{CredentialPut, CredentialRow, CredentialStore, RecordKind};
pub use deliveries::{
    AfterAttempt, AttemptMade, Deliveries, Delivery, DeliveryAttempt, DeliveryFilter, DeliveryState, DeliveryTally,
    Replay,
};
pub use error::LedgerError;
pub use history::{CaseTally, Counted, DueTally, Figure, History, IncidentTally, NewestPublish, Period, RetryTally};
pub use incidents::{Closed, Incident, IncidentFilter, IncidentKind, Incidents, LookTally, NewIncident};
pub use jobs::{
    Job, JobFilter, JobState, JobStep, JobStore, JobTarget, NewJob, Of, Outcomes, Selection, StepAsk, StepDone,
    StepResult,
};
pub use listed::{ListedCount, ListedTarget};
pub use memory::{MemoryLedger, Snapshot};
pub use notes::{Note, NoteBook};
pub use outside::{LATEST, OutTarget, Outside, Place, PublishedAsk};
pub use postgres::{Postgres, PostgresOptions};
pub use processes::{Beat, PartSeen, Process, Processes, SchemaVersion};
pub use record::rewritten;
pub use restores::{Continuity, Failover, GapAsk, Marked, Restores, Standing, Unproven};
pub use sqlite::Sqlite;
pub use upcoming::{NextDue, Upcoming, UpcomingTarget};
pub use views::{
    Acceptance, Census, Claim, Claimed, Emission, Failures, NewPost, NewTarget, Page, PauseAsk, PostFilter,
    PostSummary, PostView, StateCount, Taken, TargetView, Twin,
};

/// Which clock the ledger's time comes from. Leases are judged by one clock only, so that skew between machines is harmless.
#[derive(Clone)]
pub enum TimeSource {
    /// The database server's: production with PostgreSQL.
    Server,
    /// The process's: SQLite, tests and simulation.
    Runtime(Arc<dyn runtime::Clock>),
}

/// What a ledger does.
///
/// Every method is safe to call again after an error: an error says that the outcome is unknown to the caller, and
/// repeating gives the same end state.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Stores accepted posts with their targets and `post.accepted` events, each post in full or not at all.
    ///
    /// The upstream's idempotency key decides: the same key and fingerprint gives back the first post, the same key with
    /// another fingerprint is a conflict, and neither changes anything.
    async fn accept(&self, posts: Vec<NewPost>) -> Result<Vec<Acceptance>, LedgerError>;

    /// Wakes what is due: applies [`Command::Wake`] to targets whose time to wake has come, or comes within
    /// [`Claim::ahead`], and returns those that are to be handed to the broker. Several schedulers may claim at once.
    async fn claim(&self, claim: &Claim) -> Result<Claimed, LedgerError>;

    /// Applies one command to one target as a compare-and-set. Commands that arrive together are committed together.
    async fn apply(&self, target: TargetId, command: Command) -> Result<Applied, LedgerError>;

    /// Applies commands to targets of one post, all of them or none: if the post's revision is not `revision`, or if any
    /// command is refused, nothing changes and the answers say why. `None` skips the revision check.
    async fn change_post(
        &self,
        post: PostId,
        revision: Option<u32>,
        commands: Vec<(TargetId, Command)>,
    ) -> Result<PostChange, LedgerError>;

    /// One post with its targets and, if asked for, their attempts.
    async fn post(&self, post: PostId, attempts: bool) -> Result<Option<PostView>, LedgerError>;

    /// The post that a tenant accepted under an idempotency key.
    async fn post_by_key(&self, tenant: &TenantId, key: &str) -> Result<Option<PostId>, LedgerError>;

    /// One target with its attempts.
    async fn target(&self, target: TargetId) -> Result<Option<TargetView>, LedgerError>;

    /// Posts, newest first. With [`PostFilter::words`] some ten thousand posts are read for each page: it may hold little, or nothing, and
    /// have a `next` all the same.
    async fn posts(&self, filter: &PostFilter) -> Result<Page<PostSummary>, LedgerError>;

    /// The operators' list: targets that need a person, newest first.
    async fn failures(&self, filter: &PostFilter) -> Result<Failures, LedgerError>;

    /// How many targets of each channel are on that list, and how many have been for `settled_for`; channels without any are left
    /// out.
    async fn listed_counts(&self, settled_for: Duration) -> Result<Vec<ListedCount>, LedgerError>;

    /// The targets of `channel` on that list in few words, those first that have been there longest, at most `limit`.
    async fn listed(&self, channel: &ChannelName, limit: u32) -> Result<Vec<ListedTarget>, LedgerError>;

    /// The pauses in force.
    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError>;

    /// Puts a pause in force; if the scope is paused already, that pause stays and is returned.
    async fn pause(&self, ask: PauseAsk) -> Result<Pause, LedgerError>;

    /// Ends the pause of a scope and releases what it held, `drip` apart on each account, unless another pause still
    /// covers it. Returns how many targets were released; `None` if the scope was not paused.
    async fn resume(&self, scope: &PauseScope, drip: Duration) -> Result<Option<u64>, LedgerError>;

    /// Which of these platform ids a look-up for `target` must not take, or cannot take yet.
    async fn taken_ids(&self, target: TargetId, ids: &[String]) -> Result<Taken, LedgerError>;

    /// For each target of `asked`, with its post: another live or published target of its account that carries the same content and is due
    /// within an hour of it. The posts need not be accepted yet. At most some hundred may be asked about at once.
    async fn same_text_nearby(&self, asked: &[(&NewPost, &NewTarget)]) -> Result<Vec<Option<TargetId>>, LedgerError>;

    /// Events that were not told yet and are older than `older_than`, oldest first.
    async fn untold(&self, older_than: Duration, limit: u32) -> Result<Vec<Event>, LedgerError>;

    /// Marks events as told, and makes a delivery of each for every hook that wants it: see [`Deliveries`].
    async fn told(&self, events: &[EventId]) -> Result<(), LedgerError>;

    /// Counts per channel and state, what is overdue, and every promise found broken: the sweep's full scan.
    async fn census(&self, patience: Duration) -> Result<Census, LedgerError>;

    /// The earliest time to wake of any target.
    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError>;

    /// Targets that still wait to be sent (scheduled, queued, retrying, held), in the order of the time when they are to be, then of
    /// their ids, with what they say. The next page begins after the last one's [`UpcomingTarget::place`]; an empty page is the
    /// end, a short one is not. Rows that cannot be read are left out and counted.
    ///
    /// Found by the indexes of what waits: by the time to wake, for one account by its tenant and channel first. A page reads
    /// the index up to [`Upcoming::until`], and content for itself only; to see far ahead, ask for large pages.
    async fn upcoming(&self, ask: &Upcoming) -> Result<Vec<UpcomingTarget>, LedgerError>;

    /// How many targets [`Self::upcoming`] would find, were its page large enough: no more than `Upcoming::limit` are counted. Reads no
    /// content, and counts rows that cannot be read, too.
    async fn count_upcoming(&self, ask: &Upcoming) -> Result<u64, LedgerError>;

    /// For each account that targets wait for, when it is needed first, and last within a day; sorted by tenant, channel and
    /// account. Reads every target that waits, by the indexes of those, and no other: ask every few minutes, not for every post.
    async fn next_due(&self) -> Result<Vec<NextDue>, LedgerError>;

    /// Resolves when new work was stored that may be due before the next poll. Missing a call is harmless: the poll comes.
    async fn news(&self);

    /// The ledger's time.
    async fn now(&self) -> Result<Timestamp, LedgerError>;

    /// A round trip. It fails as well where nothing may be sent or accepted, because some of the history is lost: [`Restores`].
    async fn ping(&self) -> Result<(), LedgerError>;

    /// The numbers that decisions use.
    fn policy(&self) -> &Policy;
}

/// All that one database keeps: the ledger, and the ports beside it.
pub trait Store:
    Ledger
    + CredentialStore
    + AuditLog
    + History
    + Outside
    + Incidents
    + Causes
    + JobStore
    + NoteBook
    + Assignments
    + Deliveries
    + Processes
    + Restores
{
}

impl<S> Store for S where
    S: Ledger
        + CredentialStore
        + AuditLog
        + History
        + Outside
        + Incidents
        + Causes
        + JobStore
        + NoteBook
        + Assignments
        + Deliveries
        + Processes
        + Restores
{
}

/// What came of a command.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The answer.
    pub answer: Answer,
    /// The target as it is now.
    pub target: Target,
    /// What goes out; with [`Answer::Begun`] only.
    pub draft: Option<Draft>,
    /// The events that were stored with it and are not told yet.
    pub events: Vec<Event>,
    /// The pause that was put in force with it.
    pub pause: Option<Pause>,
    /// A promise found broken.
    pub violation: Option<Violation>,
    /// The ledger's time when it decided: what the answer's times are measured by.
    pub now: Timestamp,
}

/// What came of a change of a post.
#[derive(Debug, Clone)]
pub enum PostChange {
    /// All of it was done; the post's new revision.
    Done {
        /// The post's revision now.
        revision: u32,
        /// What became of the targets.
        applied: Vec<Applied>,
    },
    /// The post has another revision.
    Stale {
        /// The post's revision now.
        revision: u32,
    },
    /// At least one target refused; nothing was changed.
    Refused(Vec<(TargetId, Answer)>),
    /// No such post, or a target is not one of its own.
    NotFound,
}

/// An id for a pause that the machine puts in force: the same for the same scope, so that two workers make one.
pub fn pause_id(scope: &PauseScope) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, scope.to_string().as_bytes())
}
