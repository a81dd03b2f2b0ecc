//! What came of a period: counted by the database, so that a million targets come back as some hundred rows.

use std::time::Duration;

use async_trait::async_trait;
use domain::{ChannelName, State, TargetId, TenantId};
use futures::FutureExt;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Connection, Database, rows::readable, store};
use crate::{
    CaseTally, DueTally, History, LedgerError, Period, RetryTally,
    record::{instant, millis, state},
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

/// The lateness is rounded as [`DueTally::late`] says.
const DUE: &str = concat!(
    "WITH due AS (",
    due!("t.id, t.channel, t.state, t.due_at, CASE WHEN t.listed_at IS NULL THEN 0 ELSE 1 END AS listed"),
    "), each AS (SELECT channel, state, listed, \
         (SELECT max(a.ended_at) FROM attempts a WHERE a.target = due.id AND a.kind IN ('send', 'repeat')) - due_at AS late, \
         CASE WHEN EXISTS (SELECT 1 FROM attempts a WHERE a.target = due.id AND a.outcome IN ('unknown', 'lost')) \
              THEN 1 ELSE 0 END AS doubted, \
         CASE WHEN EXISTS (SELECT 1 FROM cases c WHERE c.target = due.id AND c.reason = 'undecidable') \
              THEN 1 ELSE 0 END AS asked FROM due) \
     SELECT channel, state, listed, doubted, asked, \
         CASE WHEN late < 0 THEN 0 WHEN late < 1000 THEN late / 10 * 10 WHEN late < 10000 THEN late / 100 * 100 \
              WHEN late < 100000 THEN late / 1000 * 1000 ELSE late / 10000 * 10000 END AS late, \
         count(*) AS many \
     FROM each GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 NULLS LAST"
);

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

fn channel(name: String) -> Result<ChannelName, LedgerError> {
    ChannelName::new(name).map_err(|why| LedgerError::corrupt("a tally", "the channel", why))
}

fn count(many: i64) -> u64 {
    u64::try_from(many).unwrap_or_default()
}

fn span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
