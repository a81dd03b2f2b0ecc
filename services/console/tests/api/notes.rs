//! Notes: shown where they concern something, and to whom they may be shown.

use std::time::Duration;

use ledger::{CredentialPut, CredentialStore, RecordKind};
use serde_json::{Value, json};
use vault::record::{AccountRecord, Health, State};

use crate::world::{ACME, OTHER, World, memory, message, world, world_on};

async fn note(world: &World, on: &str, text: &str) -> Value {
    world.runtime.sleep(Duration::from_millis(1)).await;
    world.post("/v1/notes", &json!({ "on": on, "text": text })).await.ok(201)
}

fn texts(notes: &Value) -> Vec<&str> {
    notes.as_array().map_or_else(Vec::new, |notes| notes.iter().map(|note| note["text"].as_str().unwrap()).collect())
}

#[tokio::test(start_paused = true)]
async fn notes_are_shown_with_what_they_concern() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    note(&world, "cause:OP-2001/post/bad_words", "ask Ann: she has the list of words").await;
    note(&world, "account:acme/long/main", "their editor wakes at nine").await;
    note(&world, "channel:long", "long is slow on Mondays").await;
    note(&world, "app:our-app", "the app is being reviewed").await;
    note(&world, "channel:short", "about something else").await;
    let all = [
        "the app is being reviewed",
        "long is slow on Mondays",
        "their editor wakes at nine",
        "ask Ann: she has the list of words",
    ];
    let groups = world.get("/v1/failures/groups").await.ok(200);
    assert_eq!(texts(&groups["groups"][0]["notes"]), all);
    let target = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!(texts(&target["notes"]), all);
    // What is not on the list has no cause.
    let other = world.get(&format!("/v1/targets/{}", targets[1])).await.ok(200);
    assert_eq!(texts(&other["notes"]), ["about something else", "the app is being reviewed"]);
    let listed = world.get("/v1/notes?on=channel:long").await.ok(200);
    assert_eq!(texts(&listed["notes"]), ["long is slow on Mondays"]);
    assert_eq!((&listed["notes"][0]["by"], &listed["notes"][0]["on"]), (&json!("olga"), &json!("channel:long")));
}

#[tokio::test(start_paused = true)]
async fn whoever_schedules_on_what_a_note_is_on_is_told() {
    let world = world();
    let said = |answer: &Value| answer.get("notes").cloned();
    let before = world.post("/v1/posts", &message("before")).await.ok(202);
    assert_eq!(said(&before), None);
    note(&world, "account:acme/long/main", "their editor wakes at nine").await;
    note(&world, "app:our-app", "the app is being reviewed").await;
    note(&world, "account:other/long/main", "about somebody else").await;
    note(&world, "cause:OP-2001/post/bad_words", "about what went wrong").await;
    // It is read anew every few seconds.
    world.runtime.sleep(Duration::from_secs(5)).await;
    let all = json!([
        "note on app:our-app: the app is being reviewed",
        "note on account:acme/long/main: their editor wakes at nine"
    ]);
    let first = world.post("/v1/posts", &message("key")).await.ok(202);
    assert_eq!(said(&first), Some(all.clone()));
    assert_eq!(said(&world.post("/v1/posts:validate", &message("checked")).await.ok(200)), Some(all));
    let own = world.send(Some(ACME), "POST", "/v1/posts", message("own").to_string()).await.ok(202);
    assert_eq!(said(&own), Some(json!(["note on account:acme/long/main: their editor wakes at nine"])));
    // What is stored is what was asked: a repeat is told of no notes.
    assert_eq!(said(&world.post("/v1/posts", &message("key")).await.ok(200)), None);
}

