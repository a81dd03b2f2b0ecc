//! Finding due work. Waiting targets and those on their way have indexes of their own, so that neither hides the other.

use std::collections::HashMap;

use super::Connection;
use crate::{
    LedgerError,
    record::{Record, columns, json},
    world::{Looks, Peek},
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
/// Walks along the index from one channel to the next and, in those that are not full, from one tenant to the next (loose
/// scans), and takes an equal share of each that has something due. The share is generous, as what one leaves, others use, and bounded by
/// that of the channel with most room.
const WAITING_IN_TURN: &str = concat!(
    "WITH RECURSIVE kind (channel) AS ( \
         SELECT min(channel) FROM targets INDEXED BY targets_turns WHERE state IN (0, 4) \
         UNION ALL \
         SELECT (SELECT min(t.channel) FROM targets t INDEXED BY targets_turns \
             WHERE t.state IN (0, 4) AND t.channel > k.channel) \
         FROM kind k WHERE k.channel IS NOT NULL \
     ), pair (channel, tenant) AS ( \
         SELECT k.channel, (SELECT min(t.tenant) FROM targets t INDEXED BY targets_turns \
             WHERE t.state IN (0, 4) AND t.channel = k.channel) \
         FROM kind k WHERE k.channel IS NOT NULL AND k.channel NOT IN (SELECT key FROM json_each($3) WHERE value <= 0) \
         UNION ALL \
         SELECT p.channel, (SELECT min(t.tenant) FROM targets t INDEXED BY targets_turns \
             WHERE t.state IN (0, 4) AND t.channel = p.channel AND t.tenant > p.tenant) \
         FROM pair p WHERE p.tenant IS NOT NULL \
     ), due (channel, tenant) AS MATERIALIZED ( \
         SELECT p.channel, p.tenant FROM pair p WHERE p.tenant IS NOT NULL AND EXISTS ( \
             SELECT 1 FROM targets t INDEXED BY targets_turns \
             WHERE t.state IN (0, 4) AND t.channel = p.channel AND t.tenant = p.tenant AND t.wake_at <= $1) \
     ) \
     SELECT ",
    columns!(),
    " FROM due JOIN targets t ON t.id IN ( \
         SELECT w.id FROM targets w INDEXED BY targets_turns \
         WHERE w.state IN (0, 4) AND w.channel = due.channel AND w.tenant = due.tenant AND w.wake_at <= $1 \
         ORDER BY w.wake_at LIMIT (SELECT min(max(1, 2 * $2 / max(1, count(*))), \
             max(coalesce((SELECT r.value FROM json_each($3) r WHERE r.key = d.channel), $4))) FROM due d))"
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

/// Due targets of every tenant, of channels that have room.
pub(in crate::sqlite) async fn waiting_in_turn(
    tx: &mut Connection,
    until: i64,
    limit: u32,
    looks: &Looks,
) -> Result<Vec<Record>, LedgerError> {
    let most: HashMap<&String, i64> = looks.channels.iter().zip(looks.most.iter().copied()).collect();
    sqlx::query_as(WAITING_IN_TURN)
        .bind(until)
        .bind(limit)
        .bind(json(&most))
        .bind(looks.others)
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("claim what is due, in turn"))
}
