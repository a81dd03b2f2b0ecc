//! Single targets: look, cancel, settle.

use axum::{Json, extract::State};
use domain::{Answer, Code, Command, Decision, Draft, Refusal, Target, TargetId};
use ledger::{TargetView, standing};

use super::{find, retry};
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    audited::Intent,
    extract::{Id, Json as Body},
    notes::Concerned,
    openapi::{Operation, operation},
    proof,
};

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
) -> Result<Json<api::Target>, Problem> {
    current(&console, &caller, id).await.map(Json)
}

pub(super) async fn cancel(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
) -> Result<Json<api::Target>, Problem> {
    let view = find::target(&console, &caller, id).await?;
    let intent = Intent::target("cancel target", &view.target);
    console.audited(&caller, intent, command(&console, id, Command::Cancel), after).await?;
    current(&console, &caller, id).await.map(Json)
}

pub(super) async fn resolve(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
    Body(word): Body<api::Resolution>,
) -> Result<Json<api::Target>, Problem> {
    let view = find::target(&console, &caller, id).await?;
    let (action, decision) = match (word.published, word.send_again) {
        (Some(proof), false) => {
            let last = is_last(&console, &view).await?;
            let receipt = proof::read(&console, &view.target, proof, last)?;
            proof::is_of_account(&console, &view.target, &receipt, word.of_account).await?;
            if !word.shared {
                proof::is_no_other_accounts(&console, &caller, &view.target, &receipt).await?;
            }
            ("mark as published", Decision::Published { receipt, last, shared: word.shared })
        }
        (None, true) => {
            let message = "is missing: which is the newest attempt that you looked for on the platform? The target's page and `oncepost status` number them";
            let attempt = word.attempt.ok_or_else(|| Problem::field("$.attempt", Code::BAD_FIELD, message))?;
            ("send again", Decision::SendAgain { attempt })
        }
        _ => {
            let message = "needs exactly one of published and send_again";
            return Err(Problem::field("$", Code::BAD_FIELD, message));
        }
    };
    let intent = Intent::target(action, &view.target).because(word.note.as_deref());
    // What nobody but the caller could tell stands there as their word.
    let after = |target: &Target| {
        let mut told = standing(target);
        if word.of_account {
            told["of_account"] = true.into();
        }
        Some(told)
    };
    console.audited(&caller, intent, command(&console, id, Command::Decide(decision)), after).await?;
    current(&console, &caller, id).await.map(Json)
}

/// Whether nothing is left to send once the publish point in doubt is out.
async fn is_last(console: &Console, view: &TargetView) -> Result<bool, Problem> {
    let target = &view.target;
    let Some(channel) = console.channels.get(target.channel.as_str()) else { return Ok(true) };
    let Some(post) = console.ledger.post(target.post, false).await? else { return Ok(true) };
    let open = target.armed.as_ref().map_or(target.next_part(), |armed| armed.part);
    Ok(open + 1 >= channel.parts(&Draft::of(&post.content, &view.changes)))
}

/// How a target is after a change, for the audit log.
#[allow(clippy::unnecessary_wraps, reason = "an answer may have nothing to say")]
pub(super) fn after(target: &Target) -> Option<serde_json::Value> {
    Some(standing(target))
}

/// Applies a command that its owner or an operator asked for; the target since.
pub(super) async fn command(console: &Console, id: TargetId, command: Command) -> Result<Target, Problem> {
    let applied = console.ledger.apply(id, command).await?;
    console.pass_on(&applied);
    match applied.answer {
        Answer::Refused(refusal) => {
            // Where it stands now says more than that it is not where it was.
            let refused = RefusedTarget::new(id, refusal);
            let reason = retry::refusal(&applied.target, &refused.reason, applied.now);
            let problem = Problem::too_late(vec![RefusedTarget { reason, ..refused }]);
            Err(match refusal {
                Refusal::Taken { by } => Problem { remedy: proof::not_shared(id, Some(by)), ..problem },
                _ => problem,
            })
        }
        _ => Ok(applied.target),
    }
}

/// The target as it is now, with its attempts.
pub(super) async fn current(console: &Console, caller: &Caller, id: TargetId) -> Result<api::Target, Problem> {
    let view = find::target(console, caller, id).await?;
    let frame = find::frame_of(console, caller, [&view.target]).await?;
    let doubted = view.target.armed.is_some();
    let post = if doubted { console.ledger.post(view.target.post, false).await? } else { None };
    let notes = console.noted(&Concerned::target(&view.target), caller).await;
    let shown = frame.target(view, post.as_ref().map(|post| &post.content), true);
    let assigned = console.taken(caller).await.of_target(&shown);
    Ok(api::Target { notes, assigned, ..shown })
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("get_target", "GET", "/v1/targets/{id}", "One target with its attempts")
            .answers::<api::Target>(200, "The target"),
        operation("cancel_target", "POST", "/v1/targets/{id}/cancel", "Cancel a target")
            .answers::<api::Target>(200, "The target, cancelled")
            .fails(409, "It is too late (OP-1018)"),
        operation(
            "resolve_target",
            "POST",
            "/v1/targets/{id}/resolve",
            "Settle a target in doubt, after a look on the platform",
        )
        .body::<api::Resolution>()
        .answers::<api::Target>(200, "The target as it is now")
        .fails(409, "Nothing is in doubt, the machine is still settling it, or another target has that post (OP-1018)"),
    ]
}
