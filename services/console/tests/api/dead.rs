//! Dead letters: told as they stand, and discarded by way of the ledger.

use std::time::Duration;

use broker::{Destination, Outgoing, Source};
use contract::Dead;
use domain::State;
use serde_json::{Value, json};

use crate::world::{ACME, OPERATOR, World, message, world};

/// Writes the target's letter as a worker does.
async fn bury(world: &World, target: &str) {
    let target = world.ledger.target(target.parse().unwrap()).await.unwrap().unwrap().target;
    let letter = Dead::of(&target, world.runtime.now()).unwrap();
    let to = Destination::Dead { channel: target.channel.to_string() };
    let message = Outgoing::json(to, format!("{}-{}", target.id, target.attempt), letter.encode());
    world.transport.publish(message.headers(letter.headers())).await.unwrap();
}

async fn stray(world: &World, id: &str, body: &str) {
    let to = Destination::Dead { channel: "long".into() };
    world.transport.publish(Outgoing::json(to, id, body.to_owned())).await.unwrap();
}

async fn depth(world: &World, channel: &str) -> u64 {
    world.transport.depth(Source::Dead { channel: channel.into() }).await.unwrap().ready
}

/// A post of which both targets were refused and have their letters.
async fn refused(world: &World, key: &str) -> Vec<String> {
    let (_, targets) = world.accepted(&message(key)).await;
    world.at_due_time().await;
    for target in &targets {
        world.fail(target).await;
        bury(world, target).await;
    }
    targets
}

/// The standing of each letter, by its id.
async fn standings(world: &World, query: &str) -> Vec<(String, String)> {
    let list = world.get(&format!("/v1/dead-letters{query}")).await.ok(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list["letters"].as_array().unwrap().iter().map(|letter| (text(&letter["id"]), text(&letter["standing"]))).collect()
}

#[tokio::test(start_paused = true)]
async fn letters_are_listed_with_what_the_ledger_says_of_each() {
    let world = world();
    let targets = refused(&world, "key").await;
    stray(&world, "garbage", "{").await;
    insta::assert_json_snapshot!("dead_letters", world.get("/v1/dead-letters").await.ok(200));
    let only = standings(&world, "?channel=short").await;
    assert_eq!(only, [(targets[1].clone(), "agrees".to_owned())]);
    assert_eq!(standings(&world, "?standing=unreadable").await, [("garbage".to_owned(), "unreadable".to_owned())]);
    assert_eq!((depth(&world, "long").await, depth(&world, "short").await), (2, 1), "looking takes nothing");
    world.get("/v1/dead-letters?channel=lung").await.problem(400);
    world.get("/v1/dead-letters?after=x").await.problem(400);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_or_left_over_is_told_and_becomes_of_itself() {
    let world = world();
    let (one, two) = (refused(&world, "one").await, refused(&world, "two").await);
    world.apply(&one[0], domain::Command::Retry).await;
    world.transport.purge(Source::Dead { channel: "short".into() }).await.unwrap();
    world.runtime.sleep(Duration::from_secs(61)).await;
    let mut expected = vec![
        (one[0].clone(), "stale".to_owned()),
        (two[0].clone(), "agrees".to_owned()),
        (one[1].clone(), "missing".to_owned()),
        (two[1].clone(), "missing".to_owned()),
    ];
    expected[..2].sort();
    expected[2..].sort();
    assert_eq!(standings(&world, "").await, expected);
    let list = world.get("/v1/dead-letters").await.ok(200);
    let says = |at: usize| list["channels"][at]["says"].as_str().unwrap().to_owned();
    assert_eq!(says(0), "1 of a target that is settled, and taken out by the scheduler.");
    assert_eq!(says(1), "2 missing, and written anew by the scheduler.");
    let counts = world.get("/v1/dead-letters/counts").await.ok(200);
    let agrees: Vec<_> = counts["channels"].as_array().unwrap().iter().map(|channel| &channel["agrees"]).collect();
    assert_eq!(agrees, [&json!(false), &json!(false)], "{counts}");
    let missing = &list["letters"][2];
    assert_eq!((&missing["code"], &missing["reason"]), (&json!("OP-2001"), &json!("permanent")), "as it will say");
}

#[tokio::test(start_paused = true)]
async fn pages_end_where_the_next_begins() {
    let world = world();
    for key in ["a", "b", "c"] {
        refused(&world, key).await;
    }
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = world.get(&format!("/v1/dead-letters{query}")).await.ok(200);
        let letters = page["letters"].as_array().unwrap();
        assert!(letters.len() <= 2);
        seen.extend(letters.iter().map(|letter| (letter["channel"].to_string(), letter["id"].to_string())));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&after={next}");
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), sorted), (6, seen));
}

#[tokio::test(start_paused = true)]
async fn a_letter_is_shown_with_its_body_and_its_target() {
    let world = world();
    let targets = refused(&world, "key").await;
    let view = world.get(&format!("/v1/dead-letters/{}", targets[0])).await.ok(200);
    assert_eq!(view["letters"][0]["body"]["target"], json!(targets[0]));
    assert_eq!(view["letters"][0]["standing"], "agrees");
    assert_eq!((&view["target"]["id"], &view["target"]["state"]), (&json!(targets[0]), &json!("failed")));
    stray(&world, "garbage", "not json").await;
    let view = world.get("/v1/dead-letters/garbage").await.ok(200);
    assert_eq!((&view["letters"][0]["body"], view.get("target")), (&json!("not json"), None));
    world.get("/v1/dead-letters/nothing").await.problem(404);
}

