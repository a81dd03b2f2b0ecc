//! The sweep: a full scan every minute, with no exclusions, that proves that nothing is forgotten (P2), and tells what a
//! crash left untold.

use std::{collections::BTreeMap, time::Duration};

use broker::Source;
use domain::State;
use jiff::Timestamp;
use ledger::Census;

use crate::Scheduler;

/// Events younger than this are still being told by whoever stored them.
const UNTOLD_AFTER: Duration = Duration::from_secs(10);

pub(crate) async fn run(scheduler: Scheduler) {
    let stop = scheduler.runtime.stop();
    loop {
        sweep(&scheduler).await;
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = scheduler.runtime.sleep(scheduler.options.sweep) => {}
        }
    }
}

async fn sweep(scheduler: &Scheduler) {
    match scheduler.ledger.census(scheduler.options.patience).await {
        Ok(census) => report(&census),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the sweep could not scan the ledger");
            return;
        }
    }
    match scheduler.outbox.sweep(UNTOLD_AFTER).await {
        Ok(0) => {}
        Ok(told) => {
            metrics::counter!("oncepost_sweep_findings_total", "kind" => "untold_event").increment(told as u64);
            tracing::info!(events = told, "told events that a crash, a stop or a full queue had left untold");
        }
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the sweep could not tell events"),
    }
    match scheduler.transport.depth(Source::Unrouted).await {
        Ok(depth) => {
            metrics::gauge!("oncepost_unrouted_messages").set(depth.ready as f64);
            if depth.ready > 0 {
                tracing::error!(messages = depth.ready, "messages could not be routed; look into oncepost.unrouted");
            }
        }
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "the unrouted queue could not be measured")
        }
    }
}

fn report(census: &Census) {
    for ((channel, state), count) in counts(census) {
        metrics::gauge!("oncepost_targets", "channel" => channel, "state" => state.name()).set(count as f64);
    }
    metrics::gauge!("oncepost_listed_targets").set(census.listed as f64);
    metrics::gauge!("oncepost_in_doubt_targets").set(census.in_doubt as f64);
    metrics::gauge!("oncepost_overdue_targets").set(census.overdue as f64);
    metrics::gauge!("oncepost_oldest_due_seconds").set(seconds(census.oldest_due));
    metrics::gauge!("oncepost_oldest_in_doubt_seconds").set(seconds(census.oldest_in_doubt));
    if census.overdue > 0 {
        metrics::counter!("oncepost_sweep_findings_total", "kind" => "overdue").increment(census.overdue);
        tracing::warn!(targets = census.overdue, oldest_due = ?census.oldest_due, "targets are overdue");
    }
    for (target, violation) in &census.violations {
        outbox::broken(*target, *violation);
    }
}

/// Every state of a channel has its number, so that what has left a state is not shown there for ever.
fn counts(census: &Census) -> BTreeMap<(String, State), u64> {
    let channels = census.counts.iter().map(|count| count.channel.to_string());
    let none = channels.flat_map(|channel| State::ALL.map(|state| ((channel.clone(), state), 0)));
    let found = census.counts.iter().map(|count| ((count.channel.to_string(), count.state), count.count));
    none.chain(found).collect()
}

/// As a metric shows a time: Unix time, 0 for none.
fn seconds(at: Option<Timestamp>) -> f64 {
    at.map_or(0.0, |at| at.as_millisecond() as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use ledger::StateCount;

    use super::*;

    #[test]
    fn a_state_that_nothing_is_in_any_more_counts_nothing() {
        let channel = domain::ChannelName::new("mastodon").unwrap();
        let found = StateCount { channel, state: State::Published, count: 3 };
        let counts = counts(&Census { counts: vec![found], ..Census::default() });
        assert_eq!(counts.len(), State::ALL.len());
        assert_eq!(counts[&("mastodon".to_owned(), State::Published)], 3);
        assert_eq!(counts[&("mastodon".to_owned(), State::InDoubt)], 0);
    }
}
