//! Jobs: how they are begun and read. How they are carried on is in `job_steps`.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use domain::{AccountId, AppId, ChannelName, State, Target, TargetId, TenantId};
use futures::FutureExt;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Connection, Database, job_steps, lists,
    rows::{TargetRow, readable},
    store,
};
use crate::{
    Job, JobFilter, JobState, JobStep, JobStore, JobTarget, LedgerError, NewJob, Of, Outcomes, Page, Selection,
    StepDone, StepResult,
    jobs::Frozen,
    record::{Record, columns, instant, json, millis, not_before, number, read_json, state, stored},
    world::{World, before},
};

macro_rules! job_columns {
    () => {
        "id, at, ended_at, total, done, held_back, lease_until, lease, holder, state, who, tenant, action, reason, \
         selection, terms, why"
    };
}
pub(super) use job_columns;

/// On the list, of the tenant `$1`, the channel `$2`, the account `$3`, the app `$4`, the cause `$5`.
macro_rules! selected {
    () => {
        " FROM targets t WHERE t.listed_at IS NOT NULL AND ($1 IS NULL OR t.tenant = $1) \
         AND ($2 IS NULL OR t.channel = $2) AND ($3 IS NULL OR t.account = $3) AND ($4 IS NULL OR t.app = $4) \
         AND ($5 IS NULL OR t.listed_group = $5)"
    };
}

const SELECTED: &str = concat!(
    "SELECT ",
    columns!(),
    ", t.changes, t.listed_at",
    selected!(),
    " AND (t.listed_at, t.id) > ($6, $7) ORDER BY t.listed_at, t.id LIMIT $8"
);
/// Waiting, of the tenant `$1`, the channel `$2`, the account `$3`, the app `$4`, in the state `$5`, due from `$6` and before `$7`. Each kind
/// by an index of its own, so that what was sent is not looked at.
macro_rules! waiting {
    () => {
        concat!(
            "SELECT id, due_at, revision FROM targets t WHERE state IN (0, 4)",
            waiting!(@fits),
            " UNION ALL SELECT id, due_at, revision FROM targets t WHERE state = 1",
            waiting!(@fits),
            " UNION ALL SELECT id, due_at, revision FROM targets t WHERE state = 8",
            waiting!(@fits)
        )
    };
    (@expired) => {
        concat!("SELECT id, due_at, revision FROM targets t WHERE state = 10", waiting!(@fits))
    };
    (@fits) => {
        " AND t.listed_at IS NULL AND ($1 IS NULL OR t.tenant = $1) AND ($2 IS NULL OR t.channel = $2) \
         AND ($3 IS NULL OR t.account = $3) AND ($4 IS NULL OR t.app = $4) AND ($5 IS NULL OR t.state = $5) \
         AND ($6 IS NULL OR t.due_at >= $6) AND ($7 IS NULL OR t.due_at < $7)"
    };
}

const WAITING: &str = concat!(
    "SELECT ",
    columns!(),
    ", t.changes, t.listed_at FROM (SELECT id, due_at FROM (",
    waiting!(),
    ") w WHERE (due_at, id) > ($8, $9) ORDER BY due_at, id LIMIT $10) u JOIN targets t ON t.id = u.id ORDER BY u.due_at, u.id"
);
/// The same of what has expired: an index holds nothing else.
const EXPIRED: &str = concat!(
    "SELECT ",
    columns!(),
    ", t.changes, t.listed_at FROM (SELECT id, due_at FROM (",
    waiting!(@expired),
    ") w WHERE (due_at, id) > ($8, $9) ORDER BY due_at, id LIMIT $10) u JOIN targets t ON t.id = u.id ORDER BY u.due_at, u.id"
);
const ONE: &str = concat!("SELECT ", columns!(), " FROM targets t WHERE t.id = $1");
const FREEZE: &str = concat!(
    "INSERT INTO job_targets (job, target, listed_at, place) SELECT $6, id, listed_at, \
     row_number() OVER (ORDER BY listed_at, id) - 1 FROM (SELECT t.id, t.listed_at",
    selected!(),
    " ORDER BY t.listed_at, t.id LIMIT $7) s"
);
const FREEZE_WAITING: &str = concat!(
    "INSERT INTO job_targets (job, target, listed_at, place, revision) SELECT $8, id, 0, \
     row_number() OVER (ORDER BY due_at, id) - 1, revision FROM (SELECT id, due_at, revision FROM (",
    waiting!(),
    ") w ORDER BY due_at, id LIMIT $9) s"
);
const FREEZE_ONE: &str =
    "INSERT INTO job_targets (job, target, listed_at, place, revision) VALUES ($1, $2, $3, $4, $5)";
