//! A running oncepost: one process on embedded parts, or several on real servers.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use testkit::servers::{Kind, Server};

use crate::{
    Done,
    api::Api,
    config::{self, Account, Pace, Stores},
    process::Process,
};

/// A running oncepost.
pub struct Stack {
    /// Its API.
    pub api: Api,
    /// The settings file.
    pub config: PathBuf,
    folder: PathBuf,
    processes: Vec<(Role, Process)>,
    /// The servers under it; none when embedded.
    pub servers: Option<Servers>,
    ports: u16,
    started: u32,
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

/// What a process of the stack does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, embedded.
    Dev,
    /// A scheduler.
    Scheduler,
    /// A worker for all channels.
    Worker,
    /// The API.
    Api,
}

impl Role {
    fn command(self) -> &'static str {
        match self {
            Role::Dev => "dev",
            Role::Scheduler => "scheduler",
            Role::Worker => "worker",
            Role::Api => "api",
        }
    }
}

impl Stack {
    /// One process with a SQLite file in `folder`.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn embedded(folder: &Path, accounts: &[Account], pace: Pace) -> Done<Self> {
        let stores = Stores {
            ledger: format!("sqlite://{}", folder.join("oncepost.db").display()),
            broker: "memory".into(),
            guard: "memory".into(),
        };
        let mut stack = Self::new(folder, &stores, accounts, pace, None)?;
        stack.start(Role::Dev)?;
        stack.api.wait_ready(Duration::from_secs(30)).await?;
        Ok(stack)
    }

    /// RabbitMQ, Redis and PostgreSQL of its own, and `workers` workers, two schedulers and an API as processes.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn real(folder: &Path, accounts: &[Account], pace: Pace, workers: usize) -> Done<Self> {
        let (rabbit, redis, postgres) =
            tokio::try_join!(Server::start(Kind::RabbitMq), Server::start(Kind::Redis), Server::start(Kind::Postgres))?;
        let stores = Stores { ledger: postgres.url().into(), broker: rabbit.url().into(), guard: redis.url().into() };
        let servers = Servers { rabbit, redis, postgres };
        let mut stack = Self::new(folder, &stores, accounts, pace, Some(servers))?;
        let migrated = tokio::process::Command::new(crate::process::binary()?)
            .args(["migrate", "--config"])
            .arg(&stack.config)
            .output()
            .await?;
        if !migrated.status.success() {
            return Err(format!("migrate failed: {}", String::from_utf8_lossy(&migrated.stderr)).into());
        }
        for role in [Role::Scheduler, Role::Scheduler, Role::Api] {
            stack.start(role)?;
        }
        for _ in 0..workers {
            stack.start(Role::Worker)?;
        }
        stack.api.wait_ready(Duration::from_secs(60)).await?;
        Ok(stack)
    }

    fn new(folder: &Path, stores: &Stores, accounts: &[Account], pace: Pace, servers: Option<Servers>) -> Done<Self> {
        let config = config::write(folder, stores, accounts, pace)?;
        let ports = free_port()?;
        let api = Api::new(format!("http://127.0.0.1:{ports}"), config::TOKEN);
        Ok(Self { api, config, folder: folder.into(), processes: Vec::new(), servers, ports, started: 0 })
    }

    /// Starts one more process.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&mut self, role: Role) -> Done {
        self.started += 1;
        let extra = [
            ("ONCEPOST__API__LISTEN", format!("127.0.0.1:{}", self.ports)),
            ("ONCEPOST__HEALTH__LISTEN", format!("127.0.0.1:{}", free_port()?)),
        ];
        let name = format!("{}-{}", role.command(), self.started);
        let process = Process::start(&name, &[role.command()], &self.config, &extra, &self.folder)?;
        self.processes.push((role, process));
        Ok(())
    }

    /// Kills (SIGKILL) the first process of this role and starts another in its place.
    ///
    /// # Errors
    /// There is none, or the new one cannot be started.
    pub async fn kill_and_replace(&mut self, role: Role) -> Done {
        let at = self.processes.iter().position(|(one, _)| *one == role).ok_or("no such process to kill")?;
        self.processes.remove(at).1.kill().await?;
        self.start(role)
    }

    /// Resident KiB and processor seconds of all processes of a role.
    pub fn usage(&self, role: Role) -> (u64, f64) {
        let all = self.processes.iter().filter(|(one, _)| *one == role).map(|(_, process)| process.usage());
        all.fold((0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Ends every process in order, then the servers.
    ///
    /// # Errors
    /// A process did not drain.
    pub async fn stop(self) -> Done {
        let mut ended = Ok(());
        for (_, process) in self.processes {
            ended = ended.and(process.stop(Duration::from_secs(30)).await);
        }
        ended
    }
}

/// A port that is free now.
///
/// # Errors
/// There is none.
pub fn free_port() -> Done<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
