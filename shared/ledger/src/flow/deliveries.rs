//! Deliveries: made with the outbox's mark, taken with a lease, settled by attempts.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use domain::Event;
use futures::FutureExt;
use uuid::Uuid;

use super::{Connection, Database, lists, rows::readable, store};
use crate::{
    AfterAttempt, AttemptMade, Deliveries, Delivery, DeliveryAttempt, DeliveryFilter, DeliveryState, DeliveryTally,
    LedgerError, Page, RecordKind, Replay,
    deliveries::Wants,
    record::{instant, millis, number, read_json, stored},
    world::{World, after, before},
};

/// The most rows that one statement puts in.
const AT_ONCE: usize = 1_000;

const HOOKS: &str = "SELECT name, open FROM credentials WHERE kind = $1";
const DELIVERED: &str =
    "UPDATE deliveries SET state = 'delivered', due_at = NULL WHERE event = $1 AND hook = $2 AND state <> 'delivered'";
const NOT_TAKEN: &str = "UPDATE deliveries SET state = $4, due_at = $5 \
     WHERE event = $1 AND hook = $2 AND attempt = $3 AND state = 'waiting'";
/// The hook may have been removed meanwhile, and its deliveries with it.
const LOG: &str = "INSERT INTO delivery_attempts (event, hook, number, at, millis, status, why) \
     SELECT event, hook, $3, $4, $5, $6, $7 FROM deliveries WHERE event = $1 AND hook = $2 ON CONFLICT DO NOTHING";
const TALLY: &str = "SELECT count(*), min(made_at) FROM deliveries WHERE hook = $1 AND due_at IS NOT NULL";
const FORGET: &str = "DELETE FROM deliveries WHERE hook = $1";

macro_rules! again {
    ($where:literal) => {
        concat!(
            "UPDATE deliveries SET state = 'waiting', due_at = $2, since = $2, tries = 0 WHERE hook = $1 AND ",
            $where
        )
    };
}

const REPLAY_ONE: &str = again!("event = $3");
const REPLAY_SINCE: &str = again!("made_at >= $3 AND ($4 IS NULL OR state = $4)");

/// Deliveries before the place `$1`, `$2`, `$3`, of those that stand as `$4`.
macro_rules! listed {
    ($where:literal) => {
        concat!(
            "SELECT hook, state, made_at, since, due_at, attempt, tries, body FROM deliveries \
             WHERE (made_at, event, hook) < ($1, $2, $3) AND ($4 IS NULL OR state = $4) AND ",
            $where,
            " ORDER BY made_at DESC, event DESC, hook DESC LIMIT $8"
        )
    };
}

// A statement for each index, so that none depends on what a planner thinks of it.
const ALL: &str = listed!("$5 IS NULL AND $6 IS NULL AND $7 IS NULL");
const OF_HOOK: &str = listed!("hook = $5 AND $6 IS NULL AND $7 IS NULL");
/// What was not delivered is little, whatever the log holds.
const UNDELIVERED: &str =
    listed!("state <> 'delivered' AND state = $4 AND ($5 IS NULL OR hook = $5) AND $6 IS NULL AND $7 IS NULL");
const OF_EVENT: &str = listed!("($5 IS NULL OR hook = $5) AND event = $6 AND ($7 IS NULL OR post = $7)");
const OF_POST: &str = listed!("($5 IS NULL OR hook = $5) AND $6 IS NULL AND post = $7");

#[async_trait]
impl Deliveries for Database {
    async fn take_deliveries(&self, hook: &str, most: u32, lease: Duration) -> Result<Vec<Delivery>, LedgerError> {
        let hook = hook.to_owned();
        self.write(move |conn, world| async move { take(conn, world, &hook, most, lease).await }.boxed()).await
    }

