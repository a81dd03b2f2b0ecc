//! Bodies that are too long or never end.

use std::time::Duration;

use axum::{body::Body, http::Request};
use futures::{StreamExt, stream};

use super::addresses::{Fill, all};
use crate::world::{OPERATOR, World, memory, message, options, world_with};

const LIMIT: usize = 2_000;

async fn scene() -> (World, Fill) {
    let (runtime, ledger) = memory();
    let options = oncepost_console::ConsoleOptions { body_limit: LIMIT, batch_limit: 2 * LIMIT, ..options() };
    let world = world_with(runtime, ledger, options);
    let (post, targets) = world.accepted(&message("key")).await;
    (world, Fill { post, target: targets[0].clone(), tenant: "acme", key: "key", account: "main" })
}

#[tokio::test(start_paused = true)]
async fn no_address_takes_more_than_it_says() {
    let (world, fill) = scene().await;
    for address in all() {
        let long = vec![b'x'; 2 * LIMIT + 1];
        let reply = world.send_bytes(OPERATOR, &address.method, &address.path(&fill), long).await;
        if address.takes_body() {
            assert_eq!(reply.problem(413)["code"], "OP-1016", "{}", address.id);
        } else {
            assert_ne!(reply.status, 413, "{} reads none", address.id);
        }
    }
}

/// A body that never ends: an endless one, and one of which nothing comes.
fn endless(stalls: bool) -> Body {
    let start = stream::iter([Ok::<_, std::io::Error>("{\"a\":\"")]);
    match stalls {
        true => Body::from_stream(start.chain(stream::pending())),
        false => Body::from_stream(start.chain(stream::repeat_with(|| Ok("xxxxxxxxxxxxxxxx")))),
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_answered_all_the_same() {
    let (world, fill) = scene().await;
    for address in all().iter().filter(|address| address.takes_body()) {
        for (stalls, status) in [(true, 408), (false, 413)] {
            let request = Request::builder().method(address.method.as_str()).uri(address.path(&fill));
            let request = request.header("authorization", format!("Bearer {OPERATOR}")).body(endless(stalls)).unwrap();
            let before = world.runtime.uptime();
            world.ask_whole(request).await.problem(status);
            assert!(world.runtime.uptime() - before <= Duration::from_secs(61), "{}", address.id);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_caller_who_may_not_no_body_is_read() {
    let (world, fill) = scene().await;
    for address in all().iter().filter(|address| address.takes_body()) {
        let request = Request::builder().method(address.method.as_str()).uri(address.path(&fill));
        let before = world.runtime.uptime();
        world.ask_whole(request.body(endless(true)).unwrap()).await.problem(401);
        assert_eq!(world.runtime.uptime(), before, "{}", address.id);
    }
}
