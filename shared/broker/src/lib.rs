//! The transport: messages between the services, confirmed when sent and settled when done.
//!
//! [`Transport`] is the port. [`rabbit`] carries it over RabbitMQ and is the only code of the workspace that names lapin; [`memory`] is its
//! twin inside the process. Both obey one [`Topology`], which is data. See the crate's README for the invariants.

mod address;
mod errors;
mod look;
mod measure;
pub mod memory;
mod message;
pub mod rabbit;
mod seen;
mod tier;
pub mod topology;
mod transport;

pub use address::{Destination, Names, Source};
pub use errors::{BrokerError, Cause, PublishError, SettleError};
pub use look::{Look, LookError, MOST_HELD};
pub use memory::Memory;
pub use message::{Headers, Incoming, Message, Outgoing, Receipt, Settle, Verdict};
pub use rabbit::{BrokerUrl, Rabbit, RabbitSettings};
pub use seen::Origin;
pub use tier::Tier;
pub use topology::Topology;
pub use transport::{Depth, Inbox, Status, Transport, consume_patiently};
