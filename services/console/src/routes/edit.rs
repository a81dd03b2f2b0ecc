//! Targets of a post say something else, and those that have failed are tried again: all of it or nothing, in one step.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use contract::{ChangeAsk, V1};
use domain::{Answer, Code, Command, Draft, PostId, State as Standing, TargetId};
use ledger::{Applied, PostChange, PostView};
use serde_json::{Value, json};

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

/// The commands of an edit of a post, worked out anew for each revision of it.
type Worked = Result<Vec<(TargetId, Command)>, Problem>;

pub(super) async fn edit(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<TargetId>,
    Body(ask): Body<api::EditAsk>,
) -> Result<Json<api::Target>, Problem> {
    let view = find::target(&console, &caller, id).await?;
    let change = change(&[id], &ask.content, ask.revision)?;
    let intent = Intent::target("edit target", &view.target).because(given(ask.reason.as_ref()));
    let work = |post: &PostView| {
        let commands = console.intake.commands(post, &change).map_err(Problem::unfit)?;
        Ok(with_retries(post, &[id], commands))
    };
    let edit = carry_out(&console, &caller, view.target.post, ask.revision, work);
    let after = |done: &(u32, Vec<Applied>)| done.1.last().and_then(|applied| targets::after(&applied.target));
    console.audited(&caller, intent, edit, after).await?;
    targets::current(&console, &caller, id).await.map(Json)
}

/// Several targets of one post, all of them or none.
pub(super) async fn edit_many(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<PostId>,
    Body(ask): Body<api::EditManyAsk>,
) -> Result<Json<api::ChangedPost>, Problem> {
    if ask.targets.is_empty() {
        return Err(Problem::field("$.targets", Code::BAD_FIELD, "names no target"));
    }
    let before = find::post(&console, &caller, id, false).await?;
    let intent = Intent::post("edit targets", &before).because(given(ask.reason.as_ref()));
    let work = |post: &PostView| rewritten(&console, post, &ask);
    let edit = async {
        let (revision, applied) = carry_out(&console, &caller, id, ask.revision, work).await?;
        Ok(changed(id, revision, &applied))
    };
    let after = |post: &api::ChangedPost| {
        Some(json!({ "revision": post.revision, "targets": post.targets, "asked": { "text": ask.text } }))
    };
    console.audited(&caller, intent, edit, after).await.map(Json)
}

/// Each of the targets says what it says now, with another text.
fn rewritten(console: &Console, post: &PostView, ask: &api::EditManyAsk) -> Worked {
    let (mut commands, mut wrong) = (Vec::new(), Vec::new());
    for id in &ask.targets {
        let Some(view) = post.targets.iter().find(|view| view.target.id == *id) else {
            let message = format!("names {id}, which is no target of post {}", post.id);
            return Err(Problem::field("$.targets", Code::NOT_FOUND, message));
        };
        let Draft(mut content) = Draft::of(&post.content, &view.changes);
        content.text.clone_from(&ask.text);
        match console.intake.commands(post, &change(&[*id], &json!(content), ask.revision)?) {
            Ok(found) => commands.extend(found),
            Err(problems) => wrong.extend(problems.into_iter().map(placed)),
        }
    }
    if wrong.is_empty() { Ok(with_retries(post, &ask.targets, commands)) } else { Err(Problem::unfit(wrong)) }
}

/// A problem of the content, told of the body's text.
fn placed(mut problem: contract::Problem) -> contract::Problem {
    if problem.path == "$.content.text" {
        problem.path = "$.text".into();
    }
    problem
}

fn change(targets: &[TargetId], content: &Value, revision: Option<u32>) -> Result<ChangeAsk, Problem> {
    let body = json!({
        "version": V1::NUMBER,
        "change": "edit",
        "content": content,
        "revision": revision,
        "targets": targets,
    });
    ChangeAsk::decode(body.to_string().as_bytes()).map_err(Problem::unfit)
}

fn given(reason: Option<&String>) -> Option<&str> {
    reason.map(|reason| reason.trim()).filter(|reason| !reason.is_empty())
}

/// The same, and those that have failed are tried again after it.
fn with_retries(
    post: &PostView,
    targets: &[TargetId],
    mut commands: Vec<(TargetId, Command)>,
) -> Vec<(TargetId, Command)> {
    let failed = post.targets.iter().map(|view| &view.target).filter(|target| target.state == Standing::Failed);
    commands.extend(failed.filter(|target| targets.contains(&target.id)).map(|target| (target.id, Command::Retry)));
    commands
}

/// Carries out what `work` makes of the post, in one step; its revision since, and what came of each command.
async fn carry_out(
    console: &Console,
    caller: &Caller,
    id: PostId,
    seen: Option<u32>,
    work: impl Fn(&PostView) -> Worked,
) -> Result<(u32, Vec<Applied>), Problem> {
    let mut newest = 0;
    for _ in 0..MOST_ROUNDS {
        let post = find::post(console, caller, id, false).await?;
        if let Some(seen) = seen.filter(|seen| *seen != post.revision) {
            tracing::debug!(post.id = %id, seen, now = post.revision, "an edit was based on an old revision");
            return Err(Problem::stale(post.revision));
        }
        let commands = work(&post)?;
        match console.ledger.change_post(id, Some(post.revision), commands).await? {
            PostChange::Stale { revision } if seen.is_some() => return Err(Problem::stale(revision)),
            PostChange::Stale { revision } => newest = revision,
            PostChange::NotFound => return Err(Problem::not_found(format!("post {id}"))),
            PostChange::Refused(answers) => return Err(Problem::too_late(refused(&answers))),
            PostChange::Done { revision, applied } => {
                applied.iter().for_each(|applied| console.pass_on(applied));
                return Ok((revision, applied));
            }
        }
    }
    Err(Problem::stale(newest))
}

/// The targets as they are after the last command about each.
fn changed(post: PostId, revision: u32, applied: &[Applied]) -> api::ChangedPost {
    let last: BTreeMap<_, _> = applied.iter().map(|applied| (applied.target.id, &applied.target)).collect();
    let targets = last.into_values().map(|target| api::ChangedTarget {
        id: target.id,
        channel: target.channel.clone(),
        account: target.account.clone(),
        state: target.state,
        due_at: target.due_at,
        deadline: target.deadline,
    });
    api::ChangedPost { post, revision, targets: targets.collect() }
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
        operation(
            "edit_targets",
            "POST",
            "/v1/posts/{id}/edit",
            "Give targets of a post another text, and try those again that have failed: all of it or nothing",
        )
        .body::<api::EditManyAsk>()
        .answers::<api::ChangedPost>(200, "It is changed")
        .fails(409, "It is too late for one of them, or the revision is another by now; nothing was changed")
        .fails(422, "The text is refused, or a target is none of the post's"),
    ]
}
