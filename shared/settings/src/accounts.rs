//! Accounts and channels.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{AccountId, AppId, ChannelName, OnDoubt, TenantId};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Secret, SecretRef, span, text::server};

/// A tenant's account on a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose account it is.
    pub tenant: TenantId,
    /// The channel it is on.
    pub channel: ChannelName,
    /// Its name in schedule requests; unique for tenant and channel.
    pub id: AccountId,
    /// The server it lives on, where that differs from the channel's.
    #[serde(default, with = "server")]
    pub base_url: Option<Url>,
    /// The registration with the platform whose limits it shares.
    #[serde(default)]
    pub app: Option<AppId>,
    /// Its credentials by name, as the channel's page lists them.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretRef>,
    /// How often it may publish; absent: as the channel.
    #[serde(default)]
    pub rate: Option<Rate>,
    /// What to do with an unknown outcome that nobody can settle.
    #[serde(default)]
    pub on_doubt: OnDoubt,
    /// What else the channel's page lists.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Account {
    /// One of its credentials.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.get(name).map(SecretRef::secret)
    }
}

/// A channel that differs from its defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Channel {
    /// Whether it publishes. What is due on a channel that is switched off is held, not failed.
    pub enabled: bool,
    /// The platform's server, where an account names none.
    #[serde(with = "server")]
    pub base_url: Option<Url>,
    /// How often each of its accounts may publish.
    pub rate: Option<Rate>,
}

impl Default for Channel {
    fn default() -> Self {
        Self { enabled: true, base_url: None, rate: None }
    }
}

/// One of our registrations with a platform.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// The channels whose accounts may use it; empty: all. Workers of others do not open its secrets.
    pub channels: BTreeSet<ChannelName>,
    /// How often everything that goes through it may publish, all accounts together.
    pub rate: Option<Rate>,
    /// Its `client_id` and `client_secret`, which its accounts share.
    pub secrets: BTreeMap<String, SecretRef>,
}

impl App {
    /// Whether accounts on this channel may use it.
    pub fn is_for(&self, channel: &ChannelName) -> bool {
        self.channels.is_empty() || self.channels.contains(channel)
    }
}

/// How often something may happen: `burst` times at once, and once more for every `per` that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The time in which room for one more comes back.
    #[serde(with = "span")]
    pub per: Duration,
    /// How many fit at once.
    #[serde(default = "one")]
    pub burst: u32,
}

fn one() -> u32 {
    1
}
