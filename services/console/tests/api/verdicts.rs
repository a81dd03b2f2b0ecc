//! What may be done to a target, asked for beforehand.

use serde_json::{Value, json};

use crate::world::{World, message, world};

async fn verdicts(world: &World, target: &str) -> Vec<(String, bool)> {
    let answer = world.get(&format!("/v1/targets/{target}/verdicts")).await.ok(200);
    let goes = |(name, verdict): (&String, &Value)| {
        assert!(verdict["why"].as_str().is_some_and(|why| why.ends_with('.')), "{name}: {verdict}");
        (name.clone(), verdict["goes"].as_bool().unwrap())
    };
    answer.as_object().unwrap().iter().map(goes).collect()
}

fn that(going: &[&str]) -> Vec<(String, bool)> {
    let all = ["retry", "cancel", "reschedule", "look_again", "published", "send_again"];
    all.map(|name| (name.to_owned(), going.contains(&name))).to_vec()
}

#[tokio::test(start_paused = true)]
async fn each_is_what_asking_for_it_would_come_to_and_nothing_is_changed() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let sorted = |mut pairs: Vec<(String, bool)>| {
        pairs.sort();
        pairs
    };
    assert_eq!(sorted(verdicts(&world, &targets[0]).await), sorted(that(&["cancel", "reschedule"])));
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.doubt(&targets[1]).await;
    let before = world.get(&format!("/v1/posts/{post}?attempts=true")).await.text;
    assert_eq!(sorted(verdicts(&world, &targets[0]).await), sorted(that(&["retry", "cancel", "reschedule"])));
    assert_eq!(sorted(verdicts(&world, &targets[1]).await), sorted(that(&["published", "send_again"])));
    assert_eq!(world.get(&format!("/v1/posts/{post}?attempts=true")).await.text, before);
    world.post(&format!("/v1/targets/{}/retry", targets[0]), &json!({})).await.ok(200);
    world.publish(&targets[0]).await;
    assert_eq!(sorted(verdicts(&world, &targets[0]).await), sorted(that(&[])));
    world.get("/v1/targets/0192f0c1-2345-7abc-8def-0123456789ab/verdicts").await.problem(404);
}

#[tokio::test(start_paused = true)]
async fn what_is_overdue_may_be_handed_over() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.runtime.sleep(std::time::Duration::from_secs(60)).await;
    let answer = world.get(&format!("/v1/targets/{}/verdicts", targets[0])).await.ok(200);
    assert_eq!(answer["retry"], json!({ "goes": true, "why": "It is overdue. It is handed to a worker now." }));
}
