//! The id of a post or comment, as addresses write it.

use crate::address::{Address, number};

/// The URN in an address: of the comment that it points at, else of the post.
pub(super) fn in_address(address: &str) -> Option<String> {
    let address = Address::at(address, &["linkedin.com"])?;
    if let Some(comment) = address.query("commentUrn") {
        return comment_urn(&comment);
    }
    if let Some(urn) = address.behind("update") {
        let (kind, id) = urn.strip_prefix("urn:li:")?.split_once(':')?;
        return (is_kind(kind) && number(id).is_some()).then(|| urn.to_owned());
    }
    // As in `/posts/acme_the-first-words-activity-7141138937766391808-Ab1d`.
    let words: Vec<&str> = address.behind("posts")?.split('-').collect();
    let found = words.windows(2).rev().find(|pair| is_kind(pair[0]) && number(pair[1]).is_some())?;
    Some(format!("urn:li:{}:{}", found[0], found[1]))
}

fn is_kind(word: &str) -> bool {
    matches!(word, "share" | "ugcPost" | "activity")
}

/// Addresses leave out what the API writes before the post: `urn:li:comment:(activity:1,2)`.
fn comment_urn(urn: &str) -> Option<String> {
    let inside = urn.strip_prefix("urn:li:comment:(")?.strip_suffix(')')?;
    let (post, id) = inside.trim_start_matches("urn:li:").split_once(',')?;
    let (kind, post) = post.split_once(':').filter(|(kind, _)| is_kind(kind))?;
    Some(format!("urn:li:comment:(urn:li:{kind}:{},{})", number(post)?, number(id)?))
}
