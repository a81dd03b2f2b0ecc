//! The operators' list as a whole: three statements for its spread and three for each cause's ends, one for what was due lately, one for what waits.

use std::{cmp::Reverse, collections::BTreeMap};

use async_trait::async_trait;
use domain::{AccountId, AppId, ChannelName, PostId, Target, TenantId};
use futures::{FutureExt, try_join};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Connection, Database, postponed, rows::readable, store, upcoming::next};
use crate::{
    CauseSpread, Causes, LastOut, Lately, LedgerError, Meanwhile, Outlet, Postponed, Spread, Stake, Strike, Within,
    record::{Record, columns, instant, millis, not_before},
    world::{World, after},
};

/// Of the tenant `$1`, the channel `$2`, the account `$3`.
macro_rules! within {
    () => {
        " AND ($1 IS NULL OR tenant = $1) AND ($2 IS NULL OR channel = $2) AND ($3 IS NULL OR account = $3)"
    };
}
pub(super) use within;

const PLACES: &str = concat!(
    "SELECT listed_group, tenant, channel, account, app, count(*) AS many, \
     sum(CASE WHEN state IN (3, 5) THEN 1 ELSE 0 END) AS doubts, min(listed_at) AS first, max(listed_at) AS last FROM targets WHERE listed_at IS NOT NULL",
    within!(),
    " GROUP BY listed_group, tenant, channel, account, app"
);
const POSTS: &str = concat!(
    "SELECT listed_group, count(*) FROM (SELECT listed_group, post FROM targets WHERE listed_at IS NOT NULL",
    within!(),
    " GROUP BY listed_group, post) p GROUP BY listed_group"
);
/// Of the group `$4`.
const TOP_POSTS: &str = concat!(
    "SELECT post, count(*) AS many FROM targets WHERE listed_at IS NOT NULL AND listed_group = $4",
    within!(),
    " GROUP BY post ORDER BY many DESC, post LIMIT $5"
);
const ALL_POSTS: &str = concat!(
    "SELECT count(*) FROM (SELECT post FROM targets WHERE listed_at IS NOT NULL",
    within!(),
    " GROUP BY post) p"
);
const MEANWHILE: &str = concat!(
    "SELECT tenant, channel, account, app, count(*) AS many, sum(CASE WHEN state = 6 THEN 1 ELSE 0 END) AS published, \
     min(due_at) AS first, due_at / 1000 AS second FROM (SELECT tenant, channel, account, app, state, due_at FROM targets \
     WHERE wake_at IS NULL AND due_at >= $4 AND due_at <= $5",
    within!(),
    " ORDER BY due_at DESC LIMIT $6) d GROUP BY tenant, channel, account, app, due_at / 1000"
);
/// Of the newest `$1`. Each target is looked up by its id: as a join it may be planned to read all targets.
const OUT_LAST: &str = "SELECT place, max(ended_at) FROM ( \
     SELECT ended_at, (SELECT t.tenant || '/' || t.channel FROM targets t WHERE t.id = a.target) AS place FROM attempts a \
     WHERE outcome = 'published' ORDER BY ended_at DESC LIMIT $1) n WHERE place IS NOT NULL GROUP BY place";
/// One of the group `$1` at one place: listed at `$5`, which its count has told.
const LISTED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM targets t WHERE t.listed_group = $1 AND t.tenant = $2 AND t.channel = $3 AND t.account = $4 AND t.listed_at = $5 LIMIT 1"
);
/// The tries of the target `$1` after the number `$2`.
const BEGAN: &str = "SELECT min(began_at) FROM attempts WHERE target = $1 AND number > $2";
const AT_STAKE: &str = concat!(
    "SELECT tenant, channel, account, app, sum(1 - held) AS many, sum(held) AS held, \
     min(CASE WHEN held = 0 THEN next END) AS first FROM ( \
     SELECT tenant, channel, account, app, 0 AS held, ",
    next!(),
    " FROM targets WHERE state IN (0, 4) AND wake_at <= $4",
    within!(),
    " UNION ALL SELECT tenant, channel, account, app, 0 AS held, ",
    next!(),
    " FROM targets WHERE state = 1",
    within!(),
    " UNION ALL SELECT tenant, channel, account, app, 1 AS held, ",
    next!(),
    " FROM targets WHERE state = 8",
    within!(),
    ") w WHERE held = 1 OR next < $5 GROUP BY tenant, channel, account, app"
);

