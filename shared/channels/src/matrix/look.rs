//! Looks for an event among the account's own in the room: by our mark, by its transaction, or by time, place and words.

use std::time::Duration;

use domain::{Failure, Finding};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    KEPT_FOR, Matrix,
    event::{self, MARK, event_id},
    receipt,
};
use crate::{Account, Cut, ListedPost, Mark, Wording, listing::Seen, text};

const LIST: &str = "list messages";
/// How far the platform's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: usize = 100;
const MOST_PAGES: usize = 10;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    chunk: Vec<Listed>,
    end: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    event_id: String,
    sender: String,
    origin_server_ts: i64,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    unsigned: Value,
}

/// How an event resembles ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// It bears our mark or our transaction.
    Ours,
    /// It bears neither, and says the same at the same place.
    Alike,
    /// It has been taken down, and nothing is left to know it by.
    Empty,
    Other,
}

impl Matrix {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let account = mark.account;
        let room = match mark.handle("room") {
            Some(room) => room.to_owned(),
            None => self.resolve(account).await?,
        };
        let me = self.login(account).await?.user;
        let Some(events) = self.events_since(account, &room, &me, before(mark.since)).await?.whole() else {
            return Ok(Finding::CannotTell(format!("the room has more than {} newer messages", PAGE * MOST_PAGES)));
        };
        let wanted = Wanted::of(mark);
        let like = |likeness| -> Vec<String> {
            let like = events.iter().filter(|event| wanted.likeness(event) == likeness);
            like.map(|event| event.event_id.clone()).collect()
        };
        if let Some(ours) = like(Likeness::Ours).pop() {
            return Ok(Finding::Found(receipt(&room, ours)));
        }
        let alike = mark.free(like(Likeness::Alike), |id| id).await?.pop();
        match alike {
            Some(_) if mark.record.rivals(KEPT_FOR).await? => {
                let why = "a post with the same content is not settled yet, and what was found may be that one";
                Ok(Finding::CannotTell(why.into()))
            }
            // Newest first: of several that say the same, the oldest is the nearest to our call.
            Some(id) => Ok(Finding::Found(receipt(&room, id))),
            None => Ok(match mark.free(like(Likeness::Empty), |id| id).await?.pop() {
                Some(id) => Finding::CannotTell(format!("{id} has been taken down, and may have been ours")),
                None => Finding::Absent,
            }),
        }
    }

    /// What the account has said in its room since then, without what was taken down and what only changes something else.
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<crate::Listed, Failure> {
        let (room, me) = (self.resolve(account).await?, self.login(account).await?.user);
        Ok(self.events_since(account, &room, &me, since).await?.listing(|event| {
            let at = Timestamp::from_millisecond(event.origin_server_ts).unwrap_or(Timestamp::MIN);
            let changes = event.content.pointer("/m.relates_to/rel_type").is_some_and(|kind| kind == "m.replace");
            let body = event.content["body"].as_str().filter(|_| !changes)?;
            let wording = Wording::of(body);
            Some(ListedPost { receipt: receipt(&room, event.event_id), at, wording })
        }))
    }

    /// The account's messages since then, newest first.
    async fn events_since(
        &self,
        account: &Account,
        room: &str,
        me: &str,
        time: Timestamp,
    ) -> Result<Seen<Listed>, Failure> {
        let since = time.as_millisecond();
        let (mut found, mut from) = (Vec::new(), None);
        let mut oldest = i64::MAX;
        for _ in 0..MOST_PAGES {
            let Page { chunk, end } = self.page(account, room, me, from.as_deref()).await?;
            let passed = chunk.iter().any(|event| event.origin_server_ts < since);
            oldest = chunk.iter().map(|event| event.origin_server_ts).fold(oldest, i64::min);
            found.extend(chunk.into_iter().filter(|event| event.origin_server_ts >= since && event.sender == me));
            // A page may be empty though older ones are not: only the missing way on ends the listing.
            match end {
                Some(end) if !passed && from.as_ref() != Some(&end) => from = Some(end),
                _ => return Ok(Seen::all(found)),
            }
        }
        let oldest = Timestamp::from_millisecond(oldest).unwrap_or(time);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }

    async fn page(&self, account: &Account, room: &str, me: &str, from: Option<&str>) -> Result<Page, Failure> {
        let filter = json!({ "types": ["m.room.message"], "senders": [me] }).to_string();
        let limit = PAGE.to_string();
        let mut query = vec![("dir", "b"), ("limit", &limit), ("filter", &filter)];
        query.extend(from.map(|from| ("from", from)));
        let request = self.request(Method::GET, account, &["rooms", room, "messages"])?.query(&query);
        self.ask(LIST, account, request).await
    }
}

/// Somewhat before `time`, by which the clocks may differ.
fn before(time: Timestamp) -> Timestamp {
    time.checked_sub(SKEW).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What the event must look like.
struct Wanted {
    key: String,
    body: String,
    media: Option<Value>,
    answers: Option<String>,
}

impl Wanted {
    fn of(mark: &Mark<'_>) -> Self {
        let events = event::events(mark.draft);
        let event = events.get(usize::from(mark.part));
        let before = mark.part.checked_sub(1).and_then(|before| mark.target.receipt(before));
        let uploaded = mark.handle(&format!("media.{}", mark.part)).and_then(|kept| serde_json::from_str(kept).ok());
        Self {
            key: mark.key(),
            body: event.map(event::Event::body).unwrap_or_default(),
            media: uploaded.map(|mut uploaded: Value| uploaded["url"].take()),
            answers: before.filter(|_| event.is_some_and(event::Event::answers)).map(|out| event_id(&out.receipt.id)),
        }
    }

    fn likeness(&self, event: &Listed) -> Likeness {
        let transaction = event.unsigned["transaction_id"].as_str();
        if event.content[MARK] == self.key.as_str() || transaction == Some(&self.key) {
            return Likeness::Ours;
        }
        if !event.content[MARK].is_null() {
            return Likeness::Other;
        }
        if event.content.as_object().is_none_or(serde_json::Map::is_empty) {
            return Likeness::Empty;
        }
        let answers = event.content.pointer("/m.relates_to/m.in_reply_to/event_id").and_then(Value::as_str);
        let says = match &self.media {
            // An upload is one event's: whoever shows ours is ours.
            Some(url) => event.content["url"] == *url,
            None => event.content["body"].as_str().is_some_and(|body| text::same(&self.body, body)),
        };
        if says && answers == self.answers.as_deref() { Likeness::Alike } else { Likeness::Other }
    }
}
