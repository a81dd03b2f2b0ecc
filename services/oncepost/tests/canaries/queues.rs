//! Every message of a run's broker.

use std::time::{Duration, Instant};

use broker::{Names, Tier};
use lapin::{
    Channel, Connection, ConnectionProperties,
    message::Delivery,
    options::{
        BasicGetOptions, BasicNackOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    types::FieldTable,
};

pub struct Queues {
    channel: Channel,
    names: Names,
    _connection: Connection,
}

impl Queues {
    /// Listens to everything that passes an exchange from now on.
    pub async fn listen(url: &str, prefix: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let queues = Self { channel, names: Names::new(prefix), _connection: connection };
        queues.bind("heard.events", &queues.names.events(), "#").await;
        for tier in Tier::ALL {
            queues.bind("heard.retry", &queues.names.retry(tier), "").await;
        }
        queues
    }

    async fn bind(&self, queue: &str, exchange: &str, key: &str) {
        let queue = self.own(queue);
        let (declare, bind) = (QueueDeclareOptions::default(), QueueBindOptions::default());
        self.channel.queue_declare(queue.as_str().into(), declare, FieldTable::default()).await.unwrap();
        let bound =
            self.channel.queue_bind(queue.as_str().into(), exchange.into(), key.into(), bind, FieldTable::default());
        bound.await.unwrap();
    }

    fn own(&self, queue: &str) -> String {
        format!("{}.{queue}", self.names.publish())
    }

    /// Sends upstream's message.
    pub async fn schedule(&self, body: &[u8]) {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let exchange = self.names.schedule();
        let sent = self.channel.basic_publish(exchange.as_str().into(), "".into(), options, body, Default::default());
        assert!(sent.await.unwrap().await.unwrap().is_ack());
    }

    /// Waits until `count` messages are in the work queues of these channels, and shows them. They stay where they are.
    pub async fn work(&self, channels: &[&str], count: usize) -> Vec<u8> {
        let began = Instant::now();
        loop {
            let (mut shown, mut seen) = (Vec::new(), 0);
            for channel in channels {
                let (some, text) = self.read(&self.names.publish_queue(channel)).await;
                seen += some;
                shown.extend(text);
            }
            if seen >= count {
                return shown;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{seen} of {count} messages wait for workers");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub async fn events(&self) -> Vec<u8> {
        self.read(&self.own("heard.events")).await.1
    }

    pub async fn retries(&self) -> Vec<u8> {
        self.read(&self.own("heard.retry")).await.1
    }

    pub async fn dead(&self, channels: &[&str]) -> (usize, Vec<u8>) {
        let (mut count, mut shown) = (0, Vec::new());
        for channel in channels {
            let (some, text) = self.read(&self.names.dead_queue(channel)).await;
            count += some;
            shown.extend(text);
        }
        (count, shown)
    }

    pub async fn rejected(&self) -> Vec<u8> {
        self.read(&self.names.rejected()).await.1
    }

    /// What a queue holds, and how many messages that are. All of them go back.
    async fn read(&self, queue: &str) -> (usize, Vec<u8>) {
        let (mut taken, mut shown) = (Vec::new(), Vec::new());
        while let Some(message) = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap() {
            shown.extend(show(&message.delivery));
            taken.push(message.delivery.acker);
        }
        for acker in &taken {
            acker.nack(BasicNackOptions { requeue: true, ..BasicNackOptions::default() }).await.unwrap();
        }
        (taken.len(), shown)
    }
}

/// Address, properties with all header fields, and body.
fn show(delivery: &Delivery) -> Vec<u8> {
    let mut shown = format!("{} {} {:?}\n", delivery.exchange, delivery.routing_key, delivery.properties).into_bytes();
    shown.extend_from_slice(&delivery.data);
    shown.push(b'\n');
    shown
}
