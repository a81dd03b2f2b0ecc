//! Trying again: what goes, what is held back, and that it is never sent twice.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use crate::world::{OPERATOR, failure, message, world};

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_goes_and_why_the_rest_is_held_back_and_changes_nothing() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.doubt(&targets[1]).await;
    let before = world.get(&format!("/v1/posts/{post}?attempts=true")).await.text;
    let plan = world.post(&format!("/v1/posts/{post}/retry?dry_run=true"), &json!({})).await.ok(200);
    insta::assert_json_snapshot!("retry_plan", plan);
    assert_eq!(world.get(&format!("/v1/posts/{post}?attempts=true")).await.text, before);
    let done = world.post(&format!("/v1/posts/{post}/retry"), &json!({})).await.ok(200);
    assert_eq!((&done["going"], &done["held_back"], &done["dry_run"]), (&json!(1), &json!(1), &json!(false)));
    assert_eq!(done["targets"][0]["state"], "scheduled");
    assert_eq!(world.state(&targets[1]).await, domain::State::InDoubt, "a doubt is never retried");
}

/// D09: pressed many times at once, one press wins and the others are told.
#[tokio::test(start_paused = true)]
async fn d09_of_many_retries_at_once_one_wins_and_the_others_get_409() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    let path = format!("/v1/targets/{}/retry", targets[0]);
    let replies = join_all((0..8).map(|_| world.send(Some(OPERATOR), "POST", &path, String::new()))).await;
    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(world.begin(&targets[0]).await, 2, "one attempt for all presses");
    assert_eq!(world.post(&path, &json!({})).await.problem(409)["refused"][0]["refusal"], "being_published");
}

/// D09: "publish now" while a worker is publishing it loses, whatever is pressed.
#[tokio::test(start_paused = true)]
async fn d09_publish_now_loses_against_a_running_publish() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    let attempt = world.arm(&targets[0]).await;
    let now = json!({ "revision": 1, "publish_at": "2026-06-01T13:00:00Z" });
    let problem = world.patch(&format!("/v1/posts/{post}"), &now).await.problem(409);
    assert_eq!(problem["refused"][0]["refusal"], "being_published");
    world.post(&format!("/v1/posts/{post}/retry"), &json!({})).await.problem(409);
    world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.problem(409);
    let receipt = domain::Receipt { id: "1".into(), url: None };
    world.finish(&targets[0], attempt, domain::Outcome::Published(vec![(0, receipt)])).await;
    let problem = world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.problem(409);
    assert_eq!(problem["refused"][0]["refusal"], "already_published");
}

/// M02: a target that is overdue can be unstuck, and however often that is done it is handed to one worker.
#[tokio::test(start_paused = true)]
async fn m02_an_overdue_target_can_be_kicked_safely() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let path = format!("/v1/targets/{}/retry", targets[0]);
    let early = world.post(&path, &json!({})).await.problem(409);
    assert_eq!(
        early["refused"][0]["reason"],
        format!(
            "it is not due before 2026-06-01 13:00:00Z; `oncepost reschedule {post} now` publishes its post at once"
        )
    );
    assert_eq!(world.waiting("long").await, 0, "nothing goes out before its time");
    world.at_due_time().await;
    world.post(&path, &json!({})).await.problem(409);
    world.runtime.sleep(Duration::from_secs(5)).await;
    for kicks in 1..=3 {
        let kicked = world.post(&path, &json!({})).await.ok(200);
        assert_eq!((&kicked["target"]["state"], world.waiting("long").await), (&json!("queued"), kicks));
    }
    assert_eq!(world.begin(&targets[0]).await, 1);
    world.post(&path, &json!({})).await.problem(409);
}

#[tokio::test(start_paused = true)]
async fn a_retry_under_a_pause_says_so() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.post("/v1/pauses", &json!({ "scope": "channel:long", "reason": "maintenance" })).await.ok(201);
    let plan = world.post(&format!("/v1/posts/{post}/retry?dry_run=true"), &json!({})).await.ok(200);
    assert_eq!(
        plan["targets"][0]["why"],
        "It goes as soon as the pause of channel:long (`oncepost resume channel:long`) ends."
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_a_post_with_nothing_failed_is_refused_with_reasons() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.publish(&targets[0]).await;
    let problem = world.post(&format!("/v1/posts/{post}/retry"), &json!({})).await.problem(409);
    assert_eq!(problem["code"], "OP-1018");
    assert_eq!(problem["refused"][0]["refusal"], "already_published");
    assert_eq!(problem["refused"][1]["reason"], "it is on its way already");
}

#[tokio::test(start_paused = true)]
async fn a_kick_sends_nothing_past_a_pause_or_a_deadline() {
    let world = world();
    let mut dated = message("key");
    dated["deadline"] = json!("2026-06-01T13:30:00Z");
    let (_, targets) = world.accepted(&dated).await;
    world.post("/v1/pauses", &json!({ "scope": "channel:long", "reason": "maintenance" })).await.ok(201);
    world.at_due_time().await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    let reason = |target: &str| {
        let (world, path) = (&world, format!("/v1/targets/{target}/retry"));
        async move { world.post(&path, &json!({})).await.problem(409)["refused"][0]["reason"].clone() }
    };
    assert_eq!(reason(&targets[0]).await, "it is held by a pause; resume that");
    world.at_due_time().await;
    assert_eq!(reason(&targets[1]).await, "its deadline has passed; reschedule it with a new deadline");
    assert_eq!((world.waiting("long").await, world.waiting("short").await), (0, 0));
}

