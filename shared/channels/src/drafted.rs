//! Posts that are written as a draft and then published by its id, which may be repeated at any time: what blogs share.

use std::time::Duration;

use domain::{Finding, Receipt, RepeatSafety};

use crate::Call;

/// The handle that holds the draft's id.
pub(crate) const HANDLE: &str = "draft";
/// What a site offers whose drafts are published by their ids. Waiting only saves a call.
pub(crate) const REPEAT: RepeatSafety = RepeatSafety::Handle { settles_after: Duration::from_secs(15) };

/// The slug by which a draft is found whose id was lost: the same on every try, and nobody else's.
pub(crate) fn slug(call: &Call<'_>) -> String {
    format!("oncepost-{}", call.target.id.0.simple())
}

/// Without the draft's id nothing can be told.
pub(crate) fn without_id() -> Finding {
    Finding::CannotTell("the draft's id is not among the handles".into())
}

/// What the post of that id says: its proof if it is out, and its status if it is not. `None`: there is no such post any more.
pub(crate) fn finding(post: Option<(Option<Receipt>, &str)>) -> Finding {
    match post {
        Some((Some(receipt), _)) => Finding::Found(receipt),
        Some((None, "draft")) => Finding::Absent,
        Some((None, other)) => Finding::CannotTell(format!("somebody has made the post \"{other}\"")),
        None => Finding::CannotTell("somebody has deleted the post, or its draft".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_draft_that_is_still_one_is_surely_not_out() {
        let receipt = || Receipt { id: "1".into(), url: None };
        assert_eq!(finding(Some((Some(receipt()), "published"))), Finding::Found(receipt()));
        assert_eq!(finding(Some((None, "draft"))), Finding::Absent);
        for unclear in [Some((None, "scheduled")), Some((None, "published")), None] {
            assert!(matches!(finding(unclear.clone()), Finding::CannotTell(_)), "{unclear:?}");
        }
    }
}
