//! Pauses, and the release of what they held.
//!
//! A pause ends in three steps, each committed: it is marked as ending and holds nothing back any more, what it held is
//! released in batches, and it is deleted. If that is cut short, ending it again takes it from there.

use std::{collections::HashMap, time::Duration};

use domain::{AccountId, ChannelName, Command, Pause, PauseScope, State, TargetId, TenantId};
use uuid::Uuid;

use super::{Connection, store};
use crate::{
    LedgerError, PauseAsk,
    desk::Desk,
    record::{Record, columns, json, read_json},
    world::{World, after},
};

/// How many targets are looked at in one transaction.
const BATCH: usize = 500;

macro_rules! in_state {
    ($number:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM targets t WHERE t.state = ",
            $number,
            " AND t.id > $1 AND ($2 IS NULL OR t.tenant = $2) AND ($3 IS NULL OR t.channel = $3) \
             AND ($4 IS NULL OR t.account = $4) AND ($5 IS NULL OR t.app = $5) ORDER BY t.id LIMIT 500"
        )
    };
}
/// What is held, and what is in doubt: neither goes on under a pause.
const STATES: [&str; 2] = [in_state!(8), in_state!(5)];

/// Every pause, those that are ending included: an operator must see what is not finished.
pub(super) async fn pauses(conn: &mut Connection) -> Result<Vec<Pause>, LedgerError> {
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM pauses ORDER BY scope")
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read the pauses"))?;
    bodies.iter().map(|body| read_json("pauses", "a pause", body)).collect()
}

pub(super) async fn pause(conn: &mut Connection, world: &World, ask: PauseAsk) -> Result<Pause, LedgerError> {
    let failed = "put a pause in force";
    let mut tx = store::begin(conn).await?;
    let pause = ask.at(store::now(&mut tx, world.now()).await?);
    store::insert_pauses(&mut tx, std::slice::from_ref(&pause)).await?;
    let body: String = sqlx::query_scalar("SELECT body FROM pauses WHERE scope = $1")
        .bind(pause.scope.to_string())
        .fetch_one(&mut *tx)
        .await
        .map_err(LedgerError::of(failed))?;
    tx.commit().await.map_err(LedgerError::of(failed))?;
    read_json(&pause.scope, "the pause", &body)
}

pub(super) async fn resume(
    conn: &mut Connection,
    world: &World,
    scope: &PauseScope,
    drip: Duration,
) -> Result<Option<u64>, LedgerError> {
    world.trust(&store::origins(conn).await?)?;
    if !mark_ending(conn, scope).await? {
        return Ok(None);
    }
    release(conn, world, scope, drip).await.map(Some)
}

/// Ends what was ending when a process died. Where the ledger has lost some of its history it goes on ending until that is seen to.
pub(in super::super) async fn finish_releases(conn: &mut Connection, world: &World) -> Result<(), LedgerError> {
    if matches!(world.trust(&store::origins(conn).await?), Err(LedgerError::Restored)) {
        return Ok(());
    }
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM pauses WHERE ending ORDER BY scope")
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of("find pauses that are ending"))?;
    for body in bodies {
        let pause: Pause = read_json("pauses", "a pause", &body)?;
        let released = release(conn, world, &pause.scope, world.policy.drip).await?;
        tracing::info!(pause.scope = %pause.scope, released, "ended a pause that was ending");
    }
    Ok(())
}

/// Releases what a pause held that is marked as ending, and deletes it.
async fn release(conn: &mut Connection, world: &World, scope: &PauseScope, drip: Duration) -> Result<u64, LedgerError> {
    let mut release = Release { scope, drip, slots: HashMap::new(), last: Uuid::nil(), released: 0 };
    for state in STATES {
        release.last = Uuid::nil();
        while release.batch(conn, world, state).await? {}
    }
    sqlx::query("DELETE FROM pauses WHERE scope = $1 AND ending")
        .bind(scope.to_string())
        .execute(&mut *conn)
        .await
        .map_err(LedgerError::of("end a pause"))?;
    store::announce(conn).await?;
    world.ring();
    Ok(release.released)
}

/// Waits for transactions that act on the pause, so that none of them can hold a target once this has returned.
async fn mark_ending(conn: &mut Connection, scope: &PauseScope) -> Result<bool, LedgerError> {
    let marked = sqlx::query("UPDATE pauses SET ending = TRUE WHERE scope = $1")
        .bind(scope.to_string())
        .execute(conn)
        .await
        .map_err(LedgerError::of("end a pause"))?;
    Ok(marked.rows_affected() > 0)
}

/// How far a release has come.
struct Release<'a> {
    scope: &'a PauseScope,
    drip: Duration,
    /// How many slots of each account are taken.
    slots: HashMap<(TenantId, ChannelName, AccountId), u32>,
    last: Uuid,
    released: u64,
}

impl Release<'_> {
    /// Releases the next batch. Returns whether there may be more.
    async fn batch(&mut self, conn: &mut Connection, world: &World, state: &'static str) -> Result<bool, LedgerError> {
        let mut tx = store::begin(conn).await?;
        let found = self.found(&mut tx, state).await?;
        let ids: Vec<Uuid> = found.iter().map(|row| row.id).collect();
        let Some(last) = ids.last().copied() else { return Ok(false) };
        let mut desk = super::apply::seat(&mut tx, world, &ids).await?;
        for id in &ids {
            self.release(&mut desk, TargetId(*id))?;
        }
        store::save(&mut tx, &desk).await?;
        tx.commit().await.map_err(LedgerError::of("commit a release"))?;
        self.last = last;
        Ok(ids.len() == BATCH)
    }

    async fn found(&self, tx: &mut Connection, state: &'static str) -> Result<Vec<Record>, LedgerError> {
        let (tenant, channel, account, app) = match self.scope {
            PauseScope::All => (None, None, None, None),
            PauseScope::Channel { channel } => (None, Some(channel), None, None),
            PauseScope::App { app } => (None, None, None, Some(app)),
            PauseScope::Tenant { tenant } => (Some(tenant), None, None, None),
            PauseScope::Account { tenant, channel, account } => (Some(tenant), Some(channel), Some(account), None),
        };
        sqlx::query_as(state)
            .bind(self.last)
            .bind(tenant.map(TenantId::as_str))
            .bind(channel.map(ChannelName::as_str))
            .bind(account.map(AccountId::as_str))
            .bind(app.map(domain::AppId::as_str))
            .fetch_all(tx)
            .await
            .map_err(LedgerError::of("find what a pause held"))
    }

    fn release(&mut self, desk: &mut Desk<'_>, id: TargetId) -> Result<(), LedgerError> {
        let Some(target) = desk.target(id) else { return Ok(()) };
        let is_held = target.state == State::Held;
        if !(is_held || target.is_settling_due(desk.now)) || desk.is_paused(target) {
            return Ok(());
        }
        let account = (target.tenant.clone(), target.channel.clone(), target.account.clone());
        let slot = self.slots.entry(account).or_default();
        let at = after(desk.now, self.drip.saturating_mul(*slot));
        // One that is due later anyway needs no slot.
        if target.next_at.is_none_or(|next| next <= at) {
            *slot += 1;
        }
        desk.apply(id, &Command::Release { at })?;
        self.released += u64::from(is_held);
        Ok(())
    }
}

/// The body under which a pause is stored.
pub(in super::super) fn body(pause: &Pause) -> String {
    json(pause)
}
