//! Why a target does not go with the others of a job, and what to do. Pure.

use domain::{Refusal, State, Target};
use ledger::Of;

use super::account;
use crate::{look::NoLook, problem::refusal_name};

/// Why a target does not go, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reason {
    /// In one word.
    pub name: &'static str,
    /// In a sentence's part.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// Why no look is had.
pub(super) fn unasked(none: &NoLook, target: &Target) -> Reason {
    let reason = |name, why: String, remedy: &str| Reason { name, why, remedy: remedy.into() };
    match none {
        NoLook::Refused(Refusal::NotApplicable) => reason(
            "not_in_doubt",
            "not in doubt: they have failed".into(),
            "`oncepost retry`, of the same ones, tries them again once the cause is mended.",
        ),
        NoLook::Refused(refusal) => refused(*refusal),
        NoLook::ByItself(_) => elsewhere(target, Of::List),
        NoLook::NoChannel => reason(
            "no_channel",
            format!("nothing here knows the channel {}", target.channel),
            "Ask a process of the version that published there.",
        ),
        NoLook::NoAccount(title) => reason(
            "no_account",
            format!("there is no account {} any more, so {title} cannot be asked", account(target)),
            "Connect it again first (`oncepost accounts connect`).",
        ),
        NoLook::OnlyAPerson(title) => reason(
            "only_a_person",
            format!("{title} cannot be asked what became of them: only a person can tell"),
            "Look at each account there, then `oncepost resolve TARGET --published URL`, or `--send-again --attempt N`.",
        ),
    }
}

/// What a refusal of the domain comes to for many.
pub(super) fn refused(refusal: Refusal) -> Reason {
    let (why, remedy) = match refusal {
        Refusal::AlreadyPublished => ("published already", "Nothing: they are out."),
        Refusal::BeingPublished => ("a worker is at it, or the platform still decides", "Wait for how it ends."),
        Refusal::InDoubt | Refusal::Overtaken | Refusal::Taken { .. } => (
            "in doubt: they may be out",
            "Look at each account on the platform, then `oncepost resolve TARGET --published URL`, or `--send-again --attempt N`.",
        ),
        Refusal::Unproven => (
            "perhaps out: the ledger was restored",
            "Wait until they were looked for: when they are due, or when `oncepost retry TARGET` is asked for.",
        ),
        Refusal::PartlyOut => ("a part is out already", "`oncepost retry TARGET` sends what is missing."),
        Refusal::Cancelled => ("cancelled", "Nothing: they were given up."),
        Refusal::Expired => (
            "past their deadline",
            "If they should still go out: `oncepost reschedule`, of the same ones, to a new time with a new deadline.",
        ),
        Refusal::NotApplicable => {
            ("there is nothing to do in their present state", "`oncepost status TARGET` tells more.")
        }
    };
    Reason { name: refusal_name(refusal), why: why.into(), remedy: remedy.into() }
}

/// Only what is where it was selected is touched.
pub(super) fn elsewhere(target: &Target, of: Of) -> Reason {
    match target.state {
        _ if target.listed.is_some() => Reason {
            name: "listed",
            why: "on the operators' list, and not waiting".into(),
            remedy: "Select these of the list.".into(),
        },
        State::Published => refused(Refusal::AlreadyPublished),
        State::Cancelled => refused(Refusal::Cancelled),
        State::Expired => Reason {
            remedy: "If they should still go out: `oncepost reschedule --expired`, or `--target ID` for each, with `--to TIME` and a new \
                     `--deadline TIME`."
                .into(),
            ..refused(Refusal::Expired)
        },
        _ if of == Of::Expired => Reason {
            name: "not_expired",
            why: format!("their deadline has not passed: {}", target.state.words()),
            remedy: "Select these of what waits, or of the list.".into(),
        },
        State::InDoubt => Reason {
            name: "in_doubt",
            why: "in doubt, and still being settled without you".into(),
            remedy: "Nothing: the platform is asked; if it cannot tell, they come to the list.".into(),
        },
        State::Publishing | State::Processing if of != Of::List => refused(Refusal::BeingPublished),
        state => Reason {
            name: "not_listed",
            why: format!("not on the operators' list: {}", state.words()),
            remedy: "Nothing: they are on their way. `oncepost status TARGET` tells more.".into(),
        },
    }
}
