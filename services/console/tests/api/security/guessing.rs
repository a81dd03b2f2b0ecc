//! Tokens cannot be guessed fast, and whoever guesses locks nobody out.

use std::{net::SocketAddr, time::Duration};

use axum::{extract::ConnectInfo, http::Request};
use oncepost_console::ConsoleOptions;
use settings::Rate;

use crate::world::{ACME, OPERATOR, Reply, World, memory, options, world_with};

const GUESSER: &str = "203.0.113.9:4711";
const OFFICE: &str = "198.51.100.1:4711";

fn world() -> World {
    let (runtime, ledger) = memory();
    let rate = |burst| Rate { per: Duration::from_secs(2), burst };
    let options = ConsoleOptions {
        anonymous_rate: rate(5),
        rate: rate(40),
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..options()
    };
    world_with(runtime, ledger, options)
}

async fn ask(world: &World, from: &str, told: Option<&str>, token: Option<&str>) -> Reply {
    let from: SocketAddr = from.parse().unwrap();
    let mut request = Request::get("/v1/posts").header("host", "localhost").extension(ConnectInfo(from));
    for (name, value) in
        [("x-forwarded-for", told.map(str::to_owned)), ("authorization", token.map(|it| format!("Bearer {it}")))]
    {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    world.ask(request, Vec::new()).await
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_are_slowed_and_told_when_to_come_again() {
    let world = world();
    for n in 0..5 {
        ask(&world, GUESSER, None, Some(&format!("guess-{n}"))).await.problem(401);
    }
    let slowed = ask(&world, GUESSER, None, Some("guess-5")).await;
    assert_eq!(slowed.problem(429)["retry_after_s"], 2);
    assert_eq!(slowed.headers["retry-after"], "2");
    // A right guess among them is not told from a wrong one.
    let right = ask(&world, GUESSER, None, Some(OPERATOR)).await;
    assert_eq!((right.status, &right.text), (429, &slowed.text));
    world.runtime.sleep(Duration::from_secs(2)).await;
    ask(&world, GUESSER, None, Some("guess-6")).await.problem(401);
    ask(&world, GUESSER, None, Some("guess-7")).await.problem(429);
}

#[tokio::test(start_paused = true)]
async fn guesses_a_minute_are_few() {
    let world = world();
    let mut judged = 0;
    for n in 0..600 {
        judged += usize::from(ask(&world, GUESSER, None, Some(&format!("guess-{n}"))).await.status == 401);
        world.runtime.sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(judged, 5 + 29, "a burst, and one for every two seconds of a minute");
}

#[tokio::test(start_paused = true)]
async fn whoever_guesses_locks_nobody_out() {
    let world = world();
    // Behind the same proxy as the guesser, and called before.
    ask(&world, GUESSER, None, Some(ACME)).await.ok(200);
    for n in 0..30 {
        ask(&world, GUESSER, None, Some(&format!("guess-{n}"))).await;
        ask(&world, GUESSER, None, Some(ACME)).await.ok(200);
    }
    ask(&world, OFFICE, None, Some(OPERATOR)).await.ok(200);
    ask(&world, OFFICE, None, Some("a slip")).await.problem(401);
}

#[tokio::test(start_paused = true)]
async fn no_token_at_all_is_slowed_as_well() {
    let world = world();
    for _ in 0..5 {
        ask(&world, GUESSER, None, None).await.problem(401);
    }
    ask(&world, GUESSER, None, None).await.problem(429);
    ask(&world, OFFICE, None, None).await.problem(401);
}

#[tokio::test(start_paused = true)]
async fn the_open_address_is_slowed_too() {
    let world = world();
    let back = async || {
        let from: SocketAddr = GUESSER.parse().unwrap();
        world.ask(Request::get("/v1/oauth/callback?state=x").extension(ConnectInfo(from)), Vec::new()).await.status
    };
    for _ in 0..5 {
        assert_eq!(back().await, 410);
    }
    assert_eq!(back().await, 429);
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_a_new_address_by_saying_so() {
    let world = world();
    for n in 0..5 {
        ask(&world, GUESSER, Some(&format!("192.0.2.{n}")), Some("wrong")).await.problem(401);
    }
    ask(&world, GUESSER, Some("192.0.2.77"), Some("wrong")).await.problem(429);
}

#[tokio::test(start_paused = true)]
async fn behind_a_trusted_proxy_each_caller_has_its_own_bucket() {
    let world = world();
    for n in 0..5 {
        // What stands first, the caller has made up.
        ask(&world, "10.0.0.1:80", Some(&format!("192.0.2.{n}, 203.0.113.9")), Some("wrong")).await.problem(401);
    }
    ask(&world, "10.0.0.1:80", Some("203.0.113.9"), Some("wrong")).await.problem(429);
    ask(&world, "10.0.0.1:80", Some("198.51.100.1"), Some("wrong")).await.problem(401);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_calls_too_often_is_told_and_others_go_on() {
    let world = world();
    let mut statuses = Vec::new();
    for _ in 0..45 {
        statuses.push(ask(&world, OFFICE, None, Some(ACME)).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 40);
    let slowed = ask(&world, OFFICE, None, Some(ACME)).await.problem(429);
    assert!(slowed["detail"].as_str().unwrap().contains("acme-app"), "{slowed}");
    ask(&world, OFFICE, None, Some(OPERATOR)).await.ok(200);
    world.runtime.sleep(Duration::from_secs(2)).await;
    ask(&world, OFFICE, None, Some(ACME)).await.ok(200);
}
