//! How many rows are read of a queue that PostgreSQL believes to be empty. It does where it counted one that had just run dry, until it
//! counts again a minute later. By then every plan looks as cheap as any other, also one that reads the whole queue for each row.

use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use super::*;

const QUEUES: [&str; 2] = ["outbox", "deliveries"];
const FILL: &str = "
    INSERT INTO outbox (id, at, body) SELECT uuid, n, '{}' FROM n;
    INSERT INTO deliveries (event, hook, post, made_at, since, due_at, attempt, tries, state, body)
        SELECT uuid, 'crm', uuid, n, n, n, 0, 0, 'waiting', '{}' FROM n;
    ";
/// As many as are told at once.
const MANY: i64 = 512;

/// Rows of the ledger that this connection has read, and not yet reported.
async fn read(tx: &mut PgConnection) -> i64 {
    let read = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables \
         WHERE schemaname = current_schema()";
    sqlx::query_scalar(read).fetch_one(tx).await.unwrap()
}

#[tokio::test]
async fn of_a_queue_that_was_counted_empty_no_more_is_read_than_is_taken() {
    let mut connection = fresh::connection().await;
    let rows = "CREATE TEMPORARY TABLE n AS SELECT n, md5(n::text)::uuid AS uuid FROM generate_series(1, 20000) n";
    connection.execute(rows).await.unwrap();
    connection.execute(FILL).await.unwrap();
    for table in QUEUES {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut connection).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("ANALYZE {table}"))).execute(&mut connection).await.unwrap();
    }
    connection.execute(FILL).await.unwrap();
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT uuid FROM n ORDER BY uuid LIMIT $1")
        .bind(MANY)
        .fetch_all(&mut connection)
        .await
        .unwrap();

    // Each is found, locked, found once more to be changed, and what belongs to it is looked for.
    let most = 4 * MANY;
    macro_rules! reads_little {
        ($name:literal, $tx:ident, $call:expr) => {{
            let mut transaction = connection.begin().await.unwrap();
            let $tx = &mut *transaction;
            // It reports what it has done at times, but not within a transaction.
            let before = read($tx).await;
            let taken = $call.await.unwrap();
            assert_eq!(i64::try_from(taken).unwrap(), MANY, "{}", $name);
            let rows = read($tx).await - before;
            assert!(rows <= most, "to {}, {rows} rows were read for {MANY}", $name);
        }};
    }
    reads_little!("forget told events", tx, async { delete_events(tx, &ids).await.map(|()| ids.len()) });
    reads_little!("take told events", tx, async { take_events(tx, &ids).await.map(|rows| rows.len()) });
    reads_little!("take deliveries", tx, async {
        let take = sqlx::query(TAKE_DELIVERIES).bind("crm").bind(i64::MAX).bind(MANY).bind(i64::MAX);
        take.fetch_all(&mut *tx).await.map(|rows| rows.len())
    });
    reads_little!("forget old deliveries", tx, async {
        let forget = sqlx::query(PURGE_DELIVERIES).bind(i64::MAX).bind(MANY).execute(&mut *tx).await;
        forget.map(|done| usize::try_from(done.rows_affected()).unwrap())
    });
}
