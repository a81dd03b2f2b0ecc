//! Who is there, who is missing, and what answers.

use std::time::Duration;

use broker::Source;
use ledger::{Beat, PartSeen};
use serde_json::{Value, json};

use crate::world::{ACME, OTHER, World, memory, world, world_on};

const DAY: Duration = Duration::from_secs(86_400);

pub fn beat(world: &World, service: &str, roles: &[&str], channels: &[&str]) -> Beat {
    let now = world.runtime.now();
    let part = |part: &str, millis| PartSeen { part: part.into(), answers: true, since: now, millis: Some(millis) };
    Beat {
        id: world.runtime.id(),
        name: format!("{service}@host:1"),
        service: service.into(),
        host: "host".into(),
        roles: roles.iter().map(|&role| role.into()).collect(),
        channels: channels.iter().map(|name| name.parse().unwrap()).collect(),
        version: "0.1.0".into(),
        commit: None,
        started_at: now,
        is_draining: false,
        parts: vec![part("broker", 2), part("guard", 3)],
    }
}

/// It says that it lives, and takes work from the broker.
pub async fn beats(world: &World, beat: &Beat) {
    let has = |role: &str| beat.roles.iter().any(|own| own == role);
    let mut sources: Vec<_> = Vec::new();
    if has("scheduler") {
        sources.push(Source::Schedule);
    }
    if has("worker") {
        sources.extend(beat.channels.iter().map(|channel| Source::Publish { channel: channel.to_string() }));
    }
    for source in sources {
        if world.transport.depth(source.clone()).await.is_ok_and(|depth| depth.consumers == 0) {
            let inbox = world.transport.consume(source, 1).await.unwrap();
            world.inboxes.lock().unwrap().push(inbox);
        }
    }
    says_it_lives(world, beat).await;
}

async fn says_it_lives(world: &World, beat: &Beat) {
    world.processes.beat(beat.clone(), DAY).await.unwrap();
}

async fn found(world: &World) -> Value {
    world.get("/v1/processes").await.ok(200)
}

