//! The crate's metrics. Labels take few values: a kind of place, an outcome, a role; never a channel, an id or an address.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

/// A publish ended; `outcome` is `confirmed` or the error's kind.
pub(crate) fn published(kind: &'static str, outcome: &'static str) {
    counter!("oncepost_broker_published_total", "to" => kind, "outcome" => outcome).increment(1);
}

/// How long a confirm took.
pub(crate) fn confirmed_after(took: Duration) {
    histogram!("oncepost_broker_confirm_seconds").record(took.as_secs_f64());
}

/// A connection was made or lost.
pub(crate) fn connected(role: &'static str, yes: bool) {
    gauge!("oncepost_broker_connected", "role" => role).set(if yes { 1.0 } else { 0.0 });
}

/// A connection was lost and is being replaced.
pub(crate) fn reconnecting(role: &'static str) {
    counter!("oncepost_broker_reconnects_total", "role" => role).increment(1);
}

/// A consumer was started again; `why` is `ended`, `reconnected` or `stalled`.
pub(crate) fn consumer_restarted(why: &'static str) {
    counter!("oncepost_broker_consumer_restarts_total", "why" => why).increment(1);
}

/// A message was settled; `outcome` is `ack`, `requeue` or `gone`.
pub(crate) fn settled(outcome: &'static str) {
    counter!("oncepost_broker_settled_total", "outcome" => outcome).increment(1);
}
