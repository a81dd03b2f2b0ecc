//! What is measured: a whole oncepost, a platform that answers at once and one that takes its time.

use std::{
    path::Path,
    time::{Duration, Instant as Stopwatch},
};

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{ceiling::Ceilings, figure::at};
use crate::{
    Done,
    campaign::TENANT,
    config::{Account, Pace},
    instant::Instant,
    process::Usage,
    stack::{Role, Servers, Stack},
};

/// How many accounts posts go to, in turn, on each platform.
const ACCOUNTS: usize = 20;
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
}

/// Posts a worker sends at once, as the settings have it.
pub(super) const IN_FLIGHT: usize = 200;

/// A running oncepost, and where it sends to.
pub struct Ground {
    /// What it runs on.
    pub parts: Parts,
    /// How much of everything.
    pub options: Options,
    pub(super) stack: Stack,
    pub(super) fast: Platform,
    pub(super) slow: Platform,
    made: usize,
}

/// A platform, and the first letter of its accounts.
pub(super) struct Platform {
    pub instant: Instant,
    pub url: String,
    letter: char,
}

impl Platform {
    async fn start(delay: Duration, letter: char) -> Done<Self> {
        let instant = Instant::with_delay(delay);
        let url = instant.start().await?;
        Ok(Self { instant, url, letter })
    }

    fn accounts(&self) -> impl Iterator<Item = Account> + use<'_> {
        (0..ACCOUNTS).map(move |n| Account {
            tenant: TENANT,
            channel: "webhook",
            id: format!("{}{n}", self.letter),
            base_url: format!("{}/{n}", self.url),
            secrets: vec![("signing_secret", testkit::Webhook::SECRET.to_owned())],
            settings: vec![],
        })
    }

    fn message(&self, n: usize, due: Timestamp) -> Value {
        json!({
            "version": 1,
            "idempotency_key": format!("bench-{n}"),
            "tenant": TENANT,
            "content": { "text": format!("Benchmark post number {n}. {}", "It says about as much as posts do. ".repeat(4)) },
            "publish_at": due.to_string(),
            "targets": [{ "channel": "webhook", "account": format!("{}{}", self.letter, n % ACCOUNTS) }],
        })
    }

    /// Waits until `count` posts have arrived.
    pub async fn wait_for(&self, count: usize, limit: Duration) -> Done {
        let watch = Stopwatch::now();
        while self.instant.posts() < count {
            if watch.elapsed() > limit {
                return Err(format!("only {} of {count} were out after {limit:?}", self.instant.posts()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// How long after `due` each post arrived, in milliseconds, sorted.
    pub fn lateness(&self, due: Timestamp) -> Vec<f64> {
        let arrivals = self.instant.arrivals();
        let mut late: Vec<_> =
            arrivals.iter().map(|arrival| arrival.first.duration_since(due).as_millis_f64()).collect();
        late.sort_by(f64::total_cmp);
        late
    }
}

impl Ground {
    /// Starts everything; servers keep what they confirm, as in production.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn start(parts: Parts, options: &Options, folder: &Path) -> Done<Self> {
        let fast = Platform::start(Duration::ZERO, 'a').await?;
        let slow = Platform::start(options.delay, 'b').await?;
        let accounts: Vec<_> = fast.accounts().chain(slow.accounts()).collect();
        let stack = match parts {
            Parts::Embedded => Stack::embedded(folder, &accounts, Pace::Production).await?,
            Parts::Real => {
                let servers = Servers::start_durable().await?;
                Stack::real(folder, servers, &accounts, Pace::Production, options.workers).await?
            }
        };
        Ok(Self { parts, options: options.clone(), stack, fast, slow, made: 0 })
    }

    /// What each part takes at most. oncepost has nothing to do meanwhile.
    ///
    /// # Errors
    /// A raw client is not built, or fails.
    pub async fn ceilings(&self) -> Done<Ceilings> {
        let ceilings = Ceilings::measure(self.stack.servers.as_ref(), &self.fast.url).await?;
        self.fast.instant.clear();
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
    pub(super) fn messages(&mut self, count: usize, due: Timestamp, slow: bool) -> Vec<Value> {
        let first = self.made;
        self.made += count;
        let platform = if slow { &self.slow } else { &self.fast };
        (first..self.made).map(|n| platform.message(n, due)).collect()
    }

    /// How many posts there are so far.
    pub(super) fn made(&self) -> usize {
        self.made
    }

    /// Schedules `count` posts of one target for `due` in batches; returns the seconds that it took to have all of them accepted.
    pub(super) async fn schedule(&mut self, count: usize, due: Timestamp, slow: bool) -> Done<f64> {
        let (size, at_once) = BATCH;
        let mut took = Duration::ZERO;
        let mut left = count;
        while left > 0 {
            let messages = self.messages(left.min(size * at_once), due, slow);
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
