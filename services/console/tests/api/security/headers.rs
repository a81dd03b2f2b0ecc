//! Nothing that a caller says becomes a header.

use serde_json::json;

use super::addresses::{Fill, all};
use crate::world::{OPERATOR, Reply, message, world};

/// The headers that answers have. Another one must be thought about, and then stand here.
const KNOWN: [&str; 12] = [
    "allow",
    "cache-control",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "idempotent-replay",
    "location",
    "referrer-policy",
    "retry-after",
    "www-authenticate",
    "x-content-type-options",
];

fn untouched(asked: &str, reply: &Reply) {
    for (name, value) in &reply.headers {
        assert!(KNOWN.contains(&name.as_str()), "{asked}: {name}: {value}");
        assert!(!value.contains("injected"), "{asked}: {name}: {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn line_ends_in_what_is_asked_end_no_header() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let fill = Fill { post, target: targets[0].clone(), tenant: "acme", key: "key", account: "main" };
    for ends in ["%0d%0a", "%0a", "%E5%98%8A%E5%98%8D", "%00"] {
        let evil = format!("{ends}x-injected:%20injected{ends}{ends}injected");
        for address in all() {
            let path = address.path(&fill);
            let (bare, query) = path.split_once('?').unwrap_or((&path, ""));
            for path in [format!("{bare}{evil}"), format!("{bare}?{query}&tenant={evil}"), path.replace("acme", &evil)]
            {
                let reply = world.send(Some(OPERATOR), &address.method, &path, address.body(&fill)).await;
                untouched(&path, &reply);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn line_ends_in_what_is_stored_end_no_header() {
    let world = world();
    let evil = "x\r\nx-injected: injected";
    let mut body = message("key");
    body["traceparent"] = json!(evil);
    body["content"]["text"] = json!(evil);
    for _ in 0..2 {
        let reply = world.post("/v1/posts", &body).await;
        assert!(reply.headers["location"].starts_with("/v1/posts/"), "{:?}", reply.headers);
        untouched("schedule_post", &reply);
    }
    body["idempotency_key"] = json!(evil);
    untouched("schedule_post", &world.post("/v1/posts", &body).await);
    let reply = world.post("/v1/pauses", &json!({ "scope": evil, "reason": evil })).await;
    untouched("pause", &reply);
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_no_header_changes_nothing() {
    use axum::http::Request;
    let world = world();
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/v1/census"),
        ("traceparent", "injected"),
        ("cookie", "injected=1"),
    ] {
        let request = Request::get("/v1/posts").header("host", "localhost").header(name, value);
        let request = request.header("authorization", format!("Bearer {OPERATOR}"));
        let reply = world.ask(request, Vec::new()).await;
        assert_eq!(reply.ok(200), json!({ "posts": [] }), "{name}");
        untouched(name, &reply);
    }
}
