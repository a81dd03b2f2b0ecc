//! What follows a message: another message, confirmed before the old one is acknowledged.

use std::time::Duration;

use broker::{Destination, Headers, Incoming, Message, Outgoing, Tier};
use contract::Dead;
use domain::Target;
use jiff::Timestamp;

use crate::Worker;

/// Whether the old message may be acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Settled {
    /// What had to follow is confirmed.
    Ack,
    /// It could not be sent; the old message must come again.
    Leave,
}

/// How a wait is carried: the retry tier, or a short wait in the worker's hands where even the shortest overshoots.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Through this tier; the ledger's time decides when it returns.
    Tier(Tier),
    /// In the worker.
    Here(Duration),
}

/// The largest tier that does not overshoot.
pub(crate) fn carrier(wait: Duration) -> Carrier {
    Tier::within(wait).map_or(Carrier::Here(wait), Carrier::Tier)
}

impl Worker {
    /// Sends the message through a retry tier, with `more` headers.
    pub(crate) async fn carry(&self, incoming: &Incoming, channel: &str, tier: Tier, more: Headers) -> Settled {
        let to = Destination::Retry { tier, channel: channel.to_owned() };
        let mut headers = own_headers(&incoming.message.headers);
        headers.extend(more);
        let message = Message { headers, ..incoming.message.clone() };
        self.send(Outgoing { to, message }).await
    }

    /// Sends the target's dead letter, with reason and diagnosis in its headers.
    pub(crate) async fn bury(&self, target: &Target, at: Timestamp) -> Settled {
        let Some(letter) = Dead::of(target, at) else { return Settled::Ack };
        let to = Destination::Dead { channel: target.channel.to_string() };
        let id = format!("{}-{}", target.id, target.attempt);
        self.send(Outgoing::json(to, id, letter.encode()).headers(letter.headers())).await
    }

    /// Sends a message, again and again while the broker is away: the old message waits.
    pub(crate) async fn send(&self, message: Outgoing) -> Settled {
        let stop = self.runtime.stop();
        let mut wait = Duration::from_millis(100);
        loop {
            match self.transport.publish(message.clone()).await {
                Ok(()) => return Settled::Ack,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    to = message.to.kind(),
                    "waiting for the broker to take a message"
                ),
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Settled::Leave,
                () = self.runtime.sleep(self.runtime.jittered(wait, 0.5)) => {}
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }
}

/// The headers to pass on: not the broker's own (`x-death`…), which it adds anew, nor a dead letter's, whose retry has been
/// taken note of.
fn own_headers(headers: &Headers) -> Headers {
    let passes = |name: &str| !name.starts_with("x-") && !name.starts_with("oncepost-");
    headers.iter().filter(|(name, _)| passes(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_tier_that_does_not_overshoot_carries_the_wait() {
        let cases = [
            (999, Carrier::Here(Duration::from_millis(999))),
            (1_000, Carrier::Tier(Tier::S1)),
            (29_999, Carrier::Tier(Tier::S5)),
            (600_000, Carrier::Tier(Tier::M10)),
        ];
        for (millis, expected) in cases {
            assert_eq!(carrier(Duration::from_millis(millis)), expected, "{millis} ms");
        }
    }

    #[test]
    fn the_brokers_and_the_dead_letters_headers_are_not_passed_on() {
        let headers: Headers =
            ["x-death", "oncepost-reason", "traceparent"].map(|name| (name.to_owned(), "1".to_owned())).into();
        assert_eq!(own_headers(&headers).into_keys().collect::<Vec<_>>(), ["traceparent"]);
    }
}
