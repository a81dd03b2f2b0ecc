//! The first comment: a publish point of its own. What becomes of it changes nothing about the post that is out.

use domain::{Draft, Failure, Finding, Receipt};
use serde::Deserialize;

use super::Instagram;
use crate::{
    Call, Mark,
    graph::{listing::Search, post_id},
};

pub(super) const COMMENT: &str = "publish comment";
const OWNER: &str = "read post";
/// The post's setting that holds the comment.
pub(super) const FIRST_COMMENT: &str = "first_comment";

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Owned {
    username: Option<String>,
}

/// The comment that goes under the post.
pub(super) fn of(draft: &Draft) -> Option<&str> {
    draft.0.settings.get(FIRST_COMMENT).map(String::as_str).filter(|text| !text.trim().is_empty())
}

impl Instagram {
    pub(super) async fn publish_comment(&self, call: &mut Call<'_>, text: &str) -> Result<Receipt, Failure> {
        let account = call.account;
        let post = call.receipt(0).map(|receipt| receipt.id.clone()).unwrap_or_default();
        let request = self.graph().post(account, &format!("{post}/comments"), &[("message", text.to_owned())])?;
        let point = call.publish_point(COMMENT, 1).await?;
        let answer = self.graph().http.publish(point, request).await?;
        let made: Option<Made> = answer.json().filter(|_| answer.is_success());
        let receipt = made.map(|made| Receipt { id: made.id, url: None }).filter(Receipt::is_proof);
        receipt.ok_or_else(|| self.graph().judge(&answer, account))
    }

    /// By the post it is under, who wrote it, time and text.
    pub(super) async fn find_comment(&self, mark: &Mark<'_>, text: &str) -> Result<Finding, Failure> {
        let Some(post) = post_id(mark, 0) else {
            return Ok(Finding::CannotTell("the post under which it would be is not known".into()));
        };
        let request = self.graph().get(mark.account, post, &[("fields", "username")])?;
        let owned: Owned = self.graph().ask(OWNER, mark.account, request).await?;
        let path = format!("{post}/comments");
        let search =
            Search { path: &path, time: "timestamp", fields: "text,username", query: &[], since: mark.since, text };
        self.graph().search(mark, &search, |entry| entry.username == owned.username).await
    }
}
