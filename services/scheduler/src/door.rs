//! The broker's door: schedule requests are taken in batches, accepted or refused with reasons, and only then acknowledged.

use std::time::Duration;

use broker::{BrokerError, Destination, Inbox, Incoming, Outgoing, Source, consume_patiently};
use contract::Rejected;
use futures::{FutureExt, StreamExt, stream};
use intake::{Request, Verdict};
use tracing::{Instrument, Span, field::Empty};

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
        let mut batch = vec![Asked::new(first)];
        gather(&mut *inbox, &mut batch);
        accept(&scheduler, batch).await;
    }
    inbox.stop_taking().await;
    Ok(())
}

/// Takes what has arrived already, without waiting.
fn gather(inbox: &mut dyn Inbox, batch: &mut Vec<Asked>) {
    while batch.len() < BATCH {
        match inbox.next().now_or_never() {
            Some(Some(message)) => batch.push(Asked::new(message)),
            _ => return,
        }
    }
}

/// A message, and the span of its way through this door.
struct Asked {
    incoming: Incoming,
    span: Span,
    /// The trace that it goes on in.
    trace: Option<String>,
}

impl Asked {
    fn new(incoming: Incoming) -> Self {
        let span = broker::process_span!(&incoming, oncepost.intake.outcome = Empty);
        let message = &incoming.message;
        let upstream = intake::came_in(&message.body, message.headers.get(spans::TRACEPARENT).map(String::as_str));
        if let Some(upstream) = &upstream {
            spans::set_parent(&span, upstream);
        }
        let trace = spans::of(&span).or(upstream);
        Self { incoming, span, trace }
    }

    fn request(&self) -> Request<'_> {
        Request { trace: self.trace.clone(), ..Request::new(&self.incoming.message.body) }
    }
}

/// The span of what is done for all of a batch: part of the first trace that is kept, and tied to the others.
fn span(batch: &[Asked]) -> Span {
    let mut kept = batch.iter().filter(|asked| asked.trace.as_deref().is_some_and(spans::is_sampled));
    let Some(first) = kept.next() else { return Span::none() };
    let span = first.span.in_scope(|| tracing::debug_span!("accept", messaging.batch.message_count = batch.len()));
    kept.filter_map(|other| other.trace.as_deref()).for_each(|other| spans::link(&span, other));
    span
}

async fn accept(scheduler: &Scheduler, batch: Vec<Asked>) {
    let requests: Vec<_> = batch.iter().map(Asked::request).collect();
    match scheduler.intake.accept_many(&requests).instrument(span(&batch)).await {
        Ok(verdicts) => settle_all(scheduler, batch, verdicts).await,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                requests = batch.len(),
                "the ledger did not take a batch"
            );
            // One by one, so that a request that the ledger can never take does not stand in the way of the others.
            stream::iter(batch)
                .for_each_concurrent(ABREAST, |asked| {
                    let span = asked.span.clone();
                    accept_alone(scheduler, asked).instrument(span)
                })
                .await;
        }
    }
}

/// Accepts one request, however long the ledger is away.
async fn accept_alone(scheduler: &Scheduler, asked: Asked) {
    let stop = scheduler.runtime.stop();
    let mut wait = Duration::from_millis(100);
    loop {
        match scheduler.intake.accept(asked.request()).await {
            Ok(verdict) => return settle(scheduler, asked.incoming, verdict).await,
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

async fn settle_all(scheduler: &Scheduler, batch: Vec<Asked>, verdicts: Vec<Verdict>) {
    stream::iter(batch.into_iter().zip(verdicts))
        .for_each_concurrent(None, |(Asked { incoming, span, .. }, verdict)| {
            settle(scheduler, incoming, verdict).instrument(span)
        })
        .await;
}

async fn settle(scheduler: &Scheduler, incoming: Incoming, verdict: Verdict) {
    Span::current().record("oncepost.intake.outcome", verdict.name());
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