    async fn attempt_made(&self, made: AttemptMade) -> Result<(), LedgerError> {
        self.write(move |conn, world| async move { attempt_made(conn, world, &made).await }.boxed()).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Page<Delivery>, LedgerError> {
        let filter = filter.clone();
        self.read(move |conn, _| async move { list(conn, &filter).await }.boxed()).await
    }

    async fn replay(&self, hook: &str, which: &Replay) -> Result<u64, LedgerError> {
        let (hook, which) = (hook.to_owned(), which.clone());
        self.write(move |conn, world| async move { replay(conn, world, &hook, &which).await }.boxed()).await
    }

    async fn tally(&self, hook: &str) -> Result<DeliveryTally, LedgerError> {
        let hook = hook.to_owned();
        self.read(move |conn, _| async move { tally(conn, &hook).await }.boxed()).await
    }

    async fn forget_hook(&self, hook: &str) -> Result<u64, LedgerError> {
        let hook = hook.to_owned();
        self.write(move |conn, _| {
            async move {
                let done = sqlx::query(FORGET).bind(&hook).execute(conn).await;
                done.map(|done| done.rows_affected()).map_err(LedgerError::of("forget a hook's deliveries"))
            }
            .boxed()
        })
        .await
    }

    async fn purge_deliveries(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError> {
        self.write(move |conn, world| {
            async move {
                let until = before(store::now(conn, world.now()).await?, older_than);
                let done =
                    sqlx::query(store::PURGE_DELIVERIES).bind(millis(until)).bind(i64::from(most)).execute(conn).await;
                done.map(|done| done.rows_affected()).map_err(LedgerError::of("forget old deliveries"))
            }
            .boxed()
        })
        .await
    }
}

/// Marks events as told, and makes a delivery of each for every hook that wants it, in one transaction. Of two callers that tell the same
/// event one deletes it, and that one makes its deliveries.
pub(super) async fn told(conn: &mut Connection, world: &World, events: &[Uuid]) -> Result<(), LedgerError> {
    let hooks = hooks(conn).await?;
    if hooks.is_empty() {
        return store::delete_events(conn, events).await;
    }
    let mut tx = store::begin(conn).await?;
    let now = millis(store::now(&mut tx, world.now()).await?);
    let bodies = store::take_events(&mut tx, events).await?;
    let mut rows = Vec::new();
    for body in &bodies {
        // An event of a newer version is left to nobody: it was told on the broker, and what it says of hooks is not known.
        for event in readable([read_json::<Event>("the outbox", "an event", body)]) {
            let wanted = hooks.iter().filter(|(_, wants)| wants.take(&event));
            rows.extend(wanted.map(|(hook, _)| (hook.as_str(), event.id.0, event.post.0, body.as_str())));
        }
    }
    for rows in rows.chunks(AT_ONCE) {
        let mut insert = sqlx::QueryBuilder::<<Connection as sqlx::Connection>::Database>::new(
            "INSERT INTO deliveries (hook, event, post, made_at, since, due_at, attempt, tries, state, body) ",
        );
        insert.push_values(rows, |mut row, (hook, event, post, body)| {
            row.push_bind(*hook).push_bind(*event).push_bind(*post);
            row.push_bind(now).push_bind(now).push_bind(now).push_bind(0_i32).push_bind(0_i32);
            row.push_bind(DeliveryState::Waiting.name()).push_bind(*body);
        });
        insert.push(" ON CONFLICT DO NOTHING");
        let insert = insert.build().persistent(false);
        insert.execute(&mut *tx).await.map_err(LedgerError::of("make deliveries"))?;
    }
    tx.commit().await.map_err(LedgerError::of("commit what was told"))
}

/// The hooks that are not switched off, and what they want.
async fn hooks(conn: &mut Connection) -> Result<Vec<(String, Wants)>, LedgerError> {
    let rows: Vec<(String, String)> = sqlx::query_as(HOOKS)
        .bind(RecordKind::Hook.name())
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read the hooks"))?;
    Ok(readable(rows.into_iter().map(|(name, open)| {
        let wants = read_json(&name, "what the hook wants", &open)?;
        Ok((name, wants))
    })))
}

async fn take(
    conn: &mut Connection,
    world: &World,
    hook: &str,
    most: u32,
    lease: Duration,
) -> Result<Vec<Delivery>, LedgerError> {
    let now = store::now(conn, world.now()).await?;
    let mut rows: Vec<Row> = sqlx::query_as(store::TAKE_DELIVERIES)
        .bind(hook)
        .bind(millis(now))
        .bind(i64::from(most))
        .bind(millis(after(now, lease)))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("take deliveries that are due"))?;
    // What an update returns comes in any order.
    rows.sort_by_key(|row| (row.since, row.made_at));
    Ok(readable(rows.into_iter().map(|row| row.read(Vec::new()))))
}

async fn attempt_made(conn: &mut Connection, world: &World, made: &AttemptMade) -> Result<(), LedgerError> {
    let failed = LedgerError::of("record an attempt of a delivery");
    let AttemptMade { hook, event, attempt, then } = made;
    let mut tx = store::begin(conn).await?;
    let settle = match then {
        AfterAttempt::Delivered => sqlx::query(DELIVERED).bind(event.0).bind(hook),
        AfterAttempt::Again(wait) => {
            let next = after(store::now(&mut tx, world.now()).await?, *wait);
            not_taken(made, DeliveryState::Waiting, Some(millis(next)))
        }
        AfterAttempt::GivenUp => not_taken(made, DeliveryState::GivenUp, None),
    };
    let log = sqlx::query(LOG)
        .bind(event.0)
        .bind(hook)
        .bind(stored(attempt.number))
        .bind(millis(attempt.at))
        .bind(stored(attempt.millis))
        .bind(attempt.status.map(i32::from))
        .bind(attempt.why.as_deref());
    let written = async {
        settle.execute(&mut *tx).await?;
        log.execute(&mut *tx).await?;
        tx.commit().await
    };
    written.await.map_err(failed)
}

type Query<'q> = sqlx::query::Query<
    'q,
    <Connection as sqlx::Connection>::Database,
    <<Connection as sqlx::Connection>::Database as sqlx::Database>::Arguments,
>;

fn not_taken(made: &AttemptMade, state: DeliveryState, due_at: Option<i64>) -> Query<'_> {
    let query = sqlx::query(NOT_TAKEN).bind(made.event.0).bind(&made.hook).bind(stored(made.attempt.number));
    query.bind(state.name()).bind(due_at)
}

