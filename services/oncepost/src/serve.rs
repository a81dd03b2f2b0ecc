//! Runs services until the process is asked to end, then drains them.

use std::{sync::Arc, time::Duration};

use channels::Foreign;
use console::{Console, ConsoleOptions};
use domain::WorkerName;
use forecast::Forecast;
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use keeper::{Auditor, AuditorOptions, AuditorParts, Keeper, KeeperOptions, Outlook, OutlookOptions, Pruner};
use ledger::LedgerError;
use letters::Letters;
use notifier::{AlertOptions, AlertParts, Alerts, Notifier, NotifierOptions};
use scheduler::{Scheduler, SchedulerOptions};
use settings::Settings;
use telemetry::{Checks, Health};
use uuid::Uuid;
use worker::{Ports, Worker, WorkerOptions};

use crate::{
    alerts,
    compose::{self, Parts, enabled, outside},
    failure::Failure,
    heart::{Heart, Identity},
    http,
    signals::Signals,
};

/// How much longer than one attempt a drain may take.
const DRAIN_MARGIN: Duration = Duration::from_secs(15);

/// Which services a process runs.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// Take schedule requests, hand over what is due, sweep.
    pub scheduler: bool,
    /// Work for these channels. Empty with `worker`: for all that are switched on.
    pub worker: Option<Vec<String>>,
    /// Serve the HTTP API.
    pub api: bool,
    /// Look after the accounts.
    pub keeper: bool,
    /// Send events to hooks.
    pub notifier: bool,
}

impl Services {
    /// What the process does, for whoever asks who is there.
    fn roles(&self) -> Vec<&'static str> {
        let all = [
            ("scheduler", self.scheduler),
            ("worker", self.worker.is_some()),
            ("api", self.api),
            ("keeper", self.keeper),
            ("notifier", self.notifier),
        ];
        all.into_iter().filter(|(_, does)| *does).map(|(role, _)| role).collect()
    }

    /// Whether they are nothing without the broker. What else may lie in it, the ledger has as well.
    pub fn needs_broker(&self) -> bool {
        self.scheduler || self.worker.is_some()
    }

    /// By which command a process with these is started.
    pub fn command(&self) -> &'static str {
        match self.roles()[..] {
            [role] => role,
            _ => "dev",
        }
    }
}

/// Runs `services` until a signal asks to end, then drains; tells in `health` how far it is. `id` is the process's own.
///
/// # Errors
/// A service cannot be begun with these settings, or ends by itself.
pub async fn serve(
    settings: &Settings,
    parts: Parts,
    services: Services,
    id: Uuid,
    health: &Health,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let runtime = parts.runtime.clone();
    let stop = runtime.stop();
    let mut running: FuturesUnordered<futures::future::BoxFuture<'static, Result<(), Failure>>> =
        FuturesUnordered::new();
    if services.scheduler {
        let scheduler = scheduler(settings, &parts);
        running.push(Box::pin(async move {
            scheduler.run().await.map_err(|error| Failure::of("run the scheduler", error))
        }));
    }
    if let Some(channels) = &services.worker {
        let worker = worker(settings, &parts, channels)?;
        running.push(Box::pin(async move { worker.run().await.map_err(|error| Failure::of("run the worker", error)) }));
    }
    if services.api {
        let console = console(settings, &parts)?;
        console::check_exposure(settings.api.listen, &console.options)
            .map_err(|error| Failure::of("open the API", error))?;
        let listener = http::listen(settings.api.listen, "api.listen").await?;
        let jobs = console.clone();
        running.push(Box::pin(async move {
            let name = process_name("api");
            futures::join!(jobs.carry_on_jobs(&name), jobs.tend_assignments());
            Ok(())
        }));
        tracing::info!(address = %settings.api.listen, "the API listens");
        let served = http::serve(listener, console.router(), runtime.clone(), stop.clone());
        running.push(Box::pin(served.map(Ok)));
    }
    if services.keeper {
        let keeper = keeper(settings, &parts);
        let outlook = Outlook::new(parts.runtime.clone(), forecast(&parts), OutlookOptions::default());
        let auditor = auditor(settings, &parts);
        let keep_for = settings.keeper.keep_for;
        let pruner = Pruner::new(parts.runtime.clone(), parts.jobs.clone(), parts.notes.clone(), keep_for);
        running.push(Box::pin(async move {
            futures::join!(keeper.run(), outlook.run(), auditor.run(), pruner.run());
            Ok(())
        }));
    }
    if services.notifier {
        let notifier = notifier(settings, &parts)?;
        let alerts = alerts(settings, &parts)?;
        running.push(Box::pin(async move {
            let alerts = async {
                if let Some(alerts) = alerts {
                    alerts.run().await;
                }
            };
            futures::join!(notifier.run(), alerts);
            Ok(())
        }));
    }
    if services.api && services.scheduler {
        // One process with everything: somebody sits before it.
        let (api, health) = (settings.api.listen, settings.health.listen);
        crate::complain(&format!("oncepost: console and API on http://{api}, probes and metrics on http://{health}"));
    }
    let heart = heart(settings, &parts, &services, id);
    health.runs(checks(&parts, &services));
    let ended = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "asked to end: draining");
            Ok(())
        }
        ended = running.next() => ended.unwrap_or(Ok(())).and(Err(Failure::new("go on", "a service ended by itself"))),
    };
    health.drains();
    stop.cancel();
    let drained: Vec<Result<(), Failure>> = running.collect().await;
    heart.end().await;
    // Spawned helpers of the services end with the stop signal; the stores are closed after them.
    let limit = settings.protocol.attempt_limit + DRAIN_MARGIN;
    if runtime.within(limit, runtime.stopped()).await.is_none() {
        tracing::warn!("some tasks did not end in time; what they held will be settled by others");
    }
    parts.transport.close().await;
    tracing::info!("drained");
    drained.into_iter().fold(ended, Result::and)
}

