//! A web page in somebody's browser can do nothing with the API: there are no cookies that would be sent along, and where no token is
//! asked for, pages are turned away.

use axum::http::{Request, request::Builder};
use oncepost_console::ConsoleOptions;

use super::addresses::{Fill, all};
use crate::world::{World, memory, message, world, world_with};

/// An API without tokens, as on a developer's machine.
async fn open() -> (World, Fill) {
    let (runtime, ledger) = memory();
    let anonymous_rate = crate::world::options().anonymous_rate;
    let world = world_with(runtime, ledger, ConsoleOptions { anonymous_rate, ..ConsoleOptions::default() });
    let (post, targets) = world.accepted(&message("key")).await;
    (world, Fill { post, target: targets[0].clone(), tenant: "acme", key: "key", account: "main" })
}

#[tokio::test(start_paused = true)]
async fn without_tokens_no_page_can_ask_for_anything() {
    let (world, fill) = open().await;
    for address in all().iter().filter(|address| address.role() != "none") {
        let request = || Request::builder().method(address.method.as_str()).uri(address.path(&fill));
        let from = |request: Builder, pairs: &[(&str, &str)]| {
            pairs.iter().fold(request, |request, (name, value)| request.header(*name, *value))
        };
        for page in [
            &[("host", "127.0.0.1:8380"), ("origin", "https://evil.example")][..],
            &[("host", "127.0.0.1:8380"), ("origin", "null")],
            &[("host", "127.0.0.1:8380"), ("origin", "http://127.0.0.1.evil.example")],
            &[("host", "127.0.0.1:8380"), ("sec-fetch-site", "cross-site")],
            &[("host", "rebound.example:8380")],
            &[("host", "localhost.evil.example")],
        ] {
            let reply = world.ask(from(request(), page), address.body(&fill).into_bytes()).await;
            reply.problem(403);
        }
    }
    world.send(None, "GET", "/v1/posts", String::new()).await.ok(200);
}

#[tokio::test(start_paused = true)]
async fn no_other_origin_is_ever_invited() {
    let world = world();
    for method in ["OPTIONS", "GET", "POST"] {
        let request = Request::builder().method(method).uri("/v1/posts").header("host", "localhost");
        let request = request.header("origin", "https://evil.example").header("access-control-request-method", "POST");
        let reply = world.ask(request, Vec::new()).await;
        assert_eq!(reply.status, 401);
        assert!(reply.headers.keys().all(|name| !name.starts_with("access-control-")), "{:?}", reply.headers);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cookie_opens_nothing() {
    let world = world();
    for cookie in [format!("token={}", crate::world::OPERATOR), format!("session={}", crate::world::OPERATOR)] {
        let request = Request::get("/v1/posts").header("host", "localhost").header("cookie", cookie);
        world.ask(request, Vec::new()).await.problem(401);
    }
}
