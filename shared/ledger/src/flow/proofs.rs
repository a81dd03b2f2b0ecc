//! What people name as the proof that a target is out: of an account's targets one has each post of the platform.
//!
//! Its id is put on record before anything is decided, so that of two who name the same at once the second waits for the first and hears of
//! it.

use domain::{Command, Receipt, Target, TargetId};
use uuid::Uuid;

use super::{Connection, rows::readable, store};
use crate::{
    LedgerError,
    desk::{Desk, NEARBY, bare, named, shows},
    record::{Record, columns, mark, millis},
    world::{after, before},
};

/// Published targets of an account that were due at about the same time, and have this text on record.
const SHOWING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t WHERE t.state = 6 AND t.channel = $1 AND t.tenant = $2 AND t.account = $3 AND t.due_at >= $4 \
     AND t.due_at < $5 AND t.progress LIKE $6 ESCAPE '!' LIMIT 100"
);

/// Puts on record what `asks` name, unless it is, and lets the desk know whose it is. What was named, and by which target.
pub(super) async fn hold(
    tx: &mut Connection,
    desk: &mut Desk<'_>,
    asks: &[(TargetId, Command)],
) -> Result<Vec<(Uuid, Uuid)>, LedgerError> {
    let mut held = Vec::new();
    let mut owners = Vec::new();
    for (id, command) in asks {
        let Some((target, receipt)) = desk.target(*id).zip(named(command)) else { continue };
        let mark = mark(target, &receipt.id);
        held.push((mark, id.0));
        owners.extend(showing(tx, target, receipt).await?.map(|owner| (mark, owner.0)));
    }
    if held.is_empty() {
        return Ok(held);
    }
    // In order, so that nobody waits in a circle.
    held.sort_unstable();
    store::insert_marks(tx, &held).await?;
    let marks: Vec<_> = held.iter().map(|(mark, _)| *mark).collect();
    desk.know_owners(store::owners(tx, &marks).await?);
    desk.know_owners(owners);
    Ok(held)
}

/// Another target whose post is at the address that a person names. A platform may have answered with another id than stands there.
async fn showing(tx: &mut Connection, target: &Target, receipt: &Receipt) -> Result<Option<TargetId>, LedgerError> {
    let Some(address) = receipt.url.as_deref().map(bare) else { return Ok(None) };
    let written = address.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let rows: Vec<Record> = sqlx::query_as(SHOWING)
        .bind(target.channel.as_str())
        .bind(target.tenant.as_str())
        .bind(target.account.as_str())
        .bind(millis(before(target.due_at, NEARBY)))
        .bind(millis(after(target.due_at, NEARBY)))
        .bind(format!("%{written}%"))
        .fetch_all(tx)
        .await
        .map_err(LedgerError::of("look for who is at an address"))?;
    let mut found = readable(rows.into_iter().map(Record::target)).into_iter();
    Ok(found.find(|other| other.id != target.id && shows(other, address)).map(|other| other.id))
}

/// Takes back what was named for a target that was not taken to be out.
pub(super) async fn let_go(tx: &mut Connection, desk: &Desk<'_>, held: &[(Uuid, Uuid)]) -> Result<(), LedgerError> {
    for (named, id) in held {
        let target = desk.target(TargetId(*id));
        let has = target.is_some_and(|target| target.out.iter().any(|out| mark(target, &out.receipt.id) == *named));
        if !has {
            sqlx::query("DELETE FROM marks WHERE mark = $1 AND target = $2")
                .bind(*named)
                .bind(*id)
                .execute(&mut *tx)
                .await
                .map_err(LedgerError::of("take back a platform id"))?;
        }
    }
    Ok(())
}
