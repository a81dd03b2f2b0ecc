//! The ledger in PostgreSQL: for production, shared by any number of processes.

mod certificates;
#[path = "../flow/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the same steps over another database")]
mod flow;
mod news;
mod options;
mod store;

use std::sync::{Arc, LazyLock};

use domain::Command;
use domain::TargetId;
use futures::{FutureExt, future::BoxFuture};
use runtime::Runtime;
use sqlx::{PgPool, migrate::Migrator};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Acceptance, Applied, CredentialRow, LedgerError, NewPost, RecordKind, batch::Batch, seen::Place, world::World,
};

pub use options::PostgresOptions;

type Connection = sqlx::PgConnection;
type Database = Postgres;

/// They run on a schema that may have more: whether we can work with that is asked first.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    migrations.set_ignore_missing(true);
    migrations
});

/// How many batches of commands may be committed at the same time.
const COMMAND_WRITERS: usize = 4;
/// How many batches of posts may be committed at the same time.
const ACCEPT_WRITERS: usize = 2;
/// The most commands in a batch.
const COMMANDS: usize = 500;
/// The most calls of `accept` in a batch.
const ACCEPTS: usize = 200;
/// How many batches of records of credentials may be read at the same time.
const RECORD_READERS: usize = 2;
/// The most records in a batch.
const RECORDS: usize = 500;

/// The ledger in PostgreSQL.
pub struct Postgres {
    pool: PgPool,
    world: Arc<World>,
    place: Place,
    commands: Batch<(TargetId, Command), Applied>,
    accepts: Batch<Vec<NewPost>, Vec<Acceptance>>,
    records: Batch<(RecordKind, String), Option<CredentialRow>>,
    /// Runs what must end once it has begun; no drain waits for it.
    tasks: Runtime,
    _listening: DropGuard,
}

impl Postgres {
    /// Brings the schema up to date. Several processes may do so at once; one does, the others wait.
    ///
    /// # Errors
    /// The server cannot be reached, or a newer version has made its schema one that this program cannot work with.
    pub async fn migrate(options: &PostgresOptions) -> Result<(), LedgerError> {
        let pool = options.migrating().await?;
        let migrated = async {
            options.make_schema(&pool).await?;
            store::schema(&mut *acquire(&pool).await?).await?.lets_in(&MIGRATIONS)?;
            MIGRATIONS.run(&pool).await.map_err(LedgerError::schema)
        }
        .await;
        pool.close().await;
        migrated
    }

    /// Connects to a ledger whose schema is up to date.
    ///
    /// # Errors
    /// The server cannot be reached, or its schema is older than this program, or a newer one that lets no older program in.
    pub async fn connect(options: PostgresOptions, runtime: &Runtime) -> Result<Self, LedgerError> {
        let pool = options.connect().await?;
        store::schema(&mut *acquire(&pool).await?).await?.serves(&MIGRATIONS)?;
        let mut world = World::new(options.policy.clone(), options.time.clone(), runtime);
        world.failover = options.failover;
        let world = Arc::new(world);
        if matches!(store::origins(&mut *acquire(&pool).await?).await?, (None, _)) {
            tracing::warn!(
                "the server does not let us ask who it is: a restore would not be noticed (docs/restore.md)"
            );
        }
        flow::finish_releases(&mut *acquire(&pool).await?, &world).await?;
        let stop = CancellationToken::new();
        news::listen(runtime, options.listening()?, world.clone(), stop.clone());
        let commands = {
            let (pool, world) = (pool.clone(), world.clone());
            Batch::start(runtime, COMMAND_WRITERS, COMMANDS, move |asks: Arc<[_]>| {
                let (pool, world) = (pool.clone(), world.clone());
                async move { flow::apply(&mut *acquire(&pool).await?, &world, &asks).await }.boxed()
            })
        };
        let accepts = {
            let (pool, world) = (pool.clone(), world.clone());
            Batch::start(runtime, ACCEPT_WRITERS, ACCEPTS, move |asks: Arc<[_]>| {
                let (pool, world) = (pool.clone(), world.clone());
                async move { flow::accept(&mut *acquire(&pool).await?, &world, &asks).await }.boxed()
            })
        };
        let records = {
            let pool = pool.clone();
            Batch::start(runtime, RECORD_READERS, RECORDS, move |asks: Arc<[_]>| {
                let pool = pool.clone();
                async move { flow::find(&mut *acquire(&pool).await?, &asks).await }.boxed()
            })
        };
        Ok(Self {
            pool,
            world,
            place: options.place()?,
            commands,
            accepts,
            records,
            tasks: runtime.sibling(),
            _listening: stop.drop_guard(),
        })
    }

    /// Runs `work` on a connection.
    async fn read<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        F: for<'c> FnOnce(&'c mut Connection, &'c World) -> BoxFuture<'c, Result<T, LedgerError>> + Send,
    {
        work(&mut *acquire(&self.pool).await?, &self.world).await
    }

    /// Runs `work`, which writes, on a connection: to its end, even if whoever asked has gone away.
    async fn write<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection, &'c World) -> BoxFuture<'c, Result<T, LedgerError>> + Send + 'static,
    {
        let (pool, world) = (self.pool.clone(), self.world.clone());
        let written = self.tasks.spawn(async move { work(&mut *acquire(&pool).await?, &world).await });
        written.await.unwrap_or(Err(LedgerError::Closed))
    }
}

async fn acquire(pool: &PgPool) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, LedgerError> {
    pool.acquire().await.map_err(LedgerError::of("get a connection"))
}
