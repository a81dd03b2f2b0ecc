//! What can go wrong in the ledger.

/// The ledger could not do what was asked. Nothing was published because of it, and nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The server could not be reached, or the connection broke.
    #[error("the ledger cannot be reached while trying to {operation}")]
    Unreachable {
        /// What was being done.
        operation: &'static str,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// The server refused or failed the statement.
    #[error("the ledger failed to {operation}")]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// A migration could not be applied, or the schema is newer than this program.
    #[error("the ledger's schema is not the one this program needs; run `oncepost migrate`")]
    Schema {
        /// Why.
        #[source]
        cause: sqlx::migrate::MigrateError,
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
    /// No such target.
    #[error("the ledger has no target {0}")]
    NoSuchTarget(domain::TargetId),
    /// The ledger is shutting down.
    #[error("the ledger is closed")]
    Closed,
}

impl LedgerError {
    /// Wraps a database error under the name of the operation.
    pub(crate) fn of(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |cause| match cause {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unreachable { operation, cause }
            }
            cause => Self::Failed { operation, cause },
        }
    }
}
