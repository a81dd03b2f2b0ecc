//! Processes: one statement to say that one lives, one to forget those that do not.

use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use uuid::Uuid;

use super::{Connection, Database, MIGRATIONS, rows::readable, store};
use crate::{
    Beat, LedgerError, Process, Processes, SchemaVersion, processes,
    record::{instant, json, millis, read_json},
    world::{World, before},
};

const BEAT: &str = "INSERT INTO processes (id, seen_at, body) VALUES ($1, $2, $3) \
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, body = excluded.body";
const FORGET: &str = "DELETE FROM processes WHERE seen_at < $1";
const END: &str = "DELETE FROM processes WHERE id = $1";
const ALL: &str = "SELECT id, seen_at, body FROM processes";
const APPLIED: &str = "SELECT max(version) FROM _sqlx_migrations";

#[async_trait]
impl Processes for Database {
    async fn beat(&self, beat: Beat, forget_after: Duration) -> Result<(), LedgerError> {
        self.write(move |conn, world| self::beat(conn, world, beat, forget_after).boxed()).await
    }

    async fn end_process(&self, id: Uuid) -> Result<(), LedgerError> {
        self.write(move |conn, _| end(conn, id).boxed()).await
    }

    async fn processes(&self) -> Result<Vec<Process>, LedgerError> {
        self.read(move |conn, world| all(conn, world).boxed()).await
    }

    async fn schema_version(&self) -> Result<Option<SchemaVersion>, LedgerError> {
        self.read(move |conn, _| schema_version(conn).boxed()).await
    }
}

async fn beat(conn: &mut Connection, world: &World, beat: Beat, forget_after: Duration) -> Result<(), LedgerError> {
    let failed = "note that a process lives";
    let now = store::now(conn, world.now()).await?;
    sqlx::query(BEAT)
        .bind(beat.id)
        .bind(millis(now))
        .bind(json(&beat))
        .execute(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    sqlx::query(FORGET)
        .bind(millis(before(now, forget_after)))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of(failed))
}

async fn end(conn: &mut Connection, id: Uuid) -> Result<(), LedgerError> {
    sqlx::query(END).bind(id).execute(conn).await.map(drop).map_err(LedgerError::of("forget a process"))
}

async fn all(conn: &mut Connection, world: &World) -> Result<Vec<Process>, LedgerError> {
    let now = store::now(conn, world.now()).await?;
    let rows: Vec<(Uuid, i64, String)> =
        sqlx::query_as(ALL).fetch_all(conn).await.map_err(LedgerError::of("read the processes"))?;
    let read = |(id, seen_at, body): (Uuid, i64, String)| {
        let seen_at = instant(seen_at);
        let silent_for = processes::silence(seen_at, now);
        Ok(Process { beat: read_json(id, "what a process says of itself", &body)?, seen_at, silent_for })
    };
    let mut found = readable(rows.into_iter().map(read));
    processes::sort(&mut found);
    Ok(found)
}

async fn schema_version(conn: &mut Connection) -> Result<Option<SchemaVersion>, LedgerError> {
    let applied: Option<i64> =
        sqlx::query_scalar(APPLIED).fetch_one(conn).await.map_err(LedgerError::of("read the schema's version"))?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    Ok(applied.map(|applied| SchemaVersion { applied, known }))
}