async fn replay(conn: &mut Connection, world: &World, hook: &str, which: &Replay) -> Result<u64, LedgerError> {
    let now = millis(store::now(conn, world.now()).await?);
    let query = match which {
        Replay::Event(event) => sqlx::query(REPLAY_ONE).bind(hook).bind(now).bind(event.0),
        Replay::Since(since, state) => {
            let query = sqlx::query(REPLAY_SINCE).bind(hook).bind(now).bind(millis(*since));
            query.bind(state.map(DeliveryState::name))
        }
    };
    let done = query.execute(conn).await.map_err(LedgerError::of("make deliveries due again"))?;
    Ok(done.rows_affected())
}

async fn tally(conn: &mut Connection, hook: &str) -> Result<DeliveryTally, LedgerError> {
    let (waiting, oldest): (i64, Option<i64>) =
        sqlx::query_as(TALLY).bind(hook).fetch_one(conn).await.map_err(LedgerError::of("count a hook's deliveries"))?;
    Ok(DeliveryTally { waiting: u64::try_from(waiting).unwrap_or_default(), oldest: oldest.map(instant) })
}

/// A row of `deliveries`.
#[derive(sqlx::FromRow)]
struct Row {
    hook: String,
    state: String,
    made_at: i64,
    since: i64,
    due_at: Option<i64>,
    attempt: i32,
    tries: i32,
    body: String,
}

