//! Jobs carried on: taken under a lease, advanced step by step, ended.

use std::{collections::HashMap, time::Duration};

use domain::{Answer, TargetId};
use uuid::Uuid;

use super::{
    Connection,
    apply::seat,
    jobs::{JobRow, job_columns},
    rows::readable,
    store,
};
use crate::{
    Job, JobState, JobStep, LedgerError, StepAsk, StepDone, StepResult,
    desk::Desk,
    jobs::Frozen,
    record::{millis, stored},
    world::{World, after},
};

const FREE: &str = concat!(
    "SELECT ",
    job_columns!(),
    " FROM jobs WHERE state = 'running' AND (lease_until IS NULL OR lease_until <= $1) ORDER BY id LIMIT 16"
);
const TAKE: &str = concat!(
    "UPDATE jobs SET holder = $3, lease = lease + 1, lease_until = $4 WHERE id = $1 AND lease = $2 AND state = 'running' \
     AND (lease_until IS NULL OR lease_until <= $5) RETURNING ",
    job_columns!()
);
const KEEP: &str = "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND lease = $2 AND state = 'running'";
const RELEASE: &str = "UPDATE jobs SET lease_until = NULL WHERE id = $1 AND lease = $2";
const END: &str = "UPDATE jobs SET state = $2, ended_at = $3, why = $4, lease_until = NULL \
     WHERE id = $1 AND state = 'running' AND ($5 IS NULL OR lease = $5)";
const OPEN: &str = "SELECT target, place, listed_at, revision FROM job_targets WHERE job = $1 AND result IS NULL \
     ORDER BY place LIMIT 1000";
const STEP: &str = "UPDATE job_targets SET result = $3, why = $4, at = $5 WHERE job = $1 AND place = $2";
const COUNT: &str = "UPDATE jobs SET done = done + $2, held_back = held_back + $3 WHERE id = $1";

/// The first free job that nobody else was faster to take.
pub(super) async fn take(
    conn: &mut Connection,
    world: &World,
    holder: String,
    lease: Duration,
) -> Result<Option<Job>, LedgerError> {
    let failed = "take a job";
    let now = store::now(conn, world.now()).await?;
    let free: Vec<JobRow> =
        sqlx::query_as(FREE).bind(millis(now)).fetch_all(&mut *conn).await.map_err(LedgerError::of(failed))?;
    for row in free {
        let taken: Option<JobRow> = sqlx::query_as(TAKE)
            .bind(row.id)
            .bind(row.lease)
            .bind(&holder)
            .bind(millis(after(now, lease)))
            .bind(millis(now))
            .fetch_optional(&mut *conn)
            .await
            .map_err(LedgerError::of(failed))?;
        // What a newer version has begun is left to that.
        if let Some(job) = readable(taken.map(JobRow::read)).pop() {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

pub(super) async fn advance(
    conn: &mut Connection,
    world: &World,
    (job, lease): (Uuid, u32),
    steps: Vec<JobStep>,
    keep: Duration,
) -> Result<Option<Vec<StepDone>>, LedgerError> {
    let failed = "take steps of a job";
    let mut tx = store::begin(conn).await?;
    let now = store::now(&mut tx, world.now()).await?;
    // The row stays locked: nobody takes the job over, or ends it, in between.
    let kept = sqlx::query(KEEP)
        .bind(job)
        .bind(stored(lease))
        .bind(millis(after(now, keep)))
        .execute(&mut *tx)
        .await
        .map_err(LedgerError::of(failed))?;
    if kept.rows_affected() == 0 {
        return Ok(None);
    }
    let open: Vec<(Uuid, i32, i64, Option<i32>)> =
        sqlx::query_as(OPEN).bind(job).fetch_all(&mut *tx).await.map_err(LedgerError::of(failed))?;
    let frozen = |(target, place, at, revision)| (TargetId(target), (place, Frozen::stored(at, revision)));
    let open: HashMap<_, _> = open.into_iter().map(frozen).collect();
    let mut ids: Vec<_> = steps.iter().map(|step| step.target).filter(|id| open.contains_key(id)).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut desk = seat(&mut tx, world, &ids.iter().map(|id| id.0).collect::<Vec<_>>()).await?;
    let mut taken: Vec<(i32, StepDone)> = Vec::with_capacity(steps.len());
    for JobStep { target, what } in steps {
        let Some((place, was)) = open.get(&target) else { continue };
        if taken.iter().all(|(_, done)| done.target != target) {
            taken.extend(step(&mut desk, target, *was, what)?.map(|done| (*place, done)));
        }
    }
    store::save(&mut tx, &desk).await?;
    let mut counts = [0_i64; 2];
    for (place, StepDone { result, why, .. }) in &taken {
        counts[usize::from(*result == StepResult::HeldBack)] += 1;
        sqlx::query(STEP)
            .bind(job)
            .bind(place)
            .bind(result.name())
            .bind(why)
            .bind(millis(now))
            .execute(&mut *tx)
            .await
            .map_err(LedgerError::of(failed))?;
    }
    sqlx::query(COUNT)
        .bind(job)
        .bind(counts[0])
        .bind(counts[1])
        .execute(&mut *tx)
        .await
        .map_err(LedgerError::of(failed))?;
    let news = desk.is_news();
    if news {
        store::announce(&mut tx).await?;
    }
    tx.commit().await.map_err(LedgerError::of(failed))?;
    if news {
        world.ring();
    }
    Ok(Some(taken.into_iter().map(|(_, done)| done).collect()))
}

/// Takes one step, if what it rests on still holds; `None`: it is to be worked out anew.
fn step(desk: &mut Desk<'_>, id: TargetId, was: Frozen, what: StepAsk) -> Result<Option<StepDone>, LedgerError> {
    let held_back = |why: String| StepDone { target: id, result: StepResult::HeldBack, why: Some(why), applied: None };
    let Some(target) = desk.target(id) else {
        return Ok(Some(held_back("it was written by a newer version, and this one cannot read it".into())));
    };
    if let Some(why) = was.overtaken(target) {
        return Ok(Some(held_back(why)));
    }
    let (command, revision) = match what {
        StepAsk::HoldBack(why) => return Ok(Some(held_back(why))),
        StepAsk::Apply { command, revision } => (command, revision),
    };
    if revision.is_some_and(|revision| revision != target.revision) {
        return Ok(None);
    }
    let applied = desk.apply(id, &command)?;
    Ok(Some(match applied.answer {
        Answer::Refused(refusal) => held_back(refusal.reason().into()),
        _ => StepDone { target: id, result: StepResult::Done, why: None, applied: Some(applied) },
    }))
}

pub(super) async fn release(conn: &mut Connection, job: Uuid, lease: u32) -> Result<(), LedgerError> {
    sqlx::query(RELEASE)
        .bind(job)
        .bind(stored(lease))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("give a job back"))
}

pub(super) async fn end(
    conn: &mut Connection,
    world: &World,
    (job, lease): (Uuid, Option<u32>),
    state: JobState,
    why: Option<String>,
) -> Result<(), LedgerError> {
    let now = store::now(conn, world.now()).await?;
    sqlx::query(END)
        .bind(job)
        .bind(state.name())
        .bind(millis(now))
        .bind(why)
        .bind(lease.map(stored))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("end a job"))
}
