//! How to reach PostgreSQL.

use std::{fmt, io::ErrorKind, str::FromStr, time::Duration};

use domain::Policy;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::certificates;
use crate::{Failover, LedgerError, TimeSource, seen::Place};

/// How to reach PostgreSQL, and what decisions depend on.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Where the server is: `postgres://user:password@host:port/database`. Holds a secret, so it is never shown.
    pub url: String,
    /// The most connections.
    pub pool: u32,
    /// The schema that holds the tables; the server's default if `None`. Letters, digits and `_`.
    pub schema: Option<String>,
    /// Which clock counts.
    pub time: TimeSource,
    /// What a new timeline of the database means.
    pub failover: Failover,
    /// The numbers that decisions use.
    pub policy: Policy,
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("pool", &self.pool)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// The usual options for a server.
    pub fn new(url: impl Into<String>, policy: Policy, time: TimeSource) -> Self {
        Self { url: url.into(), pool: 16, schema: None, time, failover: Failover::default(), policy }
    }

    /// The pool that everything goes through.
    pub(super) async fn connect(&self) -> Result<PgPool, LedgerError> {
        let options = self.parsed()?.options([
            // A process that freezes inside a transaction must not hold its rows for ever.
            ("idle_in_transaction_session_timeout", "15s"),
            ("lock_timeout", "10s"),
            ("statement_timeout", "60s"),
            // Everything but the census goes by an index, whatever the statistics say of tables that change by the second.
            ("enable_seqscan", "off"),
        ]);
        self.connected(pool(self.pool.max(2)), options).await
    }

    /// A pool for migrations, which may take long.
    pub(super) async fn migrating(&self) -> Result<PgPool, LedgerError> {
        self.connected(pool(1), self.parsed()?).await
    }

    /// A pool of one connection that only listens. It connects when it is used.
    pub(super) fn listening(&self) -> Result<PgPool, LedgerError> {
        Ok(pool(1).connect_lazy_with(self.parsed()?))
    }

    /// Where it is, as traces name it.
    pub(super) fn place(&self) -> Result<Place, LedgerError> {
        let options = self.parsed()?;
        let server = (options.get_host().to_owned(), options.get_port());
        let namespace = options.get_database().map(str::to_owned);
        Ok(Place { system: "postgresql", server: Some(server), namespace })
    }

    /// Makes the schema if it is named and not there.
    pub(super) async fn make_schema(&self, pool: &PgPool) -> Result<(), LedgerError> {
        let Some(schema) = &self.schema else { return Ok(()) };
        // The name holds nothing but letters, digits and `_`: see `parsed`.
        let statement = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""));
        sqlx::raw_sql(statement).execute(pool).await.map(drop).map_err(LedgerError::of("make the schema"))
    }

    /// Fills the pool. One that cannot be reached says only that its time is over, so the server is asked once more for the reason.
    async fn connected(&self, pool: PgPoolOptions, options: PgConnectOptions) -> Result<PgPool, LedgerError> {
        let failed = match pool.connect_with(options.clone()).await {
            Ok(pool) => return Ok(pool),
            Err(sqlx::Error::PoolTimedOut) => match tokio::time::timeout(LIMIT, options.connect()).await {
                Ok(Err(why)) => why,
                Ok(Ok(_)) | Err(_) => sqlx::Error::PoolTimedOut,
            },
            Err(error) => error,
        };
        // A file that is not there looks like a server that is not there.
        let unreadable = match &failed {
            sqlx::Error::Io(why) if is_of_a_file(why.kind()) => certificates::unreadable(&self.url).await,
            _ => None,
        };
        Err(unreadable.unwrap_or_else(|| LedgerError::of("connect")(failed)))
    }

    fn parsed(&self) -> Result<PgConnectOptions, LedgerError> {
        // The parser's own words could repeat the password.
        let options = PgConnectOptions::from_str(&self.url)
            .map_err(|_| LedgerError::Settings { what: "the address is not one of PostgreSQL".into() })?;
        let options = options.application_name("oncepost").options([("synchronous_commit", "on"), ("jit", "off")]);
        let Some(schema) = &self.schema else { return Ok(options) };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if schema.is_empty() || schema.len() > 63 || !schema.chars().all(fits) {
            return Err(LedgerError::Settings { what: "a schema's name is 1 to 63 letters, digits and _".into() });
        }
        Ok(options.options([("search_path", schema)]))
    }
}

/// How long a connection may take.
const LIMIT: Duration = Duration::from_secs(10);

fn pool(size: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(size).acquire_timeout(LIMIT)
}

/// Whether a file may have failed, and not the way to the server.
fn is_of_a_file(why: ErrorKind) -> bool {
    matches!(
        why,
        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory | ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> PostgresOptions {
        let clock = std::sync::Arc::new(runtime::SystemClock);
        PostgresOptions::new(url, Policy::default(), TimeSource::Runtime(clock))
    }

    #[test]
    fn the_password_is_never_shown() {
        let good = options("postgres://me:hunter2@localhost/db");
        assert!(!format!("{good:?}").contains("hunter2"));
        let bad = options("postgres://me:hunter2@localhost:notaport/db");
        let error = bad.parsed().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn a_schema_cannot_smuggle_in_statements() {
        for name in ["", "a b", "x\"; DROP TABLE posts; --"] {
            let options = PostgresOptions { schema: Some(name.into()), ..options("postgres://localhost/db") };
            assert!(options.parsed().is_err(), "{name}");
        }
    }
}
