//! What RabbitMQ takes at most: messages published with confirms to a quorum queue and consumed with acknowledgements at the same time, by
//! lapin alone. A benchmark of the whole is held against it.
//!
//! `ONCEPOST_TEST_AMQP=… cargo run --release -p oncepost-broker --example raw_amqp [messages] [in flight]`
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::{error::Error, time::Instant};

use futures::{StreamExt, stream};
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};

/// As large as a publish message.
const BODY: [u8; 600] = [b'x'; 600];
/// What a worker holds at once, as the settings have it.
const PREFETCH: u16 = 200;
/// The delivery mode of messages that are kept on the disk.
const PERSISTENT: u8 = 2;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let messages = numbers.next().transpose()?.unwrap_or(20_000);
    let in_flight = numbers.next().transpose()?.unwrap_or(1_000);
    let url = std::env::var("ONCEPOST_TEST_AMQP")?;
    let queue = format!("raw.{}", std::process::id());
    // A connection for each side, as schedulers and workers have.
    let (upstream, downstream) = (connect(&url).await?, connect(&url).await?);
    let publisher = upstream.create_channel().await?;
    publisher.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    publisher.queue_declare(queue.as_str().into(), QueueDeclareOptions::durable(), arguments).await?;
    let consumer = downstream.create_channel().await?;
    consumer.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let mut deliveries = consumer
        .basic_consume(queue.as_str().into(), "raw".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;

    let began = Instant::now();
    let publish = async {
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        let mut confirms = stream::iter(0..messages)
            .map(|_| async {
                let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
                let sent =
                    publisher.basic_publish("".into(), queue.as_str().into(), options, &BODY, properties.clone());
                sent.await?.await
            })
            .buffer_unordered(in_flight);
        while let Some(confirm) = confirms.next().await {
            if !confirm?.is_ack() {
                return Err("RabbitMQ refused a message".into());
            }
        }
        Ok::<_, Box<dyn Error>>(())
    };
    let consume = async {
        for _ in 0..messages {
            let delivery = deliveries.next().await.ok_or("the consumer was ended")??;
            delivery.ack(BasicAckOptions::default()).await?;
        }
        Ok::<_, Box<dyn Error>>(())
    };
    tokio::try_join!(publish, consume)?;
    let seconds = began.elapsed().as_secs_f64();
    publisher.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
    println!("{}", serde_json::json!({ "raw": "amqp", "count": messages, "per_second": messages as f64 / seconds }));
    Ok(())
}

async fn connect(url: &str) -> lapin::Result<Connection> {
    Connection::connect(url, ConnectionProperties::default()).await
}
