//! What is still to go out.

use serde_json::json;

use crate::world::{ACME, OTHER, foreign, message, world};

#[tokio::test(start_paused = true)]
async fn what_waits_is_listed_in_the_order_in_which_it_goes() {
    let world = world();
    for (key, at) in [("late", "2026-06-03T09:00:00Z"), ("soon", "2026-06-02T09:00:00Z")] {
        let mut message = message(key);
        message["publish_at"] = json!(at);
        world.accepted(&message).await;
    }
    world.accepted(&foreign("theirs")).await;
    let all = world.get("/v1/schedule").await.ok(200);
    let says = |page: &serde_json::Value| {
        let targets = page["targets"].as_array().unwrap().iter();
        targets.map(|one| one["excerpt"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        says(&all),
        ["hello from theirs", "hello from soon", "hello from soon", "hello from late", "hello from late"]
    );
    assert_eq!(all["targets"][1]["goes_at"], "2026-06-02T09:00:00Z");
    assert_eq!(all["targets"][1]["state"], "scheduled");
    let page = |path: &'static str| world.get(path);
    assert_eq!(says(&page("/v1/schedule?until=2026-06-02T09:00:00Z").await.ok(200)), ["hello from theirs"]);
    assert_eq!(says(&page("/v1/schedule?from=2026-06-02T09:00:00Z&limit=1").await.ok(200)), ["hello from soon"]);
    assert_eq!(says(&page("/v1/schedule?account=acme/short/main").await.ok(200)).len(), 2);
    let first = page("/v1/schedule?limit=3").await.ok(200);
    let rest = world.get(&format!("/v1/schedule?after={}", first["next"].as_str().unwrap())).await.ok(200);
    assert_eq!(says(&rest), ["hello from late", "hello from late"]);
    let end = world.get(&format!("/v1/schedule?after={}", rest["next"].as_str().unwrap())).await.ok(200);
    assert_eq!((says(&end).len(), end.get("next")), (0, None));
    page("/v1/schedule?after=nonsense").await.problem(400);
    page("/v1/schedule?account=nonsense").await.problem(400);
    page("/v1/schedule?until=tomorrow").await.problem(400);
}

#[tokio::test(start_paused = true)]
async fn a_page_is_the_same_however_far_its_targets_are() {
    let world = world();
    let days = [0, 1, 2, 6, 8, 29, 40, 300];
    for (n, days) in days.iter().enumerate() {
        let mut message = message(&format!("{n}"));
        let at = world.runtime.now() + std::time::Duration::from_secs(days * 86_400 + 1_800);
        message["publish_at"] = json!(at.to_string());
        message["targets"] = json!([{ "channel": "long", "account": "main" }]);
        world.accepted(&message).await;
    }
    for limit in 1..=days.len() + 1 {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("/v1/schedule?limit={limit}{after}")).await.ok(200);
            let says = page["targets"].as_array().unwrap().iter();
            seen.extend(says.map(|one| one["excerpt"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen, (0..days.len()).map(|n| format!("hello from {n}")).collect::<Vec<_>>(), "{limit} at a time");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_sees_what_is_its_own() {
    let world = world();
    world.accepted(&message("key")).await;
    let get = |token: &'static str, path: &'static str| world.send(Some(token), "GET", path, String::new());
    assert_eq!(get(OTHER, "/v1/schedule").await.ok(200)["targets"], json!([]));
    assert_eq!(get(ACME, "/v1/schedule").await.ok(200)["targets"].as_array().unwrap().len(), 2);
    get(OTHER, "/v1/schedule?tenant=acme").await.problem(403);
    get(OTHER, "/v1/schedule?account=acme/long/main").await.problem(403);
}
