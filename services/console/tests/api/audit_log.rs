//! Nothing is changed without a record: who, what, why, before and after.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    processes::{beat, beats},
    world::{ACME, OPERATOR, OTHER, World, memory, message, world, world_on},
};

async fn entries(world: &World, token: &str, query: &str) -> Vec<Value> {
    let reply = world.send(Some(token), "GET", &format!("/v1/audit-log{query}"), String::new()).await.ok(200);
    reply["entries"].as_array().unwrap().clone()
}

/// Entries are in the order of time, to the millisecond.
async fn tick(world: &World) {
    world.runtime.sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_on_record_with_how_it_was_and_what_comes() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.ok(200);
    tick(&world).await;
    // Pressed again: refused, and that is on record as well.
    world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.problem(409);
    let found = entries(&world, OPERATOR, &format!("?subject=target:{}", targets[0])).await;
    let [refused, done] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&done["outcome"], &done["action"]), (&json!("done"), &json!("retry target")));
    assert_eq!((&done["who"], &done["tenant"], &done["post"]), (&json!("olga"), &json!("acme"), &json!(post)));
    assert_eq!((&done["before"]["state"], &done["before"]["needs_person"]), (&json!("failed"), &json!(true)));
    assert!(done["after"]["what"].as_str().unwrap().starts_with("It is sent again"), "{done}");
    assert!(done["ended_at"].is_string());
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["after"]["status"], 409);
    assert!(refused["after"]["why"].as_str().unwrap().contains("already"), "{refused}");
    assert_eq!(entries(&world, OPERATOR, &format!("?post={post}")).await.len(), 2, "the post tells of its targets");
}

#[tokio::test(start_paused = true)]
async fn whatever_an_operator_changes_is_on_record_with_the_reason() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let path = format!("/v1/posts/{post}");
    world
        .send(Some(ACME), "PATCH", &path, json!({ "revision": 1, "content": { "text": "new" } }).to_string())
        .await
        .ok(200);
    tick(&world).await;
    world.post("/v1/pauses", &json!({ "scope": "channel:long", "reason": "their outage" })).await.ok(201);
    tick(&world).await;
    world.send(Some(OPERATOR), "DELETE", "/v1/pauses?scope=channel:long", String::new()).await.ok(200);
    tick(&world).await;
    world.post(&format!("/v1/targets/{}/cancel", targets[0]), &json!({})).await.ok(200);
    tick(&world).await;
    world.post(&format!("{path}/cancel"), &json!({})).await.ok(200);
    tick(&world).await;
    world.post("/v1/accounts/acme/long/main/disable", &json!({ "reason": "they left" })).await.ok(200);
    tick(&world).await;
    world
        .send(
            Some(OPERATOR),
            "PUT",
            "/v1/accounts/acme/long/new",
            json!({ "secrets": { "token": "hush-hush" }, "base_url": "https://long.example" }).to_string(),
        )
        .await;
    tick(&world).await;
    let found = entries(&world, OPERATOR, "").await;
    let told: Vec<_> = found
        .iter()
        .rev()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {}", text("who"), text("action"), text("outcome"), text("reason"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "acme-app edit post done -",
            "olga pause done their outage",
            "olga resume done -",
            "olga cancel target done -",
            "olga cancel post done -",
            "olga disable done they left",
            "olga connect done -",
        ]
    );
    let edit = found.last().unwrap();
    assert_eq!((&edit["before"]["revision"], &edit["after"]["revision"]), (&json!(1), &json!(2)));
    assert_eq!(edit["after"]["asked"]["content"]["text"], "new");
    assert!(!json!(found).to_string().contains("hush-hush"), "no secret is on record");
}

#[tokio::test(start_paused = true)]
async fn looking_and_dry_runs_leave_no_entry() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.get(&format!("/v1/posts/{post}?attempts=true")).await.ok(200);
    world.post(&format!("/v1/posts/{post}/retry?dry_run=true"), &json!({})).await.ok(200);
    assert_eq!(entries(&world, OPERATOR, "").await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn a_tenant_reads_of_its_own_only() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.post(&format!("/v1/targets/{}/cancel", targets[0]), &json!({})).await.ok(200);
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "operators' words" })).await.ok(201);
    assert_eq!(entries(&world, ACME, "").await.len(), 1);
    assert_eq!(entries(&world, OTHER, "").await.len(), 0);
    assert_eq!(entries(&world, OTHER, &format!("?subject=target:{}", targets[0])).await.len(), 0);
    world.send(Some(OTHER), "GET", "/v1/audit-log?tenant=acme", String::new()).await.problem(403);
    world.get(&format!("/v1/audit-log?post={}&subject=x", targets[0])).await.problem(400);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_not_done() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger.clone());
    let (_, targets) = world.accepted(&message("key")).await;
    ledger.set_away(true);
    world.post(&format!("/v1/targets/{}/cancel", targets[0]), &json!({})).await.problem(503);
    ledger.set_away(false);
    assert_eq!(world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200)["state"], "scheduled");
}
