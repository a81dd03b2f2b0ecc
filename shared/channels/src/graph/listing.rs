//! Looks for a post among the account's own, by time and content. Never simply the newest.

use std::time::Duration;

use domain::{Failure, Finding, Receipt};
use jiff::Timestamp;
use serde::Deserialize;

use super::Graph;
use crate::{Account, Cut, Listed, ListedPost, Mark, Wording, listing::Seen, text};

pub(crate) const LIST: &str = "list posts";
/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: &str = "50";
const MOST_PAGES: usize = 10;

/// A page of posts or comments.
#[derive(Deserialize)]
struct Page {
    data: Vec<Entry>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    cursors: Option<Cursors>,
    /// There only if there is another page. It holds the token, so it is not followed as it is.
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

/// What we read of a post or comment.
#[derive(Deserialize)]
pub(crate) struct Entry {
    /// Its id.
    pub id: String,
    #[serde(alias = "caption", alias = "message", default)]
    text: String,
    #[serde(alias = "created_time")]
    timestamp: Timestamp,
    #[serde(alias = "permalink_url")]
    permalink: Option<String>,
    /// `IMAGE`, `VIDEO`, `CAROUSEL_ALBUM`…
    #[serde(default)]
    pub media_type: String,
    /// Who wrote it, where that is asked for.
    pub username: Option<String>,
    /// What it answers, where that is asked for.
    pub replied_to: Option<Named>,
    /// What it shows beside its text, where that is asked for.
    pub attachments: Option<serde_json::Value>,
    /// Who wrote it, by number, where that is asked for.
    pub from: Option<Named>,
}

/// Something that is named by its id.
#[derive(Deserialize)]
pub(crate) struct Named {
    /// The id.
    pub id: String,
}

/// Where to look, and for what.
pub(crate) struct Search<'a> {
    /// The listing.
    pub path: &'a str,
    /// What the platform calls the time of a post.
    pub time: &'static str,
    /// The fields to ask for beyond id and time.
    pub fields: &'a str,
    /// What else is said in asking.
    pub query: &'a [(&'a str, &'a str)],
    /// Nothing older can be it.
    pub since: Timestamp,
    /// What it says.
    pub text: &'a str,
}

impl Graph {
    /// The post that says what was to go out, was made since, for which `fits` holds, and that belongs to no other target.
    pub async fn search(
        &self,
        mark: &Mark<'_>,
        search: &Search<'_>,
        fits: impl Fn(&Entry) -> bool,
    ) -> Result<Finding, Failure> {
        let since = search.since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let Some(entries) = self.entries(mark.account, search, since).await?.whole() else {
            return Ok(Finding::CannotTell("the account has too many newer posts to read".into()));
        };
        let own = |entry: &Entry| mark.target.out.iter().any(|out| out.receipt.id == entry.id);
        let fitting: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| !own(entry) && text::same(search.text, &entry.text) && fits(entry))
            .collect();
        let mut fitting = mark.free(fitting, |entry| &entry.id).await?;
        if fitting.len() > 1 && search.text.trim().is_empty() {
            return Ok(Finding::CannotTell("several posts without a text were made since, and any may be it".into()));
        }
        // Newest first: of several that say the same, the oldest is the nearest to our call.
        let ours = fitting.pop();
        Ok(ours.map_or(Finding::Absent, |entry| Finding::Found(Receipt { id: entry.id, url: entry.permalink })))
    }

    /// All posts of the listing that were made since the search's time, whatever they say.
    pub async fn listed(&self, account: &Account, search: &Search<'_>) -> Result<Listed, Failure> {
        Ok(self.entries(account, search, search.since).await?.listing(|entry| {
            let wording = Wording::of(&entry.text);
            Some(ListedPost { receipt: Receipt { id: entry.id, url: entry.permalink }, at: entry.timestamp, wording })
        }))
    }

    /// What was made since then, newest first.
    async fn entries(&self, account: &Account, search: &Search<'_>, since: Timestamp) -> Result<Seen<Entry>, Failure> {
        let fields = format!("id,{},{}", search.time, search.fields);
        let mut found: Vec<Entry> = Vec::new();
        let mut after = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = vec![("fields", fields.as_str()), ("limit", PAGE)];
            query.extend(search.query);
            if !after.is_empty() {
                query.push(("after", after.as_str()));
            }
            let page: Page = self.ask(LIST, account, self.get(account, search.path, &query)?).await?;
            // A page may be short for other reasons than being the last; only an older or an empty one ends the listing.
            let older = page.data.last().is_none_or(|last| last.timestamp < since);
            found.extend(page.data);
            let paging = page.paging.filter(|paging| paging.next.is_some());
            let next = paging.and_then(|paging| paging.cursors?.after).filter(|after| !after.is_empty());
            match next {
                Some(next) if !older => after = next,
                _ => {
                    found.retain(|entry| entry.timestamp >= since);
                    return Ok(Seen::all(found));
                }
            }
        }
        let oldest = found.last().map_or(since, |last| last.timestamp);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }
}