#[tokio::test(start_paused = true)]
async fn discarding_cancels_the_target_and_takes_its_letter_out() {
    let world = world();
    let targets = refused(&world, "key").await;
    stray(&world, "garbage", "{").await;
    let ask = json!({ "letters": [targets[0], "garbage", "nothing"], "reason": "the campaign is over" });
    let answer = world.post("/v1/dead-letters/discard", &ask).await.ok(200);
    insta::assert_json_snapshot!("discarded", answer);
    assert_eq!(world.state(&targets[0]).await, State::Cancelled);
    assert_eq!((world.state(&targets[1]).await, depth(&world, "short").await), (State::Failed, 1));
    assert_eq!(depth(&world, "long").await, 0);
    let again = world.post("/v1/dead-letters/discard", &ask).await.ok(409);
    assert_eq!((&again["discarded"], &again["kept"]), (&json!(0), &json!(3)), "{again}");
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_or_in_doubt_is_not_cancelled_by_discarding_its_letter() {
    let world = world();
    let targets = refused(&world, "key").await;
    world.apply(&targets[0], domain::Command::Retry).await;
    let (_, doubted) = world.accepted(&message("doubted")).await;
    world.at_due_time().await;
    world.doubt(&doubted[1]).await;
    bury(&world, &doubted[1]).await;
    let ask = json!({ "letters": [targets[0], doubted[1]], "reason": "tidying up" });
    let answer = world.post("/v1/dead-letters/discard", &ask).await.ok(200);
    let says = |at: usize| answer["letters"][at]["says"].as_str().unwrap().to_owned();
    assert_eq!(says(0), "Its target is scheduled and did not need a person: only the letter was taken out.");
    assert!(
        says(1).contains("whether it went out is not known") && says(1).ends_with("Nothing was changed."),
        "{answer}"
    );
    assert_eq!((world.state(&targets[0]).await, world.state(&doubted[1]).await), (State::Scheduled, State::InDoubt));
    assert_eq!((depth(&world, "long").await, depth(&world, "short").await), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn discarding_takes_a_reason() {
    let world = world();
    let targets = refused(&world, "key").await;
    for (body, path) in [
        (json!({ "letters": [targets[0]], "reason": " " }), "$.reason"),
        (json!({ "letters": [targets[0]] }), "$"),
        (json!({ "letters": [], "reason": "x" }), "$.letters"),
    ] {
        assert_eq!(world.post("/v1/dead-letters/discard", &body).await.problem(422)["problems"][0]["path"], path);
    }
    assert_eq!((world.state(&targets[0]).await, depth(&world, "long").await), (State::Failed, 1));
}

#[tokio::test(start_paused = true)]
async fn the_letter_goes_at_once_with_whatever_settles_its_target() {
    let world = world();
    let (retried, resolved) = (refused(&world, "retried").await, refused(&world, "cancelled").await);
    world.post(&format!("/v1/targets/{}/retry", retried[0]), &json!({})).await.ok(200);
    world.post(&format!("/v1/targets/{}/retry", retried[0]), &json!({})).await.problem(409);
    world.post(&format!("/v1/targets/{}/cancel", resolved[0]), &json!({})).await.ok(200);
    world.runtime.sleep(Duration::from_secs(1)).await;
    assert_eq!((depth(&world, "long").await, depth(&world, "short").await), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_somebody_empties_is_not_called_empty() {
    let world = world();
    refused(&world, "key").await;
    let _shovel = world.transport.consume(Source::Dead { channel: "long".into() }, 10).await.unwrap();
    let list = world.get("/v1/dead-letters").await.ok(200);
    let channel = &list["channels"][0];
    assert_eq!((&channel["channel"], channel.get("letters"), channel.get("agrees")), (&json!("long"), None, None));
    assert!(channel["says"].as_str().unwrap().contains("Nobody can tell"), "{channel}");
    assert_eq!(list["letters"].as_array().unwrap().len(), 1, "the other channel is shown");
    world.get("/v1/dead-letters?channel=long").await.problem(503);
}

#[tokio::test(start_paused = true)]
async fn letters_are_for_operators() {
    let world = world();
    let targets = refused(&world, "key").await;
    let discard = json!({ "letters": [targets[0]], "reason": "x" }).to_string();
    for (method, path, body) in [
        ("GET", "/v1/dead-letters".to_owned(), String::new()),
        ("GET", "/v1/dead-letters/counts".to_owned(), String::new()),
        ("GET", format!("/v1/dead-letters/{}", targets[0]), String::new()),
        ("POST", "/v1/dead-letters/discard".to_owned(), discard),
    ] {
        world.send(Some(ACME), method, &path, body.clone()).await.problem(403);
        world.send(None, method, &path, body).await.problem(401);
    }
    assert_eq!(world.send(Some(OPERATOR), "GET", "/v1/dead-letters", String::new()).await.status, 200);
    assert_eq!(world.state(&targets[0]).await, State::Failed);
}
