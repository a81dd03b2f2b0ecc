//! The operators' list by cause and by place: what fails where, what goes out meanwhile, what is at stake next. What an operator's
//! first question is answered from. A port beside the ledger, over the same tables; it changes nothing.

use async_trait::async_trait;
use domain::{AccountId, AppId, ChannelName, PostId, Target, TenantId};
use jiff::Timestamp;

use crate::LedgerError;

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
    /// When the first of them was put there.
    pub first: Timestamp,
    /// When the last one was.
    pub last: Timestamp,
    /// How many on each account, most first.
    pub places: Vec<(Outlet, u64)>,
    /// How many posts they belong to.
    pub posts: u64,
    /// The posts with the most of them, at most [`CauseSpread::MOST_POSTS`].
    pub top_posts: Vec<(PostId, u64)>,
    /// The target that was put there last; none if it has left the list since the others were counted.
    pub newest: Option<Target>,
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

/// The operators' list as a whole.
#[async_trait]
pub trait Causes: Send + Sync {
    /// The list by cause, and each cause by account and post, with its newest target. Found by the index of what is listed.
    async fn spread(&self, within: &Within) -> Result<Spread, LedgerError>;

    /// What was due since `since` and is settled, the newest `most` of it, and what of that is published: by account and second.
    /// Found by the index of what is settled.
    async fn meanwhile(&self, within: &Within, since: Timestamp, most: u32) -> Result<Meanwhile, LedgerError>;

    /// What is held, and what waits and is to be sent before `until`, by account. Found by the indexes of what waits.
    async fn at_stake(&self, within: &Within, until: Timestamp) -> Result<Vec<Stake>, LedgerError>;
}
