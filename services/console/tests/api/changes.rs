//! Edit, reschedule, cancel: all of a post or nothing.

use broker::Source;
use serde_json::json;

use crate::world::{message, world};

#[tokio::test(start_paused = true)]
async fn c02_a_post_is_edited_and_rescheduled_with_its_revision() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let path = format!("/v1/posts/{post}");
    let edited = world.patch(&path, &json!({ "revision": 1, "content": { "text": "better" } })).await.ok(200);
    assert_eq!(edited["revision"], 2);
    let moved = world.patch(&path, &json!({ "revision": 2, "publish_at": "2026-06-02T09:00:00Z" })).await.ok(200);
    insta::assert_json_snapshot!("changed", moved);
    let stored = world.get(&path).await.ok(200);
    assert_eq!((&stored["revision"], &stored["targets"][0]["due_at"]), (&json!(3), &json!("2026-06-02T09:00:00Z")));
    assert_eq!(stored["targets"][1]["changes"]["content"]["text"], "better");
    assert_eq!(targets.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn c02_a_stale_change_is_told_the_revision_and_changes_nothing() {
    let world = world();
    let (post, _) = world.accepted(&message("key")).await;
    let path = format!("/v1/posts/{post}");
    let change = json!({ "revision": 1, "content": { "text": "first" } });
    world.patch(&path, &change).await.ok(200);
    let before = world.get(&path).await.text;
    for (path, body) in [(path.clone(), change), (format!("{path}/cancel"), json!({ "revision": 1 }))] {
        let reply = match body.get("content") {
            Some(_) => world.patch(&path, &body).await,
            None => world.post(&path, &body).await,
        };
        let problem = reply.problem(409);
        assert_eq!((&problem["code"], &problem["revision"]), (&json!("OP-1017"), &json!(2)));
    }
    assert_eq!(world.get(&path).await.text, before);
}

/// C02: a delete that did not happen never answers 200.
#[tokio::test(start_paused = true)]
async fn c02_what_is_too_late_is_a_conflict_that_names_each_target_and_changes_none() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.publish(&targets[0]).await;
    let problem = world.post(&format!("/v1/posts/{post}/cancel"), &json!({})).await.problem(409);
    assert_eq!(problem["code"], "OP-1018");
    assert_eq!(
        problem["refused"],
        json!([{ "target": targets[0], "refusal": "already_published", "reason": "it is published already" }])
    );
    assert_eq!(world.state(&targets[1]).await, domain::State::Scheduled, "all or nothing");
    let change = json!({ "revision": 1, "publish_at": "2026-06-02T09:00:00Z" });
    assert_eq!(world.patch(&format!("/v1/posts/{post}"), &change).await.problem(409)["code"], "OP-1018");
    let one = world.post(&format!("/v1/targets/{}/cancel", targets[1]), &json!({})).await.ok(200);
    assert_eq!((&one["state"], &one["went_out"]), (&json!("cancelled"), &json!("no")));
    world.post(&format!("/v1/targets/{}/cancel", targets[0]), &json!({})).await.problem(409);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_done_once_and_may_be_asked_again() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let cancel = format!("/v1/posts/{post}/cancel");
    let cancelled = world.send(Some(crate::world::ACME), "POST", &cancel, String::new()).await.ok(200);
    assert_eq!(cancelled["targets"][0]["state"], "cancelled");
    world.post(&cancel, &json!({})).await.ok(200);
    assert_eq!(world.state(&targets[1]).await, domain::State::Cancelled);
    assert_eq!(world.get(&format!("/v1/posts/{post}")).await.ok(200)["status"], "withdrawn");
}

#[tokio::test(start_paused = true)]
async fn a_change_is_held_to_what_the_channels_take() {
    let world = world();
    let (post, _) = world.accepted(&message("key")).await;
    let path = format!("/v1/posts/{post}");
    let long = json!({ "revision": 1, "content": { "text": "x".repeat(101) } });
    let problem = world.patch(&path, &long).await.problem(422);
    assert_eq!((&problem["code"], &problem["problems"][0]["path"]), (&json!("OP-1006"), &json!("$.content.text")));
    let early = json!({ "revision": 1, "publish_at": "2026-06-01T13:00:00Z", "deadline": "2026-06-01T12:30:00Z" });
    assert_eq!(world.patch(&path, &early).await.problem(422)["code"], "OP-1009");
    assert_eq!(world.patch(&path, &json!({ "revision": 1 })).await.problem(422)["code"], "OP-1003");
    assert_eq!(world.get(&path).await.ok(200)["revision"], 1);
}

#[tokio::test(start_paused = true)]
async fn every_change_is_told_to_upstream() {
    let world = world();
    let topic = "#".to_owned();
    let mut events = world.transport.consume(Source::Events { queue: "test".into(), topic }, 10).await.unwrap();
    let (post, _) = world.accepted(&message("key")).await;
    world.post(&format!("/v1/posts/{post}/cancel"), &json!({})).await.ok(200);
    let mut names = Vec::new();
    for _ in 0..3 {
        let event = events.next().await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&event.message.body).unwrap();
        names.push(body["name"].as_str().unwrap().to_owned());
        event.ack().await.unwrap();
    }
    names.sort();
    assert_eq!(names, ["post.accepted", "target.cancelled", "target.cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_post_keeps_its_revision_and_is_not_rescheduled_without_a_word() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let path = format!("/v1/posts/{post}");
    let first = world.post(&format!("{path}/cancel"), &json!({})).await.ok(200);
    let again = world.post(&format!("{path}/cancel"), &json!({})).await.ok(200);
    assert_eq!((&first["revision"], &again["revision"]), (&json!(2), &json!(2)));
    let problem =
        world.patch(&path, &json!({ "revision": 2, "publish_at": "2026-06-02T09:00:00Z" })).await.problem(409);
    assert_eq!(problem["code"], "OP-1018");
    assert_eq!(problem["refused"].as_array().unwrap().len(), targets.len());
    assert_eq!(problem["refused"][0]["refusal"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn an_edited_post_shows_what_goes_out() {
    let world = world();
    let (post, _) = world.accepted(&message("key")).await;
    let path = format!("/v1/posts/{post}");
    world.patch(&path, &json!({ "revision": 1, "content": { "text": "better" } })).await.ok(200);
    assert_eq!(world.get(&path).await.ok(200)["content"]["text"], "better");
}
