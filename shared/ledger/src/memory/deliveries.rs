//! Deliveries, in memory.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use domain::{Event, EventId};
use jiff::Timestamp;

use super::{MemoryLedger, Tables, page_of};
use crate::{
    AfterAttempt, AttemptMade, Deliveries, Delivery, DeliveryFilter, DeliveryState, DeliveryTally, LedgerError, Page,
    RecordKind, Replay,
    deliveries::Wants,
    world::{after, before},
};

impl Tables {
    /// Forgets what was told, and makes its deliveries.
    pub(super) fn told(&mut self, events: &[EventId], now: Timestamp) {
        let told: HashSet<_> = events.iter().collect();
        let gone: Vec<Event> = self.outbox.iter().filter(|event| told.contains(&event.id)).cloned().collect();
        self.outbox.retain(|event| !told.contains(&event.id));
        let hooks = self.credentials.values().filter(|row| row.kind == RecordKind::Hook);
        for row in hooks {
            let Ok(wants) = serde_json::from_value::<Wants>(row.open.clone()) else { continue };
            for event in gone.iter().filter(|event| wants.take(event)) {
                let delivery = Delivery {
                    hook: row.name.clone(),
                    event: event.clone(),
                    state: DeliveryState::Waiting,
                    made_at: now,
                    since: now,
                    due_at: Some(now),
                    attempt: 0,
                    tries: 0,
                    log: Vec::new(),
                };
                self.deliveries.entry((event.id, row.name.clone())).or_insert(delivery);
            }
        }
    }
}

#[async_trait]
impl Deliveries for MemoryLedger {
    async fn take_deliveries(&self, hook: &str, most: u32, lease: Duration) -> Result<Vec<Delivery>, LedgerError> {
        let mut tables = self.reach()?;
        let now = self.clock.now();
        let of_hook = tables.deliveries.values_mut().filter(|delivery| delivery.hook == hook);
        let mut due: Vec<_> = of_hook.filter(|delivery| delivery.due_at.is_some_and(|due| due <= now)).collect();
        due.sort_by_key(|delivery| delivery.due_at);
        due.truncate(most as usize);
        for delivery in &mut due {
            delivery.attempt += 1;
            delivery.tries += 1;
            delivery.due_at = Some(after(now, lease));
        }
        Ok(due.into_iter().map(|delivery| Delivery { log: Vec::new(), ..delivery.clone() }).collect())
    }

    async fn attempt_made(&self, made: AttemptMade) -> Result<(), LedgerError> {
        let mut tables = self.reach()?;
        let now = self.clock.now();
        let Some(delivery) = tables.deliveries.get_mut(&(made.event, made.hook)) else { return Ok(()) };
        let decides = delivery.attempt == made.attempt.number && delivery.state == DeliveryState::Waiting;
        let settled = match made.then {
            AfterAttempt::Delivered => Some((DeliveryState::Delivered, None)),
            AfterAttempt::Again(wait) if decides => Some((DeliveryState::Waiting, Some(after(now, wait)))),
            AfterAttempt::GivenUp if decides => Some((DeliveryState::GivenUp, None)),
            AfterAttempt::Again(_) | AfterAttempt::GivenUp => None,
        };
        if let Some((state, due_at)) = settled {
            (delivery.state, delivery.due_at) = (state, due_at);
        }
        if delivery.log.iter().all(|known| known.number != made.attempt.number) {
            delivery.log.push(made.attempt);
            delivery.log.sort_by_key(|attempt| attempt.number);
        }
        Ok(())
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Page<Delivery>, LedgerError> {
        let tables = self.reach()?;
        let fits = |delivery: &&Delivery| {
            filter.hook.as_ref().is_none_or(|hook| delivery.hook == *hook)
                && filter.event.is_none_or(|event| delivery.event.id == event)
                && filter.post.is_none_or(|post| delivery.event.post == post)
                && filter.state.is_none_or(|state| delivery.state == state)
        };
        let mut fitting: Vec<_> = tables.deliveries.values().filter(fits).cloned().collect();
        fitting.sort_by(|a, b| (b.made_at, b.event.id.0, &b.hook).cmp(&(a.made_at, a.event.id.0, &a.hook)));
        let name = |delivery: &Delivery| {
            format!("{}.{}.{}", delivery.made_at.as_millisecond(), delivery.event.id, delivery.hook)
        };
        Ok(page_of(fitting, filter.limit, filter.after.as_ref(), name))
    }

    async fn replay(&self, hook: &str, which: &Replay) -> Result<u64, LedgerError> {
        let mut tables = self.reach()?;
        let now = self.clock.now();
        let is_meant = |delivery: &&mut Delivery| match which {
            Replay::Event(event) => delivery.event.id == *event,
            Replay::Since(since, state) => {
                delivery.made_at >= *since && state.is_none_or(|state| delivery.state == state)
            }
        };
        let of_hook = tables.deliveries.values_mut().filter(|delivery| delivery.hook == hook);
        let mut again = 0;
        for delivery in of_hook.filter(is_meant) {
            (delivery.state, delivery.due_at) = (DeliveryState::Waiting, Some(now));
            (delivery.since, delivery.tries) = (now, 0);
            again += 1;
        }
        Ok(again)
    }

    async fn tally(&self, hook: &str) -> Result<DeliveryTally, LedgerError> {
        let tables = self.reach()?;
        let waits = |delivery: &&Delivery| delivery.hook == hook && delivery.due_at.is_some();
        let waiting = || tables.deliveries.values().filter(waits);
        Ok(DeliveryTally {
            waiting: waiting().count() as u64,
            oldest: waiting().map(|delivery| delivery.made_at).min(),
        })
    }

    async fn forget_hook(&self, hook: &str) -> Result<u64, LedgerError> {
        let mut tables = self.reach()?;
        let before = tables.deliveries.len();
        tables.deliveries.retain(|_, delivery| delivery.hook != hook);
        Ok((before - tables.deliveries.len()) as u64)
    }

    async fn purge_deliveries(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError> {
        let mut tables = self.reach()?;
        let until = before(self.clock.now(), older_than);
        let mut old: Vec<_> = tables
            .deliveries
            .iter()
            .filter(|(_, delivery)| delivery.made_at <= until && delivery.since <= until)
            .map(|(key, delivery)| (delivery.made_at, key.clone()))
            .collect();
        old.sort();
        old.truncate(most as usize);
        for (_, key) in &old {
            tables.deliveries.remove(key);
        }
        Ok(old.len() as u64)
    }
}