#[async_trait]
impl Causes for Database {
    async fn spread(&self, within: &Within) -> Result<Spread, LedgerError> {
        let (first, second, third) = (within.clone(), within.clone(), within.clone());
        let (places, posts, all) = try_join!(
            self.read(move |conn, _| async move { places(conn, &first).await }.boxed()),
            self.read(move |conn, _| async move { posts(conn, &second).await }.boxed()),
            self.read(move |conn, _| async move { all_posts(conn, &third).await }.boxed()),
        )?;
        let causes = self.read(move |conn, _| ends(conn, together(places, posts)).boxed()).await?;
        Ok(Spread { causes, posts: number(all) })
    }

    async fn meanwhile(&self, within: &Within, since: Timestamp, most: u32) -> Result<Meanwhile, LedgerError> {
        let within = within.clone();
        self.read(move |conn, world| async move { meanwhile(conn, world, &within, since, most).await }.boxed()).await
    }

    async fn out_last(&self, tenant: Option<&TenantId>) -> Result<Vec<LastOut>, LedgerError> {
        let mut found = self.read(move |conn, _| async move { out_last(conn).await }.boxed()).await?;
        found.retain(|out| tenant.is_none_or(|own| *own == out.tenant));
        Ok(found)
    }

    async fn postponed(&self, within: &Within, overdue_before: Timestamp) -> Result<Postponed, LedgerError> {
        let within = within.clone();
        self.read(move |conn, _| async move { postponed::postponed(conn, &within, overdue_before).await }.boxed()).await
    }

    async fn at_stake(&self, within: &Within, until: Timestamp) -> Result<Vec<Stake>, LedgerError> {
        let within = within.clone();
        self.read(move |conn, world| async move { at_stake(conn, world, &within, until).await }.boxed()).await
    }
}

/// What the statements begin with.
macro_rules! asked {
    ($statement:expr, $within:expr) => {
        sqlx::query_as($statement)
            .persistent(false)
            .bind($within.tenant.as_ref().map(domain::TenantId::as_str))
            .bind($within.channel.as_ref().map(domain::ChannelName::as_str))
            .bind($within.account.as_ref().map(domain::AccountId::as_str))
    };
}
pub(super) use asked;

#[derive(sqlx::FromRow)]
struct PlaceRow {
    tenant: String,
    channel: String,
    account: String,
    app: Option<String>,
    many: i64,
}

