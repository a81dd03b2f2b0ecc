//! Events are told at least once: right away, after a broker's outage, and after the death of the process that stored them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use broker::{Inbox, Memory, Source, Transport};
use contract::EventMessage;
use domain::{Content, Policy, PostId, TenantId};
use jiff::Timestamp;
use ledger::{Ledger, MemoryLedger, NewPost};
use oncepost_outbox::Outbox;
use runtime::Runtime;

struct World {
    runtime: Runtime,
    ledger: Arc<MemoryLedger>,
    broker: Memory,
    events: Box<dyn Inbox>,
    outbox: Outbox,
}

async fn world() -> World {
    let runtime = Runtime::simulated(1, Timestamp::UNIX_EPOCH);
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let broker = Memory::new(&runtime, ["webhook"]);
    let listener = Source::Events { queue: "upstream".into(), topic: "#".into() };
    let events = broker.consume(listener, 100).await.unwrap();
    let outbox = Outbox::start(&runtime, ledger.clone(), Arc::new(broker.clone()));
    World { runtime, ledger, broker, events, outbox }
}

impl World {
    /// Stores a post, whose acceptance is an event.
    async fn accept(&self, key: &str) {
        let post = NewPost {
            id: PostId(self.runtime.id()),
            tenant: TenantId::new("acme").unwrap(),
            key: key.into(),
            fingerprint: [0; 32],
            content: Content::default(),
            answer: serde_json::Value::Null,
            accepted_at: self.runtime.now(),
            targets: vec![],
        };
        self.ledger.accept(vec![post]).await.unwrap();
    }

    async fn untold(&self) -> Vec<domain::Event> {
        self.ledger.untold(Duration::ZERO, 100).await.unwrap()
    }

    async fn hear(&mut self) -> EventMessage {
        let message = self.events.next().await.unwrap();
        let event = serde_json::from_slice(&message.message.body).unwrap();
        message.ack().await.unwrap();
        event
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_is_told_and_then_marked() {
    let mut world = world().await;
    world.accept("one").await;
    let stored = world.untold().await;
    world.outbox.tell(stored.clone());
    assert_eq!(world.hear().await.event, stored[0]);
    world.runtime.sleep(Duration::from_secs(1)).await;
    assert!(world.untold().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_did_not_take_is_left_to_the_sweep() {
    let mut world = world().await;
    world.accept("one").await;
    world.broker.cut(true);
    world.outbox.tell(world.untold().await);
    world.runtime.sleep(Duration::from_secs(1)).await;
    assert_eq!(world.untold().await.len(), 1, "not told, so not marked");
    world.broker.cut(false);
    assert_eq!(world.outbox.sweep(Duration::ZERO).await.unwrap(), 1);
    world.hear().await;
    assert!(world.untold().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_left_is_told_under_the_same_id_and_not_while_it_is_fresh() {
    let mut world = world().await;
    for n in 0..1200 {
        world.accept(&n.to_string()).await;
    }
    assert_eq!(world.outbox.sweep(Duration::from_secs(10)).await.unwrap(), 0, "somebody may be telling it just now");
    world.runtime.sleep(Duration::from_secs(10)).await;
    let stored: std::collections::HashSet<_> = world.untold().await.into_iter().map(|event| event.id).collect();
    assert_eq!(world.outbox.sweep(Duration::from_secs(10)).await.unwrap(), 1200);
    let first = world.hear().await.event.id;
    assert!(stored.contains(&first));
    assert!(world.untold().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_all_that_is_untold() {
    let world = world().await;
    for n in 0..1200 {
        world.accept(&n.to_string()).await;
    }
    world.runtime.stop().cancel();
    let told = world.outbox.sweep(Duration::ZERO).await.unwrap();
    assert!(told < 1200, "{told} were told");
    let again =
        Outbox::start(&Runtime::simulated(2, Timestamp::UNIX_EPOCH), world.ledger.clone(), Arc::new(world.broker));
    assert_eq!(told + again.sweep(Duration::ZERO).await.unwrap(), 1200, "the rest is told by another");
}
