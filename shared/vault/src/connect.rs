//! What people do with accounts and apps: connect, switch off, remove.

use std::{collections::BTreeMap, time::Duration};

use channels::{About, Account, Accounts, Channel, Secret, nearest, unfit};
use domain::{AppId, OnDoubt};
use jiff::Timestamp;
use ledger::{CredentialPut, RecordKind};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    AccountName, Vault, VaultError,
    link::AUTH_URL,
    load::{Loaded, REFRESH_TOKEN},
    plan,
    record::{AccountRecord, Health, Means, Pace, Renewal, Sealed, Token, Word},
};

/// No token lives longer: a longer life is a mistake, and is not believed.
const LONGEST: Duration = Duration::from_secs(3 * 365 * 24 * 3600);
/// The address of a hook, which stands in the place of a token where a channel knows such.
const HOOK: &str = "webhook_url";
/// What an account may hold besides what its channel needs.
const OPTIONAL: [&str; 4] = [REFRESH_TOKEN, "client_id", "client_secret", HOOK];
/// How often a change is tried again that somebody else's was faster than.
const TRIES: usize = 8;

/// Credentials for an account, and what else it takes. What is `None` or not named stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Connect {
    /// The registration with the platform whose limits and client it shares.
    pub app: Option<AppId>,
    /// The server it lives on.
    pub base_url: Option<Url>,
    /// What else the channel's page lists; an empty value takes a setting away.
    pub settings: BTreeMap<String, String>,
    /// What to do with an unknown outcome that nobody can settle.
    pub on_doubt: Option<OnDoubt>,
    /// How often it may publish.
    pub rate: Option<Pace>,
    /// Secrets by name. An empty one is none.
    pub secrets: BTreeMap<String, Secret>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<Timestamp>,
    /// The permissions that were given.
    pub scopes: Option<Vec<String>>,
    /// Another account on the platform is meant from now on: nothing of the one before is kept.
    pub another: bool,
    /// Whoever asks is bound to a tenant, and an app's secrets are the operators': they go to no server that a tenant names. What an
    /// operator chose may stay.
    pub tenants_own: bool,
}

/// An app as it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct App {
    /// Its name.
    pub name: AppId,
    /// The names of the secrets that it holds.
    pub holds: Vec<String>,
    /// Whether the settings hold them; else it was put in by API or command.
    pub listed: bool,
    /// When it was put in last, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub put: Option<Word>,
}

#[derive(Default, Serialize, Deserialize)]
struct AppRecord {
    holds: Vec<String>,
    put: Option<Word>,
}

impl Vault {
    /// Connects an account, for the first time or again. Returns whether it is new.
    ///
    /// Nothing that is not brought is lost: an empty value takes no stored secret away. Tokens that are brought begin a life of their
    /// own: what was known of the old ones, a refusal among it, counts no more.
    ///
    /// # Errors
    /// It lacks what its channel cannot do without, or nothing can be sealed.
    pub async fn connect(&self, name: &AccountName, ask: Connect, by: &str) -> Result<bool, VaultError> {
        self.connect_fit(name, ask, by, |_| Ok(())).await
    }

