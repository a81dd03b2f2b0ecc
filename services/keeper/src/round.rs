//! One round: every account once.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::Pause;
use futures::StreamExt;
use guard::Lock;
use jiff::Timestamp;
use vault::{AccountName, VaultError, View, plan, record::State};

use crate::{
    Keeper,
    plan::{check_at, healed},
};

const LOCK: &str = "keeper:round";

impl Keeper {
    /// Looks after every account once, unless another keeper is about it.
    pub(crate) async fn round(&self) {
        let token = self.runtime.id().simple().to_string();
        let ttl = self.options.every.max(Duration::from_secs(30)) * 4;
        // The guard is away: go on. The vault renews a token once, whoever asks.
        if let Ok(Lock::HeldByOther { .. }) = self.guard.lock(LOCK, &token, ttl).await {
            return;
        }
        if let Err(error) = self.look_after_all().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the accounts could not be looked after");
        }
        if let Err(error) = self.guard.release(LOCK, &token).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the keeper's lock is left to end by itself");
        }
    }

    async fn look_after_all(&self) -> Result<(), VaultError> {
        let due: HashMap<AccountName, Timestamp> = self
            .ledger
            .next_due()
            .await?
            .into_iter()
            .map(|next| (AccountName::new(&next.tenant, &next.channel, &next.account), next.first))
            .collect();
        self.vault.sweep_links().await?;
        let pauses = self.ledger.pauses().await?;
        let views = self.vault.views().await?;
        measure(&views);
        futures::stream::iter(views)
            .for_each_concurrent(self.options.at_once, |view| {
                let next = due.get(&view.name).copied();
                let pauses = &pauses;
                async move { self.look_after(view, next, pauses).await }
            })
            .await;
        Ok(())
    }

    async fn look_after(&self, mut view: View, next: Option<Timestamp>, pauses: &[Pause]) {
        let (name, draw) = (view.name.clone(), view.name.draw());
        let now = self.runtime.now();
        let renewal = plan::renew_at(&view.means, &view.record, next, now, draw);
        if renewal.is_some_and(|at| at <= now) {
            match self.vault.renew_due(&name).await {
                Ok(()) => view = self.look_again(view).await,
                Err(error) => tracing::debug!(account = %name, error = &error as &dyn std::error::Error, "not renewed"),
            }
        }
        if check_at(&view, next, now, draw).is_some_and(|at| at <= now) {
            view = match self.vault.check(&name).await {
                Ok(view) => view,
                Err(error) => {
                    tracing::debug!(account = %name, error = &error as &dyn std::error::Error, "could not be asked after");
                    self.look_again(view).await
                }
            };
        }
        if let Some(pause) = healed(&view, pauses) {
            self.resume(pause).await;
        }
    }

    /// How the account is after something was done about it; as it was, if that cannot be told.
    async fn look_again(&self, view: View) -> View {
        self.vault.view(&view.name).await.ok().flatten().unwrap_or(view)
    }

    async fn resume(&self, pause: &Pause) {
        match self.ledger.resume(&pause.scope, self.options.drip).await {
            Ok(Some(released)) => tracing::info!(
                scope = %pause.scope,
                released,
                "the account is well again: what was held goes out little by little"
            ),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(scope = %pause.scope, error = &error as &dyn std::error::Error, "the pause could not be ended");
            }
        }
    }
}

fn measure(views: &[View]) {
    let mut counts: BTreeMap<(String, State), u64> = BTreeMap::new();
    for view in views {
        for state in State::ALL {
            *counts.entry((view.name.channel.to_string(), state)).or_default() += u64::from(view.state == state);
        }
    }
    for ((channel, state), count) in counts {
        metrics::gauge!("oncepost_accounts", "channel" => channel, "state" => state.name()).set(count as f64);
    }
}
