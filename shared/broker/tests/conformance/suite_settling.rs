//! Promises about what has been received.

use broker::{Destination, Source};

use crate::world::{World, work, work_queue};

pub async fn what_a_dropped_inbox_held_comes_again(world: &World) {
    for id in ["1", "2", "3"] {
        world.send(work("mastodon"), id).await;
    }
    let mut inbox = world.inbox(work_queue("mastodon"), 3).await;
    world.next(&mut inbox).await.ack().await.expect("settled");
    let held = [world.next(&mut inbox).await, world.next(&mut inbox).await];
    drop(inbox);

    let mut other = world.inbox(work_queue("mastodon"), 3).await;
    for id in ["2", "3"] {
        let incoming = world.next(&mut other).await;
        assert_eq!(incoming.message.id.as_deref(), Some(id));
        assert!(incoming.redelivered);
        assert_eq!(incoming.delivery_count, Some(1));
        incoming.ack().await.expect("settled");
    }
    assert!(world.silent(&mut other).await);
    drop(held);
    assert!(world.silent(&mut other).await, "an old receipt must not touch the queue");
}

pub async fn a_dropped_message_comes_again_at_once(world: &World) {
    world.send(work("mastodon"), "1").await;
    let mut inbox = world.inbox(work_queue("mastodon"), 1).await;
    drop(world.next(&mut inbox).await);
    let again = world.next(&mut inbox).await;
    assert_eq!(again.delivery_count, Some(1));
    again.requeue().await.expect("returned");
    let again = world.next(&mut inbox).await;
    assert_eq!(again.delivery_count, Some(2));
    again.ack().await.expect("settled");
    world.ready(work_queue("mastodon"), 0).await;
}

pub async fn a_receipt_outlived_by_its_inbox_only_is_worthless(world: &World) {
    world.send(work("mastodon"), "1").await;
    let mut inbox = world.inbox(work_queue("mastodon"), 1).await;
    let held = world.next(&mut inbox).await;
    drop(inbox);
    world.ready(work_queue("mastodon"), 1).await;
    held.ack().await.expect_err("its inbox is gone");
    world.ready(work_queue("mastodon"), 1).await;
}

pub async fn no_more_than_the_prefetch_is_out(world: &World) {
    for id in 0..10 {
        world.send(work("mastodon"), &id.to_string()).await;
    }
    let mut inbox = world.inbox(work_queue("mastodon"), 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(world.next(&mut inbox).await);
    }
    assert!(world.silent(&mut inbox).await);
    assert_eq!(world.depth(work_queue("mastodon")).await.ready, 7);
    held.remove(1).ack().await.expect("settled");
    held.push(world.next(&mut inbox).await);
    assert!(world.silent(&mut inbox).await);
    assert_eq!(world.depth(work_queue("mastodon")).await.ready, 6);
}

pub async fn after_the_last_message_was_taken_open_ones_can_be_settled(world: &World) {
    for id in 0..20 {
        world.send(work("mastodon"), &id.to_string()).await;
    }
    let mut inbox = world.inbox(work_queue("mastodon"), 10).await;
    let held = [world.next(&mut inbox).await, world.next(&mut inbox).await];
    inbox.stop_taking().await;
    assert!(world.within(inbox.next()).await.is_none());
    world.ready(work_queue("mastodon"), 18).await;
    for incoming in held {
        incoming.ack().await.expect("settled after the stop");
    }
    drop(inbox);
    world.ready(work_queue("mastodon"), 18).await;
    let deserted = async { while world.depth(work_queue("mastodon")).await.consumers > 0 {} };
    world.within(deserted).await;
}

pub async fn poison_ends_in_the_dead_letters(world: &World) {
    world.send(work("bluesky"), "poison").await;
    let mut inbox = world.inbox(work_queue("bluesky"), 1).await;
    for earlier in 0..=u64::from(broker::topology::DELIVERY_LIMIT) {
        let incoming = world.next(&mut inbox).await;
        assert_eq!(incoming.delivery_count.unwrap_or(0), earlier);
        incoming.requeue().await.expect("returned");
    }
    assert!(world.silent(&mut inbox).await);
    let mut dead = world.inbox(Source::Dead { channel: "bluesky".into() }, 1).await;
    let letter = world.next(&mut dead).await;
    assert_eq!(letter.message.id.as_deref(), Some("poison"));
    assert_eq!(letter.message.headers["x-first-death-reason"], "delivery_limit");
    letter.ack().await.expect("settled");
}

pub async fn a_poisonous_request_ends_among_the_refused(world: &World) {
    world.send(Destination::Schedule, "poison").await;
    let mut inbox = world.inbox(Source::Schedule, 1).await;
    for _ in 0..=broker::topology::DELIVERY_LIMIT {
        drop(world.next(&mut inbox).await);
    }
    let mut refused = world.inbox(Source::Rejected, 1).await;
    let request = world.next(&mut refused).await;
    assert_eq!(request.message.id.as_deref(), Some("poison"));
    request.ack().await.expect("settled");
}
