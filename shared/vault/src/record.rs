//! What is kept of an account: the open part, which anybody may see, and the sealed one.

use std::{collections::BTreeMap, time::Duration};

use channels::Secret;
use domain::{AppId, Failure, OnDoubt};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::seal;

/// The open part of an account's record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountRecord {
    /// The settings list the account; only its tokens and its health are kept here.
    pub listed: bool,
    /// The registration with the platform whose limits and client it shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// The server it lives on, where that differs from the channel's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<Url>,
    /// What else the channel's page lists.
    pub settings: BTreeMap<String, String>,
    /// What to do with an unknown outcome that nobody can settle.
    pub on_doubt: OnDoubt,
    /// How often it may publish; absent: as the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Pace>,
    /// The names of the secrets that it holds.
    pub holds: Vec<String>,
    /// Switched off by a person: nothing is sent, checked or renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Word>,
    /// When it was connected last, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected: Option<Word>,
    /// How long its tokens live.
    pub token: Token,
    /// How renewing goes.
    pub renewal: Renewal,
    /// How it is.
    pub health: Health,
}

/// How often something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pace {
    /// So many at once.
    pub burst: u32,
    /// Room for one more comes back in so many milliseconds.
    pub per_ms: u64,
}

impl From<Pace> for (u32, Duration) {
    fn from(pace: Pace) -> Self {
        (pace.burst, Duration::from_millis(pace.per_ms))
    }
}

/// Who did something, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// Who.
    pub by: String,
    /// When.
    #[schemars(with = "domain::Rfc3339")]
    pub at: Timestamp,
    /// Why; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// How long an account's tokens live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// Since when we have the access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When the access token ends, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// When the refresh token ends, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_ends: Option<Timestamp>,
    /// The permissions that were given, if the platform said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// How often it was renewed since it was connected.
    pub renewed: u64,
    /// Permissions that publishing takes and that a person left out who connected the account by a link.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Whose they are, as the platform said when the account was connected by a link.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub whose: String,
}

/// How renewing an account's tokens goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Renewal {
    /// Somebody is about it. Stored before the platform is called, so that a call whose caller died is known of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub armed: Option<Armed>,
    /// The refresh token was sent at this time, and it is not known whether the platform used it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<Timestamp>,
    /// How often it failed in a row.
    pub failed: u32,
    /// Nothing is tried before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Why it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How often new tokens were refused in a row.
    pub refused: u32,
}

/// A renewal that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    /// Whose it is: no two are alike.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when it is theirs, by the ledger's clock.
    pub until: Timestamp,
}

/// How an account is, and how that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// How it is, but for the passing of time: see [`crate::plan::state`].
    pub state: State,
    /// Since when it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it was found out last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// How it was found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Means>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Permissions that publishing needs and that were not given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Whose account it is, as the platform names it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub who: String,
}

/// How an account is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HealthState")]
pub enum State {
    /// Its credentials are good and suffice.
    Ok,
    /// They end soon, and only a person can give new ones.
    Expiring,
    /// They are dead: a person must connect it again.
    NeedsReconnect,
    /// They are good and do not suffice.
    LacksPermission,
    /// The platform has restricted the account.
    Restricted,
    /// Nothing is known: it was never asked, or its platform cannot be.
    #[default]
    Unknown,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] =
        [State::Ok, State::Expiring, State::NeedsReconnect, State::LacksPermission, State::Restricted, State::Unknown];

    /// The state's name, as messages, labels and screens spell it.
    pub fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Expiring => "expiring",
            State::NeedsReconnect => "needs_reconnect",
            State::LacksPermission => "lacks_permission",
            State::Restricted => "restricted",
            State::Unknown => "unknown",
        }
    }

    /// Everything on the account fails until a person has mended it.
    pub fn is_broken(self) -> bool {
        matches!(self, State::NeedsReconnect | State::LacksPermission | State::Restricted)
    }
}

/// How something about an account was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// A person connected it.
    Connect,
    /// Its tokens were renewed.
    Renewal,
    /// The platform was asked.
    Check,
    /// Something was published, or failed to be.
    Publish,
}

/// The sealed part of an account's or app's record.
#[derive(Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// Secrets by their names.
    pub secrets: BTreeMap<String, String>,
    /// Of an account that the settings list: the digest of its tokens there, when the record was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
}

impl Sealed {
    /// Of secrets at hand.
    pub fn of(secrets: &BTreeMap<String, Secret>, seed: Option<String>) -> Self {
        let secrets = secrets.iter().map(|(name, secret)| (name.clone(), secret.reveal().to_owned())).collect();
        Self { secrets, seed }
    }

    /// The secrets, to be used.
    pub fn secrets(&self) -> BTreeMap<String, Secret> {
        self.secrets.iter().map(|(name, secret)| (name.clone(), Secret::new(secret.as_str()))).collect()
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.secrets.values_mut().for_each(seal::wipe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named_as_they_are_stored() {
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        assert_eq!(State::ALL.iter().filter(|state| state.is_broken()).count(), 3);
    }

    #[test]
    fn a_record_of_an_earlier_version_is_read() {
        assert_eq!(serde_json::from_str::<AccountRecord>("{}").unwrap(), AccountRecord::default());
        let text = serde_json::to_string(&AccountRecord::default()).unwrap();
        assert_eq!(serde_json::from_str::<AccountRecord>(&text).unwrap(), AccountRecord::default());
    }
}
