//! What can go wrong in the ledger.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use sqlx::migrate::{MigrateError, Migrator};

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
    /// A migration could not be applied, or the schema is newer than this program.
    #[error("the ledger's schema is not the one this program needs; run `oncepost migrate`")]
    Schema {
        /// Why.
        #[source]
        cause: Arc<MigrateError>,
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
                Self::Unreachable { operation, cause: Arc::new(cause) }
            }
            cause => Self::Failed { operation, cause: Arc::new(cause) },
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

/// Whether `applied` (versions and checksums) is what `migrations` make, no less and no more.
pub(crate) fn same_schema(
    applied: &BTreeMap<i64, Cow<'static, [u8]>>,
    migrations: &Migrator,
) -> Result<(), MigrateError> {
    let latest = applied.keys().next_back().copied().unwrap_or_default();
    for migration in migrations.iter() {
        match applied.get(&migration.version) {
            None => return Err(MigrateError::VersionTooNew(migration.version, latest)),
            Some(checksum) if *checksum != migration.checksum => {
                return Err(MigrateError::VersionMismatch(migration.version));
            }
            Some(_) => {}
        }
    }
    match applied.keys().find(|version| !migrations.version_exists(**version)) {
        Some(newer) => Err(MigrateError::VersionMissing(*newer)),
        None => Ok(()),
    }
}
