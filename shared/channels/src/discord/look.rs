//! Looks for a message among the bot's own in the channel: by its nonce, by its files' names, or by time, place and text.

use std::time::Duration;

use domain::{Failure, Finding};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Discord, WHERE, WHO, channel,
    message::{file_mark, nonce},
    receipt,
};
use crate::{Account, Cut, ListedPost, Mark, Wording, listing::Seen, text};

const LIST: &str = "list messages";
/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: usize = 100;
const MOST_PAGES: usize = 10;
/// Where Discord's ids begin to count, in milliseconds since 1970.
const EPOCH: i64 = 1_420_070_400_000;

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    content: String,
    author: Person,
    webhook_id: Option<String>,
    nonce: Option<Value>,
    message_reference: Option<Reference>,
    #[serde(default)]
    attachments: Vec<Attached>,
}

#[derive(Deserialize)]
struct Person {
    id: String,
}

#[derive(Deserialize)]
struct Reference {
    message_id: Option<String>,
}

#[derive(Deserialize)]
struct Attached {
    filename: String,
}

impl Discord {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let (account, channel) = (mark.account, channel(mark.account)?);
        let since = before(mark.since);
        let Some(messages) = self.messages_since(account, channel, since).await?.whole() else {
            return Ok(Finding::CannotTell(format!("there are more than {} newer messages", PAGE * MOST_PAGES)));
        };
        if messages.is_empty() && !self.may_read(account, channel).await? {
            return Ok(Finding::CannotTell("Discord shows the bot no messages: it may not read the channel".into()));
        }
        let me = self.me(account).await?;
        let wanted = Wanted::of(mark);
        // Oldest first: of several that say the same, the oldest is the nearest to our call.
        let fitting: Vec<String> = messages
            .iter()
            .filter(|message| message.is_by(&me))
            .filter(|message| wanted.fits(message))
            .map(|message| message.id.clone())
            .collect();
        let ours = mark.free(fitting, |id| id).await?.into_iter().next();
        Ok(ours.map_or(Finding::Absent, |id| Finding::Found(receipt(account, channel, id))))
    }

    /// What the bot has said in the channel since then.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        let channel = channel(account)?;
        let messages = self.messages_since(account, channel, since).await?;
        if messages.found.is_empty() && !self.may_read(account, channel).await? {
            return Ok(crate::Listed::cannot_tell("Discord shows the bot no messages: it may not read the channel"));
        }
        let me = self.me(account).await?;
        Ok(messages.listing(|message| {
            let (at, wording) = (made(&message), Wording::of(&message.content));
            let ours = message.is_by(&me);
            ours.then(|| ListedPost { receipt: receipt(account, channel, message.id), at, wording })
        }))
    }

    async fn me(&self, account: &Account) -> Result<Person, Failure> {
        self.ask(WHO, account, self.request(Method::GET, account, "users/@me")?).await
    }

    /// The channel's messages since then, oldest first.
    async fn messages_since(
        &self,
        account: &Account,
        channel: &str,
        since: Timestamp,
    ) -> Result<Seen<Listed>, Failure> {
        let mut after = u64::try_from((since.as_millisecond() - EPOCH).max(0)).unwrap_or_default() << 22;
        let mut found: Vec<Listed> = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut page = self.page(account, channel, &[("limit", PAGE as u64), ("after", after)]).await?;
            page.sort_by_key(number);
            let Some(last) = page.last() else { return Ok(Seen::all(found)) };
            after = number(last).max(after + 1);
            found.extend(page);
        }
        let newest = found.last().map_or(since, made);
        Ok(Seen::cut(found, Cut::After(newest)))
    }

    async fn page(&self, account: &Account, channel: &str, query: &[(&str, u64)]) -> Result<Vec<Listed>, Failure> {
        let request = self.request(Method::GET, account, &format!("channels/{channel}/messages"))?.query(query);
        self.ask(LIST, account, request).await
    }

    /// To a bot that may not read its history Discord shows a channel as if it were empty.
    async fn may_read(&self, account: &Account, channel: &str) -> Result<bool, Failure> {
        if !self.page(account, channel, &[("limit", 1)]).await?.is_empty() {
            return Ok(true);
        }
        let request = self.request(Method::GET, account, &format!("channels/{channel}"))?;
        let shown: Value = self.ask(WHERE, account, request).await?;
        Ok(shown["last_message_id"].is_null())
    }
}

impl Listed {
    fn is_by(&self, me: &Person) -> bool {
        self.author.id == me.id && self.webhook_id.is_none()
    }
}

fn number(message: &Listed) -> u64 {
    message.id.parse().unwrap_or_default()
}

/// When a message was made: its id says so.
fn made(message: &Listed) -> Timestamp {
    let millis = i64::try_from(number(message) >> 22).unwrap_or_default();
    Timestamp::from_millisecond(millis + EPOCH).unwrap_or(Timestamp::MIN)
}

/// Somewhat before `time`, by which the clocks may differ.
fn before(time: Timestamp) -> Timestamp {
    time.checked_sub(SKEW).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What the message must look like.
struct Wanted<'a> {
    nonce: String,
    text: String,
    media: usize,
    reply_to: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(mark: &'a Mark<'_>) -> Self {
        let part = text::parts(mark.draft).into_iter().nth(usize::from(mark.part)).unwrap_or_default();
        let receipt = |part: u16| mark.target.receipt(part).map(|out| text::id_of(&out.receipt.id));
        Self {
            nonce: nonce(&mark.key()),
            reply_to: mark.part.checked_sub(1).and_then(receipt),
            media: part.media.len(),
            text: part.text,
        }
    }

    fn fits(&self, message: &Listed) -> bool {
        if let Some(nonce) = &message.nonce {
            return nonce == self.nonce.as_str();
        }
        if self.media > 0 {
            let mark = file_mark(&self.nonce);
            return message.attachments.iter().any(|file| file.filename.starts_with(mark));
        }
        let reply_to = message.message_reference.as_ref().and_then(|reference| reference.message_id.as_deref());
        message.attachments.is_empty() && reply_to == self.reply_to && text::same(&self.text, &message.content)
    }
}
