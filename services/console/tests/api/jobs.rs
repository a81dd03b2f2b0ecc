//! Many targets at once: a plan first, then a job that touches each of them once, whoever dies.

use std::{sync::Arc, time::Duration};

use domain::State;
use ledger::MemoryLedger;
use serde_json::{Value, json};

use crate::world::{ACME, OPERATOR, OTHER, World, foreign, memory, message, world, world_on};

const GROUP: &str = "OP-2001/post/bad_words";

/// `posts` posts of two targets each, all of which fail.
async fn failed(world: &World, posts: usize) -> Vec<String> {
    let mut all = Vec::new();
    for n in 0..posts {
        all.extend(world.accepted(&message(&format!("key-{n}"))).await.1);
    }
    world.at_due_time().await;
    for target in &all {
        world.fail(target).await;
    }
    all
}

fn retry(group: &str) -> Value {
    json!({ "action": "retry", "select": { "group": group }, "reason": "the words are mended" })
}

async fn begun(world: &World, ask: &Value) -> Value {
    world.runtime.sleep(Duration::from_millis(1)).await;
    world.post("/v1/jobs", ask).await.ok(202)["job"].clone()
}

async fn job(world: &World, id: &Value) -> Value {
    world.get(&format!("/v1/jobs/{}?limit=0", id.as_str().unwrap())).await.ok(200)
}

/// Plays the workers: whatever is set going is begun and fails again.
fn fails_again(world: &Arc<World>, ledger: &Arc<MemoryLedger>) {
    let (world, ledger) = (world.clone(), ledger.clone());
    world.runtime.clone().spawn(async move {
        loop {
            let mut going = Vec::new();
            ledger.for_each(|target| {
                if target.state == State::Scheduled && target.attempt > 0 {
                    going.push(target.id.to_string());
                }
            });
            for target in going {
                world.fail(&target).await;
            }
            world.runtime.sleep(Duration::from_millis(100)).await;
        }
    });
}

