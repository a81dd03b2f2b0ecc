//! Discarding dead letters: the ledger cancels their targets, if it takes that, and then they go.

use std::collections::{BTreeMap, HashSet};

use axum::{Json, extract, http::StatusCode};
use domain::{ChannelName, Code, Command, State, Target, TargetId};
use letters::LettersError;

use super::targets;
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, DiscardedLetter},
    audited::Intent,
    extract::Json as Body,
    openapi::{Operation, operation},
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;
/// The most letters at once.
const MOST: usize = 500;
/// What is recorded.
const ACTION: &str = "discard dead letter";

/// What is to be done about a letter, or why nothing is.
enum Verdict {
    /// Its target is cancelled; the letter goes.
    Cancelled(ChannelName),
    /// Its target does not need a person, and nothing is done to it; the letter goes.
    Over(ChannelName, State),
    /// Its target takes no cancelling.
    Refused(String),
    /// The ledger has no such target, and the letter is gone.
    Gone,
    /// The ledger has no such target, and there is no such letter.
    Nothing,
}

pub(super) async fn discard(
    extract::State(console): extract::State<Console>,
    caller: Caller,
    Body(ask): Body<api::DiscardAsk>,
) -> Result<(StatusCode, Json<api::Discarded>), Problem> {
    let reason = ask.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        let message = format!("must be 1 to {LONGEST_REASON} characters: whoever asks later must know why");
        return Err(Problem::field("$.reason", Code::BAD_FIELD, message));
    }
    if ask.letters.is_empty() || ask.letters.len() > MOST {
        return Err(Problem::field("$.letters", Code::BAD_FIELD, format!("must be 1 to {MOST} ids of dead letters")));
    }
    let mut verdicts = Vec::with_capacity(ask.letters.len());
    for id in ask.letters {
        let verdict = decide(&console, &caller, &id, reason).await?;
        verdicts.push((id, verdict));
    }
    let gone = take_out(&console, &verdicts).await;
    let letters: Vec<_> = verdicts.into_iter().map(|(id, verdict)| told(id, &verdict, &gone)).collect();
    let discarded = letters.iter().filter(|letter| letter.done).count();
    let status = if discarded > 0 { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, Json(api::Discarded { discarded, kept: letters.len() - discarded, letters })))
}

/// Settles one letter with the ledger. Only a target that needs a person is cancelled: one that somebody has retried meanwhile goes its
/// way.
async fn decide(console: &Console, caller: &Caller, id: &str, reason: &str) -> Result<Verdict, Problem> {
    let target = match id.parse::<TargetId>() {
        Ok(target) => console.ledger.target(target).await?,
        Err(_) => None,
    };
    match target {
        Some(view) if view.target.listed.is_none() => Ok(Verdict::Over(view.target.channel, view.target.state)),
        Some(view) => match cancel(console, caller, &view.target, reason).await {
            Ok(_) => Ok(Verdict::Cancelled(view.target.channel)),
            Err(problem) if problem.refused.is_empty() => Err(problem),
            Err(problem) => Ok(Verdict::Refused(problem.refused.into_iter().map(|refused| refused.reason).collect())),
        },
        None => {
            let intent = Intent::thing(ACTION, format!("letter:{id}")).because(Some(reason));
            let take_out = async {
                match take_out_foreign(console, id).await? {
                    true => Ok(Verdict::Gone),
                    false => Err(Problem::not_found(format!("dead letter {id}"))),
                }
            };
            match console.audited(caller, intent, take_out, |_| None).await {
                Err(problem) if problem.status == 404 => Ok(Verdict::Nothing),
                verdict => verdict,
            }
        }
    }
}

async fn cancel(console: &Console, caller: &Caller, target: &Target, reason: &str) -> Result<Target, Problem> {
    let intent = Intent::target(ACTION, target).because(Some(reason));
    console.audited(caller, intent, targets::command(console, target.id, Command::Cancel), targets::after).await
}

/// Takes a letter out that is of no target of this ledger, wherever it is; whether there was one.
async fn take_out_foreign(console: &Console, id: &str) -> Result<bool, LettersError> {
    let asked = HashSet::from([id.to_owned()]);
    let mut found = false;
    for counts in console.letters().counts().await? {
        // Where nobody can tell, looking says why.
        if counts.letters != Some(0) || counts.consumers > 0 {
            found |= !console.letters().take_out(&counts.channel, &asked).await?.is_empty();
        }
    }
    Ok(found)
}

/// Takes out the letters whose targets are settled; returns the ids of those that are gone. What cannot be reached now goes later.
async fn take_out(console: &Console, verdicts: &[(String, Verdict)]) -> HashSet<String> {
    let mut asked: BTreeMap<&ChannelName, HashSet<String>> = BTreeMap::new();
    for (id, verdict) in verdicts {
        let channel = match verdict {
            Verdict::Cancelled(channel) | Verdict::Over(channel, _) => channel,
            Verdict::Refused(_) | Verdict::Gone | Verdict::Nothing => continue,
        };
        asked.entry(channel).or_default().insert(id.clone());
    }
    let mut gone = HashSet::new();
    for (channel, ids) in asked {
        match console.letters().take_out(channel, &ids).await {
            Ok(taken) => gone.extend(taken),
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, %channel, "letters of settled targets are left to the scheduler");
            }
        }
    }
    gone
}

fn told(id: String, verdict: &Verdict, gone: &HashSet<String>) -> DiscardedLetter {
    let (done, says) = match verdict {
        Verdict::Cancelled(_) if gone.contains(&id) => {
            (true, "Its target is cancelled, and its letter is gone.".into())
        }
        Verdict::Cancelled(_) => {
            (true, "Its target is cancelled. Its letter was not in the queue, or goes within a minute.".into())
        }
        Verdict::Over(_, state) if gone.contains(&id) => {
            (true, format!("Its target is {state} and did not need a person: only the letter was taken out."))
        }
        Verdict::Over(_, state) => {
            let says =
                "and does not need a person; its letter is gone already, or goes within a minute. Nothing was changed.";
            (false, format!("Its target is {state} {says}"))
        }
        Verdict::Refused(why) => (false, format!("Its target is not cancelled: {why}. Nothing was changed.")),
        Verdict::Gone => (true, "It is of no target of this ledger: the letter was taken out.".into()),
        Verdict::Nothing => (
            false,
            "There is no such target, and no such letter: `oncepost dlq list` shows what they are called.".into(),
        ),
    };
    DiscardedLetter { id, done, says }
}

/// What the API tells of this address.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "discard_dead_letters",
            "POST",
            "/v1/dead-letters/discard",
            "Cancel targets, and take their letters out",
        )
        .body::<api::DiscardAsk>()
        .answers::<api::Discarded>(200, "What became of each")
        .answers::<api::Discarded>(409, "What became of each: nothing was discarded")
        .fails(422, "The reason is missing, or there are too many letters")
        .fails(503, "The broker does not answer, or somebody else holds the letters"),
    ]
}
