//! The port.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use runtime::Runtime;

use crate::{BrokerError, Incoming, Outgoing, PublishError, Source};

/// Carries messages. Every method may be called from any number of tasks at once, and publishing should be: that is what makes it fast.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `message`; returns when the broker has confirmed that it is in a queue (an event: that it has taken it).
    ///
    /// # Errors
    /// See [`PublishError`]; only after [`PublishError::Unknown`] the message may have been sent.
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError>;

    /// Begins to take messages from `source`, at most `prefetch` unsettled at a time.
    ///
    /// # Errors
    /// If the broker cannot be reached or the queue does not exist. Later losses are the inbox's own affair.
    async fn consume(&self, source: Source, prefetch: u16) -> Result<Box<dyn Inbox>, BrokerError>;

    /// How full a queue is.
    ///
    /// # Errors
    /// If the broker cannot be reached or the queue does not exist.
    async fn depth(&self, source: Source) -> Result<Depth, BrokerError>;

    /// Empties a queue of what is ready in it and returns how many messages that were. For tests and operators.
    ///
    /// # Errors
    /// If the broker cannot be reached or the queue does not exist.
    async fn purge(&self, source: Source) -> Result<u64, BrokerError>;

    /// A round trip to the broker, for readiness.
    ///
    /// # Errors
    /// If it does not come back in time.
    async fn ping(&self) -> Result<(), BrokerError>;

    /// Whether there is a connection, as last seen.
    fn status(&self) -> Status;

    /// Ends the connection in order. Unsettled messages go back to their queues. Dropping the last handle does the same, less politely.
    async fn close(&self);
}

/// How long a consumer that cannot begin yet waits.
const AGAIN: Duration = Duration::from_secs(1);

/// As [`Transport::consume`], however long the broker is away; none if the runtime is asked to stop before it is there.
///
/// # Errors
/// If waiting cannot help: [`BrokerError::needs_a_person`].
pub async fn consume_patiently(
    transport: &dyn Transport,
    source: Source,
    prefetch: u16,
    runtime: &Runtime,
) -> Result<Option<Box<dyn Inbox>>, BrokerError> {
    let stop = runtime.stop();
    loop {
        let consumed = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            consumed = transport.consume(source.clone(), prefetch) => consumed,
        };
        match consumed {
            Ok(inbox) => return Ok(Some(inbox)),
            Err(error) if error.needs_a_person() => return Err(error),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, ?source, "waiting for the broker");
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            () = runtime.sleep(AGAIN) => {}
        }
    }
}

/// Messages from one queue. Outlives restarts of the broker: it subscribes anew by itself.
///
/// Dropping it returns every message that is not settled to the queue; settling one later is an error that changes nothing.
#[async_trait]
pub trait Inbox: Send {
    /// The next message; none only after [`Inbox::stop_taking`] or when the transport is closed. May be dropped while waiting.
    async fn next(&mut self) -> Option<Incoming>;

    /// Takes no more messages; those that have been handed out can still be settled, as long as the inbox lives.
    async fn stop_taking(&mut self);
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Messages waiting to be delivered; those delivered and unsettled are not counted.
    pub ready: u64,
    /// Inboxes on it, in all processes.
    pub consumers: u64,
}

/// The state of the connection.
#[derive(Debug, Clone)]
pub struct Status {
    /// Whether there is one.
    pub connected: bool,
    /// Since when it is as it is.
    pub since: Timestamp,
    /// What last went wrong, also if it has been mended.
    pub last_error: Option<Arc<BrokerError>>,
}
