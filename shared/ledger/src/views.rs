//! What goes into the ledger and what is read from it.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    AccountId, AppId, Attempt, ChannelName, Command, Content, ContentHash, Outage, Override, Pause, PauseScope, PostId,
    PostStatus, State, Target, TargetId, TenantId, invariant::Violation,
};
use jiff::Timestamp;

/// An accepted post on its way into the ledger.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The upstream's idempotency key.
    pub key: String,
    /// The hash of the request's body.
    pub fingerprint: [u8; 32],
    /// What it says.
    pub content: Content,
    /// The answer given to the upstream, given again when the request is repeated.
    pub answer: serde_json::Value,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Its targets.
    pub targets: Vec<NewTarget>,
}

/// A target of a [`NewPost`].
#[derive(Debug, Clone)]
pub struct NewTarget {
    /// Its id.
    pub id: TargetId,
    /// Where it goes.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// Through which of our registrations.
    pub app: Option<AppId>,
    /// When it should go out.
    pub due_at: Timestamp,
    /// After this it expires.
    pub deadline: Option<Timestamp>,
    /// What it changes of the post's content.
    pub changes: Override,
    /// What was approved.
    pub hash: ContentHash,
    /// The upstream's trace context.
    pub trace: Option<String>,
}

/// What came of [`crate::Ledger::accept`] for one post.
#[derive(Debug, Clone, PartialEq)]
pub enum Acceptance {
    /// It is stored.
    New,
    /// The same request was accepted before; its first answer.
    Same {
        /// The first post's id.
        post: PostId,
        /// The answer given then.
        answer: serde_json::Value,
    },
    /// The key was used for another request.
    Conflict {
        /// The post that has the key.
        post: PostId,
    },
}

/// Which due work to claim.
#[derive(Debug, Clone)]
pub struct Claim {
    /// At most this many.
    pub limit: u32,
    /// Also what is due within this span, so that it can be handed over on time.
    pub ahead: Duration,
    /// At most this many targets of one channel may be in the state `queued`, counting those already there. What does not
    /// fit stays in the ledger. When more is due than fits, tenants take turns.
    pub outstanding_per_channel: u32,
    /// When the broker did not answer last, by the ledger's clock: what has expired for it says so.
    pub outage: Option<Outage>,
}

impl Claim {
    /// What is asked of each target.
    pub(crate) fn command(&self) -> Command {
        self.outage.map_or(Command::Wake, |outage| Command::WakeAfter { outage })
    }
}

/// What was claimed.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// The ledger's time.
    pub now: Timestamp,
    /// What to hand to the broker.
    pub emissions: Vec<Emission>,
    /// Events stored with it (expired, held) that are not told yet.
    pub events: Vec<domain::Event>,
    /// Promises found broken.
    pub violations: Vec<(TargetId, Violation)>,
    /// More is due than was claimed: claim again soon.
    pub more: bool,
}

/// A target to hand to the broker.
#[derive(Debug, Clone)]
pub struct Emission {
    /// The target as it is now.
    pub target: Target,
    /// Where it stood before: a sweep finding if it was not waiting for its time.
    pub found: State,
}

/// A post with its targets.
#[derive(Debug, Clone)]
pub struct PostView {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The upstream's idempotency key.
    pub key: String,
    /// Grows with every accepted change.
    pub revision: u32,
    /// What it says.
    pub content: Content,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Derived from the targets.
    pub status: PostStatus,
    /// Its targets.
    pub targets: Vec<TargetView>,
}

/// A target with its log.
#[derive(Debug, Clone)]
pub struct TargetView {
    /// The target.
    pub target: Target,
    /// What it changes of its post's content.
    pub changes: Override,
    /// Its attempts, oldest first; the one in progress is the target's lease.
    pub attempts: Vec<Attempt>,
}

