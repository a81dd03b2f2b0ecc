//! What came of a period: counted by the database, so that a million targets come back as some hundred rows.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ChannelName, State, Target, TargetId, TenantId};
use futures::FutureExt;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Connection, Database, lists, rows::readable, store};
use crate::{
    CaseTally, Counted, DueTally, Figure, History, IncidentKind, IncidentTally, LedgerError, NewestPublish, Page,
    Period, RetryTally,
    history::beyond,
    record::{Record, columns, instant, millis, state},
};

/// The targets that were due from `$1` to `$2`, of the tenant `$3`. Those that just wait for their time are found by the index of what
/// waits; all others have one of their own, whose condition stands here word for word.
macro_rules! due {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM targets t WHERE t.due_at >= $1 AND t.due_at < $2 AND ($3 IS NULL OR t.tenant = $3) \
             AND (t.state <> 0 OR t.wake_at IS NULL OR t.wake_at <> t.due_at) UNION ALL SELECT ",
            $columns,
            " FROM targets t WHERE t.wake_at >= $1 AND t.wake_at < $2 AND ($3 IS NULL OR t.tenant = $3) \
             AND t.state IN (0, 4) AND t.state = 0 AND t.wake_at = t.due_at"
        )
    };
}

/// The lateness is rounded as [`DueTally::late`] says. Each target's attempts are looked up once: when the last one ended that sent it (0:
/// none did), twice, and one more if any left a doubt.
const DUE: &str = concat!(
    "WITH due AS (",
    due!("t.id, t.channel, t.state, t.due_at, CASE WHEN t.listed_at IS NULL THEN 0 ELSE 1 END AS listed"),
    "), tried AS MATERIALIZED (SELECT channel, state, due_at, listed, COALESCE( \
             (SELECT COALESCE(max(CASE WHEN a.kind IN ('send', 'repeat') THEN a.ended_at END), 0) * 2 \
                  + max(CASE WHEN a.outcome IN ('unknown', 'lost') THEN 1 ELSE 0 END) \
              FROM attempts a WHERE a.target = due.id), 0) AS tried, \
         CASE WHEN id IN (SELECT c.target FROM cases c WHERE c.reason = 'undecidable') THEN 1 ELSE 0 END AS asked FROM due), \
     each AS (SELECT channel, state, listed, CASE WHEN tried > 1 THEN tried / 2 - due_at END AS late, \
         CAST(tried % 2 AS INTEGER) AS doubted, asked FROM tried) \
     SELECT channel, state, listed, doubted, asked, \
         CASE WHEN late < 0 THEN 0 WHEN late < 1000 THEN late / 10 * 10 WHEN late < 10000 THEN late / 100 * 100 \
              WHEN late < 100000 THEN late / 1000 * 1000 ELSE late / 10000 * 10000 END AS late, \
         count(*) AS many \
     FROM each GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 NULLS LAST"
);

/// Those of what was due that a condition takes in: on the channel `$4`, after the place `$5`, `$6`, at most `$7`; `$8` belongs to the
/// condition. Each half is read in the order of its index, and no further than the page needs.
macro_rules! counted {
    ($condition:literal) => {
        concat!(
            "SELECT id, due_at FROM (SELECT * FROM (SELECT t.id, t.due_at FROM targets t \
             WHERE t.due_at >= $1 AND t.due_at < $2 AND (t.state <> 0 OR t.wake_at IS NULL OR t.wake_at <> t.due_at) \
             AND (t.due_at, t.id) > ($5, $6)",
            counted!(@narrowed $condition),
            " ORDER BY t.due_at, t.id LIMIT $7) a UNION ALL SELECT * FROM (SELECT t.id, t.due_at FROM targets t \
             WHERE t.wake_at >= $1 AND t.wake_at < $2 AND t.state IN (0, 4) AND t.state = 0 AND t.wake_at = t.due_at \
             AND (t.wake_at, t.id) > ($5, $6)",
            counted!(@narrowed $condition),
            " ORDER BY t.wake_at, t.id LIMIT $7) b) due ORDER BY due_at, id LIMIT $7"
        )
    };
    (@narrowed $condition:literal) => {
        concat!(
            " AND ($3 IS NULL OR t.tenant = $3) AND ($4 IS NULL OR t.channel = $4) AND ($8 IS NULL OR $8 >= 0) AND ",
            $condition
        )
    };
}