const BEGIN: &str = "INSERT INTO jobs (id, at, total, done, held_back, lease, state, who, tenant, action, reason, \
     selection, terms) VALUES ($1, $2, 0, 0, 0, 0, 'running', $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
const TOTAL: &str = "UPDATE jobs SET total = (SELECT count(*) FROM job_targets WHERE job = $1) WHERE id = $1";
const JOB: &str = concat!("SELECT ", job_columns!(), " FROM jobs WHERE id = $1");
const JOBS: &str = concat!(
    "SELECT ",
    job_columns!(),
    " FROM jobs WHERE id < $1 AND ($2 IS NULL OR tenant = $2) \
     AND ($3 IS NULL OR id IN (SELECT job FROM job_targets WHERE target = $3)) ORDER BY id DESC LIMIT $4"
);
const OPEN: &str = "SELECT target FROM job_targets WHERE job = $1 AND result IS NULL ORDER BY place LIMIT $2";
const TARGETS: &str = "SELECT j.place, j.target, j.result, j.why, j.at, t.state, t.listed_at FROM job_targets j \
     LEFT JOIN targets t ON t.id = j.target WHERE j.job = $1 AND j.place > $2 AND ($3 IS NULL OR j.result = $3) \
     ORDER BY j.place LIMIT $4";
macro_rules! over {
    () => {
        "IN (SELECT id FROM jobs WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at, id LIMIT $2)"
    };
}

const FORGET_TARGETS: &str = concat!("DELETE FROM job_targets WHERE job ", over!());
const FORGET: &str = concat!("DELETE FROM jobs WHERE id ", over!());
const OUTCOMES: &str = "SELECT state, listed, count(*) FROM ( \
     SELECT t.state, CASE WHEN t.listed_at IS NULL THEN 0 ELSE 1 END AS listed FROM ( \
         SELECT target FROM job_targets WHERE job = $1 AND result = 'done' ORDER BY place DESC LIMIT $2) j \
     JOIN targets t ON t.id = j.target) s GROUP BY state, listed";

#[async_trait]
impl JobStore for Database {
    async fn selected(
        &self,
        selection: &Selection,
        after: Option<(Timestamp, TargetId)>,
        limit: u32,
    ) -> Result<Vec<Target>, LedgerError> {
        let selection = selection.clone();
        self.read(move |conn, _| async move { selected(conn, &selection, after, limit).await }.boxed()).await
    }

    async fn begin_job(&self, job: NewJob, most: u32) -> Result<Job, LedgerError> {
        self.write(move |conn, world| begin(conn, world, job, most).boxed()).await
    }

    async fn take_job(&self, holder: &str, lease: Duration) -> Result<Option<Job>, LedgerError> {
        let holder = holder.to_owned();
        self.write(move |conn, world| job_steps::take(conn, world, holder, lease).boxed()).await
    }

    async fn open_targets(&self, job: Uuid, limit: u32) -> Result<Vec<TargetId>, LedgerError> {
        self.read(move |conn, _| open(conn, job, limit).boxed()).await
    }

    async fn advance(
        &self,
        job: Uuid,
        lease: u32,
        steps: Vec<JobStep>,
        keep: Duration,
    ) -> Result<Option<Vec<StepDone>>, LedgerError> {
        self.write(move |conn, world| job_steps::advance(conn, world, (job, lease), steps, keep).boxed()).await
    }

    async fn release_job(&self, job: Uuid, lease: u32) -> Result<(), LedgerError> {
        self.write(move |conn, _| job_steps::release(conn, job, lease).boxed()).await
    }

    async fn end_job(
        &self,
        job: Uuid,
        lease: Option<u32>,
        state: JobState,
        why: Option<String>,
    ) -> Result<Option<Job>, LedgerError> {
        self.write(move |conn, world| {
            async move {
                job_steps::end(conn, world, (job, lease), state, why).await?;
                read(conn, job).await
            }
            .boxed()
        })
        .await
    }

