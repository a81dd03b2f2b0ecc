//! Finding due work. Waiting targets and those on their way have indexes of their own, so that neither hides the other.

use std::collections::HashMap;

use super::Connection;
use crate::{
    LedgerError,
    record::{Record, columns, json},
    world::Peek,
};

/// Two looks at the start of an index, whatever the ledger holds.
const PEEK: &str = "SELECT \
     (SELECT wake_at FROM targets WHERE state NOT IN (0, 4) AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1), \
     (SELECT wake_at FROM targets WHERE state IN (0, 4) AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1)";
const MOVING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t INDEXED BY targets_moving \
     WHERE t.state NOT IN (0, 4) AND t.wake_at IS NOT NULL AND t.wake_at <= $1 ORDER BY t.wake_at LIMIT $2"
);
const COUNT_WAITING: &str = "SELECT count(*) FROM (SELECT 1 FROM targets INDEXED BY targets_waiting \
     WHERE state IN (0, 4) AND wake_at <= $1 LIMIT $2)";
const OLDEST_WAITING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t INDEXED BY targets_waiting WHERE t.state IN (0, 4) AND t.wake_at <= $1 ORDER BY t.wake_at LIMIT $2"
);
/// Reads what is due, and nothing of what is not.
const WAITING_IN_TURN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT id FROM (SELECT id, wake_at, row_number() OVER (PARTITION BY channel, tenant ORDER BY wake_at) AS turn \
         FROM targets INDEXED BY targets_waiting WHERE state IN (0, 4) AND wake_at <= $1 \
         AND channel NOT IN (SELECT value FROM json_each($3))) ORDER BY turn, wake_at LIMIT $2) d \
     JOIN targets t ON t.id = d.id"
);

pub(in crate::sqlite) async fn peek(conn: &mut Connection, now: Option<i64>) -> Result<Peek, LedgerError> {
    let (moving, waiting) = sqlx::query_as(PEEK).fetch_one(conn).await.map_err(LedgerError::of("look for due work"))?;
    Ok(Peek { now: now.unwrap_or_default(), moving, waiting })
}

pub(in crate::sqlite) async fn moving(tx: &mut Connection, until: i64, limit: u32) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(MOVING).bind(until).bind(limit).fetch_all(tx).await.map_err(LedgerError::of("claim what is overdue"))
}

/// How many waiting targets are due, counted up to `limit`.
pub(in crate::sqlite) async fn count_waiting(tx: &mut Connection, until: i64, limit: u32) -> Result<u64, LedgerError> {
    let count: i64 = sqlx::query_scalar(COUNT_WAITING)
        .bind(until)
        .bind(limit)
        .fetch_one(tx)
        .await
        .map_err(LedgerError::of("count what is due"))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// How many targets of each channel are queued.
pub(in crate::sqlite) async fn queued(tx: &mut Connection) -> Result<HashMap<String, u32>, LedgerError> {
    let counts: Vec<(String, i64)> =
        sqlx::query_as("SELECT channel, count(*) FROM targets WHERE state = 1 GROUP BY channel")
            .fetch_all(tx)
            .await
            .map_err(LedgerError::of("count what is queued"))?;
    Ok(counts.into_iter().map(|(channel, count)| (channel, u32::try_from(count).unwrap_or(u32::MAX))).collect())
}

pub(in crate::sqlite) async fn oldest_waiting(
    tx: &mut Connection,
    until: i64,
    limit: u32,
) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(OLDEST_WAITING)
        .bind(until)
        .bind(limit)
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("claim what is due"))
}

/// Due targets of every tenant, of channels that are not `full`.
pub(in crate::sqlite) async fn waiting_in_turn(
    tx: &mut Connection,
    until: i64,
    limit: u32,
    full: &[String],
) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(WAITING_IN_TURN)
        .bind(until)
        .bind(limit)
        .bind(json(&full))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("claim what is due, in turn"))
}