    /// The same, if the account that comes of it is `fit`, which may add what else is known of it.
    pub(crate) async fn connect_fit(
        &self,
        name: &AccountName,
        ask: Connect,
        by: &str,
        fit: impl Fn(&mut Loaded) -> Result<(), VaultError> + Send + Sync,
    ) -> Result<bool, VaultError> {
        let channel = self.channel(name)?;
        if !self.keys.can_seal() {
            return Err(VaultError::Seal(name.to_string(), crate::SealError::NoKeys));
        }
        for _ in 0..TRIES {
            let mut loaded = match self.load(name).await {
                Ok(loaded) => loaded,
                Err(VaultError::NoAccount(_)) => self.blank(name, &ask).await?,
                Err(error) => return Err(error),
            };
            let was = loaded.record.health.who.clone();
            let is_new = loaded.version.is_none() && !loaded.record.listed;
            self.put_in(&mut loaded, &ask, by)?;
            if !loaded.record.listed {
                loaded.account.app = loaded.record.app.clone();
                loaded.account.base_url = self.base_url(name, &loaded.record)?;
                loaded.account.settings.clone_from(&loaded.record.settings);
            }
            fit(&mut loaded)?;
            if loaded.record.health.who.is_empty() {
                self.same_person(channel, &mut loaded, &ask, was).await?;
            }
            let about = channel.about();
            let mut wrong = Vec::new();
            if !loaded.record.listed {
                wrong = unusable(channel, &loaded.account);
            } else if loaded.own.is_empty() {
                wrong.push("the settings list it, and of such an account tokens only can be connected".into());
            }
            wrong.extend(unfit_secrets(about, &ask, &loaded));
            wrong.extend(self.unknown_app(&ask, &loaded).await?);
            wrong.extend(self.foreign_app(&loaded));
            if !wrong.is_empty() {
                return Err(VaultError::Refused(wrong));
            }
            if self.save(&loaded).await?.is_some() {
                self.read_cards().await?;
                tracing::info!(account = %name, by, "connected");
                return Ok(is_new);
            }
        }
        Err(VaultError::Changed(name.to_string()))
    }

    /// An app that nobody put in is a slip, unless the account holds the app's secrets itself: then the app is a name that it shares limits
    /// by.
    async fn unknown_app(&self, ask: &Connect, loaded: &Loaded) -> Result<Option<String>, VaultError> {
        let Some(app) = ask.app.as_ref().filter(|_| !loaded.own.contains_key("client_id")) else { return Ok(None) };
        let is_known = self.apps().await?.iter().any(|known| known.name == *app);
        Ok((!is_known).then(|| format!("there is no app {app}: put its secrets in first (`oncepost apps put {app}`)")))
    }

    /// An app that is not for accounts on this channel: its secrets are not where this account's posts are sent from.
    pub(crate) fn foreign_app(&self, loaded: &Loaded) -> Option<String> {
        let app = loaded.account.app.as_ref()?;
        let channels = &self.defaults.apps.get(app)?.channels;
        let channel = &loaded.name.channel;
        let is_foreign = !channels.is_empty() && !channels.contains(channel);
        is_foreign.then(|| {
            format!(
                "the app {app} is not for {channel}: name another, or the channel in the settings (apps.{app}.channels)"
            )
        })
    }

    /// Sees to it that tokens are those of whom they were before, as far as the platform tells. Of somebody else who is meant, nothing of
    /// the one before is kept: a refresh token of theirs would bring them back.
    async fn same_person(
        &self,
        channel: &dyn Channel,
        loaded: &mut Loaded,
        ask: &Connect,
        was: String,
    ) -> Result<(), VaultError> {
        let brought = |name: &str| ask.secrets.get(name).is_some_and(|secret| !secret.reveal().trim().is_empty());
        if was.is_empty() || !loaded.own.keys().any(|name| brought(name)) {
            loaded.record.health.who = was;
            return Ok(());
        }
        // Who cannot be asked now is asked once it is stored, as ever.
        let is = channel.check_credentials(&loaded.account).await.map(|standing| standing.who).unwrap_or_default();
        if is.is_empty() || is == was {
            loaded.record.health.who = was;
            return Ok(());
        }
        if !ask.another {
            return Err(VaultError::Another { name: loaded.name.to_string(), was, is });
        }
        loaded.own.retain(|name, _| brought(name));
        loaded.account.secrets.retain(|name, _| name != REFRESH_TOKEN || brought(name));
        loaded.record.holds = loaded.own.keys().cloned().collect();
        loaded.record.health.who = is;
        Ok(())
    }

