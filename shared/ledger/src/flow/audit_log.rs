//! The audit log: one statement to begin an entry, one to complete it.

use async_trait::async_trait;
use domain::{PostId, TenantId};
use futures::FutureExt;
use serde_json::Value;
use uuid::Uuid;

use super::{Connection, Database, lists, rows::readable, store};
use crate::{
    AuditEntry, AuditFilter, AuditLog, EntryOutcome, LedgerError, NewEntry, Page,
    record::{instant, json, millis, read_json},
    world::World,
};

const BEGIN: &str = "INSERT INTO audit_log (id, post, at, outcome, who, tenant, action, subject, reason, before) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
const END: &str = "UPDATE audit_log SET outcome = $2, after = $3, ended_at = $4 WHERE id = $1 AND outcome = 'begun'";

const WHOLE: &str = "INSERT INTO audit_log (id, post, at, ended_at, outcome, who, tenant, action, subject, reason, before, after) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";

/// Entries older than `$1` by the caller `$2`, on what is named by `$3` or belongs to the tenant `$4`.
macro_rules! entries {
    ($where:literal) => {
        concat!(
            "SELECT id, post, at, ended_at, outcome, who, tenant, action, subject, reason, before, after \
             FROM audit_log WHERE id < $1 AND ($2 IS NULL OR who = $2) AND ",
            $where,
            " ORDER BY id DESC LIMIT $5"
        )
    };
}

// A statement for each index, so that none depends on what a planner thinks of it.
const ALL: &str = entries!("$3 IS NULL AND $4 IS NULL");
const OF_TENANT: &str = entries!("$3 IS NULL AND tenant = $4");
const OF_WHO: &str = entries!("$3 IS NULL AND who = $2 AND ($4 IS NULL OR tenant = $4)");
const OF_SUBJECT: &str = entries!("subject = $3 AND ($4 IS NULL OR tenant = $4)");
const OF_POST: &str = entries!("post = $3 AND ($4 IS NULL OR tenant = $4)");

#[async_trait]
impl AuditLog for Database {
    async fn begin_entry(&self, entry: NewEntry) -> Result<(), LedgerError> {
        self.write(move |conn, world| begin(conn, world, entry).boxed()).await
    }

    async fn end_entry(&self, id: Uuid, outcome: EntryOutcome, after: Option<Value>) -> Result<(), LedgerError> {
        self.write(move |conn, world| end(conn, world, id, outcome, after).boxed()).await
    }

    async fn entries(&self, filter: &AuditFilter) -> Result<Page<AuditEntry>, LedgerError> {
        let filter = filter.clone();
        self.read(move |conn, _| async move { entries(conn, &filter).await }.boxed()).await
    }
}

async fn begin(conn: &mut Connection, world: &World, entry: NewEntry) -> Result<(), LedgerError> {
    let now = store::now(conn, world.now()).await?;
    sqlx::query(BEGIN)
        .bind(entry.id)
        .bind(entry.post.map(|post| post.0))
        .bind(millis(now))
        .bind(EntryOutcome::Begun.name())
        .bind(entry.who)
        .bind(entry.tenant.as_ref().map(ToString::to_string))
        .bind(entry.action)
        .bind(entry.subject)
        .bind(entry.reason)
        .bind(entry.before.as_ref().map(json))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("begin an entry of the audit log"))
}

async fn end(
    conn: &mut Connection,
    world: &World,
    id: Uuid,
    outcome: EntryOutcome,
    after: Option<Value>,
) -> Result<(), LedgerError> {
    let now = store::now(conn, world.now()).await?;
    sqlx::query(END)
        .bind(id)
        .bind(outcome.name())
        .bind(after.as_ref().map(json))
        .bind(millis(now))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("complete an entry of the audit log"))
}

/// Writes changes with what came of them, within the transaction that makes them. They are rare: one statement for each.
pub(in super::super) async fn write_entries(tx: &mut Connection, entries: &[AuditEntry]) -> Result<(), LedgerError> {
    for AuditEntry { asked, at, ended_at, outcome, after } in entries {
        sqlx::query(WHOLE)
            .bind(asked.id)
            .bind(asked.post.map(|post| post.0))
            .bind(millis(*at))
            .bind(ended_at.map(millis))
            .bind(outcome.name())
            .bind(asked.who.as_str())
            .bind(asked.tenant.as_ref().map(ToString::to_string))
            .bind(asked.action.as_str())
            .bind(asked.subject.as_str())
            .bind(asked.reason.as_deref())
            .bind(asked.before.as_ref().map(json))
            .bind(after.as_ref().map(json))
            .execute(&mut *tx)
            .await
            .map_err(LedgerError::of("write to the audit log"))?;
    }
    Ok(())
}

/// A row of `audit_log`.
#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    post: Option<Uuid>,
    at: i64,
    ended_at: Option<i64>,
    outcome: String,
    who: String,
    tenant: Option<String>,
    action: String,
    subject: String,
    reason: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl Row {
    fn read(self) -> Result<AuditEntry, LedgerError> {
        let id = self.id;
        let value = |what: &str, text: Option<String>| text.map(|text| read_json(id, what, &text)).transpose();
        let corrupt = |what: &str, why: String| LedgerError::corrupt(id, what, why);
        let outcome = EntryOutcome::named(&self.outcome);
        Ok(AuditEntry {
            asked: NewEntry {
                id,
                who: self.who,
                tenant: self
                    .tenant
                    .map(TenantId::new)
                    .transpose()
                    .map_err(|why| corrupt("the tenant", why.to_string()))?,
                action: self.action,
                subject: self.subject,
                post: self.post.map(PostId),
                reason: self.reason,
                before: value("how it was before", self.before)?,
            },
            at: instant(self.at),
            ended_at: self.ended_at.map(instant),
            outcome: outcome.ok_or_else(|| corrupt("the outcome", self.outcome))?,
            after: value("how it was after", self.after)?,
        })
    }
}

async fn entries(conn: &mut Connection, filter: &AuditFilter) -> Result<Page<AuditEntry>, LedgerError> {
    let limit = if filter.limit == 0 { 50 } else { filter.limit as usize };
    let after = match &filter.after {
        None => Uuid::max(),
        Some(token) => token.parse().map_err(|_| lists::bad_token(token))?,
    };
    let query = match (&filter.post, &filter.subject) {
        (Some(post), _) => sqlx::query_as(OF_POST).bind(after).bind(filter.who.as_deref()).bind(post.0),
        (None, Some(subject)) => sqlx::query_as(OF_SUBJECT).bind(after).bind(filter.who.as_deref()).bind(subject),
        (None, None) => sqlx::query_as(match (&filter.who, &filter.tenant) {
            (Some(_), _) => OF_WHO,
            (None, Some(_)) => OF_TENANT,
            (None, None) => ALL,
        })
        .bind(after)
        .bind(filter.who.as_deref())
        .bind(None::<String>),
    };
    let rows: Vec<Row> = query
        .persistent(false)
        .bind(filter.tenant.as_ref().map(TenantId::as_str))
        .bind(lists::more_than(limit))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read the audit log"))?;
    let (rows, next) = lists::page(rows, limit, |row| row.id.to_string());
    Ok(Page { items: readable(rows.into_iter().map(Row::read)), next })
}
