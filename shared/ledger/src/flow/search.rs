//! Posts that say something: read newest first, so many for each page. Nothing is kept for it, and accepting a post costs nothing more.

use std::collections::HashMap;

use domain::{AccountId, ChannelName, Content, Override, State};
use uuid::Uuid;

use super::{
    Connection,
    lists::limit,
    posts::line,
    rows::{PostRow, readable},
    store,
};
use crate::{
    LedgerError, Page, PostFilter, PostSummary,
    record::{json, read_json},
    words,
};

type Builder = sqlx::QueryBuilder<<Connection as sqlx::Connection>::Database>;

/// How many posts are read for a page.
const READ: i64 = 20_000;

/// The post that is `$2` posts older than `$1`.
const FLOOR: &str = "SELECT p.id FROM posts p WHERE p.id < $1 ORDER BY p.id DESC LIMIT 1 OFFSET $2";
/// The same, among those of the tenant `$3`.
const FLOOR_OF_TENANT: &str = concat!(
    "SELECT p.id FROM posts p WHERE p.tenant = $3 AND ",
    store::era!("p.id"),
    " <= ",
    store::era!("$1"),
    " AND p.id < $1 ORDER BY ",
    store::era!("p.id"),
    " DESC, p.id DESC LIMIT 1 OFFSET $2"
);

/// The page after `after`. It may hold little, or nothing, and say where to go on all the same.
pub(super) async fn posts(
    conn: &mut Connection,
    filter: &PostFilter,
    after: Uuid,
) -> Result<Page<PostSummary>, LedgerError> {
    let limit = limit(filter);
    let floor = floor(conn, filter, after).await?;
    let mut query = statement(filter, after, floor.unwrap_or(Uuid::nil()), limit);
    let rows: Vec<PostRow> = query
        .build_query_as()
        .persistent(false)
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of("search for posts"))?;
    let next = match rows.last() {
        Some(last) if rows.len() >= limit => Some(last.id),
        _ => floor,
    };
    let own = changed(conn, &rows).await?;
    let says = |row: &PostRow| {
        let content = || read_json::<Content>(row.id, "the content", &row.content);
        let own = || own.get(&row.id).into_iter().flatten();
        Ok(words::all_in_content(&filter.words, &content()?)
            || own().any(|changes| words::all_in_changes(&filter.words, changes)))
    };
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        match says(&row) {
            Ok(true) => items.push(row.summary()),
            Ok(false) => {}
            Err(error) => items.push(Err(error)),
        }
    }
    Ok(Page { items: readable(items), next: next.map(|id| id.to_string()) })
}

async fn floor(conn: &mut Connection, filter: &PostFilter, after: Uuid) -> Result<Option<Uuid>, LedgerError> {
    let query = sqlx::query_scalar(if filter.tenant.is_some() { FLOOR_OF_TENANT } else { FLOOR });
    let query = query.persistent(false).bind(after).bind(READ - 1);
    let query = match &filter.tenant {
        Some(tenant) => query.bind(tenant.as_str()),
        None => query,
    };
    query.fetch_optional(conn).await.map_err(LedgerError::of("look how far to search"))
}

/// Posts from `floor` up to `after` that may say it: what they say is stored as JSON, and the case of letters beyond ASCII is not known to
/// every database.
fn statement(filter: &PostFilter, after: Uuid, floor: Uuid, limit: usize) -> Builder {
    let mut query = Builder::new(concat!(line!(), "p.id < "));
    query.push_bind(after).push(" AND p.id >= ").push_bind(floor);
    if let Some(tenant) = &filter.tenant {
        query.push(" AND p.tenant = ").push_bind(tenant.to_string());
        query.push(concat!(" AND ", store::era!("p.id"), " <= ")).push_bind(era(after));
        query.push(concat!(" AND ", store::era!("p.id"), " >= ")).push_bind(era(floor));
    }
    query.push(" AND (");
    all(&mut query, "lower(p.content)", &filter.words);
    query.push(" OR p.id IN (SELECT t.post FROM targets t WHERE t.changes IS NOT NULL AND t.post < ").push_bind(after);
    query.push(" AND t.post >= ").push_bind(floor).push(" AND ");
    all(&mut query, "lower(t.changes)", &filter.words);
    query.push("))");
    if filter.channel.is_some() || filter.state.is_some() || filter.account.is_some() {
        query.push(" AND EXISTS (SELECT 1 FROM targets t WHERE t.post = p.id");
        if let Some(channel) = filter.channel.as_ref().map(ChannelName::to_string) {
            query.push(" AND t.channel = ").push_bind(channel);
        }
        if let Some(state) = filter.state.map(State::number) {
            query.push(" AND t.state = ").push_bind(state);
        }
        if let Some(account) = filter.account.as_ref().map(AccountId::to_string) {
            query.push(" AND t.account = ").push_bind(account);
        }
        query.push(")");
    }
    query.push(" ORDER BY ");
    if filter.tenant.is_some() {
        query.push(concat!(store::era!("p.id"), " DESC, "));
    }
    query.push("p.id DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    query
}

/// The start of an id, as `store::era` has it.
fn era(id: Uuid) -> Vec<u8> {
    id.as_bytes()[..3].to_vec()
}

/// `place` may hold all of the words.
fn all(query: &mut Builder, place: &str, words: &[String]) {
    for (n, word) in words.iter().enumerate() {
        query.push(if n == 0 { "(" } else { " AND (" });
        for (n, form) in words::forms(word).iter().enumerate() {
            query.push(if n == 0 { "" } else { " OR " }).push(place).push(" LIKE ").push_bind(pattern(form));
            query.push(" ESCAPE '!'");
        }
        query.push(")");
    }
}

fn pattern(form: &str) -> String {
    // As it stands in JSON, without the quotes around it.
    let stored = json(&form);
    let stored = stored.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
    format!("%{}%", stored.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

/// What targets of these posts say instead.
async fn changed(conn: &mut Connection, rows: &[PostRow]) -> Result<HashMap<Uuid, Vec<Override>>, LedgerError> {
    let mut changed: HashMap<Uuid, Vec<Override>> = HashMap::new();
    if rows.is_empty() {
        return Ok(changed);
    }
    let mut query = Builder::new("SELECT t.post, t.changes FROM targets t WHERE t.changes IS NOT NULL AND t.post IN (");
    let mut each = query.separated(", ");
    for row in rows {
        each.push_bind(row.id);
    }
    query.push(")");
    let found: Vec<(Uuid, String)> = query
        .build_query_as()
        .persistent(false)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("read what targets say instead"))?;
    let read = |(post, text): (Uuid, String)| Ok((post, read_json(post, "the changes of a target", &text)?));
    for (post, changes) in readable(found.into_iter().map(read)) {
        changed.entry(post).or_default().push(changes);
    }
    Ok(changed)
}
