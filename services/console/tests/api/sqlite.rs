//! The same through the ledger that a single server runs on: what SQL makes of it must be the same answers.

use std::sync::Arc;

use domain::Policy;
use ledger::Sqlite;
use runtime::Runtime;
use serde_json::{Value, json};

use crate::world::{World, message, world_on};

async fn world(folder: &tempfile::TempDir) -> World {
    let runtime = Runtime::system();
    let path = folder.path().join("ledger.db");
    let ledger = Sqlite::open(path.to_str().unwrap(), &runtime, Policy::default()).await.unwrap();
    world_on(runtime, Arc::new(ledger))
}

/// A message that is due now.
fn due_now(world: &World, key: &str) -> Value {
    let mut message = message(key);
    message["publish_at"] = json!(world.runtime.now().to_string());
    message
}

#[tokio::test]
async fn a_post_lives_through_its_life_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(&folder).await;
    let (post, targets) = world.accepted(&due_now(&world, "key")).await;
    world.publish(&targets[0]).await;
    world.fail(&targets[1]).await;
    let stored = world.get(&format!("/v1/posts/{post}?attempts=true")).await.ok(200);
    assert_eq!(stored["status"], "partial");
    let failed =
        &stored["targets"].as_array().unwrap().iter().find(|target| target["id"] == targets[1]).unwrap().clone();
    assert_eq!(failed["diagnosis"]["code"], "OP-2001");
    assert_eq!(failed["attempts"][0]["outcome"], "not_sent");
    assert_eq!(world.get("/v1/failures").await.ok(200)["groups"][0]["group"], "OP-2001/post/bad_words");
    let plan = world.post(&format!("/v1/posts/{post}/retry"), &json!({})).await.ok(200);
    assert_eq!((&plan["going"], &plan["held_back"]), (&json!(1), &json!(1)));
    let cancel = world.post(&format!("/v1/posts/{post}/cancel"), &json!({})).await.problem(409);
    assert_eq!(cancel["refused"][0]["target"], targets[0]);
    let census = world.get("/v1/census").await.ok(200);
    assert_eq!((&census["needs_person"], &census["violations"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn c02_revisions_hold_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(&folder).await;
    let (post, _) = world.accepted(&due_now(&world, "key")).await;
    let path = format!("/v1/posts/{post}");
    let change = json!({ "revision": 1, "content": { "text": "better" } });
    let (one, two) = futures::join!(world.patch(&path, &change), world.patch(&path, &change));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "one wins, the other is told");
    let cancelled = world.post(&format!("{path}/cancel"), &json!({ "revision": 2 })).await.ok(200);
    assert_eq!(cancelled["revision"], 3);
}

#[tokio::test]
async fn pages_do_not_lose_or_repeat_a_post_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(&folder).await;
    for n in 0..5 {
        world.accepted(&due_now(&world, &format!("key-{n}"))).await;
    }
    let mut keys = Vec::new();
    let mut path = "/v1/posts?limit=2".to_owned();
    loop {
        let page = world.get(&path).await.ok(200);
        keys.extend(page["posts"].as_array().unwrap().iter().map(|post| post["key"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/posts?limit=2&after={next}");
    }
    assert_eq!(keys.len(), 5);
    keys.sort();
    assert_eq!(keys, ["key-0", "key-1", "key-2", "key-3", "key-4"]);
    for path in ["/v1/posts?after=no-such-place", "/v1/failures?after=no-such-place"] {
        assert_eq!(world.get(path).await.problem(400)["problems"][0]["path"], "after");
    }
}
