//! Writing what was decided: one statement for each table, however many rows.

use domain::{Event, Pause};
use uuid::Uuid;

use super::{Connection, flow};
use crate::{
    LedgerError,
    desk::{Desk, Ended, Seat},
    record::{Record, group, json, millis, stored},
};

const UPDATE: &str = "UPDATE targets t SET state = v.state, revision = v.revision, attempt = v.attempt, tries = v.tries, \
     due_at = v.due_at, deadline = v.deadline, next_at = v.next_at, wake_at = v.wake_at, hash = v.hash, \
     progress = v.progress, listed_at = v.listed_at, listed_group = v.listed_group \
     FROM UNNEST($1::uuid[], $2::smallint[], $3::integer[], $4::integer[], $5::smallint[], $6::bigint[], $7::bigint[], \
         $8::bigint[], $9::bigint[], $10::uuid[], $11::text[], $12::bigint[], $13::text[]) \
     AS v (id, state, revision, attempt, tries, due_at, deadline, next_at, wake_at, hash, progress, listed_at, listed_group) \
     WHERE t.id = v.id";
const EDIT: &str = "UPDATE targets t SET changes = v.changes FROM UNNEST($1::uuid[], $2::text[]) AS v (id, changes) \
     WHERE t.id = v.id";
const LOG: &str = "INSERT INTO attempts (target, number, began_at, ended_at, kind, outcome, worker, failure, late_by) \
     SELECT * FROM UNNEST($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], \
         $8::text[], $9::bigint[]) ON CONFLICT DO NOTHING";
const MARK: &str =
    "INSERT INTO marks (mark, target) SELECT * FROM UNNEST($1::uuid[], $2::uuid[]) ON CONFLICT DO NOTHING";
const TELL: &str = "INSERT INTO outbox (id, at, body) SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::text[]) \
     ON CONFLICT DO NOTHING";
const PAUSE: &str = "INSERT INTO pauses (scope, body) SELECT * FROM UNNEST($1::text[], $2::text[]) \
     ON CONFLICT (scope) DO UPDATE SET body = EXCLUDED.body, ending = FALSE WHERE pauses.ending";

/// Writes everything that changed on the desk.
pub(in crate::postgres) async fn save(tx: &mut Connection, desk: &Desk<'_>) -> Result<(), LedgerError> {
    update(tx, &desk.changed()).await?;
    let writes = desk.writes();
    if !writes.edits.is_empty() {
        let ids: Vec<Uuid> = writes.edits.keys().map(|id| id.0).collect();
        let changes: Vec<String> = writes.edits.values().map(json).collect();
        run(sqlx::query(EDIT).bind(ids).bind(changes), tx, "store edits").await?;
    }
    if !writes.attempts.is_empty() {
        log(tx, &writes.attempts).await?;
    }
    insert_marks(tx, &writes.marks).await?;
    insert_events(tx, &writes.events).await?;
    flow::write_cases(tx, &writes.cases).await?;
    flow::write_entries(tx, &writes.entries).await?;
    insert_pauses(tx, &writes.pauses).await
}

/// Notes which platform ids are taken, and by which target. One that is taken stays with its target.
pub(in crate::postgres) async fn insert_marks(tx: &mut Connection, marks: &[(Uuid, Uuid)]) -> Result<(), LedgerError> {
    if marks.is_empty() {
        return Ok(());
    }
    let (marks, targets): (Vec<Uuid>, Vec<Uuid>) = marks.iter().copied().unzip();
    run(sqlx::query(MARK).bind(marks).bind(targets), tx, "store platform ids").await
}

async fn update(tx: &mut Connection, seats: &[&Seat]) -> Result<(), LedgerError> {
    if seats.is_empty() {
        return Ok(());
    }
    let rows: Vec<Record> = seats.iter().map(|seat| seat.record()).collect();
    let listed_at: Vec<Option<i64>> =
        seats.iter().map(|seat| seat.target.listed.as_ref().map(|listed| millis(listed.at))).collect();
    let listed_group: Vec<Option<String>> = seats.iter().map(|seat| group(&seat.target)).collect();
    let query = sqlx::query(UPDATE)
        .bind(column(&rows, |row| row.id))
        .bind(column(&rows, |row| row.state))
        .bind(column(&rows, |row| row.revision))
        .bind(column(&rows, |row| row.attempt))
        .bind(column(&rows, |row| row.tries))
        .bind(column(&rows, |row| row.due_at))
        .bind(column(&rows, |row| row.deadline))
        .bind(column(&rows, |row| row.next_at))
        .bind(column(&rows, |row| row.wake_at))
        .bind(column(&rows, |row| row.hash))
        .bind(column(&rows, |row| row.progress.clone()))
        .bind(listed_at)
        .bind(listed_group);
    run(query, tx, "store targets").await
}

async fn log(tx: &mut Connection, attempts: &[Ended]) -> Result<(), LedgerError> {
    let query = sqlx::query(LOG)
        .bind(column(attempts, |ended| ended.attempt.target.0))
        .bind(column(attempts, |ended| stored(ended.attempt.number)))
        .bind(column(attempts, |ended| millis(ended.attempt.began_at)))
        .bind(column(attempts, |ended| millis(ended.attempt.ended_at)))
        .bind(column(attempts, |ended| ended.attempt.kind.name()))
        .bind(column(attempts, |ended| ended.attempt.outcome.name()))
        .bind(column(attempts, |ended| ended.attempt.worker.as_str().to_owned()))
        .bind(column(attempts, |ended| ended.attempt.failure.as_ref().map(json)))
        .bind(column(attempts, |ended| ended.late_by));
    run(query, tx, "store attempts").await
}

pub(in crate::postgres) async fn insert_events(tx: &mut Connection, events: &[Event]) -> Result<(), LedgerError> {
    if events.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(TELL)
        .bind(column(events, |event| event.id.0))
        .bind(column(events, |event| millis(event.at)))
        .bind(column(events, json));
    run(query, tx, "store events").await
}

/// Puts pauses in force, in the order of their scopes so that nobody waits in a circle. One that is in force stays.
pub(in crate::postgres) async fn insert_pauses(tx: &mut Connection, pauses: &[Pause]) -> Result<(), LedgerError> {
    if pauses.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<(String, String)> =
        pauses.iter().map(|pause| (pause.scope.to_string(), flow::pause_body(pause))).collect();
    rows.sort_unstable();
    let (scopes, bodies): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
    run(sqlx::query(PAUSE).bind(scopes).bind(bodies), tx, "store pauses").await
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

pub(super) async fn run(query: Query<'_>, conn: &mut Connection, operation: &'static str) -> Result<(), LedgerError> {
    query.execute(conn).await.map(drop).map_err(LedgerError::of(operation))
}

/// One column of many rows.
pub(super) fn column<R, T>(rows: &[R], of: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
