//! Looks for a message by the mark that it carries. Never the newest, and never by its text alone.

use std::time::Duration;

use domain::{Failure, Finding};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{CHANNEL, SHARE, Slack, WHO, conversation, message, receipt};
use crate::{Account, Cut, Listed, ListedPost, Mark, Wording, listing::Seen, text};

const LIST: &str = "read history";
/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: usize = 200;
const MOST_PAGES: usize = 10;

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    #[serde(default)]
    response_metadata: Next,
}

#[derive(Default, Deserialize)]
struct Next {
    #[serde(default)]
    next_cursor: String,
}

#[derive(Deserialize)]
struct Message {
    ts: String,
    #[serde(default)]
    text: String,
    metadata: Option<Value>,
    #[serde(default)]
    user: String,
    bot_id: Option<String>,
}

impl Message {
    /// When it was made: its stamp says so.
    fn at(&self) -> Timestamp {
        let seconds = self.ts.split('.').next().and_then(|seconds| seconds.parse().ok());
        seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(Timestamp::MIN)
    }
}

/// Whose token it is.
#[derive(Deserialize)]
struct Me {
    user_id: String,
    bot_id: Option<String>,
}

impl Slack {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        if mark.target.armed.as_ref().is_some_and(|armed| armed.step == SHARE) {
            return self.look_by_file(mark).await;
        }
        let channel = conversation(mark.account)?;
        let since = mark.since.checked_sub(SKEW).unwrap_or(Timestamp::UNIX_EPOCH);
        let root = mark.target.receipt(0).filter(|_| mark.part > 0).map(|out| message::stamp(&out.receipt.id));
        let Some(messages) = self.messages_since(mark.account, channel, since, root).await?.whole() else {
            return Ok(Finding::CannotTell(format!("there are more than {} newer messages", PAGE * MOST_PAGES)));
        };
        let key = mark.key();
        let marked = |message: &Message| {
            let metadata = message.metadata.as_ref();
            metadata.is_some_and(|metadata| metadata["event_payload"][message::MARK] == key.as_str())
        };
        if let Some(ours) = messages.iter().find(|message| marked(message)) {
            return Ok(Finding::Found(receipt(mark.account, channel, &ours.ts)));
        }
        // A message that says the same and shows no mark at all: has Slack kept ours back, or is it somebody else's?
        let part = text::parts(mark.draft).into_iter().nth(usize::from(mark.part)).unwrap_or_default();
        let alike = |message: &&Message| {
            message.metadata.is_none()
                && !part.text.trim().is_empty()
                && text::same(&part.text, &message::shown(&message.text))
        };
        let alike: Vec<String> = messages.iter().filter(alike).map(|message| message.ts.clone()).collect();
        match mark.free(alike, |ts| ts).await?.first() {
            Some(ts) => Ok(Finding::CannotTell(format!("message {ts} says the same and carries no mark"))),
            None => Ok(Finding::Absent),
        }
    }

    /// What the bot has said in the conversation since then, without what is in threads.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        let channel = conversation(account)?;
        let me: Me = self.ask(WHO, account, "auth.test", &[]).await?;
        Ok(self.messages_since(account, channel, since, None).await?.listing(|message| {
            let ours = me.user_id == message.user || me.bot_id.is_some() && me.bot_id == message.bot_id;
            let wording = Wording::of(&message::shown(&message.text));
            ours.then(|| ListedPost { receipt: receipt(account, channel, &message.ts), at: message.at(), wording })
        }))
    }

    /// The conversation's messages since then, or those of the thread under `root`.
    async fn messages_since(
        &self,
        account: &Account,
        channel: &str,
        since: Timestamp,
        root: Option<String>,
    ) -> Result<Seen<Message>, Failure> {
        let since = since.as_second();
        let method = if root.is_some() { "conversations.replies" } else { "conversations.history" };
        let mut fields = vec![
            (CHANNEL, channel.to_owned()),
            ("oldest", format!("{since}.000000")),
            ("inclusive", "true".into()),
            ("include_all_metadata", "true".into()),
            ("limit", PAGE.to_string()),
        ];
        fields.extend(root.map(|ts| ("ts", ts)));
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Page = self.ask(LIST, account, method, &fields).await?;
            found.extend(page.messages);
            let cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                return Ok(Seen::all(found));
            }
            fields.retain(|(name, _)| *name != "cursor");
            fields.push(("cursor", cursor));
        }
        let oldest = found.iter().map(Message::at).min().unwrap_or(Timestamp::MAX);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }
}
