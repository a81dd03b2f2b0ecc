//! The root cause in a few seconds: what is one cause, what the platform said, what is held behind it, who has it.

use std::time::Duration;

use domain::{Code, Failure, Fix, Landed, Outcome, PlatformWords, Scope, Worth};
use serde_json::{Value, json};

use crate::world::{World, failure, foreign, message, world};

const RETRY: Worth = Worth::Retry { not_before: None };

async fn groups(world: &World) -> Value {
    world.get("/v1/failures/groups").await.ok(200)
}

async fn fail(world: &World, target: &str, failure: Failure) {
    let attempt = world.begin(target).await;
    world.finish(target, attempt, Outcome::Failed(failure)).await;
}

fn said(status: u16, text: &str) -> PlatformWords {
    PlatformWords { status: Some(status), ..PlatformWords::text(text) }
}

/// A platform is away, as one calls it `code`.
fn away(code: Code, said: PlatformWords) -> Failure {
    Failure { code, scope: Scope::Channel, said, ..failure(Landed::No, Worth::Never) }
}

fn dead_token() -> Failure {
    let worth = Worth::AfterFix { fix: Fix::Reconnect };
    Failure {
        code: Code::TOKEN_REVOKED,
        scope: Scope::Account,
        said: said(401, "revoked"),
        ..failure(Landed::No, worth)
    }
}

/// A message of acme with its one target on `channel`, due at `at`.
fn single(key: &str, channel: &str, at: &str) -> Value {
    let mut message = message(key);
    message["targets"] = json!([{ "channel": channel, "account": "main" }]);
    message["publish_at"] = json!(at);
    message
}

#[tokio::test(start_paused = true)]
async fn when_nothing_is_reached_it_is_everything_whatever_each_platform_calls_it() {
    let world = world();
    let (_, one) = world.accepted(&message("one")).await;
    let (_, two) = world.accepted(&message("two")).await;
    world.at_due_time().await;
    for (target, code, words) in [
        (&one[0], Code::UNREACHABLE, PlatformWords::text("connection refused")),
        (&two[0], Code::OUT_OF_ORDER, PlatformWords::text("connection reset")),
        (&one[1], Code::UNREACHABLE, PlatformWords::text("no route")),
        (&two[1], Code::TOO_SLOW, PlatformWords::default()),
    ] {
        fail(&world, target, away(code, words)).await;
    }
    let found = groups(&world).await;
    assert_eq!(found["groups"].as_array().unwrap().len(), 3);
    assert_eq!(found["extent"]["kind"], "everything", "{found}");
    assert_eq!(found["extent"]["words"], "Everything that was due: 2 accounts, on 2 of 2 channels");
    assert!(
        found["extent"]["look_at"].as_str().unwrap().starts_with("What these channels have in common: our network")
    );
    assert_eq!(found["in_common"], "platforms are not reached, or do not answer (OP-3001, OP-3002, OP-5002)");
    // As soon as something goes out, it is not everything.
    world.runtime.sleep(Duration::from_secs(2)).await;
    let mut other = foreign("goes");
    other["publish_at"] = json!("2026-06-01T13:00:02Z");
    let (_, published) = world.accepted(&other).await;
    world.publish(&published[0]).await;
    assert_eq!(groups(&world).await["extent"]["kind"], "tenant");
}

/// One platform is away, another says that it is out of order: two things that happen at once.
#[tokio::test(start_paused = true)]
async fn a_platform_that_answers_is_not_behind_a_broken_line() {
    let world = world();
    let (_, targets) = world.accepted(&message("one")).await;
    world.at_due_time().await;
    fail(&world, &targets[0], away(Code::UNREACHABLE, PlatformWords::text("connection refused"))).await;
    fail(&world, &targets[1], away(Code::OUT_OF_ORDER, said(503, "back soon"))).await;
    let found = groups(&world).await;
    assert_eq!((&found["extent"]["kind"], found.get("in_common")), (&json!("post"), None), "{found}");
    for group in found["groups"].as_array().unwrap() {
        assert_eq!(group["whose_fault"], "the platform", "{group}");
    }
}

