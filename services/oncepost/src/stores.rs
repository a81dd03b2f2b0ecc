//! Opens the three stores that the settings name: ledger, broker and guard.

use std::{sync::Arc, time::Duration};

use broker::{BrokerError, BrokerUrl, Memory, Rabbit, RabbitSettings, Transport};
use channels::Registry;
use guard::{Guard, MemoryGuard, RedisGuard, RedisOptions};
use ledger::{
    Assignments, AuditLog, Causes, CredentialStore, Deliveries, Failover, History, Incidents, JobStore, Ledger,
    LedgerError, NoteBook, Outside, Postgres, PostgresOptions, Processes, Restores, Sqlite, Store, TimeSource,
};
use runtime::Runtime;
use settings::Settings;

use crate::{compose::enabled, failure::Failure};

/// Whether a ledger may bring its schema up to date on opening.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// It must be up to date.
    No,
    /// Bring it up to date.
    Yes,
}

/// What the ledger's database keeps.
pub struct Stores {
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// Records of credentials.
    pub credentials: Arc<dyn CredentialStore>,
    /// Who changed what.
    pub audit_log: Arc<dyn AuditLog>,
    /// What came of what was due.
    pub history: Arc<dyn History>,
    /// What is out.
    pub outside: Arc<dyn Outside>,
    /// What was found wrong outside.
    pub incidents: Arc<dyn Incidents>,
    /// The operators' list as a whole.
    pub causes: Arc<dyn Causes>,
    /// What is done to many targets at once.
    pub jobs: Arc<dyn JobStore>,
    /// What people want to be remembered.
    pub notes: Arc<dyn NoteBook>,
    /// Who sees to what.
    pub assignments: Arc<dyn Assignments>,
    /// Events on their way to hooks.
    pub deliveries: Arc<dyn Deliveries>,
    /// Where processes say that they live.
    pub processes: Arc<dyn Processes>,
    /// Whether the history is whole.
    pub restores: Arc<dyn Restores>,
}

impl Stores {
    fn of<D: Store + 'static>(database: D) -> Self {
        let database = Arc::new(database);
        Self {
            ledger: database.clone(),
            credentials: database.clone(),
            audit_log: database.clone(),
            history: database.clone(),
            outside: database.clone(),
            incidents: database.clone(),
            causes: database.clone(),
            jobs: database.clone(),
            notes: database.clone(),
            assignments: database.clone(),
            deliveries: database.clone(),
            processes: database.clone(),
            restores: database,
        }
    }
}

/// Opens the ledger. A SQLite file is made and migrated on opening: it belongs to this one process.
///
/// # Errors
/// It cannot be reached, or its schema is not this program's.
pub async fn ledger(settings: &Settings, runtime: &Runtime, migrate: Migrate) -> Result<Stores, Failure> {
    let url = settings.ledger.url.reveal();
    let policy = settings.policy();
    if let Some(path) = url.strip_prefix("sqlite://") {
        let ledger =
            Sqlite::open(path, runtime, policy).await.map_err(|error| Failure::of("open the ledger", error))?;
        return Ok(Stores::of(ledger));
    }
    let failover = match settings.ledger.failover {
        settings::Failover::Asynchronous => Failover::MayLose,
        settings::Failover::Synchronous => Failover::LosesNothing,
    };
    let usual = PostgresOptions::new(url, policy, TimeSource::Server);
    let options = PostgresOptions { pool: settings.ledger.pool, failover, ..usual };
    let failed = |operation| {
        move |error: LedgerError| {
            let needs_a_person = error.needs_a_person();
            let failure = match error {
                // Says itself what to do.
                LedgerError::Schema { .. } | LedgerError::SchemaNewer { .. } => Failure::of(operation, error),
                LedgerError::Certificate { .. } => Failure::of(operation, error)
                    .remedy(format!("Put the file there, or correct ledger.url, which is {}.", settings.ledger.url)),
                error => Failure::of(operation, error)
                    .remedy(format!("Start PostgreSQL, or correct ledger.url, which is {}.", settings.ledger.url)),
            };
            if needs_a_person { failure } else { failure.passing() }
        }
    };
    if migrate == Migrate::Yes {
        Postgres::migrate(&options).await.map_err(failed("migrate the ledger"))?;
    }
    Ok(Stores::of(Postgres::connect(options, runtime).await.map_err(failed("open the ledger"))?))
}

/// The broker: RabbitMQ, which may be away, or the one in memory.
pub enum Broker {
    /// In this process.
    Memory(Arc<Memory>),
    /// A server.
    Rabbit {
        /// What connects to it, and stays connected.
        rabbit: Arc<Rabbit>,
        /// Its address without credentials, for people.
        shown: String,
    },
}

impl Broker {
    /// Begins to connect.
    ///
    /// # Errors
    /// Its address cannot be used.
    pub fn open(settings: &Settings, runtime: &Runtime, channels: &Registry, process: &str) -> Result<Self, Failure> {
        let names = enabled(settings, channels);
        if settings.broker.url.is_memory() {
            return Ok(Self::Memory(Arc::new(Memory::new(runtime, names.iter().map(String::as_str)))));
        }
        let url = BrokerUrl::try_from(settings.broker.url.reveal().to_owned())
            .map_err(|error| Failure::of("read broker.url", error))?;
        let rabbit = RabbitSettings {
            confirm_limit: settings.broker.confirm_timeout,
            prefix: settings.broker.prefix.clone(),
            ..RabbitSettings::new(url, format!("oncepost {process}"), names)
        };
        let rabbit = Rabbit::open(runtime, rabbit).map_err(|error| Failure::of("open the broker", error))?;
        Ok(Self::Rabbit { rabbit: Arc::new(rabbit), shown: settings.broker.url.to_string() })
    }

    /// Waits until it is connected, `limit` at most.
    ///
    /// # Errors
    /// It cannot be reached, refuses us, or holds queues that differ from ours.
    pub async fn reached(&self, limit: Duration) -> Result<(), Failure> {
        let Self::Rabbit { rabbit, shown } = self else { return Ok(()) };
        rabbit.connected(limit).await.map_err(|error| {
            let (operation, needs_a_person) = ("hand messages over", error.needs_a_person());
            let failure = match error {
                // Says itself what to do.
                BrokerError::Conflict { .. } => Failure::of(operation, error),
                error => Failure::of(operation, error)
                    .remedy(format!("Start RabbitMQ, or correct broker.url, which is {shown}.")),
            };
            if needs_a_person { failure } else { failure.passing() }
        })
    }

    /// What carries messages over it.
    pub fn transport(&self) -> Arc<dyn Transport> {
        match self {
            Self::Memory(memory) => memory.clone(),
            Self::Rabbit { rabbit, .. } => rabbit.clone(),
        }
    }
}

/// Opens the guard. A Redis that is away is no error: the guarantee does not rest on it.
///
/// # Errors
/// Its address cannot be used.
pub fn guard(settings: &Settings, runtime: &Runtime) -> Result<Arc<dyn Guard>, Failure> {
    if settings.guard.url.is_memory() {
        return Ok(Arc::new(MemoryGuard::new(runtime.clone())));
    }
    let options = RedisOptions::new(settings.guard.url.reveal(), settings.guard.prefix.clone());
    let guard = RedisGuard::open(options, runtime.clone()).map_err(|error| Failure::of("open the guard", error))?;
    Ok(Arc::new(guard))
}
