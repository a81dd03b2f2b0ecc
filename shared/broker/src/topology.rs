//! The broker's topology as data: what both transports declare, and nothing else.
//!
//! Every queue is a durable quorum queue with an explicit delivery limit, because the limit's default differs between RabbitMQ 3.10 and 4.x.
//! Nothing here is refused by either. A queue's arguments cannot be changed once it exists: change its name with them.

use std::time::Duration;

use crate::{Names, Tier};

/// Deliveries of one message from a work queue before the broker gives it up. Crashes count too, so it is generous: poison is decided by
/// our own attempt count, and this is the last net.
pub const DELIVERY_LIMIT: u32 = 20;

/// The delivery limit of queues whose messages only a person may remove. A message over the limit of a queue without a dead-letter exchange
/// is dropped, and "no limit" is spelled differently by each version, so: a number that is never reached.
pub const KEPT: u32 = 1_000_000_000;

/// The longest channel name: with the prefix it has to fit the 255 bytes that AMQP gives a name.
pub const LONGEST_CHANNEL: usize = 100;

/// Everything that is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Exchanges; an alternate exchange stands before those that name it.
    pub exchanges: Vec<Exchange>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// Which exchange feeds which queue.
    pub bindings: Vec<Binding>,
}

/// An exchange. Durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub name: String,
    /// How it routes.
    pub kind: Kind,
    /// Where a message goes that no binding takes; dropped, or returned to a sender that insists, if there is none.
    pub alternate: Option<String>,
}

/// How an exchange routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To the queues bound with the message's very key.
    Direct,
    /// To all queues bound.
    Fanout,
    /// To the queues whose pattern matches the key.
    Topic,
}

/// A durable quorum queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// How long a message stays; for ever if not set.
    pub ttl: Option<Duration>,
    /// How often a message may be returned to the queue before it is dead-lettered.
    pub delivery_limit: u32,
    /// Where expired and over-delivered messages go.
    pub dead_letter: Option<DeadLetter>,
}

/// Where the broker moves a message that a queue gives up. At least once: it leaves the queue when its next queue has confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// To which exchange.
    pub exchange: String,
    /// With which routing key; its own if not set.
    pub key: Option<String>,
}

/// A binding of a queue to an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Which queue.
    pub queue: String,
    /// Fed by which exchange.
    pub exchange: String,
    /// For which routing key, or pattern; empty for a fanout exchange.
    pub key: String,
}

