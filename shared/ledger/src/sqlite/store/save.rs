//! Writing what was decided: one statement for each table, however many rows.

use domain::{Event, Pause};
use serde::Serialize;
use uuid::Uuid;

use super::{Connection, flow, hex};
use crate::{
    LedgerError,
    desk::{Desk, Ended, Seat},
    record::{group, json, millis, stored},
};

const UPDATE: &str = "WITH v AS MATERIALIZED (SELECT unhex(value ->> 0) AS id, value ->> 1 AS state, \
         value ->> 2 AS revision, value ->> 3 AS attempt, value ->> 4 AS tries, value ->> 5 AS due_at, \
         value ->> 6 AS deadline, value ->> 7 AS next_at, value ->> 8 AS wake_at, unhex(value ->> 9) AS hash, \
         value ->> 10 AS progress, value ->> 11 AS listed_at, value ->> 12 AS listed_group FROM json_each($1)) \
     UPDATE targets SET state = v.state, revision = v.revision, attempt = v.attempt, tries = v.tries, \
         due_at = v.due_at, deadline = v.deadline, next_at = v.next_at, wake_at = v.wake_at, hash = v.hash, \
         progress = v.progress, listed_at = v.listed_at, listed_group = v.listed_group \
     FROM v WHERE targets.id = v.id";
const EDIT: &str = "UPDATE targets SET changes = value ->> 1 FROM json_each($1) WHERE targets.id = unhex(value ->> 0)";
const LOG: &str = "INSERT INTO attempts (target, number, began_at, ended_at, kind, outcome, worker, failure, late_by) \
     SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, \
         value ->> 8 FROM json_each($1) WHERE TRUE ON CONFLICT DO NOTHING";
const MARK: &str = "INSERT INTO marks (mark, target) SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each($1) \
     WHERE TRUE ON CONFLICT DO NOTHING";
const TELL: &str = "INSERT INTO outbox (id, at, body) SELECT unhex(value ->> 0), value ->> 1, value ->> 2 \
     FROM json_each($1) WHERE TRUE ON CONFLICT DO NOTHING";
const PAUSE: &str = "INSERT INTO pauses (scope, body) SELECT value ->> 0, value ->> 1 FROM json_each($1) \
     WHERE TRUE ON CONFLICT (scope) DO UPDATE SET body = excluded.body, ending = FALSE WHERE pauses.ending";

/// Writes everything that changed on the desk.
pub(in crate::sqlite) async fn save(tx: &mut Connection, desk: &Desk<'_>) -> Result<(), LedgerError> {
    let changed: Vec<_> = desk.changed().into_iter().map(row).collect();
    rows(tx, UPDATE, &changed, "store targets").await?;
    let writes = desk.writes();
    let edits: Vec<_> = writes.edits.iter().map(|(id, changes)| (hex(id.0), json(changes))).collect();
    rows(tx, EDIT, &edits, "store edits").await?;
    let attempts: Vec<_> = writes.attempts.iter().map(attempt).collect();
    rows(tx, LOG, &attempts, "store attempts").await?;
    insert_marks(tx, &writes.marks).await?;
    insert_events(tx, &writes.events).await?;
    flow::write_cases(tx, &writes.cases).await?;
    flow::write_entries(tx, &writes.entries).await?;
    insert_pauses(tx, &writes.pauses).await
}

fn row(seat: &Seat) -> impl Serialize + use<> {
    let (row, target) = (seat.record(), &seat.target);
    (
        hex(row.id),
        row.state,
        row.revision,
        row.attempt,
        row.tries,
        row.due_at,
        row.deadline,
        row.next_at,
        row.wake_at,
        hex(row.hash),
        row.progress,
        target.listed.as_ref().map(|listed| millis(listed.at)),
        group(target),
    )
}

fn attempt(Ended { attempt, late_by }: &Ended) -> impl Serialize + use<> {
    (
        hex(attempt.target.0),
        stored(attempt.number),
        millis(attempt.began_at),
        millis(attempt.ended_at),
        attempt.kind.name(),
        attempt.outcome.name(),
        attempt.worker.to_string(),
        attempt.failure.as_ref().map(json),
        *late_by,
    )
}

/// Notes which platform ids are taken, and by which target. One that is taken stays with its target.
pub(in crate::sqlite) async fn insert_marks(tx: &mut Connection, marks: &[(Uuid, Uuid)]) -> Result<(), LedgerError> {
    let marks: Vec<_> = marks.iter().map(|(mark, target)| (hex(*mark), hex(*target))).collect();
    rows(tx, MARK, &marks, "store platform ids").await
}

pub(in crate::sqlite) async fn insert_events(tx: &mut Connection, events: &[Event]) -> Result<(), LedgerError> {
    let events: Vec<_> = events.iter().map(|event| (hex(event.id.0), millis(event.at), json(event))).collect();
    rows(tx, TELL, &events, "store events").await
}

/// Puts pauses in force. One that is in force stays.
pub(in crate::sqlite) async fn insert_pauses(tx: &mut Connection, pauses: &[Pause]) -> Result<(), LedgerError> {
    let pauses: Vec<_> = pauses.iter().map(|pause| (pause.scope.to_string(), flow::pause_body(pause))).collect();
    rows(tx, PAUSE, &pauses, "store pauses").await
}

/// Runs a statement over rows that go in as a JSON list; not at all if there are none.
pub(super) async fn rows(
    tx: &mut Connection,
    statement: &'static str,
    rows: &[impl Serialize],
    operation: &'static str,
) -> Result<(), LedgerError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(statement).bind(json(&rows)).execute(tx).await.map(drop).map_err(LedgerError::of(operation))
}