impl Row {
    fn read(self, log: Vec<DeliveryAttempt>) -> Result<Delivery, LedgerError> {
        let event: Event = read_json(&self.hook, "the event of a delivery", &self.body)?;
        let state = DeliveryState::named(&self.state);
        Ok(Delivery {
            state: state.ok_or_else(|| LedgerError::corrupt(event.id.0, "a delivery's state", self.state))?,
            hook: self.hook,
            event,
            made_at: instant(self.made_at),
            since: instant(self.since),
            due_at: self.due_at.map(instant),
            attempt: number(self.attempt),
            tries: number(self.tries),
            log,
        })
    }
}

async fn list(conn: &mut Connection, filter: &DeliveryFilter) -> Result<Page<Delivery>, LedgerError> {
    let failed = "list deliveries";
    let limit = if filter.limit == 0 { 50 } else { filter.limit as usize };
    let (at, event, hook) = match &filter.after {
        None => (i64::MAX, Uuid::max(), String::new()),
        Some(token) => place(token).ok_or_else(|| lists::bad_token(token))?,
    };
    let statement = match filter {
        DeliveryFilter { event: Some(_), .. } => OF_EVENT,
        DeliveryFilter { post: Some(_), .. } => OF_POST,
        DeliveryFilter { state: Some(DeliveryState::Waiting | DeliveryState::GivenUp), .. } => UNDELIVERED,
        DeliveryFilter { hook: Some(_), .. } => OF_HOOK,
        _ => ALL,
    };
    let rows: Vec<Row> = sqlx::query_as(statement)
        .persistent(false)
        .bind(at)
        .bind(event)
        .bind(hook)
        .bind(filter.state.map(DeliveryState::name))
        .bind(filter.hook.as_deref())
        .bind(filter.event.map(|event| event.0))
        .bind(filter.post.map(|post| post.0))
        .bind(lists::more_than(limit))
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        read.push(row.read(Vec::new()));
    }
    let (mut items, next) = lists::page(readable(read), limit, |delivery| {
        format!("{}.{}.{}", millis(delivery.made_at), delivery.event.id, delivery.hook)
    });
    let mut log = attempts(conn, &items).await?;
    for delivery in &mut items {
        delivery.log = log.remove(&(delivery.event.id.0, delivery.hook.clone())).unwrap_or_default();
    }
    Ok(Page { items, next })
}

/// The place that a page's token names: when a delivery was made, of which event, to which hook.
fn place(token: &str) -> Option<(i64, Uuid, String)> {
    let mut parts = token.splitn(3, '.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.to_owned()))
}

/// A row of `delivery_attempts`.
#[derive(sqlx::FromRow)]
struct AttemptRow {
    event: Uuid,
    hook: String,
    number: i32,
    at: i64,
    millis: i32,
    status: Option<i32>,
    why: Option<String>,
}

/// The attempts of these deliveries, by event and hook.
async fn attempts(
    conn: &mut Connection,
    deliveries: &[Delivery],
) -> Result<HashMap<(Uuid, String), Vec<DeliveryAttempt>>, LedgerError> {
    let mut log: HashMap<_, Vec<_>> = HashMap::new();
    if deliveries.is_empty() {
        return Ok(log);
    }
    let mut query = sqlx::QueryBuilder::<<Connection as sqlx::Connection>::Database>::new(
        "SELECT event, hook, number, at, millis, status, why FROM delivery_attempts WHERE (event, hook) IN (",
    );
    query.push_values(deliveries, |mut row, delivery| {
        row.push_bind(delivery.event.id.0).push_bind(delivery.hook.clone());
    });
    query.push(") ORDER BY event, hook, number");
    let rows: Vec<AttemptRow> = query
        .build_query_as()
        .persistent(false)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read the attempts of deliveries"))?;
    let read = |row: AttemptRow| DeliveryAttempt {
        number: number(row.number),
        at: instant(row.at),
        millis: number(row.millis),
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        why: row.why,
    };
    for row in rows {
        log.entry((row.event, row.hook.clone())).or_default().push(read(row));
    }
    Ok(log)
}
