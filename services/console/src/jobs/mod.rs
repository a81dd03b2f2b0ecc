//! Jobs: one thing done to many targets, of the operators' list or of what waits.
//!
//! A job never publishes. Each of its steps is a command that the ledger takes or refuses as one compare-and-set, together with the
//! step's result; the worker sends what was set going as it sends everything else.

pub(crate) mod brake;
pub(crate) mod moved;
pub(crate) mod plan;
mod reason;
mod refusing;
mod run;
pub(crate) mod terms;

use std::collections::{BTreeMap, BTreeSet};

use domain::Target;
use vault::{AccountName, View};

use crate::Console;

/// Why targets on an account would only fail again, by account.
pub(crate) type Dead = BTreeMap<AccountName, String>;

/// The account that a target is on.
pub(crate) fn account(target: &Target) -> AccountName {
    AccountName::new(&target.tenant, &target.channel, &target.account)
}

impl Console {
    /// Which of these accounts cannot publish, and why. One that cannot be asked after is taken to be well: the worker finds out.
    pub(crate) async fn dead(&self, names: BTreeSet<AccountName>) -> Dead {
        let mut dead = Dead::new();
        for name in names {
            match self.vault.view(&name).await {
                Ok(view) => dead.extend(wrong(view.as_ref()).map(|why| (name, why))),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, account.name = %name, "an account cannot be asked after");
                }
            }
        }
        dead
    }
}

/// Why an account cannot publish.
fn wrong(view: Option<&View>) -> Option<String> {
    let Some(view) = view else { return Some("is not there any more".into()) };
    match () {
        () if view.record.disabled.is_some() => Some("is switched off".into()),
        () if view.state.is_broken() => Some(format!("is still broken ({})", view.state.name())),
        () => None,
    }
}
