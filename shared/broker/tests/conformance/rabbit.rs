//! What the connection to RabbitMQ survives.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use broker::{
    BrokerError, BrokerUrl, Destination, Inbox, Look, Outgoing, PublishError, Rabbit, Source, Topology, Transport,
};
use futures::{StreamExt, stream::FuturesUnordered};
use lapin::{options::QueueDeclareOptions, types::FieldTable};
use runtime::Runtime;
use tokio::sync::oneshot;

use crate::{
    proxy::{Proxy, Weather},
    server::Server,
    world::{CHANNELS, PATIENCE, World, raw, settings, test_url, work, work_queue},
};

/// Sends until told to stop, never minding errors; returns the ids that were confirmed.
async fn sender(transport: Arc<dyn Transport>, runtime: Runtime, mut stop: oneshot::Receiver<()>) -> BTreeSet<String> {
    let mut confirmed = BTreeSet::new();
    let mut running = FuturesUnordered::new();
    for number in 0_u64.. {
        let (transport, id) = (transport.clone(), number.to_string());
        running.push(async move { (transport.publish(Outgoing::json(work("mastodon"), id.clone(), "{}")).await, id) });
        tokio::select! {
            biased;
            _ = &mut stop => break,
            Some((result, id)) = running.next(), if running.len() >= 50 => {
                if result.is_ok() { confirmed.insert(id); }
            }
            () = runtime.sleep(Duration::from_millis(2)) => {}
        }
    }
    while let Some((result, id)) = running.next().await {
        if result.is_ok() {
            confirmed.insert(id);
        }
    }
    confirmed
}

/// Receives and acknowledges until `expected` have all come.
async fn receive(
    world: &World,
    inbox: &mut Box<dyn Inbox>,
    arrived: &mut BTreeSet<String>,
    expected: &BTreeSet<String>,
) {
    let draining = async {
        while !expected.is_subset(arrived) {
            let incoming = inbox.next().await.expect("an inbox never ends by itself");
            arrived.insert(incoming.message.id.clone().expect("an id"));
            let _ = incoming.ack().await;
        }
    };
    world.within(draining).await;
}

/// Publishes and consumes while `trouble` happens; everything confirmed arrives, and the queue is empty within a minute.
async fn nothing_is_lost_through(world: &World, trouble: impl Future<Output = ()>) {
    let mut inbox = world.inbox(work_queue("mastodon"), 20).await;
    let (stop, stopped) = oneshot::channel();
    let sending = world.runtime.spawn(sender(world.transport.clone(), world.runtime.clone(), stopped));
    let mut arrived = BTreeSet::new();
    // Traffic before, held messages at the moment of trouble.
    for _ in 0..100 {
        let incoming = world.next(&mut inbox).await;
        arrived.insert(incoming.message.id.clone().expect("an id"));
        incoming.ack().await.expect("settled");
    }
    let held = world.next(&mut inbox).await;
    trouble.await;
    // If its connection survived, the message is done; if not, it has to come again.
    let id = held.message.id.clone().expect("an id");
    if held.ack().await.is_ok() {
        arrived.insert(id);
    }
    world
        .within(async {
            while world.transport.publish(Outgoing::json(work("mastodon"), "after", "{}")).await.is_err() {}
        })
        .await;
    stop.send(()).expect("still sending");
    let mut confirmed = world.within(sending).await.expect("no panic");
    confirmed.insert("after".into());
    assert!(confirmed.len() > 100);
    receive(world, &mut inbox, &mut arrived, &confirmed).await;
    let emptied = async {
        while let Some(incoming) = world.runtime.within(Duration::from_millis(500), inbox.next()).await {
            let _ = incoming.expect("a message").ack().await;
        }
    };
    world.within(emptied).await;
    world.ready(work_queue("mastodon"), 0).await;
    world.transport.ping().await.expect("ready again");
}

async fn disconnected(world: &World) {
    let disconnected = async {
        while world.transport.status().connected {
            world.runtime.sleep(Duration::from_millis(10)).await;
        }
    };
    world.within(disconnected).await;
}

/// Waits until both connections stand: a look that sees either of them come back gives up.
async fn connected(world: &World) {
    let connected = async {
        while !world.transport.status().connected {
            world.runtime.sleep(Duration::from_millis(10)).await;
        }
    };
    world.within(connected).await;
}

