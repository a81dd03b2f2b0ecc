//! Waking what is due, fairly and within bounds, at a cost that does not grow with what is not due.

use std::collections::HashMap;

use domain::{Answer, Command, State};
use uuid::Uuid;

use super::{Connection, store};
use crate::{
    Claim, Claimed, Emission, LedgerError,
    desk::Desk,
    record::{Record, instant, millis},
    turns::{in_turn, share},
    world::{Looks, World, after},
};

/// Wakes what is due. Rows that another transaction holds are left to it.
pub(super) async fn claim(conn: &mut Connection, world: &World, claim: &Claim) -> Result<Claimed, LedgerError> {
    let peek = store::peek(conn, world.now()).await?;
    let until = millis(after(instant(peek.now), claim.ahead));
    let is_due = |first: Option<i64>| first.is_some_and(|first| first <= until);
    if !(is_due(peek.moving) || is_due(peek.waiting)) {
        world.note_unreadable(0);
        return Ok(Claimed { now: instant(peek.now), ..Claimed::default() });
    }
    let mut tx = store::begin_claim(conn).await?;
    let mut due = Due::default();
    let unreadable = world.unreadable();
    if is_due(peek.moving) {
        due.moving = store::moving(&mut tx, until, claim.limit.saturating_add(unreadable)).await?;
    }
    if is_due(peek.waiting) {
        due.find_waiting(&mut tx, until, claim, unreadable).await?;
    }
    due.leave_out_unreadable(world);
    let (now, pauses, origins) = store::surroundings(&mut tx, world.now()).await?;
    world.trust(&origins)?;
    let (order, found) = due.order();
    let mut desk = Desk::new(&world.policy, now, pauses, due.moving.drain(..).chain(due.waiting.drain(..)).collect());
    let mut claimed = Claimed { now, more: due.more, ..Claimed::default() };
    wake(&mut desk, &order, &found, &mut due.room, claim, &mut claimed)?;
    store::save(&mut tx, &desk).await?;
    tx.commit().await.map_err(LedgerError::of("commit a claim"))?;
    claimed.events = desk.into_events();
    Ok(claimed)
}

/// What is due, of either kind, and locked.
#[derive(Default)]
struct Due {
    /// On their way to a worker, or with one.
    moving: Vec<Record>,
    /// Waiting for their time.
    waiting: Vec<Record>,
    /// How many more of each channel may be queued.
    room: Room,
    /// More is due than was locked.
    more: bool,
}

#[derive(Default)]
struct Room {
    bound: u32,
    queued: HashMap<String, u32>,
}

impl Room {
    fn left(&self, channel: &str) -> bool {
        self.queued.get(channel).copied().unwrap_or_default() < self.bound
    }

    /// How many of each channel are worth a look: twice what it has room for, so that its accounts can take turns, and `unreadable` more, which
    /// would fill its room for good.
    fn looks(&self, unreadable: u32) -> Looks {
        let most = |queued: u32| match i64::from(self.bound.saturating_sub(queued)) {
            0 => 0,
            left => 2 * left + i64::from(unreadable),
        };
        let (channels, most_of_each) = self.queued.iter().map(|(name, queued)| (name.clone(), most(*queued))).unzip();
        Looks { channels, most: most_of_each, others: most(0) }
    }

    fn take(&mut self, channel: &str) {
        *self.queued.entry(channel.to_owned()).or_default() += 1;
    }
}

impl Due {
    async fn find_waiting(
        &mut self,
        tx: &mut Connection,
        until: i64,
        claim: &Claim,
        unreadable: u32,
    ) -> Result<(), LedgerError> {
        let limit = claim.limit.saturating_add(unreadable);
        self.room = Room { bound: claim.outstanding_per_channel, queued: store::queued(tx).await? };
        let all_fit = store::count_waiting(tx, until, limit.saturating_add(1)).await? <= u64::from(limit);
        self.waiting = if all_fit {
            store::oldest_waiting(tx, until, limit).await?
        } else {
            self.more = true;
            store::waiting_in_turn(tx, until, limit, &self.room.looks(unreadable)).await?
        };
        Ok(())
    }

    /// Rows that a newer version has written, or nobody, must not stop the others: they stay as they are, for whoever can
    /// read them. The census finds them as overdue.
    fn leave_out_unreadable(&mut self, world: &World) {
        let (mut many, mut example) = (0, None);
        for rows in [&mut self.moving, &mut self.waiting] {
            rows.retain(|row| match row.is_known() {
                Ok(()) => true,
                Err(error) => {
                    many += 1;
                    example.get_or_insert(error);
                    false
                }
            });
        }
        let before = world.note_unreadable(many);
        if let Some(error) = example.filter(|_| many > before as usize) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                targets = many,
                "due targets cannot be read by this version; they are left to one that can: docs/upgrades.md"
            );
        }
    }

    /// In which order to wake them, and where each stood.
    fn order(&mut self) -> ((Vec<Uuid>, Vec<Uuid>), HashMap<Uuid, i16>) {
        self.waiting = in_turn(std::mem::take(&mut self.waiting));
        let ids = |rows: &[Record]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let found = self.moving.iter().chain(&self.waiting).map(|row| (row.id, row.state)).collect();
        ((ids(&self.moving), ids(&self.waiting)), found)
    }
}

fn wake(
    desk: &mut Desk<'_>,
    (moving, waiting): &(Vec<Uuid>, Vec<Uuid>),
    found: &HashMap<Uuid, i16>,
    room: &mut Room,
    claim: &Claim,
    claimed: &mut Claimed,
) -> Result<(), LedgerError> {
    let (limit, command) = (claim.limit as usize, claim.command());
    let (of_moving, of_waiting) = share(limit, (moving.len(), waiting.len()));
    claimed.more |= moving.len() >= limit || of_moving < moving.len();
    for id in &moving[..of_moving] {
        wake_one(desk, *id, found, &command, claimed);
    }
    let mut woken = 0;
    for id in waiting {
        let target = domain::TargetId(*id);
        // A row that cannot be read is passed on to be reported.
        let channel = desk.target(target).map(|target| target.channel.to_string());
        if woken == of_waiting || channel.as_deref().is_some_and(|channel| !room.left(channel)) {
            claimed.more = true;
            continue;
        }
        woken += 1;
        wake_one(desk, *id, found, &command, claimed);
        if let Some(target) = desk.target(target).filter(|target| target.state == State::Queued) {
            room.take(target.channel.as_str());
        }
    }
    Ok(())
}

fn wake_one(desk: &mut Desk<'_>, id: Uuid, found: &HashMap<Uuid, i16>, command: &Command, claimed: &mut Claimed) {
    let id = domain::TargetId(id);
    let applied = match desk.apply(id, command) {
        Ok(applied) => applied,
        Err(error) => {
            // One row that cannot be read must not stop all others; the census finds it as overdue.
            tracing::error!(error = &error as &dyn std::error::Error, target.id = %id, "a due target cannot be read");
            return;
        }
    };
    claimed.violations.extend(applied.violation.map(|violation| (id, violation)));
    if applied.answer == Answer::Emit {
        let found = found.get(&id.0).and_then(|number| State::from_number(*number)).unwrap_or(applied.target.state);
        claimed.emissions.push(Emission { target: applied.target, found });
    }
}
