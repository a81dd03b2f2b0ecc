//! Assignments: one statement each, and three for those that end by themselves.

use std::time::Duration;

use async_trait::async_trait;
use domain::{AccountId, ChannelName, TargetId, TenantId};
use futures::FutureExt;
use uuid::Uuid;

use super::{Connection, Database, rows::readable, store};
use crate::{
    Assigned, Assignment, Assignments, Duty, LedgerError, Within,
    record::{instant, millis},
    world::{World, before},
};

macro_rules! columns {
    () => {
        "subject, tenant, channel, account, cause, target, holder, comment, who, at, idle_since"
    };
}

/// Whether anything of an assignment is on the operators' list.
macro_rules! is_listed {
    () => {
        "CASE WHEN target IS NOT NULL \
         THEN EXISTS (SELECT 1 FROM targets t WHERE t.id = assignments.target AND t.listed_at IS NOT NULL) \
         ELSE EXISTS (SELECT 1 FROM targets t WHERE t.listed_at IS NOT NULL AND t.listed_group = assignments.cause \
             AND (assignments.tenant = '' OR t.tenant = assignments.tenant) \
             AND (assignments.channel = '' OR t.channel = assignments.channel) \
             AND (assignments.account = '' OR t.account = assignments.account)) END"
    };
}

/// One statement, so that of two who take the same at once one is told of the other.
const ASSIGN: &str = concat!(
    "INSERT INTO assignments (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL) \
     ON CONFLICT (subject, tenant, channel, account) DO UPDATE SET holder = excluded.holder, \
     comment = COALESCE(excluded.comment, assignments.comment), who = excluded.who, at = excluded.at, idle_since = NULL \
     WHERE assignments.holder = excluded.holder OR assignments.holder = $11 RETURNING ",
    columns!()
);
const ONE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM assignments WHERE subject = $1 AND tenant = $2 AND channel = $3 AND account = $4"
);
const ALL: &str =
    concat!("SELECT ", columns!(), " FROM assignments ORDER BY at DESC, subject, tenant, channel, account");
const RELEASE: &str = concat!(
    "DELETE FROM assignments WHERE subject = $1 AND tenant = $2 AND channel = $3 AND account = $4 RETURNING ",
    columns!()
);
const BACK: &str = concat!("UPDATE assignments SET idle_since = NULL WHERE idle_since IS NOT NULL AND ", is_listed!());
const IDLE: &str = concat!("UPDATE assignments SET idle_since = $1 WHERE idle_since IS NULL AND NOT ", is_listed!());
const END: &str = concat!("DELETE FROM assignments WHERE idle_since <= $1 RETURNING ", columns!());

#[async_trait]
impl Assignments for Database {
    async fn assign(&self, assignment: Assignment, instead_of: Option<&str>) -> Result<Assigned, LedgerError> {
        let instead_of = instead_of.map(str::to_owned);
        self.write(move |conn, _| assign(conn, assignment, instead_of).boxed()).await
    }

    async fn assignments(&self) -> Result<Vec<Assignment>, LedgerError> {
        self.read(move |conn, _| all(conn).boxed()).await
    }

    async fn release(&self, duty: &Duty) -> Result<Option<Assignment>, LedgerError> {
        let key = Key::of(duty);
        self.write(move |conn, _| release(conn, key).boxed()).await
    }

    async fn end_assignments(&self, idle: Duration) -> Result<Vec<Assignment>, LedgerError> {
        self.write(move |conn, world| end(conn, world, idle).boxed()).await
    }
}

/// By what an assignment is found.
struct Key {
    subject: String,
    within: [String; 3],
}

