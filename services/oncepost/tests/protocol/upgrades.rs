//! Two versions side by side: what a newer process sends does no harm to an older one, nor comes to harm by it.

use std::time::Duration;

use broker::{Destination, Outgoing, Source, Transport};
use contract::Publish;
use domain::State;
use serde_json::{Value, json};

use simulation::World;

async fn send(world: &World, body: &Value) {
    let to = Destination::Publish { channel: "key".into() };
    world.broker.publish(Outgoing::json(to, "newer", body.to_string())).await.unwrap();
}

async fn dead(world: &World) -> u64 {
    world.broker.depth(Source::Dead { channel: "key".into() }).await.unwrap().ready
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_newer_version_waits_and_its_target_goes_out_all_the_same() {
    let world = World::new(70);
    let (worker, scheduler) = (world.worker("old"), world.scheduler());
    let target = world.post("key", "main", 5, 1).await;
    let mut newer = serde_json::to_value(Publish::of(&world.target(target).await, world.runtime.now())).unwrap();
    newer["version"] = json!(2);
    newer["target"] = json!({ "id": target });
    send(&world, &newer).await;
    world.settle(Duration::from_secs(60)).await;
    assert_eq!(
        (world.in_state(State::Published), dead(&world).await),
        (1, 0),
        "nobody is called for during an upgrade"
    );
    // Only when no worker has taken it for long is it set aside, as it came.
    world.runtime.sleep(Duration::from_secs(600)).await;
    assert_eq!(dead(&world).await, 0);
    world.runtime.sleep(Duration::from_secs(900)).await;
    assert_eq!(dead(&world).await, 1);
    world.check();
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn garbage_is_set_aside_at_once() {
    let world = World::new(71);
    let worker = world.worker("old");
    send(&world, &json!({ "version": 1 })).await;
    send(&world, &json!({ "version": "2" })).await;
    world.runtime.sleep(Duration::from_secs(1)).await;
    assert_eq!(dead(&world).await, 2);
    worker.stop().await;
}

/// The older worker reads what a newer scheduler says besides.
#[tokio::test(start_paused = true)]
async fn messages_with_unknown_fields_are_worked_on_as_if_they_had_none() {
    let world = World::new(72);
    let worker = world.worker("old");
    for n in 0..20 {
        let target = world.post("key", if n % 2 == 0 { "main" } else { "other" }, 0, 1).await;
        let mut message = serde_json::to_value(Publish::of(&world.target(target).await, world.runtime.now())).unwrap();
        message["novelty"] = json!({ "by": "a newer version", "n": [1, null, 2.5] });
        send(&world, &message).await;
        if n % 3 == 0 {
            send(&world, &message).await;
        }
    }
    world.settle(Duration::from_secs(600)).await;
    assert_eq!((world.in_state(State::Published), dead(&world).await), (20, 0));
    world.check();
    worker.stop().await;
}
