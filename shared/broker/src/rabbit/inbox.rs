//! Consuming: a subscription that starts over by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::{FutureExt, StreamExt, future::BoxFuture};
use lapin::{
    Acker, Channel, Connection, Consumer,
    message::Delivery,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
        QueueDeclareOptions,
    },
    types::FieldTable,
};
use runtime::Runtime;
use tokio::sync::oneshot;

use super::{
    convert, declare,
    link::{Link, causes},
};
use crate::{BrokerError, Depth, Inbox, Incoming, Origin, Receipt, Settle, SettleError, Topology, Verdict, measure};

/// How long nothing may come before the queue is asked whether that is right.
const QUIET: Duration = Duration::from_secs(10);

/// The wait between two attempts to subscribe.
const PAUSE: Duration = Duration::from_millis(500);

/// Where messages come from and how.
#[derive(Clone)]
pub(super) struct Subscription {
    pub link: Link,
    pub runtime: Runtime,
    pub queue: Arc<str>,
    pub prefetch: u16,
    /// What has to exist: all of it, for a queue of ours; the listener's queue, for events.
    pub topology: Arc<Topology>,
    /// Whether the topology is declared first: a listener's queue is not declared with the connection.
    pub declares: bool,
}

/// An inbox on one queue.
pub(super) struct RabbitInbox {
    subscription: Subscription,
    open: Option<Open>,
    stopped: bool,
}

/// A live subscription, on a channel of its own: prefetch, acknowledgements and errors are the channel's.
struct Open {
    connection: Arc<Connection>,
    channel: Channel,
    consumer: Consumer,
    /// Delivered to us and not settled. A subscription that comes later counts anew.
    unsettled: Arc<AtomicUsize>,
    /// The queue had something for us at the last look, and nothing has come since.
    suspected: bool,
}

impl RabbitInbox {
    /// Subscribes.
    pub(super) async fn start(subscription: Subscription) -> Result<Self, BrokerError> {
        let open = subscription.open().await?;
        Ok(Self { subscription, open: Some(open), stopped: false })
    }
}

#[async_trait]
impl Inbox for RabbitInbox {
    async fn next(&mut self) -> Option<Incoming> {
        while !self.stopped {
            let Some(open) = &mut self.open else {
                self.open = Some(self.subscription.reopen().await?);
                continue;
            };
            match open.next(&self.subscription).await {
                Ok(incoming) => return Some(incoming),
                Err(why) => {
                    measure::consumer_restarted(why);
                    tracing::warn!(queue = &*self.subscription.queue, why, "broker.consumer_restarted");
                    self.open = None;
                }
            }
        }
        None
    }

    async fn stop_taking(&mut self) {
        self.stopped = true;
        let Some(open) = &mut self.open else { return };
        let tag = open.consumer.tag();
        let cancelled = open.channel.basic_cancel(tag, BasicCancelOptions::default());
        let _ = self.subscription.runtime.within(PAUSE, cancelled).await;
        // What had been sent ahead of the cancel was never begun: another consumer may have it at once.
        while let Some(Some(Ok(delivery))) = open.consumer.next().now_or_never() {
            drop(open.incoming(delivery, &self.subscription));
        }
    }
}

impl Subscription {
    /// Subscribes again, however long it takes; none where there will be no connection any more.
    async fn reopen(&self) -> Option<Open> {
        loop {
            match self.open().await {
                Ok(open) => return Some(open),
                Err(BrokerError::Closed) => return None,
                Err(error) => {
                    tracing::warn!(queue = &*self.queue, error = causes(&error), "broker.subscribe_failed");
                    self.runtime.sleep(PAUSE).await;
                }
            }
        }
    }

    /// What is begun is begun to its end, whoever waits for it. lapin keeps a consumer whose caller has gone away before the broker answered,
    /// and with it all that the queue sends, until the connection ends; here it is dropped, which gives everything back.
    async fn open(&self) -> Result<Open, BrokerError> {
        let connection = self.link.connection().await?;
        let (answer, opened) = oneshot::channel();
        let subscription = self.clone();
        self.runtime.spawn(async move {
            // Nobody waits for it any more: it ends with this.
            let _ = answer.send(subscription.open_on(connection).await);
        });
        self.link.ask("start a consumer", opened.map(|opened| opened.unwrap_or(Err(BrokerError::Closed)))).await
    }

    async fn open_on(&self, connection: Arc<Connection>) -> Result<Open, BrokerError> {
        if self.declares {
            declare::declare(&connection, &self.topology).await?;
        }
        let channel = declare::open(&connection).await?;
        let qos = channel.basic_qos(self.prefetch, BasicQosOptions::default()).await;
        qos.map_err(|error| declare::failed("set the prefetch", error))?;
        let options = BasicConsumeOptions::default();
        let consumer = channel.basic_consume((*self.queue).into(), "".into(), options, FieldTable::default()).await;
        match consumer {
            Ok(consumer) => Ok(Open { connection, channel, consumer, unsettled: Arc::default(), suspected: false }),
            Err(error) if declare::not_found(&error) => Err(BrokerError::NoQueue { name: self.queue.to_string() }),
            Err(error) => Err(declare::failed(format!("consume queue {}", self.queue), error)),
        }
    }

