//! What can go wrong in the ledger.

use std::sync::Arc;

use sqlx::migrate::MigrateError;

/// The ledger could not do what was asked. Nothing was published because of it, and nothing is lost.
///
/// It can be cloned, because everybody whose command was in a batch is told why the batch failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// The server could not be reached, or the connection broke.
    #[error("the ledger cannot be reached while trying to {operation}")]
    Unreachable {
        /// What was being done.
        operation: &'static str,
        /// Why.
        #[source]
        cause: Arc<sqlx::Error>,
    },
    /// The server refused or failed the statement.
    #[error("the ledger failed to {operation}")]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// Why.
        #[source]
        cause: Arc<sqlx::Error>,
    },
    /// The schema is older than this program, or a migration could not be applied.
    #[error("the ledger's schema is not the one this program needs; run `oncepost migrate`")]
    Schema {
        /// Why.
        #[source]
        cause: Arc<MigrateError>,
    },
    /// A newer version has changed the schema so that this program cannot work with it.
    #[error(
        "the ledger's schema has migration {version} ({description}), which this older program cannot work with; \
         start the version that made it, or a newer one: docs/upgrades.md"
    )]
    SchemaNewer {
        /// The migration's number.
        version: i64,
        /// What it is called.
        description: String,
    },
    /// A stored row cannot be read.
    #[error("a row of the ledger cannot be read: {what}")]
    Corrupt {
        /// Which, and what is wrong with it.
        what: String,
    },
    /// The address or an option is wrong.
    #[error("the ledger's settings are wrong: {what}")]
    Settings {
        /// What is wrong.
        what: String,
    },
    /// A file of certificates or a key that the address names cannot be read.
    #[error("the ledger's address says {parameter}={path}, a file that cannot be read")]
    Certificate {
        /// What names it, as `sslrootcert`.
        parameter: String,
        /// Where it should be.
        path: String,
        /// Why.
        #[source]
        cause: Arc<std::io::Error>,
    },
    /// The database was restored, moved, or taken over by another server.
    #[error(
        "the ledger's database was restored to an earlier time, moved, or taken over by another server: what was published lately may not \
         be in it, so nothing is sent or accepted. Run `oncepost restored`: docs/restore.md"
    )]
    Restored,
    /// No such target.
    #[error("the ledger has no target {0}")]
    NoSuchTarget(domain::TargetId),
    /// The ledger is shutting down.
    #[error("the ledger is closed")]
    Closed,
}

impl LedgerError {
    /// Whether waiting cannot help: the server answers, and refuses who we are or what we ask for; its schema is not ours; or our settings
    /// cannot be used.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Failed { cause, .. } => match &**cause {
                // Classes of SQLSTATE: authorization, catalog name, schema name, access rule.
                sqlx::Error::Database(said) => {
                    said.code().is_some_and(|code| ["28", "3D", "3F", "42"].iter().any(|class| code.starts_with(class)))
                }
                sqlx::Error::Configuration(_) => true,
                _ => false,
            },
            Self::Schema { .. }
            | Self::SchemaNewer { .. }
            | Self::Restored
            | Self::Corrupt { .. }
            | Self::Settings { .. }
            | Self::Certificate { .. } => true,
            Self::Unreachable { .. } | Self::NoSuchTarget(_) | Self::Closed => false,
        }
    }

    /// Wraps a database error under the name of the operation.
    pub(crate) fn of(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |cause| match cause {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unreachable { operation, cause: Arc::new(cause) }
            }
            cause => Self::Failed { operation, cause: Arc::new(cause) },
        }
    }

    /// Its kind, for traces.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Failed { .. } => "failed",
            Self::Schema { .. } | Self::SchemaNewer { .. } => "schema",
            Self::Restored => "history_lost",
            Self::Corrupt { .. } => "unreadable",
            Self::Settings { .. } | Self::Certificate { .. } => "settings",
            Self::NoSuchTarget(_) => "no_such_target",
            Self::Closed => "closed",
        }
    }

    /// The schema is not ours.
    pub(crate) fn schema(cause: MigrateError) -> Self {
        Self::Schema { cause: Arc::new(cause) }
    }

    /// `what` of row `id` cannot be read, because of `why`.
    pub(crate) fn corrupt(id: impl std::fmt::Display, what: &str, why: impl std::fmt::Display) -> Self {
        Self::Corrupt { what: format!("{what} of {id}: {why}") }
    }
}