impl PlaceRow {
    fn place(&self) -> Result<Outlet, LedgerError> {
        let id = format!("the targets of {}/{}/{}", self.tenant, self.channel, self.account);
        let corrupt = |what: &str, why: domain::InvalidName| LedgerError::corrupt(&id, what, why);
        Ok(Outlet {
            tenant: TenantId::new(&self.tenant).map_err(|why| corrupt("the tenant", why))?,
            channel: ChannelName::new(&self.channel).map_err(|why| corrupt("the channel", why))?,
            account: AccountId::new(&self.account).map_err(|why| corrupt("the account", why))?,
            app: self.app.as_ref().map(AppId::new).transpose().map_err(|why| corrupt("the app", why))?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    listed_group: Option<String>,
    #[sqlx(flatten)]
    place: PlaceRow,
    doubts: i64,
    first: i64,
    last: i64,
}

async fn places(conn: &mut Connection, within: &Within) -> Result<Vec<ListedRow>, LedgerError> {
    asked!(PLACES, within).fetch_all(conn).await.map_err(LedgerError::of("count what needs a person"))
}

/// The posts of a group: how many there are, and those with the most targets.
struct Posts {
    group: String,
    many: i64,
    top: Vec<(Uuid, i64)>,
}

async fn posts(conn: &mut Connection, within: &Within) -> Result<Vec<Posts>, LedgerError> {
    let failed = "count posts that need a person";
    let groups: Vec<(Option<String>, i64)> =
        asked!(POSTS, within).fetch_all(&mut *conn).await.map_err(LedgerError::of(failed))?;
    let mut posts = Vec::with_capacity(groups.len());
    for (group, many) in groups {
        let Some(group) = group else { continue };
        let top = asked!(TOP_POSTS, within)
            .bind(&group)
            .bind(i64::try_from(CauseSpread::MOST_POSTS).unwrap_or(i64::MAX))
            .fetch_all(&mut *conn)
            .await
            .map_err(LedgerError::of(failed))?;
        posts.push(Posts { group, many, top });
    }
    Ok(posts)
}

async fn all_posts(conn: &mut Connection, within: &Within) -> Result<i64, LedgerError> {
    let found: Result<(i64,), _> = asked!(ALL_POSTS, within).fetch_one(conn).await;
    found.map(|(many,)| many).map_err(LedgerError::of("count posts that need a person"))
}

/// A cause, and where the targets are that were listed first and last.
struct Found {
    cause: CauseSpread,
    first: Outlet,
    last: Outlet,
}

fn together(places: Vec<ListedRow>, posts: Vec<Posts>) -> Vec<Found> {
    let mut causes: BTreeMap<String, Found> = BTreeMap::new();
    let read = places.into_iter().map(|row| Ok((row.place.place()?, row)));
    for (place, row) in readable(read) {
        let group = row.listed_group.unwrap_or_else(|| "-".into());
        let (many, first, last) = (number(row.place.many), instant(row.first), instant(row.last));
        let found = causes.entry(group.clone()).or_insert_with(|| {
            let (places, top_posts, began) = (Vec::new(), Vec::new(), first);
            let (targets, doubts, posts, newest) = (0, 0, 0, None);
            let cause = CauseSpread { group, targets, doubts, first, last, began, places, posts, top_posts, newest };
            Found { cause, first: place.clone(), last: place.clone() }
        });
        let cause = &mut found.cause;
        cause.targets += many;
        cause.doubts += number(row.doubts);
        if first < cause.first {
            (cause.first, found.first) = (first, place.clone());
        }
        if cause.last < last {
            (cause.last, found.last) = (last, place.clone());
        }
        cause.places.push(Strike { place, targets: many, last });
    }
    for Posts { group, many, top } in posts {
        // The two were read at two instants: a group that is new since is left for the next look.
        if let Some(Found { cause, .. }) = causes.get_mut(&group) {
            cause.posts = number(many);
            cause.top_posts = top.into_iter().map(|(post, many)| (PostId(post), number(many))).collect();
        }
    }
    let mut causes: Vec<_> = causes.into_values().collect();
    for Found { cause, .. } in &mut causes {
        cause.places.sort_unstable_by(|a, b| (Reverse(a.targets), &a.place).cmp(&(Reverse(b.targets), &b.place)));
    }
    // In the order of their keys; a stable sort keeps it among those with as many.
    causes.sort_by_key(|found| Reverse(found.cause.targets));
    causes
}

/// Each cause with its newest target, and with when it began. One whose row cannot be read goes without.
async fn ends(conn: &mut Connection, found: Vec<Found>) -> Result<Vec<CauseSpread>, LedgerError> {
    let mut causes = Vec::with_capacity(found.len());
    for Found { cause, first, last } in found {
        let newest = listed(conn, &cause.group, &last, cause.last).await?;
        let oldest = listed(conn, &cause.group, &first, cause.first).await?;
        let began = match &oldest {
            Some(target) => began(conn, target).await?.map_or(cause.first, |began| began.min(cause.first)),
            None => cause.first,
        };
        causes.push(CauseSpread { newest, began, ..cause });
    }
    Ok(causes)
}

async fn listed(
    conn: &mut Connection,
    group: &str,
    place: &Outlet,
    at: Timestamp,
) -> Result<Option<Target>, LedgerError> {
    let row: Option<Record> = sqlx::query_as(LISTED)
        .bind(group)
        .bind(place.tenant.as_str())
        .bind(place.channel.as_str())
        .bind(place.account.as_str())
        .bind(millis(at))
        .fetch_optional(conn)
        .await
        .map_err(LedgerError::of("read what needs a person"))?;
    Ok(readable(row.map(|row| row.target())).pop())
}

async fn began(conn: &mut Connection, target: &Target) -> Result<Option<Timestamp>, LedgerError> {
    if let Some(armed) = &target.armed {
        return Ok(Some(armed.first_at));
    }
    let before = target.attempt.saturating_sub(u32::from(target.tries));
    let began: Option<i64> = sqlx::query_scalar(BEGAN)
        .bind(target.id.0)
        .bind(i64::from(before))
        .fetch_one(conn)
        .await
        .map_err(LedgerError::of("find when it began to fail"))?;
    Ok(began.map(instant))
}

#[derive(sqlx::FromRow)]
struct LatelyRow {
    #[sqlx(flatten)]
    place: PlaceRow,
    published: i64,
    first: i64,
    second: i64,
}

async fn meanwhile(
    conn: &mut Connection,
    world: &World,
    within: &Within,
    since: Timestamp,
    most: u32,
) -> Result<Meanwhile, LedgerError> {
    let now = store::now(conn, world.now()).await?;
    let rows: Vec<LatelyRow> = asked!(MEANWHILE, within)
        .bind(millis(since))
        .bind(millis(now))
        .bind(i64::from(most))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("look at what was due lately"))?;
    let is_all = rows.iter().map(|row| row.place.many).sum::<i64>() < i64::from(most);
    let oldest = rows.iter().map(|row| row.first).min();
    let since = oldest.filter(|_| !is_all).map_or(since, instant);
    let lately = |row: LatelyRow| {
        let (settled, published) = (number(row.place.many), number(row.published));
        Ok(Lately { place: row.place.place()?, second: instant(row.second.saturating_mul(1_000)), settled, published })
    };
    let mut lately = readable(rows.into_iter().map(lately));
    lately.sort_unstable_by(|a, b| (&a.place, a.second).cmp(&(&b.place, b.second)));
    Ok(Meanwhile { since, lately })
}

async fn out_last(conn: &mut Connection) -> Result<Vec<LastOut>, LedgerError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(OUT_LAST)
        .bind(LastOut::MOST)
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("look for what went out last"))?;
    let read = |(place, at): (String, i64)| {
        let corrupt = |what: &str, why: domain::InvalidName| LedgerError::corrupt("what went out last", what, why);
        let (tenant, channel) = place.split_once('/').unwrap_or((&place, ""));
        Ok(LastOut {
            tenant: TenantId::new(tenant).map_err(|why| corrupt("the tenant", why))?,
            channel: ChannelName::new(channel).map_err(|why| corrupt("the channel", why))?,
            at: instant(at),
        })
    };
    let mut found = readable(rows.into_iter().map(read));
    found.sort_unstable_by(|a, b| (&a.tenant, &a.channel).cmp(&(&b.tenant, &b.channel)));
    Ok(found)
}

#[derive(sqlx::FromRow)]
struct StakeRow {
    #[sqlx(flatten)]
    place: PlaceRow,
    first: Option<i64>,
    held: i64,
}

async fn at_stake(
    conn: &mut Connection,
    world: &World,
    within: &Within,
    until: Timestamp,
) -> Result<Vec<Stake>, LedgerError> {
    let now = store::now(conn, world.now()).await?;
    // What was to go out already may be waking later than that, while its message is carried or emitted again.
    let wakes = not_before(after(until.max(now), world.policy.longest_patience()));
    let rows: Vec<StakeRow> = asked!(AT_STAKE, within)
        .bind(wakes)
        .bind(not_before(until))
        .fetch_all(conn)
        .await
        .map_err(LedgerError::of("count what is to be sent"))?;
    let stake = |row: StakeRow| {
        let (targets, held) = (number(row.place.many), number(row.held));
        Ok(Stake { place: row.place.place()?, targets, first: row.first.map(instant), held })
    };
    let mut stakes = readable(rows.into_iter().map(stake));
    stakes.sort_unstable_by(|a, b| a.place.cmp(&b.place));
    Ok(stakes)
}

fn number(counted: i64) -> u64 {
    u64::try_from(counted).unwrap_or_default()
}
