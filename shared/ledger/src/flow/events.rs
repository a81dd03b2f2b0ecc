//! The outbox.

use std::time::Duration;

use domain::Event;

use super::Connection;
use crate::{
    LedgerError,
    record::{millis, read_json},
    world::before,
};

pub(super) async fn untold(
    conn: &mut Connection,
    now: jiff::Timestamp,
    older_than: Duration,
    limit: u32,
) -> Result<Vec<Event>, LedgerError> {
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM outbox WHERE at <= $1 ORDER BY at, id LIMIT $2")
        .bind(millis(before(now, older_than)))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read untold events"))?;
    bodies.iter().map(|body| read_json("the outbox", "an event", body)).collect()
}
