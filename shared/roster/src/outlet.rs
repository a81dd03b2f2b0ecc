//! Channels that something may have to go out on.

use domain::{Pause, PauseScope};

/// A channel that something may have to go out on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlet {
    /// Its name.
    pub name: String,
    /// What its platform is called.
    pub title: String,
    /// How many accounts are on it.
    pub accounts: usize,
    /// What its queue holds, and how many take from it; `None`: nobody has asked the broker, or it does not say.
    pub queue: Option<Queue>,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Messages that wait in it.
    pub ready: u64,
    /// How many take from it.
    pub consumers: u64,
}

/// Of `channels` (name and title) those with accounts that no pause of the whole channel holds; `accounts` counts them.
pub fn outlets<'c>(
    channels: impl IntoIterator<Item = (&'c str, &'c str)>,
    accounts: impl Fn(&str) -> usize,
    pauses: &[Pause],
) -> Vec<Outlet> {
    let is_paused = |name: &str| {
        let holds = |scope: &PauseScope| matches!(scope, PauseScope::Channel { channel } if channel.as_str() == name);
        pauses.iter().any(|pause| holds(&pause.scope))
    };
    let open = channels.into_iter().filter(|(name, _)| !is_paused(name));
    let counted = open.map(|(name, title)| Outlet {
        name: name.into(),
        title: title.into(),
        accounts: accounts(name),
        queue: None,
    });
    counted.filter(|outlet| outlet.accounts > 0).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_channel_without_accounts_or_paused_as_a_whole_wants_nobody() {
        let pause = |scope| Pause {
            id: Uuid::nil(),
            scope,
            reason: "legal".into(),
            code: None,
            by: "ann".into(),
            since: Timestamp::UNIX_EPOCH,
        };
        let paused = pause(PauseScope::Channel { channel: "b".parse().unwrap() });
        let of_tenant = pause(PauseScope::Tenant { tenant: "acme".parse().unwrap() });
        let channels = [("a", "A"), ("b", "B"), ("c", "C")];
        let found = outlets(channels, |name| usize::from(name != "c"), &[paused, of_tenant]);
        assert_eq!(found.iter().map(|outlet| outlet.name.as_str()).collect::<Vec<_>>(), ["a"]);
    }
}
