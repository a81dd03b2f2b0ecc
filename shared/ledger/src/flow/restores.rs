//! Restores: what a gap may hide is marked row by row, in batches, in the order of the ids.

use async_trait::async_trait;
use domain::{Command, Gap, TargetId};
use futures::FutureExt;
use uuid::Uuid;

use super::{Connection, Database, apply::seat_whatever_is_lost, store};
use crate::{
    GapAsk, LedgerError, Marked, Restores, Standing, Unproven,
    record::{instant, millis},
    restores::{BATCH, continuity},
    world::World,
};

/// What is not at its end, and may have been sent: what waits counts if it is due, or was begun before.
macro_rules! unproven {
    ($due_by:literal) => {
        concat!("state NOT IN (6, 9) AND (state NOT IN (0, 1, 4, 8) OR attempt > 0 OR due_at <= ", $due_by, ")")
    };
}

const ROW: &str = "SELECT gap_since, gap_until, repeats_until FROM restores WHERE id = 1";
const BEGIN: &str = "UPDATE restores SET gap_since = $1, gap_until = $2, repeats_until = $3 WHERE id = 1";
const NEXT: &str = concat!("SELECT id FROM targets WHERE id > $1 AND ", unproven!("$2"), " ORDER BY id LIMIT 500");
const COUNT: &str = concat!(
    "SELECT tenant, channel, account, count(*) FILTER (WHERE state NOT IN (7, 10)), \
         count(*) FILTER (WHERE state IN (7, 10)) \
     FROM targets WHERE ",
    unproven!("$1"),
    " GROUP BY tenant, channel, account ORDER BY tenant, channel, account"
);
/// Posts have their times in their ids. Of attempts there is no index by time, and this is asked once.
const NEWEST: &str = "SELECT max(at) FROM ( \
         SELECT at FROM (SELECT accepted_at AS at FROM posts ORDER BY id DESC LIMIT 1) newest_post \
         UNION ALL SELECT max(ended_at) FROM attempts) newest";

type GapRow = (Option<i64>, Option<i64>, Option<i64>);

#[async_trait]
impl Restores for Database {
    async fn standing(&self) -> Result<Standing, LedgerError> {
        self.read(move |conn, world| standing(conn, world).boxed()).await
    }

    async fn unproven(&self, ask: &GapAsk) -> Result<Vec<Unproven>, LedgerError> {
        let due_by = millis(ask.due_by);
        self.read(move |conn, _| unproven(conn, due_by).boxed()).await
    }

    async fn begin_gap(&self, ask: &GapAsk) -> Result<(), LedgerError> {
        let ask = *ask;
        self.write(move |conn, _| begin(conn, ask).boxed()).await
    }

    async fn mark_gap(&self, ask: &GapAsk, after: Option<TargetId>) -> Result<Marked, LedgerError> {
        let ask = *ask;
        self.write(move |conn, world| mark(conn, world, ask, after).boxed()).await
    }

    async fn vouch(&self) -> Result<(), LedgerError> {
        self.write(move |conn, _| store::vouch(conn).boxed()).await
    }
}

async fn standing(conn: &mut Connection, world: &World) -> Result<Standing, LedgerError> {
    let (vouched, said) = store::origins(conn).await?;
    let newest: Option<i64> = sqlx::query_scalar(NEWEST)
        .fetch_one(&mut *conn)
        .await
        .map_err(LedgerError::of("look for what is on record last"))?;
    Ok(Standing {
        continuity: continuity(vouched.as_deref(), said.as_deref(), world.failover),
        gap: gap(conn).await?.map(|(gap, _)| gap),
        newest: newest.map(instant),
    })
}

/// The last gap, and until when posts without a time of their own are held against it.
pub(super) async fn gap(conn: &mut Connection) -> Result<Option<(Gap, jiff::Timestamp)>, LedgerError> {
    let row: GapRow = sqlx::query_as(ROW).fetch_one(conn).await.map_err(LedgerError::of("read the last gap"))?;
    Ok(match row {
        (Some(since), Some(until), Some(repeats)) => {
            Some((Gap { since: instant(since), until: instant(until) }, instant(repeats)))
        }
        _ => None,
    })
}

async fn unproven(conn: &mut Connection, due_by: i64) -> Result<Vec<Unproven>, LedgerError> {
    let mut tx = store::begin_scan(conn).await?;
    let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(COUNT)
        .bind(due_by)
        .fetch_all(&mut *tx)
        .await
        .map_err(LedgerError::of("count what may have been sent"))?;
    let read = |(tenant, channel, account, going, resting): (String, String, String, i64, i64)| {
        let of = |why: domain::InvalidName| LedgerError::corrupt(&account, "an account", why);
        Ok(Unproven {
            tenant: tenant.parse().map_err(of)?,
            channel: channel.parse().map_err(of)?,
            account: account.parse().map_err(of)?,
            going: u64::try_from(going).unwrap_or_default(),
            resting: u64::try_from(resting).unwrap_or_default(),
        })
    };
    rows.into_iter().map(read).collect()
}

async fn begin(conn: &mut Connection, ask: GapAsk) -> Result<(), LedgerError> {
    sqlx::query(BEGIN)
        .bind(millis(ask.gap.since))
        .bind(millis(ask.gap.until))
        .bind(millis(ask.repeats_until))
        .execute(conn)
        .await
        .map(drop)
        .map_err(LedgerError::of("note a gap"))
}

async fn mark(
    conn: &mut Connection,
    world: &World,
    ask: GapAsk,
    after: Option<TargetId>,
) -> Result<Marked, LedgerError> {
    let mut tx = store::begin(conn).await?;
    let ids: Vec<Uuid> = sqlx::query_scalar(NEXT)
        .bind(after.map_or(Uuid::nil(), |id| id.0))
        .bind(millis(ask.due_by))
        .fetch_all(&mut *tx)
        .await
        .map_err(LedgerError::of("find what may have been sent"))?;
    let mut desk = seat_whatever_is_lost(&mut tx, world, &ids).await?;
    for id in &ids {
        desk.apply(TargetId(*id), &Command::Restored { gap: ask.gap })?;
    }
    store::save(&mut tx, &desk).await?;
    tx.commit().await.map_err(LedgerError::of("commit marks of a gap"))?;
    let next = ids.last().filter(|_| ids.len() == BATCH).copied().map(TargetId);
    Ok(Marked { targets: ids.len() as u64, next })
}
