//! Pauses in force, and the form that ends one.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};
use vault::record::State;

use super::{
    accounts::cannot_publish,
    parts::{Icon, Tone, chip, time},
    shell::stamp,
    visit::Visit,
};
use crate::api;

/// How long a page waits for how the accounts are: each account's next post is found by reading all that waits.
const QUICK: Duration = Duration::from_secs(1);

/// Whether what a pause holds would go out if it ended now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chance {
    /// Nothing is known that speaks against it.
    Good,
    /// These accounts could not publish.
    None(Vec<String>),
    /// Nobody can tell how the accounts are, which the machine has paused because one was not well.
    Unknown,
}

impl Chance {
    /// By how those accounts are that the pause holds; `None`: that cannot be told.
    pub fn of<'a>(pause: &api::Pause, held: Option<impl IntoIterator<Item = &'a api::Account>>) -> Self {
        // A person who holds back a whole channel need not wait for each of its accounts.
        if pause.code.is_none() && !pause.scope.starts_with("account:") {
            return Self::Good;
        }
        let is_machines = pause.code.is_some();
        let Some(held) = held else { return if is_machines { Self::Unknown } else { Self::Good } };
        let held: Vec<_> = held.into_iter().collect();
        let unwell: Vec<_> = held.iter().filter(|one| cannot_publish(one)).map(|one| one.name()).collect();
        let is_well = |one: &&api::Account| matches!(one.health.state, State::Ok | State::Expiring);
        match unwell.is_empty() {
            false => Self::None(unwell),
            true if is_machines && !held.iter().all(is_well) => Self::Unknown,
            true => Self::Good,
        }
    }
}

/// How all accounts are that the visitor sees, if that is told soon: what [`list`] wants to know.
pub(super) async fn accounts(visit: &Visit) -> Result<(api::Accounts, Timestamp), crate::Problem> {
    visit.as_of("/v1/accounts", QUICK).await
}

/// All of them.
pub(super) fn list(
    visit: &Visit,
    pauses: &[api::Pause],
    accounts: Option<&api::Accounts>,
    back: &str,
    now: Timestamp,
) -> Markup {
    let chance = |pause: &api::Pause| {
        let held = accounts.map(|all| all.accounts.iter().filter(|account| account.paused_by.contains(&pause.scope)));
        Chance::of(pause, held)
    };
    html! { ul.cards { @for pause in pauses { li { (card(visit, pause, &chance(pause), back, now)) } } } }
}

/// A pause, and the form that ends it: under a cover where that would not help. The pause that the machine has put on an account ends by itself
/// once that is well.
pub(super) fn card(visit: &Visit, pause: &api::Pause, chance: &Chance, back: &str, now: Timestamp) -> Markup {
    let form = html! {
        form method="post" action="/resume" {
            (stamp(visit))
            input type="hidden" name="scope" value=(pause.scope);
            input type="hidden" name="back" value=(back);
            button type="submit" aria-label=(format!("Resume {}", pause.scope)) { "Resume" }
        }
    };
    let then = if pause.code.is_some() { "; the pause then ends by itself." } else { "." };
    html! {
        div.card.pause {
            p { (chip(Tone::Warn, Icon::Pause, "paused")) " " strong { (pause.scope) } }
            p { (pause.reason) }
            p.quiet {
                "by " (pause.by) ", " (time(pause.since, now)) @if let Some(code) = pause.code {
                    ", " a href=(format!("/errors/{code}")) { (code.to_string()) }
                }
            }
            @match chance {
                Chance::Good => {},
                Chance::None(unwell) => {
                    p.quiet {
                        "To resume it now would not help: " (unwell.join(", ")) " cannot publish, and what is held would fail as well. "
                        "Mend that first" (then)
                    }
                },
                Chance::Unknown => {
                    p.quiet {
                        "Whether what it holds could go out is not known. Once the platform was asked and its accounts are well, the pause ends by itself."
                    }
                },
            }
            @if visit.may_pause(&pause.scope) {
                @if *chance == Chance::Good { (form) } @else { details.act { summary { "Resume all the same…" } (form) } }
            }
        }
    }
}
