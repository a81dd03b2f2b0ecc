//! A ledger to test, with a clock that the test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::Policy;
use futures::future::BoxFuture;
use jiff::Timestamp;
use ledger::{
    Assignments, AuditLog, Causes, CredentialStore, Deliveries, History, Incidents, JobStore, Ledger, LedgerError,
    MemoryLedger, NoteBook, Outside, Postgres, PostgresOptions, Processes, Restores, Sqlite, Store as Stored,
    TimeSource,
};
use runtime::{Clock, Runtime, SystemRandom};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// A clock that stands still until it is moved.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(span.as_millis() as i64, Ordering::SeqCst);
    }

    /// It may go back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn uptime(&self) -> Duration {
        Duration::try_from(self.now().duration_since(Timestamp::UNIX_EPOCH)).unwrap()
    }

    /// Nobody in this suite waits for time to pass by itself, but a lost connection may want to try again.
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::task::yield_now())
    }
}

pub struct House {
    pub ledger: Arc<dyn Ledger>,
    pub credentials: Arc<dyn CredentialStore>,
    pub audit_log: Arc<dyn AuditLog>,
    pub deliveries: Arc<dyn Deliveries>,
    pub history: Arc<dyn History>,
    pub incidents: Arc<dyn Incidents>,
    pub outside: Arc<dyn Outside>,
    pub causes: Arc<dyn Causes>,
    pub jobs: Arc<dyn JobStore>,
    pub notes: Arc<dyn NoteBook>,
    pub assignments: Arc<dyn Assignments>,
    pub processes: Arc<dyn Processes>,
    pub restores: Arc<dyn Restores>,
    pub clock: Arc<ManualClock>,
    pub runtime: Runtime,
    store: Store,
}

enum Store {
    Postgres(Box<PostgresOptions>),
    Sqlite(TempDir),
    Memory(Arc<MemoryLedger>),
}

impl House {
    pub async fn postgres() -> Self {
        let (clock, runtime) = world();
        let url = std::env::var("ONCEPOST_TEST_POSTGRES")
            .expect("set ONCEPOST_TEST_POSTGRES to a PostgreSQL server, or run `make test`, which starts one");
        let options = PostgresOptions {
            pool: 8,
            schema: Some(format!("test_{}", runtime.id().simple())),
            ..PostgresOptions::new(url, Policy::default(), TimeSource::Runtime(clock.clone()))
        };
        Postgres::migrate(&options).await.unwrap();
        let ledger = Arc::new(Postgres::connect(options.clone(), &runtime).await.unwrap());
        Self::over(ledger, clock, runtime, Store::Postgres(Box::new(options)))
    }

    pub async fn sqlite() -> Self {
        let (clock, runtime) = world();
        let folder = tempfile::tempdir().unwrap();
        let ledger = Sqlite::open(folder.path().join("ledger.db"), &runtime, Policy::default()).await.unwrap();
        let ledger = Arc::new(ledger);
        Self::over(ledger, clock, runtime, Store::Sqlite(folder))
    }

    pub async fn memory() -> Self {
        let (clock, runtime) = world();
        let ledger = Arc::new(MemoryLedger::new(clock.clone(), Policy::default()));
        Self::over(ledger.clone(), clock, runtime, Store::Memory(ledger))
    }

