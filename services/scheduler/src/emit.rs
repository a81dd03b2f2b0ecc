//! Due work: claimed from the ledger a little ahead, handed to the broker on time.

use std::{sync::Arc, time::Duration};

use broker::{Destination, Outgoing};
use contract::Publish;
use domain::{Command, Target};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use ledger::{Claim, Claimed, Emission};
use tokio::sync::Semaphore;
use tracing::{Instrument, Span};

use crate::{
    Scheduler,
    outage::Watch,
    pace::{Pace, Pacer},
};

/// Messages handed to the broker at once.
const ABREAST: usize = 512;
/// Batches on their way at once: the next is claimed while the last is being confirmed.
const BATCHES: usize = 4;
/// How long to wait when there is more due than the queues may hold: long enough that the next claim is worth its while,
/// and short enough that the queues never run dry.
const FULL_WAIT: Duration = Duration::from_millis(50);

pub(crate) async fn run(scheduler: Scheduler) {
    let stop = scheduler.runtime.stop();
    let batches = Arc::new(Semaphore::new(BATCHES));
    let (mut pacer, mut watch) = (Pacer::default(), Watch::default());
    while !stop.is_cancelled() {
        // To its end, stop or not: what the ledger has marked as queued must be handed over, or it waits for the sweep.
        let wait = tick(&scheduler, &mut pacer, &mut watch, &batches).await;
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = scheduler.runtime.sleep(wait) => {}
            () = scheduler.ledger.news(), if wait > FULL_WAIT => {}
        }
    }
}

/// Claims what is due and hands it over. Returns how long to wait before the next look.
async fn tick(scheduler: &Scheduler, pacer: &mut Pacer, watch: &mut Watch, batches: &Arc<Semaphore>) -> Duration {
    let options = &scheduler.options;
    // What cannot be handed over is not claimed: it stays due in the ledger, where it can be seen (M10).
    if !scheduler.transport.status().connected {
        watch.away(scheduler.runtime.now());
        metrics::counter!("oncepost_scheduler_broker_waits_total").increment(1);
        return Duration::from_millis(200);
    }
    let Ok(permit) = batches.clone().acquire_owned().await else { return options.poll };
    let claim = Claim {
        limit: options.batch,
        ahead: options.ahead,
        outstanding_per_channel: options.outstanding_per_channel,
        outage: watch.back(scheduler).await,
    };
    let claimed = match scheduler.ledger.claim(&claim).await {
        Ok(claimed) => claimed,
        Err(error) => {
            metrics::counter!("oncepost_scheduler_ledger_waits_total").increment(1);
            tracing::warn!(error = &error as &dyn std::error::Error, "waiting for the ledger");
            return options.poll;
        }
    };
    metrics::gauge!("oncepost_scheduler_last_tick_seconds").set(claimed.now.as_millisecond() as f64 / 1e3);
    for (target, violation) in &claimed.violations {
        outbox::broken(*target, *violation);
    }
    let (found, now) = (claimed.emissions.len(), claimed.now);
    let more = claimed.more;
    scheduler.outbox.tell(claimed.events.clone());
    let mut now_due = hold_back(scheduler, pacer, claimed).await;
    now_due.sort_by_key(|emission| emission.target.next_at);
    let handing = scheduler.clone();
    scheduler.runtime.spawn(async move {
        hand_over(&handing, now_due).await;
        drop(permit);
    });
    match more {
        true if found < options.batch as usize / 2 => FULL_WAIT,
        true => Duration::ZERO,
        false => until_next(scheduler, now, found).await,
    }
}

/// Gives back to the ledger what must go out later, and returns the rest.
async fn hold_back(scheduler: &Scheduler, pacer: &mut Pacer, claimed: Claimed) -> Vec<Emission> {
    let policy = scheduler.ledger.policy();
    let now = claimed.now;
    let (mut due, mut later) = (Vec::with_capacity(claimed.emissions.len()), Vec::new());
    for emission in claimed.emissions {
        let target = &emission.target;
        let rate = scheduler.accounts.find(&target.tenant, &target.channel, &target.account).and_then(|card| card.rate);
        let pace = Pace { rate, late_after: policy.late_after, drip: policy.drip };
        match pacer.slot(target, emission.found, pace, now) {
            None => due.push(emission),
            Some(slot) => later.push((target.id, slot)),
        }
    }
    pacer.tidy(now);
    if !later.is_empty() {
        metrics::counter!("oncepost_scheduler_paced_total").increment(later.len() as u64);
    }
    stream::iter(later)
        .for_each_concurrent(ABREAST, |(target, until)| async move {
            if let Err(error) = scheduler.ledger.apply(target, Command::Postpone { until, carried: false, limit: None }).await {
                // It stays queued without a message; the sweep emits it when it is overdue.
                tracing::warn!(error = &error as &dyn std::error::Error, target.id = %target, "a paced target was not given back");
            }
        })
        .await;
    due
}

