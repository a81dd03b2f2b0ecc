//! Alerts: one message for each group of failures, not for each failure.

mod plan;
mod words;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use channels::{Foreign, Secret};
use domain::Target;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use ledger::{CredentialPut, CredentialRow, CredentialStore, Failures, Ledger, LedgerError, PostFilter, RecordKind};
use runtime::Runtime;
use url::Url;

use plan::{Act, Known, Say, Times};
use words::Group;

/// How many listed targets are looked at for the newest of each group.
const LOOKED_AT: u32 = 100;
/// The longest time for one message.
const WITHIN: Duration = Duration::from_secs(15);
/// How long telling belongs to one process. Longer than a message takes.
const TELLING: Duration = Duration::from_secs(60);

/// When and where people are told.
#[derive(Debug, Clone)]
pub struct AlertOptions {
    /// A Slack-compatible incoming webhook. Its address is a secret.
    pub slack: Secret,
    /// Where the console is, for links.
    pub console: Option<Url>,
    /// How often the operators' list is looked at.
    pub every: Duration,
    /// After how long people are reminded of a group that nobody has mended.
    pub old_after: Duration,
    /// How long a group must be gone for the all-clear.
    pub calm_after: Duration,
}

impl AlertOptions {
    /// The usual times.
    pub fn new(slack: Secret, console: Option<Url>) -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self { slack, console, every: minutes(1), old_after: minutes(4 * 60), calm_after: minutes(10) }
    }
}

/// What tells people of groups of failures.
#[derive(Clone)]
pub struct Alerts {
    runtime: Runtime,
    ledger: Arc<dyn Ledger>,
    records: Arc<dyn CredentialStore>,
    outside: Foreign,
    options: Arc<AlertOptions>,
}

impl Alerts {
    /// Alerts over the given ports. `outside` may call the webhook, wherever it is.
    pub fn new(
        runtime: Runtime,
        ledger: Arc<dyn Ledger>,
        records: Arc<dyn CredentialStore>,
        outside: Foreign,
        options: AlertOptions,
    ) -> Self {
        Self { runtime, ledger, records, outside, options: Arc::new(options) }
    }

    /// Works until the runtime is asked to stop.
    pub async fn run(self) {
        let stop = self.runtime.stop();
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the operators' list could not be looked at");
            }
            let wait = self.runtime.jittered(self.options.every, 0.1);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.runtime.sleep(wait) => {}
            }
        }
    }

    async fn look(&self) -> Result<(), LedgerError> {
        let filter = PostFilter { limit: LOOKED_AT, ..PostFilter::default() };
        let Failures { page, groups } = self.ledger.failures(&filter).await?;
        let mut newest: BTreeMap<String, Target> = BTreeMap::new();
        for view in page.items {
            let group = view.target.last_failure.as_ref().map_or_else(|| "-".to_owned(), domain::Failure::group);
            newest.entry(group).or_insert(view.target);
        }
        let rows = self.records.rows(RecordKind::Alert).await?;
        let mut all: BTreeMap<String, (u64, Option<CredentialRow>)> =
            groups.into_iter().map(|(name, count)| (name, (count, None))).collect();
        for row in rows {
            let name = row.name.clone();
            all.entry(name).or_default().1 = Some(row);
        }
        let now = self.records.now().await?;
        for (name, (count, row)) in all {
            let group = Group { name: &name, count, newest: newest.get(&name), console: self.options.console.as_ref() };
            self.see(&group, row, now).await?;
        }
        Ok(())
    }

    /// Tells of a group, if that is due and nobody else does.
    async fn see(&self, group: &Group<'_>, row: Option<CredentialRow>, now: Timestamp) -> Result<(), LedgerError> {
        let known = row.as_ref().and_then(|row| serde_json::from_value::<Known>(row.open.clone()).ok());
        let times = Times { old_after: self.options.old_after, calm_after: self.options.calm_after };
        let Some(Act { say, known: then }) = plan::act(known.as_ref(), group.count, now, times) else {
            return Ok(());
        };
        let version = row.map(|row| row.version);
        let Some(say) = say else { return self.keep(group.name, version, then).await.map(drop) };
        // First it is said that this process tells: of several that see the same, one does.
        let before = known.unwrap_or(Known { since: now, told: 0, reminded: false, gone: None, telling: None });
        let telling = Known { telling: now.checked_add(TELLING).ok(), ..before.clone() };
        let Some(version) = self.keep(group.name, version, Some(telling)).await? else { return Ok(()) };
        let after = match self.tell(say, group).await {
            Ok(()) => then,
            Err(why) => {
                tracing::error!(group = group.name, why, "people could not be told; that is tried again in a minute");
                metrics::counter!("oncepost_alerts_failed_total").increment(1);
                Some(before)
            }
        };
        self.keep(group.name, Some(version), after).await.map(drop)
    }

    /// Keeps what is known of a group, or forgets it, if nobody else was faster. The record's version.
    async fn keep(&self, group: &str, expected: Option<u64>, known: Option<Known>) -> Result<Option<u64>, LedgerError> {
        let Some(known) = known else {
            if let Some(version) = expected {
                self.records.delete(RecordKind::Alert, group, version).await?;
            }
            return Ok(None);
        };
        // It has text keys and no failing parts.
        let open = serde_json::to_value(known).unwrap_or_default();
        let put = CredentialPut { kind: RecordKind::Alert, name: group.to_owned(), expected, open, sealed: None };
        Ok(self.records.put(put).await?.map(|row| row.version))
    }

    async fn tell(&self, say: Say, group: &Group<'_>) -> Result<(), String> {
        let text = words::message(say, group);
        // What platforms have said must not become a link or a mention there.
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = serde_json::json!({ "text": text }).to_string();
        let url = self.options.slack.reveal().parse().map_err(|_| "alerts.slack_url is no address".to_owned())?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let heard = self.outside.post(url, headers, body.into(), WITHIN).await?;
        match heard.status {
            200..=299 => {
                tracing::info!(group = group.name, "people were told of a group of failures");
                Ok(())
            }
            // What the server says may hold the address, which is a secret.
            status => Err(format!("the webhook answered HTTP {status}")),
        }
    }
}
