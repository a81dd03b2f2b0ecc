//! What will fail, or may: by cause, for whoever may see it.

use serde_json::json;
use vault::{AccountName, Connect};

use crate::world::{ACME, World, foreign, message, world};

/// Acme's first target on an account that was removed since, its second held by an operator; another tenant's held, too.
async fn troubled() -> World {
    let world = world();
    let name: AccountName = "acme/long/gone".parse().unwrap();
    let secrets = [("token".to_owned(), channels::Secret::new("hush-hush"))].into();
    let base_url = Some("https://example.org".parse().unwrap());
    world.vault.connect(&name, Connect { secrets, base_url, ..Connect::default() }, "olga").await.unwrap();
    let mut gone = message("key");
    gone["targets"][0]["account"] = json!("gone");
    world.accepted(&gone).await;
    world.accepted(&foreign("theirs")).await;
    world.vault.remove(&name).await.unwrap();
    for scope in ["channel:short", "tenant:other"] {
        world
            .post("/v1/pauses", &json!({ "scope": scope, "reason": "a campaign that nobody may know of" }))
            .await
            .ok(201);
    }
    world
}

#[tokio::test(start_paused = true)]
async fn what_will_fail_is_told_by_cause_and_one_by_one() {
    let world = troubled().await;
    let forecast = world.get("/v1/forecast").await;
    insta::assert_json_snapshot!("forecast", forecast.ok(200));
    assert!(!forecast.text.contains("hush"));
    let few = world.get("/v1/forecast?limit=1").await.ok(200);
    assert_eq!((few["targets"].as_array().unwrap().len(), &few["not_listed"]), (1, &json!(2)));
    assert_eq!(few["causes"].as_array().unwrap().len(), 3, "causes are told whole");
}

#[tokio::test(start_paused = true)]
async fn a_forecast_is_narrowed_by_its_parameters() {
    let world = troubled().await;
    let count = async |query: &str| world.get(&format!("/v1/forecast?{query}")).await.ok(200)["looked_at"].clone();
    for (query, expected) in [
        ("hours=24", 3),
        ("hours=1", 0),
        ("hours=2", 3),
        ("tenant=acme", 2),
        ("channel=long", 2),
        ("channel=long&tenant=acme", 1),
        ("account=acme/short/main", 1),
        ("account=acme/short/main&tenant=other", 0),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    let asked = world.get("/v1/forecast?media=true").await.ok(200);
    assert_eq!(asked["media"], json!({ "asked": 0, "not_asked": 0 }));
    for wrong in ["hours=0", "hours=745", "hours=x", "account=acme", "account=acme/long/nobody", "days=1"] {
        assert_eq!(world.get(&format!("/v1/forecast?{wrong}")).await.problem(400)["code"], "OP-1003", "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_sees_its_own_and_not_why_the_operators_pause() {
    let world = troubled().await;
    let get = |path: &'static str| world.send(Some(ACME), "GET", path, String::new());
    let own = get("/v1/forecast").await;
    assert_eq!(own.ok(200)["looked_at"], 2);
    assert!(
        !own.text.contains("nobody may know") && !own.text.contains("olga") && !own.text.contains("other"),
        "{}",
        own.text
    );
    assert!(own.text.contains("paused by the operators"), "{}", own.text);
    get("/v1/forecast?tenant=other").await.problem(403);
    get("/v1/forecast?account=other/long/main").await.problem(403);
}
