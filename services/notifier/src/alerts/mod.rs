//! Alerts: one message for each group of failures, not for each failure, by each way in which people are told.

mod chat;
mod letter;
mod mail;
mod plan;
mod thread;
mod way;
mod words;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::Target;
use jiff::Timestamp;
use ledger::{CredentialPut, CredentialRow, CredentialStore, Failures, Ledger, LedgerError, PostFilter, RecordKind};
use runtime::Runtime;
use url::Url;

pub use mail::{MailOptions, MailTls};
use plan::{Act, Known, Say, Times};
use way::{Telling, Way};
pub use way::{Untold, Ways};
use words::Group;

/// How many listed targets are looked at for the newest of each group.
const LOOKED_AT: u32 = 100;
/// How long telling belongs to one process. Longer than a message takes.
const TELLING: Duration = Duration::from_secs(60);
/// When people are told.
#[derive(Debug, Clone)]
pub struct AlertOptions {
    /// Where the console is, for links.
    pub console: Option<Url>,
    /// How often the operators' list is looked at.
    pub every: Duration,
    /// After how long people are reminded of a group that nobody has mended.
    pub old_after: Duration,
    /// How long a group must be gone for the all-clear.
    pub calm_after: Duration,
    /// After how long without a change it is forgotten what a way was told that is used no more.
    pub forget_after: Duration,
}

impl AlertOptions {
    /// The usual times.
    pub fn new(console: Option<Url>) -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let (old_after, forget_after) = (minutes(4 * 60), minutes(7 * 24 * 60));
        Self { console, every: minutes(1), old_after, calm_after: minutes(10), forget_after }
    }
}

/// What tells people of groups of failures.
#[derive(Clone)]
pub struct Alerts {
    runtime: Runtime,
    ledger: Arc<dyn Ledger>,
    records: Arc<dyn CredentialStore>,
    ways: Ways,
    options: Arc<AlertOptions>,
}

impl Alerts {
    /// Alerts over the given ports, by these ways.
    pub fn new(
        runtime: Runtime,
        ledger: Arc<dyn Ledger>,
        records: Arc<dyn CredentialStore>,
        ways: Ways,
        options: AlertOptions,
    ) -> Self {
        Self { runtime, ledger, records, ways, options: Arc::new(options) }
    }

    /// Works until the runtime is asked to stop. Each way looks for itself: one that hangs keeps no other waiting.
    pub async fn run(self) {
        futures::future::join_all(self.ways.0.iter().map(|way| self.tell_by(way))).await;
    }

    async fn tell_by(&self, way: &Way) {
        let stop = self.runtime.stop();
        loop {
            if let Err(error) = self.look(way).await {
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

    async fn look(&self, way: &Way) -> Result<(), LedgerError> {
        let filter = PostFilter { limit: LOOKED_AT, ..PostFilter::default() };
        let Failures { page, groups } = self.ledger.failures(&filter).await?;
        let mut newest: BTreeMap<String, Target> = BTreeMap::new();
        for view in page.items {
            let group = view.target.last_failure.as_ref().map_or_else(|| "-".to_owned(), domain::Failure::group);
            newest.entry(group).or_insert(view.target);
        }
        let mut all: BTreeMap<String, (u64, Option<CredentialRow>)> =
            groups.into_iter().map(|(name, count)| (name, (count, None))).collect();
        for row in self.records.rows(RecordKind::Alert).await? {
            match way.group(&row.name).map(str::to_owned) {
                Some(group) => all.entry(group).or_default().1 = Some(row),
                None => self.forget(&row).await?,
            }
        }
        for (name, (count, row)) in all {
            let group = Group { name: &name, count, newest: newest.get(&name), console: self.options.console.as_ref() };
            // Telling takes time: each is judged by its own.
            let now = self.records.now().await?;
            if let Some(Untold { all_alike: true, .. }) = self.see(way, &group, row, now).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Forgets what a way was told that is used no more: an address that is put in again knows nothing of it. Not at once, for processes
    /// that are not restarted yet may still use it.
    async fn forget(&self, row: &CredentialRow) -> Result<(), LedgerError> {
        let is_used = self.ways.0.iter().any(|way| way.group(&row.name).is_some());
        if !is_used
            && row.updated_at.saturating_add(self.options.forget_after).is_ok_and(|end| end < self.runtime.now())
        {
            self.records.delete(RecordKind::Alert, &row.name, row.version).await?;
        }
        Ok(())
    }

    /// Tells of a group, if that is due and nobody else does. Why it could not be told, if so.
    async fn see(
        &self,
        way: &Way,
        group: &Group<'_>,
        row: Option<CredentialRow>,
        now: Timestamp,
    ) -> Result<Option<Untold>, LedgerError> {
        let record = way.record(group.name);
        let known = row.as_ref().and_then(|row| serde_json::from_value::<Known>(row.open.clone()).ok());
        let times = Times { old_after: self.options.old_after, calm_after: self.options.calm_after };
        let Some(Act { say, known: then }) = plan::act(known.as_ref(), group.count, now, times) else {
            return Ok(None);
        };
        let version = row.map(|row| row.version);
        let Some(say) = say else {
            self.keep(&record, version, then).await?;
            return Ok(None);
        };
        // First it is said that this process tells: of several that see the same, one does.
        let before = known.unwrap_or(Known { since: now, told: 0, reminded: false, gone: None, telling: None });
        let telling = Known { telling: now.checked_add(TELLING).ok(), ..before.clone() };
        let Some(version) = self.keep(&record, version, Some(telling)).await? else { return Ok(None) };
        let untold = self.tell(way, say, group, before.since).await;
        let after = if untold.is_some() { Some(before) } else { then };
        self.keep(&record, Some(version), after).await?;
        Ok(untold)
    }

    async fn tell(&self, way: &Way, say: Say, group: &Group<'_>, since: Timestamp) -> Option<Untold> {
        let telling = Telling::of(say, group.name, since, words::message(say, group));
        let (group, name) = (group.name, way.name());
        let Err(untold) = way.tell(&telling).await else {
            tracing::info!(group, way = name, "people were told of a group of failures");
            return None;
        };
        let Untold { why, remedy, .. } = &untold;
        tracing::error!(group, way = name, why, remedy, "people could not be told; that is tried again in a minute");
        metrics::counter!("oncepost_alerts_failed_total", "way" => way.kind()).increment(1);
        Some(untold)
    }

    /// Keeps what is known of a group, or forgets it, if nobody else was faster. The record's version.
    async fn keep(
        &self,
        record: &str,
        expected: Option<u64>,
        known: Option<Known>,
    ) -> Result<Option<u64>, LedgerError> {
        let Some(known) = known else {
            if let Some(version) = expected {
                self.records.delete(RecordKind::Alert, record, version).await?;
            }
            return Ok(None);
        };
        // It has text keys and no failing parts.
        let open = serde_json::to_value(known).unwrap_or_default();
        let put = CredentialPut { kind: RecordKind::Alert, name: record.to_owned(), expected, open, sealed: None };
        Ok(self.records.put(put).await?.map(|row| row.version))
    }
}
