//! The processes of a run. Each has a seat with a network of its own, which stays when its process is killed and another sits down.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use runtime::Step;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    ground,
    record::Record,
    web::{Strand, Web},
};
use crate::{
    Done,
    config::{self, Pace, Stores},
    stack::{Role, Running, Stack},
};

/// How soon a supervisor starts a process again that has ended by itself.
const SUPERVISED: Duration = Duration::from_millis(500);

/// A place for one process.
pub struct Seat {
    /// What sits here.
    pub role: Role,
    /// Its network.
    pub web: Web,
    config: PathBuf,
    /// Who sits here. Whoever holds the lock kills and starts.
    sitting: Mutex<Sitting>,
}

struct Sitting {
    running: Running,
    /// The process was started to abort itself.
    armed: bool,
}

impl Seat {
    /// A seat with proxies before `servers` and, for a worker, before the platforms; a process sits down at once.
    ///
    /// # Errors
    /// A proxy or the process cannot be started.
    pub fn new(
        stack: &Stack,
        role: Role,
        folder: &Path,
        servers: &Stores,
        platform: impl Fn(&'static str) -> String,
    ) -> Done<Self> {
        let mut addresses = vec![
            (Strand::RabbitMq, servers.broker.clone()),
            (Strand::Redis, servers.guard.clone()),
            (Strand::PostgreSql, servers.ledger.clone()),
        ];
        if role == Role::Worker {
            let platforms = Strand::ALL.into_iter().filter_map(|strand| match strand {
                Strand::Platform(channel) => Some((strand, platform(channel))),
                _ => None,
            });
            addresses.extend(platforms);
        }
        let web = Web::before(&addresses)?;
        // Who calls no platform needs no address that leads there.
        let url = |channel| web.url(Strand::Platform(channel)).unwrap_or_else(|_| platform(channel));
        std::fs::create_dir_all(folder)?;
        let config = config::write(folder, &web.stores(&servers.prefix)?, &ground::accounts(url), Pace::Brisk)?;
        let running = stack.launch(role, &config, &[])?;
        Ok(Self { role, web, config, sitting: Mutex::new(Sitting { running, armed: false }) })
    }

    /// SIGKILL, and another process after `down`.
    ///
    /// # Errors
    /// The process cannot be killed, or the next one not be started.
    pub async fn kill(&self, stack: &Stack, down: Duration, abort_at: Option<Step>, record: &Record) -> Done {
        let mut sitting = self.sitting.lock().await;
        // Who has just ended by itself cannot be killed any more: its successor is.
        while sitting.running.process.has_ended().is_some() {
            drop(sitting);
            tokio::time::sleep(SUPERVISED / 5).await;
            sitting = self.sitting.lock().await;
        }
        // A killed process takes its counters with it.
        record.look_at(&sitting.running).await;
        sitting.running.process.kill_now().await?;
        let killed = Timestamp::now();
        record.killed(self.role.command(), killed, killed);
        self.replace(&mut sitting, stack, down, abort_at).await
    }

    async fn replace(
        &self,
        sitting: &mut MutexGuard<'_, Sitting>,
        stack: &Stack,
        down: Duration,
        abort_at: Option<Step>,
    ) -> Done {
        tokio::time::sleep(down).await;
        let more: &[&str] = match &abort_at {
            Some(step) => &["--abort-at", step.name()],
            None => &[],
        };
        **sitting = Sitting { running: stack.launch(self.role, &self.config, more)?, armed: abort_at.is_some() };
        Ok(())
    }

    /// Starts a process again that has ended by itself because it was to. Whatever else ends one is a finding.
    ///
    /// # Errors
    /// The next process cannot be started.
    pub async fn supervise(&self, stack: &Stack, record: &Record) -> Done {
        let Ok(mut sitting) = self.sitting.try_lock() else { return Ok(()) };
        let Some(status) = sitting.running.process.has_ended() else { return Ok(()) };
        let now = Timestamp::now();
        if sitting.armed && status.code().is_none() {
            record.killed("worker_at_step", now, now);
        } else {
            record.fell(format!("{} ended by itself with {status}", sitting.running.log.display()));
        }
        self.replace(&mut sitting, stack, SUPERVISED, None).await
    }

    /// Reads the counters of who sits here.
    pub async fn look(&self, record: &Record) {
        record.look_at(&self.sitting.lock().await.running).await;
    }

    /// Asks who sits here to end, and waits.
    ///
    /// # Errors
    /// It does not drain in time.
    pub async fn close(self, limit: Duration) -> Done {
        self.sitting.into_inner().running.process.stop(limit).await
    }
}