#[tokio::test(start_paused = true)]
async fn tries_that_are_used_up_are_the_last_failures_cause() {
    let world = world();
    let (_, targets) = world.accepted(&single("one", "long", "2026-06-01T13:00:00Z")).await;
    let (_, other) = world.accepted(&single("two", "short", "2026-06-01T13:00:02Z")).await;
    world.at_due_time().await;
    let failure = Failure { worth: RETRY, ..away(Code::OUT_OF_ORDER, said(503, "Back soon,\n we hope")) };
    while world.state(&targets[0]).await != domain::State::Failed {
        fail(&world, &targets[0], failure.clone()).await;
        world.runtime.sleep(Duration::from_secs(7_200)).await;
        if world.state(&other[0]).await != domain::State::Published {
            world.publish(&other[0]).await;
        }
    }
    let found = groups(&world).await;
    let group = &found["groups"][0];
    assert_eq!((&group["group"], &group["tried"]), (&json!("OP-3002/channel/-"), &json!(8)));
    // It fails since its first try, and not since it was given up.
    let meanwhile = "Nothing on long went out that was due since 2026-06-01 13:00:00Z; 1 on other channels did.";
    assert_eq!((&group["meanwhile"]["words"], &found["meanwhile"]["words"]), (&json!(meanwhile), &json!(meanwhile)));
    assert!(group["remedy"].as_str().unwrap().starts_with("See whether the platform is well again"), "{group}");
    assert_eq!(group["platform_said"]["text"], "Back soon,\n we hope");
    let shown = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    let diagnosis = &shown["diagnosis"];
    assert_eq!(diagnosis["code"], "OP-3002");
    assert!(diagnosis["sentence"].as_str().unwrap().ends_with("; now failed; tried 8 times"), "{diagnosis}");
    // The cause's remedy is about all of them, the target's about itself.
    let (own, all) = (diagnosis["remedy"].as_str().unwrap(), group["remedy"].as_str().unwrap());
    assert_eq!(own.replace("retry TARGET", "retry --group OP-3002/channel/-"), all);
}

#[tokio::test(start_paused = true)]
async fn a_dead_account_is_told_by_its_first_post_with_what_is_held_behind_it() {
    let world = world();
    // It published a moment before, within the same minute.
    let (_, before) = world.accepted(&single("before", "long", "2026-06-01T13:00:00Z")).await;
    let (_, dies) = world.accepted(&single("dies", "long", "2026-06-01T13:00:10Z")).await;
    let mut behind = Vec::new();
    for n in 0..3 {
        let at = format!("2026-06-01T13:00:2{n}Z");
        behind.extend(world.accepted(&single(&format!("behind-{n}"), "long", &at)).await.1);
    }
    world.accepted(&single("later", "long", "2026-06-01T15:00:00Z")).await;
    world.at_due_time().await;
    world.publish(&before[0]).await;
    world.runtime.sleep(Duration::from_secs(10)).await;
    fail(&world, &dies[0], dead_token()).await;
    world.runtime.sleep(Duration::from_secs(60)).await;
    for target in &behind {
        world.apply(target, domain::Command::Wake).await;
        assert_eq!(world.state(target).await, domain::State::Held);
    }
    let found = groups(&world).await;
    assert_eq!((&found["targets"], &found["extent"]["kind"]), (&json!(1), &json!("account")));
    assert_eq!(found["extent"]["words"], "Only account acme/long/main");
    let nothing = "Nothing else was due since 2026-06-01 13:00:10Z: whether other posts go out cannot be told. The newest of all went out on \
                   long at 2026-06-01 13:00:00Z.";
    assert_eq!(found["meanwhile"]["words"], nothing);
    assert_eq!(found["at_stake"], json!({ "targets": 1, "first": "2026-06-01T15:00:00Z", "held": 3 }));
    let sentence = found["groups"][0]["sentence"].as_str().unwrap();
    assert!(sentence.ends_with("Only account acme/long/main. 3 more that were due are held by a pause."), "{sentence}");
}

