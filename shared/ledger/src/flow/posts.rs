//! Lists of posts, newest first, a page at a time: by an index, whatever they are narrowed to.
//!
//! Posts with a target somewhere and somehow are read channel by channel and state by state, each from its place in an index, and merged.

use domain::{AccountId, ChannelName, State, TenantId};
use uuid::Uuid;

use super::{
    Connection,
    lists::{bad_token, limit, more_than, page},
    rows::{PostRow, readable},
    search, store,
};
use crate::{LedgerError, Page, PostFilter, PostSummary};

/// What a list shows of a post.
macro_rules! line {
    () => {
        "SELECT p.id, p.tenant, p.key, p.revision, p.content, p.accepted_at, \
         (SELECT string_agg(CAST(t.state AS TEXT) || CASE WHEN t.listed_at IS NULL THEN '' ELSE '!' END, ',') \
          FROM targets t WHERE t.post = p.id) AS states FROM posts p WHERE "
    };
}
pub(super) use line;

/// Older than `$1`, at most `$2`.
const ALL: &str = concat!(line!(), "p.id < $1 ORDER BY p.id DESC LIMIT $2");
/// Those of the tenant `$3`.
const OF_TENANT: &str = concat!(
    line!(),
    "p.tenant = $3 AND ",
    store::era!("p.id"),
    " <= ",
    store::era!("$1"),
    " AND p.id < $1 ORDER BY ",
    store::era!("p.id"),
    " DESC, p.id DESC LIMIT $2"
);

/// Posts older than `$1` with a target of account `$3`, at most `$2`: each as often as it has such targets.
macro_rules! with_target {
    ($place:literal) => {
        concat!(
            "SELECT t.post FROM targets t WHERE t.state NOT IN (1, 2) AND ",
            $place,
            " AND ",
            store::era!("t.post"),
            " <= ",
            store::era!("$1"),
            " AND t.post < $1 AND ($3 IS NULL OR t.account = $3) ORDER BY ",
            store::era!("t.post"),
            " DESC, t.post DESC LIMIT $2"
        )
    };
}

const AT_PLACE: &str = with_target!("t.channel = $4 AND t.state = $5");
const OF_TENANT_AT_PLACE: &str = with_target!("t.channel = $4 AND t.state = $5 AND t.tenant = $6");

/// The same of what is on its way, which is never much.
macro_rules! moving {
    ($state:literal) => {
        concat!(
            "SELECT t.post FROM targets t WHERE ",
            $state,
            " AND t.post < $1 AND ($3 IS NULL OR t.account = $3) AND ($4 IS NULL OR t.channel = $4) \
             AND ($5 IS NULL OR t.tenant = $5) ORDER BY t.post DESC LIMIT $2"
        )
    };
}

const QUEUED: &str = moving!("t.state = 1");
const PUBLISHING: &str = moving!("t.state NOT IN (0, 4) AND t.wake_at IS NOT NULL AND t.state = 2");

/// From one channel to the next along an index.
macro_rules! channels {
    ($tenant:literal) => {
        concat!(
            "WITH RECURSIVE kind (channel) AS ( \
                 SELECT min(channel) FROM targets WHERE state NOT IN (1, 2)",
            $tenant,
            " UNION ALL SELECT (SELECT min(channel) FROM targets WHERE state NOT IN (1, 2) AND channel > kind.channel",
            $tenant,
            ") FROM kind WHERE kind.channel IS NOT NULL) SELECT channel FROM kind WHERE channel IS NOT NULL"
        )
    };
}

const CHANNELS: &str = channels!("");
const CHANNELS_OF_TENANT: &str = channels!(" AND tenant = $1");

pub(super) async fn posts(conn: &mut Connection, filter: &PostFilter) -> Result<Page<PostSummary>, LedgerError> {
    let after = match &filter.after {
        None => Uuid::max(),
        Some(token) => token.parse().map_err(|_| bad_token(token))?,
    };
    if !filter.words.is_empty() {
        return search::posts(conn, filter, after).await;
    }
    let limit = limit(filter);
    if filter.channel.is_none() && filter.state.is_none() && filter.account.is_none() {
        let query = sqlx::query_as(if filter.tenant.is_some() { OF_TENANT } else { ALL });
        let query = query.persistent(false).bind(after).bind(more_than(limit));
        let query = match &filter.tenant {
            Some(tenant) => query.bind(tenant.as_str()),
            None => query,
        };
        let rows: Vec<PostRow> = query.fetch_all(conn).await.map_err(LedgerError::of("list posts"))?;
        let (rows, next) = page(rows, limit, |row| row.id.to_string());
        return Ok(Page { items: readable(rows.into_iter().map(PostRow::summary)), next });
    }
    let (ids, next) = page(with_targets(conn, filter, after, limit).await?, limit, Uuid::to_string);
    Ok(Page { items: summaries(conn, &ids).await?, next })
}