/// A job about 1,000 targets, whose process is killed and taken over; the same again beside it; and single presses: each target is tried
/// again once.
#[tokio::test(start_paused = true)]
async fn each_target_is_tried_again_once_whoever_dies_and_however_often_it_is_pressed() {
    let (runtime, ledger) = memory();
    let world = Arc::new(world_on(runtime.clone(), ledger.clone()));
    let first = world_on(runtime.sibling().mortal(), ledger.clone());
    let second = world_on(runtime.sibling(), ledger.clone());
    let all = failed(&world, 500).await;
    assert_eq!(all.len(), 1_000);
    fails_again(&world, &ledger);
    let mut ask = retry(GROUP);
    (ask["rate"], ask["abort_ratio"]) = (json!(100), json!(1.0));
    let (one, two) = (begun(&world, &ask).await, begun(&world, &ask).await);
    assert_eq!(one["total"], 1_000);
    // A job comes to the last listed last.
    for target in &all[900..910] {
        world.post(&format!("/v1/targets/{target}/retry"), &json!({})).await.ok(200);
    }
    first.carries_on_jobs("console-1");
    world.runtime.sleep(Duration::from_secs(3)).await;
    first.runtime.kill();
    let before = job(&world, &one["id"]).await;
    let done = before["done"].as_u64().unwrap();
    assert!(0 < done && done < 900, "{before}");
    assert_eq!(before["carried_by"], "console-1");
    world.runtime.sleep(Duration::from_secs(20)).await;
    let left = job(&world, &one["id"]).await;
    assert_eq!((&left["done"], &left["state"], left.get("carried_by")), (&before["done"], &json!("running"), None));
    second.carries_on_jobs("console-2");
    world.runtime.sleep(Duration::from_secs(60)).await;
    let (one, two) = (job(&world, &one["id"]).await, job(&world, &two["id"]).await);
    for job in [&one, &two] {
        assert_eq!((&job["state"], &job["open"]), (&json!("done"), &json!(0)), "{job}");
    }
    let done = one["done"].as_u64().unwrap() + two["done"].as_u64().unwrap();
    assert_eq!(done, 990, "ten were pressed alone");
    // Every target has failed once more, and only once: a second retry would have made a third attempt.
    ledger.for_each(|target| assert_eq!((target.attempt, target.state), (2, State::Failed), "{}", target.id));
    assert_eq!(
        one["outcomes"]["failed_again"].as_u64().unwrap() + two["outcomes"]["failed_again"].as_u64().unwrap(),
        990
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_stops_itself_when_its_first_targets_fail_again() {
    let (runtime, ledger) = memory();
    let world = Arc::new(world_on(runtime, ledger.clone()));
    failed(&world, 50).await;
    fails_again(&world, &ledger);
    world.carries_on_jobs("console");
    let begun = begun(&world, &retry(GROUP)).await;
    world.runtime.sleep(Duration::from_secs(30)).await;
    let job = job(&world, &begun["id"]).await;
    assert_eq!((&job["state"], &job["done"], &job["open"]), (&json!("aborted"), &json!(10), &json!(90)));
    assert_eq!(job["why"], "10 of the 10 that came back failed again");
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_goes_and_why_the_rest_is_held_back_and_changes_nothing() {
    let world = world();
    let mut dated = message("dated");
    dated["deadline"] = json!("2026-06-01T13:30:00Z");
    let (_, late) = world.accepted(&dated).await;
    let (_, going) = world.accepted(&message("going")).await;
    let (_, out) = world.accepted(&message("out")).await;
    let (_, doubted) = world.accepted(&message("doubted")).await;
    let (_, theirs) = world.accepted(&foreign("theirs")).await;
    world.at_due_time().await;
    for target in [&late[0], &going[0], &going[1], &theirs[0]] {
        world.fail(target).await;
    }
    world.publish(&out[0]).await;
    world.doubt(&doubted[0]).await;
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "maintenance" })).await.ok(201);
    world.post("/v1/accounts/other/long/main/disable", &json!({ "reason": "they left" })).await.ok(200);
    world.at_due_time().await;
    let named: Vec<_> = [&late, &going, &out, &doubted, &theirs].into_iter().flatten().collect();
    let mut ask = json!({ "action": "retry", "select": { "targets": named }, "dry_run": true });
    let plan = world.post("/v1/jobs", &ask).await.ok(200);
    insta::assert_json_snapshot!("job_plan", plan, { ".**.examples" => "[targets]" });
    let sum: u64 = plan["reasons"].as_array().unwrap().iter().map(|reason| reason["targets"].as_u64().unwrap()).sum();
    assert_eq!((&plan["going"], sum), (&json!(2), 7));
    assert_eq!(world.get("/v1/jobs").await.ok(200)["jobs"], json!([]), "nothing was begun");
    assert_eq!(world.state(&going[0]).await, State::Failed);
    // What another tenant may not see is not there.
    let reply = world.send(Some(OTHER), "POST", "/v1/jobs", ask.to_string()).await.ok(200);
    assert_eq!(reply["reasons"][0]["reason"], "not_found");
    ask["dry_run"] = json!(false);
    let begun = begun(&world, &ask).await;
    assert_eq!(begun["total"], 5, "only what is on the list is ever touched");
    world.carries_on_jobs("console");
    world.runtime.sleep(Duration::from_secs(5)).await;
    let report = world.get(&format!("/v1/jobs/{}", begun["id"].as_str().unwrap())).await.ok(200);
    assert_eq!(
        (&report["state"], &report["done"], &report["held_back"]),
        (&json!("done"), &json!(2), &json!(3)),
        "{report}"
    );
    assert_eq!(world.state(&doubted[0]).await, State::InDoubt, "a doubt is never retried");
    assert_eq!(world.state(&theirs[0]).await, State::Failed, "nothing is sent to an account that is switched off");
    let held = world.get(&format!("/v1/jobs/{}?result=held_back&limit=2", begun["id"].as_str().unwrap())).await.ok(200);
    let next = held["next"].as_str().unwrap();
    let rest = world
        .get(&format!("/v1/jobs/{}?result=held_back&limit=2&after={next}", begun["id"].as_str().unwrap()))
        .await
        .ok(200);
    assert_eq!((held["targets"].as_array().unwrap().len(), rest["targets"].as_array().unwrap().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_would_change_nothing_is_not_begun() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    let problem = world.post("/v1/jobs", &json!({ "action": "retry", "select": { "all": true } })).await.problem(409);
    assert_eq!(problem["detail"], "None of the 1 selected goes (1: in doubt: they may be out). Nothing was changed.");
    assert!(problem["remedy"].as_str().unwrap().contains("oncepost resolve"));
    let problem = world.post("/v1/jobs", &retry("OP-1/post/-")).await.problem(409);
    assert_eq!(problem["detail"], "Nothing on the operators' list is selected.");
    for (body, path) in [
        (json!({ "action": "retry", "select": {} }), "$.select"),
        (json!({ "action": "discard", "select": { "all": true } }), "$.reason"),
        (json!({ "action": "retry", "select": { "channel": "lnog" } }), "$.select.channel"),
        (json!({ "action": "retry", "select": { "account": "main" } }), "$.select.account"),
    ] {
        let problem = world.post("/v1/jobs", &body).await;
        assert!(matches!(problem.status, 400 | 422), "{}", problem.text);
        assert_eq!(problem.json()["problems"][0]["path"], path);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_can_be_stopped_and_is_on_record_once() {
    let world = world();
    let targets = failed(&world, 20).await;
    let mut ask = retry(GROUP);
    ask["rate"] = json!(1);
    let begun = begun(&world, &ask).await;
    world.carries_on_jobs("console");
    world.runtime.sleep(Duration::from_secs(4)).await;
    let path = format!("/v1/jobs/{}/stop", begun["id"].as_str().unwrap());
    let stopped = world.post(&path, &json!({})).await.ok(200);
    assert_eq!((&stopped["state"], &stopped["why"]), (&json!("stopped"), &json!("stopped by olga")));
    let done = stopped["done"].as_u64().unwrap();
    assert!((1..10).contains(&done), "{stopped}");
    world.runtime.sleep(Duration::from_secs(60)).await;
    assert_eq!(job(&world, &begun["id"]).await["done"], done);
    assert_eq!(world.post(&path, &json!({})).await.ok(200)["state"], "stopped");
    let subject = format!("/v1/audit-log?subject=job:{}", begun["id"].as_str().unwrap());
    let log = world.get(&subject).await.ok(200);
    let told: Vec<_> = log["entries"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(told, ["stop job", "retry"]);
    let entry = &log["entries"][1];
    assert_eq!((&entry["reason"], &entry["before"]["plan"]["going"]), (&json!("the words are mended"), &json!(40)));
    let of_target = world.get(&format!("/v1/jobs?target={}", targets[0])).await.ok(200);
    assert_eq!(of_target["jobs"][0]["id"], begun["id"], "from a target its jobs are found");
}

#[tokio::test(start_paused = true)]
async fn targets_are_discarded_with_a_reason_and_rescheduled_together() {
    let world = world();
    let targets = failed(&world, 2).await;
    world.carries_on_jobs("console");
    let ask = json!({ "action": "discard", "select": { "channel": "long" }, "reason": "the campaign is over" });
    begun(&world, &ask).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    assert_eq!(world.state(&targets[0]).await, State::Cancelled);
    assert_eq!(world.state(&targets[1]).await, State::Failed);
    let ask = json!({
        "action": "reschedule", "select": { "account": "acme/short/main" },
        "publish_at": { "local": "2026-06-02T09:00:00", "zone": "Europe/Berlin" },
    });
    begun(&world, &ask).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    let moved = world.get(&format!("/v1/targets/{}", targets[1])).await.ok(200);
    assert_eq!((&moved["state"], &moved["due_at"]), (&json!("scheduled"), &json!("2026-06-02T07:00:00Z")));
    // What was approved is what goes out: the hash is that of the new time, and a worker takes it.
    world.runtime.sleep(Duration::from_secs(24 * 3600)).await;
    world.publish(&targets[1]).await;
    assert_eq!(world.state(&targets[1]).await, State::Published);
}

#[tokio::test(start_paused = true)]
async fn a_tenants_job_touches_its_own_and_is_seen_by_nobody_else_s_token() {
    let world = world();
    let (_, theirs) = world.accepted(&foreign("theirs")).await;
    let own = failed(&world, 1).await;
    world.fail(&theirs[0]).await;
    world.carries_on_jobs("console");
    let all = json!({ "action": "retry", "select": { "all": true } });
    let begun = world.send(Some(ACME), "POST", "/v1/jobs", all.to_string()).await.ok(202)["job"].clone();
    world.runtime.sleep(Duration::from_secs(5)).await;
    assert_eq!(world.state(&own[0]).await, State::Scheduled);
    assert_eq!(world.state(&theirs[0]).await, State::Failed);
    let path = format!("/v1/jobs/{}", begun["id"].as_str().unwrap());
    world.send(Some(ACME), "GET", &path, String::new()).await.ok(200);
    world.send(Some(OPERATOR), "GET", &path, String::new()).await.ok(200);
    world.send(Some(OTHER), "GET", &path, String::new()).await.problem(404);
    world.send(Some(OTHER), "POST", &format!("{path}/stop"), String::new()).await.problem(404);
    let none = world.send(Some(OTHER), "GET", "/v1/jobs", String::new()).await.ok(200);
    assert_eq!(none["jobs"], json!([]));
    let foreign = json!({ "action": "retry", "select": { "tenant": "acme" } });
    world.send(Some(OTHER), "POST", "/v1/jobs", foreign.to_string()).await.problem(403);
}