#[tokio::test(start_paused = true)]
async fn what_is_at_stake_next_is_never_in_the_past() {
    let world = world();
    let (_, targets) = world.accepted(&single("one", "long", "2026-06-01T13:00:00Z")).await;
    world.accepted(&single("late", "long", "2026-06-01T13:00:00Z")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.runtime.sleep(Duration::from_secs(600)).await;
    let found = groups(&world).await;
    assert_eq!(found["at_stake"], json!({ "targets": 1, "first": found["at"], "held": 0 }));
}

#[tokio::test(start_paused = true)]
async fn refusals_without_a_code_are_told_apart_by_what_they_come_to() {
    let world = world();
    let mut targets = Vec::new();
    for n in 0..3 {
        targets.push(world.accepted(&single(&format!("key-{n}"), "long", "2026-06-01T13:00:00Z")).await.1.remove(0));
    }
    world.at_due_time().await;
    for (target, text) in targets.iter().zip([
        "Text is 612 characters too long",
        "Text is 3 characters too long",
        "The link \"https://x.example\" is not allowed",
    ]) {
        let failure = Failure { said: said(422, text).with_gist(), ..failure(Landed::No, Worth::Never) };
        fail(&world, target, failure).await;
    }
    let found = groups(&world).await;
    let told: Vec<_> =
        found["groups"].as_array().unwrap().iter().map(|group| (&group["group"], &group["count"])).collect();
    let keys =
        ["OP-2001/post/~text-is-characters-too-long", "OP-2001/post/~the-link-is-not-allowed"].map(|key| json!(key));
    assert_eq!(told, [(&keys[0], &json!(2)), (&keys[1], &json!(1))]);
    assert_eq!(found["groups"][0].get("platform_code"), None);
    let path = "/v1/failures?group=OP-2001/post/~text-is-characters-too-long";
    let listed = world.get(path).await.ok(200);
    assert_eq!(listed["targets"].as_array().unwrap().len(), 2);
    assert!(listed["targets"].as_array().unwrap().iter().all(|target| target["group"] == keys[0]));
}

#[tokio::test(start_paused = true)]
async fn whoever_has_a_dead_account_has_not_the_next_one_and_what_was_said_stays() {
    let world = world();
    let (_, own) = world.accepted(&message("one")).await;
    let (_, others) = world.accepted(&foreign("two")).await;
    world.at_due_time().await;
    fail(&world, &own[0], dead_token()).await;
    let on = "cause:OP-2102/account/-";
    let made = world.post("/v1/assignments", &json!({ "on": on, "comment": "calling Ann" })).await.ok(201);
    assert_eq!((&made["account"], &made["to"]), (&json!("acme/long/main"), &json!("olga")));
    assert_eq!(groups(&world).await["groups"][0]["part"], json!({ "account": "acme/long/main" }));
    let to_bob = json!({ "on": on, "to": "bob", "instead_of": "olga" });
    let given = world.post("/v1/assignments", &to_bob).await.ok(201);
    assert_eq!((&given["to"], &given["comment"]), (&json!("bob"), &json!("calling Ann")));
    world.post(&format!("/v1/targets/{}/cancel", own[0]), &json!({})).await.ok(200);
    fail(&world, &others[0], dead_token()).await;
    let found = groups(&world).await;
    assert_eq!(found["groups"][0]["group"], "OP-2102/account/-");
    assert_eq!(found["groups"][0].get("assigned"), None, "{found}");
    let had = world.get(&format!("/v1/targets/{}", others[0])).await.ok(200);
    assert_eq!(had.get("assigned"), None, "{had}");
    // A part that is named is taken as it is named.
    let named = world.post("/v1/assignments", &json!({ "on": on, "channel": "long" })).await.ok(201);
    assert_eq!((&named["channel"], named.get("account")), (&json!("long"), None));
    world
        .send(Some(crate::world::OPERATOR), "DELETE", &format!("/v1/assignments?on={on}&channel=long"), String::new())
        .await
        .ok(200);
    // Two parts of it are had by now: whoever lets go says which.
    world.post("/v1/assignments", &json!({ "on": on })).await.ok(201);
    let release = async |query: &str| {
        let path = format!("/v1/assignments?on={on}{query}");
        world.send(Some(crate::world::OPERATOR), "DELETE", &path, String::new()).await
    };
    release("").await.problem(409);
    release("&account=acme/long/main").await.ok(200);
    assert_eq!(release("").await.ok(200)["account"], "other/long/main");
}
