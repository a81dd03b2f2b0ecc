//! What PostgreSQL takes at most, by sqlx alone: rows written in batches, each statement a commit of its own that is on the disk. Accepting
//! is a post and a target; delivering is three updates of the target (claimed, begun, finished) and a row of the log. A benchmark of the
//! whole is held against it.
//!
//! `ONCEPOST_TEST_POSTGRES=… cargo run --release -p oncepost-ledger --example raw_postgres [targets] [in a batch]`
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::{error::Error, str::FromStr, time::Instant};

use futures::{StreamExt, TryStreamExt, stream};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

/// How many batches are under way at once, as the ledger has it.
const AT_ONCE: usize = 4;
const SCHEMA: [&str; 3] = [
    "CREATE TABLE raw_posts (id UUID PRIMARY KEY, content TEXT NOT NULL)",
    "CREATE TABLE raw_targets (id UUID PRIMARY KEY, state SMALLINT NOT NULL, wake_at BIGINT, progress TEXT)",
    "CREATE TABLE raw_attempts (target UUID PRIMARY KEY, ended_at BIGINT NOT NULL)",
];
const ACCEPT: [&str; 1] =
    ["WITH post AS (INSERT INTO raw_posts SELECT id, repeat('x', 200) FROM UNNEST($1::uuid[]) AS id RETURNING id) \
     INSERT INTO raw_targets SELECT id, 0, 1800000000000 FROM post"];
const DELIVER: [&str; 3] = [
    "UPDATE raw_targets SET state = 1, wake_at = wake_at + 60000 WHERE id = ANY($1)",
    "UPDATE raw_targets SET state = 2, progress = repeat('x', 100) WHERE id = ANY($1)",
    "WITH done AS (UPDATE raw_targets SET state = 6, wake_at = NULL, progress = repeat('y', 100) WHERE id = ANY($1) RETURNING id) \
     INSERT INTO raw_attempts SELECT id, 1800000000000 FROM done",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let targets = numbers.next().transpose()?.unwrap_or(50_000);
    let size = numbers.next().transpose()?.unwrap_or(500).max(1);
    let schema = format!("raw_{}", std::process::id());
    let options = PgConnectOptions::from_str(&std::env::var("ONCEPOST_TEST_POSTGRES")?)?;
    let options = options.options([("synchronous_commit", "on"), ("search_path", schema.as_str())]);
    let pool = PgPoolOptions::new().max_connections(AT_ONCE as u32).connect_with(options).await?;
    run(&pool, &format!("CREATE SCHEMA {schema}")).await?;
    for table in SCHEMA {
        run(&pool, table).await?;
    }
    let ids: Vec<Uuid> = (0..targets).map(|_| Uuid::now_v7()).collect();
    let accepted = rate(&pool, &ids, size, &ACCEPT).await?;
    let delivered = rate(&pool, &ids, size, &DELIVER).await?;
    run(&pool, &format!("DROP SCHEMA {schema} CASCADE")).await?;
    for (raw, per_second) in [("postgres_accept", accepted), ("postgres", delivered)] {
        println!("{}", serde_json::json!({ "raw": raw, "count": targets, "per_second": per_second }));
    }
    Ok(())
}

async fn run(pool: &PgPool, statement: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(pool).await.map(drop)
}

/// How many targets in a second go through all the statements, batch by batch.
async fn rate(pool: &PgPool, ids: &[Uuid], size: usize, statements: &[&'static str]) -> sqlx::Result<f64> {
    let began = Instant::now();
    stream::iter(ids.chunks(size).map(<[Uuid]>::to_vec))
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |batch| async move {
            for statement in statements {
                sqlx::query(*statement).bind(&batch).execute(pool).await?;
            }
            Ok::<_, sqlx::Error>(())
        })
        .await?;
    Ok(ids.len() as f64 / began.elapsed().as_secs_f64())
}
