//! Pauses: what is held back, and why.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, AppId, ChannelName, Code, Target, TenantId};

/// What a pause holds back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PauseScope {
    /// Everything.
    All,
    /// One channel.
    Channel {
        /// Which.
        channel: ChannelName,
    },
    /// One of our registrations with a platform.
    App {
        /// Which.
        app: AppId,
    },
    /// One tenant.
    Tenant {
        /// Which.
        tenant: TenantId,
    },
    /// One account.
    Account {
        /// Whose.
        tenant: TenantId,
        /// On which channel.
        channel: ChannelName,
        /// Which.
        account: AccountId,
    },
}

impl PauseScope {
    /// Whether the scope covers `target`.
    pub fn covers(&self, target: &Target) -> bool {
        match self {
            PauseScope::All => true,
            PauseScope::Channel { channel } => *channel == target.channel,
            PauseScope::App { app } => target.app.as_ref() == Some(app),
            PauseScope::Tenant { tenant } => *tenant == target.tenant,
            PauseScope::Account { tenant, channel, account } => {
                *tenant == target.tenant && *channel == target.channel && *account == target.account
            }
        }
    }
}

impl fmt::Display for PauseScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PauseScope::All => f.write_str("all"),
            PauseScope::Channel { channel } => write!(f, "channel:{channel}"),
            PauseScope::App { app } => write!(f, "app:{app}"),
            PauseScope::Tenant { tenant } => write!(f, "tenant:{tenant}"),
            PauseScope::Account { tenant, channel, account } => write!(f, "account:{tenant}/{channel}/{account}"),
        }
    }
}

/// A pause in force. Kept in the ledger, so that it outlives Redis and the broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// The pause's id.
    pub id: Uuid,
    /// What it holds back.
    pub scope: PauseScope,
    /// Why, for people.
    pub reason: String,
    /// The failure that caused it, when the machine did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Who paused: an operator's name, or `oncepost`.
    pub by: String,
    /// Since when.
    #[schemars(with = "crate::Rfc3339")]
    pub since: Timestamp,
}