async fn behind_proxy() -> (Proxy, World) {
    let proxy = Proxy::before(&Runtime::system(), test_url().address()).await;
    let url: BrokerUrl = format!("amqp://{}", proxy.address).parse().expect("valid");
    let world = World::rabbit_at(url).await;
    (proxy, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q01_everything_drains_after_the_connections_were_cut() {
    let (proxy, world) = behind_proxy().await;
    let cut = async {
        proxy.set(Weather::Cut);
        disconnected(&world).await;
        proxy.set(Weather::Fair);
    };
    nothing_is_lost_through(&world, cut).await;
    assert!(world.transport.status().last_error.is_some());
    world.tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q01_everything_drains_after_the_network_went_silent() {
    let (proxy, world) = behind_proxy().await;
    let silence = async {
        proxy.set(Weather::Silent);
        disconnected(&world).await;
        proxy.set(Weather::Fair);
    };
    nothing_is_lost_through(&world, silence).await;
    world.tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q01_everything_drains_after_the_broker_was_killed() {
    let runtime = Runtime::system();
    let mut server = Server::start(&runtime).await;
    let url: BrokerUrl = format!("amqp://127.0.0.1:{}", server.port).parse().expect("valid");
    let world = World::rabbit_at(url).await;
    nothing_is_lost_through(&world, server.kill_and_restart(&runtime)).await;
    world.tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_belongs_to_the_connection_it_came_on() {
    let (proxy, world) = behind_proxy().await;
    let mut inbox = world.inbox(work_queue("mastodon"), 1).await;
    world.send(work("mastodon"), "1").await;
    let held = world.next(&mut inbox).await;
    proxy.set(Weather::Cut);
    disconnected(&world).await;
    proxy.set(Weather::Fair);
    let again = world.next(&mut inbox).await;
    held.ack().await.expect_err("its connection is gone");
    again.ack().await.expect("settled");
    world.ready(work_queue("mastodon"), 0).await;
    world.tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_being_settled_when_its_connection_ends_hears_of_it() {
    let (proxy, world) = behind_proxy().await;
    let mut inbox = world.inbox(work_queue("mastodon"), 1000).await;
    for round in 0..10 {
        let sending = (0..200).map(|number| async move { number.to_string() }).map(|id| {
            let world = &world;
            async move { world.send(work("mastodon"), &id.await).await }
        });
        futures::future::join_all(sending).await;
        let mut taken = Vec::new();
        while taken.len() < 200 {
            taken.push(world.next(&mut inbox).await);
        }
        let mut settling = FuturesUnordered::new();
        for (number, incoming) in taken.into_iter().enumerate() {
            if number == round * 18 {
                proxy.set(Weather::Cut);
            }
            settling.push(world.runtime.spawn(incoming.ack()));
        }
        let settled = async { while settling.next().await.is_some() {} };
        let ended = world.runtime.within(Duration::from_secs(10), settled).await;
        assert!(ended.is_some(), "round {round}: {} never hear how it ended", settling.len());
        disconnected(&world).await;
        proxy.set(Weather::Fair);
        world.within(async { while world.transport.ping().await.is_err() {} }).await;
    }
    world.transport.purge(work_queue("mastodon")).await.expect("purged");
    world.tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_someone_deleted_comes_back() {
    let world = World::rabbit().await;
    let mut inbox = world.inbox(work_queue("mastodon"), 5).await;
    let connection = raw(&test_url()).await;
    let channel = connection.create_channel().await.expect("a channel");
    let name = world.names.publish_queue("mastodon");
    channel.queue_delete(name.as_str().into(), Default::default()).await.expect("deleted");
    let result = world.transport.publish(Outgoing::json(work("mastodon"), "1", "{}")).await;
    assert!(matches!(result, Err(PublishError::Unroutable { .. })), "{result:?}");

    let sent = async {
        while world.transport.publish(Outgoing::json(work("mastodon"), "2", "{}")).await.is_err() {
            world.runtime.sleep(Duration::from_millis(50)).await;
        }
    };
    world.within(sent).await;
    let incoming = world.next(&mut inbox).await;
    assert_eq!(incoming.message.id.as_deref(), Some("2"));
    incoming.ack().await.expect("settled");
    world.tidy().await;
}

#[tokio::test]
async fn a_queue_that_differs_is_named_with_what_to_do() {
    let runtime = Runtime::system();
    let settings = settings(test_url(), &runtime);
    let name = format!("{}.retry.5s", settings.prefix);
    let connection = raw(&test_url()).await;
    let channel = connection.create_channel().await.expect("a channel");
    channel
        .queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), FieldTable::default())
        .await
        .expect("declared differently");

    let error = Rabbit::connect(&runtime, settings.clone()).await.err().expect("a conflict");
    assert!(matches!(&error, BrokerError::Conflict { what: "queue", name: found, .. } if *found == name), "{error:?}");
    assert!(error.to_string().contains("rabbitmqctl delete_queue"), "{error}");

    let names = broker::Names::new(settings.prefix);
    let topology = Topology::new(&names, CHANNELS);
    for queue in topology.queues {
        let _ = channel.queue_delete(queue.name.as_str().into(), Default::default()).await;
    }
    for exchange in topology.exchanges {
        let _ = channel.exchange_delete(exchange.name.as_str().into(), Default::default()).await;
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_an_error_in_good_time_and_without_the_password() {
    let runtime = Runtime::system();
    let mut settings = settings("amqp://ada:s3cr3t@127.0.0.1:1".parse().expect("valid"), &runtime);
    settings.connect_limit = Duration::from_secs(2);
    let connecting = runtime.within(PATIENCE, Rabbit::connect(&runtime, settings)).await;
    let error = connecting.expect("in good time").err().expect("nobody listens there");
    let mut text = format!("{error:?} {error}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    assert!(text.contains("127.0.0.1:1") && text.contains("refused") && !text.contains("s3cr3t"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_is_cut_off_loses_no_letter_and_takes_none_out() {
    let (proxy, world) = behind_proxy().await;
    for id in 0..30 {
        world.send(Destination::Dead { channel: "bluesky".into() }, &id.to_string()).await;
    }
    let dead = Source::Dead { channel: "bluesky".into() };
    world.ready(dead.clone(), 30).await;
    let look = || Look::at(&*world.transport, &world.runtime, "bluesky", 100, |message| message.id);
    let held = look().await.expect("looked");
    proxy.set(Weather::Cut);
    disconnected(&world).await;
    proxy.set(Weather::Fair);
    assert_eq!(held.take_out(|_| true).await, 0, "nobody can be told any more");
    connected(&world).await;
    world.ready(dead, 30).await;
    assert_eq!(look().await.expect("looked").letters.len(), 30);
    world.tidy().await;
}