const COUNTED_DUE: &str = counted!("t.state <> 9");
const COUNTED_PUBLISHED: &str = counted!("t.state = 6");
const COUNTED_FAILED: &str = counted!("t.state NOT IN (6, 9, 10) AND (t.state = 7 OR t.listed_at IS NOT NULL)");
const COUNTED_EXPIRED: &str = counted!("t.state = 10");
const COUNTED_UNDECIDED: &str = counted!("t.state NOT IN (6, 7, 9, 10) AND t.listed_at IS NULL");
const COUNTED_CANCELLED: &str = counted!("t.state = 9");
/// By more than a minute: the condition of the index of such attempts stands here word for word. It goes by the time that a target was due when
/// the attempt ended: nothing that may be out is moved after that, and the target has the last word.
const COUNTED_LATE: &str = counted!(
    "t.state = 6 AND t.id IN (SELECT a.target FROM attempts a WHERE a.ended_at > $1 AND a.kind IN ('send', 'repeat') \
         AND (a.late_by IS NULL OR a.late_by > 60000)) \
     AND EXISTS (SELECT 1 FROM attempts a WHERE a.target = t.id AND a.ended_at > t.due_at + $8 AND a.kind IN ('send', 'repeat'))"
);
/// What that index begins at, in milliseconds.
const MINUTE: i64 = 60_000;
const COUNTED_LATE_BY_LESS: &str = counted!(
    "t.state = 6 AND EXISTS (SELECT 1 FROM attempts a WHERE a.target = t.id AND a.ended_at > t.due_at + $8 \
     AND a.kind IN ('send', 'repeat'))"
);
/// By an index that holds nothing but doubts: where there are none, that is found out at once.
const COUNTED_DOUBTED: &str =
    counted!("t.state <> 9 AND t.id IN (SELECT a.target FROM attempts a WHERE a.outcome IN ('unknown', 'lost'))");
const COUNTED_ASKED: &str = counted!(
    "t.state <> 9 AND t.id IN (SELECT c.target FROM cases c WHERE c.reason = 'undecidable') \
     AND EXISTS (SELECT 1 FROM attempts a WHERE a.target = t.id AND a.outcome IN ('unknown', 'lost'))"
);

/// By an index that holds nothing else.
const EXPIRED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t WHERE t.state = 10 AND t.deadline >= $1 ORDER BY t.deadline DESC, t.id LIMIT $2"
);

/// By an index of what is out.
const NEWEST_PUBLISH: &str = "SELECT max(ended_at) FROM attempts WHERE outcome = 'published'";
/// The newest of the tenant `$1` among the newest `$2` of all; when the oldest of those was, and how many there are. Each target is looked up by
/// its id: as a join it may be planned to read all targets.
const NEWEST_PUBLISH_OF_TENANT: &str = "SELECT max(CASE WHEN tenant = $1 THEN ended_at END), min(ended_at), count(*) FROM ( \
         SELECT ended_at, (SELECT t.tenant FROM targets t WHERE t.id = a.target) AS tenant FROM attempts a \
         WHERE outcome = 'published' ORDER BY ended_at DESC LIMIT $2) n";

/// Those whose case or retry fell into the period, whenever they were due: the same parameters.
macro_rules! touched {
    ($condition:literal) => {
        concat!(
            "SELECT t.id, t.due_at FROM targets t WHERE t.id IN (",
            $condition,
            ") AND ($3 IS NULL OR t.tenant = $3) AND ($4 IS NULL OR t.channel = $4) AND (t.due_at, t.id) > ($5, $6) \
             AND ($8 IS NULL OR $8 >= 0) ORDER BY t.due_at, t.id LIMIT $7"
        )
    };
}