    async fn job(&self, job: Uuid) -> Result<Option<Job>, LedgerError> {
        self.read(move |conn, _| read(conn, job).boxed()).await
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Page<Job>, LedgerError> {
        let filter = filter.clone();
        self.read(move |conn, _| async move { jobs(conn, &filter).await }.boxed()).await
    }

    async fn job_targets(
        &self,
        job: Uuid,
        result: Option<StepResult>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<JobTarget>, LedgerError> {
        self.read(move |conn, _| targets(conn, job, result, after, limit).boxed()).await
    }

    async fn outcomes(&self, job: Uuid, newest: u32) -> Result<Outcomes, LedgerError> {
        self.read(move |conn, _| outcomes(conn, job, newest).boxed()).await
    }

    async fn forget_jobs(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError> {
        self.write(move |conn, world| forget(conn, world, older_than, most).boxed()).await
    }
}

/// What statements with `selected!` begin with.
macro_rules! asked {
    ($query:expr, $selection:expr) => {
        $query
            .persistent(false)
            .bind($selection.tenant.as_ref().map(TenantId::as_str))
            .bind($selection.channel.as_ref().map(ChannelName::as_str))
            .bind($selection.account.as_ref().map(AccountId::as_str))
            .bind($selection.app.as_ref().map(AppId::as_str))
            .bind($selection.group.as_deref())
    };
}

/// What statements with `waiting!` begin with.
macro_rules! asked_waiting {
    ($query:expr, $selection:expr) => {
        $query
            .persistent(false)
            .bind($selection.tenant.as_ref().map(TenantId::as_str))
            .bind($selection.channel.as_ref().map(ChannelName::as_str))
            .bind($selection.account.as_ref().map(AccountId::as_str))
            .bind($selection.app.as_ref().map(AppId::as_str))
            .bind($selection.state.map(State::number))
            .bind($selection.from.map(not_before))
            .bind($selection.until.map(not_before))
    };
}

async fn selected(
    conn: &mut Connection,
    selection: &Selection,
    after: Option<(Timestamp, TargetId)>,
    limit: u32,
) -> Result<Vec<Target>, LedgerError> {
    if !selection.targets.is_empty() {
        let mut targets = named(conn, selection).await?;
        targets.sort_unstable_by_key(Selection::place);
        targets.retain(|target| after.is_none_or(|after| Selection::place(target) > after));
        targets.truncate(limit as usize);
        return Ok(targets);
    }
    let (mut at, mut id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (millis(at), id.0));
    loop {
        let rows = page(conn, selection, (at, id), limit).await?;
        let last = rows.last().map(|row| (row.listed_at.unwrap_or(row.record.due_at), row.record.id));
        let mut read = readable(rows.into_iter().map(|row| row.record.target()));
        // The cause of what has expired is in its record.
        read.retain(|target| selection.of != Of::Expired || selection.holds(target));
        match last {
            // A page of what cannot be read, or does not fit, is not the end.
            Some(last) if read.is_empty() => (at, id) = last,
            _ => return Ok(read),
        }
    }
}

async fn page(
    conn: &mut Connection,
    selection: &Selection,
    (at, id): (i64, Uuid),
    limit: u32,
) -> Result<Vec<TargetRow>, LedgerError> {
    let query = match selection.of {
        Of::Waiting => asked_waiting!(sqlx::query_as(WAITING), selection),
        Of::Expired => asked_waiting!(sqlx::query_as(EXPIRED), selection),
        Of::List | Of::Either => asked!(sqlx::query_as(SELECTED), selection),
    };
    let query = query.bind(at).bind(id).bind(i64::from(limit));
    query.fetch_all(conn).await.map_err(LedgerError::of("read what is selected"))
}

/// Those of the targets that are named that the rest of the selection lets in, each once, in the order of their names.
async fn named(conn: &mut Connection, selection: &Selection) -> Result<Vec<Target>, LedgerError> {
    let mut known = BTreeSet::new();
    let mut rows: Vec<Record> = Vec::new();
    for id in selection.targets.iter().filter(|id| known.insert(**id)) {
        let row: Option<Record> = sqlx::query_as(ONE)
            .bind(id.0)
            .fetch_optional(&mut *conn)
            .await
            .map_err(LedgerError::of("read what is selected"))?;
        rows.extend(row);
    }
    let mut targets = readable(rows.into_iter().map(Record::target));
    targets.retain(|target| selection.holds(target));
    Ok(targets)
}

async fn begin(conn: &mut Connection, world: &World, job: NewJob, most: u32) -> Result<Job, LedgerError> {
    let failed = "begin a job";
    let mut tx = store::begin(conn).await?;
    let now = store::now(&mut tx, world.now()).await?;
    let begun = sqlx::query(BEGIN)
        .bind(job.id)
        .bind(millis(now))
        .bind(&job.who)
        .bind(job.tenant.as_ref().map(TenantId::as_str))
        .bind(&job.action)
        .bind(&job.reason)
        .bind(json(&job.selection))
        .bind(json(&job.terms))
        .execute(&mut *tx)
        .await
        .map_err(LedgerError::of(failed))?;
    if begun.rows_affected() > 0 {
        freeze(&mut tx, &job, most).await?;
        sqlx::query(TOTAL).bind(job.id).execute(&mut *tx).await.map_err(LedgerError::of(failed))?;
    }
    let begun = read(&mut tx, job.id).await?;
    tx.commit().await.map_err(LedgerError::of(failed))?;
    begun.ok_or_else(|| LedgerError::corrupt(job.id, "a job", "it is gone"))
}

async fn freeze(tx: &mut Connection, job: &NewJob, most: u32) -> Result<(), LedgerError> {
    let failed = "select what a job is about";
    let selection = &job.selection;
    let query = match selection.of {
        _ if !selection.targets.is_empty() => None,
        Of::Waiting => Some(asked_waiting!(sqlx::query(FREEZE_WAITING), selection)),
        Of::List | Of::Either => Some(asked!(sqlx::query(FREEZE), selection)),
        Of::Expired => None,
    };
    if let Some(query) = query {
        let frozen = query.bind(job.id).bind(i64::from(most)).execute(tx).await;
        return frozen.map(drop).map_err(LedgerError::of(failed));
    }
    let found = match selection.targets.is_empty() {
        true => selected(tx, selection, None, most).await?,
        false => named(tx, selection).await?,
    };
    for (place, target) in found.iter().take(most as usize).enumerate() {
        let (listed_at, revision) = match Frozen::of(target) {
            Frozen::Listed(at) => (at, None),
            Frozen::Unlisted(revision) => (0, Some(stored(revision))),
        };
        sqlx::query(FREEZE_ONE)
            .bind(job.id)
            .bind(target.id.0)
            .bind(listed_at)
            .bind(i32::try_from(place).unwrap_or(i32::MAX))
            .bind(revision)
            .execute(&mut *tx)
            .await
            .map_err(LedgerError::of(failed))?;
    }
    Ok(())
}

/// A row of `jobs`.
#[derive(sqlx::FromRow)]
pub(super) struct JobRow {
    pub id: Uuid,
    at: i64,
    ended_at: Option<i64>,
    total: i64,
    done: i64,
    held_back: i64,
    lease_until: Option<i64>,
    pub lease: i32,
    holder: Option<String>,
    state: String,
    who: String,
    tenant: Option<String>,
    action: String,
    reason: Option<String>,
    selection: String,
    terms: String,
    why: Option<String>,
}

impl JobRow {
    pub(super) fn read(self) -> Result<Job, LedgerError> {
        let id = self.id;
        let tenant = self.tenant.map(TenantId::new).transpose();
        let counted = |many: i64| u64::try_from(many).unwrap_or_default();
        Ok(Job {
            asked: NewJob {
                id,
                who: self.who,
                tenant: tenant.map_err(|why| LedgerError::corrupt(id, "a job's tenant", why))?,
                action: self.action,
                reason: self.reason,
                selection: read_json(id, "a job's selection", &self.selection)?,
                terms: read_json(id, "a job's terms", &self.terms)?,
            },
            at: instant(self.at),
            ended_at: self.ended_at.map(instant),
            state: JobState::named(&self.state)
                .ok_or_else(|| LedgerError::corrupt(id, "a job's state", &self.state))?,
            total: counted(self.total),
            done: counted(self.done),
            held_back: counted(self.held_back),
            lease: number(self.lease),
            holder: self.holder,
            lease_until: self.lease_until.map(instant),
            why: self.why,
        })
    }
}

async fn read(conn: &mut Connection, id: Uuid) -> Result<Option<Job>, LedgerError> {
    let row: Option<JobRow> =
        sqlx::query_as(JOB).bind(id).fetch_optional(conn).await.map_err(LedgerError::of("read a job"))?;
    row.map(JobRow::read).transpose()
}

async fn jobs(conn: &mut Connection, filter: &JobFilter) -> Result<Page<Job>, LedgerError> {
    let limit = if filter.limit == 0 { 50 } else { filter.limit as usize };
    let after = match &filter.after {
        None => Uuid::max(),
        Some(token) => token.parse().map_err(|_| lists::bad_token(token))?,
    };
    let rows: Vec<JobRow> = sqlx::query_as(JOBS)
        .persistent(false)
        .bind(after)
        .bind(filter.tenant.as_ref().map(TenantId::as_str))
        .bind(filter.target.map(|target| target.0))
        .bind(lists::more_than(limit))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("list jobs"))?;
    let (rows, next) = lists::page(rows, limit, |row| row.id.to_string());
    Ok(Page { items: readable(rows.into_iter().map(JobRow::read)), next })
}

async fn open(conn: &mut Connection, job: Uuid, limit: u32) -> Result<Vec<TargetId>, LedgerError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(OPEN)
        .bind(job)
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read what is left of a job"))?;
    Ok(ids.into_iter().map(TargetId).collect())
}

/// Outlet, target, result, why, when, the target's state and since when it is listed.
type StepRow = (i32, Uuid, Option<String>, Option<String>, Option<i64>, Option<i16>, Option<i64>);

async fn targets(
    conn: &mut Connection,
    job: Uuid,
    result: Option<StepResult>,
    after: Option<u32>,
    limit: u32,
) -> Result<Vec<JobTarget>, LedgerError> {
    let rows: Vec<StepRow> = sqlx::query_as(TARGETS)
        .persistent(false)
        .bind(job)
        .bind(after.map_or(-1, stored))
        .bind(result.map(StepResult::name))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read a job's targets"))?;
    let read = |(place, id, result, why, at, now, listed_at): StepRow| {
        let target = TargetId(id);
        let known =
            |name: String| StepResult::named(&name).ok_or_else(|| LedgerError::corrupt(target, "a job's result", name));
        Ok(JobTarget {
            place: number(place),
            target,
            result: result.map(known).transpose()?,
            why,
            at: at.map(instant),
            now: now.map(|now| Ok((state(target, now)?, listed_at.is_some()))).transpose()?,
        })
    };
    Ok(readable(rows.into_iter().map(read)))
}

async fn outcomes(conn: &mut Connection, job: Uuid, newest: u32) -> Result<Outcomes, LedgerError> {
    let rows: Vec<(i16, i32, i64)> = sqlx::query_as(OUTCOMES)
        .bind(job)
        .bind(i64::from(newest))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("see what became of a job's targets"))?;
    let mut outcomes = Outcomes::default();
    for (stands, listed, many) in rows {
        // What a newer version calls otherwise is on its way as far as this one can tell.
        let stands = State::from_number(stands).unwrap_or(State::Queued);
        outcomes.count(stands, listed != 0, u64::try_from(many).unwrap_or_default());
    }
    Ok(outcomes)
}

async fn forget(conn: &mut Connection, world: &World, older_than: Duration, most: u32) -> Result<u64, LedgerError> {
    let failed = "forget old jobs";
    let mut tx = store::begin(conn).await?;
    let until = millis(before(store::now(&mut tx, world.now()).await?, older_than));
    let mut jobs = 0;
    // What ended that long ago is the same for both.
    for statement in [FORGET_TARGETS, FORGET] {
        let done = sqlx::query(statement).bind(until).bind(i64::from(most)).execute(&mut *tx).await;
        jobs = done.map_err(LedgerError::of(failed))?.rows_affected();
    }
    tx.commit().await.map_err(LedgerError::of(failed))?;
    Ok(jobs)
}
