//! What may be done to a target: found by the function that decides it, and changing nothing.

use axum::{Json, extract::State};
use domain::{Answer, Command, Context, Decision, Receipt, State as Standing, Target, TargetId, apply};

use super::{
    find, look,
    retry::{happens, refusal},
};
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, Verdict},
    extract::Id,
    kick,
    openapi::{Operation, operation},
    show::Frame,
    standing::{instant, went_out},
};

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
) -> Result<Json<api::Verdicts>, Problem> {
    let view = find::target(&console, &caller, id).await?;
    let frame = find::frame_of(&console, &caller, [&view.target]).await?;
    Ok(Json(verdicts(&console, &view.target, &frame)))
}

fn verdicts(console: &Console, target: &Target, frame: &Frame) -> api::Verdicts {
    let would = |command: Command, what: String| {
        let context = Context { now: frame.now, policy: console.ledger.policy(), pauses: &frame.pauses, owner: None };
        match apply(&mut target.clone(), &command, &context).answer() {
            Answer::Refused(reason) => {
                Verdict { goes: false, why: sentence(&refusal(target, reason.reason(), frame.now)) }
            }
            _ => Verdict { goes: true, why: what },
        }
    };
    let receipt = Receipt { id: "it".into(), url: None };
    let (due_at, deadline, hash) = (target.due_at, target.deadline, target.hash);
    api::Verdicts {
        retry: match kick::is_stuck(target, frame.now) && target.state != Standing::Retrying {
            true => Verdict { goes: true, why: "It is overdue. It is handed to a worker now.".into() },
            false => would(Command::Retry, tried(target, frame)),
        },
        cancel: would(Command::Cancel, "It does not go out, and leaves the operators' list.".into()),
        reschedule: would(
            Command::Reschedule { due_at, deadline, hash },
            format!("It is due at the new time instead of {}.", instant(due_at)),
        ),
        look_again: match look::verdict(target, frame) {
            Ok(why) => Verdict { goes: true, why },
            Err(reason) => Verdict { goes: false, why: sentence(&reason) },
        },
        published: would(
            Command::Decide(Decision::Published { receipt, last: true, shared: false }),
            "It is recorded as out. Nothing of it is sent again.".into(),
        ),
        send_again: would(
            Command::Decide(Decision::SendAgain { attempt: target.attempt }),
            "It is sent again. If it went out after all, it is out twice.".into(),
        ),
    }
}

/// What comes of trying again, and why that makes no duplicate.
fn tried(target: &Target, frame: &Frame) -> String {
    let safe = match went_out(target) {
        api::OutThere::Partly => " What is out of it is not sent again.",
        _ => " It is surely not out, so nothing is sent twice.",
    };
    happens(target, frame) + safe
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "get_verdicts",
            "GET",
            "/v1/targets/{id}/verdicts",
            "What may be done to a target, and what comes of it",
        )
        .answers::<api::Verdicts>(200, "A verdict for each action"),
    ]
}