const COUNTED_DUPLICATED: &str =
    touched!("SELECT target FROM incidents WHERE found_at >= $1 AND found_at < $2 AND kind = 'duplicate'");
const COUNTED_VANISHED: &str =
    touched!("SELECT target FROM incidents WHERE found_at >= $1 AND found_at < $2 AND kind = 'vanished'");
const COUNTED_RETRIED: &str = touched!("SELECT target FROM retries WHERE at >= $1 AND at < $2");
const COUNTED_RESOLVED: &str = touched!("SELECT target FROM cases WHERE until >= $1 AND until < $2 AND ended = 6");
const COUNTED_GIVEN_UP: &str = touched!("SELECT target FROM cases WHERE until >= $1 AND until < $2 AND ended <> 6");

const CASES: &str = "SELECT channel, cause, CAST(sum(begun) AS BIGINT) AS begun, \
         CAST(sum(published) AS BIGINT) AS published, CAST(sum(published_after) AS BIGINT) AS published_after, \
         CAST(sum(given_up) AS BIGINT) AS given_up, CAST(sum(given_up_after) AS BIGINT) AS given_up_after FROM ( \
         SELECT channel, cause, 1 AS begun, 0 AS published, 0 AS published_after, 0 AS given_up, 0 AS given_up_after \
         FROM cases WHERE since >= $1 AND since < $2 AND ($3 IS NULL OR tenant = $3) \
         UNION ALL \
         SELECT channel, cause, 0, CASE WHEN ended = $4 THEN 1 ELSE 0 END, CASE WHEN ended = $4 THEN until - since ELSE 0 END, \
             CASE WHEN ended = $4 THEN 0 ELSE 1 END, CASE WHEN ended = $4 THEN 0 ELSE until - since END \
         FROM cases WHERE until >= $1 AND until < $2 AND ($3 IS NULL OR tenant = $3)) AS both_ends \
     GROUP BY channel, cause ORDER BY channel, cause";

const RETRIES: &str = "SELECT channel, count(*) FROM retries WHERE at >= $1 AND at < $2 AND ($3 IS NULL OR tenant = $3) \
     GROUP BY channel ORDER BY channel";

const FOUND: &str = "SELECT channel, kind, count(*) FROM incidents WHERE found_at >= $1 AND found_at < $2 \
     AND ($3 IS NULL OR tenant = $3) GROUP BY channel, kind ORDER BY channel, kind";

const OPEN: &str = "SELECT count(*), min(since) FROM cases WHERE until IS NULL AND ($1 IS NULL OR tenant = $1)";

#[async_trait]
impl History for Database {
    async fn due(&self, period: &Period) -> Result<Vec<DueTally>, LedgerError> {
        let period = period.clone();
        self.read(move |conn, _| async move { due(conn, &period).await }.boxed()).await
    }

    async fn cases(&self, period: &Period) -> Result<Vec<CaseTally>, LedgerError> {
        let period = period.clone();
        self.read(move |conn, _| async move { cases(conn, &period).await }.boxed()).await
    }

    async fn retries(&self, period: &Period) -> Result<Vec<RetryTally>, LedgerError> {
        let period = period.clone();
        self.read(move |conn, _| async move { retries(conn, &period).await }.boxed()).await
    }

    async fn found(&self, period: &Period) -> Result<Vec<IncidentTally>, LedgerError> {
        let period = period.clone();
        self.read(move |conn, _| async move { found(conn, &period).await }.boxed()).await
    }

    async fn counted(&self, counted: &Counted) -> Result<Page<TargetId>, LedgerError> {
        let asked = counted.clone();
        self.read(move |conn, _| async move { list(conn, &asked).await }.boxed()).await
    }

