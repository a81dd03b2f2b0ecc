//! Which secrets a process opens. What it does not need, it neither reads nor misses.

use crate::{App, Settings};

/// Which secrets a process opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Those of the accounts that the settings list.
    pub accounts: NeededAccounts,
    /// Those of apps that accounts on these channels may use.
    pub apps: bool,
    /// What callers of the API are known by, and what the console is known by at its provider.
    pub api: bool,
    /// The keys that seal credentials.
    pub vault: bool,
    /// What people are told by.
    pub alerts: bool,
}

/// The accounts whose secrets are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NeededAccounts {
    /// None.
    None,
    /// Those on these channels.
    On(Vec<String>),
    /// All.
    All,
}

impl Needs {
    /// All there are.
    pub fn all() -> Self {
        Self { accounts: NeededAccounts::All, apps: true, api: true, vault: true, alerts: true }
    }

    /// None but what every process needs: the addresses of the stores, and the key to the media store.
    pub fn none() -> Self {
        Self { accounts: NeededAccounts::None, apps: false, api: false, vault: false, alerts: false }
    }

    /// Whether those of accounts on this channel are.
    pub(crate) fn channel(&self, name: &str) -> bool {
        match &self.accounts {
            NeededAccounts::None => false,
            NeededAccounts::On(channels) => channels.iter().any(|channel| channel == name),
            NeededAccounts::All => true,
        }
    }

    /// Whether those of this app are.
    pub(crate) fn app(&self, app: &App) -> bool {
        self.apps && (app.channels.is_empty() || app.channels.iter().any(|channel| self.channel(channel.as_str())))
    }
}

impl Settings {
    /// Leaves out what names secrets that were not opened, so that nobody takes an empty one for one that is set. Accounts and apps stay:
    /// theirs are read when they are used.
    pub(crate) fn forget_what_is_not_needed(&mut self, needs: &Needs) {
        if !needs.api {
            (self.api.tokens, self.api.oidc) = (Vec::new(), None);
        }
        if !needs.vault {
            self.vault.keys.clear();
        }
        if !needs.alerts {
            (self.alerts.slack_url, self.alerts.mail) = (None, None);
        }
    }
}
