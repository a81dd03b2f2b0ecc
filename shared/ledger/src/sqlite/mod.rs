//! The ledger in a SQLite file: for one process, for trying out and for small installations.
//!
//! Work on the file runs on threads for blocking work: a simulated clock does not move on while the file is written, and
//! what has begun ends, even if whoever asked has gone away.

#[path = "../flow/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the same steps over another database")]
mod flow;
mod store;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{Command, Policy, TargetId};
use futures::{FutureExt, executor::block_on, future::BoxFuture};
use runtime::Runtime;
use sqlx::{
    ConnectOptions,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::{
    Acceptance, Applied, CredentialRow, LedgerError, NewPost, RecordKind, TimeSource, batch::Batch, seen::Place,
    world::World,
};

type Connection = sqlx::SqliteConnection;
type Database = Sqlite;
type Shared = Arc<Mutex<Connection>>;

/// They run on a schema that may have more: whether we can work with that is asked first.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("migrations/sqlite");
    migrations.set_ignore_missing(true);
    migrations
});

/// How many connections only read.
const READERS: usize = 4;
/// The most commands in a batch.
const COMMANDS: usize = 1_000;
/// The most calls of `accept` in a batch.
const ACCEPTS: usize = 500;
/// The most records of credentials that are read together.
const RECORDS: usize = 500;

/// The ledger in a SQLite file.
pub struct Sqlite {
    writer: Shared,
    readers: Vec<Shared>,
    next_reader: AtomicUsize,
    world: Arc<World>,
    place: Place,
    commands: Batch<(TargetId, Command), Applied>,
    accepts: Batch<Vec<NewPost>, Vec<Acceptance>>,
    records: Batch<(RecordKind, String), Option<CredentialRow>>,
    /// Deleted with the ledger, if it was made for the moment only.
    _folder: Option<tempfile::TempDir>,
}

impl Sqlite {
    /// Opens the file, or makes it, and brings its schema up to date. What is committed is on the disk.
    ///
    /// # Errors
    /// The file cannot be opened, or a newer version has made its schema one that this program cannot work with.
    pub async fn open(path: impl AsRef<Path>, runtime: &Runtime, policy: Policy) -> Result<Self, LedgerError> {
        Self::start(path.as_ref().to_owned(), SqliteSynchronous::Full, None, runtime, policy).await
    }

    /// A ledger for the moment: a file in the system's temporary folder that is deleted when the ledger is dropped, and
    /// that nobody waits for the disk for.
    ///
    /// # Errors
    /// The file cannot be made.
    pub async fn temporary(runtime: &Runtime, policy: Policy) -> Result<Self, LedgerError> {
        let folder = tempfile::tempdir()
            .map_err(|why| LedgerError::Settings { what: format!("no temporary folder can be made: {why}") })?;
        let path = folder.path().join("ledger.db");
        Self::start(path, SqliteSynchronous::Off, Some(folder), runtime, policy).await
    }

    async fn start(
        path: PathBuf,
        synchronous: SqliteSynchronous,
        folder: Option<tempfile::TempDir>,
        runtime: &Runtime,
        policy: Policy,
    ) -> Result<Self, LedgerError> {
        let (writer, readers) = blocking(move || block_on(connect(&path, synchronous))).await?;
        let world = Arc::new(World::new(policy, TimeSource::Runtime(runtime.clock()), runtime));
        on(writer.clone(), {
            let world = world.clone();
            move |conn| block_on(flow::finish_releases(conn, &world))
        })
        .await?;
        let commands = {
            let (writer, world) = (writer.clone(), world.clone());
            Batch::start(runtime, 1, COMMANDS, move |asks: Arc<[_]>| {
                let (writer, world) = (writer.clone(), world.clone());
                on(writer, move |conn| block_on(flow::apply(conn, &world, &asks))).boxed()
            })
        };
        let accepts = {
            let (writer, world) = (writer.clone(), world.clone());
            Batch::start(runtime, 1, ACCEPTS, move |asks: Arc<[_]>| {
                let (writer, world) = (writer.clone(), world.clone());
                on(writer, move |conn| block_on(flow::accept(conn, &world, &asks))).boxed()
            })
        };
        let records = {
            let reader = readers[0].clone();
            Batch::start(runtime, 1, RECORDS, move |asks: Arc<[_]>| {
                on(reader.clone(), move |conn| block_on(flow::find(conn, &asks))).boxed()
            })
        };
        Ok(Self {
            writer,
            readers,
            next_reader: AtomicUsize::new(0),
            world,
            place: Place { system: "sqlite", server: None, namespace: None },
            commands,
            accepts,
            records,
            _folder: folder,
        })
    }

    /// Runs `work` on a connection that sees everything that is committed.
    async fn read<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection, &'c World) -> BoxFuture<'c, Result<T, LedgerError>> + Send + 'static,
    {
        let reader = self.next_reader.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        let (reader, world) = (self.readers[reader].clone(), self.world.clone());
        on(reader, move |conn| block_on(work(conn, &world))).await
    }

    /// Runs `work` on the connection that writes.
    async fn write<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection, &'c World) -> BoxFuture<'c, Result<T, LedgerError>> + Send + 'static,
    {
        let (writer, world) = (self.writer.clone(), self.world.clone());
        on(writer, move |conn| block_on(work(conn, &world))).await
    }
}

async fn connect(path: &Path, synchronous: SqliteSynchronous) -> Result<(Shared, Vec<Shared>), LedgerError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(Duration::from_secs(10))
        .pragma("temp_store", "memory")
        // In KiB, for each connection.
        .pragma("cache_size", "-32768");
    let opening = "open the file";
    let mut writer = options.connect().await.map_err(LedgerError::of(opening))?;
    store::schema(&mut writer).await?.lets_in(&MIGRATIONS)?;
    MIGRATIONS.run(&mut writer).await.map_err(LedgerError::schema)?;
    let mut readers = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        let reader = options.clone().read_only(true).connect().await.map_err(LedgerError::of(opening))?;
        readers.push(Arc::new(Mutex::new(reader)));
    }
    Ok((Arc::new(Mutex::new(writer)), readers))
}

/// Runs `work` with the connection on a thread for blocking work.
async fn on<T: Send + 'static>(
    connection: Shared,
    work: impl FnOnce(&mut Connection) -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    let mut connection = connection.lock_owned().await;
    blocking(move || work(&mut connection)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    spawn_blocking(work).await.unwrap_or(Err(LedgerError::Closed))
}
