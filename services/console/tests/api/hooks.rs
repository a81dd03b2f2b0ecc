//! Hooks: put in, looked at, replayed, and whose they are.

use std::{sync::Arc, time::Duration};

use ledger::{AfterAttempt, AttemptMade, Deliveries, DeliveryAttempt, Ledger, MemoryLedger};
use serde_json::{Value, json};

use crate::world::{ACME, OPERATOR, OTHER, Reply, World, foreign, memory, message, world, world_on};

const URL: &str = "https://crm.example/in";

async fn put(world: &World, token: &str, name: &str, ask: &Value) -> Reply {
    world.send(Some(token), "PUT", &format!("/v1/hooks/{name}"), ask.to_string()).await
}

async fn get(world: &World, token: &str, path: &str) -> Reply {
    world.send(Some(token), "GET", path, String::new()).await
}

fn world_and_ledger() -> (World, Arc<MemoryLedger>) {
    let (runtime, ledger) = memory();
    (world_on(runtime, ledger.clone()), ledger)
}

async fn tell(ledger: &MemoryLedger) {
    let events = ledger.untold(Duration::ZERO, 100).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    ledger.told(&ids).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_given_a_secret_that_is_shown_once() {
    let world = world();
    let ask = json!({ "url": URL, "events": ["target.failed"] });
    let answer = put(&world, OPERATOR, "crm", &ask).await.ok(201);
    let secret = answer["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    assert_eq!(answer["hook"]["events"], json!(["target.failed"]));
    let again = put(&world, OPERATOR, "crm", &ask).await.ok(200);
    assert!(again.get("secret").is_none(), "it stays: {again}");
    let new = put(&world, OPERATOR, "crm", &json!({ "url": URL, "new_secret": true })).await.ok(200);
    assert_ne!(new["secret"], secret);
    let given = json!({ "url": URL, "secret": secret });
    assert!(put(&world, OPERATOR, "crm", &given).await.ok(200).get("secret").is_none());
    for path in ["/v1/hooks", "/v1/hooks/crm", "/v1/audit-log", "/v1/audit-log?subject=hook:crm"] {
        let text = get(&world, OPERATOR, path).await.text;
        assert!(text.contains("crm") && !text.contains("whsec_") && !text.contains(&secret[6..]), "{text}");
    }
    let entries = get(&world, OPERATOR, "/v1/audit-log?subject=hook:crm").await.ok(200);
    assert_eq!(entries["entries"].as_array().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_hook_is_refused_with_its_place() {
    let world = world();
    for (ask, path, words) in [
        (json!({ "url": "http://crm.example/" }), "$.url", "https"),
        (json!({ "url": "https://10.0.0.1/" }), "$.url", "hooks.allow_hosts"),
        (json!({ "url": "https://localhost:8080/" }), "$.url", "hooks.allow_hosts"),
        (json!({ "url": "https://me:canary@crm.example/" }), "$.url", "password"),
        (json!({ "url": "nowhere" }), "$.url", "docs/api.md"),
        (json!({}), "$", "url"),
        (json!({ "url": URL, "events": ["target.lost"] }), "$.events[0]", "docs/api.md"),
        (json!({ "url": URL, "secret": "whsec_canary" }), "$.secret", "24 to 64 bytes"),
        (json!({ "url": URL, "secret": "whsec_Y2FuYXJ5", "new_secret": true }), "$.secret", "one of them"),
    ] {
        let reply = put(&world, OPERATOR, "crm", &ask).await;
        let text = reply.text.clone();
        let problem = reply.problem(422);
        assert_eq!(problem["problems"][0]["path"], path, "{text}");
        assert!(text.contains(words) && !text.contains("canary") && !text.contains("Y2FuYXJ5"), "{text}");
    }
    assert_eq!(get(&world, OPERATOR, "/v1/hooks").await.ok(200), json!({ "hooks": [] }));
    for path in ["/v1/hooks/crm", "/v1/hooks/no%20name"] {
        get(&world, OPERATOR, path).await.problem(404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenants_token_manages_its_own_hooks_only() {
    let world = world();
    let ask = json!({ "url": URL });
    assert_eq!(put(&world, ACME, "acmes", &ask).await.ok(201)["hook"]["tenant"], "acme", "whatever it does not say");
    put(&world, OPERATOR, "everybodys", &ask).await.ok(201);
    let of_acme = json!({ "url": URL, "tenant": "acme" });
    put(&world, OTHER, "mine", &of_acme).await.problem(403);
    for name in ["acmes", "everybodys"] {
        put(&world, OTHER, name, &ask).await.problem(403);
        get(&world, OTHER, &format!("/v1/hooks/{name}")).await.problem(404);
        get(&world, OTHER, &format!("/v1/deliveries?hook={name}")).await.problem(404);
        world.send(Some(OTHER), "DELETE", &format!("/v1/hooks/{name}"), String::new()).await.problem(404);
        let again = json!({ "since": "2026-06-01T00:00:00Z" }).to_string();
        world.send(Some(OTHER), "POST", &format!("/v1/hooks/{name}/replay"), again).await.problem(404);
    }
    let names = |reply: Value| -> Vec<String> {
        reply["hooks"].as_array().unwrap().iter().map(|hook| hook["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(get(&world, ACME, "/v1/hooks").await.ok(200)), ["acmes"]);
    assert_eq!(names(get(&world, OTHER, "/v1/hooks").await.ok(200)), Vec::<String>::new());
    assert_eq!(names(get(&world, OPERATOR, "/v1/hooks").await.ok(200)), ["acmes", "everybodys"]);
    get(&world, ACME, "/v1/deliveries").await.problem(400);
    get(&world, ACME, "/v1/deliveries?hook=acmes").await.ok(200);
    get(&world, ACME, "/v1/deliveries?hook=everybodys").await.problem(404);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_listed_with_each_attempt_and_replayed() {
    let (world, ledger) = world_and_ledger();
    put(&world, OPERATOR, "crm", &json!({ "url": URL })).await.ok(201);
    put(&world, ACME, "acmes", &json!({ "url": URL })).await.ok(201);
    let (post, _) = world.accepted(&message("key")).await;
    world.accepted(&foreign("key")).await;
    tell(&ledger).await;
    let listed = |query: String| {
        let world = &world;
        async move {
            let page = world.get(&format!("/v1/deliveries?{query}")).await.ok(200);
            page["deliveries"].as_array().unwrap().clone()
        }
    };
    assert_eq!(listed(String::new()).await.len(), 3);
    assert_eq!(listed("hook=acmes".into()).await.len(), 1, "of its tenant");
    assert_eq!(listed(format!("post={post}")).await.len(), 2);
    let taken = ledger.take_deliveries("acmes", 10, Duration::from_secs(60)).await.unwrap();
    let event = taken[0].event.id;
    let attempt = DeliveryAttempt {
        number: 1,
        at: world.runtime.now(),
        millis: 41,
        status: Some(503),
        why: Some("HTTP 503: maintenance".into()),
    };
    let made = AttemptMade { hook: "acmes".into(), event, attempt, then: AfterAttempt::GivenUp };
    ledger.attempt_made(made).await.unwrap();
    let given_up = listed("state=given_up".into()).await.remove(0);
    assert_eq!((&given_up["event"], &given_up["name"]), (&json!(event), &json!("post.accepted")));
    assert_eq!(given_up["attempts"][0]["why"], "HTTP 503: maintenance");
    assert_eq!(given_up["attempts"][0]["status"], 503);
    let hook = get(&world, ACME, "/v1/hooks/acmes").await.ok(200);
    assert_eq!(hook["waiting"], 0);
    let replay = |ask: Value| {
        let world = &world;
        async move { world.send(Some(ACME), "POST", "/v1/hooks/acmes/replay", ask.to_string()).await }
    };
    for bad in [json!({}), json!({ "event": event, "since": "2026-06-01T00:00:00Z" }), json!({ "state": "given_up" })] {
        replay(bad).await.problem(422);
    }
    replay(json!({ "event": uuid::Uuid::nil() })).await.problem(404);
    replay(json!({ "since": "2026-06-01T00:00:00Z", "state": "lost" })).await.problem(422);
    let since = json!({ "since": "2026-06-01T00:00:00Z", "state": "delivered" });
    assert_eq!(replay(since).await.ok(200)["replayed"], 0);
    assert_eq!(replay(json!({ "event": event })).await.ok(200), json!({ "hook": "acmes", "replayed": 1 }));
    let hook = get(&world, ACME, "/v1/hooks/acmes").await.ok(200);
    assert_eq!(hook["waiting"], 1);
    assert!(hook["oldest_waiting"].is_string());
    put(&world, ACME, "acmes", &json!({ "url": URL, "disabled": true })).await.ok(200);
    let off = replay(json!({ "event": event })).await.problem(409);
    assert!(off["remedy"].as_str().unwrap().contains("switch it on"), "{off}");
    let removed = world.send(Some(ACME), "DELETE", "/v1/hooks/acmes", String::new()).await.ok(200);
    assert_eq!(removed, json!({ "hook": "acmes", "forgotten": 1 }));
    assert_eq!(listed(String::new()).await.len(), 2);
}
