//! Many at once that wait: moved and cancelled by a job, each once, and left alone when it is too late.

use std::time::Duration;

use domain::{Command, State};
use serde_json::{Value, json};

use crate::world::{ACME, OTHER, World, foreign, message, world};

async fn begun(world: &World, ask: &Value) -> Value {
    world.runtime.sleep(Duration::from_millis(1)).await;
    world.post("/v1/jobs", ask).await.ok(202)["job"].clone()
}

async fn carried_out(world: &World, ask: &Value) -> Value {
    let id = begun(world, ask).await["id"].as_str().unwrap().to_owned();
    world.runtime.sleep(Duration::from_secs(10)).await;
    world.get(&format!("/v1/jobs/{id}")).await.ok(200)
}

async fn due(world: &World, target: &str) -> String {
    world.get(&format!("/v1/targets/{target}")).await.ok(200)["due_at"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_shifted_with_its_deadline_and_goes_out_then() {
    let world = world();
    let mut dated = message("dated");
    dated["deadline"] = json!("2026-06-01T14:00:00Z");
    let (_, dated) = world.accepted(&dated).await;
    let (_, free) = world.accepted(&message("free")).await;
    world.accepted(&foreign("theirs")).await;
    world.carries_on_jobs("console");
    let ask = json!({
        "action": "shift", "shift_by": "2h", "reason": "the launch is later",
        "select": { "of": "waiting", "tenant": "acme", "until": "2026-06-01T13:00:01Z" },
    });
    let mut plan = ask.clone();
    plan["dry_run"] = json!(true);
    let plan = world.post("/v1/jobs", &plan).await.ok(200);
    assert_eq!((&plan["targets"], &plan["going"]), (&json!(4), &json!(4)), "{plan}");
    assert_eq!(due(&world, &free[0]).await, "2026-06-01T13:00:00Z", "a plan changes nothing");
    let report = carried_out(&world, &ask).await;
    assert_eq!((&report["state"], &report["done"]), (&json!("done"), &json!(4)), "{report}");
    assert_eq!(due(&world, &free[1]).await, "2026-06-01T15:00:00Z");
    let moved = world.get(&format!("/v1/targets/{}", dated[0])).await.ok(200);
    assert_eq!(
        (&moved["due_at"], &moved["deadline"]),
        (&json!("2026-06-01T15:00:00Z"), &json!("2026-06-01T16:00:00Z"))
    );
    // What was approved is what goes out: the hash is that of the new time, and a worker takes it.
    world.runtime.sleep(Duration::from_secs(3 * 3600)).await;
    world.publish(&dated[0]).await;
    assert_eq!(world.state(&dated[0]).await, State::Published);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_asked_for_twice_under_its_id_moves_once() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.carries_on_jobs("console");
    let mut ask = json!({
        "action": "shift", "shift_by": "1h", "id": world.runtime.id(),
        "select": { "of": "waiting", "targets": targets },
    });
    let first = begun(&world, &ask).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    let again = begun(&world, &ask).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    assert_eq!((&first["id"], &again["done"]), (&again["id"], &json!(2)));
    assert_eq!(due(&world, &targets[0]).await, "2026-06-01T14:00:00Z");
    assert_eq!(world.get("/v1/jobs").await.ok(200)["jobs"].as_array().unwrap().len(), 1);
    // Of two jobs about the same, begun before either came to it, one moves it.
    ask["id"] = json!(null);
    let idle = crate::world::world();
    let (_, targets) = idle.accepted(&message("key")).await;
    ask["select"]["targets"] = json!(targets);
    begun(&idle, &ask).await;
    begun(&idle, &ask).await;
    idle.carries_on_jobs("console");
    idle.runtime.sleep(Duration::from_secs(10)).await;
    assert_eq!(due(&idle, &targets[0]).await, "2026-06-01T14:00:00Z");
    // And an id is its caller's.
    ask["id"] = first["id"].clone();
    ask["select"] = json!({ "of": "waiting", "tenant": "other", "all": true });
    let reply = world.send(Some(OTHER), "POST", "/v1/jobs", ask.to_string()).await.problem(409);
    assert!(reply["detail"].as_str().unwrap().contains("another job"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_cancelled_with_a_reason_and_what_is_out_stays_out() {
    let world = world();
    let (_, first) = world.accepted(&message("first")).await;
    let (_, second) = world.accepted(&message("second")).await;
    let (_, failed) = world.accepted(&message("failed")).await;
    world.at_due_time().await;
    world.publish(&first[0]).await;
    let attempt = world.begin(&first[1]).await;
    world.fail(&failed[0]).await;
    world.doubt(&failed[1]).await;
    world.carries_on_jobs("console");
    let named: Vec<_> = [&first, &second, &failed].into_iter().flatten().collect();
    let select = json!({ "of": "either", "targets": named });
    let ask = json!({ "action": "cancel", "select": select, "reason": "the campaign is over" });
    let mut plan = ask.clone();
    plan["dry_run"] = json!(true);
    let plan = world.post("/v1/jobs", &plan).await.ok(200);
    assert_eq!((&plan["going"], &plan["held_back"]), (&json!(3), &json!(3)), "{plan}");
    let reasons: Vec<_> = plan["reasons"].as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
    for reason in ["already_published", "being_published", "in_doubt"] {
        assert!(reasons.contains(&json!(reason)), "{plan}");
    }
    let report = carried_out(&world, &ask).await;
    assert_eq!((&report["done"], &report["outcomes"]["given_up"]), (&json!(3), &json!(3)), "{report}");
    for (target, state) in [
        (&first[0], State::Published),
        (&first[1], State::Publishing),
        (&second[0], State::Cancelled),
        (&failed[0], State::Cancelled),
        (&failed[1], State::InDoubt),
    ] {
        assert_eq!(world.state(target).await, state, "{target}");
    }
    world
        .finish(
            &first[1],
            attempt,
            domain::Outcome::Failed(crate::world::failure(domain::Landed::No, domain::Worth::Never)),
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_moved_is_held_back_and_says_why() {
    let world = world();
    let mut dated = message("dated");
    dated["deadline"] = json!("2026-06-01T14:00:00Z");
    world.accepted(&dated).await;
    let plan = async |ask: Value| {
        let mut ask = ask;
        ask["dry_run"] = json!(true);
        world.post("/v1/jobs", &ask).await.ok(200)
    };
    let select = json!({ "of": "waiting", "all": true });
    let passed = plan(json!({ "action": "shift", "shift_by": "-2h", "select": select })).await;
    assert_eq!((&passed["going"], &passed["reasons"][0]["reason"]), (&json!(0), &json!("passed")), "{passed}");
    let late = plan(json!({ "action": "reschedule", "publish_at": "2026-06-01T14:00:00Z", "select": select })).await;
    assert_eq!((&late["going"], &late["reasons"][0]["reason"]), (&json!(0), &json!("deadline")), "{late}");
    let fits = json!({
        "action": "reschedule", "publish_at": { "local": "2026-06-02T09:00", "zone": "Europe/Berlin" },
        "deadline": { "local": "2026-06-02T10:00", "zone": "Europe/Berlin" }, "select": select,
    });
    assert_eq!(plan(fits).await["going"], 2);
    let retried = plan(json!({ "action": "retry", "select": select })).await;
    assert_eq!((&retried["going"], &retried["reasons"][0]["reason"]), (&json!(0), &json!("not_listed")), "{retried}");
    for (select, path) in [
        (json!({ "of": "either" }), "$.select"),
        (json!({ "of": "either", "channel": "long" }), "$.select.of"),
        (json!({ "state": "held", "all": true }), "$.select.of"),
        (json!({ "of": "waiting", "state": "published", "all": true }), "$.select.state"),
        (json!({ "of": "waiting", "group": "OP-2001/post/-" }), "$.select.group"),
        (json!({ "of": "waiting" }), "$.select"),
    ] {
        let problem = world.post("/v1/jobs", &json!({ "action": "cancel", "reason": "x", "select": select })).await;
        assert_eq!(problem.problem(422)["problems"][0]["path"], path, "{select}");
    }
    let none = json!({ "action": "cancel", "reason": "x", "select": { "of": "waiting", "tenant": "other" } });
    let problem = world.post("/v1/jobs", &none).await.problem(409);
    assert_eq!(problem["detail"], "Nothing that waits is selected.");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_moves_its_own() {
    let world = world();
    let (_, own) = world.accepted(&message("own")).await;
    let (_, theirs) = world.accepted(&foreign("theirs")).await;
    world.carries_on_jobs("console");
    let ask = json!({ "action": "cancel", "reason": "over", "select": { "of": "waiting", "all": true } });
    world.send(Some(ACME), "POST", "/v1/jobs", ask.to_string()).await.ok(202);
    let named = json!({ "action": "cancel", "reason": "over", "select": { "of": "either", "targets": theirs } });
    let problem = world.send(Some(ACME), "POST", "/v1/jobs", named.to_string()).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("no such target"), "{problem}");
    world.runtime.sleep(Duration::from_secs(10)).await;
    assert_eq!((world.state(&own[0]).await, world.state(&theirs[0]).await), (State::Cancelled, State::Scheduled));
}

#[tokio::test(start_paused = true)]
async fn what_went_on_its_way_since_is_left_alone() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    let ask = json!({ "action": "shift", "shift_by": "1d", "select": { "of": "waiting", "all": true } });
    let job = begun(&world, &ask).await;
    world.at_due_time().await;
    world.publish(&targets[0]).await;
    world.apply(&targets[1], Command::Cancel).await;
    world.carries_on_jobs("console");
    world.runtime.sleep(Duration::from_secs(10)).await;
    let report = world.get(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await.ok(200);
    assert_eq!((&report["done"], &report["held_back"]), (&json!(0), &json!(2)), "{report}");
    assert_eq!(world.state(&targets[0]).await, State::Published);
}
