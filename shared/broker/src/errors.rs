//! What can go wrong on the way to a queue and back.

use std::{sync::Arc, time::Duration};

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
};

/// The client library's own error, kept as a cause.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why a message was not sent, or is not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It reached no queue: the queue or its binding is missing. Surely not sent.
    #[error("no queue takes messages for {key:?} (exchange {exchange:?})")]
    Unroutable {
        /// The exchange; empty for the nameless one, whose keys are the names of queues.
        exchange: String,
        /// The routing key.
        key: String,
    },
    /// The broker would not take it: the queue is full or has lost its majority. Surely not sent.
    #[error("the broker refused a message for {key:?}: its queue is full or has lost its majority")]
    Refused {
        /// The routing key.
        key: String,
    },
    /// There was no connection to send it over. Surely not sent.
    #[error("there is no connection to send over")]
    Unreachable {
        /// Why not, if known.
        #[source]
        source: Option<Arc<BrokerError>>,
    },
    /// It was handed over and no answer came. It may be in the queue: send it again, and let the consumer drop the second.
    #[error("a message was handed over, and whether the broker has it is not known")]
    Unknown {
        /// Why there is no answer.
        #[source]
        source: Arc<BrokerError>,
    },
    /// It cannot be put into AMQP's terms. Surely not sent, and never will be.
    #[error("{field} is longer than the 255 bytes AMQP allows")]
    TooLong {
        /// Which part.
        field: &'static str,
    },
}

impl PublishError {
    /// Whether the message is certainly in no queue.
    pub const fn surely_not_sent(&self) -> bool {
        !matches!(self, PublishError::Unknown { .. })
    }

    /// The kind, as a metric label.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            PublishError::Unroutable { .. } => "unroutable",
            PublishError::Refused { .. } => "refused",
            PublishError::Unreachable { .. } => "unreachable",
            PublishError::Unknown { .. } => "unknown",
            PublishError::TooLong { .. } => "too_long",
        }
    }
}

/// Why a message could not be acknowledged or returned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The consumer it came to is gone, with its connection or by itself. The broker delivers the message again, to whoever consumes next.
    #[error("the message's consumer is gone, it will be delivered again")]
    Gone {
        /// What ended the consumer, if known.
        #[source]
        source: Option<Cause>,
    },
}

/// Why the broker could not be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The settings cannot be used.
    #[error("the broker's settings cannot be used: {reason}")]
    Settings {
        /// What is wrong with them. Never contains the address itself, which holds a password.
        reason: String,
    },
    /// No connection, or it was refused.
    #[error("cannot connect to the broker at {address}")]
    Connect {
        /// Host and port.
        address: String,
        /// The library's words.
        #[source]
        source: Cause,
    },
    /// A queue or exchange exists and differs.
    #[error(
        "{what} {name} exists with other settings than this version declares. Stop what uses it, empty it, delete it \
         (rabbitmqctl delete_queue, or the management page) and start again; the ledger restores what was in it. Or choose another prefix"
    )]
    Conflict {
        /// `queue` or `exchange`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The broker's words, which name the setting.
        #[source]
        source: Cause,
    },
    /// The broker answered an operation with an error.
    #[error("the broker failed to {operation}")]
    Operation {
        /// What was asked, and of what.
        operation: String,
        /// The broker's words.
        #[source]
        source: Cause,
    },
    /// No answer in time.
    #[error("the broker did not {operation} within {limit:?}")]
    TimedOut {
        /// What was asked.
        operation: String,
        /// How long it had.
        limit: Duration,
    },
    /// The broker takes no messages at present.
    #[error("the broker takes no messages: it is short of memory or disk")]
    Blocked,
    /// The connection ended.
    #[error("the connection to the broker ended")]
    Lost {
        /// Why, if it was said.
        #[source]
        source: Option<Cause>,
    },
    /// A queue that does not exist was asked for.
    #[error("there is no queue {name}")]
    NoQueue {
        /// Its name.
        name: String,
    },
    /// The transport has been closed by its owner.
    #[error("the transport is closed")]
    Closed,
}

impl BrokerError {
    /// Whether waiting cannot help: the broker answers, and refuses who we are or what we declare; or our settings cannot be used.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Settings { .. } | Self::Conflict { .. } | Self::NoQueue { .. } => true,
            Self::Connect { source, .. } | Self::Operation { source, .. } => {
                source.downcast_ref::<lapin::Error>().is_some_and(is_refusal)
            }
            Self::TimedOut { .. } | Self::Blocked | Self::Lost { .. } | Self::Closed => false,
        }
    }
}

/// A wrong password, a right that is missing, or a virtual host that does not exist.
fn is_refusal(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(said) = error.kind() else { return false };
    matches!(
        said.kind(),
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
    )
}
