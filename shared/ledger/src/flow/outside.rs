//! What is out, by account: read, changed by nobody.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::TargetId;
use futures::FutureExt;
use uuid::Uuid;

use super::{Connection, Database, apply::draft, rows::readable, store};
use crate::{
    LedgerError, OutTarget, Outside, Place, PublishedAsk,
    record::{Record, columns, mark_at, millis, not_before},
};

macro_rules! out {
    ($filter:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", t.changes, p.content FROM targets t JOIN posts p ON p.id = t.post WHERE ",
            $filter
        )
    };
}

const PUBLISHED: &str = out!(
    "t.state = 6 AND t.channel = $1 AND t.tenant = $2 AND t.account = $3 AND t.due_at >= $4 AND t.due_at < $5 \
     AND (t.due_at, t.id) > ($6, $7) ORDER BY t.due_at, t.id LIMIT $8"
);
/// Each by an index that holds little else: of those on their way, and of those in doubt.
const MOVING: &str = out!(
    "t.state NOT IN (0, 4) AND t.wake_at IS NOT NULL AND t.state IN (2, 3) AND t.channel = $1 AND t.tenant = $2 \
     AND t.account = $3 LIMIT 500"
);
const DOUBTS: &str = out!("t.state = 5 AND t.channel = $1 AND t.tenant = $2 AND t.account = $3 LIMIT 500");

#[async_trait]
impl Outside for Database {
    async fn published(&self, ask: &PublishedAsk) -> Result<Vec<OutTarget>, LedgerError> {
        let ask = ask.clone();
        self.read(move |conn, _| async move { published(conn, &ask).await }.boxed()).await
    }

    async fn unsettled(&self, place: &Place) -> Result<Vec<OutTarget>, LedgerError> {
        let place = place.clone();
        self.read(move |conn, _| async move { unsettled(conn, &place).await }.boxed()).await
    }

    async fn owners(&self, place: &Place, ids: &[String]) -> Result<HashMap<String, TargetId>, LedgerError> {
        let (place, ids) = (place.clone(), ids.to_vec());
        self.read(move |conn, _| async move { owners(conn, &place, &ids).await }.boxed()).await
    }

    async fn holders(&self, places: &[Place], id: &str) -> Result<Vec<(Place, TargetId)>, LedgerError> {
        let mark = |place: &Place| mark_at(&place.tenant, &place.channel, &place.account, id);
        let marked: Vec<_> = places.iter().map(|place| (mark(place), place.clone())).collect();
        self.read(move |conn, _| async move { holders(conn, marked).await }.boxed()).await
    }
}

#[derive(sqlx::FromRow)]
struct OutRow {
    #[sqlx(flatten)]
    record: Record,
    changes: Option<String>,
    content: String,
}

impl OutRow {
    fn read(self) -> Result<OutTarget, LedgerError> {
        let draft = draft(TargetId(self.record.id), &self.content, self.changes.as_deref())?;
        let target = self.record.target()?;
        Ok(OutTarget {
            target: target.id,
            post: target.post,
            due_at: target.due_at,
            state: target.state,
            out: target.out,
            draft,
        })
    }
}

/// A page. It is empty only if nothing more follows: rows that cannot be read are passed over.
async fn published(conn: &mut Connection, ask: &PublishedAsk) -> Result<Vec<OutTarget>, LedgerError> {
    let limit = ask.limit();
    let mut place = ask.after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (millis(at), id.0));
    loop {
        let rows: Vec<OutRow> = sqlx::query_as(PUBLISHED)
            .persistent(false)
            .bind(ask.place.channel.as_str())
            .bind(ask.place.tenant.as_str())
            .bind(ask.place.account.as_str())
            .bind(not_before(ask.from))
            .bind(not_before(ask.until))
            .bind(place.0)
            .bind(place.1)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *conn)
            .await
            .map_err(LedgerError::of("read what is published"))?;
        let last = rows.last().filter(|_| rows.len() >= limit).map(|row| (row.record.due_at, row.record.id));
        let read = readable(rows.into_iter().map(OutRow::read));
        match last {
            Some(last) if read.is_empty() => place = last,
            _ => return Ok(read),
        }
    }
}

async fn unsettled(conn: &mut Connection, place: &Place) -> Result<Vec<OutTarget>, LedgerError> {
    let mut found = Vec::new();
    for statement in [MOVING, DOUBTS] {
        let rows: Vec<OutRow> = sqlx::query_as(statement)
            .persistent(false)
            .bind(place.channel.as_str())
            .bind(place.tenant.as_str())
            .bind(place.account.as_str())
            .fetch_all(&mut *conn)
            .await
            .map_err(LedgerError::of("read what is not settled"))?;
        found.extend(rows);
    }
    Ok(readable(found.into_iter().map(OutRow::read)))
}

async fn owners(
    conn: &mut Connection,
    place: &Place,
    ids: &[String],
) -> Result<HashMap<String, TargetId>, LedgerError> {
    let mark = |id: &String| mark_at(&place.tenant, &place.channel, &place.account, id);
    let marks: Vec<Uuid> = ids.iter().map(mark).collect();
    let owners: HashMap<Uuid, Uuid> = store::owners(conn, &marks).await?.into_iter().collect();
    let owned = ids.iter().zip(marks).filter_map(|(id, mark)| Some((id.clone(), TargetId(*owners.get(&mark)?))));
    Ok(owned.collect())
}

async fn holders(conn: &mut Connection, marked: Vec<(Uuid, Place)>) -> Result<Vec<(Place, TargetId)>, LedgerError> {
    let marks: Vec<Uuid> = marked.iter().map(|(mark, _)| *mark).collect();
    let owners: HashMap<Uuid, Uuid> = store::owners(conn, &marks).await?.into_iter().collect();
    let held = |(mark, place): (Uuid, Place)| Some((place, TargetId(*owners.get(&mark)?)));
    Ok(marked.into_iter().filter_map(held).collect())
}
