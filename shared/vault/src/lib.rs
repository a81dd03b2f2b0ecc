#![doc = include_str!("../README.md")]

mod accounts;
mod check;
mod connect;
mod error;
mod hook;
mod link;
mod load;
mod name;
pub mod plan;
pub mod record;
mod renew;
mod rotate;
mod seal;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, RwLock},
    time::Duration,
};

use channels::{AccountCard, ListedAccounts, Registry, SecretSource};
use domain::{AppId, ChannelName};
use ledger::CredentialStore;
use runtime::Runtime;
use url::Url;

pub use check::View;
pub use connect::{App, Connect};
pub use error::VaultError;
pub use hook::{Hook, HookAsk, HookName, HookRecord, NewSecret};
pub use link::{Link, LinkAsk, LinkEnd};
pub use name::AccountName;
pub use rotate::Rotated;
pub use seal::{Keys, SealError, key_id};

/// Keeps credentials. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

/// What a vault works with.
pub struct Parts {
    /// Time, randomness, spawning.
    pub runtime: Runtime,
    /// Where records are kept.
    pub store: Arc<dyn CredentialStore>,
    /// The platforms.
    pub channels: Arc<Registry>,
    /// What seals. Without a key nothing can be connected or renewed; what the settings list is used as it stands there.
    pub keys: Keys,
    /// The accounts that the settings list.
    pub listed: ListedAccounts,
    /// What holds for connected accounts that do not say otherwise.
    pub defaults: Defaults,
    /// The vault's numbers.
    pub options: VaultOptions,
}

struct Inner {
    parts: Parts,
    cards: RwLock<HashMap<AccountName, AccountCard>>,
    /// When the cards were read last because somebody asked, by the clock's uptime.
    caught_up: tokio::sync::Mutex<Option<Duration>>,
}

/// What holds for accounts that do not say otherwise.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// By channel.
    pub channels: BTreeMap<ChannelName, ChannelDefaults>,
    /// By app.
    pub apps: BTreeMap<AppId, AppDefaults>,
}

/// What holds for the accounts of a channel.
#[derive(Debug, Clone, Default)]
pub struct ChannelDefaults {
    /// The platform's server.
    pub base_url: Option<Url>,
    /// How often each may publish.
    pub rate: Option<(u32, Duration)>,
}

/// What holds for the accounts of an app.
#[derive(Debug, Clone, Default)]
pub struct AppDefaults {
    /// The channels whose accounts may use it; empty: all.
    pub channels: BTreeSet<ChannelName>,
    /// How often everything through it may publish.
    pub rate: Option<(u32, Duration)>,
    /// Its client id and secret, where the settings hold them.
    pub secrets: BTreeMap<String, SecretSource>,
}

/// The vault's numbers.
#[derive(Debug, Clone, Copy)]
pub struct VaultOptions {
    /// How long a token must still live when an attempt begins; otherwise it is renewed first.
    pub at_least: Duration,
}

impl Default for VaultOptions {
    fn default() -> Self {
        Self { at_least: Duration::from_secs(150) }
    }
}

impl Vault {
    /// A vault over the given parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner { parts, cards: RwLock::default(), caught_up: tokio::sync::Mutex::default() }))
    }

    /// Whether anything can be sealed.
    pub fn can_seal(&self) -> bool {
        self.keys.can_seal()
    }
}

impl std::ops::Deref for Vault {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}
