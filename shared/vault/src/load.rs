//! What is known of an account, put together: what the settings list, what is stored, and what its channel says.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use channels::{About, Account, AccountCard, Accounts, Channel, Secret, TokenLife};
use ledger::{CredentialPut, CredentialRow, RecordKind};
use sha2::{Digest, Sha256};

use crate::{
    AccountName, SealError, Vault, VaultError,
    plan::Means,
    record::{AccountRecord, Sealed},
};

pub(crate) const REFRESH_TOKEN: &str = "refresh_token";

/// An account as it is now.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub name: AccountName,
    /// Ready to be used.
    pub account: Account,
    /// The secrets that its record holds, or will: without those of its app, and of a listed account its tokens only.
    pub own: BTreeMap<String, Secret>,
    /// Of a listed account: what its tokens in the settings are known by.
    pub seed: Option<String>,
    pub record: AccountRecord,
    /// The record's version; `None`: nothing is stored yet.
    pub version: Option<u64>,
    pub means: Means,
}

impl Loaded {
    /// The access token.
    pub fn token(&self, about: &About) -> Option<&Secret> {
        about.token().and_then(|name| self.account.secrets.get(name))
    }

    /// What a renewal sends: it is used up, or replaced by what it gives.
    pub fn renewed_by(&self, about: &About) -> Option<&Secret> {
        match self.means.life {
            TokenLife::Refreshed { .. } => self.account.secrets.get(REFRESH_TOKEN),
            _ => self.token(about),
        }
    }
}

impl Vault {
    /// The account as it is now.
    pub(crate) async fn load(&self, name: &AccountName) -> Result<Loaded, VaultError> {
        let row = self.store.row(RecordKind::Account, &name.to_string()).await?;
        self.load_from(name, row).await
    }

    /// The account as it is by what is stored of it.
    pub(crate) async fn load_from(&self, name: &AccountName, row: Option<CredentialRow>) -> Result<Loaded, VaultError> {
        let channel = self.channel(name)?;
        let is_listed = self.listed.find(&name.tenant, &name.channel, &name.account).is_some();
        if is_listed {
            self.load_listed(name, channel, row).await
        } else {
            self.load_connected(name, channel, row).await
        }
    }

    pub(crate) fn channel(&self, name: &AccountName) -> Result<&dyn Channel, VaultError> {
        let channel = self.channels.get(name.channel.as_str()).map(|channel| &**channel);
        channel.ok_or_else(|| VaultError::Refused(vec![format!("there is no channel {}", name.channel)]))
    }

    async fn load_listed(
        &self,
        name: &AccountName,
        channel: &dyn Channel,
        row: Option<CredentialRow>,
    ) -> Result<Loaded, VaultError> {
        let mut account = self.listed.open(&name.tenant, &name.channel, &name.account).await?;
        for (secret, value) in self.app_secrets(&account.app).await? {
            account.secrets.entry(secret).or_insert(value);
        }
        let about = channel.about();
        let seed = seed(about, &account.secrets);
        let version = row.as_ref().map(|row| row.version);
        let mut record = AccountRecord { listed: true, ..AccountRecord::default() };
        if let Some(row) = row {
            let (stored, sealed) = self.open_row(&row, name)?;
            // Other tokens in the settings than those that were renewed: a person has put in new ones, and these count.
            let is_same = sealed.as_ref().is_none_or(|sealed| sealed.seed.as_ref() == Some(&seed));
            if stored.listed && is_same {
                record = stored;
                account.secrets.extend(sealed.map(|sealed| sealed.secrets()).unwrap_or_default());
            } else if stored.listed {
                // Other tokens switch nothing on.
                record.disabled = stored.disabled;
            }
        }
        let own = account.secrets.iter().filter(|(name, _)| is_token(about, name));
        let own = own.map(|(name, secret)| (name.clone(), secret.clone())).collect();
        let means = self.means(channel, &account);
        record.holds = account.secrets.keys().cloned().collect();
        Ok(Loaded { name: name.clone(), account, own, seed: Some(seed), record, version, means })
    }

    async fn load_connected(
        &self,
        name: &AccountName,
        channel: &dyn Channel,
        row: Option<CredentialRow>,
    ) -> Result<Loaded, VaultError> {
        let missing = || VaultError::NoAccount(Box::new(name.clone()));
        let row = row.ok_or_else(missing)?;
        let (record, sealed) = self.open_row(&row, name)?;
        if record.listed {
            // The settings listed it once, and do so no more.
            return Err(missing());
        }
        let own = sealed.map(|sealed| sealed.secrets()).unwrap_or_default();
        let mut secrets = self.app_secrets(&record.app).await?;
        secrets.extend(own.clone());
        let card = self.card_of(name, &record);
        let account = Account {
            tenant: card.tenant,
            channel: card.channel,
            id: card.id,
            app: card.app,
            base_url: self.base_url(name, &record)?,
            secrets,
            settings: card.settings,
            on_doubt: card.on_doubt,
            rate: card.rate,
            app_rate: card.app_rate,
        };
        let means = self.means(channel, &account);
        Ok(Loaded { name: name.clone(), account, own, seed: None, record, version: Some(row.version), means })
    }

