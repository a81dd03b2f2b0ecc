//! What is still to be sent: looked at ahead of its time, changed by nobody.
//!
//! Targets that wait are found by the partial indexes that hold nothing else: what has been sent, however much it is, is not
//! looked at. The next time of a target is in no index, and needs none: what wakes is near what it wakes for.

use domain::{AccountId, AppId, ChannelName, PostId, TargetId, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Connection, apply::draft, rows::readable, store};
use crate::{
    LedgerError, NextDue, Upcoming, UpcomingTarget,
    record::{instant, last_failure, millis, not_before, state},
    world::{World, after},
};

/// When a target is to be sent: when it is due, or when its next step may be taken if that is later.
macro_rules! next {
    () => {
        "CASE WHEN next_at > due_at THEN next_at ELSE due_at END AS next"
    };
}
pub(super) use next;

/// Those that wait for their time and wake early enough, and those that are queued or held, each by an index of its own.
macro_rules! waiting {
    ($filter:literal) => {
        concat!(
            waiting!(@each " WHERE state IN (0, 4) AND wake_at <= $1", $filter),
            " UNION ALL ",
            waiting!(@each " WHERE state = 1", $filter),
            " UNION ALL ",
            waiting!(@each " WHERE state = 8", $filter)
        )
    };
    (@each $state:literal, $filter:literal) => {
        concat!(
            "SELECT id, post, tenant, channel, account, app, due_at, deadline, state, changes, progress, ",
            next!(),
            " FROM targets",
            $state,
            $filter
        )
    };
}

/// A page of them with what they say, and how many there are.
macro_rules! asks {
    ($filter:literal) => {
        (
            concat!(
                "SELECT u.*, p.content FROM (SELECT * FROM (",
                waiting!($filter),
                ") w WHERE next < $2 AND (next, id) > ($3, $4) ORDER BY next, id LIMIT $5) u \
                 JOIN posts p ON p.id = u.post ORDER BY u.next, u.id"
            ),
            concat!(
                "SELECT count(*) FROM (SELECT 1 FROM (",
                waiting!($filter),
                ") w WHERE next < $2 AND (next, id) > ($3, $4) LIMIT $5) u"
            ),
        )
    };
}

const OF_ALL: (&str, &str) = asks!(" AND ($6 IS NULL OR channel = $6)");
const OF_TENANT: (&str, &str) = asks!(" AND ($6 IS NULL OR channel = $6) AND tenant = $7");
const OF_ACCOUNT: (&str, &str) = asks!(" AND channel = $6 AND tenant = $7 AND account = $8");

const NEXT_DUE: &str = concat!(
    "SELECT tenant, channel, account, min(next) AS first, max(CASE WHEN next <= $1 THEN next END) AS last FROM (\
         SELECT tenant, channel, account, ",
    next!(),
    " FROM targets WHERE state IN (0, 4) \
         UNION ALL SELECT tenant, channel, account, ",
    next!(),
    " FROM targets WHERE state = 1 \
         UNION ALL SELECT tenant, channel, account, ",
    next!(),
    " FROM targets WHERE state = 8) w GROUP BY tenant, channel, account"
);

#[derive(sqlx::FromRow)]
struct UpcomingRow {
    next: i64,
    id: Uuid,
    post: Uuid,
    tenant: String,
    channel: String,
    account: String,
    app: Option<String>,
    due_at: i64,
    deadline: Option<i64>,
    state: i16,
    changes: Option<String>,
    progress: Option<String>,
    content: String,
}

impl UpcomingRow {
    fn read(self) -> Result<UpcomingTarget, LedgerError> {
        let id = TargetId(self.id);
        Ok(UpcomingTarget {
            target: id,
            post: PostId(self.post),
            tenant: TenantId::new(self.tenant).map_err(|why| LedgerError::corrupt(id, "the tenant", why))?,
            channel: ChannelName::new(self.channel).map_err(|why| LedgerError::corrupt(id, "the channel", why))?,
            account: AccountId::new(self.account).map_err(|why| LedgerError::corrupt(id, "the account", why))?,
            app: self.app.map(AppId::new).transpose().map_err(|why| LedgerError::corrupt(id, "the app", why))?,
            due_at: instant(self.due_at),
            next: instant(self.next),
            deadline: self.deadline.map(instant),
            state: state(id, self.state)?,
            last_failure: last_failure(id, self.progress.as_deref())?,
            draft: draft(id, &self.content, self.changes.as_deref())?,
        })
    }
}

