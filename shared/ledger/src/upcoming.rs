//! What is still to be sent, as the forecast asks for it.

use std::time::Duration;

use domain::{AccountId, AppId, ChannelName, Draft, Failure, PostId, State, Target, TargetId, TenantId};
use jiff::Timestamp;

/// Which targets that wait to be sent to look at.
#[derive(Debug, Clone)]
pub struct Upcoming {
    /// Those whose next time is before this.
    pub until: Timestamp,
    /// Of this account.
    pub account: Option<(TenantId, ChannelName, AccountId)>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// On this channel.
    pub channel: Option<ChannelName>,
    /// Go on after the target of this [`UpcomingTarget::place`].
    pub after: Option<(Timestamp, TargetId)>,
    /// At most this many; 0 means 50.
    pub limit: u32,
}

impl Upcoming {
    /// All that is to be sent before `until`, the first page.
    pub fn until(until: Timestamp) -> Self {
        Self { until, account: None, tenant: None, channel: None, after: None, limit: 0 }
    }

    pub(crate) fn limit(&self) -> usize {
        if self.limit == 0 { 50 } else { self.limit as usize }
    }

    /// It asks for an account among those of another tenant, or of another channel.
    pub(crate) fn is_nobodys(&self) -> bool {
        let Some((owner, on, _)) = &self.account else { return false };
        self.tenant.as_ref().is_some_and(|tenant| tenant != owner)
            || self.channel.as_ref().is_some_and(|channel| channel != on)
    }

    pub(crate) fn is_about(&self, target: &Target) -> bool {
        let of_account = |(tenant, channel, account): &(TenantId, ChannelName, AccountId)| {
            (tenant, channel, account) == (&target.tenant, &target.channel, &target.account)
        };
        self.account.as_ref().is_none_or(of_account)
            && self.tenant.as_ref().is_none_or(|tenant| *tenant == target.tenant)
            && self.channel.as_ref().is_none_or(|channel| *channel == target.channel)
    }
}

/// A target that waits to be sent: scheduled, queued, retrying or held.
#[derive(Debug, Clone, PartialEq)]
pub struct UpcomingTarget {
    /// Its id.
    pub target: TargetId,
    /// Its post.
    pub post: PostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it goes.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// Through which of our registrations.
    pub app: Option<AppId>,
    /// When it should go out.
    pub due_at: Timestamp,
    /// When it is to be sent: `due_at`, or when its next step may be taken if that is later. What is held goes out when its
    /// pause ends, but not before this.
    pub next: Timestamp,
    /// After this it expires. It may be before `next`.
    pub deadline: Option<Timestamp>,
    /// How it waits.
    pub state: State,
    /// The last thing that went wrong with it.
    pub last_failure: Option<Failure>,
    /// What goes out, as it is now.
    pub draft: Draft,
}

impl UpcomingTarget {
    /// Where it stands in the order: what [`Upcoming::after`] takes.
    pub fn place(&self) -> (Timestamp, TargetId) {
        (self.next, self.target)
    }
}

/// When an account is needed: for how long its credentials must be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextDue {
    /// Whose account it is.
    pub tenant: TenantId,
    /// On which channel.
    pub channel: ChannelName,
    /// Which.
    pub account: AccountId,
    /// When the first of its targets that wait is to be sent. May have passed.
    pub first: Timestamp,
    /// When the last of those is to be sent that have their time within the next 24 hours.
    pub last_within_a_day: Option<Timestamp>,
}

impl NextDue {
    pub(crate) const DAY: Duration = Duration::from_secs(86_400);

    pub(crate) fn place(&self) -> (&TenantId, &ChannelName, &AccountId) {
        (&self.tenant, &self.channel, &self.account)
    }
}
