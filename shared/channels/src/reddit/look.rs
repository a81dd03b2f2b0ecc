//! Looks for a post among the account's own: by subreddit, title and time, a comment by its place, text and time. Never the newest.

use std::time::Duration;

use domain::{Failure, Finding, Receipt};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{Kind, LIST, Reddit, Submission, TABLE};
use crate::{Account, Cut, ListedPost, Mark, Wording, listing::Seen, text};

/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: usize = 100;
/// The listings.
const POSTS: &str = "submitted";
const COMMENTS: &str = "comments";
const MOST_PAGES: usize = 10;
/// What stands in place of a text that moderators or filters have taken away.
const REMOVED: &str = "[removed]";

/// What we read of a post or comment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Listed {
    name: String,
    permalink: Option<String>,
    subreddit: String,
    title: String,
    selftext: String,
    url: String,
    is_self: bool,
    parent_id: String,
    body: String,
    created_utc: f64,
}

#[derive(Deserialize)]
struct Listing {
    data: Page,
}

#[derive(Deserialize)]
struct Page {
    children: Vec<Child>,
    after: Option<String>,
}

#[derive(Deserialize)]
struct Child {
    data: Listed,
}

impl Listed {
    pub(super) fn receipt(self) -> Receipt {
        let url =
            self.permalink.filter(|path| path.starts_with('/')).map(|path| format!("https://www.reddit.com{path}"));
        Receipt { id: self.name, url }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_second(self.created_utc as i64).unwrap_or(Timestamp::MIN)
    }

    /// It as a post: a title says what it is, for filters and moderators change texts; a comment has none.
    fn post(self) -> ListedPost {
        let wording = match self.title.as_str() {
            "" => Wording::of(&self.body),
            title => wording(&self.subreddit, title),
        };
        ListedPost { at: self.at(), wording, receipt: self.receipt() }
    }

    /// Whether it was made since then. Seconds are all the platform keeps.
    fn is_since(&self, since: Timestamp) -> bool {
        self.created_utc >= since.as_second() as f64
    }
}

impl Reddit {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let since = mark.since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let wanted = Wanted::of(mark)?;
        let Some(mut fitting) = self.made_since(mark.account, wanted.listing(), since).await?.whole() else {
            return Ok(Finding::CannotTell(format!("the account has more than {} newer posts", PAGE * MOST_PAGES)));
        };
        let own: Vec<&str> = mark.target.out.iter().map(|out| out.receipt.id.as_str()).collect();
        fitting.retain(|listed| wanted.fits(listed) && !own.contains(&listed.name.as_str()));
        let mut fitting = mark.free(fitting, |listed| &listed.name).await?;
        // Newest first: of several the oldest is the nearest to our call, and one that says the same goes before one that was changed.
        let says_ours = fitting.iter().rposition(|listed| wanted.says_the_same(listed));
        let ours = says_ours.or(fitting.len().checked_sub(1)).map(|at| fitting.swap_remove(at));
        Ok(ours.map_or(Finding::Absent, |listed| Finding::Found(listed.receipt())))
    }

    /// The account's posts and comments since then.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        let posts = self.made_since(account, POSTS, since).await?.listing(|listed| Some(listed.post()));
        let comments = self.made_since(account, COMMENTS, since).await?.listing(|listed| Some(listed.post()));
        Ok(posts.with(comments))
    }

    /// What the account has made since then, newest first.
    async fn made_since(&self, account: &Account, kind: &str, since: Timestamp) -> Result<Seen<Listed>, Failure> {
        let path = format!("user/{}/{kind}", self.name(account).await?);
        let (mut found, mut after) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let page = PAGE.to_string();
            let mut request = self.request(Method::GET, account, &path)?;
            request = request.query(&[("sort", "new"), ("limit", page.as_str()), ("raw_json", "1")]);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let answer = self.http.free(LIST, request).await?;
            let listing: Option<Listing> = answer.json().filter(|_| answer.is_success());
            let page = listing.ok_or_else(|| TABLE.judge(&answer, account))?.data;
            let older = page.children.last().is_some_and(|child| !child.data.is_since(since));
            found.extend(page.children.into_iter().map(|child| child.data));
            after = page.after;
            if older || after.is_none() {
                found.retain(|listed| listed.is_since(since));
                return Ok(Seen::all(found));
            }
        }
        let oldest = found.last().map_or(since, Listed::at);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }
}

/// What a post says, and where.
pub(super) fn wording(subreddit: &str, title: &str) -> Wording {
    Wording::of(&format!("r/{}\n{title}", subreddit.to_lowercase()))
}

/// What is looked for.
enum Wanted {
    Post(Submission),
    Comment { parent: String, text: String },
}

impl Wanted {
    fn of(mark: &Mark<'_>) -> Result<Self, Failure> {
        let parent = mark.part.checked_sub(1).and_then(|before| mark.target.receipt(before));
        Ok(match parent {
            Some(parent) => {
                let part = mark.draft.parts().into_iter().nth(usize::from(mark.part)).unwrap_or_default();
                Wanted::Comment { parent: parent.receipt.id.clone(), text: part.text }
            }
            None => Wanted::Post(Submission::of(mark.draft, mark.account)?),
        })
    }

    fn listing(&self) -> &'static str {
        match self {
            Wanted::Post(_) => POSTS,
            Wanted::Comment { .. } => COMMENTS,
        }
    }

    /// A title is enough: filters and moderators change the text of what is there, and what is there must be found.
    fn fits(&self, listed: &Listed) -> bool {
        match self {
            Wanted::Post(post) => {
                listed.subreddit.eq_ignore_ascii_case(&post.subreddit)
                    && text::same(&post.title, &listed.title)
                    && listed.is_self == (post.kind == Kind::Text)
            }
            Wanted::Comment { parent, .. } => {
                listed.parent_id == *parent && (self.says_the_same(listed) || listed.body == REMOVED)
            }
        }
    }

    fn says_the_same(&self, listed: &Listed) -> bool {
        match self {
            Wanted::Post(post) if post.kind == Kind::Link => listed.url == post.body,
            Wanted::Post(post) if post.kind == Kind::Image => true,
            Wanted::Post(post) => text::same(&post.body, &listed.selftext),
            Wanted::Comment { text, .. } => text::same(text, &listed.body),
        }
    }
}