    /// What a record says of the account without its secrets.
    pub(crate) fn card_of(&self, name: &AccountName, record: &AccountRecord) -> AccountCard {
        let channel = self.defaults.channels.get(&name.channel);
        let app = record.app.as_ref().and_then(|app| self.defaults.apps.get(app));
        AccountCard {
            tenant: name.tenant.clone(),
            channel: name.channel.clone(),
            id: name.account.clone(),
            app: record.app.clone(),
            rate: record.rate.map(Into::into).or_else(|| channel.and_then(|channel| channel.rate)),
            app_rate: app.and_then(|app| app.rate),
            on_doubt: record.on_doubt,
            settings: record.settings.clone(),
        }
    }

    /// Where the account lives.
    pub(crate) fn base_url(&self, name: &AccountName, record: &AccountRecord) -> Result<url::Url, VaultError> {
        let of_channel = || self.defaults.channels.get(&name.channel).and_then(|channel| channel.base_url.clone());
        let of_platform = || self.channel(name).ok().and_then(|channel| channel.about().server?.parse().ok());
        let url = record.base_url.clone().or_else(of_channel).or_else(of_platform);
        url.ok_or_else(|| {
            VaultError::Refused(vec![format!("{name} has no base_url, and its channel none for all accounts")])
        })
    }

    fn means(&self, channel: &dyn Channel, account: &Account) -> Means {
        // What cannot be stored is not renewed: the next process would not have it.
        Means { life: channel.about().tokens, can_renew: self.keys.can_seal() && channel.can_renew(account) }
    }

    /// Reads a row of an account.
    pub(crate) fn open_row(
        &self,
        row: &CredentialRow,
        name: &AccountName,
    ) -> Result<(AccountRecord, Option<Sealed>), VaultError> {
        let record = serde_json::from_value(row.open.clone());
        let record = record.map_err(|error| VaultError::Record(name.to_string(), error))?;
        Ok((record, self.open_sealed(row, &name.context())?))
    }

    pub(crate) fn open_sealed(&self, row: &CredentialRow, context: &str) -> Result<Option<Sealed>, VaultError> {
        let Some(sealed) = &row.sealed else { return Ok(None) };
        let failed = |error| VaultError::Seal(row.name.clone(), error);
        let text = self.keys.open(context, sealed).map_err(failed)?;
        // What serde says of it may hold a secret.
        let read = serde_json::from_slice(&text).map_err(|_| failed(SealError::Strange))?;
        Ok(Some(read))
    }

    pub(crate) fn seal(&self, name: &str, context: &str, sealed: &Sealed) -> Result<Vec<u8>, VaultError> {
        let text = serde_json::to_vec(sealed).map(zeroize::Zeroizing::new);
        let text = text.map_err(|error| VaultError::Record(name.to_owned(), error))?;
        self.keys.seal(context, &text, &self.runtime).map_err(|error| VaultError::Seal(name.to_owned(), error))
    }

    /// Stores what is loaded, if nobody else did meanwhile. The version as stored; `None`: somebody did.
    pub(crate) async fn save(&self, loaded: &Loaded) -> Result<Option<u64>, VaultError> {
        let name = loaded.name.to_string();
        let open = serde_json::to_value(&loaded.record).map_err(|error| VaultError::Record(name.clone(), error))?;
        let about = self.channel(&loaded.name)?.about();
        // Tokens that are those in the settings stay there. What they are known by is kept, so that others are noticed.
        let is_in_settings = loaded.seed.as_ref().is_some_and(|settings| seed(about, &loaded.own) == *settings);
        let own = if is_in_settings { &BTreeMap::new() } else { &loaded.own };
        let sealed = match self.keys.can_seal() && !loaded.own.is_empty() {
            true => Some(self.seal(&name, &loaded.name.context(), &Sealed::of(own, loaded.seed.clone()))?),
            false => None,
        };
        let put = CredentialPut { kind: RecordKind::Account, name, expected: loaded.version, open, sealed };
        Ok(self.store.put(put).await?.map(|row| row.version))
    }
}

fn is_token(about: &About, name: &str) -> bool {
    name == REFRESH_TOKEN || about.token() == Some(name)
}

/// What an account's tokens in the settings are known by. It is kept sealed.
fn seed(about: &About, secrets: &BTreeMap<String, Secret>) -> String {
    let mut hasher = Sha256::new();
    for (name, secret) in secrets.iter().filter(|(name, _)| is_token(about, name)) {
        for field in [name.as_str(), secret.reveal()] {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field);
        }
    }
    BASE64_STANDARD_NO_PAD.encode(hasher.finalize())
}
