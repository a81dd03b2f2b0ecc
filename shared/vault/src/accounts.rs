//! The vault as [`Accounts`]: what workers, intake and the console see of it.

use std::{sync::PoisonError, time::Duration};

use async_trait::async_trait;
use channels::{Account, AccountCard, Accounts};
use domain::{AccountId, ChannelName, Code, Failure, Fix, Landed, PlatformWords, Scope, TenantId, Worth};
use ledger::{CredentialRow, RecordKind};
use serde::Deserialize;

use crate::{
    AccountName, Vault, VaultError,
    plan::later,
    record::{AccountRecord, State},
    renew::Ask,
};

const STEP: &str = "open account";
/// They are not read anew sooner than this, however many ask. Whoever asks waits for it, and what comes with a slip in a name must not hold
/// back what comes with it.
const AGAIN: Duration = Duration::from_millis(200);
/// How often the cards of connected accounts are read anew.
const FOLLOW: Duration = Duration::from_secs(5);

#[async_trait]
impl Accounts for Vault {
    /// A token that would end during the attempt is renewed first: the last resort, after the keeper.
    async fn open(&self, tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Result<Account, Failure> {
        let name = AccountName::new(tenant, channel, account);
        let failed = |error| match error {
            VaultError::NoAccount(name) => unknown(&name),
            error => error.into_failure(STEP),
        };
        let loaded = self.load(&name).await.map_err(failed)?;
        let now = self.runtime.now();
        let ends = loaded.means.ends(&loaded.record.token);
        if !loaded.means.can_renew || ends.is_none_or(|ends| later(now, self.options.at_least) < ends) {
            return Ok(loaded.account);
        }
        let token = self.channel(&name).ok().and_then(|channel| loaded.token(channel.about()).cloned());
        match self.renew(&name, Ask::Instead(token)).await {
            Ok(account) => Ok(account),
            // What is left of the old one may do; if not, the platform says so.
            Err(_) if ends.is_some_and(|ends| now < ends) => Ok(loaded.account),
            Err(error) => Err(error.into_failure(STEP)),
        }
    }

    fn find(&self, tenant: &TenantId, channel: &ChannelName, account: &AccountId) -> Option<AccountCard> {
        let listed = self.listed.find(tenant, channel, account);
        let name = AccountName::new(tenant, channel, account);
        listed.or_else(|| self.0.cards.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned())
    }

    fn all(&self) -> Vec<AccountCard> {
        let mut cards = self.listed.all();
        cards.extend(self.0.cards.read().unwrap_or_else(PoisonError::into_inner).values().cloned());
        cards.sort_by(|a, b| (&a.tenant, &a.channel, &a.id).cmp(&(&b.tenant, &b.channel, &b.id)));
        cards.dedup_by(|a, b| (&a.tenant, &a.channel, &a.id) == (&b.tenant, &b.channel, &b.id));
        cards
    }

    async fn wrong_with(&self, card: &AccountCard) -> Option<String> {
        let name = AccountName::from(card);
        // What is told needs no secret, and a process may have no keys.
        let row = match self.store.row(RecordKind::Account, &name.to_string()).await {
            Ok(row) => row?,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, account.name = %name, "an account cannot be asked after");
                return None;
            }
        };
        let record = AccountRecord::deserialize(&row.open).ok()?;
        match record.health.state {
            _ if record.disabled.is_some() => Some("is switched off".into()),
            State::NeedsReconnect => Some("needs to be connected again".into()),
            State::LacksPermission => Some("lacks a permission".into()),
            State::Restricted => Some("is restricted by its platform".into()),
            State::Ok | State::Expiring | State::Unknown => None,
        }
    }

    async fn see_to(&self, account: &Account, failure: Failure) -> Failure {
        if !self.is_about_token(account, &failure) && failure.scope != Scope::Account {
            return failure;
        }
        self.seen_to(account, failure).await
    }

    async fn catch_up(&self) {
        let asked = self.runtime.uptime();
        let mut last = self.0.caught_up.lock().await;
        if last.is_some_and(|last| asked < last) {
            // They were read for somebody else since.
            return;
        }
        // Whoever names accounts that do not exist must not have every account read for each of them: all wait for one reading.
        if let Some(last) = *last {
            self.runtime.sleep((last + AGAIN).saturating_sub(self.runtime.uptime())).await;
        }
        *last = Some(self.runtime.uptime());
        if let Err(error) = self.read_cards().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the connected accounts could not be read anew");
        }
    }
}

impl Vault {
    /// Reads the cards of connected accounts anew, and hands over what is stored of all accounts.
    pub(crate) async fn read_cards(&self) -> Result<Vec<CredentialRow>, VaultError> {
        let rows = self.store.rows(RecordKind::Account).await?;
        let cards = rows.iter().filter_map(|row| {
            let name: AccountName = row.name.parse().ok()?;
            let record = AccountRecord::deserialize(&row.open).ok()?;
            (!record.listed).then(|| (name.clone(), self.card_of(&name, &record)))
        });
        *self.0.cards.write().unwrap_or_else(PoisonError::into_inner) = cards.collect();
        Ok(rows)
    }

    /// Keeps the cards of connected accounts up to date, until the process stops. Whoever needs to know sooner asks with
    /// [`Accounts::catch_up`].
    pub fn follow(&self) {
        let vault = self.clone();
        self.runtime.spawn(async move {
            let stop = vault.runtime.stop();
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = vault.runtime.sleep(FOLLOW) => vault.catch_up().await,
                }
            }
        });
    }
}

fn unknown(name: &AccountName) -> Failure {
    Failure {
        code: Code::UNKNOWN_ACCOUNT,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Setup },
        scope: Scope::Account,
        step: STEP.into(),
        said: PlatformWords::text(format!("{} has no account {} on {}", name.tenant, name.account, name.channel)),
    }
}
