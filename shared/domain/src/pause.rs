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

impl Pause {
    /// Who pauses on behalf of the settings: a channel that they switch off is paused by this name.
    pub const SETTINGS: &str = "settings";

    /// Whether it is there because the settings switch a channel off.
    pub fn is_of_settings(&self) -> bool {
        self.by == Self::SETTINGS && matches!(self.scope, PauseScope::Channel { .. })
    }

    /// What ends it.
    pub fn remedy(&self) -> String {
        let scope = &self.scope;
        match self.code.map(|code| (code, code.page())) {
            _ if self.is_of_settings() => "Switch the channel on in the settings and start oncepost again.".into(),
            Some((code, page)) => {
                let cause = page.map_or_else(|| format!("Mend the cause ({code})."), |page| page.mend().into());
                let released = match scope {
                    PauseScope::Account { .. } => "Where the account is not found well by itself, ",
                    _ => "After that, ",
                };
                format!("{cause} {released}`oncepost resume {scope}`.")
            }
            None => format!("`oncepost resume {scope}` when it may go out."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Target, target::fixtures::target};

    #[test]
    fn what_ends_a_pause_depends_on_who_made_it_and_of_what() {
        let remedy = |by: &str, code: Option<Code>, scope: &PauseScope| {
            let (scope, reason, since) = (scope.clone(), "a reason".to_owned(), Timestamp::UNIX_EPOCH);
            Pause { id: Uuid::nil(), scope, reason, code, by: by.into(), since }.remedy()
        };
        let channel = &PauseScope::Channel { channel: target().channel };
        let tenant = &PauseScope::Tenant { tenant: target().tenant };
        let app = &PauseScope::App { app: AppId::new("ours").unwrap() };
        let Target { tenant: whose, channel: place, account, .. } = target();
        let account = &PauseScope::Account { tenant: whose, channel: place, account };
        let by_hand = |scope: &PauseScope| format!("`oncepost resume {scope}` when it may go out.");
        let of_settings = "Switch the channel on in the settings and start oncepost again.";
        assert_eq!(remedy("settings", None, channel), of_settings);
        // An operator may be called that, and pauses other things.
        assert_eq!(remedy("settings", None, tenant), by_hand(tenant));
        assert_eq!(remedy("ann", None, channel), by_hand(channel));
        let mend = |code: Code| code.page().unwrap().mend();
        let (revoked, setup) = (Code::TOKEN_REVOKED, Code::APP_MISCONFIGURED);
        assert_eq!(
            remedy("oncepost", Some(revoked), account),
            format!("{} Where the account is not found well by itself, `oncepost resume {account}`.", mend(revoked))
        );
        assert_eq!(
            remedy("oncepost", Some(setup), app),
            format!("{} After that, `oncepost resume app:ours`.", mend(setup))
        );
    }

    #[test]
    fn a_scope_covers_what_is_in_it_and_nothing_else() {
        let (tenant, channel, account) = (TenantId::new("acme"), ChannelName::new("webhook"), AccountId::new("main"));
        let (tenant, channel, account) = (tenant.unwrap(), channel.unwrap(), account.unwrap());
        let (other_tenant, other_channel) = (TenantId::new("other").unwrap(), ChannelName::new("other").unwrap());
        let (app, other_account) = (AppId::new("app").unwrap(), AccountId::new("other").unwrap());
        let mut target = target();
        let own = |tenant: &TenantId, channel: &ChannelName, account: &AccountId| PauseScope::Account {
            tenant: tenant.clone(),
            channel: channel.clone(),
            account: account.clone(),
        };
        let table = [
            (PauseScope::All, true),
            (PauseScope::Channel { channel: channel.clone() }, true),
            (PauseScope::Channel { channel: other_channel.clone() }, false),
            (PauseScope::Tenant { tenant: tenant.clone() }, true),
            (PauseScope::Tenant { tenant: other_tenant.clone() }, false),
            (PauseScope::App { app: app.clone() }, false),
            (own(&tenant, &channel, &account), true),
            (own(&other_tenant, &channel, &account), false),
            (own(&tenant, &other_channel, &account), false),
            (own(&tenant, &channel, &other_account), false),
        ];
        for (scope, covers) in table {
            assert_eq!(scope.covers(&target), covers, "{scope}");
        }
        target.app = Some(app.clone());
        assert!(PauseScope::App { app }.covers(&target));
        assert!(!PauseScope::App { app: AppId::new("other").unwrap() }.covers(&target));
    }

    #[test]
    fn a_scope_is_written_as_people_type_it() {
        let tenant = TenantId::new("acme").unwrap();
        let channel = ChannelName::new("webhook").unwrap();
        let account = AccountId::new("main").unwrap();
        let app = AppId::new("ours").unwrap();
        let scopes = [
            PauseScope::All,
            PauseScope::Channel { channel: channel.clone() },
            PauseScope::App { app },
            PauseScope::Tenant { tenant: tenant.clone() },
            PauseScope::Account { tenant, channel, account },
        ];
        assert_eq!(
            scopes.map(|scope| scope.to_string()),
            ["all", "channel:webhook", "app:ours", "tenant:acme", "account:acme/webhook/main"]
        );
    }
}
