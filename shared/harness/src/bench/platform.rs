//! Where posts are sent to: a platform that answers at once or takes its time, and a tenant's accounts on it.

use std::time::{Duration, Instant as Stopwatch};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Done, campaign::TENANT, config::Account, instant::Instant};

/// How many accounts posts go to, in turn, where nothing else is said.
const ACCOUNTS: usize = 20;

/// A platform with the accounts of one tenant. No two of a run may have the same letter.
pub struct Platform {
    pub(super) instant: Instant,
    pub(super) url: String,
    tenant: &'static str,
    letter: char,
    accounts: usize,
    rate: Option<&'static str>,
}

impl Platform {
    /// A platform that takes `delay` for each answer; its accounts' names begin with `letter`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(delay: Duration, letter: char) -> Done<Self> {
        let instant = Instant::with_delay(delay);
        let url = instant.start().await?;
        Ok(Self { instant, url, tenant: TENANT, letter, accounts: ACCOUNTS, rate: None })
    }

    /// The same with accounts of this tenant.
    #[must_use]
    pub fn of(self, tenant: &'static str) -> Self {
        Self { tenant, ..self }
    }

    /// The same with so many accounts.
    #[must_use]
    pub fn with_accounts(self, accounts: usize) -> Self {
        Self { accounts, ..self }
    }

    /// The same with accounts that may publish once in this time.
    #[must_use]
    pub fn limited(self, rate: &'static str) -> Self {
        Self { rate: Some(rate), ..self }
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = Account> + use<'_> {
        (0..self.accounts).map(move |n| Account {
            tenant: self.tenant,
            channel: "webhook",
            id: format!("{}{n}", self.letter),
            base_url: format!("{}/{n}", self.url),
            secrets: vec![("signing_secret", testkit::Webhook::SECRET.to_owned())],
            settings: vec![],
            rate: self.rate,
        })
    }

    pub(super) fn message(&self, n: usize, due: Timestamp) -> Value {
        json!({
            "version": 1,
            "idempotency_key": format!("bench-{n}"),
            "tenant": self.tenant,
            "content": { "text": format!("Benchmark post number {n}. {}", "It says about as much as posts do. ".repeat(4)) },
            "publish_at": due.to_string(),
            "targets": [{ "channel": "webhook", "account": format!("{}{}", self.letter, n % self.accounts) }],
        })
    }

    /// Waits until `count` posts have arrived.
    ///
    /// # Errors
    /// They have not within `limit`.
    pub async fn wait_for(&self, count: usize, limit: Duration) -> Done {
        let watch = Stopwatch::now();
        while self.instant.posts() < count {
            if watch.elapsed() > limit {
                return Err(format!("only {} of {count} were out after {limit:?}", self.instant.posts()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// How long after `due` each post arrived, in milliseconds, sorted.
    pub fn lateness(&self, due: Timestamp) -> Vec<f64> {
        let arrivals = self.instant.arrivals();
        let mut late: Vec<_> =
            arrivals.iter().map(|arrival| arrival.first.duration_since(due).as_millis_f64()).collect();
        late.sort_by(f64::total_cmp);
        late
    }
}
