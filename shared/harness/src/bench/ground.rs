//! What is measured: a whole oncepost.

use std::{
    path::Path,
    time::{Duration, Instant as Stopwatch},
};

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::{ceiling::Ceilings, figure::at, platform::Platform};
use crate::{
    Done,
    config::Pace,
    process::Usage,
    stack::{Role, Servers, Stack},
};

/// How many posts are in a batch, and how many batches are under way at once.
const BATCH: (usize, usize) = (500, 4);

/// What oncepost runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// One process, a SQLite file.
    Embedded,
    /// RabbitMQ, Redis and PostgreSQL, and a process for each service.
    Real,
}

impl Parts {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Parts::Embedded => "embedded",
            Parts::Real => "real",
        }
    }
}

/// How much of everything.
#[derive(Debug, Clone)]
pub struct Options {
    /// Targets of a throughput run.
    pub targets: usize,
    /// Targets of a run against the platform that takes its time.
    pub slow_targets: usize,
    /// How long that platform takes.
    pub delay: Duration,
    /// Workers of the real stack.
    pub workers: usize,
    /// Its schedulers.
    pub schedulers: usize,
}

/// Posts a worker sends at once, as the settings have it.
pub(super) const IN_FLIGHT: usize = 200;

/// A running oncepost.
pub struct Ground {
    /// What it runs on.
    pub parts: Parts,
    /// How much of everything.
    pub options: Options,
    pub(super) stack: Stack,
    made: usize,
}

impl Ground {
    /// Starts everything that sends to these platforms; servers keep what they confirm, as in production.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn start(parts: Parts, options: &Options, folder: &Path, platforms: &[&Platform]) -> Done<Self> {
        let accounts: Vec<_> = platforms.iter().flat_map(|platform| platform.accounts()).collect();
        let stack = match parts {
            Parts::Embedded => Stack::embedded(folder, &accounts, Pace::Production).await?,
            Parts::Real => {
                let mut stack = Stack::on(folder, Servers::start_durable().await?, &accounts, Pace::Production).await?;
                stack.staff(options.schedulers, options.workers).await?;
                stack
            }
        };
        Ok(Self { parts, options: options.clone(), stack, made: 0 })
    }

    /// What each part takes at most. oncepost has nothing to do meanwhile.
    ///
    /// # Errors
    /// A raw client is not built, or fails.
    pub async fn ceilings(&self, platform: &Platform) -> Done<Ceilings> {
        let ceilings = Ceilings::measure(self.stack.servers.as_ref(), &platform.url).await?;
        platform.instant.clear();
        Ok(ceilings)
    }

    /// Ends everything.
    ///
    /// # Errors
    /// A process did not drain.
    pub async fn stop(self) -> Done {
        self.stack.stop().await
    }

    /// What each process has used so far, by what it does.
    pub(super) fn usage(&self) -> Vec<(Role, Usage)> {
        let roles: &[Role] = match self.parts {
            Parts::Embedded => &[Role::Dev],
            Parts::Real => &[Role::Scheduler, Role::Worker, Role::Api],
        };
        roles.iter().map(|role| (*role, self.stack.usage(*role))).collect()
    }

    /// How many processes send.
    pub(super) fn senders(&self) -> usize {
        if self.parts == Parts::Embedded { 1 } else { self.options.workers }
    }

    /// `count` schedule messages for `due`, each with a key of its own.
    pub(super) fn messages(&mut self, count: usize, due: Timestamp, platform: &Platform) -> Vec<Value> {
        let first = self.made;
        self.made += count;
        (first..self.made).map(|n| platform.message(n, due)).collect()
    }

    /// How many posts there are so far.
    pub(super) fn made(&self) -> usize {
        self.made
    }

    /// Schedules `count` posts of one target for `due` in batches; returns the seconds that it took to have all of them accepted.
    pub(super) async fn schedule(&mut self, count: usize, due: Timestamp, platform: &Platform) -> Done<f64> {
        let (size, at_once) = BATCH;
        let mut took = Duration::ZERO;
        let mut left = count;
        while left > 0 {
            let messages = self.messages(left.min(size * at_once), due, platform);
            left -= messages.len();
            let batches: Vec<Value> = messages.chunks(size).map(|batch| batch.to_vec().into()).collect();
            let api = &self.stack.api;
            // Making them up is not oncepost's time.
            let watch = Stopwatch::now();
            let answers =
                futures::future::join_all(batches.iter().map(|batch| api.post("/v1/posts:batch", batch))).await;
            took += watch.elapsed();
            for answer in answers {
                let (status, answer) = answer?;
                if !status.is_success() {
                    return Err(format!("a batch was refused with {status}: {answer}").into());
                }
            }
        }
        Ok(took.as_secs_f64())
    }

    /// When posts are due that are scheduled now, so that all of them are accepted before.
    pub(super) fn soon(&self, count: usize) -> Done<Timestamp> {
        let seconds = 5 + i64::try_from(count / 1_500)?;
        Ok(Timestamp::now().checked_add(seconds.seconds())?)
    }
}

/// Waits until that moment.
pub(super) async fn wait_until(when: Timestamp) {
    let wait = Duration::try_from(when.duration_since(Timestamp::now())).unwrap_or_default();
    tokio::time::sleep(wait).await;
}

/// The value at this share of what is sorted; nothing of nothing.
pub(super) fn share(sorted: &[f64], share: f64) -> Done<f64> {
    at(sorted, share).ok_or_else(|| "nothing has arrived".into())
}
