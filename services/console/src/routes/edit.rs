//! One target says something else, and is tried again if it has failed: all of it or nothing, in one step.

use axum::{Json, extract::State};
use contract::{ChangeAsk, V1};
use domain::{Answer, Command, State as Standing, TargetId};
use ledger::{PostChange, PostView};
use serde_json::json;

use super::{find, targets};
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    audited::Intent,
    extract::{Id, Json as Body},
    openapi::{Operation, operation},
};

/// How often a change that named no revision is worked out anew because somebody else was faster.
const MOST_ROUNDS: usize = 5;

pub(super) async fn edit(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
    Body(ask): Body<api::EditAsk>,
) -> Result<Json<api::Target>, Problem> {
    let view = find::target(&console, &caller, id).await?;
    let body = json!({
        "version": V1::NUMBER,
        "change": "edit",
        "content": ask.content,
        "revision": ask.revision,
        "targets": [id],
    });
    let change = ChangeAsk::decode(body.to_string().as_bytes()).map_err(Problem::unfit)?;
    let reason = ask.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let intent = Intent::target("edit target", &view.target).because(reason);
    let edit = async {
        let mut newest = 0;
        for _ in 0..MOST_ROUNDS {
            let post = find::post(&console, &caller, view.target.post, false).await?;
            match once(&console, &post, id, &change).await? {
                PostChange::Stale { revision } if ask.revision.is_some() => return Err(Problem::stale(revision)),
                PostChange::Stale { revision } => newest = revision,
                PostChange::NotFound => return Err(Problem::not_found(format!("target {id}"))),
                PostChange::Refused(answers) => return Err(Problem::too_late(refused(&answers))),
                PostChange::Done { applied, .. } => {
                    applied.iter().for_each(|applied| console.pass_on(applied));
                    return Ok(applied);
                }
            }
        }
        Err(Problem::stale(newest))
    };
    let after = |applied: &Vec<ledger::Applied>| applied.last().and_then(|applied| targets::after(&applied.target));
    console.audited(&caller, intent, edit, after).await?;
    targets::current(&console, &caller, id).await.map(Json)
}

async fn once(console: &Console, post: &PostView, id: TargetId, change: &ChangeAsk) -> Result<PostChange, Problem> {
    if let Some(seen) = change.revision.filter(|seen| *seen != post.revision) {
        tracing::debug!(post.id = %post.id, seen, now = post.revision, "an edit was based on an old revision");
        return Ok(PostChange::Stale { revision: post.revision });
    }
    let mut commands = console.intake.commands(post, change).map_err(Problem::unfit)?;
    let has_failed = |view: &ledger::TargetView| view.target.id == id && view.target.state == Standing::Failed;
    if post.targets.iter().any(has_failed) {
        commands.push((id, Command::Retry));
    }
    Ok(console.ledger.change_post(post.id, Some(post.revision), commands).await?)
}

fn refused(answers: &[(TargetId, Answer)]) -> Vec<RefusedTarget> {
    let refusal = |(id, answer): &(TargetId, Answer)| match answer {
        Answer::Refused(refusal) => Some(RefusedTarget::new(*id, *refusal)),
        _ => None,
    };
    let mut refused: Vec<_> = answers.iter().filter_map(refusal).collect();
    // Edit and retry may refuse for the same reason.
    refused.dedup();
    refused
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "edit_target",
            "POST",
            "/v1/targets/{id}/edit",
            "Let one target say something else, and try it again if it has failed",
        )
        .body::<api::EditAsk>()
        .answers::<api::Target>(200, "The target")
        .fails(409, "It is too late for this, or the revision is another by now")
        .fails(422, "The content is refused"),
    ]
}
