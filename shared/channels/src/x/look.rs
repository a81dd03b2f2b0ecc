//! Looks for a post among the account's own: by uploads, or by time, place in the thread and text. Never simply the newest.

use std::{sync::PoisonError, time::Duration};

use domain::{Code, Failure, Finding};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{X, judge, media, receipt};
use crate::{Account, Cut, ListedPost, Mark, Wording, listing::Seen, text};

const LIST: &str = "list posts";
/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: usize = 100;
const MOST_PAGES: usize = 10;
const FIELDS: &str = "created_at,entities,referenced_tweets,note_tweet,attachments";

/// A page of posts. X leaves `data` out if there is none.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    data: Vec<Listed>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    result_count: usize,
    next_token: Option<String>,
}

/// What we read of a listed post.
#[derive(Deserialize)]
struct Listed {
    id: String,
    created_at: Timestamp,
    #[serde(flatten)]
    short: Words,
    /// The whole text of a long post, of which the other is the start.
    note_tweet: Option<Words>,
    #[serde(default)]
    referenced_tweets: Vec<Reference>,
    #[serde(default)]
    attachments: Attachments,
}

#[derive(Deserialize)]
struct Words {
    text: String,
    #[serde(default)]
    entities: Entities,
}

#[derive(Default, Deserialize)]
struct Entities {
    #[serde(default)]
    urls: Vec<Address>,
}

/// An address that X put in place of another.
#[derive(Deserialize)]
struct Address {
    url: String,
    #[serde(default)]
    expanded_url: String,
    /// It stands for a picture or a video, behind the text.
    media_key: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Default, Deserialize)]
struct Attachments {
    #[serde(default)]
    media_keys: Vec<String>,
}

impl X {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let last = mark.target.last_failure.as_ref();
        let refused = last.is_some_and(|failure| failure.code == Code::DUPLICATE_REFUSED);
        // What X takes for the first of two may come from any of our calls: none was made before the post was due.
        let since = if refused { mark.since.min(mark.target.due_at) } else { mark.since };
        let since = since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let Some(posts) = self.posts_since(mark.account, since).await?.whole() else {
            return Ok(Finding::CannotTell(format!("the account has more than {} newer posts", PAGE * MOST_PAGES)));
        };
        let wanted = Wanted::of(mark);
        let fitting: Vec<(String, Likeness)> = posts
            .iter()
            .map(|post| (post.id.clone(), wanted.likeness(post)))
            .filter(|(_, likeness)| *likeness != Likeness::None)
            .collect();
        let fitting = mark.free(fitting, |(id, _)| id).await?;
        // Newest first: of several that say the same, the oldest is the nearest to our call.
        let ours = fitting.iter().rev().find(|(_, likeness)| *likeness == Likeness::Whole);
        if let Some((id, _)) = ours {
            return Ok(Finding::Found(receipt(id.clone())));
        }
        if let Some((id, _)) = fitting.first() {
            return Ok(Finding::CannotTell(format!("post {id} has our words, but other addresses or media")));
        }
        if refused {
            // Sending again would be refused again; whether the text that X has seen is ours, it does not say.
            return Ok(Finding::CannotTell("X refused the text as a duplicate, and lists no such post of ours".into()));
        }
        Ok(Finding::Absent)
    }

    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        Ok(self.posts_since(account, since).await?.listing(|post| {
            let wording = Wording::of(&said(post.note_tweet.as_ref().unwrap_or(&post.short), &post.id));
            Some(ListedPost { receipt: receipt(post.id), at: post.created_at, wording })
        }))
    }

    /// The account's posts since then, newest first, without what it only passes on.
    async fn posts_since(&self, account: &Account, since: Timestamp) -> Result<Seen<Listed>, Failure> {
        let path = format!("users/{}/tweets", self.user_id(account).await?);
        let start = Timestamp::from_second(since.as_second()).unwrap_or(Timestamp::MIN).to_string();
        let mut found: Vec<Listed> = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut request = self.request(Method::GET, account, &path)?.query(&[
                ("max_results", PAGE.to_string().as_str()),
                ("start_time", &start),
                ("exclude", "retweets"),
                ("tweet.fields", FIELDS),
            ]);
            if let Some(token) = &next {
                request = request.query(&[("pagination_token", token)]);
            }
            let answer = self.http.free(LIST, request).await?;
            // Without its count a page proves nothing: X answers 200 also to say what is wrong.
            let page: Option<Page> = answer.json().filter(|_| answer.is_success());
            let page = page.filter(|page| page.meta.result_count == page.data.len());
            let page = page.ok_or_else(|| judge(&answer, account))?;
            found.extend(page.data);
            next = page.meta.next_token;
            if next.is_none() {
                found.retain(|post| post.created_at >= since);
                return Ok(Seen::all(found));
            }
        }
        let oldest = found.last().map_or(since, |last| last.created_at);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }

    async fn user_id(&self, account: &Account) -> Result<String, Failure> {
        let key = account.fingerprint();
        let known = self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(id) = known {
            return Ok(id);
        }
        let id = self.who(account).await?.id;
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(key, id.clone());
        Ok(id)
    }
}

