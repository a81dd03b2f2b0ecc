//! A transport to test, and ways to wait.

use std::{future::Future, sync::Arc, time::Duration};

use broker::{
    BrokerUrl, Depth, Destination, Inbox, Incoming, Memory, Names, Outgoing, Rabbit, RabbitSettings, Source, Topology,
    Transport,
};
use jiff::Timestamp;
use runtime::Runtime;

/// The channels whose queues exist.
pub const CHANNELS: [&str; 2] = ["mastodon", "bluesky"];

/// Longer than anything that works takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A transport with empty queues of its own.
pub struct World {
    pub transport: Arc<dyn Transport>,
    pub runtime: Runtime,
    pub names: Names,
    url: Option<BrokerUrl>,
}

impl World {
    pub fn memory() -> Self {
        let runtime = Runtime::simulated(1, Timestamp::UNIX_EPOCH);
        let transport = Arc::new(Memory::new(&runtime, CHANNELS));
        Self { transport, runtime, names: Names::new("oncepost"), url: None }
    }

    pub async fn rabbit() -> Self {
        Self::rabbit_at(test_url()).await
    }

    /// Over the broker, or a proxy of it, at `url`.
    pub async fn rabbit_at(url: BrokerUrl) -> Self {
        // RUST_LOG shows what the connection does; a second test finds the subscriber installed already.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_test_writer().with_env_filter(filter).try_init();
        let runtime = Runtime::system();
        let settings = settings(url.clone(), &runtime);
        let names = Names::new(settings.prefix.clone());
        let transport = Arc::new(Rabbit::connect(&runtime, settings).await.expect("connects"));
        Self { transport, runtime, names, url: Some(url) }
    }

    pub async fn inbox(&self, source: Source, prefetch: u16) -> Box<dyn Inbox> {
        self.transport.consume(source, prefetch).await.expect("consumes")
    }

    pub async fn send(&self, to: Destination, id: &str) {
        self.transport.publish(Outgoing::json(to, id, "{}")).await.expect("confirmed");
    }

    pub async fn depth(&self, source: Source) -> Depth {
        self.transport.depth(source).await.expect("counted")
    }

    /// The next message, which has to come.
    pub async fn next(&self, inbox: &mut Box<dyn Inbox>) -> Incoming {
        self.within(inbox.next()).await.expect("a message")
    }

    /// Whether nothing comes for a while.
    pub async fn silent(&self, inbox: &mut Box<dyn Inbox>) -> bool {
        self.runtime.within(Duration::from_millis(300), inbox.next()).await.is_none()
    }

    pub async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.within(PATIENCE, work).await.expect("done in time")
    }

    /// Looks until `ready` messages are ready in the queue.
    pub async fn ready(&self, source: Source, ready: u64) {
        let settled = async {
            while !self.transport.depth(source.clone()).await.is_ok_and(|depth| depth.ready == ready) {
                self.runtime.sleep(Duration::from_millis(20)).await;
            }
        };
        self.within(settled).await;
    }

    /// Deletes what the test declared, if it went well; if not, it is there to be looked at.
    pub async fn tidy(self) {
        self.transport.close().await;
        let Some(url) = self.url else { return };
        let topology = Topology::new(&self.names, CHANNELS);
        let connection = raw(&url).await;
        let channel = connection.create_channel().await.expect("a channel");
        for queue in topology.queues {
            channel.queue_delete(queue.name.as_str().into(), Default::default()).await.expect("deleted");
        }
        for exchange in topology.exchanges {
            channel.exchange_delete(exchange.name.as_str().into(), Default::default()).await.expect("deleted");
        }
        connection.close(200, "bye".into()).await.expect("closed");
    }
}

/// Settings with names that no other test has, and little patience.
pub fn settings(url: BrokerUrl, runtime: &Runtime) -> RabbitSettings {
    let mut settings = RabbitSettings::new(url, "conformance", CHANNELS.map(String::from).to_vec());
    settings.prefix = format!("test-{}", runtime.id());
    settings.heartbeat = Duration::from_secs(2);
    // Well under the patience of a test: a connection that is cut in the middle of being set up may never say so, and is given up
    // after this.
    settings.connect_limit = PATIENCE / 4;
    settings
}

/// The broker for tests.
pub fn test_address() -> String {
    std::env::var("ONCEPOST_TEST_AMQP")
        .expect("these tests need a RabbitMQ: run `make test`, or set ONCEPOST_TEST_AMQP (amqp://127.0.0.1:15673)")
}

pub fn test_url() -> BrokerUrl {
    test_address().parse().expect("ONCEPOST_TEST_AMQP is an amqp URL")
}

/// A connection past our own code, to do what a person would do with the broker's tools.
pub async fn raw(url: &BrokerUrl) -> lapin::Connection {
    let address = format!("amqp://{}", url.address());
    lapin::Connection::connect(&address, lapin::ConnectionProperties::default()).await.expect("connects")
}

pub fn work(channel: &str) -> Destination {
    Destination::Publish { channel: channel.into() }
}

pub fn work_queue(channel: &str) -> Source {
    Source::Publish { channel: channel.into() }
}