impl Topology {
    /// The topology for `channels` under the names' prefix.
    pub fn new<'a>(names: &Names, channels: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self { exchanges: Vec::new(), queues: Vec::new(), bindings: Vec::new() };
        let unrouted = names.unrouted();
        all.pair(&unrouted, None, Queue::kept(&unrouted));
        all.exchange(&names.publish(), Kind::Direct, Some(&unrouted));
        all.exchange(&names.dead(), Kind::Direct, Some(&unrouted));
        // Without an alternate: an event that nobody listens to is not lost work.
        all.exchange(&names.events(), Kind::Topic, None);
        all.schedule(names, &unrouted);
        for tier in Tier::ALL {
            all.retry(names, tier);
        }
        for channel in channels {
            all.channel(names, channel);
        }
        all
    }

    /// What a listener to events needs besides.
    pub fn listener(names: &Names, queue: &str, topic: &str) -> Self {
        Self {
            exchanges: Vec::new(),
            queues: vec![Queue::kept(queue)],
            bindings: vec![Binding { queue: queue.into(), exchange: names.events(), key: topic.into() }],
        }
    }

    fn schedule(&mut self, names: &Names, unrouted: &str) {
        let rejected = names.rejected();
        self.pair(&rejected, Some(unrouted), Queue::kept(&rejected));
        let schedule = names.schedule();
        let limited = Queue {
            name: schedule.clone(),
            ttl: None,
            delivery_limit: DELIVERY_LIMIT,
            dead_letter: Some(DeadLetter { exchange: rejected, key: None }),
        };
        self.pair(&schedule, Some(unrouted), limited);
    }

    fn retry(&mut self, names: &Names, tier: Tier) {
        let name = names.retry(tier);
        let waiting = Queue {
            name: name.clone(),
            ttl: Some(tier.delay()),
            delivery_limit: KEPT,
            dead_letter: Some(DeadLetter { exchange: names.publish(), key: None }),
        };
        // Without an alternate: only we send here, and we want to hear that the queue is missing.
        self.pair(&name, None, waiting);
    }

    fn channel(&mut self, names: &Names, channel: &str) {
        let (work, dead) = (names.publish_queue(channel), names.dead_queue(channel));
        self.queues.push(Queue {
            name: work.clone(),
            ttl: None,
            delivery_limit: DELIVERY_LIMIT,
            dead_letter: Some(DeadLetter { exchange: names.dead(), key: Some(channel.into()) }),
        });
        self.bindings.push(Binding { queue: work, exchange: names.publish(), key: channel.into() });
        self.queues.push(Queue::kept(&dead));
        self.bindings.push(Binding { queue: dead, exchange: names.dead(), key: channel.into() });
    }

    fn exchange(&mut self, name: &str, kind: Kind, alternate: Option<&str>) {
        self.exchanges.push(Exchange { name: name.into(), kind, alternate: alternate.map(Into::into) });
    }

    /// A fanout exchange and its one queue, of the same name.
    fn pair(&mut self, name: &str, alternate: Option<&str>, queue: Queue) {
        self.exchange(name, Kind::Fanout, alternate);
        self.bindings.push(Binding { queue: queue.name.clone(), exchange: name.into(), key: String::new() });
        self.queues.push(queue);
    }
}

impl Queue {
    /// A queue whose messages stay until someone removes them.
    fn kept(name: &str) -> Self {
        Self { name: name.into(), ttl: None, delivery_limit: KEPT, dead_letter: None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn topology() -> Topology {
        Topology::new(&Names::new("oncepost"), ["mastodon", "instagram"])
    }

    #[test]
    fn the_names_are_those_of_the_design() {
        let queues: BTreeSet<String> = topology().queues.into_iter().map(|queue| queue.name).collect();
        let expected = [
            "oncepost.dead.instagram",
            "oncepost.dead.mastodon",
            "oncepost.publish.instagram",
            "oncepost.publish.mastodon",
            "oncepost.retry.10m",
            "oncepost.retry.1s",
            "oncepost.retry.2m",
            "oncepost.retry.30s",
            "oncepost.retry.5s",
            "oncepost.schedule",
            "oncepost.schedule.rejected",
            "oncepost.unrouted",
        ];
        assert_eq!(queues.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn q07_every_dead_letter_hop_ends_in_a_queue_whatever_the_key() {
        let all = topology();
        for queue in &all.queues {
            let Some(next) = &queue.dead_letter else {
                assert_eq!(queue.delivery_limit, KEPT, "{} would drop what it gives up", queue.name);
                continue;
            };
            let exchange = all.exchanges.iter().find(|exchange| exchange.name == next.exchange).expect("declared");
            let bound = |name: &str| all.bindings.iter().any(|binding| binding.exchange == name);
            let caught = exchange.alternate.as_deref().is_some_and(bound);
            assert!(caught, "{} dead-letters to {}, which can drop", queue.name, exchange.name);
        }
    }

    #[test]
    fn what_is_named_is_declared_and_before_it_is_named() {
        let all = topology();
        let mut seen = BTreeSet::new();
        for exchange in &all.exchanges {
            assert!(exchange.alternate.iter().all(|name| seen.contains(name)), "{}", exchange.name);
            assert!(seen.insert(exchange.name.clone()), "{} twice", exchange.name);
        }
        for binding in &all.bindings {
            assert!(seen.contains(&binding.exchange));
            assert!(all.queues.iter().any(|queue| queue.name == binding.queue));
        }
    }
}
