//! Alerts: one message for each group of failures, not for each failure, and for whoever is missing, by each way in which people are told.

mod absent;
mod chat;
mod late;
mod letter;
mod mail;
mod matter;
mod plan;
mod thread;
mod way;
mod words;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use channels::{Accounts, Registry};
use extent::{Evidence, Known, second};
use jiff::Timestamp;
use ledger::{
    Causes, CredentialPut, CredentialRow, CredentialStore, History, Ledger, LedgerError, Processes, RecordKind, Within,
};
use roster::{outlets, reaches};
use runtime::Runtime;
use url::Url;

pub use mail::{MailOptions, MailTls};
use matter::Matter;
use plan::{Act, Say};
use way::{Telling, Way};
pub use way::{Untold, Ways};

/// How long targets are told of that were not sent in time, and how far back is looked at what goes out.
const DAY: Duration = Duration::from_secs(86_400);
/// The most targets that are looked at: of those that are settled, and of those that were not sent in time.
const MOST_SETTLED: u32 = 10_000;
const LATE_AT_MOST: u32 = 1_000;
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
    /// How long somebody must be missing: one process may end before the next has begun.
    pub missing_after: Duration,
    /// After how long without a change it is forgotten what a way was told that is used no more.
    pub forget_after: Duration,
}

impl AlertOptions {
    /// The usual times.
    pub fn new(console: Option<Url>) -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let (old_after, forget_after) = (minutes(4 * 60), minutes(7 * 24 * 60));
        let (calm_after, missing_after) = (minutes(10), minutes(2));
        Self { console, every: minutes(1), old_after, calm_after, missing_after, forget_after }
    }
}

/// What alerts are made of.
#[derive(Clone)]
pub struct AlertParts {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// What needs a person.
    pub causes: Arc<dyn Causes>,
    /// What was not sent in time.
    pub history: Arc<dyn History>,
    /// Who is there.
    pub processes: Arc<dyn Processes>,
    /// What people were told is kept here.
    pub records: Arc<dyn CredentialStore>,
    /// Which channels something may have to go out on.
    pub accounts: Arc<dyn Accounts>,
    /// What they are called.
    pub channels: Arc<Registry>,
}

/// What tells people of groups of failures, of what was not sent in time, and of whoever is missing.
#[derive(Clone)]
pub struct Alerts {
    runtime: Runtime,
    parts: AlertParts,
    ways: Ways,
    options: Arc<AlertOptions>,
}

