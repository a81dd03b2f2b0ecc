//! Looks for what may have been sent in a time of which the ledger has lost the history ([`domain::Gap`]).
//!
//! Handles that were stored then are lost, and those that are there may be others than were used. So a look that goes by them may find
//! the post, but what it does not find is absent only if the account's listing does not have it either.

use std::time::Duration;

use domain::{Failure, Finding, RepeatSafety};
use jiff::Timestamp;

use crate::{Channel, Listed, Mark};

/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);

/// Asks the platform whether the publish point that the mark names is out: as [`Channel::find`] does, and more carefully of a target that
/// may have been sent in a gap.
///
/// # Errors
/// The platform could not be asked.
pub async fn look(channel: &dyn Channel, mark: &Mark<'_>) -> Result<Finding, Failure> {
    let found = channel.find(mark).await?;
    if mark.target.gap.is_none() {
        return Ok(found);
    }
    match (found, channel.safety(&mark.account.card()).repeat) {
        (Finding::Found(receipt), _) => Ok(Finding::Found(receipt)),
        // Where posts are told apart by keys, what is listed may be another's that is settled by its own.
        (Finding::CannotTell(why), RepeatSafety::PlatformKey { .. }) => Ok(Finding::CannotTell(why)),
        (Finding::CannotTell(_) | Finding::Absent, _) => in_listing(channel, mark).await,
    }
}

/// Looks through everything that the account shows since the gap began, by what it says.
async fn in_listing(channel: &dyn Channel, mark: &Mark<'_>) -> Result<Finding, Failure> {
    let cannot_tell = |why: &str| Ok(Finding::CannotTell(format!("the ledger was restored, and {why}")));
    let wanted = channel.wording(mark.draft, mark.account, mark.part);
    if wanted.is_empty() {
        return cannot_tell("a post without words cannot be told from others in a listing");
    }
    if !channel.is_listed(mark.draft, mark.account, mark.part) {
        return cannot_tell("what it would be is not in the account's listing");
    }
    let since = mark.since.saturating_sub(SKEW).unwrap_or(Timestamp::MIN);
    let listing = match channel.list(mark.account, since).await? {
        Listed::Posts(listing) => listing,
        Listed::CannotTell(why) => return cannot_tell(&format!("of this account {why}")),
    };
    let unknown = Timestamp::MIN;
    let says_it = |post: &crate::ListedPost| post.wording == wanted && (post.at >= since || post.at == unknown);
    let fitting = listing.posts.into_iter().filter(says_it).collect();
    let mut ours = mark.free(fitting, |post| &post.receipt.id).await?;
    ours.sort_by_key(|post| post.at);
    match (ours.into_iter().next(), listing.cut) {
        (Some(post), _) => Ok(Finding::Found(post.receipt)),
        (None, Some(_)) => cannot_tell("the account's listing is too long to be read to its end"),
        (None, None) => Ok(Finding::Absent),
    }
}
