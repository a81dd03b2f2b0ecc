//! Records of credentials: every write is one statement that compares and sets.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use futures::FutureExt;
use jiff::Timestamp;

use super::{Connection, Database, rows::readable, store};
use crate::{
    CredentialPut, CredentialRow, CredentialStore, LedgerError, RecordKind,
    batch::Committed,
    record::{instant, json, millis, read_json},
    world::World,
};

const ROWS: &str = "SELECT name, version, open, sealed, updated_at FROM credentials WHERE kind = $1";
const INSERT: &str = "INSERT INTO credentials (kind, name, updated_at, open, sealed, version) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT DO NOTHING RETURNING version";
const UPDATE: &str = "UPDATE credentials SET version = version + 1, updated_at = $3, open = $4, sealed = $5 \
     WHERE kind = $1 AND name = $2 AND version = $6 RETURNING version";
const DELETE: &str = "DELETE FROM credentials WHERE kind = $1 AND name = $2 AND version = $3";

#[async_trait]
impl CredentialStore for Database {
    async fn rows(&self, kind: RecordKind) -> Result<Vec<CredentialRow>, LedgerError> {
        self.read(move |conn, _| rows(conn, kind).boxed()).await
    }

    async fn row(&self, kind: RecordKind, name: &str) -> Result<Option<CredentialRow>, LedgerError> {
        self.records.ask((kind, name.to_owned())).await
    }

    async fn put(&self, put: CredentialPut) -> Result<Option<CredentialRow>, LedgerError> {
        self.write(move |conn, world| write(conn, world, put).boxed()).await
    }

    async fn delete(&self, kind: RecordKind, name: &str, expected: u64) -> Result<bool, LedgerError> {
        let name = name.to_owned();
        self.write(move |conn, _| async move { delete(conn, kind, &name, expected).await }.boxed()).await
    }

    async fn now(&self) -> Result<Timestamp, LedgerError> {
        self.read(move |conn, world| store::now(conn, world.now()).boxed()).await
    }
}

/// A row of `credentials`.
#[derive(sqlx::FromRow)]
struct Stored {
    name: String,
    version: i64,
    open: String,
    sealed: Option<Vec<u8>>,
    updated_at: i64,
}

impl Stored {
    fn read(self, kind: RecordKind) -> Result<CredentialRow, LedgerError> {
        let id = format!("{kind} {}", self.name);
        Ok(CredentialRow {
            kind,
            version: version(&id, self.version)?,
            open: read_json(&id, "the open part", &self.open)?,
            sealed: self.sealed,
            updated_at: instant(self.updated_at),
            name: self.name,
        })
    }
}

async fn rows(conn: &mut Connection, kind: RecordKind) -> Result<Vec<CredentialRow>, LedgerError> {
    let stored: Vec<Stored> = sqlx::query_as(ROWS)
        .bind(kind.name())
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("list records of credentials"))?;
    let mut rows = readable(stored.into_iter().map(|row| row.read(kind)));
    // Here, not by the database: servers sort text as their locale would have it.
    rows.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(rows)
}

/// The records that are asked for together: each attempt asks for its account's, as it is at that time.
pub(in super::super) async fn find(
    conn: &mut Connection,
    asks: &[(RecordKind, String)],
) -> Committed<Option<CredentialRow>> {
    let mut found = HashMap::new();
    for kind in asks.iter().map(|(kind, _)| *kind).collect::<HashSet<_>>() {
        let names: BTreeSet<_> = asks.iter().filter(|ask| ask.0 == kind).map(|(_, name)| name).collect();
        let stored: Vec<Stored> = sqlx::query_as(store::RECORDS)
            .bind(kind.name())
            .bind(json(&names))
            .fetch_all(&mut *conn)
            .await
            .map_err(LedgerError::of("read records of credentials"))?;
        found.extend(stored.into_iter().map(|row| ((kind, row.name.clone()), row.read(kind))));
    }
    Ok(asks.iter().map(|ask| found.get(ask).cloned().transpose()).collect())
}

async fn write(conn: &mut Connection, world: &World, put: CredentialPut) -> Result<Option<CredentialRow>, LedgerError> {
    let CredentialPut { kind, name, expected, open, sealed } = put;
    if kind == RecordKind::Account {
        // A renewal is stored before the platform is asked: so no old token is used up before a person has looked.
        world.trust(&store::origins(conn).await?)?;
    }
    let now = instant(millis(store::now(conn, world.now()).await?));
    let write = sqlx::query_scalar(if expected.is_some() { UPDATE } else { INSERT })
        .bind(kind.name())
        .bind(&name)
        .bind(millis(now))
        .bind(json(&open))
        .bind(sealed.as_deref());
    // A new record begins anywhere: whoever read one that was deleted since must not take its successor for it, and no clock, which may go
    // back, is asked for that.
    let write = write.bind(expected.map_or_else(|| world.draw(), stored));
    let written: Option<i64> =
        write.fetch_optional(conn).await.map_err(LedgerError::of("store a record of credentials"))?;
    let Some(written) = written else { return Ok(None) };
    let version = version(&name, written)?;
    Ok(Some(CredentialRow { kind, name, version, open, sealed, updated_at: now }))
}

async fn delete(conn: &mut Connection, kind: RecordKind, name: &str, expected: u64) -> Result<bool, LedgerError> {
    sqlx::query(DELETE)
        .bind(kind.name())
        .bind(name)
        .bind(stored(expected))
        .execute(conn)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(LedgerError::of("delete a record of credentials"))
}

/// A version as the databases keep it: they have no unsigned numbers. One that is out of range is nobody's.
fn stored(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(-1)
}

fn version(id: &str, stored: i64) -> Result<u64, LedgerError> {
    u64::try_from(stored).map_err(|why| LedgerError::corrupt(id, "the version", why))
}