impl Alerts {
    /// Alerts over the given ports, by these ways.
    pub fn new(runtime: Runtime, parts: AlertParts, ways: Ways, options: AlertOptions) -> Self {
        Self { runtime, parts, ways, options: Arc::new(options) }
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
        let mut matters = self.failing().await?;
        matters.extend(self.late().await?);
        matters.extend(self.missing().await?);
        let pauses = self.parts.ledger.pauses().await?;
        let mut all: BTreeMap<String, (Option<Matter>, Option<CredentialRow>)> =
            matters.into_iter().map(|matter| (matter.name.clone(), (Some(matter), None))).collect();
        for row in self.parts.records.rows(RecordKind::Alert).await? {
            match way.group(&row.name).map(str::to_owned) {
                Some(name) => all.entry(name).or_default().1 = Some(row),
                None => self.forget(&row).await?,
            }
        }
        for (name, (matter, row)) in all {
            let matter = matter.unwrap_or_else(|| Matter::over(&name));
            if matter.is_held(&pauses) {
                continue;
            }
            // Telling takes time: each is judged by its own.
            let now = self.parts.records.now().await?;
            if let Some(Untold { all_alike: true, .. }) = self.see(way, &matter, row, now).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Targets that need a person, by their causes, and how far each reaches: judged as the console does.
    async fn failing(&self) -> Result<Vec<Matter>, LedgerError> {
        let all = Within::default();
        let spread = self.parts.causes.spread(&all).await?;
        let Some(first) = spread.causes.iter().map(|cause| cause.began).min() else { return Ok(Vec::new()) };
        let now = self.parts.records.now().await?;
        let yesterday = now.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
        let found = self.parts.causes.meanwhile(&all, second(first).max(yesterday), MOST_SETTLED).await?;
        let known = Known::of(&self.parts.accounts.all());
        let (retried, out) =
            futures::try_join!(self.parts.causes.postponed(&all, now), self.parts.causes.out_last(None))?;
        let evidence = Evidence {
            known: &known,
            lately: &found.lately,
            from: found.since.max(yesterday),
            out: &out,
            retried: &retried.targets,
            is_part: false,
        };
        Ok(Matter::failing(evidence.judge(&spread), spread.causes))
    }

    /// Targets whose deadline has passed within a day, by what kept them.
    async fn late(&self) -> Result<Vec<Matter>, LedgerError> {
        let now = self.parts.records.now().await?;
        let since = now.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
        Ok(Matter::late(self.parts.history.expired(since, LATE_AT_MOST).await?))
    }

    /// Who should be there and is not. How the broker is, those say who use it.
    async fn missing(&self) -> Result<Vec<Matter>, LedgerError> {
        let AlertParts { ledger, processes, accounts, channels, .. } = &self.parts;
        let (processes, pauses) = (processes.processes().await?, ledger.pauses().await?);
        let accounts = accounts.all();
        let of = |name: &str| accounts.iter().filter(|card| card.channel.as_str() == name).count();
        let abouts = channels.iter().map(|channel| channel.about());
        let evidence = roster::Evidence {
            broker_answers: reaches(&processes, "broker").unwrap_or(true),
            takers: None,
            // Whoever tells this is a notifier.
            has_hooks: false,
            channels: outlets(abouts.map(|about| (about.name, about.title)), of, &pauses),
            history_lost: matches!(ledger.ping().await, Err(LedgerError::Restored)),
            // Parts that some reach are for the metrics' alerts.
            unreached: Vec::new(),
        };
        Ok(roster::missing(&processes, &evidence).into_iter().map(Matter::missing).collect())
    }

    /// Forgets what a way was told that is used no more: an address that is put in again knows nothing of it. Not at once, for processes
    /// that are not restarted yet may still use it.
    async fn forget(&self, row: &CredentialRow) -> Result<(), LedgerError> {
        let is_used = self.ways.0.iter().any(|way| way.group(&row.name).is_some());
        if !is_used
            && row.updated_at.saturating_add(self.options.forget_after).is_ok_and(|end| end < self.runtime.now())
        {
            self.parts.records.delete(RecordKind::Alert, &row.name, row.version).await?;
        }
        Ok(())
    }

    /// Tells of a matter, if that is due and nobody else does. Why it could not be told, if so.
    async fn see(
        &self,
        way: &Way,
        matter: &Matter,
        row: Option<CredentialRow>,
        now: Timestamp,
    ) -> Result<Option<Untold>, LedgerError> {
        let record = way.record(&matter.name);
        let known = row.as_ref().and_then(|row| serde_json::from_value::<plan::Known>(row.open.clone()).ok());
        let times = matter.times(&self.options);
        let Some(Act { say, known: then }) = plan::act(known.as_ref(), matter.seen(), now, times) else {
            return Ok(None);
        };
        let version = row.map(|row| row.version);
        let Some(say) = say.filter(|say| matter.wants(say)) else {
            self.keep(&record, version, then).await?;
            return Ok(None);
        };
        // First it is said that this process tells: of several that see the same, one does.
        let before = known.unwrap_or_else(|| plan::Known::new(now));
        let telling = plan::Known { telling: now.checked_add(TELLING).ok(), ..before.clone() };
        let Some(version) = self.keep(&record, version, Some(telling)).await? else { return Ok(None) };
        let untold = self.tell(way, &say, matter, before.since).await;
        let after = if untold.is_some() { Some(before) } else { then };
        self.keep(&record, Some(version), after).await?;
        Ok(untold)
    }

    async fn tell(&self, way: &Way, say: &Say, matter: &Matter, since: Timestamp) -> Option<Untold> {
        let message = matter.message(say, self.options.console.as_ref());
        let telling = Telling::of(say, &matter.name, since, message);
        let (group, name) = (matter.name.as_str(), way.name());
        let Err(untold) = way.tell(&telling).await else {
            tracing::info!(group, way = name, "people were told");
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
        known: Option<plan::Known>,
    ) -> Result<Option<u64>, LedgerError> {
        let Some(known) = known else {
            if let Some(version) = expected {
                self.parts.records.delete(RecordKind::Alert, record, version).await?;
            }
            return Ok(None);
        };
        // It has text keys and no failing parts.
        let open = serde_json::to_value(known).unwrap_or_default();
        let put = CredentialPut { kind: RecordKind::Alert, name: record.to_owned(), expected, open, sealed: None };
        Ok(self.parts.records.put(put).await?.map(|row| row.version))
    }
}
