//! Tells upstream services what happened, at least once.
//!
//! Events are committed to the ledger together with what they report. [`Outbox::tell`] publishes them in the background
//! and marks them as told; [`Outbox::sweep`] tells what a crash left behind.

use std::{sync::Arc, time::Duration};

use broker::{Destination, Outgoing, Transport};
use contract::EventMessage;
use domain::{Event, EventId, TargetId, invariant::Violation};
use futures::{StreamExt, stream};
use ledger::{Applied, Ledger, LedgerError};
use runtime::Runtime;
use tokio::sync::mpsc;
use tracing::{Instrument, Span};

/// Events published at once.
const ABREAST: usize = 256;
/// The most events taken for one mark in the ledger.
const BATCH: usize = 512;
/// The most events that wait in memory; what does not fit is left to the sweep.
const WAITING: usize = 16_384;

/// An event, and the trace it happened in, if that is kept.
type Heard = (Event, Option<String>);

/// The way out for events. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    queue: mpsc::Sender<Heard>,
    ledger: Arc<dyn Ledger>,
    transport: Arc<dyn Transport>,
    stop: runtime::Stop,
}

impl Outbox {
    /// Starts the task that tells.
    pub fn start(runtime: &Runtime, ledger: Arc<dyn Ledger>, transport: Arc<dyn Transport>) -> Self {
        let (queue, events) = mpsc::channel(WAITING);
        let outbox = Self { queue, ledger, transport, stop: runtime.stop() };
        runtime.spawn(run(events, outbox.ledger.clone(), outbox.transport.clone(), outbox.stop.clone()));
        outbox
    }

    /// Tells `events` in the background. They are in the ledger: if there is no room or the process ends, the sweep tells them.
    pub fn tell(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let trace = spans::of_sampled(&Span::current());
        for event in events {
            if self.queue.try_send((event, trace.clone())).is_err() {
                metrics::counter!("oncepost_events_left_to_sweep_total").increment(1);
            }
        }
    }

    /// Passes on what came of a command: its events, and a promise that it found broken.
    pub fn pass_on(&self, applied: &Applied) {
        self.tell(applied.events.clone());
        if let Some(violation) = applied.violation {
            broken(applied.target.id, violation);
        }
    }

    /// Tells what was left untold for longer than `older_than`. Returns how many events were told. Asked to stop, it leaves the rest to
    /// others: that may be more than a drain has time for.
    ///
    /// # Errors
    /// The ledger is away.
    pub async fn sweep(&self, older_than: Duration) -> Result<usize, LedgerError> {
        let mut told = 0;
        loop {
            let events = self.ledger.untold(older_than, BATCH as u32).await?;
            let found = events.len();
            let events = events.into_iter().map(|event| (event, None)).collect();
            let published = publish(&*self.transport, events).await;
            self.ledger.told(&published).await?;
            told += published.len();
            if found < BATCH || published.len() < found || self.stop.is_cancelled() {
                return Ok(told);
            }
        }
    }
}

/// Counts a promise that was found broken, and says on which target. Any is a bug.
pub fn broken(target: TargetId, violation: Violation) {
    metrics::counter!("oncepost_invariant_violations_total", "invariant" => violation.name()).increment(1);
    tracing::error!(
        target.id = %target,
        invariant = violation.name(),
        promise = violation.promise(),
        "a promise was found broken"
    );
}

/// Shows every promise as unbroken so far, so that an alarm has a zero to start from.
pub fn unbroken() {
    for violation in Violation::ALL {
        metrics::counter!("oncepost_invariant_violations_total", "invariant" => violation.name()).increment(0);
    }
}

async fn run(
    mut events: mpsc::Receiver<Heard>,
    ledger: Arc<dyn Ledger>,
    transport: Arc<dyn Transport>,
    stop: runtime::Stop,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let got = tokio::select! {
            biased;
            got = events.recv_many(&mut batch, BATCH) => got,
            () = stop.cancelled() => return,
        };
        if got == 0 {
            return;
        }
        let told = publish(&*transport, std::mem::take(&mut batch)).await;
        if let Err(error) = ledger.told(&told).await {
            // They will be told again by the sweep, under the same ids.
            tracing::warn!(error = &error as &dyn std::error::Error, events = told.len(), "events told but not marked");
        }
    }
}

/// Publishes events and returns the ids of those that the broker has confirmed.
async fn publish(transport: &dyn Transport, events: Vec<Heard>) -> Vec<EventId> {
    stream::iter(events)
        .map(|(event, trace)| async move {
            let span = span(&event, trace.as_deref());
            let id = event.id;
            let topic = event.name.name().to_owned();
            let message = Outgoing::json(Destination::Event { topic }, id.to_string(), EventMessage::of(event).encode());
            match transport.publish(message).instrument(span).await {
                Ok(()) => Some(id),
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, event.id = %id, "event left to the sweep");
                    None
                }
            }
        })
        .buffer_unordered(ABREAST)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// Telling is part of the trace in which it happened.
fn span(event: &Event, trace: Option<&str>) -> Span {
    let Some(trace) = trace else { return Span::none() };
    let span = tracing::info_span!("tell", oncepost.event.name = event.name.name(), oncepost.event.id = %event.id);
    spans::set_parent(&span, trace);
    span
}
