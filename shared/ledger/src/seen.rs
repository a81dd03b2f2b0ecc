//! How the ledger shows in traces, by OpenTelemetry's conventions for databases.
//!
//! A span is what one caller asked for and waited for. It shares its transaction with whatever was asked for at that moment.

use tracing::Span;

use crate::LedgerError;

/// The database, as spans name it.
pub(crate) struct Place {
    /// The database system.
    pub system: &'static str,
    /// The server's host and port, where there is one.
    pub server: Option<(String, u16)>,
    /// The database's name.
    pub namespace: Option<String>,
}

impl Place {
    /// Does `work`, a transaction of ours, in a span. `command` tells more of it.
    pub(crate) async fn transaction<T>(
        &self,
        operation: &'static str,
        collection: &'static str,
        command: Option<&'static str>,
        work: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        let span = self.span(operation, collection, command);
        spans::detail(span, work, LedgerError::kind).await
    }

    fn span(&self, operation: &'static str, collection: &'static str, command: Option<&'static str>) -> Span {
        let server = self.server.as_ref();
        tracing::debug_span!(
            "ledger",
            otel.name = format!("{operation} {collection}"),
            otel.kind = "client",
            db.system.name = self.system,
            db.operation.name = operation,
            db.collection.name = collection,
            db.namespace = self.namespace,
            server.address = server.map(|(host, _)| host.as_str()),
            server.port = server.map(|(_, port)| *port),
            oncepost.command = command,
        )
    }
}
