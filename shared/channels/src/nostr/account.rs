//! Which relays an account publishes to, and how many of them must have a note.

use domain::Failure;
use url::Url;

use crate::{Account, AccountCard};

/// The settings that name further relays, and say how many of all must have a note.
const RELAYS: &str = "relays";
const QUORUM: &str = "quorum";

/// What is wrong with these settings.
pub(super) fn check(account: &AccountCard) -> Vec<String> {
    let mut wrong = Vec::new();
    let named = further(account.setting(RELAYS));
    for relay in named.clone().filter(|relay| address(relay).is_none()) {
        wrong.push(format!("settings.{RELAYS}: \"{relay}\" is no relay; write addresses such as wss://relay.example"));
    }
    let all = 1 + named.count();
    let is_right = |quorum: &str| quorum.parse().is_ok_and(|quorum: usize| (1..=all).contains(&quorum));
    if let Some(quorum) = account.setting(QUORUM).filter(|quorum| !is_right(quorum)) {
        wrong.push(format!("settings.{QUORUM} is \"{quorum}\"; write a number from 1 to {all}, the number of relays"));
    }
    wrong
}

fn further(setting: Option<&str>) -> impl Iterator<Item = &str> + Clone {
    setting.unwrap_or_default().split([',', ' ']).map(str::trim).filter(|relay| !relay.is_empty())
}

fn address(relay: &str) -> Option<Url> {
    Url::parse(relay).ok().filter(|url| matches!(url.scheme(), "ws" | "wss") && url.has_host())
}

/// The account's relays, each once: its own address, and those that its settings name. Posts travel encrypted to each of them.
pub(super) fn relays(account: &Account) -> Result<Vec<Url>, Failure> {
    let mut relays: Vec<Url> = Vec::new();
    let own = over_socket(account.base_url.clone());
    for relay in [own].into_iter().chain(further(account.setting(RELAYS)).filter_map(address)) {
        let relay = account.at(relay)?.base_url;
        if !relays.contains(&relay) {
            relays.push(relay);
        }
    }
    Ok(relays)
}

/// `http` means `ws`.
fn over_socket(url: Url) -> Url {
    with_scheme(url, "http", "ws")
}

/// `ws` means `http`.
pub(super) fn over_http(url: Url) -> Url {
    with_scheme(url, "ws", "http")
}

/// `from` and `froms` (as in `http` and `https`) become `to` and `tos`.
fn with_scheme(url: Url, from: &str, to: &str) -> Url {
    let rest = url.as_str().strip_prefix(from).map(|rest| format!("{to}{rest}"));
    rest.and_then(|text| Url::parse(&text).ok()).unwrap_or(url)
}

/// How many of so many relays must have a note: what the account says, else more than half.
pub(super) fn wanted(account: &Account, relays: usize) -> usize {
    let said = account.setting(QUORUM).and_then(|quorum| quorum.parse().ok());
    said.unwrap_or(relays / 2 + 1).clamp(1, relays.max(1))
}
