//! Where messages go, where they come from, and what the broker calls these places.

use crate::Tier;

/// Where a message is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The work queue of a channel.
    Publish {
        /// The channel's name.
        channel: String,
    },
    /// A wait of fixed length, after which the message is in the channel's work queue.
    Retry {
        /// How long.
        tier: Tier,
        /// Whose work queue it returns to.
        channel: String,
    },
    /// The dead letters of a channel.
    Dead {
        /// The channel's name.
        channel: String,
    },
    /// An event for upstream services. The only place where having no listener is no error.
    Event {
        /// What happened, as in `target.published`.
        topic: String,
    },
    /// The queue on which upstream services schedule posts.
    Schedule,
    /// Refused schedule requests.
    Rejected,
}

impl Destination {
    /// The kind of place, as a metric label: one of few, whatever the channel.
    pub const fn kind(&self) -> &'static str {
        match self {
            Destination::Publish { .. } => "publish",
            Destination::Retry { .. } => "retry",
            Destination::Dead { .. } => "dead",
            Destination::Event { .. } => "event",
            Destination::Schedule => "schedule",
            Destination::Rejected => "rejected",
        }
    }
}

/// A queue to take messages from, to measure or to empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The work queue of a channel.
    Publish {
        /// The channel's name.
        channel: String,
    },
    /// A retry queue. To be measured; who consumes it takes messages before their time.
    Retry {
        /// Which one.
        tier: Tier,
    },
    /// The dead letters of a channel.
    Dead {
        /// The channel's name.
        channel: String,
    },
    /// Requests of upstream services.
    Schedule,
    /// Refused requests.
    Rejected,
    /// What could not be routed. Anything here is an alarm.
    Unrouted,
    /// A listener to events, as an upstream service has one. Its queue is declared when it is first consumed, and it is durable.
    Events {
        /// The full name of the queue.
        queue: String,
        /// Which events: words divided by dots, `*` for one word, `#` for any number.
        topic: String,
    },
}

/// What the broker calls its queues and exchanges, under one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    prefix: String,
}

/// What a publish is addressed to, in the broker's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub exchange: String,
    pub key: String,
    /// Whether the message must reach a queue.
    pub mandatory: bool,
}

impl Names {
    /// The names under `prefix`; production uses `oncepost`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The direct exchange that retry tiers return to; routing key: channel.
    pub fn publish(&self) -> String {
        self.under("publish")
    }

    /// The direct exchange for dead letters; routing key: channel.
    pub fn dead(&self) -> String {
        self.under("dead")
    }

    /// The topic exchange for events.
    pub fn events(&self) -> String {
        self.under("events")
    }

    /// The exchange and the queue for schedule requests.
    pub fn schedule(&self) -> String {
        self.under("schedule")
    }

    /// The exchange and the queue for refused schedule requests.
    pub fn rejected(&self) -> String {
        self.under("schedule.rejected")
    }

    /// The exchange and the queue for what could not be routed.
    pub fn unrouted(&self) -> String {
        self.under("unrouted")
    }

    /// The exchange and the queue of a retry tier.
    pub fn retry(&self, tier: Tier) -> String {
        self.under(&format!("retry.{}", tier.name()))
    }

    /// The work queue of a channel.
    pub fn publish_queue(&self, channel: &str) -> String {
        self.under(&format!("publish.{channel}"))
    }

    /// The queue for a channel's dead letters.
    pub fn dead_queue(&self, channel: &str) -> String {
        self.under(&format!("dead.{channel}"))
    }

    /// The queue behind `source`.
    pub fn queue(&self, source: &Source) -> String {
        match source {
            Source::Publish { channel } => self.publish_queue(channel),
            Source::Retry { tier } => self.retry(*tier),
            Source::Dead { channel } => self.dead_queue(channel),
            Source::Schedule => self.schedule(),
            Source::Rejected => self.rejected(),
            Source::Unrouted => self.unrouted(),
            Source::Events { queue, .. } => queue.clone(),
        }
    }

    /// How `to` is reached.
    ///
    /// We address queues themselves (the broker's nameless exchange), because the named exchanges have an alternate exchange, and to the
    /// broker a message caught there has been routed: the sender would never hear that its queue is missing. The alternate exchange is for
    /// the hops that nobody waits for: messages that come back from a retry tier, dead letters that the broker moves, upstream's own.
    pub(crate) fn address(&self, to: &Destination) -> Address {
        let queue = |key: String| Address { exchange: String::new(), key, mandatory: true };
        match to {
            Destination::Publish { channel } => queue(self.publish_queue(channel)),
            Destination::Dead { channel } => queue(self.dead_queue(channel)),
            Destination::Schedule => queue(self.schedule()),
            Destination::Rejected => queue(self.rejected()),
            // Through the exchange, so that the message carries the channel as its key and finds its way back with it.
            Destination::Retry { tier, channel } => {
                Address { exchange: self.retry(*tier), key: channel.clone(), mandatory: true }
            }
            Destination::Event { topic } => Address { exchange: self.events(), key: topic.clone(), mandatory: false },
        }
    }

    fn under(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }
}