    async fn expired(&self, since: Timestamp, limit: u32) -> Result<Vec<Target>, LedgerError> {
        self.read(move |conn, _| {
            async move {
                let rows: Vec<Record> = sqlx::query_as(EXPIRED)
                    .bind(millis(since))
                    .bind(i64::from(limit))
                    .fetch_all(conn)
                    .await
                    .map_err(LedgerError::of("list what has expired"))?;
                Ok(readable(rows.into_iter().map(Record::target)))
            }
            .boxed()
        })
        .await
    }

    async fn newest_publish(&self, tenant: Option<&TenantId>) -> Result<NewestPublish, LedgerError> {
        let tenant = tenant.cloned();
        self.read(move |conn, _| async move { newest_publish(conn, tenant.as_ref()).await }.boxed()).await
    }

    async fn open_cases(&self, tenant: Option<&TenantId>) -> Result<(u64, Option<Timestamp>), LedgerError> {
        let tenant = tenant.cloned();
        self.read(move |conn, _| {
            async move {
                let (many, since): (i64, Option<i64>) = sqlx::query_as(OPEN)
                    .bind(tenant.as_ref().map(TenantId::as_str))
                    .fetch_one(conn)
                    .await
                    .map_err(LedgerError::of("count open cases"))?;
                Ok((count(many), since.map(instant)))
            }
            .boxed()
        })
        .await
    }
}

#[derive(sqlx::FromRow)]
struct DueRow {
    channel: String,
    state: i16,
    listed: i32,
    doubted: i32,
    asked: i32,
    late: Option<i64>,
    many: i64,
}

impl DueRow {
    fn read(self) -> Result<DueTally, LedgerError> {
        Ok(DueTally {
            channel: channel(self.channel)?,
            state: state(TargetId(Uuid::nil()), self.state)?,
            listed: self.listed != 0,
            doubted: self.doubted != 0,
            asked: self.asked != 0,
            late: self.late.map(span),
            count: count(self.many),
        })
    }
}

async fn due(conn: &mut Connection, period: &Period) -> Result<Vec<DueTally>, LedgerError> {
    let failed = "count what was due";
    let mut tx = store::begin_scan(conn).await?;
    let rows: Vec<DueRow> = sqlx::query_as(DUE)
        .persistent(false)
        .bind(millis(period.from))
        .bind(millis(period.until))
        .bind(period.tenant.as_ref().map(TenantId::as_str))
        .fetch_all(&mut *tx)
        .await
        .map_err(LedgerError::of(failed))?;
    tx.commit().await.map_err(LedgerError::of(failed))?;
    Ok(readable(rows.into_iter().map(DueRow::read)))
}

#[derive(sqlx::FromRow)]
struct CaseRow {
    channel: String,
    cause: String,
    begun: i64,
    published: i64,
    published_after: i64,
    given_up: i64,
    given_up_after: i64,
}

impl CaseRow {
    fn read(self) -> Result<CaseTally, LedgerError> {
        Ok(CaseTally {
            channel: channel(self.channel)?,
            cause: self.cause,
            begun: count(self.begun),
            published: count(self.published),
            published_after: span(self.published_after),
            given_up: count(self.given_up),
            given_up_after: span(self.given_up_after),
        })
    }
}

async fn cases(conn: &mut Connection, period: &Period) -> Result<Vec<CaseTally>, LedgerError> {
    let rows: Vec<CaseRow> = sqlx::query_as(CASES)
        .bind(millis(period.from))
        .bind(millis(period.until))
        .bind(period.tenant.as_ref().map(TenantId::as_str))
        .bind(State::Published.number())
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("count cases"))?;
    Ok(readable(rows.into_iter().map(CaseRow::read)))
}

async fn retries(conn: &mut Connection, period: &Period) -> Result<Vec<RetryTally>, LedgerError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(RETRIES)
        .bind(millis(period.from))
        .bind(millis(period.until))
        .bind(period.tenant.as_ref().map(TenantId::as_str))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("count retries"))?;
    Ok(readable(rows.into_iter().map(|(name, many)| Ok(RetryTally { channel: channel(name)?, count: count(many) }))))
}

