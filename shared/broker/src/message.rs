//! Messages, and how a received one is settled.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Destination, Origin, SettleError};

/// Header name to value.
pub type Headers = BTreeMap<String, String>;

/// What both directions have in common. `Debug` leaves the body out: it holds people's posts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The message id.
    pub id: Option<String>,
    /// Headers. On the way in, values that are not text are given as JSON.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
    /// MIME type of the body.
    pub content_type: Option<String>,
    /// What a reply should carry to be matched to its request.
    pub correlation_id: Option<String>,
    /// The queue to which a reply should go.
    pub reply_to: Option<String>,
}

/// A message to be sent. Always persistent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes.
    pub to: Destination,
    /// What goes.
    pub message: Message,
}

impl Outgoing {
    /// A JSON message.
    pub fn json(to: Destination, id: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let message = Message {
            id: Some(id.into()),
            body: body.into(),
            content_type: Some("application/json".into()),
            ..Message::default()
        };
        Self { to, message }
    }

    /// The same with one header more.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.message.headers.insert(name.into(), value.into());
        self
    }

    /// The same with these headers added.
    #[must_use]
    pub fn headers(mut self, headers: Headers) -> Self {
        self.message.headers.extend(headers);
        self
    }

    /// The same with a correlation id.
    #[must_use]
    pub fn correlated(mut self, id: Option<String>) -> Self {
        self.message.correlation_id = id;
        self
    }
}

/// A received message, to be settled exactly once. Dropped unsettled, it goes back to its queue at once, and the delivery counts.
#[derive(Debug)]
pub struct Incoming {
    /// What came.
    pub message: Message,
    /// Whether it may have been delivered before.
    pub redelivered: bool,
    /// How often it was delivered before and came back; none on the first delivery.
    pub delivery_count: Option<u64>,
    /// Where it came from.
    pub origin: Origin,
    /// The right to settle it.
    pub receipt: Receipt,
}

impl Incoming {
    /// The work is done: the message leaves the queue.
    ///
    /// # Errors
    /// If its consumer is gone: the message comes again.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.receipt.ack().await
    }

    /// Back to the queue, to be delivered again at once. It counts towards the delivery limit; to wait, send it to a retry tier and
    /// acknowledge it.
    ///
    /// # Errors
    /// If its consumer is gone: the message comes again all the same.
    pub async fn requeue(self) -> Result<(), SettleError> {
        self.receipt.requeue().await
    }
}

/// How a message is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Ack,
    /// Again.
    Requeue,
}

/// The right to settle one message, once. Dropped unused, it returns the message to its queue.
pub struct Receipt(Option<Box<dyn Settle>>);

/// What a transport puts behind a receipt.
pub trait Settle: Send + Sync {
    /// Settles the message.
    fn settle(self: Box<Self>, verdict: Verdict) -> BoxFuture<'static, Result<(), SettleError>>;

    /// Returns the message without waiting for anything.
    fn abandon(self: Box<Self>);
}

impl Receipt {
    /// A receipt that settles through `settle`.
    pub fn new(settle: impl Settle + 'static) -> Self {
        Self(Some(Box::new(settle)))
    }

    /// See [`Incoming::ack`].
    ///
    /// # Errors
    /// If the message's consumer is gone.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.settle(Verdict::Ack).await
    }

    /// See [`Incoming::requeue`].
    ///
    /// # Errors
    /// If the message's consumer is gone.
    pub async fn requeue(self) -> Result<(), SettleError> {
        self.settle(Verdict::Requeue).await
    }

    /// Gives the right up without a word: the message's consumer has ended, or is about to, and that returns it.
    pub(crate) fn forget(mut self) {
        drop(self.0.take());
    }

    async fn settle(mut self, verdict: Verdict) -> Result<(), SettleError> {
        match self.0.take() {
            Some(settle) => settle.settle(verdict).await,
            None => Ok(()),
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(settle) = self.0.take() {
            settle.abandon();
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Receipt(open)" } else { "Receipt(settled)" })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("headers", &self.headers.keys())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
