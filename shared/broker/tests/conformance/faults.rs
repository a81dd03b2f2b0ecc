//! The faults that the transport in memory can be asked for, so that others can be tested against them.

use broker::{Memory, Outgoing, PublishError, Tier, Transport};
use jiff::Timestamp;
use runtime::Runtime;

use crate::world::{CHANNELS, work, work_queue};

fn memory() -> (Runtime, Memory) {
    let runtime = Runtime::simulated(1, Timestamp::UNIX_EPOCH);
    let memory = Memory::new(&runtime, CHANNELS);
    (runtime, memory)
}

fn message(id: &str) -> Outgoing {
    Outgoing::json(work("mastodon"), id, "{}")
}

async fn ready(memory: &Memory) -> u64 {
    memory.depth(work_queue("mastodon")).await.expect("counted").ready
}

#[tokio::test(start_paused = true)]
async fn cut_off_it_neither_sends_nor_delivers() {
    let (runtime, memory) = memory();
    memory.publish(message("1")).await.expect("sent");
    let mut inbox = memory.consume(work_queue("mastodon"), 1).await.expect("consumes");
    memory.cut(true);
    assert!(matches!(memory.publish(message("2")).await, Err(PublishError::Unreachable { .. })));
    assert!(runtime.within(Tier::M10.delay(), inbox.next()).await.is_none());
    assert!(memory.ping().await.is_err() && !memory.status().connected);
    memory.cut(false);
    assert_eq!(inbox.next().await.and_then(|incoming| incoming.message.id).as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_confirm_leaves_the_message_in_the_queue() {
    let (_, memory) = memory();
    memory.lose_confirms(1);
    let error = memory.publish(message("1")).await.expect_err("no confirm");
    assert!(!error.surely_not_sent());
    assert_eq!(ready(&memory).await, 1);
    memory.publish(message("1")).await.expect("only one was to be lost");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_can_come_twice() {
    let (_, memory) = memory();
    memory.deliver_twice(1);
    memory.publish(message("1")).await.expect("sent");
    let mut inbox = memory.consume(work_queue("mastodon"), 5).await.expect("consumes");
    for redelivered in [false, true] {
        let incoming = inbox.next().await.expect("a message");
        assert_eq!(incoming.redelivered, redelivered);
        incoming.ack().await.expect("settled");
    }
    assert_eq!(ready(&memory).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_restart_returns_what_was_out_and_a_wipe_loses_everything() {
    let (_, memory) = memory();
    for id in ["1", "2"] {
        memory.publish(message(id)).await.expect("sent");
    }
    let mut inbox = memory.consume(work_queue("mastodon"), 5).await.expect("consumes");
    let held = inbox.next().await.expect("a message");
    memory.restart();
    assert_eq!(ready(&memory).await, 2);
    held.ack().await.expect_err("given out before the restart");

    let held = inbox.next().await.expect("a message");
    assert_eq!((held.message.id.as_deref(), held.delivery_count), (Some("1"), Some(1)));
    memory.wipe();
    held.ack().await.expect_err("wiped");
    assert_eq!(ready(&memory).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_transport_leaves_no_task_behind() {
    let (runtime, memory) = memory();
    drop(memory);
    runtime.stopped().await;
    assert_eq!(tokio_tasks(&runtime).await, 0);
}

/// Tasks alive once everything that was asked to end has had its turn.
async fn tokio_tasks(runtime: &Runtime) -> usize {
    runtime.sleep(Tier::S1.delay()).await;
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}