async fn found(conn: &mut Connection, period: &Period) -> Result<Vec<IncidentTally>, LedgerError> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(FOUND)
        .bind(millis(period.from))
        .bind(millis(period.until))
        .bind(period.tenant.as_ref().map(TenantId::as_str))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("count incidents"))?;
    let read = |(name, kind, many): (String, String, i64)| {
        let named = IncidentKind::named(&kind);
        let kind = named.ok_or_else(|| LedgerError::corrupt("a tally", "the kind of incident", kind))?;
        Ok(IncidentTally { channel: channel(name)?, kind, count: count(many) })
    };
    Ok(readable(rows.into_iter().map(read)))
}

async fn newest_publish(conn: &mut Connection, tenant: Option<&TenantId>) -> Result<NewestPublish, LedgerError> {
    let failed = "look for what went out last";
    let Some(tenant) = tenant else {
        let at: Option<i64> =
            sqlx::query_scalar(NEWEST_PUBLISH).fetch_one(conn).await.map_err(LedgerError::of(failed))?;
        return Ok(NewestPublish { at: at.map(instant), since: None });
    };
    let (at, oldest, many): (Option<i64>, Option<i64>, i64) = sqlx::query_as(NEWEST_PUBLISH_OF_TENANT)
        .bind(tenant.as_str())
        .bind(NewestPublish::MOST)
        .fetch_one(conn)
        .await
        .map_err(LedgerError::of(failed))?;
    Ok(NewestPublish { at: at.map(instant), since: oldest.filter(|_| many >= NewestPublish::MOST).map(instant) })
}

async fn list(conn: &mut Connection, asked: &Counted) -> Result<Page<TargetId>, LedgerError> {
    let limit = if asked.limit == 0 { 50 } else { asked.limit as usize };
    let (at, id) = match &asked.after {
        None => (i64::MIN, Uuid::nil()),
        Some(token) => token
            .split_once('.')
            .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)))
            .ok_or_else(|| lists::bad_token(token))?,
    };
    let (statement, span) = match asked.figure {
        Figure::Due => (COUNTED_DUE, None),
        Figure::Published => (COUNTED_PUBLISHED, None),
        Figure::Failed => (COUNTED_FAILED, None),
        Figure::Expired => (COUNTED_EXPIRED, None),
        Figure::Undecided => (COUNTED_UNDECIDED, None),
        Figure::Cancelled => (COUNTED_CANCELLED, None),
        // Beyond the last instant that is rounded down to the span.
        Figure::Late(span) => match beyond(span) {
            last if last < MINUTE => (COUNTED_LATE_BY_LESS, Some(last)),
            last => (COUNTED_LATE, Some(last)),
        },
        Figure::Doubted => (COUNTED_DOUBTED, None),
        Figure::Asked => (COUNTED_ASKED, None),
        Figure::Duplicated => (COUNTED_DUPLICATED, None),
        Figure::Vanished => (COUNTED_VANISHED, None),
        Figure::Retried => (COUNTED_RETRIED, None),
        Figure::Resolved => (COUNTED_RESOLVED, None),
        Figure::GivenUp => (COUNTED_GIVEN_UP, None),
    };
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(statement)
        .persistent(false)
        .bind(millis(asked.period.from))
        .bind(millis(asked.period.until))
        .bind(asked.period.tenant.as_ref().map(TenantId::as_str))
        .bind(asked.channel.as_ref().map(ChannelName::as_str))
        .bind(at)
        .bind(id)
        .bind(lists::more_than(limit))
        .bind(span)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("list what a figure counts"))?;
    let (rows, next) = lists::page(rows, limit, |(id, at)| format!("{at}.{id}"));
    Ok(Page { items: rows.into_iter().map(|(id, _)| TargetId(id)).collect(), next })
}

fn channel(name: String) -> Result<ChannelName, LedgerError> {
    ChannelName::new(name).map_err(|why| LedgerError::corrupt("a tally", "the channel", why))
}

fn count(many: i64) -> u64 {
    u64::try_from(many).unwrap_or_default()
}

fn span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
