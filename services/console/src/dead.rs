//! Dead letters, told to people.

use std::collections::BTreeMap;

use broker::LookError;
use contract::{Dead, dead};
use domain::{ChannelName, Target};
use jiff::Timestamp;
use letters::{Agreement, Counts, Entry, Letter, LettersError, Reading, Standing};
use serde_json::Value;

use crate::{Problem, api};

/// A channel of which only counts are known.
pub(crate) fn counted(counts: &Counts) -> api::DeadChannel {
    let agreement = counts.agreement();
    let tells = format!("`oncepost dlq list {}` tells which.", counts.channel);
    let says = match (agreement, counts.letters) {
        (Agreement::Agrees, letters) => {
            let there = letters.unwrap_or_default();
            let head = if there == 0 { "No dead letters." } else { "As many letters as there should be." };
            [Some(head.to_owned()), awaited(counts.listed.saturating_sub(there))]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        }
        (Agreement::TooMany(letters), _) => format!(
            "{} too many: over and about to be taken out, or of no target of this ledger. {tells}",
            counted_letters(letters)
        ),
        (Agreement::TooFew(letters), _) => {
            format!("{} too few. The scheduler writes what is missing anew. {tells}", counted_letters(letters))
        }
        (Agreement::NotLooked, _) => {
            format!("As many letters as there should be; whether each is the right one a look tells. {tells}")
        }
        (Agreement::CannotTell, None) => SILENT.into(),
        (Agreement::CannotTell, Some(_)) => held(counts.consumers),
    };
    api::DeadChannel {
        channel: counts.channel.clone(),
        letters: counts.letters.filter(|_| agreement != Agreement::CannotTell),
        needs_person: counts.listed,
        agrees: match agreement {
            Agreement::Agrees => Some(true),
            Agreement::TooMany(_) | Agreement::TooFew(_) => Some(false),
            Agreement::NotLooked | Agreement::CannotTell => None,
        },
        says,
        standings: None,
        not_read: 0,
    }
}

/// A channel whose letters were read.
pub(crate) fn read(counts: &Counts, reading: &Reading) -> api::DeadChannel {
    let mut standings: BTreeMap<String, u64> = BTreeMap::new();
    for entry in &reading.entries {
        *standings.entry(name(entry.standing).into()).or_default() += 1;
    }
    let there = reading.entries.iter().filter(|entry| entry.letter.is_some()).count() as u64;
    let differs = reading.entries.iter().any(|entry| entry.standing != Standing::Agrees);
    let mut says: Vec<_> = [
        (Standing::Missing, "missing, and written anew by the scheduler"),
        (Standing::Superseded, "superseded by a newer one, and taken out by the scheduler"),
        (Standing::Stale, "of a target that is settled, and taken out by the scheduler"),
        (Standing::Unknown, "of no target of this ledger, and kept: discard it if it is nobody's"),
        (Standing::Unreadable, "unreadable, and kept until somebody discards it"),
    ]
    .into_iter()
    .filter_map(|(standing, words)| Some(format!("{} {words}.", standings.get(name(standing))?)))
    .collect();
    if reading.more > 0 {
        says.push(format!("At least {} more were not read: which are missing nobody can tell.", reading.more));
    }
    if says.is_empty() {
        says.push(if there == 0 { "No dead letters." } else { "The queue agrees with the ledger." }.into());
    }
    let of = |standing| standings.get(name(standing)).copied().unwrap_or_default();
    if reading.more == 0 {
        says.extend(awaited(counts.listed.saturating_sub(of(Standing::Agrees) + of(Standing::Missing))));
    }
    api::DeadChannel {
        channel: counts.channel.clone(),
        letters: Some(there + reading.more),
        needs_person: counts.listed,
        agrees: if reading.more > 0 && !differs { None } else { Some(!differs) },
        says: says.join(" "),
        standings: Some(standings),
        not_read: reading.more,
    }
}

/// A channel whose letters could not be seen.
pub(crate) fn unseen(counts: &Counts, error: &LookError) -> api::DeadChannel {
    let says = match error {
        LookError::Busy { consumers, .. } => held(*consumers),
        LookError::Broker(_) => SILENT.into(),
    };
    api::DeadChannel { letters: None, agrees: None, says, ..counted(counts) }
}

/// So many targets have needed a person for less than [`letters::GRACE`]: no letter of theirs is missed yet.
fn awaited(targets: u64) -> Option<String> {
    let who = match targets {
        0 => return None,
        1 => "1 target has".to_owned(),
        many => format!("{many} targets have"),
    };
    Some(format!("{who} needed a person for less than a minute, and the letter is on its way."))
}

