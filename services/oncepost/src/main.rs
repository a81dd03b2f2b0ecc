//! The binary: one subcommand per service, `dev` with all of them in one process, and the operator's commands.

mod alerts;
mod cli;
mod compose;
mod doctor;
mod failure;
mod heart;
mod http;
mod patience;
mod probes;
mod restored;
mod serve;
mod signals;
mod stores;
mod switch;
mod token;
mod vault;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use compose::Parts;
use failure::Failure;
use patience::Patience;
use probes::Probes;
use runtime::{CrashPoints, Runtime, Step};
use serve::Services;
use settings::{LogFormat, NeededAccounts, Needs, Settings};
use signals::Signals;
use stores::Migrate;
use telemetry::Health;

/// The system's allocator takes a quarter more of a worker's time: docs/PERFORMANCE.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Every scheduled post goes out once on every target, or you can see why it has not.
#[derive(Parser)]
#[command(name = "oncepost", version, max_term_width = 100)]
struct Arguments {
    /// The settings file (TOML, YAML or JSON). Variables ONCEPOST__SECTION__KEY override it.
    #[arg(long, global = true, env = "ONCEPOST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    client: cli::ClientOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything in one process on embedded parts (SQLite file, no servers): for development and small installations
    Dev,
    /// Take schedule requests, hand over what is due, sweep
    Scheduler,
    /// Publish: take the work of some channels and carry it out
    Worker {
        /// A channel to work for; may be given several times. Without it: all channels that are switched on.
        #[arg(long, value_name = "NAME")]
        channel: Vec<String>,
        /// For drills: the process aborts itself, as if killed, when it first reaches this step of the protocol.
        #[arg(long, hide = true, value_name = "STEP", value_parser = step)]
        abort_at: Option<Step>,
    },
    /// Serve the HTTP API
    Api,
    /// Look after the accounts: renew tokens ahead of their end, ask platforms how accounts are
    Keeper,
    /// Tell others: send events to hooks, signed, and try again for three days
    Notifier,
    /// What seals credentials
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// Whether people can be told of failures
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
    /// Tokens of the API
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Print the API's description: an OpenAPI 3.1 document
    Openapi,
    /// Bring the ledger's schema up to date
    Migrate,
    /// After the ledger was restored to an earlier time: mark what may have gone out since, so that it is looked for before it is sent
    Restored(restored::RestoredArgs),
    /// Check settings, connections, topology, schema and clock, and say what to do
    Doctor,
    #[command(flatten)]
    Client(cli::ClientCommand),
}

