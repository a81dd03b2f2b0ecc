//! What could not go out and is tried again, and what went out last.

use std::time::Duration;

use domain::{Code, Failure, Landed, Outcome, PlatformWords, Scope, Worth};
use serde_json::json;

use crate::world::{ACME, OPERATOR, OTHER, World, foreign, message, world};

/// The platform takes no connection.
pub fn unreachable() -> Failure {
    Failure {
        code: Code::UNREACHABLE,
        landed: Landed::No,
        worth: Worth::Retry { not_before: None },
        scope: Scope::Channel,
        step: "create".into(),
        said: PlatformWords::text("connection refused"),
    }
}

/// One try that comes to nothing.
pub async fn try_once(world: &World, target: &str) {
    let attempt = world.begin(target).await;
    world.finish(target, attempt, Outcome::Failed(unreachable())).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_being_retried_is_told_by_channel_and_cause_with_when_it_is_given_up() {
    let world = world();
    let none = world.get("/v1/retrying").await.ok(200);
    assert_eq!((&none["targets"], &none["causes"]), (&json!(0), &json!([])), "{none}");
    let (_, one) = world.accepted(&message("one")).await;
    let mut dated = message("two");
    dated["deadline"] = json!("2026-06-01T13:30:00Z");
    let (_, two) = world.accepted(&dated).await;
    let (_, theirs) = world.accepted(&foreign("three")).await;
    world.at_due_time().await;
    for target in [&one[0], &two[0], &theirs[0], &one[1]] {
        try_once(&world, target).await;
    }
    world.publish(&two[1]).await;
    let found = world.get("/v1/retrying").await.ok(200);
    assert_eq!((&found["targets"], &found["not_looked_at"], &found["overdue"]), (&json!(4), &json!(0), &json!(0)));
    let cause = &found["causes"][0];
    assert_eq!(
        (&cause["channel"], &cause["targets"], &cause["accounts"], &cause["group"]),
        (&json!("long"), &json!(3), &json!(2), &json!("OP-3001/channel/-")),
        "{found}"
    );
    assert_eq!(
        (&cause["first_due"], &cause["given_up_at"]),
        (&json!("2026-06-01T13:00:00Z"), &json!("2026-06-01T13:30:00Z"))
    );
    let sentence = cause["sentence"].as_str().unwrap();
    let begins = "3 on long are being retried: The platform could not be reached (\"connection refused\"); next try at 2026-06-01 13:00:0";
    assert!(sentence.starts_with(begins), "{sentence}");
    assert!(sentence.ends_with("; the first is given up at 2026-06-01 13:30:00Z."), "{sentence}");
    assert_eq!((&found["causes"][1]["channel"], &found["causes"][1]["targets"]), (&json!("short"), &json!(1)));
    // A tenant is told of its own; a channel of what is on it.
    let other = world.send(Some(OTHER), "GET", "/v1/retrying", String::new()).await.ok(200);
    assert_eq!(other["targets"], 1, "{other}");
    world.send(Some(OTHER), "GET", "/v1/retrying?tenant=acme", String::new()).await.problem(403);
    let short = world.get("/v1/retrying?channel=short").await.ok(200);
    assert_eq!(short["targets"], 1, "{short}");
    world.get("/v1/retrying?channel=lonk").await.problem(400);
    let channels = world.get("/v1/channels").await.ok(200);
    let long = &channels["channels"][0];
    assert_eq!((&long["retrying"], &long["late_since"]), (&json!(3), &json!("2026-06-01T13:00:00Z")), "{channels}");
    let own = world.send(Some(ACME), "GET", "/v1/channels", String::new()).await.ok(200);
    assert_eq!(own["channels"][0]["retrying"], 2, "{own}");
    // Ten minutes later it is late by more than is tolerated.
    world.runtime.sleep(Duration::from_secs(600)).await;
    assert_eq!(world.get("/v1/retrying").await.ok(200)["overdue"], 4);
}

#[tokio::test(start_paused = true)]
async fn what_went_out_last_is_told_whenever_its_post_was_accepted() {
    let world = world();
    let (_, old) = world.accepted(&message("old")).await;
    let mut young = Vec::new();
    for key in ["a", "b", "c", "d", "e", "f"] {
        young.extend(world.accepted(&message(key)).await.1);
    }
    world.at_due_time().await;
    for target in &young {
        world.publish(target).await;
    }
    let newest = async |token, query: &str| {
        let found = world.send(Some(token), "GET", &format!("/v1/newest-publish{query}"), String::new()).await.ok(200);
        found["at"].as_str().map(str::to_owned)
    };
    assert_eq!(newest(ACME, "").await.as_deref(), Some("2026-06-01T13:00:00Z"));
    world.runtime.sleep(Duration::from_secs(90)).await;
    world.publish(&old[0]).await;
    assert_eq!(newest(OPERATOR, "").await.as_deref(), Some("2026-06-01T13:01:30Z"));
    assert_eq!(newest(OTHER, "").await, None, "nothing of theirs is out");
    assert_eq!(newest(OPERATOR, "?tenant=other").await, None);
}