/// Hands targets to the broker, each at its time.
async fn hand_over(scheduler: &Scheduler, emissions: Vec<Emission>) {
    stream::iter(emissions)
        .for_each_concurrent(ABREAST, |emission| async move {
            if let Some(at) = emission.target.next_at.filter(|_| !emission.target.state.is_terminal()) {
                let ahead = scheduler.options.ahead;
                let wait = Duration::try_from(at.duration_since(scheduler.runtime.now())).unwrap_or_default();
                // Never longer than what was claimed ahead: a lease's end or a clock's jump is no reason to hold a message.
                scheduler.runtime.sleep(wait.min(ahead)).await;
            }
            let span = span(&emission.target);
            send(scheduler, emission).instrument(span).await;
        })
        .await;
}

/// The post's trace goes on here, if it is kept: hours after it was accepted, its span is still the parent.
fn span(target: &Target) -> Span {
    match &target.trace {
        Some(trace) if spans::is_sampled(trace) => {
            let span = tracing::info_span!(
                "hand over",
                oncepost.target.id = %target.id,
                oncepost.channel = %target.channel,
                oncepost.attempt = target.attempt,
            );
            spans::set_parent(&span, trace);
            span
        }
        _ => Span::none(),
    }
}

async fn send(scheduler: &Scheduler, emission: Emission) {
    let target = &emission.target;
    let channel = target.channel.to_string();
    let now = scheduler.runtime.now();
    let body = Publish::of(target, now).encode();
    let to = Destination::Publish { channel: channel.clone() };
    let mut outgoing = Outgoing::json(to, format!("{}-{}", target.id, target.attempt), body);
    // Where it is in no span that the transport would write, the message carries on what came.
    if let Some(trace) = &target.trace
        && spans::of(&Span::current()).is_none()
    {
        outgoing = outgoing.header(spans::TRACEPARENT, trace.as_str());
    }
    // What the tiers carry by themselves comes of the ledger here: the attempt before.
    if let Some(follows) = &target.follows {
        outgoing = outgoing.header(spans::FOLLOWS, follows.as_str());
    }
    match scheduler.transport.publish(outgoing).await {
        Ok(()) => {
            metrics::counter!("oncepost_targets_emitted_total", "channel" => channel.clone(), "found" => emission.found.name())
                .increment(1);
            if emission.found == domain::State::Scheduled {
                // Confirmed by the broker: only now is it handed over.
                let handed = scheduler.runtime.now();
                let late = Duration::try_from(handed.duration_since(target.next_at.unwrap_or(now))).unwrap_or_default();
                metrics::histogram!("oncepost_emit_lateness_seconds", "channel" => channel).record(late.as_secs_f64());
            }
        }
        Err(error) => {
            metrics::counter!("oncepost_emit_failures_total", "channel" => channel).increment(1);
            tracing::warn!(error = &error as &dyn std::error::Error, target.id = %target.id, "not handed over; it stays due");
            give_back(scheduler, &emission, now).await;
        }
    }
}

/// A message that was not taken leaves its target due (M10).
async fn give_back(scheduler: &Scheduler, emission: &Emission, now: Timestamp) {
    let target = emission.target.id;
    // By the ledger's clock: ours may be minutes off.
    let now = scheduler.ledger.now().await.unwrap_or(now);
    let until = now.saturating_add(scheduler.options.poll).unwrap_or(Timestamp::MAX);
    if let Err(error) = scheduler.ledger.apply(target, Command::Postpone { until, carried: false, limit: None }).await {
        tracing::warn!(error = &error as &dyn std::error::Error, target.id = %target, "left to the sweep");
    }
}

/// How long until the next target has to be claimed after a claim that found so many, at most the poll interval. `now` is the
/// ledger's: by a clock of our own that is ahead of it, the next target would be due all the time.
async fn until_next(scheduler: &Scheduler, now: Timestamp, found: usize) -> Duration {
    let poll = scheduler.options.poll;
    match scheduler.ledger.next_wake().await {
        Ok(Some(at)) => {
            let claim_at = at.saturating_sub(scheduler.options.ahead).unwrap_or(at);
            let wait = Duration::try_from(claim_at.duration_since(now)).unwrap_or_default();
            // What was due and was not claimed is in other hands, or cannot be read here: asking at once gives the same.
            let least = if found == 0 && claim_at <= now { FULL_WAIT } else { Duration::from_millis(2) };
            wait.clamp(least.min(poll), poll)
        }
        Ok(None) | Err(_) => poll,
    }
}
