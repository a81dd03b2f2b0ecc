//! The operators' list in few words: found by its index, without what the targets say.

use std::time::Duration;

use domain::{ChannelName, TargetId};
use uuid::Uuid;

use super::{Connection, rows::readable, store};
use crate::{
    LedgerError, ListedCount, ListedTarget,
    record::{instant, millis},
    world::{World, before},
};

const COUNTS: &str = "SELECT channel, count(*) AS many, count(CASE WHEN listed_at < $1 THEN 1 END) AS settled \
     FROM targets WHERE listed_at IS NOT NULL GROUP BY channel ORDER BY channel";

const LISTED: &str = "SELECT id, listed_at, attempt FROM targets WHERE listed_at IS NOT NULL AND channel = $1 \
     ORDER BY listed_at, id LIMIT $2";

#[derive(sqlx::FromRow)]
struct Count {
    channel: String,
    many: i64,
    settled: i64,
}

impl Count {
    fn read(self) -> Result<ListedCount, LedgerError> {
        Ok(ListedCount {
            channel: ChannelName::new(self.channel)
                .map_err(|why| LedgerError::corrupt("what needs a person", "the channel", why))?,
            count: u64::try_from(self.many).unwrap_or_default(),
            settled: u64::try_from(self.settled).unwrap_or_default(),
        })
    }
}

pub(super) async fn counts(
    conn: &mut Connection,
    world: &World,
    settled_for: Duration,
) -> Result<Vec<ListedCount>, LedgerError> {
    let now = store::now(conn, world.now()).await?;
    let rows: Vec<Count> = sqlx::query_as(COUNTS)
        .persistent(false)
        .bind(millis(before(now, settled_for)))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("count what needs a person"))?;
    Ok(readable(rows.into_iter().map(Count::read)))
}

pub(super) async fn listed(
    conn: &mut Connection,
    channel: &ChannelName,
    limit: u32,
) -> Result<Vec<ListedTarget>, LedgerError> {
    let rows: Vec<(Uuid, i64, i32)> = sqlx::query_as(LISTED)
        .persistent(false)
        .bind(channel.as_str())
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("list what needs a person in few words"))?;
    let target = |(id, since, attempt): (Uuid, i64, i32)| ListedTarget {
        id: TargetId(id),
        since: instant(since),
        attempt: u32::try_from(attempt).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(target).collect())
}
