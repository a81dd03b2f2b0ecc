//! Looks for a post among the location's own, by time and content. Never simply the newest.

use std::time::Duration;

use domain::{Failure, Finding};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{
    GoogleBusiness, LIST,
    post::{self, Post, State},
};
use crate::{Account, Cut, Listed, ListedPost, Mark, Wording, listing::Seen, text};

/// How far Google's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: &str = "100";
const MOST_PAGES: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    /// Left out if there is none.
    #[serde(default)]
    local_posts: Vec<Post>,
    #[serde(default)]
    next_page_token: String,
}

impl GoogleBusiness {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let since = mark.since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let Some(posts) = self.posts_since(mark.account, since).await?.whole() else {
            return Ok(Finding::CannotTell("the location has too many posts to read".into()));
        };
        let fitting: Vec<Post> = posts.into_iter().filter(|post| is_ours(post, mark)).collect();
        let fitting = mark.free(fitting, |post| &post.name).await?;
        let (dated, undated): (Vec<Post>, Vec<Post>) = fitting.into_iter().partition(|post| post.create_time.is_some());
        // Newest first: of several that say the same, the oldest is the nearest to our call.
        let live = dated.iter().rev().find(|post| post.state == State::Live);
        Ok(match (live, dated.last()) {
            (Some(post), _) => Finding::Found(post.receipt()),
            // It may be of last year.
            _ if !undated.is_empty() => {
                let name = &undated[0].name;
                Finding::CannotTell(format!("Google does not say when {name} was made, which says the same"))
            }
            (None, Some(post)) if post.state == State::Rejected => {
                Finding::CannotTell(format!("Google has rejected the post {}", post.name))
            }
            (None, Some(post)) => {
                Finding::CannotTell(format!("Google has not decided about the post {} yet", post.name))
            }
            (None, None) => Finding::Absent,
        })
    }

    /// What people see of the location's posts.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        Ok(self.posts_since(account, since).await?.listing(|post| {
            let title = post.event.as_ref().map(|event| event.title.as_str()).unwrap_or_default();
            let wording = wording(title, &post.summary);
            let at = post.create_time.unwrap_or(Timestamp::MIN);
            (post.state == State::Live).then(|| ListedPost { receipt: post.receipt(), at, wording })
        }))
    }

    /// The location's posts since then, and those of which no time is told. The listing is not said to be in order, so it is read to
    /// its end.
    async fn posts_since(&self, account: &Account, since: Timestamp) -> Result<Seen<Post>, Failure> {
        let mut found: Vec<Post> = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.page(account, next.as_deref(), PAGE).await?;
            found.extend(page.local_posts);
            next = Some(page.next_page_token).filter(|token| !token.is_empty());
            if next.is_none() {
                found.retain(|post| post.create_time.is_none_or(|at| at >= since));
                found.sort_by_key(|post| std::cmp::Reverse(post.create_time));
                return Ok(Seen::all(found));
            }
        }
        Ok(Seen::cut(found, Cut::Anywhere))
    }

    pub(super) async fn page(&self, account: &Account, token: Option<&str>, size: &str) -> Result<Page, Failure> {
        let mut request = self.request(Method::GET, account, &self.posts(account)?)?.query(&[("pageSize", size)]);
        if let Some(token) = token {
            request = request.query(&[("pageToken", token)]);
        }
        self.google.ask(LIST, account, request).await
    }
}

/// What a post with this title and text says.
pub(super) fn wording(title: &str, summary: &str) -> Wording {
    Wording::of(&format!("{title}\n{summary}"))
}

/// Whether the post says and shows what was to go out.
fn is_ours(post: &Post, mark: &Mark<'_>) -> bool {
    let (draft, content) = (mark.draft, &mark.draft.0);
    let topic = post::topic(draft);
    let title = post.event.as_ref().map(|event| event.title.as_str()).unwrap_or_default();
    text::same(&content.text, &post.summary)
        && post.topic_type == topic
        && post.media.len() == content.media.len()
        && (topic == "STANDARD" || text::same(post::title(draft), title))
}
