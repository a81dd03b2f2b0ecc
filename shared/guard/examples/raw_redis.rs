//! What Redis takes at most: for each target a lock, a look, a hint and a release, over one connection, by redis-rs alone. A benchmark of
//! the whole is held against it.
//!
//! `ONCEPOST_TEST_REDIS=… cargo run --release -p oncepost-guard --example raw_redis [targets] [in flight]`
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::{error::Error, time::Instant};

use futures::{StreamExt, stream};
use redis::{Client, RedisResult, aio::MultiplexedConnection};

/// Long enough for the run.
const TTL_MILLIS: u64 = 60_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let targets = numbers.next().transpose()?.unwrap_or(20_000);
    let in_flight = numbers.next().transpose()?.unwrap_or(200);
    let client = Client::open(std::env::var("ONCEPOST_TEST_REDIS")?)?;
    let connection = client.get_multiplexed_async_connection().await?;
    let run = std::process::id();
    let began = Instant::now();
    let mut done = stream::iter(0..targets)
        .map(|number| target(connection.clone(), format!("raw:{run}:{number}")))
        .buffer_unordered(in_flight);
    while let Some(done) = done.next().await {
        done?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let line = serde_json::json!({ "raw": "redis", "count": targets, "per_second": targets as f64 / seconds });
    println!("{line}");
    Ok(())
}

async fn target(mut redis: MultiplexedConnection, key: String) -> RedisResult<()> {
    let (lock, hint) = (format!("{key}:lock"), format!("{key}:hint"));
    let taken = redis::cmd("SET").arg(&lock).arg("me").arg("NX").arg("PX").arg(TTL_MILLIS).to_owned();
    let () = taken.query_async(&mut redis).await?;
    let _: Option<String> = redis::cmd("GET").arg(&hint).query_async(&mut redis).await?;
    let left = redis::cmd("SET").arg(&hint).arg("published").arg("PX").arg(TTL_MILLIS).to_owned();
    let () = left.query_async(&mut redis).await?;
    redis::cmd("DEL").arg(&lock).query_async(&mut redis).await
}
