//! Looks for a post among the account's own: by uploads, or by time, place in the thread and text. Never simply the newest.

use std::{sync::PoisonError, time::Duration};

use domain::{Failure, Finding, Receipt};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{Mastodon, TABLE, option};
use crate::{Account, Cut, ListedPost, Mark, Wording, listing::Seen, text};

const WHO: &str = "verify credentials";
const LIST: &str = "list statuses";
/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: usize = 40;
const MOST_PAGES: usize = 10;

/// What we read of a listed status.
#[derive(Deserialize)]
struct Listed {
    id: String,
    url: Option<String>,
    created_at: Timestamp,
    content: String,
    #[serde(default)]
    spoiler_text: String,
    in_reply_to_id: Option<String>,
    #[serde(default)]
    media_attachments: Vec<Attached>,
}

#[derive(Deserialize)]
struct Attached {
    id: String,
}

#[derive(Deserialize)]
struct Person {
    id: String,
}

impl Mastodon {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let since = mark.since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let Some(statuses) = self.statuses_since(mark.account, since).await?.whole() else {
            return Ok(Finding::CannotTell(format!("the account has more than {} newer posts", PAGE * MOST_PAGES)));
        };
        let wanted = Wanted::of(mark);
        let fitting: Vec<Listed> = statuses.into_iter().filter(|status| wanted.fits(status)).collect();
        // Newest first: of several that say the same, the oldest is the nearest to our call.
        let ours = mark.free(fitting, |status| &status.id).await?.pop();
        Ok(ours.map_or(Finding::Absent, |status| Finding::Found(Receipt { id: status.id, url: status.url })))
    }

    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        Ok(self.statuses_since(account, since).await?.listing(|status| {
            let wording = Wording::of(&text::plain(&status.content));
            Some(ListedPost { receipt: Receipt { id: status.id, url: status.url }, at: status.created_at, wording })
        }))
    }

    /// The account's posts since then, newest first, without what it only passes on.
    async fn statuses_since(&self, account: &Account, since: Timestamp) -> Result<Seen<Listed>, Failure> {
        let path = format!("api/v1/accounts/{}/statuses", self.account_id(account).await?);
        let mut found: Vec<Listed> = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut request = self
                .request(Method::GET, account, &path)?
                .query(&[("limit", PAGE.to_string().as_str()), ("exclude_reblogs", "true")]);
            if let Some(last) = found.last() {
                request = request.query(&[("max_id", &last.id)]);
            }
            let answer = self.http.free(LIST, request).await?;
            let page: Option<Vec<Listed>> = answer.json().filter(|_| answer.is_success());
            let page = page.ok_or_else(|| TABLE.judge(&answer, account))?;
            // A page may be short for other reasons than being the last; only an empty or an older one ends the listing.
            let ended = page.last().is_none_or(|last| last.created_at < since);
            found.extend(page);
            if ended {
                found.retain(|status| status.created_at >= since);
                return Ok(Seen::all(found));
            }
        }
        let oldest = found.last().map_or(since, |last| last.created_at);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }

    async fn account_id(&self, account: &Account) -> Result<String, Failure> {
        let key = account.fingerprint();
        let known = self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(id) = known {
            return Ok(id);
        }
        let request = self.request(Method::GET, account, "api/v1/accounts/verify_credentials")?;
        let answer = self.http.free(WHO, request).await?;
        let person: Option<Person> = answer.json().filter(|_| answer.is_success());
        let id = person.ok_or_else(|| TABLE.judge(&answer, account))?.id;
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(key, id.clone());
        Ok(id)
    }
}

/// What the post must look like.
struct Wanted<'a> {
    text: String,
    spoiler: &'a str,
    reply_to: Option<&'a str>,
    uploads: Vec<&'a str>,
    media: usize,
    /// The ids of the target's own parts that are out.
    own: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(mark: &'a Mark<'_>) -> Self {
        let part = text::parts(mark.draft).into_iter().nth(usize::from(mark.part)).unwrap_or_default();
        let receipt = |part: u16| mark.target.receipt(part).map(|out| text::id_of(&out.receipt.id));
        Self {
            spoiler: option(mark.draft, mark.account, "spoiler_text").unwrap_or_default(),
            reply_to: mark.part.checked_sub(1).and_then(receipt),
            uploads: (0..part.media.len()).filter_map(|n| mark.handle(&format!("media.{}.{n}", mark.part))).collect(),
            media: part.media.len(),
            own: mark.target.out.iter().map(|out| text::id_of(&out.receipt.id)).collect(),
            text: part.text,
        }
    }

    fn fits(&self, status: &Listed) -> bool {
        let attached: Vec<&str> = status.media_attachments.iter().map(|media| media.id.as_str()).collect();
        // An upload serves one post: whoever has ours is ours. Without a text there is nothing else to go by.
        let has_ours = !self.uploads.is_empty() && self.uploads.iter().all(|id| attached.contains(id));
        let says_ours = !self.text.trim().is_empty()
            && text::same(&self.text, &text::plain(&status.content))
            && text::same(self.spoiler, &status.spoiler_text)
            && attached.len() == self.media;
        !self.own.contains(&status.id.as_str())
            && status.in_reply_to_id.as_deref() == self.reply_to
            && (has_ours || says_ours)
    }
}