/// The rate limit of the target's account until `ends`.
fn limited(ends: &str) -> domain::Failure {
    let worth = domain::Worth::Retry { not_before: Some(ends.parse().unwrap()) };
    domain::Failure {
        code: domain::Code::RATE_LIMITED_ACCOUNT,
        scope: domain::Scope::Account,
        ..failure(domain::Landed::No, worth)
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_what_waits_for_a_rate_limit_says_when_it_really_goes() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    let attempt = world.begin(&targets[0]).await;
    world.finish(&targets[0], attempt, domain::Outcome::Failed(limited("2026-06-01T15:00:00Z"))).await;
    let done = world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.ok(200);
    assert_eq!(done["what"], "It is sent again at 2026-06-01 15:00:00Z: until then the platform's rate limit holds.");
    assert_eq!(done["target"]["next_at"], "2026-06-01T15:00:00Z");
    let again = world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.problem(409);
    assert_eq!(
        again["refused"][0]["reason"],
        "it waits for a rate limit that ends at 2026-06-01 15:00:00Z, and goes then"
    );
}

#[tokio::test(start_paused = true)]
async fn what_waits_and_expires_for_a_rate_limit_blames_the_limit() {
    let world = world();
    let mut dated = message("key");
    dated["deadline"] = json!("2026-06-01T13:30:00Z");
    let (_, targets) = world.accepted(&dated).await;
    world.at_due_time().await;
    let limit = limited("2026-06-01T15:00:00Z");
    let until = limit.not_before().unwrap();
    world.apply(&targets[0], domain::Command::Postpone { until, carried: false, limit: Some(limit) }).await;
    let path = format!("/v1/targets/{}", targets[0]);
    let waiting = world.get(&path).await.ok(200);
    assert_eq!((&waiting["state"], &waiting["diagnosis"]["code"]), (&json!("scheduled"), &json!("OP-2201")));
    assert_eq!(
        waiting["next_step"],
        "It expires: its deadline 2026-06-01 13:30:00Z comes before it can go out at 2026-06-01 15:00:00Z. With a later deadline it would."
    );
    let remedy = waiting["diagnosis"]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("Give it a deadline after the limit's end"), "{remedy}");
    world.at_due_time().await;
    world.apply(&targets[0], domain::Command::Wake).await;
    let expired = world.get(&path).await.ok(200);
    assert_eq!((&expired["state"], &expired["diagnosis"]["code"]), (&json!("expired"), &json!("OP-5005")));
    assert_eq!(expired["diagnosis"]["whose_fault"], domain::Scope::Account.whose_fault());
    assert!(expired["diagnosis"]["remedy"].as_str().unwrap().starts_with("It waited for the rate limit."));
    assert!(expired["diagnosis"]["sentence"].as_str().unwrap().contains("OP-2201"));
}

/// Its account is dead, and a post that was to go out today is not sent on Monday.
#[tokio::test(start_paused = true)]
async fn what_expires_in_a_pause_says_so_and_names_its_cause() {
    let world = world();
    let mut dated = message("key");
    dated["deadline"] = json!("2026-06-01T13:30:00Z");
    let (post, targets) = world.accepted(&dated).await;
    world.post("/v1/pauses", &json!({ "scope": "account:acme/long/main", "reason": "legal" })).await.ok(201);
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "a secret of the operators" })).await.ok(201);
    world.runtime.sleep(Duration::from_secs(2 * 3600)).await;
    for target in &targets {
        world.apply(target, domain::Command::Wake).await;
    }
    let shown = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    let diagnosis = &shown["diagnosis"];
    let sentence = "OP-5005 Its deadline 2026-06-01 13:30:00Z passed before it could be sent; what kept it: OP-5010 A pause held it until its deadline, at \"pause of account:acme/long/main\" (legal)";
    assert!(diagnosis["sentence"].as_str().unwrap().starts_with(sentence), "{shown}");
    assert_eq!(diagnosis["whose_fault"], "whoever paused it");
    assert!(diagnosis["remedy"].as_str().unwrap().contains("`oncepost pauses`"), "{shown}");
    assert_eq!(world.get(&format!("/v1/posts/{post}")).await.ok(200)["status"], "expired");
    // The pause is over by the time somebody asks, and why the operators hold a channel is not for tenants.
    world.send(None, "DELETE", "/v1/pauses?scope=channel:short", String::new()).await;
    let other =
        world.send(Some(crate::world::ACME), "GET", &format!("/v1/targets/{}", targets[1]), String::new()).await;
    assert!(other.text.contains("pause of channel:short") && !other.text.contains("secret"), "{}", other.text);
}
