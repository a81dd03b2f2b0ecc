//! Every metric: name, unit, labels and what it tells. Nothing is recorded that is not listed here.

use metrics::Unit;

/// A metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Its name.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// What it counts in.
    pub unit: Unit,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
    /// The upper bounds of a histogram's buckets.
    pub buckets: &'static [f64],
}

/// The kinds of metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

/// From a few milliseconds to the hours after an outage.
const LATE: &[f64] =
    &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0];
/// One attempt: up to its limit.
const CALL: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];
/// A round trip to a store.
const TRIP: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0];

/// How many at once.
const MANY: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

macro_rules! names {
    ($($constant:ident = $kind:ident $name:literal $labels:tt in $unit:ident $(by $buckets:ident)?: $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+

        /// All of them.
        pub const ALL: &[Name] = &[$(Name {
            name: $constant,
            kind: Kind::$kind,
            unit: Unit::$unit,
            labels: &$labels,
            help: $help,
            buckets: names!(@buckets $($buckets)?),
        }),+];
    };
    (@buckets) => { &[] };
    (@buckets $buckets:ident) => { $buckets };
}

names! {
    TARGETS = Gauge "oncepost_targets" ["channel", "state"] in Count: "Targets in each state";
    LISTED = Gauge "oncepost_listed_targets" [] in Count: "Targets that wait for a person";
    IN_DOUBT = Gauge "oncepost_in_doubt_targets" [] in Count: "Targets whose outcome is not known yet";
    OLDEST_DUE = Gauge "oncepost_oldest_due_seconds" [] in Seconds: "When the oldest target that still waits to be sent was due (Unix time); 0 if none is past its time";
    OLDEST_IN_DOUBT = Gauge "oncepost_oldest_in_doubt_seconds" [] in Seconds: "When the oldest target whose outcome is not known was due (Unix time); 0 if there is none";
    OVERDUE = Gauge "oncepost_overdue_targets" [] in Count: "Targets whose next step is overdue";
    ATTEMPTS = Counter "oncepost_attempts_total" ["channel", "kind"] in Count: "Attempts that were begun, by kind";
    FAILURES = Counter "oncepost_failures_total" ["channel", "outcome", "code"] in Count: "Attempts that failed, by what came of them and the failure's code";
    OUTCOMES = Counter "oncepost_outcomes_total" ["channel", "outcome"] in Count: "Attempts by what came of them";
    LATENESS = Histogram "oncepost_lateness_seconds" ["channel"] in Seconds by LATE: "How late targets were published";
    PUBLISH_DURATION = Histogram "oncepost_publish_duration_seconds" ["channel"] in Seconds by CALL: "How long attempts took";
    INVARIANT_VIOLATIONS = Counter "oncepost_invariant_violations_total" ["invariant"] in Count: "Promises found broken; any is a bug";

    SCHEDULE_ACCEPTED = Counter "oncepost_schedule_accepted_total" [] in Count: "Schedule requests accepted from the broker";
    SCHEDULE_REPEATED = Counter "oncepost_schedule_repeated_total" [] in Count: "Schedule requests that had been accepted before";
    SCHEDULE_REFUSED = Counter "oncepost_schedule_refused_total" [] in Count: "Schedule requests refused with a reason";
    EMITTED = Counter "oncepost_targets_emitted_total" ["channel", "found"] in Count: "Targets handed to the broker, by the state they were found in";
    EMIT_FAILURES = Counter "oncepost_emit_failures_total" ["channel"] in Count: "Targets that the broker did not take; they stay due";
    EMIT_LATENESS = Histogram "oncepost_emit_lateness_seconds" ["channel"] in Seconds by LATE: "How late due targets were handed to the broker";
    PACED = Counter "oncepost_scheduler_paced_total" [] in Count: "Late targets put off so that they go out in a drip";
    LAST_TICK = Gauge "oncepost_scheduler_last_tick_seconds" [] in Seconds: "When a scheduler last looked for due targets (Unix time)";
    SCHEDULER_BROKER_WAITS = Counter "oncepost_scheduler_broker_waits_total" [] in Count: "Rounds in which the scheduler waited for the broker";
    SCHEDULER_LEDGER_WAITS = Counter "oncepost_scheduler_ledger_waits_total" [] in Count: "Rounds in which the scheduler waited for the ledger";
    SWEEP_FINDINGS = Counter "oncepost_sweep_findings_total" ["kind"] in Count: "What the sweep found and mended";
    WORK_QUEUE = Gauge "oncepost_work_queue_messages" ["channel"] in Count: "Messages that wait in a work queue; those in workers' hands are not among them";
    RETRY_QUEUE = Gauge "oncepost_retry_queue_messages" ["tier"] in Count: "Messages that wait in a retry queue";
    SCHEDULE_QUEUE = Gauge "oncepost_schedule_queue_messages" [] in Count: "Schedule requests that wait to be read";
    UNROUTED = Gauge "oncepost_unrouted_messages" [] in Count: "Messages that no queue took";
    DEAD_LETTERS = Gauge "oncepost_dead_letters" ["channel"] in Count: "Dead letters in the queue";
    DEAD_LETTERS_DRIFT = Gauge "oncepost_dead_letters_drift" ["channel"] in Count: "Dead letters too many or too few, held against what needs a person";
    DEAD_LETTERS_FOREIGN = Gauge "oncepost_dead_letters_foreign" ["channel"] in Count: "Dead letters of no target of the ledger; only a person removes them";
    DEAD_LETTERS_REMOVED = Counter "oncepost_dead_letters_removed_total" ["channel"] in Count: "Dead letters taken out because they were settled, superseded or discarded";
    DEAD_LETTERS_RESTORED = Counter "oncepost_dead_letters_restored_total" ["channel"] in Count: "Dead letters written anew because they were missing";
    DEAD_LETTERS_LOOKS = Counter "oncepost_dead_letters_looks_total" ["outcome"] in Count: "Looks through a queue of dead letters: whole, partial, busy or failed";
    EVENTS_LEFT = Counter "oncepost_events_left_to_sweep_total" [] in Count: "Events that could not be told at once";

    BAD_MESSAGES = Counter "oncepost_worker_bad_messages_total" ["channel"] in Count: "Messages that could not be read";
    NEWER_MESSAGES = Counter "oncepost_worker_newer_messages_total" ["channel"] in Count: "Messages of a newer version sent round until a worker that knows them takes them";
    UNREADABLE_TARGETS = Counter "oncepost_worker_unreadable_targets_total" [] in Count: "Messages left to a version that can read their target";
    IN_HAND = Gauge "oncepost_worker_messages_in_hand" ["channel"] in Count: "Messages that a worker has taken and not settled";
    WORKER_LEDGER_WAITS = Counter "oncepost_worker_ledger_waits_total" [] in Count: "Waits of workers for the ledger";
    RATE_WAITS = Counter "oncepost_worker_rate_waits_total" ["channel"] in Count: "Targets put off by a rate limit; they cost no attempt";
    UNGUARDED = Counter "oncepost_worker_unguarded_total" [] in Count: "Attempts made without the dedupe lock because the guard was away";

    RENEWALS = Counter "oncepost_renewals_total" ["channel", "outcome"] in Count: "Renewals of tokens: renewed, refused, or unknown";
    ACCOUNTS = Gauge "oncepost_accounts" ["channel", "state"] in Count: "Accounts by how they are";

    FORECAST_TARGETS = Gauge "oncepost_forecast_targets" ["verdict", "reason"] in Count: "Targets of the next 24 hours that will fail or are at risk, by why; one with several reasons counts for each";
    FORECAST_LEFT_OUT = Gauge "oncepost_forecast_targets_not_looked_at" [] in Count: "Targets of the next 24 hours that the forecast did not look at, because there are too many";
    FORECAST_LAST_LOOK = Gauge "oncepost_forecast_last_look_seconds" [] in Seconds: "When the forecast last looked (Unix time)";

    API_SLOWED = Counter "oncepost_api_slowed_total" ["reason"] in Count: "Calls of the API answered with 429: wrong_token, no_token, or token for one that called too often";
    AUDITED = Counter "oncepost_audited_accounts_total" ["channel", "outcome"] in Count: "Accounts whose platform was compared with the ledger: looked, failed, or cannot_tell";
    INCIDENTS_FOUND = Counter "oncepost_incidents_found_total" ["kind"] in Count: "Incidents that were new when they were found";
    INCIDENTS_OPEN = Gauge "oncepost_incidents_open" ["kind"] in Count: "Incidents that wait for a person";
    HOOK_ATTEMPTS = Counter "oncepost_hook_attempts_total" ["outcome"] in Count: "Attempts to send an event to a hook: delivered, failed (tried again) or given up";
    ALERTS_FAILED = Counter "oncepost_alerts_failed_total" ["way"] in Count: "Alerts that could not be delivered; each is tried again in a minute";

    HEARTBEATS_FAILED = Counter "oncepost_heartbeats_failed_total" [] in Count: "Times that the ledger did not note that a process lives; tried again after 15 s";

    API_CHANGES = Counter "oncepost_api_changes_total" ["action"] in Count: "What callers of the API changed";
    CONSOLE_LOGINS = Counter "oncepost_console_logins_total" ["outcome"] in Count: "Logins to the console: done; refused, for an unknown token or because no rule fits; or failed, for the provider";

    BROKER_PUBLISHED = Counter "oncepost_broker_published_total" ["to", "outcome"] in Count: "Messages published, by kind and outcome";
    BROKER_CONFIRM = Histogram "oncepost_broker_confirm_seconds" [] in Seconds by TRIP: "How long the broker took to confirm";
    BROKER_CONNECTED = Gauge "oncepost_broker_connected" ["role"] in Count: "Whether the broker is connected";
    BROKER_RECONNECTS = Counter "oncepost_broker_reconnects_total" ["role"] in Count: "Connections to the broker that were replaced";
    BROKER_CONSUMER_RESTARTS = Counter "oncepost_broker_consumer_restarts_total" ["why"] in Count: "Consumers that were started again";
    BROKER_SETTLED = Counter "oncepost_broker_settled_total" ["outcome"] in Count: "Messages settled";

    LEDGER_BATCH = Histogram "oncepost_ledger_batch_size" [] in Count by MANY: "Commands that one transaction of the ledger carried";
    LEDGER_UNREADABLE = Gauge "oncepost_ledger_unreadable_targets" [] in Count: "Due targets that this version cannot read; a newer one wrote them, or nobody";
    LEDGER_LEFT_OUT = Counter "oncepost_ledger_rows_left_out_total" [] in Count: "Rows left out of lists because this version cannot read them";
    SPANS = Counter "oncepost_spans_total" ["outcome"] in Count: "Spans of traces that are kept: ended, sent to the collector, or failed to be; what ended and is neither was dropped, because the collector was too slow";
    GUARD_ERRORS = Counter "oncepost_guard_errors_total" ["operation"] in Count: "Questions that the guard did not answer; the ledger decides";
}

/// Tells the recorder what each metric means.
pub fn describe_all() {
    for Name { name, kind, unit, help, .. } in ALL {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *unit, *help),
            Kind::Gauge => metrics::describe_gauge!(*name, *unit, *help),
            Kind::Histogram => metrics::describe_histogram!(*name, *unit, *help),
        }
    }
}
