//! The way to Redis: one multiplexed connection per process, a limit on every answer, and a rest when it is away.

use std::{
    fmt,
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use runtime::Runtime;
use rustls as _; // redis brings no TLS cryptography of its own; this one line gives it ring
use tracing::Span;
use url::Url;

use super::breaker::{Ask, Breaker, Turn};
use crate::GuardError;

/// Requests that may queue for the one connection before callers wait.
const QUEUE: usize = 1024;

pub(super) struct Link {
    client: Client,
    shown: String,
    /// Host and port.
    server: (String, u16),
    limit: Duration,
    runtime: Runtime,
    connection: Mutex<ConnectionManager>,
    breaker: Breaker,
}

impl Link {
    /// Connects on first use: a service starts while Redis is away. Must be called inside a tokio runtime.
    pub(super) fn open(url: &str, limit: Duration, runtime: Runtime) -> Result<Self, GuardError> {
        let address = |source| GuardError::Address { source };
        let parsed = Url::parse(url).map_err(|error| address(Box::new(error)))?;
        let client = Client::open(url).map_err(|error| address(Box::new(error)))?;
        let connection = connect(&client, limit).map_err(|error| address(Box::new(error)))?;
        Ok(Self {
            client,
            shown: shown(&parsed),
            server: (parsed.host_str().unwrap_or_default().to_owned(), parsed.port().unwrap_or(6379)),
            limit,
            runtime,
            connection: Mutex::new(connection),
            breaker: Breaker::default(),
        })
    }

    /// Runs one operation. `Err` within the limit, whatever Redis does.
    pub(super) async fn call<T, F>(
        &self,
        operation: &'static str,
        work: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, GuardError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let span = self.span(operation);
        let answer = spans::detail(span, self.ask(operation, work), GuardError::kind).await;
        if answer.is_err() {
            metrics::counter!("oncepost_guard_errors_total", "operation" => operation).increment(1);
        }
        answer
    }

    /// How it shows in traces, by OpenTelemetry's conventions for Redis. What is not a command of its own is a script of ours.
    fn span(&self, operation: &'static str) -> Span {
        let (command, script) = match operation {
            "hint" => ("SET", None),
            "hint_of" => ("GET", None),
            "ping" => ("PING", None),
            "lock" => ("SET", None),
            script => ("EVALSHA", Some(script)),
        };
        let (host, port) = &self.server;
        tracing::debug_span!(
            "guard",
            otel.name = [Some(command), script].into_iter().flatten().collect::<Vec<_>>().join(" "),
            otel.kind = "client",
            db.system.name = "redis",
            db.operation.name = command,
            db.stored_procedure.name = script,
            server.address = host,
            server.port = port,
            oncepost.guard.operation = operation,
        )
    }

    async fn ask<T, F>(
        &self,
        operation: &'static str,
        work: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, GuardError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let connection = match self.breaker.ask(self.runtime.now()) {
            Ask::AsUsual => self.connection().clone(),
            Ask::Afresh => self.reconnect(operation)?,
            Ask::Not => return Err(GuardError::Away { operation }),
        };
        let answer = match self.runtime.within(self.limit, work(connection)).await {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(GuardError::Failed { operation, source: Box::new(error) }),
            None => Err(GuardError::Silent { operation, limit: self.limit }),
        };
        match self.breaker.heard(answer.is_ok(), self.runtime.now()) {
            Some(Turn::Lost) => {
                tracing::warn!(guard = %self.shown, operation, "the guard is away; going on without it, the ledger decides");
            }
            Some(Turn::Back) => tracing::info!(guard = %self.shown, "the guard is back"),
            None => {}
        }
        answer
    }

    fn connection(&self) -> std::sync::MutexGuard<'_, ConnectionManager> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reconnect(&self, operation: &'static str) -> Result<ConnectionManager, GuardError> {
        let fresh = connect(&self.client, self.limit)
            .map_err(|error| GuardError::Failed { operation, source: Box::new(error) })?;
        *self.connection() = fresh.clone();
        Ok(fresh)
    }
}

/// Shows where, never with what password.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn connect(client: &Client, limit: Duration) -> Result<ConnectionManager, RedisError> {
    // No retries in here: a call that waits for a back-off is a call that does not answer.
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit))
        .set_pipeline_buffer_size(QUEUE);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

fn shown(url: &Url) -> String {
    let credentials = if url.username().is_empty() && url.password().is_none() { "" } else { "***@" };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{credentials}{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}
