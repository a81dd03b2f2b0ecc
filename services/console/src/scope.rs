//! Pause scopes as people write them: `all`, `channel:mastodon`, `account:acme/mastodon/main`, `tenant:acme`, `app:x`.

use channels::{Accounts, Registry, nearest};
use domain::{ChannelName, Code, PauseScope, TenantId};

use crate::{Console, Problem};

/// Reads a scope.
///
/// # Errors
/// The text is not a scope.
pub(crate) fn read(text: &str) -> Result<PauseScope, Problem> {
    let wrong = |why: &str| {
        let forms = "all, channel:NAME, account:TENANT/CHANNEL/NAME, tenant:NAME, app:NAME";
        Problem::field("$.scope", Code::BAD_FIELD, format!("{why}; a scope is one of {forms}"))
    };
    let (kind, name) = text.split_once(':').unwrap_or((text, ""));
    let invalid = |error: domain::InvalidName| wrong(&error.to_string());
    Ok(match kind {
        "all" if !text.contains(':') => PauseScope::All,
        "channel" => PauseScope::Channel { channel: name.parse().map_err(invalid)? },
        "tenant" => PauseScope::Tenant { tenant: name.parse().map_err(invalid)? },
        "app" => PauseScope::App { app: name.parse().map_err(invalid)? },
        "account" => {
            let fields: Vec<_> = name.split('/').collect();
            let [tenant, channel, account] = fields[..] else { return Err(wrong("an account has three parts")) };
            PauseScope::Account {
                tenant: tenant.parse().map_err(invalid)?,
                channel: channel.parse().map_err(invalid)?,
                account: account.parse().map_err(invalid)?,
            }
        }
        _ => return Err(wrong("that is no scope")),
    })
}

/// Refuses a scope that nothing is in: a slip of the pen would hold nothing back, and nobody would notice.
///
/// # Errors
/// There is no such channel, account, tenant or app.
pub(crate) fn exists(scope: &PauseScope, channels: &Registry, accounts: &dyn Accounts) -> Result<(), Problem> {
    let any = |found: bool, code: Code, what: String| {
        if found { Ok(()) } else { Err(Problem::field("$.scope", code, format!("there is no {what}"))) }
    };
    match scope {
        PauseScope::All => Ok(()),
        PauseScope::Channel { channel } => {
            any(channels.get(channel.as_str()).is_some(), Code::UNKNOWN_CHANNEL, format!("channel {channel}"))
        }
        PauseScope::Account { tenant, channel, account } => {
            let found = accounts.find(tenant, channel, account).is_some();
            any(found, Code::UNKNOWN_ACCOUNT, format!("account {account} of tenant {tenant} on {channel}"))
        }
        PauseScope::Tenant { tenant } => {
            let found = accounts.all().iter().any(|card| card.tenant == *tenant);
            any(found, Code::UNKNOWN_ACCOUNT, format!("account of a tenant {tenant}"))
        }
        PauseScope::App { app } => {
            let found = accounts.all().iter().any(|card| card.app.as_ref() == Some(app));
            any(found, Code::UNKNOWN_ACCOUNT, format!("account that uses an app {app}"))
        }
    }
}

/// Whose scope it is, if it is one tenant's.
pub(crate) fn tenant_of(scope: &PauseScope) -> Option<&TenantId> {
    match scope {
        PauseScope::Tenant { tenant } | PauseScope::Account { tenant, .. } => Some(tenant),
        PauseScope::All | PauseScope::Channel { .. } | PauseScope::App { .. } => None,
    }
}

/// Whether the channel that a list is narrowed to exists: a slip in its name would otherwise read as "nothing is wrong".
///
/// # Errors
/// There is no such channel.
pub(crate) fn known(console: &Console, channel: Option<&ChannelName>) -> Result<(), Problem> {
    let Some(channel) = channel.filter(|channel| console.channels.get(channel.as_str()).is_none()) else {
        return Ok(());
    };
    let meant = nearest(channel.as_str(), console.channels.names());
    let meant = meant.map(|meant| format!("; is {meant} meant?")).unwrap_or_default();
    Err(Problem::query("channel", format!("is none that there is{meant}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_is_read() {
        for text in ["all", "channel:mastodon", "account:acme/mastodon/main", "tenant:acme", "app:x", "tenant:a:b"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn slips_are_refused_with_the_forms() {
        for text in
            ["", "everything", "all:", "channel:", "channel:Mastodon", "account:acme/mastodon", "account:a/b/c/d"]
        {
            let problem = read(text).unwrap_err();
            assert_eq!(problem.status, 422, "{text}");
            assert!(problem.detail.contains("channel:NAME"), "{}", problem.detail);
        }
    }
}
