//! The operators' list as a whole: the first question answered, with its evidence.

use std::time::Duration;

use domain::{Failure, Landed, Outcome, Worth};
use serde_json::{Value, json};

use crate::{
    retrying::{try_once, unreachable},
    world::{ACME, OTHER, World, failure, foreign, message, world},
};

async fn groups(world: &World, query: &str) -> Value {
    world.get(&format!("/v1/failures/groups{query}")).await.ok(200)
}

/// A message of acme with one target, due at `at`.
fn single(key: &str, at: &str) -> Value {
    let mut message = message(key);
    message["targets"] = json!([{ "channel": "long", "account": "main" }]);
    message["publish_at"] = json!(at);
    message
}

#[tokio::test(start_paused = true)]
async fn where_a_cause_strikes_is_told_with_the_evidence_and_what_is_next() {
    let world = world();
    for n in 0..3 {
        let (_, targets) = world.accepted(&single(&format!("key-{n}"), "2026-06-01T13:00:00Z")).await;
        if n == 0 {
            world.at_due_time().await;
        }
        world.runtime.sleep(Duration::from_secs(1)).await;
        world.fail(&targets[0]).await;
    }
    // Another tenant's post goes out meanwhile on the same channel; another of acme's waits.
    world.runtime.sleep(Duration::from_secs(60)).await;
    let mut other = foreign("goes");
    other["publish_at"] = json!("2026-06-01T13:01:03Z");
    let (_, published) = world.accepted(&other).await;
    world.publish(&published[0]).await;
    world.accepted(&single("next", "2026-06-01T15:00:00Z")).await;
    world.accepted(&single("far", "2026-06-03T15:00:00Z")).await;
    insta::assert_json_snapshot!("groups", groups(&world, "").await, {
        ".groups[].spread.posts.top" => "[posts]",
    });
}

