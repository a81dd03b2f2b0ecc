//! The operators' list by cause and by place: what fails where, what goes out meanwhile, what is at stake next. What an operator's
//! first question is answered from. A port beside the ledger, over the same tables; it changes nothing.

use async_trait::async_trait;
use domain::{AccountId, AppId, ChannelName, PostId, TenantId};
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
}

impl CauseSpread {
    /// How many posts are named.
    pub const MOST_POSTS: usize = 3;
}

/// What was due within one minute on one account and is settled, and what of it is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lately {
    /// The account.
    pub place: Outlet,
    /// The minute's beginning.
    pub minute: Timestamp,
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
    /// By account and minute.
    pub lately: Vec<Lately>,
}

/// What waits on one account and is to be sent soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stake {
    /// The account.
    pub place: Outlet,
    /// How many targets.
    pub targets: u64,
    /// When the first of them is to be sent. May have passed.
    pub first: Timestamp,
}

/// The operators' list as a whole.
#[async_trait]
pub trait Causes: Send + Sync {
    /// The list by cause, and each cause by account and post. Found by the index of what is listed.
    async fn spread(&self, within: &Within) -> Result<Spread, LedgerError>;

    /// What was due since `since` and is settled, the newest `most` of it, and what of that is published: by account and minute.
    /// Found by the index of what is settled.
    async fn meanwhile(&self, within: &Within, since: Timestamp, most: u32) -> Result<Meanwhile, LedgerError>;

    /// What waits and is to be sent before `until`, by account. Found by the indexes of what waits.
    async fn at_stake(&self, within: &Within, until: Timestamp) -> Result<Vec<Stake>, LedgerError>;
}
