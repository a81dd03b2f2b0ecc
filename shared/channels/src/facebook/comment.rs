//! The first comment: a publish point of its own. What becomes of it changes nothing about the post that is out.

use domain::{Draft, Failure, Finding, Receipt};

use super::{Facebook, post::made};
use crate::{
    Call, Mark,
    graph::{listing::Search, post_id},
    text,
};

pub(super) const COMMENT: &str = "publish comment";
/// The post's setting that holds the comment.
pub(super) const FIRST_COMMENT: &str = "first_comment";

/// The comment that goes under the post.
pub(super) fn of(draft: &Draft) -> Option<&str> {
    draft.0.settings.get(FIRST_COMMENT).map(String::as_str).filter(|text| !text.trim().is_empty())
}

impl Facebook {
    pub(super) async fn publish_comment(&self, call: &mut Call<'_>, text: &str) -> Result<Receipt, Failure> {
        let account = call.account;
        let post = call.receipt(0).map(|receipt| text::id_of(&receipt.id).to_owned()).unwrap_or_default();
        let request = self.graph.post(account, &format!("{post}/comments"), &[("message", text.to_owned())])?;
        let point = call.publish_point(COMMENT, 1).await?;
        let answer = self.graph.http.publish(point, request).await?;
        let receipt = made(&answer).map(|id| Receipt { id, url: None });
        receipt.ok_or_else(|| self.graph.judge(&answer, account))
    }

    /// By the post it is under, who wrote it, time and text.
    pub(super) async fn find_comment(&self, mark: &Mark<'_>, text: &str) -> Result<Finding, Failure> {
        let Some(post) = post_id(mark, 0) else {
            return Ok(Finding::CannotTell("the post under which it would be is not known".into()));
        };
        let page = self.page(mark.account).await?;
        let search = Search {
            path: &format!("{}/comments", text::id_of(post)),
            time: "created_time",
            fields: "message,from,permalink_url",
            query: &[("filter", "stream"), ("order", "reverse_chronological")],
            since: mark.since,
            text,
        };
        // Who wrote it is shown to those who may read comments; without it, the text and the time decide.
        self.graph.search(mark, &search, |entry| entry.from.as_ref().is_none_or(|from| from.id == page.id)).await
    }
}