/// What the ledger knows is told all the same.
const SILENT: &str =
    "RabbitMQ does not say what is in the queue. What needs a person the ledger knows: `oncepost failures`.";

fn held(consumers: u64) -> String {
    let who = match consumers {
        1 => "Another consumer holds".to_owned(),
        many => format!("{many} other consumers hold"),
    };
    format!("{who} letters of it: a shovel, or somebody who looks at this moment. Nobody can tell which.")
}

fn counted_letters(letters: u64) -> String {
    if letters == 1 { "1 letter".into() } else { format!("{letters} letters") }
}

/// The standing's name in answers.
pub(crate) fn name(standing: Standing) -> &'static str {
    match standing {
        Standing::Agrees => "agrees",
        Standing::Missing => "missing",
        Standing::Superseded => "superseded",
        Standing::Stale => "stale",
        Standing::Unknown => "unknown",
        Standing::Unreadable => "unreadable",
    }
}

/// A letter of `channel`, or the want of one, with its target as the ledger has it.
pub(crate) fn letter(
    channel: &ChannelName,
    entry: Entry,
    target: Option<&Target>,
    now: Timestamp,
    body: bool,
) -> api::DeadLetter {
    let is_there = entry.letter.is_some();
    let subject = entry.letter.as_ref().and_then(|letter| letter.subject);
    // A letter that is missing is told as it will be written.
    let owed =
        || Some(Letter::read(broker::Message { headers: Dead::of(target?, now)?.headers(), ..Default::default() }));
    let told = entry.letter.or_else(owed);
    let header = |name| told.as_ref().map_or("", |letter| letter.says(name)).to_owned();
    api::DeadLetter {
        says: says(entry.standing, target),
        id: entry.id,
        channel: channel.clone(),
        standing: entry.standing,
        target: entry.target,
        post: target.map(|target| target.post),
        tenant: target.map(|target| target.tenant.clone()),
        account: target.map(|target| target.account.clone()),
        state: target.map(|target| target.state),
        needs_person_since: target.and_then(|target| Some(target.listed.as_ref()?.at)),
        written_at: subject.map(|subject| subject.written_at),
        attempt: subject.map(|subject| subject.attempt),
        reason: told.as_ref().map_or("", |letter| letter.reason()).to_owned(),
        code: header(dead::CODE),
        what: header(dead::WHAT),
        whose_fault: header(dead::WHOSE),
        remedy: header(dead::DO),
        body: told.filter(|_| body && is_there).map(text),
    }
}

fn text(letter: Letter) -> Value {
    serde_json::from_slice(&letter.message.body)
        .unwrap_or_else(|_| String::from_utf8_lossy(&letter.message.body).into_owned().into())
}

/// How it stands, in words.
fn says(standing: Standing, target: Option<&Target>) -> String {
    let state = target.map_or_else(String::new, |target| format!(" (it is {} now)", target.state));
    match standing {
        Standing::Agrees => "Its target needs a person, as it says.".into(),
        Standing::Missing => {
            "Its target needs a person and has no letter. The scheduler writes it anew; nothing is to be done.".into()
        }
        Standing::Superseded => {
            "Its target has, or is about to get, a newer letter. The scheduler takes this one out; nothing is to be done.".into()
        }
        Standing::Stale => format!(
            "Its target does not need a person any more{state}. The scheduler takes it out; nothing is to be done."
        ),
        Standing::Unknown => "The ledger has no such target. It is kept: look whose it is, then discard it.".into(),
        Standing::Unreadable => {
            "It names no target. What it was sent for is sent anew by the ledger, if it is ours: look who sent it, then discard it.".into()
        }
    }
}

impl From<LettersError> for Problem {
    fn from(error: LettersError) -> Self {
        let unavailable = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        match error {
            LettersError::Ledger(error) => error.into(),
            LettersError::Look(LookError::Busy { channel, consumers }) => Problem::plain(
                unavailable,
                format!("The dead letters of {channel}: {}", held(consumers)),
                "Try again in some seconds. If it stays so, somebody else takes letters from the queue: a shovel, a script, \
                 or another tool. RabbitMQ's management page names the queue's consumers.",
            ),
            LettersError::Look(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "dead letters could not be shown");
                Problem::plain(
                    unavailable,
                    "RabbitMQ does not answer, or has no such queue. Nothing was changed.",
                    "Try again when `oncepost doctor` finds the broker well. What needs a person is in the ledger all the same: \
                     `oncepost failures`.",
                )
            }
        }
    }
}
