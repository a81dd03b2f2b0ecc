//! What is in the account's repository: its posts and answers, newest first.

use domain::Failure;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Bluesky, TABLE,
    record::{COLLECTION, receipt},
};
use crate::{Account, Cut, Listed, ListedPost, Wording, listing::Seen};

const LIST: &str = "list records";
const PAGE: &str = "100";
const MOST_PAGES: usize = 10;

#[derive(Deserialize)]
struct Page {
    records: Vec<Record>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    uri: String,
    value: Value,
}

impl Record {
    /// When it says it was made; whoever wrote it has chosen that.
    fn at(&self) -> Timestamp {
        let created = self.value["createdAt"].as_str().and_then(|at| at.parse().ok());
        created.unwrap_or(Timestamp::MIN)
    }

    fn post(self) -> Option<ListedPost> {
        let wording = Wording::of(self.value["text"].as_str().unwrap_or_default());
        Some(ListedPost { receipt: receipt(&self.uri), at: self.at(), wording })
    }
}

impl Bluesky {
    pub(super) async fn listed(&self, account: &Account, since: Timestamp) -> Result<Listed, Failure> {
        let repo = self.sessions.open(account).await?.did;
        let (mut found, mut cursor) = (Vec::<Record>::new(), None::<String>);
        let mut oldest = since;
        for _ in 0..MOST_PAGES {
            let mut request = self
                .http
                .request(Method::GET, account.url("xrpc/com.atproto.repo.listRecords"))
                .query(&[("repo", repo.as_str()), ("collection", COLLECTION), ("limit", PAGE)]);
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let answer = self.http.free(LIST, request).await?;
            let page: Option<Page> = answer.json().filter(|_| answer.is_success());
            let page = page.ok_or_else(|| TABLE.judge(&answer, account))?;
            oldest = page.records.last().map_or(oldest, Record::at);
            // Nearly in the order of their times: a page without a young one ends it.
            let young: Vec<Record> = page.records.into_iter().filter(|record| since <= record.at()).collect();
            cursor = page.cursor.filter(|_| !young.is_empty());
            found.extend(young);
            if cursor.is_none() {
                return Ok(Seen::all(found).listing(Record::post));
            }
        }
        Ok(Seen::cut(found, Cut::Before(oldest)).listing(Record::post))
    }
}
