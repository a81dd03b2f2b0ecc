//! One target says something else and is tried again: in one step, or not at all.

use domain::State;
use serde_json::json;

use crate::world::{OTHER, message, world};

#[tokio::test(start_paused = true)]
async fn a_failed_target_is_edited_and_tried_again_in_one_step() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.fail(&targets[1]).await;
    let path = format!("/v1/targets/{}/edit", targets[0]);
    let ask = json!({ "content": { "text": "better words" }, "reason": "they took offence" });
    let edited = world.post(&path, &ask).await.ok(200);
    assert_eq!(
        (&edited["state"], &edited["changes"]["content"]["text"]),
        (&json!("scheduled"), &json!("better words"))
    );
    assert_eq!(world.state(&targets[1]).await, State::Failed, "the other one is left as it is");
    // What was approved is what goes out: a worker takes it with the new words.
    let begun = world.begin(&targets[0]).await;
    assert_eq!(begun, 2);
    let shown = world.get(&format!("/v1/posts/{post}")).await.ok(200);
    assert_eq!(shown["revision"], 2);
    let log = world.get(&format!("/v1/audit-log?subject=target:{}", targets[0])).await.ok(200);
    let entry = &log["entries"][0];
    assert_eq!((&entry["action"], &entry["reason"]), (&json!("edit target"), &json!("they took offence")));
    assert_eq!((&entry["before"]["state"], &entry["after"]["state"]), (&json!("failed"), &json!("scheduled")));
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_cannot_be_tried_again_changes_nothing() {
    let world = world();
    let mut dated = message("key");
    dated["deadline"] = json!("2026-06-01T13:30:00Z");
    let (_, targets) = world.accepted(&dated).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.doubt(&targets[1]).await;
    let edit = |target: &str, body: serde_json::Value| {
        let (world, path) = (&world, format!("/v1/targets/{target}/edit"));
        async move { world.post(&path, &body).await }
    };
    let better = || json!({ "content": { "text": "better" } });
    let problem = edit(&targets[1], better()).await.problem(409);
    assert_eq!(problem["refused"][0]["refusal"], "in_doubt");
    assert_eq!(
        edit(&targets[0], json!({ "content": { "text": "x".repeat(101) } })).await.problem(422)["code"],
        "OP-1006"
    );
    assert_eq!(
        edit(&targets[0], json!({ "content": { "text": "y" }, "revision": 7 })).await.problem(409)["code"],
        "OP-1017"
    );
    world.at_due_time().await;
    let problem = edit(&targets[0], better()).await.problem(409);
    assert_eq!(problem["refused"][0]["refusal"], "expired");
    let shown = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!((shown.get("changes"), &shown["revision"]), (None, &json!(1)), "nothing was changed");
    let path = format!("/v1/targets/{}/edit", targets[0]);
    world.send(Some(OTHER), "POST", &path, better().to_string()).await.problem(404);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_edited_and_goes_at_its_time() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    let ask = json!({ "content": { "text": "better" }, "revision": 1 });
    let edited = world.post(&format!("/v1/targets/{}/edit", targets[0]), &ask).await.ok(200);
    assert_eq!((&edited["state"], &edited["next_at"]), (&json!("scheduled"), &json!("2026-06-01T13:00:00Z")));
}