impl Key {
    fn of(duty: &Duty) -> Self {
        let Within { tenant, channel, account } = duty.within();
        let name = |name: Option<String>| name.unwrap_or_default();
        Self {
            subject: duty.subject(),
            within: [
                name(tenant.map(|it| it.to_string())),
                name(channel.map(|it| it.to_string())),
                name(account.map(|it| it.to_string())),
            ],
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    subject: String,
    tenant: String,
    channel: String,
    account: String,
    cause: Option<String>,
    target: Option<Uuid>,
    holder: String,
    comment: Option<String>,
    who: String,
    at: i64,
    idle_since: Option<i64>,
}

impl Row {
    fn read(self) -> Result<Assignment, LedgerError> {
        let wrong = |what: &str, why: domain::InvalidName| {
            LedgerError::corrupt(format!("the assignment of {}", self.subject), what, why)
        };
        let given = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        let tenant = given(&self.tenant).map(TenantId::new).transpose().map_err(|why| wrong("the tenant", why))?;
        let channel =
            given(&self.channel).map(ChannelName::new).transpose().map_err(|why| wrong("the channel", why))?;
        let account = given(&self.account).map(AccountId::new).transpose().map_err(|why| wrong("the account", why))?;
        let duty = match (self.target, tenant) {
            (Some(id), Some(tenant)) => Duty::Target { id: TargetId(id), tenant },
            (_, tenant) => {
                Duty::Cause { group: self.cause.unwrap_or_default(), within: Within { tenant, channel, account } }
            }
        };
        Ok(Assignment {
            duty,
            to: self.holder,
            comment: self.comment,
            who: self.who,
            at: instant(self.at),
            idle_since: self.idle_since.map(instant),
        })
    }
}

async fn assign(
    conn: &mut Connection,
    assignment: Assignment,
    instead_of: Option<String>,
) -> Result<Assigned, LedgerError> {
    let failed = "assign";
    let Key { subject, within } = Key::of(&assignment.duty);
    let (cause, target) = match assignment.duty {
        Duty::Cause { group, .. } => (Some(group), None),
        Duty::Target { id, .. } => (None, Some(id.0)),
    };
    let [tenant, channel, account] = &within;
    loop {
        let assigned: Option<Row> = sqlx::query_as(ASSIGN)
            .bind(&subject)
            .bind(tenant)
            .bind(channel)
            .bind(account)
            .bind(&cause)
            .bind(target)
            .bind(&assignment.to)
            .bind(&assignment.comment)
            .bind(&assignment.who)
            .bind(millis(assignment.at))
            .bind(&instead_of)
            .fetch_optional(&mut *conn)
            .await
            .map_err(LedgerError::of(failed))?;
        if let Some(row) = assigned {
            return row.read().map(Assigned::Done);
        }
        let row: Option<Row> = sqlx::query_as(ONE)
            .bind(&subject)
            .bind(tenant)
            .bind(channel)
            .bind(account)
            .fetch_optional(&mut *conn)
            .await
            .map_err(LedgerError::of(failed))?;
        // If there is none, whoever had it let it go in between: it is free.
        if let Some(row) = row {
            return row.read().map(Assigned::Had);
        }
    }
}

async fn all(conn: &mut Connection) -> Result<Vec<Assignment>, LedgerError> {
    let rows: Vec<Row> = sqlx::query_as(ALL).fetch_all(conn).await.map_err(LedgerError::of("read the assignments"))?;
    Ok(readable(rows.into_iter().map(Row::read)))
}

async fn release(conn: &mut Connection, key: Key) -> Result<Option<Assignment>, LedgerError> {
    let [tenant, channel, account] = key.within;
    let row: Option<Row> = sqlx::query_as(RELEASE)
        .bind(key.subject)
        .bind(tenant)
        .bind(channel)
        .bind(account)
        .fetch_optional(conn)
        .await
        .map_err(LedgerError::of("end an assignment"))?;
    row.map(Row::read).transpose()
}

async fn end(conn: &mut Connection, world: &World, idle: Duration) -> Result<Vec<Assignment>, LedgerError> {
    let failed = "look after the assignments";
    let now = store::now(conn, world.now()).await?;
    sqlx::query(BACK).execute(&mut *conn).await.map_err(LedgerError::of(failed))?;
    sqlx::query(IDLE).bind(millis(now)).execute(&mut *conn).await.map_err(LedgerError::of(failed))?;
    let rows: Vec<Row> =
        sqlx::query_as(END).bind(millis(before(now, idle))).fetch_all(conn).await.map_err(LedgerError::of(failed))?;
    Ok(readable(rows.into_iter().map(Row::read)))
}
