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

#[tokio::test(start_paused = true)]
async fn several_targets_are_given_another_text_and_what_failed_is_tried_again() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    let path = format!("/v1/posts/{post}/edit");
    let ask =
        |targets: &[String], text: &str| json!({ "targets": targets, "text": text, "revision": 1, "reason": "a slip" });
    let long = "x".repeat(101);
    let refused = world.post(&path, &ask(&targets, &long)).await.problem(422);
    assert_eq!(refused["problems"][0]["path"], "$.text", "one channel takes no more than 100 characters");
    assert_eq!(world.state(&targets[0]).await, State::Failed, "all of it or nothing");
    let changed = world.post(&path, &ask(&targets, "better words")).await.ok(200);
    assert_eq!((changed["targets"].as_array().unwrap().len(), &changed["revision"]), (2, &json!(2)), "{changed}");
    assert_eq!(world.state(&targets[0]).await, State::Scheduled, "what had failed is tried again");
    for target in &targets {
        let shown = world.get(&format!("/v1/targets/{target}")).await.ok(200);
        assert_eq!(shown["changes"]["content"]["text"], "better words");
    }
    assert_eq!(world.post(&path, &ask(&targets, "again")).await.problem(409)["code"], "OP-1017");
    world.publish(&targets[1]).await;
    let mut late = ask(&targets, "too late");
    late["revision"] = json!(null);
    assert_eq!(world.post(&path, &late).await.problem(409)["code"], "OP-1018");
    let shown = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!(shown["changes"]["content"]["text"], "better words", "one refusal changes nothing");
    let stranger = world.post(&path, &json!({ "targets": [post], "text": "x" })).await.problem(422);
    assert_eq!(stranger["problems"][0]["path"], "$.targets");
    let log = world.get(&format!("/v1/audit-log?subject=post:{post}")).await.ok(200);
    assert_eq!(
        (&log["entries"][4]["action"], &log["entries"][4]["reason"]),
        (&json!("edit targets"), &json!("a slip")),
        "{log}"
    );
}
