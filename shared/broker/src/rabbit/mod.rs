//! The transport over RabbitMQ 3.10 to 4.x.
//!
//! `link` keeps a connection alive, `publisher` sends over one, `inbox` receives over the other, `declare` tells the topology.

mod convert;
mod declare;
mod drain;
mod inbox;
mod link;
mod publisher;
mod returns;
mod settings;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use lapin::options::QueuePurgeOptions;
use runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    BrokerError, Depth, Inbox, Message, Names, Outgoing, PublishError, Source, Status, Topology, Transport,
    address::Address, measure, seen::Carrier, topology::LONGEST_CHANNEL,
};
use inbox::{RabbitInbox, Subscription};
use link::{Duty, Link};
use publisher::Request;

pub use settings::{BrokerUrl, RabbitSettings};

/// How many publishes may stand in line before callers have to wait to stand in it.
const LINE: usize = 1024;

/// The bytes AMQP gives a name; lapin panics over more.
const LONGEST_NAME: usize = 255;

/// What spans call it.
const SYSTEM: &str = "rabbitmq";

/// The transport over RabbitMQ.
pub struct Rabbit {
    // First, so that the links know of the end before they miss those who send.
    _ends_with_us: DropGuard,
    names: Names,
    carrier: Carrier,
    topology: Arc<Topology>,
    settings: Arc<RabbitSettings>,
    runtime: Runtime,
    requests: mpsc::Sender<Request>,
    publishing: Link,
    consuming: Link,
    stop: CancellationToken,
}

impl Rabbit {
    /// Connects, as [`Rabbit::open`] does, and waits for it.
    ///
    /// # Errors
    /// If the broker cannot be reached within the limit for connecting, or refuses us ([`BrokerError::needs_a_person`]).
    pub async fn connect(runtime: &Runtime, settings: RabbitSettings) -> Result<Self, BrokerError> {
        let limit = settings.connect_limit;
        let rabbit = Self::open(runtime, settings)?;
        rabbit.connected(limit).await?;
        Ok(rabbit)
    }

    /// Begins to connect, declares the topology and stays connected until it is closed or dropped. Whoever uses it before there is a
    /// connection waits for one.
    ///
    /// The connection does not heed the runtime's stop signal: work that drains still needs it.
    ///
    /// # Errors
    /// If the settings cannot be used.
    pub fn open(runtime: &Runtime, settings: RabbitSettings) -> Result<Self, BrokerError> {
        check(&settings)?;
        // Tasks of its own, so that a drain does not wait for the connection it drains over.
        let runtime = runtime.sibling();
        let stop = runtime.stop();
        let names = Names::new(settings.prefix.clone());
        let topology = Arc::new(Topology::new(&names, settings.channels.iter().map(String::as_str)));
        let settings = Arc::new(settings);
        let (requests, line) = mpsc::channel(LINE);
        let guard = stop.clone().drop_guard();
        let start = |duty| Link::start(&runtime, settings.clone(), topology.clone(), duty, stop.clone());
        let (publishing, consuming) = (start(Duty::Publish(line)), start(Duty::Consume));
        let carrier = Carrier { system: SYSTEM, server: Some(settings.url.server()) };
        Ok(Self {
            names,
            carrier,
            topology,
            settings,
            runtime,
            requests,
            publishing,
            consuming,
            stop,
            _ends_with_us: guard,
        })
    }

    /// Waits until there is a connection, for the first time.
    ///
    /// # Errors
    /// There is none within `limit`; or before, if the broker refuses us ([`BrokerError::needs_a_person`]).
    pub async fn connected(&self, limit: Duration) -> Result<(), BrokerError> {
        self.publishing.first(limit).await?;
        self.consuming.first(limit).await
    }

    /// The queue behind `source`, which may have been named by a person.
    fn queue(&self, source: &Source) -> Result<String, BrokerError> {
        let name = self.names.queue(source);
        if name.len() > LONGEST_NAME { Err(BrokerError::NoQueue { name }) } else { Ok(name) }
    }

