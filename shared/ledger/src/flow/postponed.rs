//! What waits for a later time than it was due: one statement counts all of it, one reads the first of it.

use domain::{ChannelName, State};
use jiff::Timestamp;

use super::{
    Connection,
    causes::{asked, within},
    rows::readable,
};
use crate::{
    LedgerError, Postponed, PostponedOn, Within,
    record::{Record, columns, instant, millis},
};

/// Those that were due before `$4` are counted once more.
const COUNTS: &str = concat!(
    "SELECT channel, count(*) AS many, count(CASE WHEN due_at < $4 THEN 1 END) AS overdue, min(due_at) AS first FROM targets \
     WHERE state IN (0, 4) AND next_at > due_at",
    within!(),
    " GROUP BY channel"
);

/// At most `$4` of each kind.
macro_rules! first {
    ($which:literal, $order:literal, $name:literal) => {
        concat!(
            "SELECT * FROM (SELECT ",
            columns!(),
            " FROM targets t WHERE ",
            $which,
            within!(),
            $order,
            " LIMIT $4) ",
            $name
        )
    };
}

/// Those that wait; those in the queues and in workers' hands, by the indexes of what is on its way.
const TARGETS: &str = concat!(
    first!("t.state IN (0, 4) AND t.next_at > t.due_at", " ORDER BY t.due_at", "waiting"),
    " UNION ALL ",
    first!("t.state = 1 AND t.attempt > 0", "", "queued"),
    " UNION ALL ",
    first!("t.state NOT IN (0, 4) AND t.wake_at IS NOT NULL AND t.state = 2 AND t.attempt > 1", "", "publishing")
);

#[derive(sqlx::FromRow)]
struct CountRow {
    channel: String,
    many: i64,
    overdue: i64,
    first: i64,
}

impl CountRow {
    fn read(self) -> Result<PostponedOn, LedgerError> {
        let number = |counted: i64| u64::try_from(counted).unwrap_or_default();
        Ok(PostponedOn {
            channel: ChannelName::new(self.channel)
                .map_err(|why| LedgerError::corrupt("what was put off", "the channel", why))?,
            targets: number(self.many),
            overdue: number(self.overdue),
            first: instant(self.first),
        })
    }
}

pub(super) async fn postponed(
    conn: &mut Connection,
    within: &Within,
    overdue_before: Timestamp,
) -> Result<Postponed, LedgerError> {
    let failed = "look for what is late and waits";
    let counts: Vec<CountRow> = asked!(COUNTS, within)
        .bind(millis(overdue_before))
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    let rows: Vec<Record> = asked!(TARGETS, within)
        .bind(i64::from(Postponed::MOST))
        .fetch_all(&mut *conn)
        .await
        .map_err(LedgerError::of(failed))?;
    let mut found = Postponed {
        channels: readable(counts.into_iter().map(CountRow::read)),
        targets: Vec::with_capacity(rows.len()),
    };
    for target in readable(rows.into_iter().map(Record::target)) {
        // The first statement has counted those that wait.
        if matches!(target.state, State::Queued | State::Publishing) {
            if !target.is_retried() {
                continue;
            }
            found.count(&target, overdue_before);
        }
        found.targets.push(target);
    }
    Ok(found.sorted())
}
