//! Promises about sending.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use broker::{BrokerError, Destination, Message, Outgoing, PublishError, Source, Tier};
use futures::{StreamExt, future::join_all, stream};

use crate::world::{World, work, work_queue};

pub async fn a_message_arrives_as_it_was_sent(world: &World) {
    let mut inbox = world.inbox(work_queue("mastodon"), 10).await;
    let message = Message {
        id: Some("01-a".into()),
        headers: [("x-target".into(), "ť-1".into()), ("traceparent".into(), "00-ab".into())].into(),
        body: vec![0_u8, 255, 7].into(),
        content_type: Some("application/octet-stream".into()),
        correlation_id: Some("request 7".into()),
        reply_to: Some("answers".into()),
    };
    world.transport.publish(Outgoing { to: work("mastodon"), message: message.clone() }).await.expect("confirmed");

    let incoming = world.next(&mut inbox).await;
    assert_eq!(incoming.message, message);
    assert!(!incoming.redelivered && incoming.delivery_count.is_none());
    incoming.ack().await.expect("settled");
    assert!(world.silent(&mut inbox).await);
}

pub async fn what_has_no_queue_is_an_error(world: &World) {
    for to in [work("unheard-of"), Destination::Dead { channel: "unheard-of".into() }] {
        let error = world.transport.publish(Outgoing::json(to, "1", "{}")).await.expect_err("no queue");
        assert!(matches!(&error, PublishError::Unroutable { key, .. } if key.ends_with(".unheard-of")), "{error:?}");
        assert!(error.surely_not_sent());
    }
    // The connection has not suffered.
    world.send(work("mastodon"), "2").await;
}

/// A client library may hand the broker's "no route" to the wrong one of several senders.
pub async fn each_of_many_hears_of_its_own_message(world: &World) {
    const COUNT: usize = 6_000;
    let lost = |number: usize| number.is_multiple_of(7);
    // A steady flow, so that confirms of both kinds arrive together.
    let mut sending = stream::iter(0..COUNT)
        .map(|number| async move {
            let channel = if lost(number) { "unheard-of" } else { "mastodon" };
            (number, world.transport.publish(Outgoing::json(work(channel), number.to_string(), "{}")).await)
        })
        .buffer_unordered(200);
    while let Some((number, result)) = sending.next().await {
        let right = if lost(number) { matches!(result, Err(PublishError::Unroutable { .. })) } else { result.is_ok() };
        assert!(right, "message {number}: {result:?}");
    }
    let routed = (0..COUNT).filter(|number| !lost(*number)).count();
    world.ready(work_queue("mastodon"), routed as u64).await;
}

pub async fn a_retry_returns_to_its_channel_and_not_early(world: &World) {
    let mut inboxes = [world.inbox(work_queue("mastodon"), 10).await, world.inbox(work_queue("bluesky"), 10).await];
    let sent_at = world.runtime.now();
    for channel in ["mastodon", "bluesky"] {
        world.send(Destination::Retry { tier: Tier::S1, channel: channel.into() }, channel).await;
    }
    for (inbox, channel) in inboxes.iter_mut().zip(["mastodon", "bluesky"]) {
        let incoming = world.next(inbox).await;
        let waited = Duration::try_from(world.runtime.now().duration_since(sent_at)).expect("forward");
        assert!(waited >= Tier::S1.delay(), "after {waited:?}");
        assert_eq!(incoming.message.id.as_deref(), Some(channel));
        assert_eq!(incoming.message.headers["x-first-death-reason"], "expired");
        incoming.ack().await.expect("settled");
        assert!(world.silent(inbox).await);
    }
}

pub async fn q07_a_retry_that_nobody_takes_back_is_caught(world: &World) {
    world.send(Destination::Retry { tier: Tier::S1, channel: "unheard-of".into() }, "stray").await;
    let mut unrouted = world.inbox(Source::Unrouted, 1).await;
    let incoming = world.next(&mut unrouted).await;
    assert_eq!(incoming.message.id.as_deref(), Some("stray"));
    incoming.ack().await.expect("settled");
}

