//! Notes: one statement each.

use std::time::Duration;

use async_trait::async_trait;
use domain::TenantId;
use futures::FutureExt;
use uuid::Uuid;

use super::{Connection, Database, rows::readable, store};
use crate::{
    LedgerError, Note, NoteBook,
    record::{instant, millis},
    world::{World, before},
};

const PUT: &str = "INSERT INTO notes (id, at, until, subject, tenant, who, text) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT DO NOTHING";
const NOTES: &str = "SELECT id, at, until, subject, tenant, who, text FROM notes \
     WHERE ($1 IS NULL OR subject = $1) AND (until IS NULL OR until > $2) ORDER BY id DESC";
const FORGET: &str = "DELETE FROM notes WHERE id IN (SELECT id FROM notes WHERE until IS NOT NULL AND until <= $1 ORDER BY until LIMIT $2)";
const REMOVE: &str = "DELETE FROM notes WHERE id = $1 RETURNING id, at, until, subject, tenant, who, text";

#[async_trait]
impl NoteBook for Database {
    async fn put_note(&self, note: Note) -> Result<(), LedgerError> {
        self.write(move |conn, _| put(conn, note).boxed()).await
    }

    async fn notes(&self, subject: Option<&str>) -> Result<Vec<Note>, LedgerError> {
        let subject = subject.map(str::to_owned);
        self.read(move |conn, world| notes(conn, world, subject).boxed()).await
    }

    async fn remove_note(&self, id: Uuid) -> Result<Option<Note>, LedgerError> {
        self.write(move |conn, _| remove(conn, id).boxed()).await
    }

    async fn forget_notes(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError> {
        self.write(move |conn, world| {
            async move {
                let until = before(store::now(conn, world.now()).await?, older_than);
                let done = sqlx::query(FORGET).bind(millis(until)).bind(i64::from(most)).execute(conn).await;
                done.map(|done| done.rows_affected()).map_err(LedgerError::of("forget old notes"))
            }
            .boxed()
        })
        .await
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    at: i64,
    until: Option<i64>,
    subject: String,
    tenant: Option<String>,
    who: String,
    text: String,
}

impl Row {
    fn read(self) -> Result<Note, LedgerError> {
        let tenant = self.tenant.map(TenantId::new).transpose();
        Ok(Note {
            id: self.id,
            subject: self.subject,
            tenant: tenant.map_err(|why| LedgerError::corrupt(self.id, "a note's tenant", why))?,
            text: self.text,
            who: self.who,
            at: instant(self.at),
            until: self.until.map(instant),
        })
    }
}

async fn put(conn: &mut Connection, note: Note) -> Result<(), LedgerError> {
    sqlx::query(PUT)
        .bind(note.id)
        .bind(millis(note.at))
        .bind(note.until.map(millis))
        .bind(note.subject)
        .bind(note.tenant.as_ref().map(ToString::to_string))
        .bind(note.who)
        .bind(note.text)
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("keep a note"))
}

async fn notes(conn: &mut Connection, world: &World, subject: Option<String>) -> Result<Vec<Note>, LedgerError> {
    let now = store::now(conn, world.now()).await?;
    let rows: Vec<Row> = sqlx::query_as(NOTES)
        .persistent(false)
        .bind(subject)
        .bind(millis(now))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read the notes"))?;
    Ok(readable(rows.into_iter().map(Row::read)))
}

async fn remove(conn: &mut Connection, id: Uuid) -> Result<Option<Note>, LedgerError> {
    let row: Option<Row> =
        sqlx::query_as(REMOVE).bind(id).fetch_optional(conn).await.map_err(LedgerError::of("remove a note"))?;
    row.map(Row::read).transpose()
}