/// Until the post is due the account may be connected again: nothing is refused.
#[tokio::test(start_paused = true)]
async fn whoever_schedules_on_an_account_that_cannot_publish_is_told() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger.clone());
    let said = |answer: &Value| answer.get("notes").cloned();
    assert_eq!(said(&world.post("/v1/posts", &message("before")).await.ok(202)), None);
    let health = Health { state: State::NeedsReconnect, ..Health::default() };
    let open = serde_json::to_value(AccountRecord { listed: true, health, ..AccountRecord::default() }).unwrap();
    let name = "acme/long/main".to_owned();
    ledger.put(CredentialPut { kind: RecordKind::Account, name, expected: None, open, sealed: None }).await.unwrap();
    // It is read anew every few seconds.
    world.runtime.sleep(Duration::from_secs(5)).await;
    note(&world, "channel:long", "slow on Mondays").await;
    let told = json!([
        "account acme/long/main needs to be connected again: if that is not mended by then, this does not go out when it is due \
         (`oncepost accounts acme/long/main`)",
        "note on channel:long: slow on Mondays",
    ]);
    assert_eq!(said(&world.post("/v1/posts", &message("key")).await.ok(202)), Some(told.clone()));
    assert_eq!(said(&world.post("/v1/posts:validate", &message("checked")).await.ok(200)), Some(told.clone()));
    let own = world.send(Some(ACME), "POST", "/v1/posts", message("own").to_string()).await.ok(202);
    assert_eq!(said(&own), Some(json!([told[0]])), "whose account it is, is told as well");
}

#[tokio::test(start_paused = true)]
async fn a_note_ends_when_it_is_removed_or_at_its_time() {
    let world = world();
    let kept = note(&world, "channel:long", "for good").await;
    let until = json!({ "on": "channel:long", "text": "for an hour", "until": "2026-06-01T13:00:00Z" });
    world.post("/v1/notes", &until).await.ok(201);
    assert_eq!(texts(&world.get("/v1/notes").await.ok(200)["notes"]).len(), 2);
    world.at_due_time().await;
    assert_eq!(texts(&world.get("/v1/notes").await.ok(200)["notes"]), ["for good"]);
    let path = format!("/v1/notes/{}", kept["id"].as_str().unwrap());
    let removed = world.send(Some(crate::world::OPERATOR), "DELETE", &path, String::new()).await.ok(200);
    assert_eq!(removed, kept);
    world.send(Some(crate::world::OPERATOR), "DELETE", &path, String::new()).await.problem(404);
    let log = world.get("/v1/audit-log?subject=channel:long").await.ok(200);
    let told: Vec<_> =
        log["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["remove note", "note", "note"]);
}

#[tokio::test(start_paused = true)]
async fn a_tenants_token_knows_the_notes_on_its_own_accounts_only() {
    let world = world();
    note(&world, "account:acme/long/main", "theirs").await;
    note(&world, "channel:long", "the operators'").await;
    let of = |token: &'static str, method: &'static str, path: String, body: Value| {
        let world = &world;
        async move {
            world.runtime.sleep(Duration::from_millis(1)).await;
            world.send(Some(token), method, &path, body.to_string()).await
        }
    };
    let listed = |token| of(token, "GET", "/v1/notes".into(), Value::Null);
    assert_eq!(texts(&listed(ACME).await.ok(200)["notes"]), ["theirs"]);
    assert!(texts(&listed(OTHER).await.ok(200)["notes"]).is_empty());
    let own = json!({ "on": "account:acme/short/main", "text": "our own" });
    let made = of(ACME, "POST", "/v1/notes".into(), own.clone()).await.ok(201);
    of(OTHER, "POST", "/v1/notes".into(), own).await.problem(403);
    of(ACME, "POST", "/v1/notes".into(), json!({ "on": "channel:long", "text": "x" })).await.problem(403);
    of(ACME, "POST", "/v1/notes".into(), json!({ "on": "cause:OP-2001/post/-", "text": "x" })).await.problem(403);
    let path = format!("/v1/notes/{}", made["id"].as_str().unwrap());
    of(OTHER, "DELETE", path.clone(), Value::Null).await.problem(404);
    of(ACME, "DELETE", path, Value::Null).await.ok(200);
}

#[tokio::test(start_paused = true)]
async fn a_note_that_nobody_would_find_is_refused() {
    let world = world();
    for (body, path) in [
        (json!({ "on": "channel:lnog", "text": "x" }), "$.on"),
        (json!({ "on": "account:acme/long/nobody", "text": "x" }), "$.on"),
        (json!({ "on": "tenant:acme", "text": "x" }), "$.on"),
        (json!({ "on": "channel:long", "text": " " }), "$.text"),
        (json!({ "on": "channel:long", "text": "x".repeat(1_001) }), "$.text"),
        (json!({ "on": "channel:long", "text": "x", "until": "2026-06-01T12:00:00Z" }), "$.until"),
    ] {
        assert_eq!(world.post("/v1/notes", &body).await.problem(422)["problems"][0]["path"], path, "{body}");
    }
}
