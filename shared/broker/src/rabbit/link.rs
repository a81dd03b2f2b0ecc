//! One connection, kept alive: connect, declare, serve, and after any trouble from the beginning.
//!
//! lapin's own recovery stays off. Seen with it: a broker restart that left the process dead for minutes without an error. Whatever goes
//! wrong here ends the session, and everybody who used it starts over with the next.

use std::{
    future::{Future, pending},
    sync::Arc,
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;
use jiff::Timestamp;
use lapin::{Connection, ConnectionProperties, Event};
use runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{RabbitSettings, declare, publisher, publisher::Request};
use crate::{BrokerError, Topology, measure};

/// The delay before connecting again doubles from here…
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// …to here; jitter adds up to as much again, so that no wait is longer than 5 s.
const LAST_DELAY: Duration = Duration::from_millis(2500);

/// How long a session has to last for the next delay to be short again.
const STEADY: Duration = Duration::from_secs(10);

/// What a connection is for. Two, because a broker that is short of memory stops reading from whoever publishes: acknowledgements, which
/// would free its memory, must not wait behind that.
pub(super) enum Duty {
    /// Serves publishes.
    Publish(mpsc::Receiver<Request>),
    /// Carries consumers, who come by themselves.
    Consume,
}

/// The state of a link, as seen by those who use it.
#[derive(Clone)]
pub(super) struct State {
    pub connection: Option<Arc<Connection>>,
    pub since: Timestamp,
    pub last_error: Option<Arc<BrokerError>>,
}

/// A handle on a supervised connection.
#[derive(Clone)]
pub(super) struct Link {
    state: watch::Receiver<State>,
    runtime: Runtime,
    limit: Duration,
}

impl Link {
    /// Starts the supervisor. It ends with `stop`.
    pub(super) fn start(
        runtime: &Runtime,
        settings: Arc<RabbitSettings>,
        topology: Arc<Topology>,
        duty: Duty,
        stop: CancellationToken,
    ) -> Self {
        let (sender, state) = watch::channel(State { connection: None, since: runtime.now(), last_error: None });
        let limit = settings.connect_limit;
        let supervisor = Supervisor { runtime: runtime.clone(), settings, topology, duty, state: sender, stop };
        runtime.spawn(supervisor.run());
        Self { state, runtime: runtime.clone(), limit }
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// The present connection, or the next.
    ///
    /// # Errors
    /// If there is none within the limit for connecting, or never will be.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, BrokerError> {
        let mut state = self.state.clone();
        let connected = state.wait_for(|state| state.connection.is_some());
        match self.runtime.within(self.limit, connected).await {
            Some(Ok(state)) => state.connection.clone().ok_or(BrokerError::Closed),
            Some(Err(_)) => Err(BrokerError::Closed),
            None => Err(BrokerError::Lost { source: self.state().last_error.map(|error| error as _) }),
        }
    }

    /// Waits for the first connection; gives up before `limit` where waiting cannot help.
    pub(super) async fn first(&self, limit: Duration) -> Result<(), BrokerError> {
        let mut state = self.state.clone();
        let hopeless = |state: &State| state.last_error.as_ref().is_some_and(|error| error.needs_a_person());
        let settled = state.wait_for(|state| state.connection.is_some() || hopeless(state));
        let reached = self.runtime.within(limit, settled).await.is_some();
        let state = self.state();
        match (state.connection, state.last_error) {
            (Some(_), _) => Ok(()),
            (None, Some(error)) => Err(BrokerError::clone(&error)),
            (None, None) if reached => Err(BrokerError::Closed),
            (None, None) => Err(BrokerError::TimedOut { operation: "accept a connection".into(), limit }),
        }
    }

    /// Waits until `connection` is no longer the present one.
    pub(super) async fn replaced(&self, connection: &Arc<Connection>) {
        let mut state = self.state.clone();
        let gone = |state: &State| !state.connection.as_ref().is_some_and(|present| Arc::ptr_eq(present, connection));
        // The sender is gone only when the link has ended, which is a way of being replaced.
        let _ = state.wait_for(gone).await;
    }

    /// One question to the broker under the limit for it.
    pub(super) async fn ask<T>(
        &self,
        operation: &str,
        question: impl Future<Output = Result<T, BrokerError>>,
    ) -> Result<T, BrokerError> {
        match self.runtime.within(self.limit, question).await {
            Some(answer) => answer,
            None => Err(BrokerError::TimedOut { operation: operation.into(), limit: self.limit }),
        }
    }
}

struct Supervisor {
    runtime: Runtime,
    settings: Arc<RabbitSettings>,
    topology: Arc<Topology>,
    duty: Duty,
    state: watch::Sender<State>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(mut self) {
        let mut delays = self.delays();
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            let began = self.runtime.now();
            let error = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                error = self.session() => error,
            };
            self.lost(error);
            if Duration::try_from(self.runtime.now().duration_since(began)).unwrap_or_default() >= STEADY {
                delays = self.delays();
            }
            let delay = delays.next().unwrap_or(LAST_DELAY);
            tokio::select! {
                () = self.runtime.sleep(delay) => {}
                () = stop.cancelled() => break,
            }
        }
        self.end().await;
    }

    /// From connecting to the error that ends it.
    async fn session(&mut self) -> BrokerError {
        let limit = self.settings.connect_limit;
        let connection = match self.runtime.within(limit, self.connect()).await {
            Some(Ok(connection)) => Arc::new(connection),
            Some(Err(error)) => return error,
            None => return BrokerError::TimedOut { operation: "accept a connection and the topology".into(), limit },
        };
        let events = connection.events_listener();
        self.connected(connection.clone());
        let error = tokio::select! {
            error = ended(events) => error,
            error = probe(&connection, &self.topology, &self.runtime, &self.settings) => error,
            error = serve(&mut self.duty, &connection, &self.runtime, &self.settings) => error,
        };
        close(&connection, &self.runtime).await;
        error
    }

    async fn connect(&self) -> Result<Connection, BrokerError> {
        let settings = &self.settings;
        let name = format!("{} {}", settings.connection_name, self.role());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let uri = settings.url.uri(settings.heartbeat, settings.connect_limit);
        let connection = Connection::connect_uri(uri, properties)
            .await
            .map_err(|error| BrokerError::Connect { address: settings.url.address(), source: Arc::new(error) })?;
        declare::declare(&connection, &self.topology).await?;
        Ok(connection)
    }

    fn connected(&self, connection: Arc<Connection>) {
        measure::connected(self.role(), true);
        tracing::info!(address = self.settings.url.address(), role = self.role(), "broker.connected");
        let since = self.runtime.now();
        self.state.send_modify(|state| {
            state.connection = Some(connection);
            state.since = since;
        });
    }

    fn lost(&self, error: BrokerError) {
        measure::connected(self.role(), false);
        measure::reconnecting(self.role());
        let causes = causes(&error);
        tracing::warn!(
            address = self.settings.url.address(),
            role = self.role(),
            error = causes,
            "broker.disconnected"
        );
        let now = self.runtime.now();
        self.state.send_modify(|state| {
            if state.connection.take().is_some() {
                state.since = now;
            }
            state.last_error = Some(Arc::new(error));
        });
    }

    async fn end(&self) {
        let connection = self.state.borrow().connection.clone();
        if let Some(connection) = connection {
            close(&connection, &self.runtime).await;
        }
        measure::connected(self.role(), false);
        self.state.send_modify(|state| {
            state.connection = None;
            state.last_error = Some(Arc::new(BrokerError::Closed));
        });
    }

    fn role(&self) -> &'static str {
        match self.duty {
            Duty::Publish(_) => "publish",
            Duty::Consume => "consume",
        }
    }

    fn delays(&self) -> impl Iterator<Item = Duration> + use<> {
        let seed = self.runtime.id().as_u64_pair().1;
        ExponentialBuilder::default()
            .with_min_delay(FIRST_DELAY)
            .with_max_delay(LAST_DELAY)
            .without_max_times()
            .with_jitter()
            .with_jitter_seed(seed)
            .build()
    }
}

