//! Is it out? A video and a post that was made unpublished answer by their ids; the page's listing tells of the rest.

use domain::{Code, Failure, Finding};
use jiff::Timestamp;

use super::{Facebook, Post, edge, post, video::Upload};
use crate::{Account, Listed, Mark, graph::listing::Search};

/// The listing of what the page has published.
const POSTS: &str = "published_posts";
/// How far Facebook's clock may be behind ours, in seconds.
const SKEW: i64 = 60;

impl Facebook {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        if let Some(upload) = Upload::stored(mark.handle(Upload::HANDLE)) {
            return self.look_at_video(mark.account, &upload).await;
        }
        if let Some(id) = mark.handle(post::ID) {
            let shown = self.shown(mark.account, id).await?;
            return Ok(match (shown.is_published, shown.proof(id)) {
                (_, Some(receipt)) => Finding::Found(receipt),
                (Some(false), _) => Finding::Absent,
                _ => Finding::CannotTell("Facebook does not say whether the post is published".into()),
            });
        }
        let tried = mark.handle(post::TRIED).and_then(|at| at.parse().ok());
        let since = tried.map_or(mark.since, |tried: Timestamp| tried.min(mark.since));
        let refused = mark.target.last_failure.as_ref().is_some_and(|last| last.code == Code::DUPLICATE_REFUSED);
        match self.listed(mark, &Post::of(mark.draft), since).await? {
            // Sent again it would be refused again.
            Finding::Absent if refused => {
                let why = "Facebook says that it repeats an earlier post, and lists none that could be this one";
                Ok(Finding::CannotTell(why.into()))
            }
            told => Ok(told),
        }
    }

    pub(super) async fn all_listed(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        let (path, from) = (edge(account, POSTS), since.as_second().to_string());
        self.graph.listed(account, &search(&path, &[("since", from.as_str())], since, "")).await
    }

    /// The post, among those that the page has published since then.
    pub(super) async fn listed(&self, mark: &Mark<'_>, post: &Post, since: Timestamp) -> Result<Finding, Failure> {
        let (path, from) = (edge(mark.account, POSTS), (since.as_second() - SKEW).to_string());
        let query = [("since", from.as_str())];
        let search = search(&path, &query, since, &post.text);
        let wordless = post.text.trim().is_empty();
        // A post without a text must at least show something.
        let found = self.graph.search(mark, &search, |entry| !wordless || entry.attachments.is_some()).await?;
        Ok(match found {
            // Others may publish on the page, too.
            Finding::Found(other) if wordless => {
                let id = other.id;
                Finding::CannotTell(format!("{id} was published since, without a text, and nothing tells whose it is"))
            }
            told => told,
        })
    }
}

/// A search of what the page has published.
fn search<'a>(path: &'a str, query: &'a [(&'a str, &'a str)], since: Timestamp, text: &'a str) -> Search<'a> {
    Search { path, time: "created_time", fields: "message,permalink_url,attachments", query, since, text }
}