    /// An account that nothing is known of.
    pub(crate) async fn blank(&self, name: &AccountName, ask: &Connect) -> Result<Loaded, VaultError> {
        // A record of an account that the settings listed once is written over.
        let version = self.store.row(RecordKind::Account, &name.to_string()).await?.map(|row| row.version);
        let wanted = AccountRecord { app: ask.app.clone(), base_url: ask.base_url.clone(), ..AccountRecord::default() };
        let card = self.card_of(name, &wanted);
        let account = Account {
            tenant: card.tenant,
            channel: card.channel,
            id: card.id,
            app: card.app,
            base_url: self.base_url(name, &wanted)?,
            secrets: self.app_secrets(&wanted.app).await?,
            settings: card.settings,
            on_doubt: card.on_doubt,
            rate: card.rate,
            app_rate: card.app_rate,
        };
        let means = plan::Means { life: self.channel(name)?.about().tokens, can_renew: false };
        let record = AccountRecord::default();
        Ok(Loaded { name: name.clone(), account, own: BTreeMap::new(), seed: None, record, version, means })
    }

    /// Puts what is brought into what is known.
    ///
    /// # Errors
    /// A tenant asks for what is the operators' to choose.
    pub(crate) fn put_in(&self, loaded: &mut Loaded, ask: &Connect, by: &str) -> Result<(), VaultError> {
        let now = self.runtime.now();
        let record = &mut loaded.record;
        let before = where_to(record);
        if !record.listed {
            record.app = ask.app.clone().or(record.app.take());
            record.base_url = ask.base_url.clone().or(record.base_url.take());
            record.settings.extend(ask.settings.clone());
            record.settings.retain(|_, value| !value.trim().is_empty());
            record.on_doubt = ask.on_doubt.unwrap_or(record.on_doubt);
            record.rate = ask.rate.or(record.rate);
        }
        // Here, and not before the record is read: of two asks at once, one with the app and one with the server, the second is refused.
        let (app, base_url, auth_url) = where_to(record);
        let is_lent = app.is_some() && (base_url.is_some() || auth_url.is_some());
        if ask.tenants_own && is_lent && where_to(record) != before {
            let why = "an account with an app and a server of its own is for operators to connect";
            return Err(VaultError::Refused(vec![why.into()]));
        }
        let brought = ask.secrets.iter().filter(|(_, secret)| !secret.reveal().trim().is_empty());
        let brought: BTreeMap<_, _> = brought.map(|(name, secret)| (name.clone(), secret.clone())).collect();
        let believed = |at: Timestamp| Some(at).filter(|at| now < *at && *at < plan::later(now, LONGEST));
        if !brought.is_empty() {
            let old = std::mem::take(&mut record.token);
            record.token = Token {
                since: Some(now),
                ends: ask.expires_at.and_then(believed),
                refresh_ends: match brought.contains_key(REFRESH_TOKEN) {
                    true => ask.refresh_expires_at.and_then(believed),
                    false => ask.refresh_expires_at.and_then(believed).or(old.refresh_ends),
                },
                scopes: ask.scopes.clone().or(old.scopes),
                ..Token::default()
            };
            record.renewal = Renewal::default();
            record.health = Health { by: Some(Means::Connect), checked_at: Some(now), ..Health::default() };
        }
        record.connected = Some(Word { by: by.to_owned(), at: now, note: String::new() });
        loaded.own.extend(brought.clone());
        loaded.account.secrets.extend(brought);
        record.holds = loaded.own.keys().cloned().collect();
        Ok(())
    }

