//! Pauses, channels, accounts, the census, the failures' pages.

use serde_json::json;

use crate::world::{ACME, OPERATOR, World, failure, message, world};

async fn resume(world: &World, scope: &str) -> crate::world::Reply {
    world.send(Some(OPERATOR), "DELETE", &format!("/v1/pauses?scope={scope}"), String::new()).await
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_due_work_and_its_end_releases_it() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    let ask = json!({ "scope": "account:acme/long/main", "reason": "token is being renewed" });
    let pause = world.post("/v1/pauses", &ask).await.ok(201);
    insta::assert_json_snapshot!("pause", pause);
    let again = json!({ "scope": "account:acme/long/main", "reason": "another reason" });
    assert_eq!(world.post("/v1/pauses", &again).await.ok(200), pause, "the first pause stays");
    assert_eq!(world.get("/v1/pauses").await.ok(200), json!({ "pauses": [pause] }));
    world.at_due_time().await;
    world.apply(&targets[0], domain::Command::Wake).await;
    let held = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!(
        (&held["state"], &held["next_step"]),
        (&json!("held"), &json!("It waits until the pause of account:acme/long/main ends: token is being renewed."))
    );
    let retry = world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.problem(409);
    assert_eq!(retry["refused"][0]["reason"], "it is held by a pause; resume that");
    let resumed = resume(&world, "account:acme/long/main").await.ok(200);
    assert_eq!(resumed, json!({ "scope": "account:acme/long/main", "released": 1 }));
    assert_eq!(resume(&world, "account:acme/long/main").await.problem(404)["code"], "OP-1019");
    assert_eq!(world.state(&targets[0]).await, domain::State::Scheduled);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_told_what_ends_its_pause_and_not_that_it_goes_on_by_itself() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    let attempt = world.begin(&targets[0]).await;
    let worth = domain::Worth::Retry { not_before: None };
    let pending = domain::Failure { code: domain::Code::TOKEN_PENDING, ..failure(domain::Landed::No, worth) };
    world.finish(&targets[0], attempt, domain::Outcome::Failed(pending)).await;
    let remedy = async || {
        let target = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
        assert_eq!(target["diagnosis"]["code"], "OP-2106", "{target}");
        (target["state"].clone(), target["diagnosis"]["remedy"].as_str().unwrap().to_owned())
    };
    let (state, goes_on) = remedy().await;
    assert!(state == "retrying" && goes_on.starts_with("Nothing: it goes on by itself"), "{state}: {goes_on}");
    world.post("/v1/pauses", &json!({ "scope": "channel:long", "reason": "maintenance" })).await.ok(201);
    world.at_due_time().await;
    world.apply(&targets[0], domain::Command::Wake).await;
    assert_eq!(remedy().await, (json!("held"), "`oncepost resume channel:long` when it may go out.".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_doubt_is_asked_for_once_its_pause_has_ended() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    let attempt = world.arm(&targets[0]).await;
    let outcome = domain::Outcome::Failed(failure(domain::Landed::Unknown, domain::Worth::Never));
    let (repeat, on_doubt) =
        (domain::RepeatSafety::Handle { settles_after: Default::default() }, domain::OnDoubt::Park);
    world.apply(&targets[0], domain::Command::Finish { attempt, outcome, repeat, on_doubt, trace: None }).await;
    let next = async || world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200)["next_step"].to_string();
    assert!(next().await.contains("The platform is asked now whether it went out"));
    world.post("/v1/pauses", &json!({ "scope": "channel:long", "reason": "maintenance" })).await.ok(201);
    let told = next().await;
    assert!(told.contains("until the pause of channel:long ends: maintenance. Then the platform is asked"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_what_does_not_exist_is_refused() {
    let world = world();
    for (scope, code) in [
        ("channel:mastodn", "OP-1004"),
        ("account:acme/long/man", "OP-1005"),
        ("tenant:nobody", "OP-1005"),
        ("app:none", "OP-1005"),
        ("everything", "OP-1003"),
    ] {
        let problem = world.post("/v1/pauses", &json!({ "scope": scope, "reason": "x" })).await.problem(422);
        assert_eq!(problem["code"], code, "{scope}");
    }
    assert_eq!(
        world.post("/v1/pauses", &json!({ "scope": "all", "reason": " " })).await.problem(422)["code"],
        "OP-1003"
    );
    assert_eq!(world.post("/v1/pauses", &json!({ "scope": "all" })).await.problem(422)["code"], "OP-1003");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_pauses_its_own_work_only() {
    let world = world();
    let pause = |scope: &'static str| {
        world.send(Some(ACME), "POST", "/v1/pauses", json!({ "scope": scope, "reason": "x" }).to_string())
    };
    assert_eq!(pause("tenant:acme").await.status, 201);
    assert_eq!(pause("account:acme/long/main").await.status, 201);
    for scope in ["all", "channel:long", "app:our-app", "tenant:other", "account:other/long/main"] {
        pause(scope).await.problem(403);
    }
}

#[tokio::test(start_paused = true)]
async fn channels_and_accounts_say_what_they_are_and_hold_no_secret() {
    let world = world();
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "x" })).await.ok(201);
    let channels = world.get("/v1/channels").await;
    insta::assert_json_snapshot!("channels", channels.ok(200));
    let accounts = world.get("/v1/accounts").await;
    insta::assert_json_snapshot!("accounts", accounts.ok(200));
    assert!(!channels.text.contains("hush") && !accounts.text.contains("hush"));
}

#[tokio::test(start_paused = true)]
async fn the_census_counts_everything() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    insta::assert_json_snapshot!("census", world.get("/v1/census").await.ok(200));
}

#[tokio::test(start_paused = true)]
async fn each_code_has_its_page() {
    let world = world();
    let page = world.get("/v1/errors/OP-2102").await;
    assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/markdown; charset=utf-8"));
    assert!(page.text.contains("## What to do"));
    world.get("/v1/errors/OP-9999").await.problem(404);
    world.get("/v1/errors/nonsense").await.problem(404);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_a_channel_that_does_not_exist_is_no_all_clear() {
    let world = world();
    for path in ["posts", "failures", "forecast", "accounts"] {
        let refused = world.get(&format!("/v1/{path}?channel=lonk")).await.problem(400);
        assert!(refused["detail"].as_str().unwrap().contains("is long meant?"), "{path}: {refused}");
        world.get(&format!("/v1/{path}?channel=long")).await.ok(200);
    }
}
