//! Posts that come by the broker's door, as upstream sends them.

use std::time::Duration;

use broker::{Destination, Outgoing, Transport};
use domain::State;
use ledger::Ledger;
use serde_json::json;
use simulation::{Fault, World};

pub const HOURS: Duration = Duration::from_secs(12 * 3600);
/// What upstream's span is called, on the wire.
pub const UPSTREAM: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
pub const UPSTREAM_NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// Where upstream names its trace.
#[derive(Clone, Copy)]
pub enum Named<'a> {
    Nowhere,
    InTheHeader(&'a str),
    InTheBody(&'a str),
}

/// Schedules a post for in an hour that is published after `faults`, and returns once it is. The world is gone by then, and all spans have ended.
pub async fn publish(named: Named<'_>, faults: impl IntoIterator<Item = Fault>) {
    let world = World::new(7);
    let (scheduler, worker) = (world.scheduler(), world.worker("w1"));
    world.platform.faults(faults);
    let due_at = world.runtime.now() + Duration::from_secs(3600);
    let mut message = json!({
        "version": 1,
        "idempotency_key": "k",
        "tenant": "acme",
        "content": { "text": "hello, this is the text" },
        "publish_at": due_at.to_string(),
        "targets": [{ "channel": "key", "account": "main" }],
    });
    if let Named::InTheBody(trace) = named {
        message["traceparent"] = json!(trace);
    }
    let mut asked = Outgoing::json(Destination::Schedule, "m-1", message.to_string());
    if let Named::InTheHeader(trace) = named {
        asked = asked.header("traceparent", trace);
    }
    world.broker.publish(asked).await.unwrap();
    while world.ledger.targets().is_empty() {
        world.runtime.sleep(Duration::from_secs(1)).await;
    }
    world.settle(HOURS).await;
    world.runtime.sleep(Duration::from_secs(1)).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 1);
    assert!(world.ledger.untold(Duration::ZERO, 10).await.unwrap().is_empty(), "events are told");
    worker.stop().await;
    scheduler.stop().await;
}
