//! Trying again. A compare-and-set on the ledger, never a publish: asked twice, it is sent once, and the second is told.

use axum::{Json, extract::State};
use domain::{Answer, Command, Context, PauseScope, PostId, Refusal, State as TargetState, Target, TargetId, apply};
use jiff::Timestamp;
use ledger::PostView;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{find, targets};
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    audited::Intent,
    extract::{Ask, Id},
    kick,
    openapi::{Operation, operation},
    show::Frame,
    standing::instant,
};

pub(super) async fn target(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
) -> Result<Json<api::Retried>, Problem> {
    let view = find::target(&console, &caller, id).await?;
    let frame = find::frame_of(&console, &caller, [&view.target]).await?;
    let intent = Intent::target("retry target", &view.target);
    let retry = async { again(&console, &view.target, &frame).await };
    let what = console.audited(&caller, intent, retry, |what| Some(json!({ "what": what }))).await?;
    Ok(Json(api::Retried { what, target: targets::current(&console, &caller, id).await? }))
}

/// Tries a target again, or hands it over anew if it is stuck; what becomes of it.
async fn again(console: &Console, target: &Target, frame: &Frame) -> Result<String, Problem> {
    let id = target.id;
    if kick::is_stuck(target, frame.now) && target.state != TargetState::Retrying {
        let (done, target) = kick::kick(console, id, frame.now).await?;
        // It may have turned out to be paused, or past its deadline.
        let refusal = if target.state == TargetState::Expired { Refusal::Expired } else { Refusal::NotApplicable };
        let refused = || explained(Problem::too_late(vec![RefusedTarget::new(id, refusal)]), &target, frame.now);
        return done.map(str::to_owned).ok_or_else(refused);
    }
    let retried = targets::command(console, id, Command::Retry).await;
    retried.map_err(|problem| explained(problem, target, frame.now))?;
    Ok(happens(target, frame))
}