/// A statement with its parameters: those that it names.
macro_rules! bind {
    ($query:expr, $ask:expr, $bounds:expr) => {{
        let query = $query
            .persistent(false)
            .bind($bounds.wakes)
            .bind(not_before($ask.until))
            .bind($bounds.place.0)
            .bind($bounds.place.1)
            .bind(i64::try_from($ask.limit()).unwrap_or(i64::MAX));
        match (&$ask.account, &$ask.tenant) {
            (Some((tenant, channel, account)), _) => {
                query.bind(channel.as_str()).bind(tenant.as_str()).bind(account.as_str())
            }
            (None, Some(tenant)) => query.bind($ask.channel.as_ref().map(ChannelName::as_str)).bind(tenant.as_str()),
            (None, None) => query.bind($ask.channel.as_ref().map(ChannelName::as_str)),
        }
    }};
}

/// A page. It is empty only if nothing more follows: rows that cannot be read are passed over.
pub(super) async fn upcoming(
    conn: &mut Connection,
    world: &World,
    ask: &Upcoming,
) -> Result<Vec<UpcomingTarget>, LedgerError> {
    if ask.is_nobodys() {
        return Ok(Vec::new());
    }
    let mut bounds = Bounds::of(conn, world, ask).await?;
    loop {
        let rows: Vec<UpcomingRow> = bind!(sqlx::query_as(statements(ask).0), ask, bounds)
            .fetch_all(&mut *conn)
            .await
            .map_err(LedgerError::of("look at what is to be sent"))?;
        let last = rows.last().filter(|_| rows.len() >= ask.limit()).map(|row| (row.next, row.id));
        let read = readable(rows.into_iter().map(UpcomingRow::read));
        match last {
            Some(last) if read.is_empty() => bounds.place = last,
            _ => return Ok(read),
        }
    }
}

pub(super) async fn count(conn: &mut Connection, world: &World, ask: &Upcoming) -> Result<u64, LedgerError> {
    if ask.is_nobodys() {
        return Ok(0);
    }
    let bounds = Bounds::of(conn, world, ask).await?;
    let many: i64 = bind!(sqlx::query_scalar(statements(ask).1), ask, bounds)
        .fetch_one(conn)
        .await
        .map_err(LedgerError::of("count what is to be sent"))?;
    Ok(u64::try_from(many).unwrap_or_default())
}

/// Where to look.
struct Bounds {
    /// Nothing that wakes later.
    wakes: i64,
    /// Only what follows this.
    place: (i64, Uuid),
}

impl Bounds {
    async fn of(conn: &mut Connection, world: &World, ask: &Upcoming) -> Result<Self, LedgerError> {
        let now = store::now(conn, world.now()).await?;
        // What was to go out already may be waking later than that, while its message is carried or emitted again.
        let wakes = not_before(after(ask.until.max(now), world.policy.longest_patience()));
        let place = ask.after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (millis(at), id.0));
        Ok(Self { wakes, place })
    }
}

/// The page and the count.
fn statements(ask: &Upcoming) -> (&'static str, &'static str) {
    match (&ask.account, &ask.tenant) {
        (Some(_), _) => OF_ACCOUNT,
        (None, Some(_)) => OF_TENANT,
        (None, None) => OF_ALL,
    }
}

#[derive(sqlx::FromRow)]
struct NextDueRow {
    tenant: String,
    channel: String,
    account: String,
    first: i64,
    last: Option<i64>,
}

impl NextDueRow {
    fn read(self) -> Result<NextDue, LedgerError> {
        let id = format!("the targets of {}/{}/{}", self.tenant, self.channel, self.account);
        Ok(NextDue {
            tenant: TenantId::new(self.tenant).map_err(|why| LedgerError::corrupt(&id, "the tenant", why))?,
            channel: ChannelName::new(self.channel).map_err(|why| LedgerError::corrupt(&id, "the channel", why))?,
            account: AccountId::new(self.account).map_err(|why| LedgerError::corrupt(&id, "the account", why))?,
            first: instant(self.first),
            last_within_a_day: self.last.map(instant),
        })
    }
}

pub(super) async fn next_due(conn: &mut Connection, world: &World) -> Result<Vec<NextDue>, LedgerError> {
    let now: Timestamp = store::now(conn, world.now()).await?;
    let rows: Vec<NextDueRow> = sqlx::query_as(NEXT_DUE)
        .persistent(false)
        .bind(millis(after(now, NextDue::DAY)))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("look for what each account is to send"))?;
    let mut found = readable(rows.into_iter().map(NextDueRow::read));
    found.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
    Ok(found)
}
