//! How accounts are: asked of their platforms, and shown.

use std::collections::HashMap;

use channels::{Account, Accounts, Channel, Standing};
use domain::{Failure, Worth};
use jiff::Timestamp;
use ledger::{CredentialRow, RecordKind};
use url::Url;

use crate::{
    AccountName, Vault, VaultError,
    load::Loaded,
    plan,
    record::{AccountRecord, Health, Means, State},
    renew::Ask,
};

/// An account as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its name.
    pub name: AccountName,
    /// What is kept of it.
    pub record: AccountRecord,
    /// How it is now, the passing of time included.
    pub state: State,
    /// Where it lives; `None` if its credentials cannot be read.
    pub base_url: Option<Url>,
    /// When its access token ends, if that is known.
    pub ends: Option<Timestamp>,
    /// Whether it holds what renewing takes.
    pub can_renew: bool,
    /// How its tokens live.
    pub means: plan::Means,
}

impl Vault {
    /// Every account, sorted by name.
    ///
    /// # Errors
    /// The ledger did not answer. An account whose credentials cannot be read is shown as such.
    pub async fn views(&self) -> Result<Vec<View>, VaultError> {
        let rows = self.read_cards().await?;
        let names: Vec<_> = self.all().iter().map(AccountName::from).collect();
        self.shown_from(rows, &names).await
    }

