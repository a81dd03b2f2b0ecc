//! Many doubts at once: the platforms are asked about each once, at a pace, and nobody publishes by asking.

use std::{sync::Arc, time::Duration};

use channels::{Account, ListedAccounts, Registry};
use domain::{AttemptKind, Command, Finding, LookUp, OnDoubt, Outcome, RepeatSafety, State, WorkerName};
use ledger::MemoryLedger;
use runtime::Runtime;
use serde_json::{Value, json};
use vault::{Defaults, Keys};

use crate::world::{ACME_VIEWER, Setting, World, account, channels, memory, message, options, world, world_on};

const GROUP: &str = "OP-4001/post/bad_words";
const LOOK_UP: RepeatSafety =
    RepeatSafety::LookUp(LookUp { settles_after: Duration::from_secs(10), sure_after: Duration::from_secs(120) });

/// As many posts of two targets each, of which the first is in doubt, on a channel that can be asked.
async fn doubted(world: &World, posts: usize) -> Vec<String> {
    let mut all = Vec::new();
    for n in 0..posts {
        all.push(world.accepted(&message(&format!("key-{n}"))).await.1[0].clone());
    }
    world.at_due_time().await;
    for target in &all {
        world.doubt(target).await;
    }
    world.runtime.sleep(Duration::from_secs(60)).await;
    all
}

fn look(group: &str) -> Value {
    json!({ "action": "look", "select": { "group": group }, "reason": "the platform is back" })
}

async fn begun(world: &World, ask: &Value) -> String {
    world.runtime.sleep(Duration::from_millis(1)).await;
    world.post("/v1/jobs", ask).await.ok(202)["job"]["id"].as_str().unwrap().to_owned()
}

async fn job(world: &World, id: &str) -> Value {
    world.get(&format!("/v1/jobs/{id}?limit=0")).await.ok(200)
}