    /// Switches an account off, or on again. While it is off nothing is checked or renewed; whoever asks holds its targets back as well,
    /// with a pause.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn switch(&self, name: &AccountName, off: Option<Word>) -> Result<(), VaultError> {
        self.change(name, |record| record.disabled = off.clone()).await
    }

    /// Removes a connected account and its secrets. Its targets fail when they come due.
    ///
    /// # Errors
    /// The settings list it, it does not exist, or its tokens are being renewed at this moment.
    pub async fn remove(&self, name: &AccountName) -> Result<(), VaultError> {
        let loaded = self.load(name).await?;
        let (false, Some(version)) = (loaded.record.listed, loaded.version) else {
            let why = format!("the settings list {name}: take it out of them");
            return Err(VaultError::Refused(vec![why]));
        };
        let now = self.store.now().await?;
        let is_busy = loaded.record.renewal.armed.is_some_and(|armed| now < armed.until);
        if is_busy || !self.store.delete(RecordKind::Account, &name.to_string(), version).await? {
            return Err(VaultError::Changed(name.to_string()));
        }
        self.read_cards().await?;
        tracing::info!(account = %name, "removed");
        Ok(())
    }

    /// Changes what is known openly of an account.
    pub(crate) async fn change(
        &self,
        name: &AccountName,
        change: impl Fn(&mut AccountRecord),
    ) -> Result<(), VaultError> {
        for _ in 0..TRIES {
            let mut loaded = self.load(name).await?;
            let before = loaded.record.clone();
            change(&mut loaded.record);
            if loaded.record == before || self.save(&loaded).await?.is_some() {
                return Ok(());
            }
        }
        Err(VaultError::Changed(name.to_string()))
    }

    /// Puts an app's secrets in, for the first time or anew. What is not brought stays. Returns whether it is new.
    ///
    /// # Errors
    /// The settings hold its secrets, or nothing can be sealed.
    pub async fn put_app(&self, app: &AppId, secrets: BTreeMap<String, Secret>, by: &str) -> Result<bool, VaultError> {
        if self.defaults.apps.get(app).is_some_and(|app| !app.secrets.is_empty()) {
            return Err(VaultError::Refused(vec![format!(
                "the settings hold the secrets of {app}: change them there"
            )]));
        }
        let secrets: BTreeMap<_, _> =
            secrets.into_iter().filter(|(_, secret)| !secret.reveal().trim().is_empty()).collect();
        if let Some(unknown) = secrets.keys().find(|name| !["client_id", "client_secret"].contains(&name.as_str())) {
            let why = format!("secrets.{unknown} is none of an app's: it has client_id and client_secret");
            return Err(VaultError::Refused(vec![why]));
        }
        for _ in 0..TRIES {
            let row = self.store.row(RecordKind::App, app.as_str()).await?;
            let (expected, mut held) = match &row {
                Some(row) => {
                    let sealed = self.open_sealed(row, &app_context(app))?.unwrap_or_default();
                    (Some(row.version), sealed.secrets())
                }
                None => (None, BTreeMap::new()),
            };
            held.extend(secrets.clone());
            let put = Some(Word { by: by.to_owned(), at: self.runtime.now(), note: String::new() });
            let open = AppRecord { holds: held.keys().cloned().collect(), put };
            let open = serde_json::to_value(open).map_err(|error| VaultError::Record(app.to_string(), error))?;
            let sealed = Some(self.seal(app.as_str(), &app_context(app), &Sealed::of(&held, None))?);
            let put = CredentialPut { kind: RecordKind::App, name: app.to_string(), expected, open, sealed };
            if self.store.put(put).await?.is_some() {
                return Ok(expected.is_none());
            }
        }
        Err(VaultError::Changed(app.to_string()))
    }

    /// All apps, sorted by name.
    ///
    /// # Errors
    /// The ledger did not answer.
    pub async fn apps(&self) -> Result<Vec<App>, VaultError> {
        let mut apps: BTreeMap<String, App> = BTreeMap::new();
        for row in self.store.rows(RecordKind::App).await? {
            let record: AppRecord =
                serde_json::from_value(row.open).map_err(|error| VaultError::Record(row.name.clone(), error))?;
            let Ok(name) = AppId::new(row.name.as_str()) else { continue };
            apps.insert(row.name, App { name, holds: record.holds, listed: false, put: record.put });
        }
        for (name, app) in &self.defaults.apps {
            let listed =
                App { name: name.clone(), holds: app.secrets.keys().cloned().collect(), listed: true, put: None };
            // The settings may hold an app's pace only.
            if !app.secrets.is_empty() || !apps.contains_key(name.as_str()) {
                apps.insert(name.to_string(), listed);
            }
        }
        Ok(apps.into_values().collect())
    }

    /// Removes an app's secrets.
    ///
    /// # Errors
    /// There is no such app, or accounts use it.
    pub async fn remove_app(&self, app: &AppId) -> Result<(), VaultError> {
        let row = self.store.row(RecordKind::App, app.as_str()).await?;
        let row = row.ok_or_else(|| VaultError::NoApp(app.to_string()))?;
        let users: Vec<_> = self.all().into_iter().filter(|card| card.app.as_ref() == Some(app)).collect();
        if let Some(user) = users.first() {
            let why = format!("{} accounts use {app}, {} among them", users.len(), AccountName::from(user));
            return Err(VaultError::Refused(vec![why]));
        }
        match self.store.delete(RecordKind::App, app.as_str(), row.version).await? {
            true => Ok(()),
            false => Err(VaultError::Changed(app.to_string())),
        }
    }

    /// An app's secrets: as the settings hold them, else as they were put in.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn app_secrets(&self, app: &Option<AppId>) -> Result<BTreeMap<String, Secret>, VaultError> {
        let Some(app) = app else { return Ok(BTreeMap::new()) };
        let listed = self.defaults.apps.get(app).map(|app| &app.secrets).filter(|secrets| !secrets.is_empty());
        if let Some(listed) = listed {
            let mut secrets = BTreeMap::new();
            for (name, source) in listed {
                let secret = source
                    .read()
                    .await
                    .map_err(|why| VaultError::Refused(vec![format!("secret \"{name}\" of the app {app}: {why}")]))?;
                secrets.insert(name.clone(), secret);
            }
            return Ok(secrets);
        }
        match self.store.row(RecordKind::App, app.as_str()).await? {
            Some(row) => Ok(self.open_sealed(&row, &app_context(app))?.unwrap_or_default().secrets()),
            None => Ok(BTreeMap::new()),
        }
    }
}

