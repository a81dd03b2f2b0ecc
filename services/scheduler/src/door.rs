//! The broker's door: schedule requests are taken in batches, accepted or refused with reasons, and only then acknowledged.

use std::time::Duration;

use broker::{BrokerError, Destination, Inbox, Incoming, Outgoing, Source, consume_patiently};
use contract::Rejected;
use futures::{FutureExt, StreamExt, stream};
use intake::{Request, Verdict};

use crate::Scheduler;

/// The most requests accepted in one transaction.
const BATCH: usize = 256;
/// Requests accepted at once when the batch could not be.
const ABREAST: usize = 16;

pub(crate) async fn run(scheduler: Scheduler) -> Result<(), BrokerError> {
    let Scheduler { transport, runtime, options, .. } = &scheduler;
    let consumed = consume_patiently(&**transport, Source::Schedule, options.prefetch, runtime).await?;
    // Asked to end before there was a broker.
    let Some(mut inbox) = consumed else { return Ok(()) };
    let stop = scheduler.runtime.stop();
    loop {
        let first = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            first = inbox.next() => first,
        };
        let Some(first) = first else { break };
        let mut batch = vec![first];
        gather(&mut *inbox, &mut batch);
        accept(&scheduler, batch).await;
    }
    inbox.stop_taking().await;
    Ok(())
}

/// Takes what has arrived already, without waiting.
fn gather(inbox: &mut dyn Inbox, batch: &mut Vec<Incoming>) {
    while batch.len() < BATCH {
        match inbox.next().now_or_never() {
            Some(Some(message)) => batch.push(message),
            _ => return,
        }
    }
}

async fn accept(scheduler: &Scheduler, batch: Vec<Incoming>) {
    let requests: Vec<_> = batch.iter().map(request).collect();
    match scheduler.intake.accept_many(&requests).await {
        Ok(verdicts) => settle_all(scheduler, batch, verdicts).await,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                requests = batch.len(),
                "the ledger did not take a batch"
            );
            // One by one, so that a request that the ledger can never take does not stand in the way of the others.
            stream::iter(batch).for_each_concurrent(ABREAST, |incoming| accept_alone(scheduler, incoming)).await;
        }
    }
}

/// Accepts one request, however long the ledger is away.
async fn accept_alone(scheduler: &Scheduler, incoming: Incoming) {
    let stop = scheduler.runtime.stop();
    let mut wait = Duration::from_millis(100);
    loop {
        match scheduler.intake.accept(request(&incoming)).await {
            Ok(verdict) => return settle(scheduler, incoming, verdict).await,
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "waiting for the ledger"),
        }
        tokio::select! {
            biased;
            // Unacknowledged, it comes again.
            () = stop.cancelled() => return,
            () = scheduler.runtime.sleep(wait) => {}
        }
        wait = (wait * 2).min(Duration::from_secs(5));
    }
}

async fn settle_all(scheduler: &Scheduler, batch: Vec<Incoming>, verdicts: Vec<Verdict>) {
    stream::iter(batch.into_iter().zip(verdicts))
        .for_each_concurrent(None, |(incoming, verdict)| settle(scheduler, incoming, verdict))
        .await;
}

fn request(incoming: &Incoming) -> Request<'_> {
    Request { trace: incoming.message.headers.get("traceparent").cloned(), ..Request::new(&incoming.message.body) }
}

async fn settle(scheduler: &Scheduler, incoming: Incoming, verdict: Verdict) {
    match verdict {
        Verdict::New { event, .. } => {
            metrics::counter!("oncepost_schedule_accepted_total").increment(1);
            scheduler.outbox.tell(vec![event]);
        }
        // Told again, under its first id: a sender that repeats has not heard of it.
        Verdict::Same { event, .. } => {
            metrics::counter!("oncepost_schedule_repeated_total").increment(1);
            scheduler.outbox.tell(vec![event]);
        }
        Verdict::Refused { answer, .. } => {
            let id = incoming.message.id.clone().unwrap_or_else(|| scheduler.runtime.id().to_string());
            let rejected = Rejected::new(answer, &incoming.message.body).encode();
            let refused =
                Outgoing::json(Destination::Rejected, id, rejected).correlated(incoming.message.correlation_id.clone());
            if let Err(error) = scheduler.transport.publish(refused).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a refusal could not be delivered; the request comes again"
                );
                return;
            }
            metrics::counter!("oncepost_schedule_refused_total").increment(1);
        }
    }
    if let Err(error) = incoming.ack().await {
        tracing::debug!(error = &error as &dyn std::error::Error, "the request comes again and gets the same answer");
    }
}
