//! Finding what says the same.

use std::time::Duration;

use domain::{Content, Draft, State, TargetId};

use super::{Row, Tables};
use crate::{NewPost, NewTarget};

const HOUR: Duration = Duration::from_secs(3600);

impl Tables {
    /// Another live or published target of the account of `target` that carries the same content within an hour of it.
    pub(super) fn same_text_nearby(&self, post: &NewPost, target: &NewTarget) -> Option<TargetId> {
        let own = Draft::of(&post.content, &target.changes);
        let near = self.targets.values().find(|row| {
            let other = &row.target;
            other.id != target.id
                && other.tenant == post.tenant
                && other.channel == target.channel
                && other.account == target.account
                && other.due_at.duration_since(target.due_at).unsigned_abs() <= HOUR
                && !matches!(other.state, State::Cancelled | State::Expired)
                && self.draft(row) == own
        });
        near.map(|row| row.target.id)
    }

    fn draft(&self, row: &Row) -> Draft {
        let none = Content::default();
        let content = self.posts.get(&row.target.post).map_or(&none, |post| &post.post.content);
        Draft::of(content, &row.changes)
    }
}
