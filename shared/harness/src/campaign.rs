//! A campaign: posts over several channels and accounts, each with a marker of its own so that the platforms can count.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::shown::marker;

/// The tenant of the campaign.
pub const TENANT: &str = "acme";
/// The account whose token is revoked.
pub const REVOKED: &str = "gone";
/// What the fake platform refuses to publish.
pub const FORBIDDEN: &str = "forbidden-word";

/// The accounts of each channel.
pub const ACCOUNTS: [(&str, [&str; 3]); 3] =
    [("mastodon", ["ada", "ben", "cleo"]), ("bluesky", ["ada", "ben", "cleo"]), ("webhook", ["ada", "ben", "cleo"])];

/// One scheduled post of the campaign.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its number.
    pub number: usize,
    /// The schedule message.
    pub message: Value,
    /// Where it is to be seen: channel, account, and the marker of each part.
    pub targets: Vec<PlannedTarget>,
    /// When it is due.
    pub due: Timestamp,
    /// It breaks the platform's rules, or its account is dead: it must not be out before a person mends it.
    pub doomed: bool,
}

impl Planned {
    /// A plain post with `parts` parts.
    pub fn plain(number: usize, parts: usize, due: Timestamp, targets: Vec<PlannedTarget>) -> Self {
        let say = |part: usize| format!("News number {number}, part {part}. {}", marker(number, part));
        let thread: Vec<_> = (1..parts).map(|part| json!({ "text": say(part) })).collect();
        let content = json!({ "text": say(0), "thread": thread });
        Self { number, message: message(number, &content, due, &targets), targets, due, doomed: false }
    }

    /// Its idempotency key.
    pub fn key(&self) -> String {
        format!("campaign-{}", self.number)
    }
}

/// One target of it.
#[derive(Debug, Clone)]
pub struct PlannedTarget {
    /// The channel.
    pub channel: &'static str,
    /// What it is counted under.
    pub row: &'static str,
    /// The account.
    pub account: &'static str,
    /// Every part's marker. A channel that publishes threads whole shows them in one post.
    pub markers: Vec<String>,
}

/// A campaign of `posts` posts that are due between `start` and `spread` seconds after it.
pub fn plan(posts: usize, start: Timestamp, spread: usize, picture: &str) -> Vec<Planned> {
    (0..posts).map(|number| one(number, posts, start, spread, picture)).collect()
}

fn one(number: usize, posts: usize, start: Timestamp, spread: usize, picture: &str) -> Planned {
    let doomed_account = number % 12 == 5;
    let forbidden = number % 15 == 7;
    let parts = if number % 6 == 3 { 3 } else { 1 };
    let marker = |part: usize| marker(number, part);
    let say = |part: usize| match (forbidden, part) {
        (true, 0) => format!("{FORBIDDEN} {}", marker(0)),
        (_, part) => format!("News number {number}, part {part}. {}", marker(part)),
    };
    let thread: Vec<_> = (1..parts).map(|part| json!({ "text": say(part) })).collect();
    let media = if number % 8 == 2 { json!([{ "url": picture, "alt": "a single red point" }]) } else { json!([]) };
    let after = i64::try_from(number * spread / posts.max(1)).unwrap_or_default();
    let due = start.checked_add(after.seconds()).unwrap_or(start);
    let targets: Vec<PlannedTarget> = if doomed_account {
        vec![PlannedTarget {
            channel: "mastodon",
            row: "mastodon",
            account: REVOKED,
            markers: (0..parts).map(marker).collect(),
        }]
    } else if forbidden {
        vec![PlannedTarget {
            channel: "mastodon",
            row: "mastodon",
            account: "ada",
            markers: (0..parts).map(marker).collect(),
        }]
    } else {
        let account = |accounts: [&'static str; 3]| accounts[number % 3];
        ACCOUNTS
            .into_iter()
            .map(|(channel, accounts)| PlannedTarget {
                channel,
                row: channel,
                account: account(accounts),
                markers: (0..parts).map(marker).collect(),
            })
            .collect()
    };
    let content = json!({ "text": say(0), "thread": thread, "media": media });
    let message = message(number, &content, due, &targets);
    Planned { number, message, targets, due, doomed: doomed_account || forbidden }
}

/// The schedule message of a post.
fn message(number: usize, content: &Value, due: Timestamp, targets: &[PlannedTarget]) -> Value {
    let target = |target: &PlannedTarget| json!({ "channel": target.channel, "account": target.account });
    json!({
        "version": 1,
        "idempotency_key": format!("campaign-{number}"),
        "tenant": TENANT,
        "content": content,
        "publish_at": due.to_string(),
        "targets": targets.iter().map(target).collect::<Vec<_>>(),
    })
}

/// A message that breaks several rules at once, to show the reasons.
pub fn broken() -> Value {
    json!({
        "version": 1,
        "idempotency_key": "broken",
        "tenant": TENANT,
        "content": { "text": "x".repeat(600), "media": [{ "url": "" }] },
        "publish_at": { "local": "2026-12-01T09:00:00", "zone": "Europe/Nowhere" },
        "targets": [
            { "channel": "mastodon", "account": "ada" },
            { "channel": "bluesky", "account": "nobody" },
            { "channel": "carrier-pigeon", "account": "ada" },
        ],
    })
}