/// An app, and the servers that its secrets go to.
fn where_to(record: &AccountRecord) -> (Option<AppId>, Option<Url>, Option<String>) {
    (record.app.clone(), record.base_url.clone(), record.settings.get(AUTH_URL).cloned())
}

/// What keeps the account from being used, whatever its secrets are.
pub(crate) fn unusable(channel: &dyn Channel, account: &Account) -> Vec<String> {
    let mut wrong = unfit(channel, &account.card());
    if let Err(failure) = account.check_transport() {
        let said = failure.said.text;
        wrong.push(format!("{said}; where nobody can listen on the way, settings.insecure may be \"true\""));
    }
    wrong
}

/// What a channel needs and the account does not hold, and what was brought that no channel has a use for.
fn unfit_secrets(about: &About, ask: &Connect, loaded: &Loaded) -> Vec<String> {
    let page = format!("docs/channels/{}.md", about.name);
    let known = || about.secrets.iter().copied().chain(OPTIONAL);
    let unknown = ask.secrets.keys().filter(|name| !known().any(|known| known == name.as_str())).map(|name| {
        let meant = nearest(name, known()).map(|meant| format!("is {meant} meant?"));
        let meant = meant.unwrap_or_else(|| format!("{page} names those that there are"));
        format!("secrets.{name} is none that the channel knows; {meant}")
    });
    let held = &loaded.account.secrets;
    let is_missing = |name: &&&str| !held.contains_key(**name) && !held.contains_key(HOOK);
    let missing = about.secrets.iter().filter(is_missing);
    unknown.chain(missing.map(|name| format!("secrets.{name} is missing; {page} says what it is"))).collect()
}

/// What an app's secrets are sealed for.
pub(crate) fn app_context(app: &AppId) -> String {
    format!("app/{app}")
}
