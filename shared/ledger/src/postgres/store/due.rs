//! Finding due work. Waiting targets and those on their way have indexes of their own, so that neither hides the other.

use std::collections::HashMap;

use super::{Connection, begin_claim, time};
use crate::{
    LedgerError,
    record::{Record, columns},
    world::{Looks, Peek},
};

/// Two looks at the start of an index, whatever the ledger holds.
const PEEK: &str = concat!(
    "SELECT ",
    time!(),
    ", (SELECT wake_at FROM targets WHERE state NOT IN (0, 4) AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1), \
     (SELECT wake_at FROM targets WHERE state IN (0, 4) AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1)"
);
const MOVING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t WHERE t.state NOT IN (0, 4) AND t.wake_at IS NOT NULL AND t.wake_at <= $1 \
     ORDER BY t.wake_at LIMIT $2 FOR UPDATE SKIP LOCKED"
);
const COUNT_WAITING: &str =
    "SELECT count(*) FROM (SELECT 1 FROM targets WHERE state IN (0, 4) AND wake_at <= $1 LIMIT $2) d";
const OLDEST_WAITING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t WHERE t.state IN (0, 4) AND t.wake_at <= $1 ORDER BY t.wake_at LIMIT $2 FOR UPDATE SKIP LOCKED"
);
/// Walks along the index from one channel to the next and, in those that are not full, from one tenant to the next (loose
/// scans), and takes an equal share of each that has something due. The share is generous, as what one leaves, others use, and bounded by
/// the channel's room: each that is taken is locked.
///
/// Whether a tenant has something due is one look at the index, too. As an `EXISTS` it would be joined with everything that is due.
const WAITING_IN_TURN: &str = concat!(
    "WITH RECURSIVE kind (channel) AS ( \
         (SELECT channel FROM targets WHERE state IN (0, 4) ORDER BY channel LIMIT 1) \
         UNION ALL \
         SELECT n.channel FROM kind k, LATERAL ( \
             SELECT t.channel FROM targets t WHERE t.state IN (0, 4) AND t.channel > k.channel \
             ORDER BY t.channel LIMIT 1) n \
     ), looks (channel, most) AS MATERIALIZED (SELECT * FROM UNNEST($3::text[], $4::bigint[]) \
     ), pair (channel, tenant) AS ( \
         SELECT k.channel, n.tenant FROM kind k, LATERAL ( \
             SELECT t.tenant FROM targets t WHERE t.state IN (0, 4) AND t.channel = k.channel \
             ORDER BY t.tenant LIMIT 1) n WHERE NOT EXISTS (SELECT 1 FROM looks l WHERE l.channel = k.channel AND l.most <= 0) \
         UNION ALL \
         SELECT p.channel, n.tenant FROM pair p, LATERAL ( \
             SELECT t.tenant FROM targets t WHERE t.state IN (0, 4) AND t.channel = p.channel AND t.tenant > p.tenant \
             ORDER BY t.tenant LIMIT 1) n \
     ), due AS MATERIALIZED ( \
         SELECT p.channel, p.tenant FROM pair p, LATERAL ( \
             SELECT 1 FROM targets t WHERE t.state IN (0, 4) AND t.channel = p.channel AND t.tenant = p.tenant \
             AND t.wake_at <= $1 ORDER BY t.wake_at LIMIT 1) n \
     ) \
     SELECT ",
    columns!(),
    " FROM due, LATERAL ( \
         SELECT * FROM targets w WHERE w.state IN (0, 4) AND w.channel = due.channel AND w.tenant = due.tenant \
         AND w.wake_at <= $1 ORDER BY w.wake_at \
         LIMIT least((SELECT greatest(1, 2 * $2 / greatest(1, count(*))) FROM due), \
             coalesce((SELECT l.most FROM looks l WHERE l.channel = due.channel), $5)) FOR UPDATE SKIP LOCKED) t"
);

pub(in crate::postgres) async fn peek(conn: &mut Connection, now: Option<i64>) -> Result<Peek, LedgerError> {
    let failed = "look for due work";
    let mut tx = begin_claim(conn).await?;
    let peek = sqlx::query_as(PEEK).bind(now).fetch_one(&mut *tx).await;
    let (now, moving, waiting) = peek.map_err(LedgerError::of(failed))?;
    tx.rollback().await.map_err(LedgerError::of(failed))?;
    Ok(Peek { now, moving, waiting })
}

