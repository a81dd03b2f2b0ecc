//! Counts what waits in the broker's queues, for whoever looks at the metrics. Nothing is decided by it.
//!
//! Every scheduler asks and shows the same; a broker that is away is asked again. What is in workers' hands the broker does not tell: they do.

use std::time::Duration;

use broker::{Source, Tier};

use crate::Scheduler;

const EVERY: Duration = Duration::from_secs(15);

/// Counts the queues of these channels, and those that all share, until the runtime is asked to stop.
pub(crate) async fn run(scheduler: Scheduler) {
    let stop = scheduler.runtime.stop();
    if scheduler.measured.is_empty() {
        return;
    }
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = measure(&scheduler) => {}
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = scheduler.runtime.sleep(EVERY) => {}
        }
    }
}

async fn measure(scheduler: &Scheduler) {
    for channel in scheduler.measured.iter() {
        if let Some(ready) = ready(scheduler, Source::Publish { channel: channel.clone() }).await {
            metrics::gauge!("oncepost_work_queue_messages", "channel" => channel.clone()).set(ready);
        }
    }
    for tier in Tier::ALL {
        if let Some(ready) = ready(scheduler, Source::Retry { tier }).await {
            metrics::gauge!("oncepost_retry_queue_messages", "tier" => tier.name()).set(ready);
        }
    }
    if let Some(ready) = ready(scheduler, Source::Schedule).await {
        metrics::gauge!("oncepost_schedule_queue_messages").set(ready);
    }
}

/// How many messages wait in a queue; none if the broker does not say.
async fn ready(scheduler: &Scheduler, source: Source) -> Option<f64> {
    match scheduler.transport.depth(source.clone()).await {
        Ok(depth) => Some(depth.ready as f64),
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, ?source, "a queue could not be counted");
            None
        }
    }
}