    /// Those of these accounts that there are, in the same order. All that is stored is read, once: for few accounts, ask for each.
    ///
    /// # Errors
    /// The ledger did not answer. An account whose credentials cannot be read is shown as such.
    pub async fn views_of<'a>(
        &self,
        names: impl IntoIterator<Item = &'a AccountName>,
    ) -> Result<Vec<View>, VaultError> {
        let rows = self.store.rows(RecordKind::Account).await?;
        self.shown_from(rows, names).await
    }

    async fn shown_from<'a>(
        &self,
        rows: Vec<CredentialRow>,
        names: impl IntoIterator<Item = &'a AccountName>,
    ) -> Result<Vec<View>, VaultError> {
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        let mut views = Vec::new();
        for name in names {
            // Of a channel that this program does not have nothing can be told, and the others still can.
            if self.channel(name).is_ok() {
                views.extend(self.view_from(name, rows.remove(&name.to_string())).await?);
            }
        }
        Ok(views)
    }

    /// One account; `None`: there is none of this name.
    ///
    /// # Errors
    /// The ledger did not answer.
    pub async fn view(&self, name: &AccountName) -> Result<Option<View>, VaultError> {
        let row = self.store.row(RecordKind::Account, &name.to_string()).await?;
        self.view_from(name, row).await
    }

    async fn view_from(&self, name: &AccountName, row: Option<CredentialRow>) -> Result<Option<View>, VaultError> {
        match self.load_from(name, row.clone()).await {
            Ok(loaded) => Ok(Some(self.shown(loaded))),
            Err(VaultError::NoAccount(_)) => Ok(None),
            Err(VaultError::Ledger(error)) => Err(error.into()),
            Err(error) => self.unreadable(name, row, error),
        }
    }

    fn shown(&self, loaded: Loaded) -> View {
        let now = self.runtime.now();
        View {
            state: plan::state(&loaded.means, &loaded.record, now),
            ends: loaded.means.ends(&loaded.record.token),
            can_renew: loaded.means.can_renew,
            means: loaded.means,
            base_url: Some(loaded.account.base_url),
            name: loaded.name,
            record: loaded.record,
        }
    }

    /// An account whose credentials cannot be read: what is known of it, and why.
    fn unreadable(
        &self,
        name: &AccountName,
        row: Option<CredentialRow>,
        error: VaultError,
    ) -> Result<Option<View>, VaultError> {
        let listed = self.find(&name.tenant, &name.channel, &name.account).is_some();
        if !listed && row.is_none() {
            return Ok(None);
        }
        let record = row.and_then(|row| serde_json::from_value(row.open).ok());
        let mut record: AccountRecord = record.unwrap_or_default();
        record.health = Health { failure: Some(error.into_failure("open account")), ..Health::default() };
        let life = self.channel(name)?.about().tokens;
        let means = plan::Means { life, can_renew: false };
        let ends = means.ends(&record.token);
        Ok(Some(View {
            name: name.clone(),
            record,
            state: State::Unknown,
            base_url: None,
            ends,
            can_renew: false,
            means,
        }))
    }

    /// Asks the platform how the account is, and keeps the answer. A token that turns out to have ended is renewed on the way.
    ///
    /// # Errors
    /// There is no such account, or the platform could not be asked: then what was known of it stays.
    pub async fn check(&self, name: &AccountName) -> Result<View, VaultError> {
        let channel = self.channel(name)?;
        let account = self.open(&name.tenant, &name.channel, &name.account).await;
        let answer = match account {
            Ok(account) => self.ask(channel, account).await,
            Err(failure) => Err(failure),
        };
        match answer {
            Ok(standing) => self.take_standing(name, standing).await?,
            Err(failure) => match plan::health_of(&failure) {
                Some(state) => self.note(name, state, Means::Check, Some(&failure)).await,
                None => {
                    if plan::is_about_token(channel.about().tokens, &failure) {
                        // What was held waits until a later check has said how it is.
                        self.note(name, State::Unknown, Means::Connect, Some(&failure)).await;
                    }
                    return Err(failure.into());
                }
            },
        }
        self.view(name).await?.ok_or_else(|| VaultError::NoAccount(Box::new(name.clone())))
    }

    async fn ask(&self, channel: &dyn Channel, account: Account) -> Result<Standing, Failure> {
        match channel.check_credentials(&account).await {
            Err(failure) => {
                let seen_to = self.see_to(&account, failure.clone()).await;
                if !matches!(seen_to.worth, Worth::Retry { not_before: Some(at) } if at <= self.runtime.now()) {
                    let is_new = self.is_about_token(&account, &failure) && self.is_just_connected(&account).await;
                    // Whoever has just brought it is told what the platform says of it.
                    return Err(if is_new { Failure { worth: seen_to.worth, ..failure } } else { seen_to });
                }
                // There is a new token. Once more, and then it is said how it is.
                let account = self.open(&account.tenant, &account.channel, &account.id).await?;
                channel.check_credentials(&account).await
            }
            answer => answer,
        }
    }

    /// Whether its token was brought by a person so shortly ago that the platform may not know it yet.
    async fn is_just_connected(&self, account: &Account) -> bool {
        let name = AccountName::new(&account.tenant, &account.channel, &account.id);
        let Ok(Loaded { record, .. }) = self.load(&name).await else { return false };
        let known = record.token.since.map(|since| plan::later(since, plan::YOUNG));
        record.token.renewed == 0
            && record.renewal.failure.is_none()
            && known.is_some_and(|known| self.runtime.now() < known)
    }

    async fn take_standing(&self, name: &AccountName, standing: Standing) -> Result<(), VaultError> {
        let now = self.runtime.now();
        self.change(name, |record| {
            if standing.unknown && record.health.state.is_broken() {
                // What was found out by publishing is more than nothing.
                record.health.checked_at = Some(now);
                record.health.by = Some(Means::Check);
                return;
            }
            // Not every platform tells later what a person left out.
            let mut missing = standing.missing.clone();
            missing
                .extend(record.token.missing.iter().filter(|left_out| !standing.missing.contains(left_out)).cloned());
            let state = match (standing.unknown, missing.is_empty()) {
                (true, _) if record.token.missing.is_empty() => State::Unknown,
                (_, false) => State::LacksPermission,
                (_, true) => State::Ok,
            };
            let since = if record.health.state == state { record.health.since } else { Some(now) };
            record.health = Health {
                state,
                since,
                checked_at: Some(now),
                by: Some(Means::Check),
                failure: None,
                missing,
                who: standing.who.clone(),
            };
            if let Some(ends) = standing.expires_at.filter(|ends| now < *ends) {
                record.token.ends = Some(ends);
                record.token.since.get_or_insert(now);
            }
            record.renewal.refused = 0;
        })
        .await
    }

    /// Renews an account's tokens because a person asks.
    ///
    /// # Errors
    /// It cannot be renewed, or not now.
    pub async fn refresh(&self, name: &AccountName) -> Result<View, VaultError> {
        self.renew(name, Ask::Forced).await?;
        self.view(name).await?.ok_or_else(|| VaultError::NoAccount(Box::new(name.clone())))
    }

    /// Renews an account's tokens because their time has come.
    ///
    /// # Errors
    /// They could not be renewed; what is to be done about it is in the record.
    pub async fn renew_due(&self, name: &AccountName) -> Result<(), VaultError> {
        self.renew(name, Ask::Due).await.map(drop)
    }

    /// Keeps what was found out about an account. Best effort: the next one to find it out says so again.
    pub(crate) async fn note(&self, name: &AccountName, state: State, by: Means, failure: Option<&Failure>) {
        let now = self.runtime.now();
        let noted = self
            .change(name, |record| {
                let is_known = record.health.state == state
                    && record.health.failure.as_ref().map(Failure::group) == failure.map(Failure::group);
                if is_known {
                    if by == Means::Check {
                        (record.health.checked_at, record.health.by) = (Some(now), Some(by));
                    }
                    return;
                }
                let who = std::mem::take(&mut record.health.who);
                record.health = Health {
                    state,
                    since: Some(now),
                    checked_at: Some(now),
                    by: Some(by),
                    failure: failure.cloned(),
                    missing: Vec::new(),
                    who,
                };
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(account = %name, error = &error as &dyn std::error::Error, "its health could not be kept");
        }
    }
}
