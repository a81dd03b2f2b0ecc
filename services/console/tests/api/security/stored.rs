//! Script that somebody stored is data in every answer.

use serde_json::json;

use super::addresses::{Fill, all};
use crate::world::{OPERATOR, message, world};

const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>";

#[tokio::test(start_paused = true)]
async fn stored_script_comes_back_as_json_that_no_browser_takes_for_a_page() {
    let world = world();
    let mut evil = message("key");
    evil["idempotency_key"] = json!(SCRIPT);
    evil["content"] = json!({ "text": SCRIPT, "settings": {} });
    let (post, targets) = world.accepted(&evil).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    world.fail(&targets[1]).await;
    world.post("/v1/pauses", &json!({ "scope": "tenant:acme", "reason": SCRIPT })).await.ok(201);
    world.post("/v1/accounts/acme/long/main/disable", &json!({ "reason": SCRIPT })).await.ok(200);
    let fill = Fill { post, target: targets[0].clone(), tenant: "acme", key: "key", account: "main" };
    let mut shown = 0;
    for address in all().iter().filter(|address| address.method == "GET") {
        let reply = world.send(Some(OPERATOR), "GET", &address.path(&fill), String::new()).await;
        if reply.text.contains("<script>") {
            shown += 1;
            assert_eq!(reply.headers["content-type"], "application/json", "{}", address.id);
        }
    }
    assert!(shown >= 5, "it is shown where it was stored: {shown}");
}

#[tokio::test(start_paused = true)]
async fn script_in_a_request_comes_back_as_a_problem_at_most() {
    let world = world();
    let encoded = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for path in [
        format!("/v1/posts/{encoded}"),
        format!("/v1/posts?state={encoded}"),
        format!("/v1/posts/by-key/acme/{encoded}"),
        format!("/v1/accounts/acme/long/{encoded}"),
        format!("/v1/{encoded}"),
        format!("/v1/errors/{encoded}"),
    ] {
        let reply = world.get(&path).await;
        assert!(reply.status >= 400, "{path}");
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{path}");
    }
    let back =
        world.send(None, "GET", &format!("/v1/oauth/callback?state={encoded}&error={encoded}"), String::new()).await;
    assert!(!back.text.contains("<script"), "{}", back.text);
}
