//! What was not sent in time, because its deadline had passed: told with what still sends it, and moved all at once.

use std::time::Duration;

use domain::{Command, State};
use serde_json::{Value, json};

use crate::{
    screens::Browser,
    world::{OPERATOR, World, message, world},
};

/// Posts whose deadline passed an hour ago, with two targets each; nobody was there to send them.
async fn expired(world: &World, keys: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for key in keys {
        let mut dated = message(key);
        dated["deadline"] = json!("2026-06-01T14:00:00Z");
        all.extend(world.accepted(&dated).await.1);
    }
    world.runtime.sleep(Duration::from_secs(3 * 3600)).await;
    for target in &all {
        world.apply(target, Command::Wake).await;
        assert_eq!(world.state(target).await, State::Expired);
    }
    all
}

fn dry(ask: &Value) -> Value {
    let mut ask = ask.clone();
    ask["dry_run"] = json!(true);
    ask
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_moved_at_once_with_a_new_deadline() {
    let world = world();
    let targets = expired(&world, &["one", "two"]).await;
    world.accepted(&later("waits")).await;
    world.carries_on_jobs("console");
    let cause = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200)["group"].clone();
    assert_eq!(cause, "OP-5005/system/-");
    let select = json!({ "of": "expired", "group": cause, "channel": "long" });
    let mut ask = json!({ "action": "reschedule", "publish_at": "2026-06-01T16:00:00Z", "select": select });
    let plan = world.post("/v1/jobs", &dry(&ask)).await.ok(200);
    assert_eq!((&plan["targets"], &plan["going"]), (&json!(2), &json!(0)), "{plan}");
    assert_eq!(plan["reasons"][0]["reason"], "deadline", "each keeps its own deadline, unless it is given another");
    ask["deadline"] = json!("2026-06-01T17:00:00Z");
    let plan = world.post("/v1/jobs", &dry(&ask)).await.ok(200);
    assert_eq!((&plan["targets"], &plan["going"]), (&json!(2), &json!(2)), "{plan}");
    assert_eq!(world.state(&targets[0]).await, State::Expired, "a plan changes nothing");
    world.post("/v1/jobs", &ask).await.ok(202);
    world.runtime.sleep(Duration::from_secs(10)).await;
    let moved = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!((&moved["state"], &moved["due_at"]), (&json!("scheduled"), &json!("2026-06-01T16:00:00Z")));
    assert_eq!((&moved["deadline"], moved.get("group")), (&json!("2026-06-01T17:00:00Z"), None));
    assert_eq!(world.state(&targets[1]).await, State::Expired, "of the other channel");
    // What was approved is what goes out then.
    world.runtime.sleep(Duration::from_secs(3600)).await;
    world.publish(&targets[0]).await;
    assert_eq!(world.state(&targets[0]).await, State::Published);
}

/// The advice of a plan is what the next command takes.
#[tokio::test(start_paused = true)]
async fn what_is_held_back_because_it_has_expired_is_taken_by_what_the_advice_says() {
    let world = world();
    let targets = expired(&world, &["one"]).await;
    let (_, waits) = world.accepted(&later("waits")).await;
    let retry = json!({ "action": "retry", "select": { "targets": targets }, "dry_run": true });
    let plan = world.post("/v1/jobs", &retry).await.ok(200);
    assert_eq!((&plan["going"], &plan["reasons"][0]["reason"]), (&json!(0), &json!("expired")), "{plan}");
    let remedy = plan["reasons"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("`oncepost reschedule --expired`") && remedy.contains("`--target ID`"), "{remedy}");
    let mut ask = json!({
        "action": "reschedule", "publish_at": "2026-06-01T16:00:00Z", "deadline": "2026-06-01T17:00:00Z",
        "select": { "of": "either", "targets": [targets[0], waits[0]] },
    });
    assert_eq!(world.post("/v1/jobs", &dry(&ask)).await.ok(200)["going"], 2, "named, wherever they stand");
    ask["select"] = json!({ "of": "expired", "targets": [targets[0], waits[0]] });
    let plan = world.post("/v1/jobs", &dry(&ask)).await.ok(200);
    assert_eq!((&plan["going"], &plan["reasons"][0]["reason"]), (&json!(1), &json!("not_expired")), "{plan}");
    let cancel = json!({ "action": "cancel", "reason": "x", "select": { "of": "expired", "all": true } });
    let problem = world.post("/v1/jobs", &cancel).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("past their deadline"), "{problem}");
    for (select, path) in [
        (json!({ "of": "expired", "state": "held", "all": true }), "$.select.of"),
        (json!({ "of": "waiting", "state": "expired", "all": true }), "$.select.state"),
        (json!({ "of": "expired" }), "$.select"),
    ] {
        ask["select"] = select;
        assert_eq!(world.post("/v1/jobs", &ask).await.problem(422)["problems"][0]["path"], path, "{ask}");
    }
    ask["select"] = json!({ "of": "expired", "tenant": "other" });
    assert_eq!(world.post("/v1/jobs", &ask).await.problem(409)["detail"], "Nothing that has expired is selected.");
}

#[tokio::test(start_paused = true)]
async fn the_first_screen_leads_to_the_plan_of_all_that_was_not_sent_in_time() {
    let world = world();
    let targets = expired(&world, &["one", "two"]).await;
    world.carries_on_jobs("console");
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/").await.ok();
    page.says("Publish them at another time…");
    let at = page.text.find("/jobs/new?of=expired").expect("the first screen leads to the plan");
    let chosen = page.text[at..].split('"').next().unwrap().replace("&amp;", "&");
    let page = browser.get(&chosen).await.ok();
    page.says("4 targets at once");
    page.says("New deadline");
    assert!(!page.text.contains("Give up"), "there is nothing to give up: {}", page.text);
    let to = [("due", "2026-06-01T18:00"), ("zone", "Europe/Berlin"), ("deadline", "2026-06-01T19:00")];
    let more: String = to.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    let plan = format!("{chosen}{more}");
    let page = browser.get(&plan).await.ok();
    page.says("4 of 4 go");
    let (from, id) = (page.field("from"), page.field("id"));
    let own = [("action", "reschedule"), ("of", "expired"), ("from", &*from), ("id", &*id)];
    let page = browser.fill(&plan, "/jobs", &[&own[..], &to].concat()).await.ok();
    page.says("The job is begun: 4 targets go.");
    world.runtime.sleep(Duration::from_secs(10)).await;
    for target in &targets {
        assert_eq!(world.state(target).await, State::Scheduled);
    }
    let post = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!(post["due_at"], "2026-06-01T16:00:00Z");
}

/// Due long after the others have expired.
fn later(key: &str) -> Value {
    let mut message = message(key);
    message["publish_at"] = json!("2026-06-02T13:00:00Z");
    message
}