#[tokio::test(start_paused = true)]
async fn one_post_that_fails_everywhere_is_told_as_such() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.doubt(&targets[1]).await;
    let found = groups(&world, "").await;
    let look_at = "The post: what it says, its media; `oncepost status POST`. If that is in order, its account.";
    let extent = json!({ "kind": "post", "words": "One post, on 2 channels: long and short", "look_at": look_at });
    assert_eq!(found["extent"], extent);
    assert_eq!((&found["targets"], &found["posts"]), (&json!(2), &json!(1)));
    let words: Vec<_> =
        found["groups"].as_array().unwrap().iter().map(|group| group["extent"]["words"].clone()).collect();
    assert_eq!(words, ["One post, on acme/long/main", "One post, on acme/short/main"]);
    assert_eq!(found["groups"][0]["spread"]["posts"]["top"], json!([{ "name": post, "targets": 1 }]));
    assert_eq!(
        found["meanwhile"]["words"],
        "Nothing else was due since 2026-06-01 13:00:00Z: whether other posts go out cannot be told."
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_is_narrowed_to_an_account_or_a_cause() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.doubt(&targets[1]).await;
    let count = |query: &'static str| {
        let world = &world;
        async move { world.get(&format!("/v1/failures?{query}")).await.ok(200)["targets"].as_array().unwrap().len() }
    };
    assert_eq!(count("account=acme/long/main").await, 1);
    assert_eq!(count("group=OP-4001/post/bad_words").await, 1);
    assert_eq!(count("group=OP-4001/post/bad_words&account=acme/long/main").await, 0);
    assert_eq!(groups(&world, "?account=acme/short/main").await["groups"].as_array().unwrap().len(), 1);
    assert_eq!(groups(&world, "?channel=long").await["targets"], 1);
    let one = groups(&world, "?group=OP-4001/post/bad_words").await;
    assert_eq!((&one["targets"], &one["posts"], &one["groups"][0]["count"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(one["extent"]["words"], "One post, on acme/short/main");
    assert_eq!(groups(&world, "?group=OP-4001/post/-").await["groups"], json!([]));
    for slip in ["account=main", "account=acme/long/main&channel=short", "channel=lnog"] {
        for path in ["/v1/failures", "/v1/failures/groups"] {
            world.get(&format!("{path}?{slip}")).await.problem(400);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_is_told_of_its_own_only() {
    let world = world();
    let (_, theirs) = world.accepted(&foreign("key")).await;
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&theirs[0]).await;
    world.fail(&targets[0]).await;
    let of = |token: &'static str, query: &'static str| {
        let world = &world;
        async move { world.send(Some(token), "GET", &format!("/v1/failures/groups{query}"), String::new()).await }
    };
    let own = of(ACME, "").await.ok(200);
    assert_eq!((&own["targets"], &own["extent"]["words"]), (&json!(1), &json!("One post, on acme/long/main")));
    assert!(!own.to_string().contains("other/"), "{own}");
    of(OTHER, "?account=acme/long/main").await.problem(403);
    of(OTHER, "?tenant=acme").await.problem(403);
    assert_eq!(groups(&world, "").await["extent"]["words"], "All 2 accounts of long");
}

/// Of what may be out the first question is whether it is; of what is surely not, there is no doubt to settle.
#[tokio::test(start_paused = true)]
async fn the_advice_is_for_what_there_is() {
    let world = world();
    let mut doubts = Vec::new();
    for key in ["one", "two"] {
        doubts.push(world.accepted(&single(key, "2026-06-01T13:00:00Z")).await.1[0].clone());
    }
    world.at_due_time().await;
    for target in &doubts {
        world.doubt(target).await;
    }
    let advice = async || {
        let groups = groups(&world, "").await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&groups["groups"][0]["extent"]["look_at"]), text(&groups["groups"][0]["remedy"]), groups)
    };
    let (look_at, remedy, all) = advice().await;
    assert!(look_at.starts_with("Whether they are there: what to do tells"), "{look_at}");
    assert_eq!(all["extent"]["look_at"], json!(look_at), "and of all of it together");
    assert!(remedy.starts_with("Each may be out.") && !remedy.contains("oncepost retry"), "{remedy}");
    // One of them is sent again and is surely not out, for the same reason as far as anybody can tell.
    let again = json!({ "send_again": true, "attempt": 1 });
    world.post(&format!("/v1/targets/{}/resolve", doubts[0]), &again).await.ok(200);
    let unsent = Failure { landed: Landed::No, ..failure(Landed::Unknown, Worth::Never) };
    let attempt = world.begin(&doubts[0]).await;
    world.finish(&doubts[0], attempt, Outcome::Failed(unsent.clone())).await;
    let (look_at, remedy, _) = advice().await;
    assert!(!look_at.contains("oncepost look"), "{look_at}");
    assert!(remedy.contains("In doubt: `oncepost look --group OP-") && remedy.contains("retry --group"), "{remedy}");
    world.post(&format!("/v1/targets/{}/resolve", doubts[1]), &again).await.ok(200);
    let attempt = world.begin(&doubts[1]).await;
    world.finish(&doubts[1], attempt, Outcome::Failed(unsent)).await;
    let (_, remedy, _) = advice().await;
    assert!(remedy.contains("retry --group") && !remedy.contains("resolve"), "{remedy}");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_failed_nothing_is_told() {
    let found = groups(&world(), "").await;
    assert_eq!((&found["groups"], &found["extent"]["kind"]), (&json!([]), &json!("nothing")));
    assert_eq!(found.get("meanwhile"), None);
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_is_down_is_told_by_all_that_it_refuses_and_is_noticed_when_it_is_back() {
    let world = world();
    let (_, one) = world.accepted(&message("one")).await;
    let (_, two) = world.accepted(&foreign("two")).await;
    let (_, three) = world.accepted(&message("three")).await;
    world.at_due_time().await;
    let attempt = world.begin(&one[0]).await;
    world.finish(&one[0], attempt, Outcome::Failed(Failure { worth: Worth::Never, ..unreachable() })).await;
    try_once(&world, &two[0]).await;
    let words = async || groups(&world, "").await["extent"]["words"].as_str().unwrap().to_owned();
    let plan = json!({ "action": "retry", "select": { "group": "OP-3001/channel/-" }, "dry_run": true });
    let plan = async || world.post("/v1/jobs", &plan).await.ok(200);
    assert_eq!(words().await, "All 2 accounts of long, with 1 being retried");
    let told = plan().await;
    let refusing = "long may refuse still: what failed there last did so at 2026-06-01 13:00:00Z or later (OP-3001 The platform could not be \
                    reached), and nothing is known to have gone out there since. What goes now may fail the same way; nothing is held back for \
                    that.";
    assert_eq!(
        (&told["refusing"], &told["going"], &told["held_back"]),
        (&json!([refusing]), &json!(1), &json!(0)),
        "{told}"
    );
    world.runtime.sleep(Duration::from_secs(1)).await;
    world.publish(&three[0]).await;
    assert_eq!(
        words().await,
        "All 2 accounts of long, with 1 being retried. Since the last of them failed posts go out there again, the newest at 2026-06-01 \
         13:00:01Z"
    );
    assert_eq!(plan().await.get("refusing"), None);
}

/// The others were not looked at.
#[tokio::test(start_paused = true)]
async fn what_a_filter_leaves_out_is_not_said_to_be_well() {
    let world = world();
    let (_, one) = world.accepted(&message("one")).await;
    let (_, two) = world.accepted(&message("two")).await;
    let (_, theirs) = world.accepted(&foreign("theirs")).await;
    world.at_due_time().await;
    for target in [&one[0], &one[1], &two[0], &two[1], &theirs[0]] {
        world.fail(target).await;
    }
    let words = async |query: &str| groups(&world, query).await["extent"]["words"].as_str().unwrap().to_owned();
    assert_eq!(words("?tenant=acme").await, "Of tenant acme: 2 accounts on 2 channels: long and short");
    assert_eq!(words("?account=acme/long/main").await, "Account acme/long/main");
    assert_eq!(words("").await, "All 3 accounts of app our-app, on long and short");
}
