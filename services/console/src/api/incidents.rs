//! Looks outside, and what was found by them.

use domain::{AccountId, ChannelName, TargetId, TenantId};
use jiff::Timestamp;
use ledger::IncidentKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Which accounts to look at, and over what time. All may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditAsk {
    /// Only this tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// Only on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Only this one, as `acme/mastodon/main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What went out from then on, as `7d`, `36h` or a time; a week, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What went out up to then, written alike; until now, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Go on after this account: the `next` of the answer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What looks at accounts came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// A report for each account that was looked at.
    pub reports: Vec<audit::Report>,
    /// There was no time for more: ask again with this as `after`.
    pub next: Option<String>,
}

/// A page of incidents, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incidents {
    /// Each of them.
    pub incidents: Vec<Incident>,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// Something that was found wrong outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Its id.
    pub id: Uuid,
    /// What kind of thing.
    #[schemars(with = "String")]
    pub kind: IncidentKind,
    /// Whether somebody has seen to it.
    pub state: IncidentState,
    /// The target that it is about.
    pub target: TargetId,
    /// Whose it is.
    pub tenant: TenantId,
    /// On which channel.
    pub channel: ChannelName,
    /// On which account.
    pub account: AccountId,
    /// When it was found first.
    #[schemars(with = "domain::Rfc3339")]
    pub found_at: Timestamp,
    /// What was found, as a sentence.
    pub what: String,
    /// What it was concluded from: platform ids, addresses, times.
    pub evidence: Value,
    /// What to do; there while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::Rfc3339>")]
    pub closed_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// What was done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whether an incident waits for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// It does.
    Open,
    /// Somebody has seen to it.
    Closed,
}

/// How an incident is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseAsk {
    /// What was done about it, for whoever reads it later.
    pub note: String,
}

impl From<ledger::Incident> for Incident {
    fn from(incident: ledger::Incident) -> Self {
        let ledger::Incident { id, found, found_at, closed } = incident;
        let ledger::Place { tenant, channel, account } = found.place;
        Self {
            id,
            kind: found.kind,
            state: if closed.is_some() { IncidentState::Closed } else { IncidentState::Open },
            target: found.target,
            tenant,
            channel,
            account,
            found_at,
            what: found.what,
            evidence: found.evidence,
            remedy: closed.is_none().then(|| audit::remedy(found.kind, &found.target.to_string(), &id.to_string())),
            closed_at: closed.as_ref().map(|closed| closed.at),
            closed_by: closed.as_ref().map(|closed| closed.by.clone()),
            note: closed.map(|closed| closed.note),
        }
    }
}
