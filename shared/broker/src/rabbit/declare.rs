//! The topology, told to RabbitMQ. Declaring what exists already changes nothing, so it is also how what went missing is restored.

use std::sync::Arc;

use lapin::{
    Channel, Connection, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};

use crate::{
    BrokerError, Topology,
    topology::{Binding, Exchange, Kind, Queue},
};

/// Declares all of `topology` over a channel of its own.
pub(super) async fn declare(connection: &Connection, topology: &Topology) -> Result<(), BrokerError> {
    let channel = open(connection).await?;
    for exchange in &topology.exchanges {
        declare_exchange(&channel, exchange).await?;
    }
    for queue in &topology.queues {
        declare_queue(&channel, queue).await?;
    }
    for binding in &topology.bindings {
        bind(&channel, binding).await?;
    }
    Ok(())
}

/// A new channel.
pub(super) async fn open(connection: &Connection) -> Result<Channel, BrokerError> {
    connection.create_channel().await.map_err(|error| failed("open a channel", error))
}

/// The broker's answer `error` to `operation`.
pub(super) fn failed(operation: impl Into<String>, error: lapin::Error) -> BrokerError {
    BrokerError::Operation { operation: operation.into(), source: Arc::new(error) }
}

/// Whether the broker said that what was named does not exist.
pub(super) fn not_found(error: &lapin::Error) -> bool {
    soft(error, AMQPSoftError::NOTFOUND)
}

async fn declare_exchange(channel: &Channel, exchange: &Exchange) -> Result<(), BrokerError> {
    let kind = match exchange.kind {
        Kind::Direct => ExchangeKind::Direct,
        Kind::Fanout => ExchangeKind::Fanout,
        Kind::Topic => ExchangeKind::Topic,
    };
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let mut arguments = FieldTable::default();
    if let Some(alternate) = &exchange.alternate {
        arguments.insert("alternate-exchange".into(), text(alternate));
    }
    channel
        .exchange_declare(exchange.name.as_str().into(), kind, options, arguments)
        .await
        .map_err(|error| refused("exchange", &exchange.name, error))
}

async fn declare_queue(channel: &Channel, queue: &Queue) -> Result<(), BrokerError> {
    channel
        .queue_declare(queue.name.as_str().into(), QueueDeclareOptions::durable(), arguments(queue))
        .await
        .map(|_| ())
        .map_err(|error| refused("queue", &queue.name, error))
}

async fn bind(channel: &Channel, binding: &Binding) -> Result<(), BrokerError> {
    let (queue, exchange) = (binding.queue.as_str(), binding.exchange.as_str());
    channel
        .queue_bind(
            queue.into(),
            exchange.into(),
            binding.key.as_str().into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .map_err(|error| failed(format!("bind queue {queue} to exchange {exchange}"), error))
}

fn arguments(queue: &Queue) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(queue.delivery_limit.into()));
    if let Some(ttl) = queue.ttl {
        let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(millis));
    }
    if let Some(next) = &queue.dead_letter {
        arguments.insert("x-dead-letter-exchange".into(), text(&next.exchange));
        if let Some(key) = &next.key {
            arguments.insert("x-dead-letter-routing-key".into(), text(key));
        }
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        // At-least-once needs it; without a length limit it rejects nothing.
        arguments.insert("x-overflow".into(), text("reject-publish"));
    }
    arguments
}

fn refused(what: &'static str, name: &str, error: lapin::Error) -> BrokerError {
    if soft(&error, AMQPSoftError::PRECONDITIONFAILED) {
        BrokerError::Conflict { what, name: name.into(), source: Arc::new(error) }
    } else {
        failed(format!("declare {what} {name}"), error)
    }
}

fn soft(error: &lapin::Error, expected: AMQPSoftError) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(said) if *said.kind() == AMQPErrorKind::Soft(expected))
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
