//! Looks for a page's post or comment by time, author and text. Never simply the newest.

use domain::{Code, Failure, Finding};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{AUTHOR, LinkedIn, escaped, link, little, media, parts, receipt, repeat::SKEW};
use crate::{Account, Cut, ListedPost, Mark, Wording, listing::Seen, text};

const LIST: &str = "list posts";
const LIST_COMMENTS: &str = "list comments";
const PAGE: usize = 100;
const MOST_PAGES: usize = 5;

/// What we read of a listed post or comment.
struct Listed {
    id: String,
    made: Timestamp,
    changed: Timestamp,
    /// It is there, but nobody sees it.
    failed: bool,
    author: String,
    text: String,
    content: Value,
}

#[derive(Deserialize)]
struct Elements {
    elements: Vec<Value>,
}

impl LinkedIn {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let last = mark.target.last_failure.as_ref();
        let refused = last.is_some_and(|failure| failure.code == Code::DUPLICATE_REFUSED);
        // What LinkedIn takes for the first of two may come from any of our calls: none was made before the post was due.
        let since = if refused { mark.since.min(mark.target.due_at) } else { mark.since };
        let since = since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let listed = match mark.part {
            0 => self.posts_since(mark.account, since).await?.whole(),
            _ => self.comments(mark).await?,
        };
        let Some(mut listed) = listed else {
            let most = PAGE * MOST_PAGES;
            return Ok(Finding::CannotTell(format!(
                "there are more than {most} newer posts, or one that cannot be read"
            )));
        };
        let wanted = Wanted::of(mark);
        listed.retain(|listed| listed.made >= since && wanted.is_like(listed));
        let listed = mark.free(listed, |listed| &listed.id).await?;
        // Of several that say the same, the oldest is the nearest to our call.
        let ours = listed.iter().filter(|listed| wanted.is(listed)).min_by_key(|listed| listed.made);
        let post = mark.target.receipt(0).map(|out| out.receipt.id.clone());
        Ok(match ours {
            Some(ours) => Finding::Found(receipt(&ours.id, post.as_deref().unwrap_or(&ours.id))),
            None if !listed.is_empty() => {
                let id = &listed[0].id;
                Finding::CannotTell(format!("{id} has our words, but other addresses, links or media"))
            }
            // Sending again would be refused again; whether the text that LinkedIn has seen is ours is not known.
            None if refused => {
                Finding::CannotTell("LinkedIn refused the text as a duplicate, and lists no such post of ours".into())
            }
            None => Finding::Absent,
        })
    }

    /// What people see of the page's posts.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        Ok(self.posts_since(account, since).await?.listing(|post| {
            let wording = Wording::of(&post.text);
            let seen = post.made >= since && !post.failed;
            seen.then(|| ListedPost { receipt: receipt(&post.id, &post.id), at: post.made, wording })
        }))
    }

    /// The page's posts, as far back as it takes, and as far as each can be read.
    async fn posts_since(&self, account: &Account, since: Timestamp) -> Result<Seen<Listed>, Failure> {
        let author = account.setting(AUTHOR).unwrap_or_default();
        let mut found = Vec::new();
        for page in 0..MOST_PAGES {
            let (start, count) = ((page * PAGE).to_string(), PAGE.to_string());
            let query = [
                ("q", "author"),
                ("author", author),
                ("sortBy", "LAST_MODIFIED"),
                ("start", &start),
                ("count", &count),
            ];
            let request = self.request(Method::GET, account, "posts")?.query(&query);
            let elements = self.elements(LIST, account, request.header("x-restli-method", "FINDER")).await?;
            let ended = elements.len() < PAGE;
            let Some(posts) = elements.iter().map(post).collect::<Option<Vec<Listed>>>() else {
                return Ok(Seen::cut(found, Cut::Anywhere));
            };
            // Sorted by their last change, which is never before they were made.
            let old = posts.last().is_some_and(|last| last.changed < since);
            found.extend(posts);
            if ended || old {
                return Ok(Seen::all(found));
            }
        }
        // Whatever was made later than the last of them was changed later, too.
        let oldest = found.last().map_or(since, |last: &Listed| last.changed);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }

    async fn comments(&self, mark: &Mark<'_>) -> Result<Option<Vec<Listed>>, Failure> {
        let Some(post) = mark.target.receipt(0) else { return Ok(Some(vec![])) };
        let path = format!("socialActions/{}/comments", escaped(&post.receipt.id));
        let request = self.request(Method::GET, mark.account, &path)?.query(&[("count", PAGE.to_string())]);
        let elements = self.elements(LIST_COMMENTS, mark.account, request).await?;
        if elements.len() >= PAGE {
            return Ok(None);
        }
        Ok(elements.iter().map(comment).collect())
    }

    async fn elements(
        &self,
        step: &'static str,
        account: &Account,
        request: reqwest::RequestBuilder,
    ) -> Result<Vec<Value>, Failure> {
        let answer = self.http.free(step, request).await?;
        let page: Option<Elements> = answer.json().filter(|_| answer.is_success());
        page.map(|page| page.elements).ok_or_else(|| self.judge(&answer, account))
    }
}

