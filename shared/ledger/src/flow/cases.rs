//! Writing cases, within the transaction that changes their targets. They are rare: one statement for each step.

use domain::TargetId;

use super::Connection;
use crate::{
    LedgerError,
    cases::{Opening, Step},
    record::millis,
};

const OPEN: &str = "INSERT INTO cases (target, since, listings, retries, tenant, channel, account, cause, reason) \
     VALUES ($1, $2, 1, 0, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
const AGAIN: &str = "UPDATE cases SET listings = listings + 1, cause = $2 WHERE target = $1 AND until IS NULL";
const COUNT_RETRY: &str = "UPDATE cases SET retries = retries + 1 WHERE target = $1 AND until IS NULL";
const RETRY: &str = "INSERT INTO retries (target, at, tenant, channel, account, cause) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const CLOSE: &str = "UPDATE cases SET until = $2, ended = $3 WHERE target = $1 AND until IS NULL";

/// Writes what became of cases.
pub(in super::super) async fn write_cases(tx: &mut Connection, steps: &[Step]) -> Result<(), LedgerError> {
    for step in steps {
        match step {
            Step::Opened(opening) => open(tx, opening).await?,
            Step::Again { target, cause } => again(tx, *target, cause).await?,
            Step::Retried(opening) => retried(tx, opening).await?,
            Step::Closed { target, at, ended } => {
                let query = sqlx::query(CLOSE).bind(target.0).bind(millis(*at)).bind(ended.number());
                query.execute(&mut *tx).await.map_err(LedgerError::of("close a case"))?;
            }
        }
    }
    Ok(())
}

async fn open(tx: &mut Connection, Opening { target, at, cause, reason }: &Opening) -> Result<(), LedgerError> {
    // One that was listed by a version that knew of no cases has been waiting since then.
    let since = target.listed.as_ref().map_or(*at, |listed| listed.at);
    sqlx::query(OPEN)
        .bind(target.id.0)
        .bind(millis(since))
        .bind(target.tenant.as_str())
        .bind(target.channel.as_str())
        .bind(target.account.as_str())
        .bind(cause)
        .bind(reason)
        .execute(tx)
        .await
        .map(drop)
        .map_err(LedgerError::of("open a case"))
}

async fn again(tx: &mut Connection, target: TargetId, cause: &str) -> Result<(), LedgerError> {
    let query = sqlx::query(AGAIN).bind(target.0).bind(cause);
    query.execute(tx).await.map(drop).map_err(LedgerError::of("keep a case open"))
}

async fn retried(tx: &mut Connection, Opening { target, at, cause, .. }: &Opening) -> Result<(), LedgerError> {
    let failed = "record a retry";
    let query = sqlx::query(RETRY)
        .bind(target.id.0)
        .bind(millis(*at))
        .bind(target.tenant.as_str())
        .bind(target.channel.as_str())
        .bind(target.account.as_str())
        .bind(cause);
    query.execute(&mut *tx).await.map_err(LedgerError::of(failed))?;
    sqlx::query(COUNT_RETRY).bind(target.id.0).execute(tx).await.map(drop).map_err(LedgerError::of(failed))
}
