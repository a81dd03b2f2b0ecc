//! A vault over logins, on a virtual clock.
#![allow(clippy::unwrap_used, dead_code, reason = "tests; no file uses all of it")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use channels::{Account, Channel, ListedAccounts, RefreshRepeat, Registry, Secret, SecretSource, Tokens};
use domain::{AccountId, ChannelName, Policy, TenantId};
use ledger::MemoryLedger;
use oncepost_simulation::{Logins, Platform, TestChannel, TokenChannel};
use runtime::Runtime;
use vault::{AccountName, Connect, Defaults, Keys, Parts, Vault, VaultOptions};

/// The kind of channel behind the logins.
pub const CHANNEL: &str = "look-up";
pub const HOUR: Duration = Duration::from_secs(3600);
pub const MINUTE: Duration = Duration::from_secs(60);

/// What all processes share.
pub struct Stand {
    pub runtime: Runtime,
    pub ledger: Arc<MemoryLedger>,
    pub platform: Platform,
    pub logins: Logins,
    pub keys: Keys,
}

impl Stand {
    pub fn new(seed: u64, repeat: RefreshRepeat) -> Self {
        let runtime = Runtime::simulated(seed, "2026-03-01T12:00:00Z".parse().unwrap());
        let keys = Keys::read([("test", Keys::make(&runtime).as_str())]).unwrap();
        Self {
            ledger: Arc::new(MemoryLedger::new(runtime.clock(), Policy::default())),
            platform: Platform::new(runtime.clone()),
            logins: Logins::new(runtime.clone(), 2 * HOUR, repeat),
            keys,
            runtime,
        }
    }

    /// The channels as a process sees them.
    pub fn registry(&self, runtime: &Runtime) -> Arc<Registry> {
        let channel = TestChannel::new(CHANNEL, self.platform.seen_by(runtime.clone()));
        let channel = TokenChannel::new(channel, self.logins.seen_by(runtime.clone()));
        Arc::new(Registry::of([Arc::new(channel) as Arc<dyn Channel>]))
    }

    /// The vault of a process.
    pub fn vault(&self, runtime: Runtime) -> Vault {
        self.listing(runtime, [])
    }

    /// The vault of a process whose settings list accounts.
    pub fn listing(&self, runtime: Runtime, listed: impl IntoIterator<Item = Account<SecretSource>>) -> Vault {
        Vault::new(Parts {
            store: self.ledger.clone(),
            channels: self.registry(&runtime),
            keys: self.keys.clone(),
            listed: ListedAccounts::new(listed),
            defaults: Defaults::default(),
            options: VaultOptions::default(),
            runtime,
        })
    }

    /// A vault of a process of its own.
    pub fn process(&self) -> Vault {
        self.vault(self.runtime.sibling())
    }

    /// A person connects the account.
    pub async fn connect(&self, vault: &Vault, name: &AccountName) {
        let ask = connect(self.logins.log_in(&name.to_string()));
        vault.connect(name, ask, "test").await.unwrap();
    }
}

/// The name of an account.
pub fn account(id: &str) -> AccountName {
    AccountName {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new(CHANNEL).unwrap(),
        account: AccountId::new(id).unwrap(),
    }
}

/// What a person brings who has logged in.
pub fn connect(tokens: Tokens) -> Connect {
    let secrets = [("access_token", Some(tokens.access)), ("refresh_token", tokens.refresh)];
    let secrets: BTreeMap<String, Secret> =
        secrets.into_iter().filter_map(|(name, secret)| Some((name.to_owned(), secret?))).collect();
    Connect {
        base_url: Some("https://platform.example".parse().unwrap()),
        secrets,
        expires_at: tokens.expires_at,
        ..Connect::default()
    }
}
