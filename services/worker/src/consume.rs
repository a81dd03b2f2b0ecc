//! Takes a channel's messages and hands each to a task of its own.

use std::sync::Arc;

use broker::{Source, consume_patiently};
use channels::Channel;
use tokio_util::task::TaskTracker;

use crate::{Worker, WorkerError, deliver};

/// Works on one channel until asked to stop; then drains.
pub(crate) async fn consume(worker: Worker, channel: Arc<dyn Channel>) -> Result<(), WorkerError> {
    let name = channel.about().name;
    let source = Source::Publish { channel: name.to_owned() };
    let consumed = consume_patiently(&*worker.transport, source, worker.options.prefetch, &worker.runtime);
    let consumed = consumed.await.map_err(|cause| WorkerError::Consume { channel: name.to_owned(), cause })?;
    // Asked to end before there was a broker.
    let Some(mut inbox) = consumed else { return Ok(()) };
    tracing::info!(channel = name, worker = %worker.options.name, "worker takes messages");
    let stop = worker.runtime.stop();
    let in_flight = TaskTracker::new();
    loop {
        let message = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            message = inbox.next() => message,
        };
        let Some(message) = message else { break };
        let (worker, channel) = (worker.clone(), channel.clone());
        let runtime = worker.runtime.clone();
        let guard = in_flight.token();
        let in_hand = in_flight.clone();
        show(name, &in_hand);
        runtime.spawn(async move {
            deliver::deliver(&worker, &*channel, message).await;
            drop(guard);
            show(name, &in_hand);
        });
    }
    inbox.stop_taking().await;
    in_flight.close();
    let waiting = in_flight.len();
    tracing::info!(channel = name, in_flight = waiting, "worker drains");
    if worker.runtime.within(worker.options.drain_limit, in_flight.wait()).await.is_none() {
        tracing::warn!(
            channel = name,
            in_flight = in_flight.len(),
            "drain took too long; what is left will be settled by others"
        );
    }
    Ok(())
}

/// Shows how many messages are in hand. The broker would only tell over its management interface.
fn show(channel: &'static str, in_hand: &TaskTracker) {
    metrics::gauge!("oncepost_worker_messages_in_hand", "channel" => channel).set(in_hand.len() as f64);
}
