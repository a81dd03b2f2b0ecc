//! The operators' list.

use serde_json::json;

use crate::world::{ACME, message, world};

#[tokio::test(start_paused = true)]
async fn failures_are_grouped_by_cause_and_listed_one_by_one() {
    let world = world();
    for n in 0..3 {
        let (_, targets) = world.accepted(&message(&format!("key-{n}"))).await;
        if n == 0 {
            world.at_due_time().await;
        }
        world.fail(&targets[0]).await;
        if n == 0 {
            world.doubt(&targets[1]).await;
        }
    }
    let failures = world.get("/v1/failures").await.ok(200);
    insta::assert_json_snapshot!("failure_groups", failures["groups"]);
    assert_eq!(failures["targets"].as_array().unwrap().len(), 4);
    let first = world.get("/v1/failures?limit=3").await.ok(200);
    let next = first["next"].as_str().unwrap();
    let last = world.get(&format!("/v1/failures?limit=3&after={next}")).await.ok(200);
    assert_eq!((last["targets"].as_array().unwrap().len(), last.get("next")), (1, None));
    let own = world.send(Some(ACME), "GET", "/v1/failures?channel=short", String::new()).await.ok(200);
    assert_eq!(own["groups"][0]["count"], 1);
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_is_an_empty_list() {
    assert_eq!(world().get("/v1/failures").await.ok(200), json!({ "groups": [], "targets": [] }));
}