/// The newest posts before `after` with a target that fits: more than `limit` of them if there are.
async fn with_targets(
    conn: &mut Connection,
    filter: &PostFilter,
    mut after: Uuid,
    limit: usize,
) -> Result<Vec<Uuid>, LedgerError> {
    let channels = match &filter.channel {
        Some(channel) => vec![channel.to_string()],
        None => channels(conn, filter.tenant.as_ref()).await?,
    };
    let states = filter.state.map_or_else(|| State::ALL.to_vec(), |state| vec![state]);
    let most = limit + 1;
    let mut posts: Vec<Uuid> = Vec::new();
    loop {
        let mut found = Vec::new();
        // Older ones than this may be missing, where there was more than one look takes.
        let mut sure = Uuid::nil();
        let mut add = |rows: Vec<Uuid>| {
            if rows.len() >= most {
                sure = rows.last().map_or(sure, |last| sure.max(*last));
            }
            found.extend(rows);
        };
        for state in &states {
            if matches!(state, State::Queued | State::Publishing) {
                add(moving(conn, filter, *state, after, most).await?);
                continue;
            }
            for channel in &channels {
                add(at_place(conn, filter, channel, *state, after, most).await?);
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found.retain(|post| *post >= sure);
        posts.extend(found);
        if posts.len() > limit || sure.is_nil() {
            return Ok(posts);
        }
        after = sure;
    }
}

async fn channels(conn: &mut Connection, tenant: Option<&TenantId>) -> Result<Vec<String>, LedgerError> {
    let query = match tenant {
        Some(tenant) => sqlx::query_scalar(CHANNELS_OF_TENANT).bind(tenant.as_str()),
        None => sqlx::query_scalar(CHANNELS),
    };
    query.persistent(false).fetch_all(conn).await.map_err(LedgerError::of("list channels that have targets"))
}

async fn at_place(
    conn: &mut Connection,
    filter: &PostFilter,
    channel: &str,
    state: State,
    after: Uuid,
    most: usize,
) -> Result<Vec<Uuid>, LedgerError> {
    let query = sqlx::query_scalar(if filter.tenant.is_some() { OF_TENANT_AT_PLACE } else { AT_PLACE })
        .persistent(false)
        .bind(after)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .bind(filter.account.as_ref().map(AccountId::as_str))
        .bind(channel)
        .bind(state.number());
    let query = match &filter.tenant {
        Some(tenant) => query.bind(tenant.as_str()),
        None => query,
    };
    query.fetch_all(conn).await.map_err(LedgerError::of("list posts by their targets"))
}

async fn moving(
    conn: &mut Connection,
    filter: &PostFilter,
    state: State,
    after: Uuid,
    most: usize,
) -> Result<Vec<Uuid>, LedgerError> {
    sqlx::query_scalar(if state == State::Queued { QUEUED } else { PUBLISHING })
        .persistent(false)
        .bind(after)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .bind(filter.account.as_ref().map(AccountId::as_str))
        .bind(filter.channel.as_ref().map(ChannelName::as_str))
        .bind(filter.tenant.as_ref().map(TenantId::as_str))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("list posts that are on their way"))
}

/// These posts as a list shows them, newest first.
async fn summaries(conn: &mut Connection, ids: &[Uuid]) -> Result<Vec<PostSummary>, LedgerError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query =
        sqlx::QueryBuilder::<<Connection as sqlx::Connection>::Database>::new(concat!(line!(), "p.id IN ("));
    let mut each = query.separated(", ");
    for id in ids {
        each.push_bind(*id);
    }
    query.push(") ORDER BY p.id DESC");
    let rows: Vec<PostRow> = query
        .build_query_as()
        .persistent(false)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read the posts of a list"))?;
    Ok(readable(rows.into_iter().map(PostRow::summary)))
}
