//! The operators' list by cause and by place: what fails where, what goes out meanwhile, what is at stake next. What an operator's
//! first question is answered from. A port beside the ledger, over the same tables; it changes nothing.

use async_trait::async_trait;
use domain::{AccountId, AppId, ChannelName, PostId, Target, TenantId};
use jiff::Timestamp;

use crate::{LedgerError, NewestPublish};

/// Where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Within {
    /// At this tenant's.
    pub tenant: Option<TenantId>,
    /// On this channel.
    pub channel: Option<ChannelName>,
    /// On accounts of this name.
    pub account: Option<AccountId>,
}

/// An account as targets name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outlet {
    /// Whose it is.
    pub tenant: TenantId,
    /// On which channel.
    pub channel: ChannelName,
    /// Which.
    pub account: AccountId,
    /// Through which of our registrations.
    pub app: Option<AppId>,
}

/// The operators' list by cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread {
    /// The causes, those with the most targets first.
    pub causes: Vec<CauseSpread>,
    /// How many posts have a target on the list.
    pub posts: u64,
}

/// How one cause spreads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseSpread {
    /// Its key: code, scope and platform code.
    pub group: String,
    /// How many targets are on the list for it.
    pub targets: u64,
    /// How many of them may be out: they are in doubt, or the platform still decides.
    pub doubts: u64,
    /// When the first of them was put there.
    pub first: Timestamp,
    /// When the last one was.
    pub last: Timestamp,
    /// When that began which put the first of them there: its first try since it was set going last, or the send that left it in doubt.
    pub began: Timestamp,
    /// Each account with some of them, most first.
    pub places: Vec<Strike>,
    /// How many posts they belong to.
    pub posts: u64,
    /// The posts with the most of them, at most [`CauseSpread::MOST_POSTS`].
    pub top_posts: Vec<(PostId, u64)>,
    /// The target that was put there last; none if it has left the list since the others were counted.
    pub newest: Option<Target>,
}

/// A cause on one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strike {
    /// The account.
    pub place: Outlet,
    /// How many targets are on the list there.
    pub targets: u64,
    /// When the last of them was put there.
    pub last: Timestamp,
}

impl CauseSpread {
    /// How many posts are named.
    pub const MOST_POSTS: usize = 3;
}

/// What was due within one second on one account and is settled, and what of it is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lately {
    /// The account.
    pub place: Outlet,
    /// The second's beginning.
    pub second: Timestamp,
    /// How many targets were due and are settled: out, given up, or on the list.
    pub settled: u64,
    /// How many of those are published.
    pub published: u64,
}

/// What was due lately and is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meanwhile {
    /// Since when it was looked at: as asked, or later if there was more than is looked at.
    pub since: Timestamp,
    /// By account and second.
    pub lately: Vec<Lately>,
}

/// When something of one tenant went out last on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastOut {
    /// Whose it was.
    pub tenant: TenantId,
    /// On which channel.
    pub channel: ChannelName,
    /// When an attempt ended with its target published.
    pub at: Timestamp,
}

impl LastOut {
    /// How many are looked at.
    pub(crate) const MOST: i64 = NewestPublish::MOST;
}

/// What waits on one account: held by a pause, or to be sent soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stake {
    /// The account.
    pub place: Outlet,
    /// How many targets are to be sent soon.
    pub targets: u64,
    /// When the first of those is to be sent. May have passed.
    pub first: Option<Timestamp>,
    /// How many are due, and held by a pause.
    pub held: u64,
}

/// What waits on one channel for a later time than it was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostponedOn {
    /// The channel.
    pub channel: ChannelName,
    /// How many targets.
    pub targets: u64,
    /// How many of them were due before the time that was asked for.
    pub overdue: u64,
    /// When the first of them was due.
    pub first: Timestamp,
}

/// What waits for a later time than it was due: it is being retried, a rate limit keeps it, or it goes out little by little after a pause. What
/// is on its way to another try is among it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Postponed {
    /// All of it, by channel.
    pub channels: Vec<PostponedOn>,
    /// The targets themselves, those first that were due first: some hundred of each kind.
    pub targets: Vec<Target>,
}

impl Postponed {
    /// How many targets are read that wait, that are on their way, and that are being sent.
    pub(crate) const MOST: u32 = 1_000;

    /// Counts a target that is on its way to another try.
    pub(crate) fn count(&mut self, target: &Target, overdue_before: Timestamp) {
        let overdue = u64::from(target.due_at < overdue_before);
        match self.channels.iter_mut().find(|on| on.channel == target.channel) {
            Some(on) => {
                on.targets += 1;
                on.overdue += overdue;
                on.first = on.first.min(target.due_at);
            }
            None => self.channels.push(PostponedOn {
                channel: target.channel.clone(),
                targets: 1,
                overdue,
                first: target.due_at,
            }),
        }
    }

    /// In the order in which it is told.
    pub(crate) fn sorted(mut self) -> Self {
        self.channels.sort_unstable_by(|a, b| a.channel.cmp(&b.channel));
        self.targets.sort_unstable_by_key(|target| (target.due_at, target.id));
        self
    }
}

/// The operators' list as a whole.
#[async_trait]
pub trait Causes: Send + Sync {
    /// The list by cause, and each cause by account and post, with its newest target. Found by the index of what is listed.
    async fn spread(&self, within: &Within) -> Result<Spread, LedgerError>;

    /// What was due since `since` and is settled, the newest `most` of it, and what of that is published: by account and second.
    /// Found by the index of what is settled.
    async fn meanwhile(&self, within: &Within, since: Timestamp, most: u32) -> Result<Meanwhile, LedgerError>;

    /// When something went out last, by tenant and channel, among the newest 2,000 of all. Found by the end of the index of what was published.
    async fn out_last(&self, tenant: Option<&TenantId>) -> Result<Vec<LastOut>, LedgerError>;

    /// What waits for a later time than it was due, and how much of it was due before `overdue_before`. Found by an index that holds nothing else,
    /// and by those of what is on its way.
    async fn postponed(&self, within: &Within, overdue_before: Timestamp) -> Result<Postponed, LedgerError>;

    /// What is held, and what waits and is to be sent before `until`, by account. Found by the indexes of what waits.
    async fn at_stake(&self, within: &Within, until: Timestamp) -> Result<Vec<Stake>, LedgerError>;
}
