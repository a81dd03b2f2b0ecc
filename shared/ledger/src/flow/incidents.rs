//! Incidents: each is one row, put there once and closed once.

use async_trait::async_trait;
use domain::{AccountId, ChannelName, TargetId, TenantId};
use futures::FutureExt;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Connection, Database, rows::readable, store};
use crate::{
    Closed, Incident, IncidentFilter, IncidentKind, Incidents, LedgerError, LookTally, NewIncident, Page, Period,
    Place,
    record::{instant, json, millis, read_json},
    world::World,
};

macro_rules! columns {
    () => {
        "id, target, found_at, closed_at, kind, tenant, channel, account, subject, what, evidence, closed_by, note"
    };
}

const INSERT: &str = "INSERT INTO incidents \
     (id, target, found_at, kind, tenant, channel, account, subject, what, evidence) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
macro_rules! listed {
    ($whose:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM incidents WHERE ",
            $whose,
            " AND ($2 IS NULL OR kind = $2) AND ($3 IS NULL OR (closed_at IS NULL) = $3) AND (found_at, id) < ($4, $5) \
             ORDER BY found_at DESC, id DESC LIMIT $6"
        )
    };
}

const LIST: &str = listed!("$1 IS NULL");
const OF_TENANT: &str = listed!("tenant = $1");
const ONE: &str = concat!("SELECT ", columns!(), " FROM incidents WHERE id = $1");
const CLOSE: &str =
    "UPDATE incidents SET closed_at = $2, closed_by = $3, note = $4 WHERE id = $1 AND closed_at IS NULL";
const OPEN: &str = "SELECT kind, count(*) FROM incidents WHERE closed_at IS NULL GROUP BY kind";

/// One statement, so that of two looks at once neither is lost.
const LOOKED: &str = "INSERT INTO looked (tenant, channel, account, from_at, until_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (tenant, channel, account) DO UPDATE SET \
     from_at = CASE WHEN excluded.from_at > looked.until_at THEN excluded.from_at \
         WHEN excluded.until_at < looked.from_at OR looked.from_at < excluded.from_at THEN looked.from_at ELSE excluded.from_at END, \
     until_at = CASE WHEN excluded.until_at > looked.until_at THEN excluded.until_at ELSE looked.until_at END";
const LOOKED_FOR: &str = "SELECT t.channel, count(*) FROM looked l JOIN targets t \
     ON t.channel = l.channel AND t.tenant = l.tenant AND t.account = l.account AND t.state = 6 \
     AND t.due_at >= l.from_at AND t.due_at < l.until_at \
     WHERE t.due_at >= $1 AND t.due_at < $2 AND ($3 IS NULL OR t.tenant = $3) GROUP BY t.channel ORDER BY t.channel";

#[async_trait]
impl Incidents for Database {
    async fn report(&self, found: Vec<NewIncident>) -> Result<Vec<Incident>, LedgerError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |conn, world| report(conn, world, found).boxed()).await
    }

    async fn incidents(&self, filter: &IncidentFilter) -> Result<Page<Incident>, LedgerError> {
        let filter = filter.clone();
        self.read(move |conn, _| async move { list(conn, &filter).await }.boxed()).await
    }

    async fn incident(&self, id: Uuid) -> Result<Option<Incident>, LedgerError> {
        self.read(move |conn, _| one(conn, id).boxed()).await
    }

    async fn close_incident(&self, id: Uuid, by: &str, note: &str) -> Result<Option<Incident>, LedgerError> {
        let (by, note) = (by.to_owned(), note.to_owned());
        self.write(move |conn, world| async move { close(conn, world, id, &by, &note).await }.boxed()).await
    }

    async fn looked(&self, place: &Place, from: Timestamp, until: Timestamp) -> Result<(), LedgerError> {
        let place = place.clone();
        self.write(move |conn, _| {
            async move {
                sqlx::query(LOOKED)
                    .bind(place.tenant.as_str())
                    .bind(place.channel.as_str())
                    .bind(place.account.as_str())
                    .bind(millis(from))
                    .bind(millis(until))
                    .execute(conn)
                    .await
                    .map(drop)
                    .map_err(LedgerError::of("put a look on record"))
            }
            .boxed()
        })
        .await
    }

    async fn looked_for(&self, period: &Period) -> Result<Vec<LookTally>, LedgerError> {
        let period = period.clone();
        self.read(move |conn, _| async move { looked_for(conn, &period).await }.boxed()).await
    }

    async fn open_incidents(&self) -> Result<Vec<(IncidentKind, u64)>, LedgerError> {
        self.read(move |conn, _| open(conn).boxed()).await
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    target: Uuid,
    found_at: i64,
    closed_at: Option<i64>,
    kind: String,
    tenant: String,
    channel: String,
    account: String,
    subject: String,
    what: String,
    evidence: String,
    closed_by: Option<String>,
    note: Option<String>,
}