async fn serve(duty: &mut Duty, connection: &Connection, runtime: &Runtime, settings: &RabbitSettings) -> BrokerError {
    match duty {
        Duty::Publish(requests) => publisher::serve(connection, requests, runtime, settings.confirm_limit).await,
        Duty::Consume => pending().await,
    }
}

/// Waits for the connection to report its end.
async fn ended(events: impl futures::Stream<Item = Event>) -> BrokerError {
    let mut events = std::pin::pin!(events);
    loop {
        match events.next().await {
            // An error on one channel is its user's affair.
            Some(Event::Error(error)) if error.is_amqp_soft_error() => {}
            Some(Event::Error(error)) => return BrokerError::Lost { source: Some(Arc::new(error)) },
            Some(Event::ConnectionBlocked(reason)) => tracing::warn!(reason, "broker.blocked"),
            Some(Event::ConnectionUnblocked) => tracing::info!("broker.unblocked"),
            Some(_) => {}
            None => return BrokerError::Lost { source: None },
        }
    }
}

/// Asks the broker something at every heartbeat and ends with the first question that is not answered. What it asks is to declare the
/// topology: a round trip, and a queue that somebody deleted comes back.
async fn probe(
    connection: &Connection,
    topology: &Topology,
    runtime: &Runtime,
    settings: &RabbitSettings,
) -> BrokerError {
    loop {
        runtime.sleep(settings.heartbeat).await;
        // A blocked connection is not read from; that is no reason to drop it.
        if connection.status().blocked() {
            continue;
        }
        match runtime.within(settings.connect_limit, declare::declare(connection, topology)).await {
            Some(Ok(())) => {}
            // A newer version is being rolled out: what is running goes on until it is replaced.
            Some(Err(error @ BrokerError::Conflict { .. })) => {
                tracing::error!(error = causes(&error), "broker.topology_conflict");
            }
            Some(Err(error)) => return error,
            None => {
                let limit = settings.connect_limit;
                return BrokerError::TimedOut { operation: "answer a probe".into(), limit };
            }
        }
    }
}

/// Closes in order if the peer plays along, and forgets the connection otherwise.
///
/// A channel that was dropped is closed by lapin later, and one that finds its connection closing then is reported as an error of that. A
/// round trip on another channel comes after all of them.
async fn close(connection: &Connection, runtime: &Runtime) {
    let in_order = async {
        if let Ok(last) = connection.create_channel().await {
            let _ = last.close(200, "bye".into()).await;
        }
        let _ = connection.close(200, "bye".into()).await;
    };
    if connection.status().connected() {
        let _ = runtime.within(Duration::from_secs(1), in_order).await;
    }
}

/// An error and its causes in one line, for the log.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
