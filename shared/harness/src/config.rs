//! Settings files for harness runs: short times, so that what takes minutes in production takes seconds.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Done;

/// The API token of harness runs. Not a secret: it guards fakes on loopback.
pub const TOKEN: &str = "harness-token-0123456789abcdef";

/// What names in broker and guard start with when nobody shares them.
pub const PREFIX: &str = "oncepost";

/// Where the parts of a run are.
#[derive(Debug, Clone)]
pub struct Stores {
    /// The ledger's address.
    pub ledger: String,
    /// The broker's.
    pub broker: String,
    /// The guard's.
    pub guard: String,
    /// What names in broker and guard start with.
    pub prefix: String,
}

impl Stores {
    /// Those of one process: a SQLite file in `folder`, and the rest in memory.
    pub fn embedded(folder: &Path) -> Self {
        Self {
            ledger: format!("sqlite://{}", Self::file(folder).display()),
            broker: "memory".into(),
            guard: "memory".into(),
            prefix: PREFIX.into(),
        }
    }

    /// The SQLite file of [`Self::embedded`].
    pub fn file(folder: &Path) -> PathBuf {
        folder.join("oncepost.db")
    }
}

/// An account on a fake.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose.
    pub tenant: &'static str,
    /// On which channel.
    pub channel: &'static str,
    /// Its name.
    pub id: String,
    /// Where.
    pub base_url: String,
    /// Its secrets.
    pub secrets: Vec<(&'static str, String)>,
    /// Its settings.
    pub settings: Vec<(&'static str, String)>,
    /// How long until it may publish once more, as the settings write a time; without it, it has no rate.
    pub rate: Option<&'static str>,
}

impl Account {
    fn json(&self) -> Value {
        let secrets: serde_json::Map<_, _> =
            self.secrets.iter().map(|(name, value)| ((*name).to_owned(), json!({ "value": value }))).collect();
        let settings: serde_json::Map<_, _> =
            self.settings.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut account = json!({
            "tenant": self.tenant, "channel": self.channel, "id": self.id, "base_url": self.base_url, "secrets": secrets,
            "settings": settings,
        });
        if let Some(per) = self.rate {
            account["rate"] = json!({ "per": per, "burst": 1 });
        }
        account
    }
}

/// The times of the protocol in a run.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As in production.
    Production,
    /// Seconds instead of minutes.
    Brisk,
    /// Half a minute for an attempt: a machine that is short of time cuts none off.
    Steady,
}

/// Writes the settings of a run and returns the file.
///
/// # Errors
/// The file cannot be written.
pub fn write(folder: &Path, stores: &Stores, accounts: &[Account], pace: Pace) -> Done<PathBuf> {
    let protocol = match pace {
        Pace::Production => json!({}),
        Pace::Brisk => json!({
            "http_timeout": "2s", "attempt_limit": "5s", "lease": "6s", "lock_ttl": "7s", "reemit_after": "15s",
            "backoff": { "base": "1s", "factor": 2.0, "cap": "20s", "jitter": 0.2 },
        }),
        Pace::Steady => json!({
            "http_timeout": "20s", "attempt_limit": "30s", "lease": "35s", "lock_ttl": "40s", "reemit_after": "30s",
            "backoff": { "base": "1s", "factor": 2.0, "cap": "20s", "jitter": 0.2 },
        }),
    };
    let settings = json!({
        "ledger": { "url": stores.ledger, "pool": 10 },
        "broker": { "url": stores.broker, "prefix": stores.prefix },
        "guard": { "url": stores.guard, "prefix": stores.prefix },
        "protocol": protocol,
        "resume": { "account_gap": "200ms" },
        // One caller stands for many here: what is measured is not its limit.
        "api": {
            "tokens": [{ "name": "harness", "secret": { "value": TOKEN } }],
            "rate": { "per": "100us", "burst": 1_000_000 },
        },
        "telemetry": { "log": "warn", "format": "json" },
        "media": { "allow_private": true, "fetch_timeout": "3s", "store": folder.join("media") },
        "accounts": accounts.iter().map(Account::json).collect::<Vec<_>>(),
    });
    let path = folder.join("oncepost.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&settings)?)?;
    Ok(path)
}
