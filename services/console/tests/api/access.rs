//! Who may ask for what.

use oncepost_console::ConsoleOptions;
use serde_json::json;

use crate::world::{ACME, OPERATOR, OTHER, World, foreign, memory, message, world, world_with};

/// Every route of the API, with a body that it takes. `{post}`, `{target}` and `{tenant}` stand for the world's own.
const ROUTES: [(&str, &str, &str); 35] = [
    ("GET", "/v1/posts", ""),
    ("POST", "/v1/posts", "{}"),
    ("POST", "/v1/posts:validate", "{}"),
    ("POST", "/v1/posts:batch", "[{}]"),
    ("GET", "/v1/posts/{post}", ""),
    ("PATCH", "/v1/posts/{post}", r#"{"revision":1,"content":{"text":"new"}}"#),
    ("GET", "/v1/posts/by-key/{tenant}/key", ""),
    ("POST", "/v1/posts/{post}/cancel", "{}"),
    ("POST", "/v1/posts/{post}/retry", "{}"),
    ("GET", "/v1/targets/{target}", ""),
    ("POST", "/v1/targets/{target}/retry", "{}"),
    ("POST", "/v1/targets/{target}/cancel", "{}"),
    ("POST", "/v1/targets/{target}/resolve", r#"{"send_again":true}"#),
    ("GET", "/v1/failures", ""),
    ("POST", "/v1/audit", r#"{"tenant":"{tenant}"}"#),
    ("GET", "/v1/incidents?tenant={tenant}", ""),
    ("GET", "/v1/incidents/{target}", ""),
    ("POST", "/v1/incidents/{target}/close", r#"{"note":"x"}"#),
    ("GET", "/v1/pauses", ""),
    ("POST", "/v1/pauses", r#"{"scope":"tenant:{tenant}","reason":"x"}"#),
    ("DELETE", "/v1/pauses?scope=tenant:{tenant}", ""),
    ("GET", "/v1/channels", ""),
    ("GET", "/v1/accounts", ""),
    ("GET", "/v1/accounts/{tenant}/long/main", ""),
    ("PUT", "/v1/accounts/{tenant}/long/main", r#"{"secrets":{"token":"new"}}"#),
    ("DELETE", "/v1/accounts/{tenant}/long/main", ""),
    ("POST", "/v1/accounts/{tenant}/long/main/check", ""),
    ("POST", "/v1/accounts/{tenant}/long/main/refresh", ""),
    ("POST", "/v1/accounts/{tenant}/long/main/disable", r#"{"reason":"x"}"#),
    ("POST", "/v1/accounts/{tenant}/long/main/enable", ""),
    ("GET", "/v1/apps", ""),
    ("PUT", "/v1/apps/our-app", r#"{"secrets":{"client_id":"x"}}"#),
    ("DELETE", "/v1/apps/our-app", ""),
    ("GET", "/v1/census", ""),
    ("GET", "/v1/errors/OP-1011", ""),
];

fn filled(text: &str, post: &str, target: &str, tenant: &str) -> String {
    text.replace("{post}", post).replace("{target}", target).replace("{tenant}", tenant)
}

#[tokio::test(start_paused = true)]
async fn every_route_refuses_without_a_known_token() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    for (method, path, body) in ROUTES {
        let (path, body) = (filled(path, &post, &targets[0], "acme"), filled(body, &post, &targets[0], "acme"));
        for token in [None, Some("no-such-token"), Some("")] {
            let reply = world.send(token, method, &path, body.clone()).await;
            reply.problem(401);
            assert_eq!(reply.headers["www-authenticate"], "Bearer", "{method} {path}");
        }
        let known = world.send(Some(OPERATOR), method, &path, body).await;
        assert!(!matches!(known.status, 401 | 403 | 405), "{method} {path} is a route: {}", known.text);
        assert_eq!(known.headers["cache-control"], "no-store");
    }
    world.send(None, "GET", "/v1/nonsense", String::new()).await.problem(401);
    world.get("/v1/nonsense").await.problem(404);
    world.send(Some(OPERATOR), "PUT", "/v1/posts", String::new()).await.problem(405);
}

/// What the other tenant's caller is answered when it reaches for what is acme's.
#[tokio::test(start_paused = true)]
async fn no_route_reaches_across_tenants() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    world.fail(&targets[1]).await;
    world.post("/v1/pauses", &json!({ "scope": "account:acme/long/main", "reason": "acme's trouble" })).await.ok(201);
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "operators' words" })).await.ok(201);
    let before = everything(&world, &post).await;
    for (method, path, body) in ROUTES {
        for target in &targets {
            let reply = world
                .send(Some(OTHER), method, &filled(path, &post, target, "acme"), filled(body, &post, target, "acme"))
                .await;
            let told = &reply.text;
            assert!(
                !told.contains("hello from") && !told.contains(target.as_str()) || reply.status == 404,
                "{method} {path}: {told}"
            );
            assert!(!told.contains("acme's trouble") && !told.contains("operators' words"), "{method} {path}: {told}");
            match path {
                _ if path.contains("{post}") || path.contains("{target}") || path.contains("by-key") => {
                    reply.problem(404)
                }
                "/v1/pauses" if method == "POST" => reply.problem(403),
                "/v1/pauses?scope=tenant:{tenant}" | "/v1/census" | "/v1/apps" | "/v1/apps/our-app" => {
                    reply.problem(403)
                }
                _ if method == "PUT" => reply.problem(403),
                _ if path.starts_with("/v1/accounts/") => reply.problem(404),
                _ => continue,
            };
        }
    }
    assert_eq!(everything(&world, &post).await, before, "nothing was changed");
    let seen = |path: &'static str| {
        let world = &world;
        async move { world.send(Some(OTHER), "GET", path, String::new()).await.ok(200) }
    };
    assert_eq!(seen("/v1/posts").await["posts"], json!([]));
    assert_eq!(seen("/v1/failures").await, json!({ "groups": [], "targets": [] }));
    assert_eq!(seen("/v1/accounts").await["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(seen("/v1/pauses").await["pauses"][0]["scope"], "channel:short");
    assert_eq!(seen("/v1/pauses").await["pauses"].as_array().unwrap().len(), 1);
    assert_eq!(seen("/v1/channels").await["channels"][0].get("queue"), None);
    world.send(Some(OTHER), "GET", "/v1/posts?tenant=acme", String::new()).await.problem(403);
    world.send(Some(OTHER), "GET", "/v1/failures?tenant=acme", String::new()).await.problem(403);
}

async fn everything(world: &World, post: &str) -> (String, String) {
    let post = world.get(&format!("/v1/posts/{post}?attempts=true")).await.text;
    let accounts = world.get("/v1/accounts").await.text;
    (post, world.get("/v1/pauses").await.text + &accounts)
}

#[tokio::test(start_paused = true)]
async fn a_bound_caller_schedules_for_its_tenant_only_and_learns_nothing_of_others() {
    let world = world();
    world.accepted(&message("key")).await;
    let send = |path: &'static str, body: String| world.send(Some(OTHER), "POST", path, body);
    // Neither the repeat nor the conflict of another tenant's key is told.
    for body in [message("key"), message("key-2")] {
        send("/v1/posts", body.to_string()).await.problem(403);
        send("/v1/posts:validate", body.to_string()).await.problem(403);
    }
    let batch = send("/v1/posts:batch", json!([message("key"), foreign("mine")]).to_string()).await.ok(207);
    assert_eq!((&batch["items"][0]["status"], &batch["items"][1]["status"]), (&json!(403), &json!(202)));
    assert_eq!(world.get("/v1/posts?tenant=acme").await.ok(200)["posts"].as_array().unwrap().len(), 1);
    world.send(Some(ACME), "POST", "/v1/posts", message("key").to_string()).await.ok(200);
}

#[tokio::test(start_paused = true)]
async fn without_tokens_programs_of_this_machine_are_served_and_web_pages_are_not() {
    let (runtime, ledger) = memory();
    let open = world_with(runtime, ledger, ConsoleOptions::default());
    open.send(None, "GET", "/v1/posts", String::new()).await.ok(200);
    open.send(Some("whatever"), "GET", "/v1/census", String::new()).await.ok(200);
}

#[test]
fn every_route_is_in_the_manual() {
    let manual = include_str!("../../../../docs/api.md");
    for (method, path, _) in ROUTES {
        let path = path.split('?').next().unwrap().replace("{post}", "{id}").replace("{target}", "{id}");
        let path = path.replace("by-key/{tenant}/key", "by-key/{tenant}/{key}").replace("OP-1011", "{code}");
        let path = path.replace("long/main", "{channel}/{account}").replace("our-app", "{app}");
        assert!(manual.contains(&format!("`{method} {path}`")), "docs/api.md speaks of {method} {path}");
    }
}