/// Plays the workers: whatever is to be looked for is, and the platform cannot tell.
fn cannot_tell(world: &Arc<World>, ledger: &Arc<MemoryLedger>) {
    let (world, ledger) = (world.clone(), ledger.clone());
    world.runtime.clone().spawn(async move {
        loop {
            let mut asked = Vec::new();
            ledger.for_each(|target| {
                if target.state == State::InDoubt && target.listed.is_none() {
                    asked.push(target.id.to_string());
                }
            });
            for target in asked {
                let worker = WorkerName::new("worker-1").unwrap();
                let begin = Command::Begin { worker, repeat: LOOK_UP, arm: None };
                let domain::Answer::Begun(begun) = world.apply(&target, begin).await.answer else {
                    panic!("not begun")
                };
                assert_eq!(begun.kind, AttemptKind::Look);
                let finding = Finding::CannotTell("the listing is down".into());
                let outcome = Outcome::Looked { part: 0, finding, last: true };
                let (attempt, on_doubt) = (begun.attempt, OnDoubt::Park);
                let finish = Command::Finish { attempt, outcome, repeat: LOOK_UP, on_doubt, trace: None };
                world.apply(&target, finish).await;
            }
            world.runtime.sleep(Duration::from_millis(100)).await;
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_who_is_asked_and_who_cannot_be_and_changes_nothing() {
    let world = world();
    let (_, others) = world.accepted(&message("others")).await;
    let doubts = doubted(&world, 2).await;
    world.doubt(&others[1]).await;
    world.fail(&others[0]).await;
    let all = json!({ "action": "look", "select": { "all": true }, "dry_run": true });
    let plan = world.post("/v1/jobs", &all).await.ok(200);
    insta::assert_json_snapshot!("look_plan", plan, { ".**.examples" => "[targets]" });
    assert_eq!((&plan["targets"], &plan["going"]), (&json!(4), &json!(2)), "{plan}");
    for target in &doubts {
        let shown = world.get(&format!("/v1/targets/{target}")).await.ok(200);
        assert_eq!((&shown["state"], &shown["attempt"]), (&json!("in_doubt"), &json!(1)));
        assert!(shown["needs_person"].is_object(), "a plan asks nobody: {shown}");
        let remedy = shown["diagnosis"]["remedy"].as_str().unwrap();
        assert!(
            remedy.starts_with("`oncepost look TARGET` has Long asked once more. If that tells nothing, look"),
            "{remedy}"
        );
    }
    let alone = world.get(&format!("/v1/targets/{}", others[1])).await.ok(200);
    assert!(!alone["diagnosis"]["remedy"].as_str().unwrap().contains("oncepost look"), "{alone}");
    // Whoever plans a retry instead is told what settles each.
    let retry = json!({ "action": "retry", "select": { "all": true }, "dry_run": true });
    let told = world.post("/v1/jobs", &retry).await.ok(200)["reasons"].to_string();
    assert!(
        told.contains("`oncepost look`, of the same ones, has Long asked") && told.contains("Short cannot be asked"),
        "{told}"
    );
    // To ask is to settle: not for whoever may only look at what is there.
    world.send(Some(ACME_VIEWER), "POST", "/v1/jobs", look(GROUP).to_string()).await.problem(403);
}

#[tokio::test(start_paused = true)]
async fn it_keeps_its_pace_can_be_stopped_and_is_on_record() {
    let world = world();
    let targets = doubted(&world, 20).await;
    world.carries_on_jobs("console");
    let mut ask = look(GROUP);
    ask["rate"] = json!(1);
    let id = begun(&world, &ask).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    let stopped = world.post(&format!("/v1/jobs/{id}/stop"), &json!({})).await.ok(200);
    let done = stopped["done"].as_u64().unwrap();
    assert!((3..8).contains(&done), "one in a second: {stopped}");
    world.runtime.sleep(Duration::from_secs(60)).await;
    let mut asked = 0;
    for target in &targets {
        let shown = world.get(&format!("/v1/targets/{target}")).await.ok(200);
        assert_eq!(shown["state"], "in_doubt", "nothing is sent, and nothing is settled, by asking alone");
        asked += u64::from(shown.get("needs_person").is_none());
    }
    assert_eq!(asked, done);
    let log = world.get(&format!("/v1/audit-log?subject=job:{id}")).await.ok(200);
    let told: Vec<_> = log["entries"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(told, ["stop job", "look"]);
    assert_eq!(
        (&log["entries"][1]["reason"], &log["entries"][1]["before"]["plan"]["going"]),
        (&json!("the platform is back"), &json!(20))
    );
}

#[tokio::test(start_paused = true)]
async fn each_doubt_is_asked_about_once_however_many_jobs_there_are() {
    let (runtime, ledger) = memory();
    let world = Arc::new(world_on(runtime, ledger.clone()));
    doubted(&world, 30).await;
    cannot_tell(&world, &ledger);
    let (one, two) = (begun(&world, &look(GROUP)).await, begun(&world, &look(GROUP)).await);
    world.carries_on_jobs("console");
    world.runtime.sleep(Duration::from_secs(60)).await;
    let (one, two) = (job(&world, &one).await, job(&world, &two).await);
    assert_eq!([&one["state"], &two["state"]], ["done", "done"]);
    assert_eq!(one["done"].as_u64().unwrap() + two["done"].as_u64().unwrap(), 30, "{one} {two}");
    let mut seen = 0;
    ledger.for_each(|target| {
        if target.attempt > 0 {
            seen += 1;
            assert_eq!((target.attempt, target.state), (2, State::InDoubt), "{}", target.id);
            assert!(target.listed.is_some(), "what tells nothing is back with a person");
        }
    });
    assert_eq!(seen, 30);
}

/// An account may want sent again what nobody can tell of. Nobody decides that for many at once.
#[tokio::test(start_paused = true)]
async fn what_a_look_could_send_unseen_is_left_out() {
    let (runtime, ledger) = memory();
    let daring = Account { on_doubt: OnDoubt::Resend, ..account("acme", "long") };
    let setting = Setting {
        registry: Registry::of(channels()),
        listed: ListedAccounts::new([daring, account("acme", "short")]),
        keys: Keys::read([("k", Keys::make(&Runtime::system()).as_str())]).unwrap(),
        defaults: Defaults::default(),
    };
    let world = setting.world(runtime, ledger, options());
    let targets = doubted(&world, 1).await;
    let problem = world.post("/v1/jobs", &look(GROUP)).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("sent again (`on_doubt`)"), "{problem}");
    let remedy = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200)["diagnosis"]["remedy"].to_string();
    assert!(!remedy.contains("oncepost look"), "nor is it advised: {remedy}");
    world.post(&format!("/v1/targets/{}/look", targets[0]), &json!({})).await.ok(200);
}

/// The platform has named the post that it was a repeat of.
#[tokio::test(start_paused = true)]
async fn the_post_that_a_refusal_names_is_offered() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    let attempt = world.arm(&targets[0]).await;
    let refusal = domain::Failure {
        code: domain::Code::DUPLICATE_REFUSED,
        said: domain::PlatformWords::text("Content is a duplicate of post-7"),
        ..crate::world::failure(domain::Landed::Unknown, domain::Worth::Never)
    };
    world.finish(&targets[0], attempt, Outcome::Failed(refusal)).await;
    let remedy = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200)["diagnosis"]["remedy"].to_string();
    let named = "Long says that it repeats post-7 (https://posts.example/post-7). If that is this post: `oncepost resolve TARGET --id post-7`.";
    assert!(remedy.contains(named), "{remedy}");
}

/// A plan promises nothing that would be refused.
#[tokio::test(start_paused = true)]
async fn while_history_is_lost_no_plan_is_made() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger.clone());
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    ledger.restore(&ledger.snapshot());
    for action in ["retry", "look", "discard"] {
        let ask = json!({ "action": action, "select": { "all": true }, "reason": "x", "dry_run": true });
        let problem = world.post("/v1/jobs", &ask).await.problem(503);
        assert!(problem["detail"].as_str().unwrap().contains("nothing is accepted until"), "{problem}");
    }
    world.post(&format!("/v1/posts/{post}/retry?dry_run=true"), &json!({})).await.problem(503);
}
