//! Queues and what is in them. Plain data under one lock; nothing here waits.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::route::route;
use crate::{
    Depth, Message,
    address::Address,
    topology::{Queue, Topology},
};

/// All queues.
pub(super) struct State {
    topology: Topology,
    queues: BTreeMap<String, Contents>,
    /// Inboxes and deliveries are numbered from one count.
    last_number: u64,
}

/// One queue.
struct Contents {
    spec: Queue,
    ready: VecDeque<Stored>,
    unsettled: BTreeMap<u64, Unsettled>,
    inboxes: Vec<u64>,
    changed: Arc<Notify>,
}

/// A message in a queue.
#[derive(Clone)]
pub(super) struct Stored {
    pub key: String,
    pub message: Message,
    /// How often it was delivered and came back.
    pub returned: u64,
    expires: Option<Timestamp>,
}

struct Unsettled {
    inbox: u64,
    stored: Stored,
}

/// A message handed to an inbox.
pub(super) struct Handed {
    pub number: u64,
    pub stored: Stored,
}

impl State {
    pub(super) fn new(topology: Topology) -> Self {
        let mut state = Self {
            topology: Topology { exchanges: topology.exchanges, queues: Vec::new(), bindings: Vec::new() },
            queues: BTreeMap::new(),
            last_number: 0,
        };
        for queue in topology.queues {
            state.declare(queue);
        }
        state.topology.bindings = topology.bindings;
        state
    }

    /// Declares more; what exists stays.
    pub(super) fn extend(&mut self, more: Topology) {
        more.queues.into_iter().for_each(|queue| self.declare(queue));
        for binding in more.bindings {
            if !self.topology.bindings.contains(&binding) {
                self.topology.bindings.push(binding);
            }
        }
    }

    fn declare(&mut self, spec: Queue) {
        if self.queues.contains_key(&spec.name) {
            return;
        }
        self.topology.queues.push(spec.clone());
        let contents = Contents {
            ready: VecDeque::new(),
            unsettled: BTreeMap::new(),
            inboxes: Vec::new(),
            changed: Arc::new(Notify::new()),
            spec,
        };
        self.queues.insert(contents.spec.name.clone(), contents);
    }

    /// Puts `message` into every queue it is routed to; whether there was one.
    pub(super) fn send(&mut self, address: &Address, message: &Message, now: Timestamp) -> bool {
        let queues = route(&self.topology, &address.exchange, &address.key);
        for name in &queues {
            if let Some(queue) = self.queues.get_mut(name) {
                let expires = queue.spec.ttl.map(|ttl| now.checked_add(ttl).unwrap_or(Timestamp::MAX));
                let stored = Stored { key: address.key.clone(), message: message.clone(), returned: 0, expires };
                queue.ready.push_back(stored);
                queue.changed.notify_waiters();
            }
        }
        !queues.is_empty()
    }

    /// Rings when something about `queue` changes.
    pub(super) fn bell(&self, queue: &str) -> Option<Arc<Notify>> {
        self.queues.get(queue).map(|queue| queue.changed.clone())
    }

    /// The queues in which messages expire.
    pub(super) fn timed(&self) -> Vec<String> {
        self.queues.values().filter(|queue| queue.spec.ttl.is_some()).map(|queue| queue.spec.name.clone()).collect()
    }

    /// When the next message of `queue` expires. With one TTL for all, that is the first.
    pub(super) fn next_expiry(&self, queue: &str) -> Option<Timestamp> {
        self.queues.get(queue)?.ready.front()?.expires
    }

    /// Moves on what has expired by `now`.
    pub(super) fn expire(&mut self, queue: &str, now: Timestamp) {
        while self.next_expiry(queue).is_some_and(|expires| expires <= now) {
            let Some(stored) = self.queues.get_mut(queue).and_then(|queue| queue.ready.pop_front()) else { return };
            self.dead_letter(queue, stored, "expired", now);
        }
    }

    /// A new inbox on `queue`, or none if there is no such queue.
    pub(super) fn join(&mut self, queue: &str) -> Option<u64> {
        let contents = self.queues.get_mut(queue)?;
        self.last_number += 1;
        contents.inboxes.push(self.last_number);
        Some(self.last_number)
    }

