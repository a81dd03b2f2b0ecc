//! Accounts and apps: how they are, and never what they hold.

use std::collections::BTreeMap;

use domain::{AccountId, AppId, ChannelName, Code, OnDoubt, PlatformWords, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use vault::record::{Means, Pace, State, Word};

use super::{Pause, Repeat};

/// The accounts that the caller can see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accounts {
    /// Each of them.
    pub accounts: Vec<Account>,
}

/// An account, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Whose it is.
    pub tenant: TenantId,
    /// The channel it is on.
    pub channel: ChannelName,
    /// Its name.
    pub id: AccountId,
    /// Where it comes from.
    pub source: Source,
    /// The registration with the platform whose limits and client it shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// The server that it was connected with, where that differs from the channel's. Its query is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<Url>,
    /// What else its channel's page lists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// What becomes of an unknown outcome that nobody can settle.
    pub on_doubt: OnDoubt,
    /// How often it may publish, where it was connected with a pace of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Pace>,
    /// It can be connected by a link that its owner follows; others need a key, a password or a bot's token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_link: bool,
    /// The names of the secrets that it holds.
    pub secrets: Vec<String>,
    /// How it is.
    pub health: Health,
    /// How long its tokens live.
    pub token: Token,
    /// Switched off, by whom, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Word>,
    /// When it was connected last, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<Word>,
    /// When the first of its targets that wait is to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub next_due: Option<Timestamp>,
    /// What its platform offers against doing a thing twice; absent if there is no such channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// The pause of this very account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// The scopes of all pauses that hold it back.
    pub paused_by: Vec<String>,
}

impl Account {
    /// Its full name: `acme/mastodon/main`.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.tenant, self.channel, self.id)
    }
}

/// Where an account comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The settings list it.
    Settings,
    /// It was connected by API, command or link.
    Connected,
}

/// How an account is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// In a word.
    pub state: State,
    /// Since when it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub since: Option<Timestamp>,
    /// When it was found out last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub checked_at: Option<Timestamp>,
    /// How it was found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Means>,
    /// Whose account it is, as the platform names it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// Permissions that publishing needs and that were not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What is wrong, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<Wrong>,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wrong {
    /// The failure's code; absent where nothing has failed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// In a few words.
    pub title: String,
    /// What was being done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// The platform's own words, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_said: Option<PlatformWords>,
    /// What to do.
    pub remedy: String,
}

/// How long an account's tokens live, and how renewing them goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Since when we have the access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub since: Option<Timestamp>,
    /// When the access token ends; absent if it has no end, or none that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub ends: Option<Timestamp>,
    /// When the refresh token ends, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub refresh_ends: Option<Timestamp>,
    /// The permissions that were given, if the platform said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// How often it was renewed since it was connected.
    pub renewed: u64,
    /// Whether the account holds what renewing takes.
    pub can_renew: bool,
    /// When it will be renewed, as things stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub renews_at: Option<Timestamp>,
    /// The refresh token was sent at this time, and it is not known whether the platform used it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub in_doubt: Option<Timestamp>,
    /// Why it could not be renewed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Wrong>,
}

/// What came of connecting an account, or of looking after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// The account as it is now.
    pub account: Account,
    /// Why its platform could not be asked how it is, or what it says of a token that it may not know yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchecked: Option<Wrong>,
    /// oncepost's own pause of the account has ended, and so many targets were released; absent if there was none, or it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<u64>,
}

/// Why an account is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableAsk {
    /// Why, for whoever finds it.
    pub reason: String,
}

/// An account that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// Its full name.
    pub account: String,
    /// How many targets waited for it. Each fails when it comes due.
    pub waiting: u64,
}

/// The apps through which accounts are connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Apps {
    /// Each of them.
    pub apps: Vec<App>,
}

/// An app, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct App {
    /// Its name.
    pub name: AppId,
    /// Where its secrets come from.
    pub source: Source,
    /// The names of the secrets that it holds.
    pub secrets: Vec<String>,
    /// How many accounts use it.
    pub accounts: usize,
    /// When it was put in last, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<Word>,
}

/// An app that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemovedApp {
    /// Its name.
    pub app: AppId,
}
