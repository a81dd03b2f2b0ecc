//! RabbitMQ as an upstream service or an operator sees it, with a client of its own.

use std::{collections::BTreeMap, time::Duration};

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    message::Delivery,
    options::{
        BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
        QueuePurgeOptions,
    },
    types::{AMQPValue, FieldTable},
};

use crate::ground::until;

/// A connection to the broker of one run.
pub struct Queues {
    channel: Channel,
    prefix: String,
    _connection: Connection,
}

/// A message that was taken from a queue.
#[derive(Debug)]
pub struct Taken {
    pub body: Vec<u8>,
    pub correlation: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub properties: BasicProperties,
}

impl Queues {
    pub async fn connect(url: &str, prefix: &str) -> Self {
        // Refused only if it was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { channel, prefix: prefix.into(), _connection: connection }
    }

    /// Sends a message and waits for the confirm.
    pub async fn send(&self, exchange: &str, key: &str, body: &[u8], correlation: &str) {
        let exchange = format!("{}.{exchange}", self.prefix);
        let properties = BasicProperties::default().with_delivery_mode(2).with_correlation_id(correlation.into());
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sent = self.channel.basic_publish(exchange.as_str().into(), key.into(), options, body, properties).await;
        let confirm = sent.unwrap().await.unwrap();
        assert!(confirm.is_ack() && confirm.take_message().is_none(), "{exchange} did not take a message");
    }

    /// Takes `count` messages from a queue; fails if they do not come.
    pub async fn take(&self, queue: &str, count: usize) -> Vec<Taken> {
        let queue = format!("{}.{queue}", self.prefix);
        let mut taken = Vec::new();
        let found = std::cell::Cell::new(0);
        let what = || format!("{count} messages in {queue}; there are {}", found.get());
        until(Duration::from_secs(30), what, async || {
            let get = self.channel.basic_get(queue.as_str().into(), BasicGetOptions::default());
            if let Some(message) = get.await.unwrap() {
                message.delivery.acker.ack(BasicAckOptions::default()).await.unwrap();
                taken.push(Taken::of(message.delivery));
                found.set(taken.len());
            }
            taken.len() >= count
        })
        .await;
        taken
    }

    /// Sends a message that was taken, as it came.
    pub async fn put(&self, exchange: &str, key: &str, taken: &Taken) {
        let exchange = format!("{}.{exchange}", self.prefix);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (to, by) = (exchange.as_str().into(), key.into());
        let sent = self.channel.basic_publish(to, by, options, &taken.body, taken.properties.clone()).await;
        let confirm = sent.unwrap().await.unwrap();
        assert!(confirm.is_ack() && confirm.take_message().is_none(), "{exchange} did not take a message");
    }

    /// Moves `count` messages of a queue to an exchange as a shovel does: as they came, headers and all.
    pub async fn shovel(&self, queue: &str, count: usize, exchange: &str, key: &str) {
        for taken in self.take(queue, count).await {
            self.put(exchange, key, &taken).await;
        }
    }

    /// How many messages wait in a queue.
    pub async fn depth(&self, queue: &str) -> u32 {
        let queue = format!("{}.{queue}", self.prefix);
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let found = self.channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await;
        found.unwrap().message_count()
    }

    /// Empties a queue; returns how many messages were lost with that.
    pub async fn purge(&self, queue: &str) -> u32 {
        let queue = format!("{}.{queue}", self.prefix);
        self.channel.queue_purge(queue.as_str().into(), QueuePurgeOptions::default()).await.unwrap()
    }
}

impl Taken {
    fn of(delivery: Delivery) -> Self {
        let correlation = delivery.properties.correlation_id().as_ref().map(ToString::to_string);
        let table = delivery.properties.headers().clone().unwrap_or_default();
        let text = |value: &AMQPValue| match value {
            AMQPValue::LongString(text) => text.to_string(),
            other => format!("{other:?}"),
        };
        let headers = table.inner().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Self { body: delivery.data, correlation, headers, properties: delivery.properties }
    }
}
