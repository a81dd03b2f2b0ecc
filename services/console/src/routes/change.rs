//! Changes of a whole post: all of its targets or none.

use axum::{Json, extract::State};
use contract::{Change, ChangeAsk, V1};
use domain::{Answer, Code, PostId, Refusal, State as Standing, TargetId};
use ledger::{Applied, PostChange, PostView};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::find;
use crate::{
    Console, Problem,
    access::Caller,
    api::{self, RefusedTarget},
    audited::Intent,
    extract::{Id, Json as Body},
    openapi::{Operation, operation, shapes::PostChange as Shape},
};

/// How often a change that named no revision is worked out anew because somebody else was faster.
const MOST_ROUNDS: usize = 5;

/// `{"revision", "content"}` edits, `{"revision", "publish_at", "deadline"?}` reschedules; `targets` narrows either.
pub(super) async fn patch(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<PostId>,
    Body(body): Body<Value>,
) -> Result<Json<api::ChangedPost>, Problem> {
    let ask = read(body)?;
    carry_out(&console, &caller, id, &ask).await.map(Json)
}

/// Reads the body as the change message that it stands for, so that each place of a problem is the body's own.
fn read(mut body: Value) -> Result<ChangeAsk, Problem> {
    let given = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let change = match (given("content"), given("publish_at")) {
        (true, false) if given("deadline") => {
            let message = "belongs to a new publish_at; content is changed by itself";
            return Err(Problem::field("$.deadline", Code::BAD_FIELD, message));
        }
        (true, false) => "edit",
        (false, true) => "reschedule",
        (true, true) => {
            let message = "has both content and publish_at: change one, then the other with the new revision";
            return Err(Problem::field("$", Code::BAD_FIELD, message));
        }
        (false, false) => return Err(Problem::field("$", Code::BAD_FIELD, "needs content, or publish_at")),
    };
    if !given("revision") {
        let message = "is missing: name the revision that the change is based on";
        return Err(Problem::field("$.revision", Code::BAD_FIELD, message));
    }
    body["version"] = json!(V1::NUMBER);
    body["change"] = json!(change);
    ChangeAsk::decode(body.to_string().as_bytes()).map_err(Problem::unfit)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CancelAsk")]
pub(super) struct Seen {
    /// The revision that the cancelling is based on; without it, whichever there is.
    revision: Option<u32>,
}

pub(super) async fn cancel(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<PostId>,
    Body(Seen { revision }): Body<Seen>,
) -> Result<Json<api::ChangedPost>, Problem> {
    let ask = ChangeAsk { version: V1, revision, targets: Vec::new(), change: Change::Cancel };
    carry_out(&console, &caller, id, &ask).await.map(Json)
}

async fn carry_out(
    console: &Console,
    caller: &Caller,
    id: PostId,
    ask: &ChangeAsk,
) -> Result<api::ChangedPost, Problem> {
    let before = find::post(console, caller, id, false).await?;
    let (action, asked) = match &ask.change {
        Change::Cancel => ("cancel post", Value::Null),
        Change::Edit { content, .. } => ("edit post", json!({ "content": content })),
        Change::Reschedule { publish_at, .. } => ("reschedule post", json!({ "publish_at": publish_at })),
    };
    let intent = Intent::post(action, &before);
    let after =
        |post: &api::ChangedPost| Some(json!({ "revision": post.revision, "targets": post.targets, "asked": asked }));
    console.audited(caller, intent, change(console, caller, id, ask), after).await
}

async fn change(console: &Console, caller: &Caller, id: PostId, ask: &ChangeAsk) -> Result<api::ChangedPost, Problem> {
    let mut newest = 0;
    for _ in 0..MOST_ROUNDS {
        let view = find::post(console, caller, id, false).await?;
        if let Some(seen) = ask.revision.filter(|seen| *seen != view.revision) {
            tracing::debug!(post.id = %id, seen, now = view.revision, "a change was based on an old revision");
            return Err(Problem::stale(view.revision));
        }
        let commands = console.intake.commands(&view, ask).map_err(Problem::unfit)?;
        if commands.is_empty() {
            return nothing_left(&view, ask);
        }
        // What was worked out is right for the revision that was read only, whether the caller named one or not.
        match console.ledger.change_post(id, Some(view.revision), commands).await? {
            PostChange::Done { revision, applied } => return Ok(done(console, id, revision, applied)),
            PostChange::Refused(answers) => return Err(Problem::too_late(refused(&answers))),
            PostChange::NotFound => return Err(Problem::not_found(format!("post {id}"))),
            PostChange::Stale { revision } if ask.revision.is_some() => return Err(Problem::stale(revision)),
            PostChange::Stale { revision } => newest = revision,
        }
    }
    Err(Problem::stale(newest))
}

fn done(console: &Console, id: PostId, revision: u32, applied: Vec<Applied>) -> api::ChangedPost {
    let mut targets = Vec::with_capacity(applied.len());
    for applied in applied {
        console.pass_on(&applied);
        let target = applied.target;
        targets.push(api::ChangedTarget {
            id: target.id,
            channel: target.channel,
            account: target.account,
            state: target.state,
            due_at: target.due_at,
            deadline: target.deadline,
        });
    }
    api::ChangedPost { post: id, revision, targets }
}

/// No target can be changed any more. Cancelling again is harmless and changes nothing; everything else comes too late.
fn nothing_left(view: &PostView, ask: &ChangeAsk) -> Result<api::ChangedPost, Problem> {
    if matches!(ask.change, Change::Cancel) {
        return Ok(api::ChangedPost { post: view.id, revision: view.revision, targets: Vec::new() });
    }
    let refusal = |state| match state {
        Standing::Cancelled => Refusal::Cancelled,
        Standing::Published => Refusal::AlreadyPublished,
        _ => Refusal::NotApplicable,
    };
    let targets = view.targets.iter().map(|one| RefusedTarget::new(one.target.id, refusal(one.target.state)));
    Err(Problem::too_late(targets.collect()))
}

fn refused(answers: &[(TargetId, Answer)]) -> Vec<RefusedTarget> {
    let refusal = |(id, answer): &(TargetId, Answer)| match answer {
        Answer::Refused(refusal) => Some(RefusedTarget::new(*id, *refusal)),
        _ => None,
    };
    answers.iter().filter_map(refusal).collect()
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("change_post", "PATCH", "/v1/posts/{id}", "Edit or reschedule a post: all of it or nothing")
            .body::<Shape>()
            .answers::<api::ChangedPost>(200, "It is changed")
            .fails(409, "The post has another revision (OP-1017), or a target refuses (OP-1018); nothing was changed"),
        operation("cancel_post", "POST", "/v1/posts/{id}/cancel", "Cancel a post: all of it or nothing")
            .may_have_body::<Seen>()
            .answers::<api::ChangedPost>(200, "It is cancelled")
            .fails(409, "The post has another revision (OP-1017), or a target refuses (OP-1018); nothing was changed"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(body: Value) -> String {
        read(body).unwrap_err().problems[0].path.clone()
    }

    #[test]
    fn one_change_at_a_time_and_only_with_a_revision() {
        assert_eq!(path(json!({ "revision": 1 })), "$");
        assert_eq!(path(json!([])), "$");
        assert_eq!(path(json!({ "content": { "text": "x" } })), "$.revision");
        assert_eq!(path(json!({ "revision": 1, "content": {}, "publish_at": "2026-12-01T09:00:00Z" })), "$");
        assert_eq!(path(json!({ "revision": 1, "content": {}, "deadline": "2026-12-01T09:00:00Z" })), "$.deadline");
        assert_eq!(path(json!({ "revision": 1, "publish_at": "2026-12-01T09:00:00" })), "$.publish_at");
        assert!(read(json!({ "revision": 1, "publish_at": "2026-12-01T09:00:00Z", "deadline": null })).is_ok());
    }
}