pub(in crate::postgres) async fn moving(
    tx: &mut Connection,
    until: i64,
    limit: u32,
) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(MOVING)
        .bind(until)
        .bind(i64::from(limit))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("claim what is overdue"))
}

/// How many waiting targets are due, counted up to `limit`.
pub(in crate::postgres) async fn count_waiting(
    tx: &mut Connection,
    until: i64,
    limit: u32,
) -> Result<u64, LedgerError> {
    let count: i64 = sqlx::query_scalar(COUNT_WAITING)
        .bind(until)
        .bind(i64::from(limit))
        .fetch_one(tx)
        .await
        .map_err(LedgerError::of("count what is due"))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// How many targets of each channel are queued.
pub(in crate::postgres) async fn queued(tx: &mut Connection) -> Result<HashMap<String, u32>, LedgerError> {
    let counts: Vec<(String, i64)> =
        sqlx::query_as("SELECT channel, count(*) FROM targets WHERE state = 1 GROUP BY channel")
            .fetch_all(tx)
            .await
            .map_err(LedgerError::of("count what is queued"))?;
    Ok(counts.into_iter().map(|(channel, count)| (channel, u32::try_from(count).unwrap_or(u32::MAX))).collect())
}

pub(in crate::postgres) async fn oldest_waiting(
    tx: &mut Connection,
    until: i64,
    limit: u32,
) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(OLDEST_WAITING)
        .bind(until)
        .bind(i64::from(limit))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("claim what is due"))
}

/// Due targets of every tenant, of channels that have room.
pub(in crate::postgres) async fn waiting_in_turn(
    tx: &mut Connection,
    until: i64,
    limit: u32,
    looks: &Looks,
) -> Result<Vec<Record>, LedgerError> {
    sqlx::query_as(WAITING_IN_TURN)
        .bind(until)
        .bind(i64::from(limit))
        .bind(&looks.channels)
        .bind(&looks.most)
        .bind(looks.others)
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("claim what is due, in turn"))
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::{super::fresh, *};

    /// Counted when all was over.
    const OVER: &str = "INSERT INTO targets (id, post, hash, due_at, revision, attempt, state, tries, tenant, channel, account) \
         SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), n, 1, 1, 6, 1, 'acme', 'webhook', 'main' \
         FROM generate_series(1, 5000) n; \
         ANALYZE targets";
    const DUE: &str = "INSERT INTO targets (id, post, hash, due_at, wake_at, revision, attempt, state, tries, tenant, channel, account) \
         SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), n, n, 1, 0, n % 2, 0, 'acme', 'webhook', 'main' \
         FROM generate_series(1, 5000) n";

    /// Just after they became due: they are not in the statistics yet.
    #[tokio::test]
    async fn what_is_taken_is_found_along_an_index_however_much_is_due() {
        let mut connection = fresh::connection().await;
        for some in [OVER, DUE] {
            sqlx::raw_sql(some).execute(&mut connection).await.unwrap();
        }

        let mut tx = begin_claim(&mut connection).await.unwrap();
        for (statement, binds) in
            [(PEEK, 1), (MOVING, 2), (COUNT_WAITING, 2), (OLDEST_WAITING, 2), (WAITING_IN_TURN, 3)]
        {
            let explain = AssertSqlSafe(format!("EXPLAIN {statement}"));
            let mut explain = sqlx::query_scalar(explain).bind(5_000_i64);
            if binds > 1 {
                explain = explain.bind(500_i64);
            }
            if binds == 3 {
                explain = explain.bind(["x"].map(str::to_owned).to_vec()).bind(vec![0_i64]).bind(100_i64);
            }
            let plan: Vec<String> = explain.fetch_all(&mut *tx).await.unwrap();
            let plan = plan.join("\n");
            for costly in ["Sort", "Bitmap", "Hash Join", "Seq Scan"] {
                assert!(!plan.contains(costly), "{statement}\n{plan}");
            }
        }

        // No more than that are locked.
        let looks = Looks { channels: vec!["webhook".into()], most: vec![7], others: 100 };
        assert_eq!(waiting_in_turn(&mut tx, 5_000, 500, &looks).await.unwrap().len(), 7);
    }
}