pub async fn an_event_needs_no_listener_and_reaches_those_there_are(world: &World) {
    let event = |topic: &str| Destination::Event { topic: topic.into() };
    world.send(event("target.published"), "unheard").await;
    let queue = world.names.queue(&Source::Unrouted) + ".listener";
    let listener = Source::Events { queue: queue.clone(), topic: "target.*".into() };
    let mut inbox = world.inbox(listener.clone(), 5).await;
    for topic in ["target.failed", "post.accepted", "target.published"] {
        world.send(event(topic), topic).await;
    }
    for topic in ["target.failed", "target.published"] {
        let incoming = world.next(&mut inbox).await;
        assert_eq!(incoming.message.id.as_deref(), Some(topic));
        incoming.ack().await.expect("settled");
    }
    assert!(world.silent(&mut inbox).await);
    assert_eq!(world.depth(Source::Unrouted).await.ready, 0, "an event that nobody hears is no alarm");
}

pub async fn schedule_requests_and_refusals_have_their_queues(world: &World) {
    for (to, from) in [(Destination::Schedule, Source::Schedule), (Destination::Rejected, Source::Rejected)] {
        world.send(to, "request").await;
        let mut inbox = world.inbox(from, 1).await;
        world.next(&mut inbox).await.ack().await.expect("settled");
    }
}

pub async fn a_queue_is_counted_and_emptied(world: &World) {
    let dead = Source::Dead { channel: "bluesky".into() };
    for id in ["1", "2", "3"] {
        world.send(Destination::Dead { channel: "bluesky".into() }, id).await;
    }
    world.ready(dead.clone(), 3).await;
    let mut inbox = world.inbox(dead.clone(), 1).await;
    let held = world.next(&mut inbox).await;
    world.ready(dead.clone(), 2).await;
    assert_eq!(world.depth(dead.clone()).await.consumers, 1);
    assert_eq!(world.transport.purge(dead.clone()).await.expect("emptied"), 2);
    held.ack().await.expect("what is out is not purged");
    world.ready(dead, 0).await;
}

pub async fn asking_for_a_queue_that_is_not_there_is_an_error(world: &World) {
    let nowhere = work_queue("unheard-of");
    assert!(matches!(world.transport.depth(nowhere.clone()).await, Err(BrokerError::NoQueue { .. })));
    assert!(matches!(world.transport.purge(nowhere.clone()).await, Err(BrokerError::NoQueue { .. })));
    assert!(matches!(world.transport.consume(nowhere, 1).await.err(), Some(BrokerError::NoQueue { .. })));
    world.transport.ping().await.expect("the connection has not suffered");
    assert!(world.transport.status().connected && world.transport.status().last_error.is_none());
}

pub async fn five_thousand_at_once_arrive_exactly_once(world: &World) {
    const COUNT: usize = 5_000;
    let mut inbox = world.inbox(work_queue("mastodon"), 200).await;
    let sending = join_all((0..COUNT).map(|number| {
        let message = Outgoing::json(work("mastodon"), number.to_string(), vec![b'x'; 600]);
        let transport = world.transport.clone();
        async move { transport.publish(message).await }
    }));
    let receiving = async {
        let mut arrived = BTreeSet::new();
        let mut settling = stream::FuturesUnordered::new();
        while arrived.len() < COUNT {
            tokio::select! {
                incoming = inbox.next() => {
                    let incoming = incoming.expect("a message");
                    let id = incoming.message.id.clone().expect("an id");
                    assert!(arrived.insert(id), "came twice");
                    settling.push(incoming.ack());
                }
                Some(settled) = settling.next() => settled.expect("settled"),
            }
        }
        while let Some(settled) = settling.next().await {
            settled.expect("settled");
        }
    };
    let (sent, ()) = world.within(async { tokio::join!(sending, receiving) }).await;
    assert!(sent.iter().all(Result::is_ok));
    assert!(world.silent(&mut inbox).await);
}

pub async fn a_closed_transport_says_so(world: &World) {
    let mut inbox = world.inbox(work_queue("mastodon"), 1).await;
    let transport = Arc::clone(&world.transport);
    transport.close().await;
    assert!(world.within(inbox.next()).await.is_none());
    let error = transport.publish(Outgoing::json(work("mastodon"), "late", "{}")).await.expect_err("closed");
    assert!(matches!(error, PublishError::Unreachable { .. }), "{error:?}");
    assert!(matches!(transport.ping().await, Err(BrokerError::Closed)));
    assert!(!transport.status().connected);
}