/// What says in the ledger that this process lives: the same for every service.
fn heart(settings: &Settings, parts: &Parts, services: &Services, id: Uuid) -> Heart {
    let channels = services.worker.as_deref().map(|channels| served(settings, parts, channels)).unwrap_or_default();
    let identity = Identity {
        id,
        name: process_name(services.command()),
        service: services.command().into(),
        host: host(),
        roles: services.roles().into_iter().map(str::to_owned).collect(),
        channels: channels.into_iter().filter_map(|name| name.parse().ok()).collect(),
    };
    let Parts { runtime, processes, transport, guard, found, .. } = parts.clone();
    Heart::start(&runtime, processes, transport, guard, identity, found)
}

/// The channels that a worker works for.
fn served(settings: &Settings, parts: &Parts, channels: &[String]) -> Vec<String> {
    if channels.is_empty() { enabled(settings, &parts.channels) } else { channels.to_vec() }
}

fn scheduler(settings: &Settings, parts: &Parts) -> Scheduler {
    let options = SchedulerOptions {
        ahead: settings.protocol.emit_ahead,
        outstanding_per_channel: settings.protocol.outstanding_per_channel,
        ..SchedulerOptions::default()
    };
    Scheduler::new(
        parts.runtime.clone(),
        parts.ledger.clone(),
        parts.transport.clone(),
        parts.accounts.clone(),
        parts.intake.clone(),
        options,
    )
    .sweeping(parts.media.clone(), settings.media.keep_for)
    .tending(letters(settings, parts))
    .measuring(enabled(settings, &parts.channels))
}

/// The dead letters of the channels that are switched on.
fn letters(settings: &Settings, parts: &Parts) -> Letters {
    let channels = enabled(settings, &parts.channels).into_iter().filter_map(|name| name.parse().ok()).collect();
    Letters::new(parts.runtime.clone(), parts.ledger.clone(), parts.transport.clone(), channels)
}

fn worker(settings: &Settings, parts: &Parts, channels: &[String]) -> Result<Worker, Failure> {
    let channels = served(settings, parts, channels);
    let name = process_name("worker");
    let options = WorkerOptions {
        name: WorkerName::new(name).map_err(|error| Failure::of("name the worker", error))?,
        channels,
        prefetch: settings.broker.prefetch,
        lock_ttl: settings.protocol.lock_ttl,
        // A successor may come only when the lock and the lease have ended, and then needs the hint.
        hint_ttl: settings.protocol.lock_ttl * 4,
        drain_limit: settings.protocol.attempt_limit + DRAIN_MARGIN,
    };
    let ports = Ports {
        ledger: parts.ledger.clone(),
        transport: parts.transport.clone(),
        guard: parts.guard.clone(),
        channels: parts.channels.clone(),
        accounts: parts.accounts.clone(),
    };
    Ok(Worker::new(parts.runtime.clone(), ports, options))
}

fn keeper(settings: &Settings, parts: &Parts) -> Keeper {
    let options = KeeperOptions { drip: settings.resume.account_gap, ..KeeperOptions::default() };
    let Parts { runtime, ledger, guard, vault, .. } = parts.clone();
    if !vault.can_seal() {
        tracing::warn!("vault.keys names no key: no token is renewed, and no account can be connected");
    }
    Keeper::new(runtime, ledger, guard, vault, options)
}

