//! Typed settings: a file and `ONCEPOST__SECTION__KEY` variables over compiled-in defaults.
//!
//! Unknown keys and unsafe values are refused, and every problem is reported at once, each with what to do about it.
//! Secrets print as `***`, whatever prints them.

mod accounts;
mod address;
mod alerts;
mod check;
mod doors;
mod hooks;
mod keeper;
mod keys;
mod load;
mod media;
mod needs;
mod network;
mod oidc;
mod problem;
mod protocol;
mod read;
mod secret;
mod span;
mod stores;
mod text;
mod token;
mod vault;

pub use accounts::{Account, App, Channel, Rate};
pub use address::Address;
pub use alerts::{Alerts, Mail, MailTls};
pub use doors::{Api, Health, LogFormat, Telemetry};
pub use hooks::Hooks;
pub use keeper::Keeper;
pub use keys::{KEYS, Key, reference};
pub use media::{Media, S3};
pub use needs::{NeededAccounts, Needs};
pub use network::Network;
pub use oidc::{Oidc, OidcRule};
pub use problem::Problem;
pub use protocol::{Backoff, Protocol, Resume};
pub use secret::{Secret, SecretRef};
pub use stores::{Broker, Failover, Guard, Ledger};
pub use token::{Role, Token, hash_token};
pub use vault::{Vault, VaultKey};

use std::collections::BTreeMap;

use domain::{AppId, ChannelName};
use serde::{Deserialize, Serialize};

/// Everything that can be set. `docs/configuration.md` lists the keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the truth is kept.
    pub ledger: Ledger,
    /// What carries the work.
    pub broker: Broker,
    /// Locks, limits and hints.
    pub guard: Guard,
    /// The delivery protocol's numbers.
    pub protocol: Protocol,
    /// How held and late work is released.
    pub resume: Resume,
    /// What a keeper does by itself.
    pub keeper: Keeper,
    /// The HTTP API and console.
    pub api: Api,
    /// Probes and metrics.
    pub health: Health,
    /// Logs and traces.
    pub telemetry: Telemetry,
    /// Media of posts.
    pub media: Media,
    /// Where credentials are kept.
    pub vault: Vault,
    /// Where events may be sent.
    pub hooks: Hooks,
    /// Who is told that something needs a person.
    pub alerts: Alerts,
    /// The channels that differ from their defaults.
    pub channels: BTreeMap<ChannelName, Channel>,
    /// Our registrations with platforms: their secrets, and limits of their own.
    pub apps: BTreeMap<AppId, App>,
    /// The accounts to publish on.
    pub accounts: Vec<Account>,
    #[serde(skip)]
    warnings: Vec<Problem>,
}

impl Settings {
    /// What works but should be looked at, such as a secret that everyone on the machine can read.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The settings as JSON for operators, secrets as `***`.
    pub fn to_redacted_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_else(|error| serde_json::Value::String(error.to_string()))
    }
}