/// Says more than "nothing to do" where the state says more.
fn explained(mut problem: Problem, target: &Target, now: Timestamp) -> Problem {
    for refused in &mut problem.refused {
        refused.reason = refusal(target, &refused.reason, now);
        problem.detail = format!("Target {}: {}. Nothing was changed.", refused.target, refused.reason);
    }
    problem
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Manner {
    /// Change nothing, and tell what would happen.
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn post(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<PostId>,
    Ask(Manner { dry_run }): Ask<Manner>,
) -> Result<Json<api::RetryPlan>, Problem> {
    let post = find::post(&console, &caller, id, false).await?;
    let frame = find::frame_of(&console, &caller, post.targets.iter().map(|view| &view.target)).await?;
    let intent = Intent::post("retry post", &post);
    let retry = all(&console, post, &frame, dry_run);
    if dry_run {
        // What would be refused is not promised.
        console.ledger.ping().await?;
        return retry.await.map(Json);
    }
    console.audited(&caller, intent, retry, |plan| Some(json!(plan.targets))).await.map(Json)
}

/// Retries the failed targets of a post, or finds out what would become of that.
async fn all(console: &Console, post: PostView, frame: &Frame, dry_run: bool) -> Result<api::RetryPlan, Problem> {
    let id = post.id;
    let mut answers = Vec::with_capacity(post.targets.len());
    for view in post.targets {
        answers.push(one(console, view.target, frame, dry_run).await?);
    }
    let going = answers.iter().filter(|(retry, _)| retry.goes).count();
    if going == 0 && !dry_run {
        let refused = answers.into_iter().map(|(retry, refusal)| RefusedTarget {
            target: retry.target,
            refusal: crate::problem::refusal_name(refusal.unwrap_or(Refusal::NotApplicable)).into(),
            reason: retry.why,
        });
        return Err(Problem::too_late(refused.collect()));
    }
    let targets: Vec<_> = answers.into_iter().map(|(retry, _)| retry).collect();
    Ok(api::RetryPlan { post: id, dry_run, going, held_back: targets.len() - going, targets })
}

/// Retries one target of a post if it has failed, or finds out whether that would work.
async fn one(
    console: &Console,
    before: Target,
    frame: &Frame,
    dry_run: bool,
) -> Result<(api::Retry, Option<Refusal>), Problem> {
    let mut after = before.clone();
    let answer = if before.state != TargetState::Failed {
        // What retries by itself, or is out, is not a retry's business; the same function says why.
        let context = Context { now: frame.now, policy: console.ledger.policy(), pauses: &frame.pauses, owner: None };
        match apply(&mut before.clone(), &Command::Retry, &context).answer() {
            Answer::Refused(refusal) => Answer::Refused(refusal),
            _ => Answer::Refused(Refusal::NotApplicable),
        }
    } else if dry_run {
        let context = Context { now: frame.now, policy: console.ledger.policy(), pauses: &frame.pauses, owner: None };
        apply(&mut before.clone(), &Command::Retry, &context).answer()
    } else {
        let applied = console.ledger.apply(before.id, Command::Retry).await?;
        console.pass_on(&applied);
        after = applied.target;
        applied.answer
    };
    let (why, refused) = match answer {
        Answer::Refused(reason) => (refusal(&before, reason.reason(), frame.now), Some(reason)),
        _ => (happens(&before, frame), None),
    };
    let retry = api::Retry {
        target: after.id,
        channel: after.channel,
        account: after.account,
        state: after.state,
        goes: refused.is_none(),
        why,
    };
    Ok((retry, refused))
}

/// What becomes of a target that is tried again.
pub(super) fn happens(target: &Target, frame: &Frame) -> String {
    match frame.pauses.iter().find(|pause| pause.scope.covers(target)) {
        Some(pause) => format!("It goes as soon as the pause of {} ends.", resumable(&pause.scope)),
        None => match target.limited_until(frame.now) {
            Some(ends) if target.is_stale(ends) => {
                format!(
                    "It waits for a rate limit until {}, and its deadline is before that: give it a later one.",
                    instant(ends)
                )
            }
            Some(ends) => format!("It is sent again at {}: until then the platform's rate limit holds.", instant(ends)),
            None => match frame.stopped.get(&target.channel) {
                Some(why) => format!("It is due again right away, and waits until this is mended: {why}."),
                None => "It is sent again right away.".into(),
            },
        },
    }
}

fn resumable(scope: &PauseScope) -> String {
    format!("{scope} (`oncepost resume {scope}`)")
}

/// Why a target is held back.
pub(super) fn refusal(target: &Target, reason: &str, now: Timestamp) -> String {
    match (target.state, target.limited_until(now)) {
        (TargetState::Scheduled, Some(ends)) if target.is_stale(ends) => {
            format!(
                "it waits for a rate limit until {}, and its deadline is before that: give it a later one",
                instant(ends)
            )
        }
        (TargetState::Scheduled, Some(ends)) => {
            format!("it waits for a rate limit that ends at {}, and goes then", instant(ends))
        }
        (TargetState::Scheduled, None) if now < target.due_at => {
            format!(
                "it is not due before {}; `oncepost reschedule {} now` publishes its post at once",
                instant(target.due_at),
                target.post
            )
        }
        (TargetState::Scheduled | TargetState::Queued, _) => "it is on its way already".into(),
        (TargetState::Retrying, _) => "it is tried again by itself".into(),
        (TargetState::Held, _) => "it is held by a pause; resume that".into(),
        _ => reason.to_owned(),
    }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("retry_post", "POST", "/v1/posts/{id}/retry", "Try a post's failed targets again")
            .query::<Manner>()
            .answers::<api::RetryPlan>(200, "What goes, and what is held back and why")
            .fails(409, "Nothing goes (OP-1018); `refused` says why"),
        operation("retry_target", "POST", "/v1/targets/{id}/retry", "Try a target again, or unstick it")
            .answers::<api::Retried>(200, "What was done")
            .fails(409, "It cannot be tried again (OP-1018); `refused` says why"),
    ]
}