/// How much of a post is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// All that we know of.
    Whole,
    /// The words and the place, but not the addresses or media: neither ours for sure nor surely not.
    Words,
    None,
}

/// What the post must look like.
struct Wanted<'a> {
    text: String,
    reply_to: Option<&'a str>,
    uploads: Vec<String>,
    media: usize,
    /// The ids of the target's own parts that are out.
    own: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(mark: &'a Mark<'_>) -> Self {
        let part = text::parts(mark.draft).into_iter().nth(usize::from(mark.part)).unwrap_or_default();
        let receipt = |part: u16| mark.target.receipt(part).map(|out| out.receipt.id.as_str());
        let key = |n: usize| media::stored(mark.handle(&media::handle(mark.part, n))).map(|upload| upload.key);
        Self {
            reply_to: mark.part.checked_sub(1).and_then(receipt),
            uploads: (0..part.media.len()).filter_map(key).filter(|key| !key.is_empty()).collect(),
            media: part.media.len(),
            own: mark.target.out.iter().map(|out| out.receipt.id.as_str()).collect(),
            text: part.text,
        }
    }

    fn likeness(&self, post: &Listed) -> Likeness {
        let parent = post.referenced_tweets.iter().find(|reference| reference.kind == "replied_to");
        if self.own.contains(&post.id.as_str()) || parent.map(|parent| parent.id.as_str()) != self.reply_to {
            return Likeness::None;
        }
        let attached = &post.attachments.media_keys;
        let has_ours = !self.uploads.is_empty() && self.uploads.iter().all(|key| attached.contains(key));
        let theirs = said(post.note_tweet.as_ref().unwrap_or(&post.short), &post.id);
        let says_ours = !self.text.trim().is_empty()
            && text::same(&text::bare_addresses(&self.text), &text::bare_addresses(&theirs));
        let words = text::words(&self.text);
        let like_ours = !words.trim().is_empty() && text::same(&words, &text::words(&theirs));
        match (has_ours, says_ours, attached.len() == self.media, like_ours) {
            (true, ..) | (_, true, true, _) => Likeness::Whole,
            (_, true, ..) | (.., true) => Likeness::Words,
            _ => Likeness::None,
        }
    }
}

/// What somebody wrote, from what X shows: signs unescaped, addresses put back, the address of the media taken off.
fn said(words: &Words, id: &str) -> String {
    let mut said = text::plain(&words.text);
    for address in &words.entities.urls {
        let is_media = address.media_key.is_some() || is_media_of(id, &address.expanded_url);
        let long = if is_media { "" } else { address.expanded_url.as_str() };
        said = said.replacen(&address.url, long, 1);
    }
    said
}

/// Where X shows the picture or video of post `id`, as `https://x.com/ann/status/17/photo/1`.
fn is_media_of(id: &str, address: &str) -> bool {
    let path: Vec<&str> = address.split('/').skip(3).collect();
    matches!(path.as_slice(), [_, "status", post, "photo" | "video", _] if *post == id)
}
