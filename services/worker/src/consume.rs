//! Takes a channel's messages and hands each to a task of its own.

use std::sync::Arc;

use broker::Source;
use channels::Channel;
use tokio_util::task::TaskTracker;

use crate::{Worker, WorkerError, deliver};

/// Works on one channel until asked to stop; then drains.
pub(crate) async fn consume(worker: Worker, channel: Arc<dyn Channel>) -> Result<(), WorkerError> {
    let name = channel.about().name;
    let source = Source::Publish { channel: name.to_owned() };
    let mut inbox = worker
        .transport
        .consume(source, worker.options.prefetch)
        .await
        .map_err(|cause| WorkerError::Consume { channel: name.to_owned(), cause })?;
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
        runtime.spawn(async move {
            deliver::deliver(&worker, &*channel, message).await;
            drop(guard);
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
