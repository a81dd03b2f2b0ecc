//! A running oncepost: one process on embedded parts, or several on real servers.

use std::{
    net::TcpListener,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::Value;
use testkit::servers::{Kind, Server};

use crate::{
    Done,
    api::Api,
    config::{self, Account, Pace, Stores},
    process::{self, Process, Usage},
};

/// Where ports of processes are taken from.
const PORTS: Range<u16> = 12_000..20_000;

/// A running oncepost.
pub struct Stack {
    /// Its API.
    pub api: Api,
    /// The settings file.
    pub config: PathBuf,
    folder: PathBuf,
    processes: Vec<Running>,
    /// The servers under it; none when embedded, or when they are not its own.
    pub servers: Option<Servers>,
    /// Variables for processes that are started from now on, such as settings that differ.
    pub extra: Vec<(&'static str, String)>,
    ports: u16,
    started: AtomicU32,
}

/// A process of a stack.
pub struct Running {
    /// What it does.
    pub role: Role,
    /// The process.
    pub process: Process,
    /// Where its probes and metrics are.
    pub health: String,
    /// Its log.
    pub log: PathBuf,
}

impl Running {
    /// Waits until it is ready.
    ///
    /// # Errors
    /// It is not within `limit`.
    pub async fn until_ready(&self, limit: Duration) -> Done {
        self.until(limit, |status, _| status == 200).await
    }

    /// Waits until what `/readyz` answers, status and body, is as it should be.
    ///
    /// # Errors
    /// It is not within `limit`.
    pub async fn until(&self, limit: Duration, holds: impl Fn(u16, &Value) -> bool) -> Done {
        let give_up = tokio::time::Instant::now() + limit;
        loop {
            let seen = match reqwest::get(format!("{}/readyz", self.health)).await {
                Ok(answer) => (answer.status().as_u16(), answer.json().await.unwrap_or_default()),
                Err(_) => (0, Value::Null),
            };
            if holds(seen.0, &seen.1) {
                return Ok(());
            }
            if tokio::time::Instant::now() > give_up {
                let (status, told) = seen;
                return Err(format!("a {} says after {limit:?}: {status} {told}", self.role.command()).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Private servers of a run.
pub struct Servers {
    /// The broker.
    pub rabbit: Server,
    /// The guard.
    pub redis: Server,
    /// The ledger.
    pub postgres: Server,
}

impl Servers {
    /// Starts them, to be thrown away: a power cut would lose what they have confirmed.
    ///
    /// # Errors
    /// One does not come up.
    pub async fn start() -> Done<Self> {
        let (rabbit, redis, postgres) =
            tokio::try_join!(Server::start(Kind::RabbitMq), Server::start(Kind::Redis), Server::start(Kind::Postgres))?;
        Ok(Self { rabbit, redis, postgres })
    }

    /// Starts them as they are in production: what they have confirmed is on the disk.
    ///
    /// # Errors
    /// One does not come up.
    pub async fn start_durable() -> Done<Self> {
        let (rabbit, redis, postgres) = tokio::try_join!(
            Server::start_durable(Kind::RabbitMq),
            Server::start_durable(Kind::Redis),
            Server::start_durable(Kind::Postgres)
        )?;
        Ok(Self { rabbit, redis, postgres })
    }

    /// The broker, the guard and the ledger.
    pub fn all(&self) -> [&Server; 3] {
        [&self.rabbit, &self.redis, &self.postgres]
    }

    /// Where they are.
    pub fn stores(&self) -> Stores {
        Stores {
            ledger: self.postgres.url().into(),
            broker: self.rabbit.url().into(),
            guard: self.redis.url().into(),
            prefix: config::PREFIX.into(),
        }
    }
}

/// What a process of the stack does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything, embedded.
    Dev,
    /// A scheduler.
    Scheduler,
    /// A worker for all channels.
    Worker,
    /// The API.
    Api,
    /// What looks after the accounts.
    Keeper,
    /// What tells others.
    Notifier,
}

impl Role {
    /// Its subcommand.
    pub fn command(self) -> &'static str {
        match self {
            Role::Dev => "dev",
            Role::Scheduler => "scheduler",
            Role::Worker => "worker",
            Role::Api => "api",
            Role::Keeper => "keeper",
            Role::Notifier => "notifier",
        }
    }
}

impl Stack {
    /// One process with a SQLite file in `folder`.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn embedded(folder: &Path, accounts: &[Account], pace: Pace) -> Done<Self> {
        let mut stack = Self::new(folder, &Stores::embedded(folder), accounts, pace, None)?;
        stack.start(Role::Dev)?;
        stack.api.wait_ready(Duration::from_secs(30)).await?;
        Ok(stack)
    }

    /// `workers` workers, two schedulers and an API as processes over servers of its own.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn real(folder: &Path, servers: Servers, accounts: &[Account], pace: Pace, workers: usize) -> Done<Self> {
        let mut stack = Self::on(folder, servers, accounts, pace).await?;
        stack.staff(2, workers).await?;
        Ok(stack)
    }

    /// Settings and a migrated ledger on servers of its own; no process runs yet.
    ///
    /// # Errors
    /// The ledger cannot be migrated.
    pub async fn on(folder: &Path, servers: Servers, accounts: &[Account], pace: Pace) -> Done<Self> {
        let mut stack = Self::over(folder, &servers.stores(), accounts, pace).await?;
        stack.servers = Some(servers);
        Ok(stack)
    }

    /// Settings and a migrated ledger over servers that are there; no process runs yet.
    ///
    /// # Errors
    /// The ledger cannot be migrated.
    pub async fn over(folder: &Path, stores: &Stores, accounts: &[Account], pace: Pace) -> Done<Self> {
        let stack = Self::new(folder, stores, accounts, pace, None)?;
        let config = stack.config.to_string_lossy();
        let migrated = process::run(&["migrate", "--config", &config], &[], "", Duration::from_secs(60)).await?;
        if migrated.code == Some(0) { Ok(stack) } else { Err(format!("migrate failed: {}", migrated.err).into()) }
    }

    /// Starts an API, schedulers and workers, and waits until they are ready.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn staff(&mut self, schedulers: usize, workers: usize) -> Done {
        self.start(Role::Api)?;
        for _ in 0..schedulers {
            self.start(Role::Scheduler)?;
        }
        for _ in 0..workers {
            self.start(Role::Worker)?;
        }
        self.api.wait_ready(Duration::from_secs(60)).await?;
        // The API does without the broker; queues are there once a scheduler and a worker are ready.
        for one in &self.processes {
            one.until_ready(Duration::from_secs(60)).await?;
        }
        Ok(())
    }

    fn new(folder: &Path, stores: &Stores, accounts: &[Account], pace: Pace, servers: Option<Servers>) -> Done<Self> {
        let config = config::write(folder, stores, accounts, pace)?;
        let ports = free_port()?;
        let api = Api::new(format!("http://127.0.0.1:{ports}"), config::TOKEN);
        Ok(Self {
            api,
            config,
            folder: folder.into(),
            processes: Vec::new(),
            servers,
            extra: Vec::new(),
            ports,
            started: AtomicU32::new(0),
        })
    }

    /// Starts one more process.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&mut self, role: Role) -> Done {
        let running = self.launch(role, &self.config, &[])?;
        self.processes.push(running);
        Ok(())
    }

    /// Starts a process with settings of its own and these further arguments, and hands it over: the stack does not know it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn launch(&self, role: Role, config: &Path, more: &[&str]) -> Done<Running> {
        let number = self.started.fetch_add(1, Ordering::Relaxed) + 1;
        let health = format!("127.0.0.1:{}", free_port()?);
        let own = [
            ("ONCEPOST__API__LISTEN", format!("127.0.0.1:{}", self.ports)),
            ("ONCEPOST__HEALTH__LISTEN", health.clone()),
        ];
        let extra: Vec<_> = own.into_iter().chain(self.extra.iter().cloned()).collect();
        let name = format!("{}-{number}", role.command());
        let arguments: Vec<_> = std::iter::once(role.command()).chain(more.iter().copied()).collect();
        let process = Process::start(&name, &arguments, config, &extra, &self.folder)?;
        let log = self.folder.join(format!("{name}.log"));
        Ok(Running { role, process, health: format!("http://{health}"), log })
    }

    /// What runs.
    pub fn processes(&self) -> &[Running] {
        &self.processes
    }

    /// Hands over the first process of this role; the stack does not know it any more.
    ///
    /// # Errors
    /// There is none.
    pub fn take(&mut self, role: Role) -> Done<Running> {
        let at = self.processes.iter().position(|one| one.role == role).ok_or("no such process")?;
        Ok(self.processes.remove(at))
    }

    /// Hands over every process; the stack knows none any more.
    pub fn take_all(&mut self) -> Vec<Running> {
        std::mem::take(&mut self.processes)
    }

    /// What has ended by itself, and how.
    pub fn fallen(&mut self) -> Vec<String> {
        let ended = self.processes.iter_mut().filter_map(|one| {
            let status = one.process.has_ended()?;
            Some(format!("{} ended by itself with {status}", one.log.display()))
        });
        ended.collect()
    }

    /// Kills (SIGKILL) the first process of this role and starts another in its place.
    ///
    /// # Errors
    /// There is none, or the new one cannot be started.
    pub async fn kill_and_replace(&mut self, role: Role) -> Done {
        self.take(role)?.process.kill().await?;
        self.start(role)
    }

    /// What all processes of a role have used.
    pub fn usage(&self, role: Role) -> Usage {
        let all = self.processes.iter().filter(|one| one.role == role).map(|one| one.process.usage());
        all.fold(Usage::default(), |sum, one| sum + one)
    }

    /// The sum of a metric over all processes, by the value of its label `by`; histograms are read by their buckets.
    ///
    /// # Errors
    /// A process does not show its metrics.
    pub async fn metric(&self, name: &str, by: &str) -> Done<std::collections::BTreeMap<String, f64>> {
        let mut sums = std::collections::BTreeMap::new();
        for running in &self.processes {
            let page = reqwest::get(format!("{}/metrics", running.health)).await?.text().await?;
            for line in page.lines().filter(|line| line.starts_with(&format!("{name}{{"))) {
                let label = line.split(&format!("{by}=\"")).nth(1).and_then(|rest| rest.split('"').next());
                let value = line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
                if let (Some(label), Some(value)) = (label, value) {
                    *sums.entry(label.to_owned()).or_default() += value;
                }
            }
        }
        Ok(sums)
    }

    /// The sum of a counter without labels over all processes that count it.
    ///
    /// # Errors
    /// A process does not show its metrics.
    pub async fn total(&self, name: &str) -> Done<f64> {
        let mut sum = 0.0;
        for running in &self.processes {
            let page = reqwest::get(format!("{}/metrics", running.health)).await?.text().await?;
            let values =
                page.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
            sum += values.sum::<f64>();
        }
        Ok(sum)
    }

    /// Ends every process in order, then the servers.
    ///
    /// # Errors
    /// A process did not drain.
    pub async fn stop(self) -> Done {
        let mut ended = Ok(());
        for one in self.processes {
            ended = ended.and(one.process.stop(Duration::from_secs(30)).await);
        }
        ended
    }
}

/// A port that is free now and that this process gives out once. Below the kernel's range for outgoing connections, so that none of
/// these takes it before it is listened on, and below that of `deploy/local/server.sh`.
///
/// # Errors
/// There is none.
pub fn free_port() -> Done<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    // Processes begin far apart; two that meet all the same see each other's ports taken, or fail to listen.
    let first = std::process::id().wrapping_mul(677);
    let candidates = (0..PORTS.len()).map(|_| first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)));
    let mut ports = candidates.filter_map(|n| PORTS.clone().nth(n as usize % PORTS.len()));
    ports.find(free).ok_or_else(|| "no port is free".into())
}
