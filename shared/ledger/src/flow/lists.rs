//! The operators' list, a page at a time, and what lists of pages have in common.

use domain::{AccountId, State, TargetId, TenantId};
use uuid::Uuid;

use super::{
    Connection,
    reads::attempts_of,
    rows::{TargetRow, readable},
};
use crate::{Failures, LedgerError, Page, PostFilter, record::columns};

macro_rules! listed {
    () => {
        " FROM targets t WHERE t.listed_at IS NOT NULL AND ($1 IS NULL OR t.tenant = $1) \
         AND ($2 IS NULL OR t.channel = $2) AND ($3 IS NULL OR t.state = $3) AND ($4 IS NULL OR t.account = $4) \
         AND ($5 IS NULL OR t.listed_group = $5)"
    };
}

const LISTED: &str = concat!(
    "SELECT ",
    columns!(),
    ", t.changes, t.listed_at",
    listed!(),
    " AND (t.listed_at, t.id) < ($6, $7) ORDER BY t.listed_at DESC, t.id DESC LIMIT $8"
);
const GROUPS: &str = concat!(
    "SELECT t.listed_group, count(*)",
    listed!(),
    " GROUP BY t.listed_group ORDER BY count(*) DESC, t.listed_group"
);

pub(super) async fn failures(conn: &mut Connection, filter: &PostFilter) -> Result<Failures, LedgerError> {
    let failed = "list what needs a person";
    let limit = limit(filter);
    let (at, id) = match &filter.after {
        None => (i64::MAX, Uuid::max()),
        Some(token) => token
            .split_once('.')
            .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)))
            .ok_or_else(|| bad_token(token))?,
    };
    let tenant = filter.tenant.as_ref().map(TenantId::as_str);
    let channel = filter.channel.as_ref().map(domain::ChannelName::as_str);
    let state = filter.state.map(State::number);
    let account = filter.account.as_ref().map(AccountId::as_str);
    let group = filter.group.as_deref();
    let rows: Vec<TargetRow> = sqlx::query_as(LISTED)
        .persistent(false)
        .bind(tenant)
        .bind(channel)
        .bind(state)
        .bind(account)
        .bind(group)
        .bind(at)
        .bind(id)
        .bind(more_than(limit))
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    let groups: Vec<(Option<String>, i64)> = sqlx::query_as(GROUPS)
        .persistent(false)
        .bind(tenant)
        .bind(channel)
        .bind(state)
        .bind(account)
        .bind(group)
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    let (rows, next) = page(rows, limit, |row| format!("{}.{}", row.listed_at.unwrap_or_default(), row.record.id));
    let ids: Vec<Uuid> = rows.iter().map(|row| row.record.id).collect();
    let mut log = attempts_of(conn, &ids).await?;
    let items = readable(rows.into_iter().map(|row| {
        let attempts = log.remove(&TargetId(row.record.id)).unwrap_or_default();
        row.view(attempts)
    }));
    let groups = groups
        .into_iter()
        .map(|(group, many)| (group.unwrap_or_else(|| "-".into()), u64::try_from(many).unwrap_or_default()))
        .collect();
    Ok(Failures { page: Page { items, next }, groups })
}

pub(super) fn limit(filter: &PostFilter) -> usize {
    if filter.limit == 0 { 50 } else { filter.limit as usize }
}

/// One row more than the page holds tells whether there is another page.
pub(super) fn more_than(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1
}

pub(super) fn page<T>(mut rows: Vec<T>, limit: usize, token: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let next = (rows.len() > limit).then(|| token(&rows[limit - 1]));
    rows.truncate(limit);
    (rows, next)
}

pub(super) fn bad_token(token: &str) -> LedgerError {
    LedgerError::Settings { what: format!("\"{token}\" does not name a page") }
}
