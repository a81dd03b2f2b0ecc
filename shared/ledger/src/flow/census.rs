//! The sweep's full scan, without exclusions: SQL finds what looks wrong, the domain judges.

use std::time::Duration;

use domain::{ChannelName, State, TargetId, invariant};

use super::{Connection, store};
use crate::{
    Census, LedgerError, StateCount,
    record::{Record, columns, instant, millis, state},
    world::{World, after, before},
};

const COUNTS: &str = "SELECT channel, state, count(*) AS many, count(listed_at) AS listed, \
     count(CASE WHEN wake_at < $1 THEN 1 END) AS overdue, \
     min(CASE WHEN due_at < $2 THEN due_at END) AS oldest_due \
     FROM targets GROUP BY channel, state ORDER BY channel, state";

/// Looks wrong: never narrower than [`invariant::check`], which has the last word.
const SUSPICIOUS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t WHERE t.state NOT BETWEEN 0 AND 10 \
     OR (t.state IN (0, 1, 4) AND t.wake_at IS NULL) \
     OR (t.state = 2 AND (t.wake_at IS NULL OR t.progress IS NULL OR t.progress NOT LIKE '%\"lease\":%')) \
     OR (t.state IN (3, 5) AND t.wake_at IS NULL AND (t.progress IS NULL OR t.progress NOT LIKE '%\"listed\":%')) \
     OR (t.state = 7 AND (t.progress IS NULL OR t.progress NOT LIKE '%\"listed\":%')) \
     OR (t.state = 6 AND (t.progress IS NULL OR t.progress NOT LIKE '%\"out\":[{%' \
         OR t.progress LIKE '%\"id\":\"\"%' OR t.progress LIKE '%\"id\":\" %')) \
     OR (t.wake_at > $1 AND t.wake_at > COALESCE(t.next_at, 0) + $2) \
     LIMIT 1000"
);

/// The most violations that are reported; one is enough to raise the alarm.
const MOST: usize = 100;

#[derive(sqlx::FromRow)]
struct Count {
    channel: String,
    state: i16,
    many: i64,
    listed: i64,
    overdue: i64,
    oldest_due: Option<i64>,
}

pub(super) async fn census(conn: &mut Connection, world: &World, patience: Duration) -> Result<Census, LedgerError> {
    let failed = "take the census";
    let mut tx = store::begin_scan(conn).await?;
    let now = store::now(&mut tx, world.now()).await?;
    let counts: Vec<Count> = sqlx::query_as(COUNTS)
        .bind(millis(before(now, patience)))
        .bind(millis(now))
        .fetch_all(&mut *tx)
        .await
        .map_err(LedgerError::of(failed))?;
    let patience = world.policy.longest_patience();
    let rows: Vec<Record> = sqlx::query_as(SUSPICIOUS)
        .bind(millis(after(now, patience)))
        .bind(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX / 2))
        .fetch_all(&mut *tx)
        .await
        .map_err(LedgerError::of(failed))?;
    tx.commit().await.map_err(LedgerError::of(failed))?;
    let mut census = Census::default();
    for count in counts {
        add(&mut census, count);
    }
    for row in rows {
        let id = TargetId(row.id);
        match row.target().map(|target| invariant::check(&target, now, &world.policy)) {
            Ok(Ok(())) => {}
            Ok(Err(violation)) => census.violations.push((id, violation)),
            // Nobody can act on a row that nobody can read.
            Err(_) => census.violations.push((id, invariant::Violation::NoSilentMiss)),
        }
    }
    census.violations.truncate(MOST);
    Ok(census)
}

fn add(census: &mut Census, count: Count) {
    let many = u64::try_from(count.many).unwrap_or_default();
    census.listed += u64::try_from(count.listed).unwrap_or_default();
    census.overdue += u64::try_from(count.overdue).unwrap_or_default();
    let Ok(state) = state(TargetId(uuid::Uuid::nil()), count.state) else { return };
    let oldest = count.oldest_due.map(instant);
    if state == State::InDoubt {
        census.in_doubt += many;
        census.oldest_in_doubt = census.oldest_in_doubt.into_iter().chain(oldest).min();
    }
    if state.is_waiting() {
        census.oldest_due = census.oldest_due.into_iter().chain(oldest).min();
    }
    if let Ok(channel) = ChannelName::new(count.channel) {
        census.counts.push(StateCount { channel, state, count: many });
    }
}