/// A post in a list.
#[derive(Debug, Clone)]
pub struct PostSummary {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The upstream's idempotency key.
    pub key: String,
    /// The start of its text.
    pub excerpt: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Derived from the targets.
    pub status: PostStatus,
    /// How many targets stand where.
    pub states: BTreeMap<State, u32>,
}

/// Which posts or targets to list.
#[derive(Debug, Clone, Default)]
pub struct PostFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// With a target on this channel.
    pub channel: Option<ChannelName>,
    /// With a target on an account of this name.
    pub account: Option<AccountId>,
    /// With a target in this state.
    pub state: Option<State>,
    /// Of the operators' list: of this cause only, by its key. Lists of posts do not ask for it.
    pub group: Option<String>,
    /// Posts whose content, or what one of its targets says instead, holds each of these, in any case. In small letters. The operators'
    /// list does not ask for it.
    pub words: Vec<String>,
    /// At most this many; 0 means 50.
    pub limit: u32,
    /// Go on after this page's `next`.
    pub after: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// The operators' list.
#[derive(Debug, Clone)]
pub struct Failures {
    /// The targets on this page.
    pub page: Page<TargetView>,
    /// How many there are in all, by group (code, scope and platform code), most first.
    pub groups: Vec<(String, u64)>,
}

/// A pause that is asked for.
#[derive(Debug, Clone)]
pub struct PauseAsk {
    /// What to hold back.
    pub scope: PauseScope,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub by: String,
}

impl PauseAsk {
    /// The pause, put in force at `since`.
    pub fn at(self, since: Timestamp) -> Pause {
        Pause {
            id: crate::pause_id(&self.scope),
            scope: self.scope,
            reason: self.reason,
            code: None,
            by: self.by,
            since,
        }
    }
}

/// How many targets of a channel are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// The channel.
    pub channel: ChannelName,
    /// The state.
    pub state: State,
    /// How many.
    pub count: u64,
}

/// The sweep's full scan.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// Counts per channel and state.
    pub counts: Vec<StateCount>,
    /// Targets on the operators' list.
    pub listed: u64,
    /// Targets in doubt.
    pub in_doubt: u64,
    /// Targets whose time to wake passed longer ago than the patience.
    pub overdue: u64,
    /// The oldest due time of a waiting target that is past it.
    pub oldest_due: Option<Timestamp>,
    /// The oldest due time of a target in doubt.
    pub oldest_in_doubt: Option<Timestamp>,
    /// Promises found broken, at most 100 of them.
    pub violations: Vec<(TargetId, Violation)>,
}

/// What the ledger knows of platform ids that a look-up has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Those of them that it gave to other targets of the same account.
    pub ids: Vec<String>,
    /// Targets of the account with the same content that are being sent or in doubt: what is found may be theirs, and not on record
    /// yet.
    pub twins: Vec<Twin>,
}

/// A target whose posts cannot be told from those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twin {
    /// A worker holds it.
    pub leased: bool,
    /// When its open publish point was armed first.
    pub since: Option<Timestamp>,
}

impl Twin {
    /// What `target` is to its twins.
    pub(crate) fn of(target: &Target) -> Self {
        Self { leased: target.lease.is_some(), since: target.armed.as_ref().map(|armed| armed.first_at) }
    }
}

impl NewTarget {
    /// The target as it enters the ledger.
    pub fn target(&self, post: &NewPost) -> Target {
        Target {
            id: self.id,
            post: post.id,
            tenant: post.tenant.clone(),
            channel: self.channel.clone(),
            account: self.account.clone(),
            app: self.app.clone(),
            state: State::Scheduled,
            revision: 1,
            due_at: self.due_at,
            deadline: self.deadline,
            next_at: Some(self.due_at),
            wake_at: Some(self.deadline.map_or(self.due_at, |deadline| self.due_at.min(deadline))),
            hash: self.hash,
            attempt: 0,
            tries: 0,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: BTreeMap::new(),
            out: Vec::new(),
            listed: None,
            last_failure: None,
            gap: None,
            trace: self.trace.clone(),
            follows: None,
        }
    }
}