    async fn hand_over(&self, address: Address, message: Message) -> Result<(), PublishError> {
        let (request, pending) = Request::new(address, message, self.runtime.now())?;
        let publish = async {
            if self.requests.send(request).await.is_err() {
                return None;
            }
            pending.answer.await.ok()
        };
        let limit = self.settings.confirm_limit;
        match self.runtime.within(limit, publish).await {
            Some(Some(answer)) => answer,
            ended => {
                let cause = if ended.is_some() || self.publishing.state().connection.is_none() {
                    self.publishing.state().last_error
                } else {
                    None
                };
                if !pending.handed_over.load(Ordering::SeqCst) {
                    return Err(PublishError::Unreachable { source: cause });
                }
                let operation = "confirm a message".into();
                let source = cause.unwrap_or_else(|| Arc::new(BrokerError::TimedOut { operation, limit }));
                Err(PublishError::Unknown { source })
            }
        }
    }
}

#[async_trait]
impl Transport for Rabbit {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        let Outgoing { to, message } = message;
        let kind = to.kind();
        let hand_over = |address, message| self.hand_over(address, message);
        let result = self.carrier.sending(self.names.address(&to), message, hand_over).await;
        measure::published(kind, result.as_ref().map_or_else(PublishError::kind, |()| "confirmed"));
        result
    }

    async fn consume(&self, source: Source, prefetch: u16) -> Result<Box<dyn Inbox>, BrokerError> {
        let queue = self.queue(&source)?;
        let (topology, declares) = match &source {
            Source::Events { queue, topic } => (Arc::new(Topology::listener(&self.names, queue, topic)), true),
            _ => (self.topology.clone(), false),
        };
        let subscription = Subscription {
            link: self.consuming.clone(),
            runtime: self.runtime.clone(),
            queue: queue.into(),
            prefetch,
            topology,
            declares,
        };
        Ok(Box::new(RabbitInbox::start(subscription).await?))
    }

    async fn depth(&self, source: Source) -> Result<Depth, BrokerError> {
        let connection = self.consuming.connection().await?;
        let queue = self.queue(&source)?;
        self.consuming.ask("count a queue", inbox::depth(&connection, &queue)).await
    }

    async fn purge(&self, source: Source) -> Result<u64, BrokerError> {
        let connection = self.consuming.connection().await?;
        let queue = self.queue(&source)?;
        let purged = async {
            let channel = declare::open(&connection).await?;
            match channel.queue_purge(queue.as_str().into(), QueuePurgeOptions::default()).await {
                Ok(count) => Ok(count.into()),
                Err(error) if declare::not_found(&error) => Err(BrokerError::NoQueue { name: queue.clone() }),
                Err(error) => Err(declare::failed(format!("purge queue {queue}"), error)),
            }
        };
        self.consuming.ask("purge a queue", purged).await
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        let queue = self.names.unrouted();
        for link in [&self.publishing, &self.consuming] {
            let connection = link.connection().await?;
            if connection.status().blocked() {
                return Err(BrokerError::Blocked);
            }
            link.ask("answer a ping", inbox::depth(&connection, &queue)).await?;
        }
        Ok(())
    }

    fn status(&self) -> Status {
        let (one, other) = (self.publishing.state(), self.consuming.state());
        Status {
            connected: one.connection.is_some() && other.connection.is_some(),
            since: one.since.max(other.since),
            last_error: one.last_error.or(other.last_error),
        }
    }

    async fn close(&self) {
        self.stop.cancel();
        self.runtime.stopped().await;
    }
}

/// Names have to fit AMQP's short strings: lapin panics over longer ones.
fn check(settings: &RabbitSettings) -> Result<(), BrokerError> {
    let too_long = settings.prefix.len() > LONGEST_CHANNEL
        || settings.channels.iter().any(|channel| channel.len() > LONGEST_CHANNEL)
        || settings.connection_name.len() > LONGEST_CHANNEL;
    if too_long {
        let reason = format!("prefix, connection name and channel names are limited to {LONGEST_CHANNEL} bytes");
        return Err(BrokerError::Settings { reason });
    }
    Ok(())
}
