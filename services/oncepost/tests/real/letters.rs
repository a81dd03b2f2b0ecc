//! The dead letters on RabbitMQ agree with the ledger, whatever people and the broker do to them.

use std::time::Duration;

use harness::{api::text, config::Pace, shared};
use serde_json::{Value, json};
use testkit::Cue;

use crate::{
    ground::{Run, marker, until},
    queues::Queues,
};

const DEAD: &str = "dead.webhook";

/// A run of which posts 0 to `count` are refused for good, with their letters written.
async fn refused(count: usize) -> (Run, Queues) {
    let stores = shared::stores().await.unwrap();
    let mut run = Run::new(&stores, Pace::Brisk).await.forgetful();
    // Two schedulers: both look after the letters.
    run.stack.staff(2, 1).await.unwrap();
    let queues = Queues::connect(&stores.broker, &stores.prefix).await;
    run.platform.cue(Cue::refuse(400, &json!({ "error": "not like this" })).always());
    run.schedule(count, Duration::ZERO, Duration::from_secs(1)).await;
    until_letters(&queues, count as u32).await;
    run.platform.clear_cues();
    (run, queues)
}

async fn until_letters(queues: &Queues, count: u32) {
    let found = std::cell::Cell::new(0);
    let what = || format!("{count} dead letters; there are {}", found.get());
    // A look holds letters for a moment: seen twice, it is so.
    until(Duration::from_secs(100), what, async || {
        found.set(queues.depth(DEAD).await);
        found.get() == count && queues.depth(DEAD).await == count
    })
    .await;
}

async fn target(run: &Run, n: usize) -> String {
    text(&run.post(n).await["targets"][0]["id"])
}

/// The ids of the letters, and how each stands.
async fn standings(run: &Run) -> Vec<(String, String)> {
    let list = run.stack.api.get("/v1/dead-letters?channel=webhook").await.unwrap();
    let one = |letter: &Value| (text(&letter["id"]), text(&letter["standing"]));
    list["letters"].as_array().unwrap().iter().map(one).collect()
}

async fn agree(run: &Run, posts: &[usize]) {
    let mut expected = Vec::new();
    for n in posts {
        expected.push((target(run, *n).await, "agrees".to_owned()));
    }
    expected.sort();
    assert_eq!(standings(run).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_there_as_long_as_its_target_needs_a_person() {
    let (run, queues) = refused(4).await;
    agree(&run, &[0, 1, 2, 3]).await;
    // A retry: asked for twice, sent once, and the letter goes.
    let retry = format!("/v1/targets/{}/retry", target(&run, 0).await);
    let (first, _) = run.stack.api.post(&retry, &json!({})).await.unwrap();
    let (second, answer) = run.stack.api.post(&retry, &json!({})).await.unwrap();
    assert_eq!((first.as_u16(), second.as_u16()), (200, 409), "{answer}");
    until_letters(&queues, 3).await;
    run.until_out(1).await;
    // A discarded one.
    let ask = json!({ "letters": [target(&run, 1).await], "reason": "not wanted any more" });
    let (status, answer) = run.stack.api.post("/v1/dead-letters/discard", &ask).await.unwrap();
    assert_eq!((status.as_u16(), &answer["discarded"]), (200, &json!(1)), "{answer}");
    until_letters(&queues, 2).await;
    agree(&run, &[2, 3]).await;
    // One too many, by whoever's hand.
    let letter = queues.take(DEAD, 1).await.remove(0);
    for _ in 0..2 {
        queues.put("dead", "webhook", &letter).await;
    }
    until_letters(&queues, 2).await;
    // A queue that is lost.
    assert_eq!(queues.purge(DEAD).await, 2);
    until_letters(&queues, 2).await;
    agree(&run, &[2, 3]).await;
    assert_eq!(run.platform.count_of(&marker(0)), 1);
    assert_eq!(run.platform.posts().len(), 1, "nothing else is out");
    run.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_the_broker_moves_back_is_a_retry_and_of_what_is_out_nothing() {
    let (run, queues) = refused(3).await;
    // One is taken away, to be moved back when its target is long out.
    let kept = queues.take(DEAD, 1).await.remove(0);
    until_letters(&queues, 2).await;
    queues.shovel(DEAD, 2, "publish", "webhook").await;
    run.until_published(2, Duration::from_secs(60)).await;
    // What was taken away is written anew.
    until_letters(&queues, 1).await;
    queues.shovel(DEAD, 1, "publish", "webhook").await;
    run.until_published(3, Duration::from_secs(60)).await;
    until_letters(&queues, 0).await;
    let calls = run.platform.publish_calls().len();
    // Now a letter of a target that is out: taken out where it lies, and nothing where it is moved back.
    queues.put("dead", "webhook", &kept).await;
    until_letters(&queues, 0).await;
    queues.put("publish", "webhook", &kept).await;
    let what = || "an empty work queue".into();
    until(Duration::from_secs(30), what, async || queues.depth("publish.webhook").await == 0).await;
    assert_eq!(standings(&run).await, []);
    run.check(3);
    run.stack.stop().await.unwrap();
    assert_eq!(run.platform.publish_calls().len(), calls, "nobody was called again");
}
