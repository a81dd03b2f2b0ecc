//! What keeps an account from being used, found before anything is sent.

use crate::{AccountCard, Channel, nearest};

/// What the channel cannot do without and the account does not have, and what is wrong with its settings. Of its secrets nothing is
/// said. Pure.
pub fn unfit(channel: &dyn Channel, account: &AccountCard) -> Vec<String> {
    let about = channel.about();
    let mut wrong = channel.check_account(account);
    let missing =
        about.settings.iter().filter(|name| account.setting(name).is_none_or(|value| value.trim().is_empty()));
    wrong.extend(
        missing.map(|name| format!("settings.{name} is missing; docs/channels/{}.md says what it is", about.name)),
    );
    let unknown = account.settings.keys().filter(|name| !about.account_settings().any(|known| known == name.as_str()));
    wrong.extend(unknown.map(|name| {
        let meant = nearest(name, about.account_settings()).map(|meant| format!("; is {meant} meant?"));
        let meant = meant.unwrap_or_else(|| format!("; docs/channels/{}.md names those that there are", about.name));
        format!("settings.{name} is none that the channel knows{meant}")
    }));
    wrong
}
