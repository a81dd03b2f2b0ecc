//! Looks for pictures whose publish id was lost, among what the account shows to everybody. What is not listed may be out all the
//! same: it may not be public, or still be moderated. So nothing is ever proven to be absent here.

use domain::{Code, Failure, Finding, Receipt};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{MINUTE, TikTok, upload::Upload};
use crate::{Account, Cut, ListedPost, Mark, Wording, listing::Seen, text};

const LIST: &str = "list posts";
const FIELDS: &str = "id,title,video_description,create_time,share_url";
const PAGE: u8 = 20;
const MOST_PAGES: usize = 5;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    videos: Vec<Listed>,
    cursor: Option<i64>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    create_time: i64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    video_description: String,
    #[serde(default)]
    share_url: String,
}

impl Listed {
    fn at(&self) -> Timestamp {
        Timestamp::from_second(self.create_time).unwrap_or(Timestamp::MIN)
    }
}

impl TikTok {
    pub(super) async fn look(&self, mark: &Mark<'_>, asked: &Upload) -> Result<Finding, Failure> {
        let cannot_tell = |why: &str| {
            let lost = "TikTok's answer was lost, and the publish id with it";
            Ok(Finding::CannotTell(format!("{lost}; {why}")))
        };
        let wanted = text::parts(mark.draft).into_iter().next().unwrap_or_default().text;
        if !asked.public || wanted.trim().is_empty() {
            return cannot_tell("only public posts with a text can be looked for");
        }
        let since = mark.since.checked_sub(MINUTE).unwrap_or(Timestamp::MIN);
        let listed = match self.posts_since(mark.account, since).await {
            Err(failure) if failure.code == Code::PERMISSION_MISSING => {
                return cannot_tell("without the permission video.list it cannot be looked for");
            }
            listed => listed?.found,
        };
        let says_it = |listed: &&Listed| {
            let same = [&listed.title, &listed.video_description].iter().any(|said| text::same(&wanted, said));
            same && !listed.share_url.contains("/video/")
        };
        let ours: Vec<&Listed> = listed.iter().filter(says_it).collect();
        let ours = mark.free(ours, |listed| &listed.id).await?;
        // Of several that say the same, the oldest is the nearest to our call.
        match ours.iter().min_by_key(|listed| listed.create_time) {
            Some(ours) => {
                let url = format!("https://www.tiktok.com/@{}/photo/{}", asked.creator, ours.id);
                Ok(Finding::Found(Receipt { id: ours.id.clone(), url: Some(url) }))
            }
            None => cannot_tell("no public post of this account says the same yet"),
        }
    }

    /// What the account shows to everybody since then.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        let seen = match self.posts_since(account, since).await {
            Err(failure) if failure.code == Code::PERMISSION_MISSING => {
                return Ok(crate::Listed::cannot_tell("the permission video.list was not given"));
            }
            seen => seen?,
        };
        Ok(seen.listing(|post| {
            let said = if post.video_description.is_empty() { &post.title } else { &post.video_description };
            let (at, wording) = (post.at(), Wording::of(said));
            let url = Some(post.share_url).filter(|url| !url.is_empty());
            Some(ListedPost { receipt: Receipt { id: post.id, url }, at, wording })
        }))
    }

    /// The account's public posts since then, newest first.
    async fn posts_since(&self, account: &Account, time: Timestamp) -> Result<Seen<Listed>, Failure> {
        let since = time.as_second();
        let (mut found, mut cursor) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let mut body = json!({ "max_count": PAGE });
            if let Some(cursor) = cursor {
                body["cursor"] = json!(cursor);
            }
            let request = self.request(account, "video/list/")?.query(&[("fields", FIELDS)]).json(&body);
            let page: Page = self.free(LIST, account, request).await?;
            let old = page.videos.iter().any(|listed| listed.create_time < since);
            found.extend(page.videos.into_iter().filter(|listed| listed.create_time >= since));
            cursor = page.cursor;
            if old || !page.has_more || cursor.is_none() {
                return Ok(Seen::all(found));
            }
        }
        let oldest = found.last().map_or(time, Listed::at);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }
}
