//! The outbox.

use std::time::Duration;

use domain::Event;

use super::{Connection, rows::readable};
use crate::{
    LedgerError,
    record::{millis, read_json},
    world::before,
};

/// How many events of a newer version a look steps over.
const SPARE: i64 = 1_000;

pub(super) async fn untold(
    conn: &mut Connection,
    now: jiff::Timestamp,
    older_than: Duration,
    limit: u32,
) -> Result<Vec<Event>, LedgerError> {
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM outbox WHERE at <= $1 ORDER BY at LIMIT $2")
        .bind(millis(before(now, older_than)))
        .bind(i64::from(limit) + SPARE)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read untold events"))?;
    let mut events = readable(bodies.iter().map(|body| read_json("the outbox", "an event", body)));
    events.truncate(limit as usize);
    Ok(events)
}