fn missing(found: &Value) -> Vec<(&str, &str)> {
    let all = found["missing"].as_array().unwrap().iter();
    all.map(|one| (one["role"].as_str().unwrap(), one["what"].as_str().unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn each_process_is_told_and_whoever_is_missing_first() {
    let world = world();
    let none = found(&world).await;
    assert_eq!(missing(&none).iter().map(|(role, _)| *role).collect::<Vec<_>>(), ["scheduler", "worker", "keeper"]);
    assert!(missing(&none)[0].1.starts_with("No scheduler is known to run: nothing goes out"), "{none}");
    assert_eq!((&none["parts"][2]["answers"], &none["processes"]), (&json!(null), &json!([])), "{none}");
    let scheduler = beat(&world, "scheduler", &["scheduler"], &[]);
    let mut worker = beat(&world, "worker", &["worker"], &["long"]);
    let keeper = beat(&world, "keeper", &["keeper"], &[]);
    worker.version = "0.2.0".into();
    worker.commit = Some("1a2b3c4".into());
    worker.parts[1].answers = false;
    for beat in [&scheduler, &worker, &keeper] {
        beats(&world, beat).await;
    }
    let all = found(&world).await;
    let expected = "No worker takes the work of Short: nothing goes out on its account";
    let redis =
        "1 of 3 processes does not reach Redis: without its locks, hints and limits oncepost is slower, not wrong";
    assert_eq!(missing(&all), [("worker", expected), ("guard", redis)], "{all}");
    assert_eq!(all["versions"], json!(["0.1.0", "0.2.0 (1a2b3c4)"]));
    assert_eq!((&all["parts"][0]["name"], &all["parts"][0]["answers"]), (&json!("ledger"), &json!(true)));
    assert_eq!(all["parts"][1]["reached_by"], 3);
    assert_eq!(all["parts"][2]["why"], "1 of 3 processes do not reach it");
    world.runtime.sleep(Duration::from_secs(9)).await;
    beats(&world, &keeper).await;
    let later = found(&world).await;
    assert_eq!((&later["parts"][2]["asked_s"], &later["parts"][0]["asked_s"]), (&json!(9), &json!(null)), "{later}");
    let services: Vec<_> = all["processes"].as_array().unwrap().iter().map(|one| one["service"].clone()).collect();
    assert_eq!(services, ["keeper", "scheduler", "worker"]);
    // One goes silent, the others live on.
    world.runtime.sleep(Duration::from_secs(60)).await;
    worker.channels.push("short".parse().unwrap());
    worker.parts[1].answers = true;
    for beat in [&worker, &keeper] {
        beats(&world, beat).await;
    }
    let late = found(&world).await;
    assert_eq!((&late["processes"][1]["state"], missing(&late)), (&json!("up"), vec![]), "{late}");
    world.runtime.sleep(Duration::from_secs(65)).await;
    world.inboxes.lock().unwrap().clear();
    for beat in [&worker, &keeper] {
        beats(&world, beat).await;
    }
    let gone = found(&world).await;
    assert!(missing(&gone)[0].1.starts_with("No scheduler has been seen for 2 min: nothing goes out"), "{gone}");
    assert_eq!(gone["missing"][0]["stops_delivery"], true);
    assert_eq!(gone["processes"][1]["state"], "silent", "one rule for both: {gone}");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_stands_still_on_purpose_is_not_told_of() {
    let world = world();
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long"])).await;
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "legal" })).await.ok(201);
    assert_eq!(missing(&found(&world).await), []);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_is_told_what_concerns_it_and_of_no_process() {
    let world = world();
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long"])).await;
    let own = world.send(Some(ACME), "GET", "/v1/processes", String::new()).await;
    assert!(!own.text.contains("host:1"), "{}", own.text);
    assert_eq!(missing(&own.ok(200)).len(), 1, "acme has an account on it");
    let other = world.send(Some(OTHER), "GET", "/v1/processes", String::new()).await.ok(200);
    assert_eq!((missing(&other), other.get("processes")), (vec![], None), "the other tenant has none");
}

#[tokio::test(start_paused = true)]
async fn what_is_away_is_told_and_nothing_is_made_up() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger.clone());
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    ledger.set_away(true);
    let found = found(&world).await;
    assert_eq!((found.get("missing"), found.get("processes")), (None, None), "{found}");
    assert_eq!(found["parts"][0]["answers"], false, "{found}");
    assert_eq!(found["parts"][1]["answers"], true);
    assert_eq!(found["parts"][2]["why"], "the ledger does not answer, where processes say how they find it");
    // What this process finds by itself is known all the same.
    let mut own = beat(&world, "dev", &[], &[]).parts;
    world.found.lock().unwrap().clone_from(&own);
    let found = self::found(&world).await;
    assert_eq!((&found["parts"][2]["answers"], &found["parts"][2]["took_ms"]), (&json!(true), &json!(3)), "{found}");
    own[1].answers = false;
    *world.found.lock().unwrap() = own;
    let found = self::found(&world).await;
    assert_eq!(found["parts"][2]["answers"], false, "{found}");
    assert_eq!(found["parts"][2]["why"], "this process does not reach it; how others find it is not known");
    ledger.set_away(false);
    world.transport.close().await;
    let found = world.get("/v1/processes").await.ok(200);
    let away = missing(&found);
    assert_eq!((&found["parts"][1]["answers"], away.len(), away[0].0), (&json!(false), 1, "broker"), "{found}");
}

/// The broker knows of it before the silence is long enough.
#[tokio::test(start_paused = true)]
async fn one_that_was_killed_a_moment_ago_is_missed_at_once() {
    let world = world();
    beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"])).await;
    assert_eq!(missing(&found(&world).await), []);
    world.inboxes.lock().unwrap().clear();
    let killed = found(&world).await;
    let all: Vec<_> = missing(&killed).into_iter().map(|(_, what)| what).collect();
    assert_eq!(all.len(), 3, "{killed}");
    assert!(
        all[0].starts_with("No scheduler is connected to the broker, though one was heard of 0 s ago: "),
        "{killed}"
    );
    assert!(all[1].starts_with("No worker takes the work of Long, though one said lately that it does: "), "{killed}");
    assert_eq!(killed["processes"][0]["state"], "up", "it has said so a moment ago");
}

#[tokio::test(start_paused = true)]
async fn redis_that_answers_nobody_is_told_of() {
    let world = world();
    let mut dev = beat(&world, "dev", &["scheduler", "worker", "keeper"], &["long", "short"]);
    dev.parts[1].answers = false;
    beats(&world, &dev).await;
    let found = found(&world).await;
    assert_eq!(found["missing"][0]["who"], "Redis does not answer", "{found}");
    assert_eq!((missing(&found).len(), &found["missing"][0]["stops_delivery"]), (1, &json!(false)), "{found}");
}
