//! Looks for a pin on its board, by what it says, where it leads, and when it was made. Never simply the newest.

use std::time::Duration;

use domain::{Failure, Finding};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use reqwest::Method;
use serde::{Deserialize, Deserializer};

use super::{LIST, Pin, Pinterest, receipt};
use crate::{Account, Cut, Listed, ListedPost, Mark, Wording, listing::Seen, text};

/// How far Pinterest's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);
const PAGE: &str = "100";
const MOST_PAGES: usize = 10;

/// A page of pins.
#[derive(Deserialize)]
struct Page {
    items: Vec<Entry>,
    bookmark: Option<String>,
}

/// What we read of a pin.
#[derive(Debug, PartialEq, Deserialize)]
struct Entry {
    id: String,
    #[serde(deserialize_with = "time")]
    created_at: Timestamp,
    title: Option<String>,
    description: Option<String>,
    link: Option<String>,
    is_owner: Option<bool>,
}

impl Entry {
    /// Whether it says what `pin` says.
    fn says(&self, pin: &Pin<'_>) -> bool {
        let same = |ours: &str, theirs: &Option<String>| text::same(ours, theirs.as_deref().unwrap_or_default());
        same(pin.title, &self.title) && same(pin.text, &self.description)
    }

    /// Whether it leads where `pin` leads. Pinterest may change how an address is written: its host counts.
    fn leads(&self, pin: &Pin<'_>) -> bool {
        let host = |address: &str| {
            let url = url::Url::parse(address).ok()?;
            url.host_str().map(|host| host.trim_start_matches("www.").to_owned())
        };
        match (pin.link, self.link.as_deref().filter(|link| !link.is_empty())) {
            (Some(ours), Some(theirs)) => host(ours) == host(theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }
    }
}

impl Pinterest {
    pub(super) async fn look(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        let pin = Pin::of(mark.draft, mark.account)?;
        let since = mark.since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let Some(entries) = self.entries(mark.account, pin.board, since).await?.whole() else {
            return Ok(Finding::CannotTell("the board has too many newer pins to read".into()));
        };
        let fitting: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| entry.is_owner != Some(false) && entry.says(&pin) && entry.leads(&pin))
            .collect();
        let mut fitting = mark.free(fitting, |entry| &entry.id).await?;
        let wordless = pin.title.trim().is_empty() && pin.text.trim().is_empty();
        if wordless && !fitting.is_empty() {
            // Others may pin to the board, too.
            return Ok(Finding::CannotTell("a pin without words was made since, and nothing tells whose it is".into()));
        }
        // Newest first: of several that say the same, the oldest is the nearest to our call.
        Ok(fitting.pop().map_or(Finding::Absent, |entry| Finding::Found(receipt(entry.id))))
    }

    /// The account's pins on a board that were made since then.
    pub(super) async fn listed(&self, account: &Account, board: &str, since: Timestamp) -> Result<Listed, Failure> {
        Ok(self.entries(account, board, since).await?.listing(|entry| {
            let (title, text) = (entry.title.unwrap_or_default(), entry.description.unwrap_or_default());
            let own = entry.is_owner != Some(false);
            own.then(|| ListedPost {
                receipt: receipt(entry.id),
                at: entry.created_at,
                wording: wording(&title, &text),
            })
        }))
    }

    /// The board's pins that were made since then, newest first.
    async fn entries(&self, account: &Account, board: &str, since: Timestamp) -> Result<Seen<Entry>, Failure> {
        let path = format!("boards/{board}/pins");
        let mut found: Vec<Entry> = Vec::new();
        let mut bookmark: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let request = self.request(Method::GET, account, &path)?.query(&[("page_size", PAGE)]);
            let request = match &bookmark {
                Some(bookmark) => request.query(&[("bookmark", bookmark)]),
                None => request,
            };
            let page: Page = self.ask(LIST, account, request).await?;
            // Only an older pin, or none at all, ends the listing.
            let older = page.items.last().is_none_or(|last| last.created_at < since);
            found.extend(page.items);
            bookmark = page.bookmark.filter(|bookmark| !bookmark.is_empty() && !older);
            if bookmark.is_none() {
                found.retain(|entry| entry.created_at >= since);
                return Ok(Seen::all(found));
            }
        }
        let oldest = found.last().map_or(since, |last| last.created_at);
        Ok(Seen::cut(found, Cut::Before(oldest)))
    }
}

/// What a pin with this title and text says.
pub(super) fn wording(title: &str, text: &str) -> Wording {
    Wording::of(&format!("{title}\n{text}"))
}

/// Pinterest writes times with a zone and without one; then they are of Greenwich.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let civil = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    let time = text.parse().ok().or_else(civil);
    time.ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is no time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(created_at: &str) -> Option<Entry> {
        serde_json::from_value(serde_json::json!({ "id": "17", "created_at": created_at, "link": "" })).ok()
    }

    #[test]
    fn times_are_read_with_a_zone_and_without() {
        let table =
            ["2026-01-02T03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05-00:00", "2026-01-02T04:04:05+01:00"];
        for text in table {
            let read = entry(text).map(|entry| entry.created_at);
            assert_eq!(read, "2026-01-02T03:04:05Z".parse().ok(), "{text}");
        }
        assert_eq!([entry("soon"), entry("")], [None, None]);
    }

    #[test]
    fn a_link_is_known_by_its_host() {
        let leads = |ours: Option<&str>, theirs: &str| {
            let pin = Pin::bare("17", ours);
            Entry { link: Some(theirs.into()), ..entry("2026-01-02T03:04:05").unwrap() }.leads(&pin)
        };
        assert!(leads(Some("https://www.a.example/x?y=1"), "https://a.example/x?y=1&utm_source=pinterest"));
        assert!(!leads(Some("https://a.example/x"), "https://b.example/x") && !leads(Some("https://a.example/x"), ""));
        assert!(leads(None, "") && !leads(None, "https://a.example/"));
    }
}