impl Row {
    fn read(self) -> Result<Incident, LedgerError> {
        let id = format!("incident {}", self.id);
        let kind = IncidentKind::named(&self.kind).ok_or_else(|| LedgerError::corrupt(&id, "the kind", &self.kind))?;
        let place = Place {
            tenant: TenantId::new(self.tenant).map_err(|why| LedgerError::corrupt(&id, "the tenant", why))?,
            channel: ChannelName::new(self.channel).map_err(|why| LedgerError::corrupt(&id, "the channel", why))?,
            account: AccountId::new(self.account).map_err(|why| LedgerError::corrupt(&id, "the account", why))?,
        };
        let closed = self.closed_at.map(|at| Closed {
            at: instant(at),
            by: self.closed_by.unwrap_or_default(),
            note: self.note.unwrap_or_default(),
        });
        Ok(Incident {
            id: self.id,
            found: NewIncident {
                kind,
                target: TargetId(self.target),
                place,
                subject: self.subject,
                what: self.what,
                evidence: read_json(&id, "the evidence", &self.evidence)?,
            },
            found_at: instant(self.found_at),
            closed,
        })
    }
}

async fn report(conn: &mut Connection, world: &World, found: Vec<NewIncident>) -> Result<Vec<Incident>, LedgerError> {
    let failed = "put incidents on record";
    let found_at: Timestamp = store::now(conn, world.now()).await?;
    let mut tx = store::begin(conn).await?;
    let mut new = Vec::new();
    for found in found {
        let id = found.id();
        let stored = sqlx::query(INSERT)
            .bind(id)
            .bind(found.target.0)
            .bind(millis(found_at))
            .bind(found.kind.name())
            .bind(found.place.tenant.as_str())
            .bind(found.place.channel.as_str())
            .bind(found.place.account.as_str())
            .bind(&found.subject)
            .bind(&found.what)
            .bind(json(&found.evidence))
            .execute(&mut *tx)
            .await
            .map_err(LedgerError::of(failed))?;
        if stored.rows_affected() > 0 {
            new.push(Incident { id, found, found_at: instant(millis(found_at)), closed: None });
        }
    }
    tx.commit().await.map_err(LedgerError::of(failed))?;
    Ok(new)
}

async fn list(conn: &mut Connection, filter: &IncidentFilter) -> Result<Page<Incident>, LedgerError> {
    let limit = filter.limit();
    let (at, id) = filter.place()?;
    let mut rows: Vec<Row> = sqlx::query_as(if filter.tenant.is_some() { OF_TENANT } else { LIST })
        .persistent(false)
        .bind(filter.tenant.as_ref().map(TenantId::as_str))
        .bind(filter.kind.map(IncidentKind::name))
        .bind(filter.open)
        .bind(at)
        .bind(id)
        // One row more than the page holds tells whether there is another page.
        .bind(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("list incidents"))?;
    let next = (rows.len() > limit).then(|| format!("{}.{}", rows[limit - 1].found_at, rows[limit - 1].id));
    rows.truncate(limit);
    Ok(Page { items: readable(rows.into_iter().map(Row::read)), next })
}

async fn one(conn: &mut Connection, id: Uuid) -> Result<Option<Incident>, LedgerError> {
    let row: Option<Row> =
        sqlx::query_as(ONE).bind(id).fetch_optional(conn).await.map_err(LedgerError::of("read an incident"))?;
    row.map(Row::read).transpose()
}

async fn close(
    conn: &mut Connection,
    world: &World,
    id: Uuid,
    by: &str,
    note: &str,
) -> Result<Option<Incident>, LedgerError> {
    let now = store::now(conn, world.now()).await?;
    sqlx::query(CLOSE)
        .bind(id)
        .bind(millis(now))
        .bind(by)
        .bind(note)
        .execute(&mut *conn)
        .await
        .map_err(LedgerError::of("close an incident"))?;
    one(conn, id).await
}

async fn open(conn: &mut Connection) -> Result<Vec<(IncidentKind, u64)>, LedgerError> {
    let counts: Vec<(String, i64)> =
        sqlx::query_as(OPEN).fetch_all(conn).await.map_err(LedgerError::of("count open incidents"))?;
    let count = |kind: IncidentKind| {
        let count = counts.iter().find(|(name, _)| name == kind.name()).map_or(0, |(_, count)| *count);
        (kind, u64::try_from(count).unwrap_or_default())
    };
    Ok(IncidentKind::ALL.into_iter().map(count).collect())
}

async fn looked_for(conn: &mut Connection, period: &Period) -> Result<Vec<LookTally>, LedgerError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(LOOKED_FOR)
        .persistent(false)
        .bind(millis(period.from))
        .bind(millis(period.until))
        .bind(period.tenant.as_ref().map(TenantId::as_str))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("count what was looked for"))?;
    let read = |(name, many): (String, i64)| {
        let channel = ChannelName::new(name).map_err(|why| LedgerError::corrupt("a tally", "the channel", why))?;
        Ok(LookTally { channel, count: u64::try_from(many).unwrap_or_default() })
    };
    Ok(readable(rows.into_iter().map(read)))
}