    /// The inbox takes no more.
    pub(super) fn leave(&mut self, queue: &str, inbox: u64) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.inboxes.retain(|other| *other != inbox);
        }
    }

    /// Hands the first ready message to `inbox`, if it has room.
    pub(super) fn take(&mut self, queue: &str, inbox: u64, prefetch: usize) -> Option<Handed> {
        let contents = self.queues.get_mut(queue)?;
        let held = contents.unsettled.values().filter(|unsettled| unsettled.inbox == inbox).count();
        // As in AMQP, no prefetch means no bound.
        if prefetch > 0 && held >= prefetch {
            return None;
        }
        let stored = contents.ready.pop_front()?;
        self.last_number += 1;
        contents.unsettled.insert(self.last_number, Unsettled { inbox, stored: stored.clone() });
        Some(Handed { number: self.last_number, stored })
    }

    /// Puts a second copy of a message into its queue, as a broker does that lost an acknowledgement.
    pub(super) fn repeat(&mut self, queue: &str, stored: &Stored) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.ready.push_front(Stored { returned: stored.returned + 1, ..stored.clone() });
            queue.changed.notify_waiters();
        }
    }

    /// Ends a delivery for good; whether it was still open.
    pub(super) fn ack(&mut self, queue: &str, number: u64) -> bool {
        let Some(queue) = self.queues.get_mut(queue) else { return false };
        queue.changed.notify_waiters();
        queue.unsettled.remove(&number).is_some()
    }

    /// Ends a delivery by returning its message; whether it was still open.
    pub(super) fn requeue(&mut self, queue: &str, number: u64, now: Timestamp) -> bool {
        let Some(contents) = self.queues.get_mut(queue) else { return false };
        let Some(unsettled) = contents.unsettled.remove(&number) else { return false };
        let stored = Stored { returned: unsettled.stored.returned + 1, ..unsettled.stored };
        let exhausted = stored.returned > u64::from(contents.spec.delivery_limit);
        contents.changed.notify_waiters();
        if exhausted {
            self.dead_letter(queue, stored, "delivery_limit", now);
        } else {
            contents.ready.push_front(stored);
        }
        true
    }

    /// Returns everything that `inbox`, or any inbox if none is named, holds.
    pub(super) fn return_all(&mut self, queue: &str, inbox: Option<u64>, now: Timestamp) {
        let Some(contents) = self.queues.get(queue) else { return };
        let held = |unsettled: &Unsettled| inbox.is_none_or(|inbox| unsettled.inbox == inbox);
        let numbers: Vec<u64> =
            contents.unsettled.iter().filter(|(_, unsettled)| held(unsettled)).map(|(number, _)| *number).collect();
        // From the last to the first, so that the first is in front again.
        for number in numbers.into_iter().rev() {
            self.requeue(queue, number, now);
        }
    }

    /// The names of all queues.
    pub(super) fn names(&self) -> Vec<String> {
        self.queues.keys().cloned().collect()
    }

    /// Loses every message, delivered or not.
    pub(super) fn wipe(&mut self) {
        for queue in self.queues.values_mut() {
            queue.ready.clear();
            queue.unsettled.clear();
            queue.changed.notify_waiters();
        }
    }

    /// Loses what is ready in `queue`; none if there is no such queue.
    pub(super) fn purge(&mut self, queue: &str) -> Option<u64> {
        let contents = self.queues.get_mut(queue)?;
        let count = contents.ready.len();
        contents.ready.clear();
        contents.changed.notify_waiters();
        Some(count as u64)
    }

    pub(super) fn depth(&self, queue: &str) -> Option<Depth> {
        let contents = self.queues.get(queue)?;
        Some(Depth { ready: contents.ready.len() as u64, consumers: contents.inboxes.len() as u64 })
    }

    fn dead_letter(&mut self, queue: &str, stored: Stored, reason: &str, now: Timestamp) {
        let next = self.queues.get(queue).and_then(|queue| queue.spec.dead_letter.clone());
        let Some(next) = next else { return };
        let Stored { key, mut message, .. } = stored;
        message.headers.entry("x-first-death-queue".into()).or_insert_with(|| queue.into());
        message.headers.entry("x-first-death-reason".into()).or_insert_with(|| reason.into());
        let address = Address { exchange: next.exchange, key: next.key.unwrap_or(key), mandatory: false };
        self.send(&address, &message, now);
    }
}
