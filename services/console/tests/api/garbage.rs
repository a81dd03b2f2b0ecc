//! Any bytes at any route give an answer: a refusal that says what is wrong, never a 500, and never more than is bearable.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use crate::world::{OPERATOR, Reply, World, message, world};

const ID: &str = "01990f3e-6a01-7b10-8f61-2f7f3c1d9a01";

/// Every route that takes a body.
const BODIES: [(&str, &str); 17] = [
    ("POST", "/v1/posts"),
    ("POST", "/v1/posts:validate"),
    ("POST", "/v1/posts:batch"),
    ("PATCH", "/v1/posts/{id}"),
    ("POST", "/v1/posts/{id}/cancel"),
    ("POST", "/v1/posts/{id}/retry"),
    ("POST", "/v1/targets/{id}/retry"),
    ("POST", "/v1/targets/{id}/cancel"),
    ("POST", "/v1/targets/{id}/resolve"),
    ("POST", "/v1/audit"),
    ("POST", "/v1/incidents/{id}/close"),
    ("POST", "/v1/pauses"),
    ("DELETE", "/v1/pauses"),
    ("GET", "/v1/posts"),
    ("PUT", "/v1/accounts/acme/long/main"),
    ("POST", "/v1/accounts/acme/long/main/disable"),
    ("PUT", "/v1/apps/our-app"),
];

/// Every route that takes a query, or a name in its path.
const QUERIES: [&str; 16] = [
    "/v1/posts?",
    "/v1/failures?",
    "/v1/incidents?",
    "/v1/incidents/",
    "/v1/pauses?",
    "/v1/census?",
    "/v1/accounts?",
    "/v1/accounts/acme/long/",
    "/v1/accounts/acme/",
    "/v1/apps/",
    "/v1/posts/",
    "/v1/targets/",
    "/v1/errors/",
    "/v1/posts/by-key/acme/",
    "/v1/posts/by-key/",
    "/v1/",
];

fn body() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "null",
        "{}",
        "[]",
        "7",
        "\"\"",
        "[[[[",
        "{\"version\":1}",
        "{\"version\":2}",
        "{\"version\":1,\"change\":\"cancel\"}",
        "{\"scope\":\"all\"}",
        "{\"scope\":7}",
        "{\"secrets\":{\"token\":\"x\"}}",
        "{\"secrets\":{\"token\":7},\"settings\":[]}",
        "{\"reason\":\"x\"}",
        "{\"verdict\":\"published\"}",
        "{\"targets\":[\"x\"]}",
        "{\"posts\":[{},7,null]}",
        "{\"version\":1,\"change\":\"edit\",\"content\":{\"text\":\"\\ud800\"}}",
    ];
    prop_oneof![
        vec(any::<u8>(), 0..200),
        select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        (select(words.to_vec()), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(word, at, byte)| {
            let mut bytes = word.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        }),
        (1_usize..3_000).prop_map(|deep| "[".repeat(deep).into_bytes()),
        (1_usize..3_000).prop_map(|deep| "{\"content\":".repeat(deep).into_bytes()),
    ]
}

/// A character that a text can hold in JSON and in an address, and that PostgreSQL keeps in none.
#[tokio::test(start_paused = true)]
async fn nul_is_refused_at_its_place_whatever_is_asked() {
    let world = world();
    let (post, targets) = world.accepted(&message("k")).await;
    let nul = "a\0b";
    for (method, path, body, place) in [
        ("POST", "/v1/pauses", json!({ "scope": "all", "reason": nul }), "$.reason"),
        ("POST", "/v1/notes", json!({ "subject": "channel:long", "text": nul }), "$.text"),
        ("POST", "/v1/assignments", json!({ "on": "OP-1/post/-", "to": nul }), "$.to"),
        ("POST", "/v1/jobs", json!({ "action": "retry", "select": { "group": nul } }), "$.select.group"),
        (
            "POST",
            &format!("/v1/targets/{}/resolve", targets[0]),
            json!({ "published": { "id": nul } }),
            "$.published.id",
        ),
        ("PATCH", &format!("/v1/posts/{post}"), json!({ "revision": 1, "content": { "text": nul } }), "$.content.text"),
        ("PUT", "/v1/apps/our-app", json!({ "secrets": { "client_secret": nul } }), "$.secrets.client_secret"),
    ] {
        let reply = world.send_bytes(OPERATOR, method, path, body.to_string().into_bytes()).await;
        let problem = reply.problem(422);
        assert_eq!(problem["problems"][0]["path"], place, "{method} {path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("NUL (U+0000)"), "{problem}");
    }
    for (path, place) in [
        ("/v1/failures?limit=1&group=a%00", "group"),
        ("/v1/failures/groups?group=%00", "group"),
        ("/v1/audit-log?subject=target:%00", "subject"),
        ("/v1/posts?q=%00", "q"),
    ] {
        let problem = world.get(path).await.problem(400);
        assert_eq!(problem["problems"][0]["path"], place, "{path}: {problem}");
    }
    let unheard = world.get("/v1/posts/by-key/acme/a%00").await.problem(404);
    assert!(unheard["detail"].as_str().unwrap().contains("NUL (U+0000)"), "{unheard}");
    // Nothing is told to whom nothing may be told.
    world.send(None, "GET", "/v1/failures?group=a%00", String::new()).await.problem(401);
}

fn bearable(asked: &str, sent: usize, reply: &Reply) {
    assert!(reply.status < 500, "{asked}: {} {}", reply.status, reply.text);
    assert!(reply.text.len() <= 100_000 + 12 * sent, "{asked}: {} bytes", reply.text.len());
    if reply.status >= 400 && reply.headers["content-type"] == "application/problem+json" {
        reply.problem(reply.status);
    }
}

fn with_world<T>(run: impl AsyncFnOnce(World) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async { run(world()).await })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_body_at_any_route_is_answered((method, path) in select(BODIES.to_vec()), known in any::<bool>(), body in body()) {
        with_world(async |world| {
            let (post, targets) = world.accepted(&message("k")).await;
            let id = match (known, path.contains("targets")) {
                (false, _) => ID,
                (true, true) => &targets[0],
                (true, false) => &post,
            };
            let path = path.replace("{id}", id);
            let reply = world.send_bytes(OPERATOR, method, &path, body.clone()).await;
            bearable(&format!("{method} {path} {:?}", String::from_utf8_lossy(&body)), body.len(), &reply);
            assert!(world.get("/v1/posts").await.status == 200, "and the next is served");
        });
    }

    #[test]
    fn any_query_or_name_is_answered(
        path in select(QUERIES.to_vec()),
        name in select(vec!["", "state=", "after=", "limit=", "tenant=", "channel=", "scope=", "drip=", "state=failed&limit="]),
        value in prop_oneof!["[ -~]{0,40}", "[0-9.-]{1,30}", "\\PC{0,20}", Just("9223372036854775807.x".to_owned())],
    ) {
        // What HTTP itself cannot carry never reaches a route.
        let encoded: String = value.bytes().map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~:@/".contains(&byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }
        }).collect();
        with_world(async |world| {
            world.accepted(&message("k")).await;
            let path = format!("{path}{name}{encoded}");
            let reply = world.send_bytes(OPERATOR, "GET", &path, Vec::new()).await;
            bearable(&path, path.len(), &reply);
        });
    }
}