fn main() -> ExitCode {
    // The TLS library needs to know its cryptography before the first connection.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        complain("the TLS provider was installed twice");
    }
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> ExitCode {
    let Arguments { config, client, command } = arguments;
    let command = match command {
        Command::Client(command) => return cli::run(command, &client, config.as_deref()).await,
        command => command,
    };
    // These need no settings: keys and tokens are made before there are settings that name them.
    match command {
        Command::Vault(vault::VaultCommand::Key) => {
            say(&::vault::Keys::make(&Runtime::system()));
            return ExitCode::SUCCESS;
        }
        Command::Token(command) => return ended(token::run(command)),
        Command::Openapi => {
            say(&format!("{:#}", console::openapi()));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let settings = match Settings::load_for(config.as_deref(), std::env::vars(), &needs(&command)) {
        Ok(settings) => settings,
        Err(problems) => {
            complain("the settings cannot be used:");
            for problem in problems {
                complain(&format!("  {problem}"));
            }
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Doctor => {
            let findings = doctor::examine(&settings, &Runtime::system()).await;
            return if doctor::print(&findings, client.json) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Command::Alerts(command) => return alerts::run(command, &settings, client.json).await,
        Command::Restored(args) => return restored::run(&args, &settings, client.json).await,
        Command::Migrate => migrate(&settings).await,
        Command::Dev => {
            service(
                &settings,
                "dev",
                CrashPoints::none(),
                Services { scheduler: true, worker: Some(Vec::new()), api: true, keeper: true, notifier: true },
            )
            .await
        }
        Command::Scheduler => {
            shared(&settings, "scheduler", CrashPoints::none(), Services { scheduler: true, ..Services::default() })
                .await
        }
        Command::Worker { channel, abort_at } => {
            let crash = abort_at.map_or_else(CrashPoints::none, CrashPoints::abort_at);
            shared(&settings, "worker", crash, Services { worker: Some(channel), ..Services::default() }).await
        }
        Command::Api => {
            shared(&settings, "api", CrashPoints::none(), Services { api: true, ..Services::default() }).await
        }
        Command::Keeper => {
            shared(&settings, "keeper", CrashPoints::none(), Services { keeper: true, ..Services::default() }).await
        }
        Command::Notifier => {
            shared(&settings, "notifier", CrashPoints::none(), Services { notifier: true, ..Services::default() }).await
        }
        Command::Vault(command) => vault::run(command, &settings).await,
        Command::Token(_) | Command::Openapi | Command::Client(_) => Ok(()),
    };
    ended(done)
}

/// Which secrets a command opens.
fn needs(command: &Command) -> Needs {
    let accounts = NeededAccounts::All;
    match command {
        Command::Scheduler | Command::Migrate => Needs::none(),
        Command::Worker { channel, .. } => {
            let accounts = if channel.is_empty() { accounts } else { NeededAccounts::On(channel.clone()) };
            Needs { accounts, apps: true, vault: true, ..Needs::none() }
        }
        Command::Api => Needs { alerts: false, ..Needs::all() },
        Command::Keeper => Needs { accounts, apps: true, vault: true, ..Needs::none() },
        Command::Notifier => Needs { vault: true, alerts: true, ..Needs::none() },
        Command::Alerts(_) => Needs { alerts: true, ..Needs::none() },
        Command::Vault(_) | Command::Restored(_) => Needs { vault: true, ..Needs::none() },
        Command::Dev | Command::Doctor | Command::Token(_) | Command::Openapi | Command::Client(_) => Needs::all(),
    }
}

fn ended(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&format!("oncepost: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// A step of the protocol by its name.
fn step(name: &str) -> Result<Step, String> {
    let names = || Step::ALL.map(Step::name).join(", ");
    Step::ALL.into_iter().find(|step| step.name() == name).ok_or_else(|| format!("the steps are {}", names()))
}

async fn migrate(settings: &Settings) -> Result<(), Failure> {
    stores::ledger(settings, &Runtime::system(), Migrate::Yes).await?;
    say("the ledger's schema is up to date");
    Ok(())
}

/// Runs one service of several processes: its stores must be ones that processes can share.
async fn shared(
    settings: &Settings,
    name: &'static str,
    crash: CrashPoints,
    services: Services,
) -> Result<(), Failure> {
    let problems = settings.problems_for_many_processes();
    if !problems.is_empty() {
        let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
        return Err(Failure::new("start a single service", list.join("\n  and ")));
    }
    service(settings, name, crash, services).await
}

async fn service(
    settings: &Settings,
    name: &'static str,
    crash: CrashPoints,
    services: Services,
) -> Result<(), Failure> {
    let runtime = Runtime::system().with_crash_points(crash);
    let id = runtime.id();
    let options = telemetry::Options {
        log: settings.telemetry.log.clone(),
        format: match settings.telemetry.format {
            LogFormat::Json => telemetry::Format::Json,
            LogFormat::Text => telemetry::Format::Text,
        },
        otlp_endpoint: settings.telemetry.otlp_endpoint.as_ref().map(ToString::to_string),
        instance: Some(id.to_string()),
        sample_ratio: settings.telemetry.sample_ratio,
    };
    let telemetry = telemetry::init(&format!("oncepost-{name}"), &options)
        .map_err(|error| Failure::of("set up telemetry", error))?;
    outbox::unbroken();
    for warning in settings.warnings() {
        tracing::warn!(%warning, "settings");
    }
    let mut signals = Signals::listen()?;
    let health = Health::new(name).metrics(telemetry.metrics());
    let probes = Probes::open(settings.health.listen, health.clone()).await?;
    let ended = tokio::select! {
        biased;
        signal = signals.next() => {
            tracing::info!(signal, "asked to end before it had begun");
            Ok(())
        }
        started = start(settings, runtime, &services, &health) => match started {
            Ok(parts) => serve::serve(settings, parts, services, id, &health, &mut signals).await,
            Err(failure) => Err(failure),
        },
    };
    probes.close().await;
    if let Err(error) = telemetry.shutdown() {
        complain(&format!("the last traces were not delivered: {error}"));
    }
    ended
}

/// Connects what `services` are made of; waits for what is away.
async fn start(settings: &Settings, runtime: Runtime, services: &Services, health: &Health) -> Result<Parts, Failure> {
    let patience = Patience::new(&runtime, health);
    let process = serve::process_name(services.command());
    let parts = Parts::connect(settings, runtime.clone(), &process, services.needs_broker(), &patience).await?;
    if services.scheduler {
        patience.until("ledger", async || switch::follow(settings, &parts).await).await?;
    }
    Ok(parts)
}

/// Prints a line for the caller. A closed pipe is no reason to fail.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line about trouble.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