fn post(element: &Value) -> Option<Listed> {
    let made = element["createdAt"].as_i64().or_else(|| element["publishedAt"].as_i64())?;
    let changed = element["lastModifiedAt"].as_i64().unwrap_or(made);
    Some(Listed {
        id: element["id"].as_str()?.to_owned(),
        made: Timestamp::from_millisecond(made).ok()?,
        changed: Timestamp::from_millisecond(changed).ok()?,
        failed: element["lifecycleState"].as_str().is_some_and(|state| state == "DRAFT" || state.contains("FAILED")),
        author: element["author"].as_str()?.to_owned(),
        text: little::read(element["commentary"].as_str().unwrap_or_default()),
        content: element["content"].clone(),
    })
}

fn comment(element: &Value) -> Option<Listed> {
    let made = Timestamp::from_millisecond(element["created"]["time"].as_i64()?).ok()?;
    Some(Listed {
        id: element["commentUrn"].as_str().or_else(|| element["id"].as_str())?.to_owned(),
        made,
        changed: made,
        failed: false,
        author: element["actor"].as_str()?.to_owned(),
        text: element["message"]["text"].as_str()?.to_owned(),
        content: Value::Null,
    })
}

/// What the post must look like.
struct Wanted<'a> {
    author: &'a str,
    text: String,
    /// URNs of uploads and the link.
    holds: Vec<String>,
    own: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(mark: &'a Mark<'_>) -> Self {
        let part = parts(mark.draft).into_iter().nth(usize::from(mark.part)).unwrap_or_default();
        let uploads = (0..part.media.len()).filter_map(|n| media::urn(mark.handle(&media::handle(n))));
        let link = link(mark.draft).filter(|_| mark.part == 0).map(str::to_owned);
        Self {
            author: mark.account.setting(AUTHOR).unwrap_or_default(),
            holds: uploads.chain(link).collect(),
            own: mark.target.out.iter().map(|out| out.receipt.id.as_str()).collect(),
            text: part.text,
        }
    }

    /// Everything that we know of it is there.
    fn is(&self, listed: &Listed) -> bool {
        let known = !self.text.trim().is_empty() || !self.holds.is_empty();
        known && text::same(&self.text, &listed.text) && self.holds.iter().all(|value| holds(&listed.content, value))
    }

    /// It may be ours: LinkedIn may have changed its addresses, its link or its media, but not its words.
    fn is_like(&self, listed: &Listed) -> bool {
        let possible = !listed.failed && listed.author == self.author && !self.own.contains(&listed.id.as_str());
        possible && text::same(&text::words(&self.text), &text::words(&listed.text))
    }
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(list) => list.iter().any(|item| holds(item, text)),
        Value::Object(map) => map.values().any(|item| holds(item, text)),
        _ => false,
    }
}