    /// Whether the queue holds messages that we have room for, at two looks in a row, and does not send them.
    async fn overlooked(&self, open: &mut Open) -> bool {
        let room = open.unsettled.load(Ordering::SeqCst) < usize::from(self.prefetch);
        let depth = self.link.ask("count a queue", depth(&open.connection, &self.queue)).await;
        let overlooked = room && depth.is_ok_and(|depth| depth.ready > 0 || depth.consumers == 0);
        std::mem::replace(&mut open.suspected, overlooked) && overlooked
    }
}

impl Open {
    /// The next message, or why this subscription yields no more.
    async fn next(&mut self, subscription: &Subscription) -> Result<Incoming, &'static str> {
        loop {
            tokio::select! {
                // A message that is already here costs no timer.
                biased;
                found = self.consumer.next() => return match found {
                    Some(Ok(delivery)) => Ok(self.incoming(delivery, subscription)),
                    Some(Err(_)) | None => Err("ended"),
                },
                () = subscription.link.replaced(&self.connection) => return Err("reconnected"),
                () = subscription.runtime.sleep(QUIET) => {
                    if subscription.overlooked(self).await {
                        return Err("stalled");
                    }
                }
            }
        }
    }

    fn incoming(&mut self, delivery: Delivery, subscription: &Subscription) -> Incoming {
        self.suspected = false;
        self.unsettled.fetch_add(1, Ordering::SeqCst);
        let (message, delivery_count) = convert::message(&delivery.properties, delivery.data);
        let receipt = Receipt::new(Unsettled {
            acker: delivery.acker,
            count: self.unsettled.clone(),
            link: subscription.link.clone(),
            connection: self.connection.clone(),
        });
        let origin = Origin {
            system: super::SYSTEM,
            exchange: delivery.exchange.to_string(),
            key: delivery.routing_key.to_string(),
            queue: subscription.queue.clone(),
            tag: delivery.delivery_tag,
        };
        Incoming { message, redelivered: delivery.redelivered, delivery_count, origin, receipt }
    }
}

/// How full `queue` is.
pub(super) async fn depth(connection: &Connection, queue: &str) -> Result<Depth, BrokerError> {
    let channel = declare::open(connection).await?;
    let options = QueueDeclareOptions::default().passive();
    match channel.queue_declare(queue.into(), options, FieldTable::default()).await {
        Ok(found) => Ok(Depth { ready: found.message_count().into(), consumers: found.consumer_count().into() }),
        Err(error) if declare::not_found(&error) => Err(BrokerError::NoQueue { name: queue.into() }),
        Err(error) => Err(declare::failed(format!("count queue {queue}"), error)),
    }
}

/// The right to settle one delivery. It knows the channel it came on and is worthless on any other.
struct Unsettled {
    acker: Acker,
    count: Arc<AtomicUsize>,
    link: Link,
    connection: Arc<Connection>,
}

impl Unsettled {
    /// Whether the broker was told, and on a connection that still stood.
    async fn tell(&self, verdict: Verdict) -> lapin::Result<bool> {
        let told = async {
            match verdict {
                Verdict::Ack => self.acker.ack(BasicAckOptions::default()).await,
                Verdict::Requeue => self.acker.nack(requeue()).await,
            }
        };
        tokio::select! {
            biased;
            told = told => told,
            // Seen: what lapin has queued at the moment a connection breaks may never hear of it.
            () = self.link.replaced(&self.connection) => Ok(false),
        }
    }
}

impl Settle for Unsettled {
    fn settle(self: Box<Self>, verdict: Verdict) -> BoxFuture<'static, Result<(), SettleError>> {
        Box::pin(async move {
            let settled = self.tell(verdict).await;
            self.count.fetch_sub(1, Ordering::SeqCst);
            match settled {
                Ok(true) => {
                    measure::settled(if verdict == Verdict::Ack { "ack" } else { "requeue" });
                    Ok(())
                }
                gone => {
                    measure::settled("gone");
                    Err(SettleError::Gone { source: gone.err().map(|error| Arc::new(error) as _) })
                }
            }
        })
    }

    fn abandon(self: Box<Self>) {
        measure::settled("abandoned");
        self.count.fetch_sub(1, Ordering::SeqCst);
        // The first poll hands the frame to the connection; there is nobody to wait for the rest.
        let _ = self.acker.nack(requeue()).now_or_never();
    }
}

fn requeue() -> BasicNackOptions {
    BasicNackOptions { multiple: false, requeue: true }
}
