//! Comparing platforms with the ledger, again and again, and counting what is open.

use std::{sync::Arc, time::Duration};

use audit::Audit;
use channels::{AccountCard, Accounts};
use domain::{Pause, PauseScope};
use guard::{Guard, Lock, Permit, ScopeLimit};
use jiff::Timestamp;
use ledger::{Incidents, Ledger, LedgerError};
use runtime::Runtime;

const LOCK: &str = "keeper:audit";
/// How often it looks whether it is time, and counts.
const TICK: Duration = Duration::from_secs(60);

/// When to look outside.
#[derive(Debug, Clone, Copy)]
pub struct AuditorOptions {
    /// How often; zero: never.
    pub every: Duration,
    /// How far back. More than once the time between two looks, so that one that was missed is made up for.
    pub since: Duration,
    /// The pause between two accounts: their platforms are often the same.
    pub gap: Duration,
}

impl Default for AuditorOptions {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self { every: day, since: 7 * day, gap: Duration::from_secs(2) }
    }
}

/// What an auditor works with.
#[derive(Clone)]
pub struct AuditorParts {
    /// Time.
    pub runtime: Runtime,
    /// For the pauses in force.
    pub ledger: Arc<dyn Ledger>,
    /// For rate limits, and so that of all keepers one looks.
    pub guard: Arc<dyn Guard>,
    /// Which accounts there are.
    pub accounts: Arc<dyn Accounts>,
    /// What is open.
    pub incidents: Arc<dyn Incidents>,
    /// What compares.
    pub audit: Audit,
}

/// Looks at every account now and then. Accounts that are paused or must not be called now are left to the next time, those whose platform
/// charges for it to whoever asks.
pub struct Auditor {
    parts: AuditorParts,
    options: AuditorOptions,
    looked: Option<Timestamp>,
}

impl Auditor {
    /// An auditor over the given parts.
    pub fn new(parts: AuditorParts, options: AuditorOptions) -> Self {
        Self { parts, options, looked: None }
    }

    /// Works until the runtime is asked to stop.
    pub async fn run(mut self) {
        let stop = self.parts.runtime.stop();
        loop {
            // Not at once: a process that starts has other things to do.
            let wait = self.parts.runtime.jittered(TICK, 0.1);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.parts.runtime.sleep(wait) => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.tick() => {}
            }
        }
    }

    /// Looks, if it is time and no other keeper has, and counts what is open.
    pub async fn tick(&mut self) {
        if self.is_time() && self.is_ours().await {
            self.looked = Some(self.parts.runtime.now());
            if let Err(error) = self.look().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the look outside stopped half-way; it is made up for the next time"
                );
            }
        }
        match self.parts.incidents.open_incidents().await {
            Ok(open) => {
                for (kind, many) in open {
                    metrics::gauge!("oncepost_incidents_open", "kind" => kind.name()).set(many as f64);
                }
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "open incidents could not be counted");
            }
        }
    }

    fn is_time(&self) -> bool {
        let every = self.options.every;
        let now = self.parts.runtime.now();
        let since = |looked| Duration::try_from(now.duration_since(looked)).unwrap_or_default();
        !every.is_zero() && self.looked.is_none_or(|looked| every <= since(looked))
    }

    /// Whether no other keeper has looked lately: the lock is not let go, and its end is the next time. Without the guard each looks.
    async fn is_ours(&self) -> bool {
        let token = self.parts.runtime.id().simple().to_string();
        !matches!(self.parts.guard.lock(LOCK, &token, self.options.every).await, Ok(Lock::HeldByOther { .. }))
    }

    async fn look(&self) -> Result<(), LedgerError> {
        let AuditorParts { runtime, ledger, accounts, audit, .. } = &self.parts;
        let pauses = ledger.pauses().await?;
        let since = runtime.now().saturating_sub(self.options.since).unwrap_or(Timestamp::MIN);
        for card in accounts.all() {
            let left_out = audit.costs(&card) || pauses.iter().any(|pause| covers(pause, &card));
            if left_out || !self.may_call(&card).await {
                continue;
            }
            let report = audit.look(&card, since, runtime.now()).await?;
            if let Some(why) = &report.not_asked {
                tracing::warn!(account = report.account, code = %why.code, "could not be looked at: {}", why.sentence);
            }
            runtime.sleep(self.options.gap).await;
        }
        Ok(())
    }

    /// Whether no cool-down holds calls for this account back. The account's own rate is for publishing, and is left to that.
    async fn may_call(&self, card: &AccountCard) -> bool {
        let account = format!("account:{}:{}:{}", card.tenant, card.channel, card.id);
        let app = card.app.as_ref().map(|app| format!("app:{app}"));
        let scopes = [Some(account), Some(format!("channel:{}", card.channel)), app];
        let scopes: Vec<_> = scopes.into_iter().flatten().map(ScopeLimit::unlimited).collect();
        !matches!(self.parts.guard.permit(&scopes, self.parts.runtime.now()).await, Ok(Permit::Wait { .. }))
    }
}

fn covers(pause: &Pause, card: &AccountCard) -> bool {
    match &pause.scope {
        PauseScope::All => true,
        PauseScope::Channel { channel } => *channel == card.channel,
        PauseScope::App { app } => card.app.as_ref() == Some(app),
        PauseScope::Tenant { tenant } => *tenant == card.tenant,
        PauseScope::Account { tenant, channel, account } => {
            (tenant, channel, account) == (&card.tenant, &card.channel, &card.id)
        }
    }
}