fn auditor(settings: &Settings, parts: &Parts) -> Auditor {
    let Parts { runtime, ledger, guard, accounts, incidents, audit, .. } = parts.clone();
    let options = AuditorOptions { every: settings.keeper.audit_every, ..AuditorOptions::default() };
    Auditor::new(AuditorParts { runtime, ledger, guard, accounts, incidents, audit }, options)
}

fn notifier(settings: &Settings, parts: &Parts) -> Result<Notifier, Failure> {
    let Parts { runtime, deliveries, vault, .. } = parts.clone();
    let outside = Foreign::new(&outside(settings), runtime.clone());
    let outside = outside.map_err(|error| Failure::of("make the HTTP client for hooks", error))?;
    Ok(Notifier::new(runtime, deliveries, vault, outside, NotifierOptions::default()))
}

/// What tells people of groups of failures, if the settings say whom.
fn alerts(settings: &Settings, parts: &Parts) -> Result<Option<Alerts>, Failure> {
    let Parts { runtime, ledger, causes, history, processes, accounts, channels, vault, .. } = parts.clone();
    let ways = alerts::ways(settings, &runtime)?;
    let usual = AlertOptions::new(settings.api.public_url.clone());
    let options = AlertOptions { old_after: settings.alerts.old_after, ..usual };
    let parts = AlertParts { ledger, causes, history, processes, records: vault.store.clone(), accounts, channels };
    Ok((!ways.is_empty()).then(|| Alerts::new(runtime, parts, ways, options)))
}

/// What looks ahead, by what the other services see.
fn forecast(parts: &Parts) -> Forecast {
    let Parts { runtime, ledger, vault, media, .. } = parts.clone();
    Forecast::new(runtime, ledger, vault, media, forecast::Options::default())
}

fn console(settings: &Settings, parts: &Parts) -> Result<Console, Failure> {
    let sign_on = compose::sign_on(settings, &parts.runtime)?;
    let outbox = outbox::Outbox::start(&parts.runtime, parts.ledger.clone(), parts.transport.clone());
    let found = parts.found.clone();
    Ok(Console::new(console::Parts {
        found: Arc::new(move || found.borrow().clone()),
        runtime: parts.runtime.clone(),
        ledger: parts.ledger.clone(),
        audit_log: parts.audit_log.clone(),
        history: parts.history.clone(),
        causes: parts.causes.clone(),
        jobs: parts.jobs.clone(),
        notes: parts.notes.clone(),
        assignments: parts.assignments.clone(),
        deliveries: parts.deliveries.clone(),
        processes: parts.processes.clone(),
        transport: parts.transport.clone(),
        intake: parts.intake.clone(),
        accounts: parts.accounts.clone(),
        channels: parts.channels.clone(),
        vault: parts.vault.clone(),
        forecast: forecast(parts),
        audit: parts.audit.clone(),
        outside: parts.outside.clone(),
        incidents: parts.incidents.clone(),
        outbox,
        options: ConsoleOptions {
            tokens: settings.api.tokens.iter().filter_map(console::Token::of).collect(),
            sign_on: sign_on.map(Arc::new),
            rate: settings.api.rate,
            anonymous_rate: settings.api.anonymous_rate,
            trusted_proxies: settings.api.trusted_proxies.clone(),
            resume_drip: settings.resume.account_gap,
            public_url: settings.api.public_url.clone(),
            hooks: outside(settings),
            ..ConsoleOptions::default()
        },
    }))
}

/// What readiness asks: real round trips. The guard is not asked: without it oncepost is slower, not wrong. Whoever serves people is ready
/// also while the ledger's history is in question: the screens say what to do.
fn checks(parts: &Parts, services: &Services) -> Checks {
    let (ledger, transport) = (parts.ledger.clone(), parts.transport.clone());
    let serves_people = services.api;
    let checks = Checks::default().needs("ledger", move || {
        let ledger = ledger.clone();
        async move {
            match ledger.ping().await {
                Err(LedgerError::Restored) if serves_people => Ok(()),
                answer => answer.map_err(|error| error.to_string()),
            }
        }
    });
    let broker = move || {
        let transport = Arc::clone(&transport);
        async move {
            let status = transport.status();
            match status.last_error {
                // A ping would wait for the next connection.
                Some(error) if !status.connected => Err(error.to_string()),
                _ => transport.ping().await.map_err(|error| error.to_string()),
            }
        }
    };
    if services.needs_broker() { checks.needs("broker", broker) } else { checks.shows("broker", broker) }
}

/// A name for this process, for attempts, logs and the broker's list of connections.
pub fn process_name(service: &str) -> String {
    format!("{service}@{}:{}", host(), std::process::id())
}

/// The machine or pod that this process runs on.
fn host() -> String {
    let host = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host: String =
        host.unwrap_or_default().trim().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(80).collect();
    if host.is_empty() { "host".into() } else { host }
}