    fn over<D: Stored + 'static>(database: Arc<D>, clock: Arc<ManualClock>, runtime: Runtime, store: Store) -> Self {
        Self {
            credentials: database.clone(),
            audit_log: database.clone(),
            deliveries: database.clone(),
            history: database.clone(),
            incidents: database.clone(),
            outside: database.clone(),
            causes: database.clone(),
            jobs: database.clone(),
            notes: database.clone(),
            assignments: database.clone(),
            processes: database.clone(),
            restores: database.clone(),
            ledger: database,
            clock,
            runtime,
            store,
        }
    }

    /// The same store, opened by another process.
    pub async fn again(&self) -> Result<Arc<dyn Ledger>, LedgerError> {
        Ok(match &self.store {
            Store::Postgres(options) => {
                Arc::new(Postgres::connect(PostgresOptions::clone(options), &self.runtime).await?)
            }
            Store::Sqlite(folder) => {
                Arc::new(Sqlite::open(folder.path().join("ledger.db"), &self.runtime, Policy::default()).await?)
            }
            Store::Memory(_) => self.ledger.clone(),
        })
    }

    /// The same records of credentials, opened by another process.
    pub async fn credentials_again(&self) -> Arc<dyn CredentialStore> {
        match &self.store {
            Store::Postgres(options) => {
                Arc::new(Postgres::connect(PostgresOptions::clone(options), &self.runtime).await.unwrap())
            }
            Store::Sqlite(folder) => {
                Arc::new(Sqlite::open(folder.path().join("ledger.db"), &self.runtime, Policy::default()).await.unwrap())
            }
            Store::Memory(_) => self.credentials.clone(),
        }
    }

    /// The same server, with another schema.
    pub fn elsewhere(&self) -> PostgresOptions {
        PostgresOptions { schema: Some(format!("test_{}", self.runtime.id().simple())), ..self.options().clone() }
    }

    pub fn options(&self) -> &PostgresOptions {
        match &self.store {
            Store::Postgres(options) => options,
            _ => panic!("this is not a server"),
        }
    }

    /// A connection past the ledger.
    pub async fn server(&self) -> sqlx::PgConnection {
        let options = self.options();
        let mut connection = sqlx::PgConnection::connect(&options.url).await.unwrap();
        let path = format!("SET search_path TO {}", options.schema.as_deref().unwrap());
        sqlx::raw_sql(AssertSqlSafe(path)).execute(&mut connection).await.unwrap();
        connection
    }

    /// Runs statements past the ledger. `{id}` stands for an id in either dialect.
    pub async fn execute(&self, statement: &str, ids: &[uuid::Uuid]) {
        let mut statement = statement.to_owned();
        for id in ids {
            let literal = match &self.store {
                Store::Sqlite(_) => format!("unhex('{}')", id.simple()),
                _ => format!("'{id}'::uuid"),
            };
            statement = statement.replacen("{id}", &literal, 1);
        }
        match &self.store {
            Store::Postgres(_) => {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut self.server().await).await.unwrap();
            }
            Store::Sqlite(folder) => {
                let options = SqliteConnectOptions::new().filename(folder.path().join("ledger.db"));
                let mut connection = options.connect().await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Store::Memory(_) => panic!("there are no tables"),
        }
    }

    /// Which dialect of SQL the store speaks.
    pub fn dialect(&self) -> &'static str {
        match &self.store {
            Store::Postgres(_) => "postgres",
            _ => "sqlite",
        }
    }

    /// Rows as SQLite writes them, for this store: ids are blobs of 16 bytes there and UUIDs here, other bytes are blobs in both.
    pub fn in_dialect(&self, rows: &str) -> String {
        if self.dialect() != "postgres" {
            return rows.to_owned();
        }
        let mut parts = rows.split("X'");
        let mut here = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            here += if part.find('\'') == Some(32) { "'" } else { "'\\x" };
            here += part;
        }
        here
    }

    /// Puts the store back to what it holds now, on a server of another life: nothing is lost but the certainty that nothing is.
    pub async fn put_back(&self) {
        match &self.store {
            Store::Postgres(_) => self.execute("UPDATE restores SET origin = '1/00000001/1.1'", &[]).await,
            Store::Sqlite(_) => panic!("a file cannot tell"),
            Store::Memory(ledger) => ledger.restore(&ledger.snapshot()),
        }
    }

    /// Every target there is.
    pub async fn targets(&self) -> Vec<domain::TargetId> {
        let ids: Vec<uuid::Uuid> = match &self.store {
            Store::Postgres(_) => sqlx::query_scalar("SELECT id FROM targets ORDER BY id")
                .fetch_all(&mut self.server().await)
                .await
                .unwrap(),
            _ => sqlx::query_scalar("SELECT id FROM targets ORDER BY id")
                .fetch_all(&mut self.file().await)
                .await
                .unwrap(),
        };
        ids.into_iter().map(domain::TargetId).collect()
    }

    /// Texts, asked past the ledger, of a file.
    pub async fn texts(&self, question: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(question.to_owned())).fetch_all(&mut self.file().await).await.unwrap()
    }

    /// Whether the store takes a statement, without running it.
    pub async fn prepare(&self, statement: &str) -> Result<(), sqlx::Error> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        let statement = AssertSqlSafe(statement.to_owned()).into_sql_str();
        match &self.store {
            Store::Postgres(_) => self.server().await.prepare(statement).await.map(drop),
            _ => self.file().await.prepare(statement).await.map(drop),
        }
    }

    async fn file(&self) -> sqlx::SqliteConnection {
        let Store::Sqlite(folder) = &self.store else { panic!("this is not a file") };
        SqliteConnectOptions::new().filename(folder.path().join("ledger.db")).connect().await.unwrap()
    }

    /// One number, asked past the ledger.
    pub async fn count(&self, question: &str) -> i64 {
        let question = AssertSqlSafe(question.to_owned());
        match &self.store {
            Store::Postgres(_) => sqlx::query_scalar(question).fetch_one(&mut self.server().await).await.unwrap(),
            Store::Sqlite(folder) => {
                let options = SqliteConnectOptions::new().filename(folder.path().join("ledger.db"));
                let mut connection = options.connect().await.unwrap();
                sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap()
            }
            Store::Memory(_) => panic!("there are no tables"),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn later(&self, seconds: u64) -> Timestamp {
        self.now() + Duration::from_secs(seconds)
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub async fn tear_down(self) {
        let Store::Postgres(options) = &self.store else { return };
        let mut connection = sqlx::PgConnection::connect(&options.url).await.unwrap();
        let drop = format!("DROP SCHEMA {} CASCADE", options.schema.as_deref().unwrap());
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
    }
}

fn world() -> (Arc<ManualClock>, Runtime) {
    let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000_000)));
    (clock.clone(), Runtime::new(clock, Arc::new(SystemRandom)))
}
