//! Lists for people, a page at a time.

use domain::{AccountId, State, TenantId};
use uuid::Uuid;

use super::{
    Connection,
    reads::attempts,
    rows::{PostRow, TargetRow, readable},
};
use crate::{Failures, LedgerError, Page, PostFilter, PostSummary, record::columns};

const POSTS: &str = "SELECT p.id, p.tenant, p.key, p.revision, p.content, p.accepted_at, \
     (SELECT string_agg(CAST(t.state AS TEXT) || CASE WHEN t.listed_at IS NULL THEN '' ELSE '!' END, ',') \
      FROM targets t WHERE t.post = p.id) AS states \
     FROM posts p WHERE p.id < $1 AND ($2 IS NULL OR p.tenant = $2) \
     AND (($3 IS NULL AND $4 IS NULL AND $5 IS NULL) OR EXISTS (SELECT 1 FROM targets t WHERE t.post = p.id \
          AND ($3 IS NULL OR t.channel = $3) AND ($4 IS NULL OR t.state = $4) AND ($5 IS NULL OR t.account = $5))) \
     ORDER BY p.id DESC LIMIT $6";

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

pub(super) async fn posts(conn: &mut Connection, filter: &PostFilter) -> Result<Page<PostSummary>, LedgerError> {
    let limit = limit(filter);
    let after = match &filter.after {
        None => Uuid::max(),
        Some(token) => token.parse().map_err(|_| bad_token(token))?,
    };
    let rows: Vec<PostRow> = sqlx::query_as(POSTS)
        .persistent(false)
        .bind(after)
        .bind(filter.tenant.as_ref().map(TenantId::as_str))
        .bind(filter.channel.as_ref().map(domain::ChannelName::as_str))
        .bind(filter.state.map(State::number))
        .bind(filter.account.as_ref().map(AccountId::as_str))
        .bind(more_than(limit))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("list posts"))?;
    let (rows, next) = page(rows, limit, |row| row.id.to_string());
    Ok(Page { items: readable(rows.into_iter().map(PostRow::summary)), next })
}

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
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let attempts = attempts(conn, domain::TargetId(row.record.id)).await?;
        items.push(row.view(attempts));
    }
    let items = readable(items);
    let groups = groups
        .into_iter()
        .map(|(group, many)| (group.unwrap_or_else(|| "-".into()), u64::try_from(many).unwrap_or_default()))
        .collect();
    Ok(Failures { page: Page { items, next }, groups })
}

fn limit(filter: &PostFilter) -> usize {
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
