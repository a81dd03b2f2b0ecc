//! Chaos on the real thing: thousands of targets go out through several processes and real servers, while all of these are killed
//! and every connection between them is cut, refused, delayed and stalled; then the platforms count.

pub mod ground;
mod record;
pub mod recovery;
pub mod report;
mod seats;
mod strike;
pub mod timetable;
pub mod web;

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use broker::{Rabbit, RabbitSettings};
use jiff::Timestamp;
use runtime::Runtime;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    Done,
    campaign::Planned,
    config::Pace,
    faults::Platforms,
    feed::Feed,
    rest,
    shown::Shown,
    stack::{Role, Servers, Stack},
    tally::Tally,
};
use record::Record;
use report::{Found, Report};
use seats::Seat;
use timetable::Scale;

/// How long the processes have between being ready and the first post that is due.
const LEAD: Duration = Duration::from_secs(6);
/// How often ended processes are looked for.
const WATCH: Duration = Duration::from_millis(50);
/// How often progress is told.
const TELL: Duration = Duration::from_secs(10);
/// How long a process may take to drain in the end.
const DRAIN: Duration = Duration::from_secs(40);

/// A run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many posts, of two targets each.
    pub posts: usize,
    /// How many kills by SIGKILL.
    pub kills: usize,
    /// Over how many seconds posts are due and things go wrong.
    pub seconds: u64,
    /// What decides what goes wrong when.
    pub seed: u64,
    /// How long all may take to come to rest afterwards, in seconds.
    pub rest: u64,
    /// Schedulers.
    pub schedulers: usize,
    /// Workers.
    pub workers: usize,
    /// The webhook receivers that say they keep ids do not: the run must find duplicates. Shows that it can.
    pub forgetful: bool,
}

impl Options {
    /// The arguments of the command that repeats the run.
    pub fn arguments(&self) -> String {
        let Self { posts, kills, seconds, seed, rest, schedulers, workers, forgetful } = self;
        let more = if *forgetful { " --forgetful" } else { "" };
        format!(
            "--posts {posts} --kills {kills} --seconds {seconds} --seed {seed} --rest {rest} --schedulers {schedulers} --workers {workers}{more}"
        )
    }
}

/// Everything of a run that others are let loose on.
pub struct Chaos {
    stack: Stack,
    servers: Servers,
    /// One at a time may kill a server: RabbitMQ, Redis, PostgreSQL.
    busy: [Mutex<()>; 3],
    seats: Vec<Seat>,
    transport: Rabbit,
    record: Record,
}

/// Makes a run in `folder`, which holds the logs afterwards.
///
/// # Errors
/// The run itself could not be made; a broken promise is no error but in the report.
pub async fn run(options: &Options, folder: &Path) -> Done<Report> {
    let platforms = Platforms::start().await;
    let chaos = Arc::new(Chaos::start(options, folder, &platforms).await?);
    ground::misbehave(&platforms, options.seed);
    if options.forgetful {
        platforms.webhook.set(|knobs| knobs.keeps_ids = false);
    }
    let span = Duration::from_secs(options.seconds);
    let plan = ground::plan(options.posts, Timestamp::now() + LEAD, span.saturating_sub(LEAD));
    let scale = Scale { seed: options.seed, span, kills: options.kills };
    let began = Instant::now();
    let watching = chaos.clone();
    let supervisor = tokio::spawn(async move { watching.supervise().await });
    let telling = chaos.clone();
    let teller = tokio::spawn(async move { telling.tell(began).await });

    let feed = Feed::default();
    let patience = span + Duration::from_secs(options.rest);
    let fed = async {
        // What is not known by then was missed.
        let fed = tokio::time::timeout(patience, feed.run(&plan, &chaos.stack.api, &chaos.transport)).await;
        fed.unwrap_or(Ok(()))
    };
    tokio::try_join!(fed, strike::all(&chaos, timetable::draw(&scale)))?;
    for stage in platforms.stages() {
        stage.clear_cues();
    }
    println!("{:6.1} s  nothing goes wrong any more", began.elapsed().as_secs_f64());
    let at_rest = chaos.until_rest(Duration::from_secs(options.rest)).await;
    teller.abort();
    let found = chaos.found(&plan, &platforms, folder).await;
    supervisor.abort();
    // Their handles to the run go with them. Who supervised no longer has proven less than the report would say.
    drop(teller.await);
    match supervisor.await {
        Ok(ended) => ended?,
        Err(stopped) if stopped.is_cancelled() => {}
        Err(panicked) => return Err(panicked.into()),
    }
    if let Some(chaos) = Arc::into_inner(chaos) {
        chaos.stop().await?;
    }
    let sent_again = feed.again.load(Ordering::Relaxed);
    Ok(Report::new(options, found?, at_rest, sent_again, began.elapsed()))
}

impl Chaos {
    async fn start(options: &Options, folder: &Path, platforms: &Platforms) -> Done<Self> {
        let servers = Servers::start().await?;
        let stores = servers.stores();
        let accounts = ground::accounts(|channel| platforms.url(channel));
        let stack = Stack::over(folder, &stores, &accounts, Pace::Brisk).await?;
        let settings = RabbitSettings {
            prefix: stores.prefix.clone(),
            ..RabbitSettings::new(stores.broker.parse()?, "upstream", strike::CHANNELS.map(String::from).to_vec())
        };
        let transport = Rabbit::connect(&Runtime::system(), settings).await?;
        let roles = std::iter::repeat_n(Role::Scheduler, options.schedulers)
            .chain(std::iter::repeat_n(Role::Worker, options.workers))
            .chain([Role::Api]);
        let seat = |(n, role)| {
            Seat::new(&stack, role, &folder.join(format!("seat-{n}")), &stores, |channel| platforms.url(channel))
        };
        let seats = roles.enumerate().map(seat).collect::<Done<Vec<_>>>()?;
        stack.api.wait_ready(Duration::from_secs(60)).await?;
        Ok(Self { stack, servers, busy: Default::default(), seats, transport, record: Record::default() })
    }

    /// Starts again what has ended by itself, until it is told to stop.
    async fn supervise(&self) -> Done {
        loop {
            for seat in &self.seats {
                seat.supervise(&self.stack, &self.record).await?;
            }
            tokio::time::sleep(WATCH).await;
        }
    }

    /// Tells how far it is, until it is told to stop.
    async fn tell(&self, began: Instant) {
        loop {
            tokio::time::sleep(TELL).await;
            let seen = self.record.so_far();
            let (kills, network) = (seen.kills.len(), seen.network.values().sum::<usize>());
            let mut states = std::collections::BTreeMap::<String, u64>::new();
            match self.stack.api.counts().await {
                Ok(counts) => {
                    counts.into_values().flatten().for_each(|(state, n)| *states.entry(state).or_default() += n)
                }
                Err(_) => drop(states.insert("the API is away".into(), 0)),
            }
            println!("{:6.1} s  {kills} kills, {network} network faults  {states:?}", began.elapsed().as_secs_f64());
        }
    }

    /// Waits until every target rests; says whether it came to that within `limit`.
    async fn until_rest(&self, limit: Duration) -> bool {
        let give_up = Instant::now() + limit;
        while Instant::now() < give_up {
            let census = self.stack.api.get("/v1/census").await;
            // The API may be away: the last of its kills is not long ago.
            if let (Ok(census), Ok(counts)) = (census, self.stack.api.counts().await)
                && rest::moving(&counts, &census) == 0
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        false
    }

    /// Takes stock: the platforms, the API, the ledger's scan, the processes and their logs are asked.
    async fn found(&self, plan: &[Planned], platforms: &Platforms, folder: &Path) -> Done<Found> {
        for seat in &self.seats {
            seat.look(&self.record).await;
        }
        let census = self.stack.api.get("/v1/census").await?;
        let in_ledger = census["violations"].as_array().map_or(0, |found| found.len() as u64);
        let tally = Tally::take(&self.stack.api, plan, platforms).await?;
        let seen = self.record.so_far();
        let violations = seen.violations.max(record::logged_violations(folder)?) + in_ledger;
        let recover = recovery::by_kind(&seen.kills, &recovery::sights(plan, &Shown::on(platforms)));
        Ok(Found { tally, seen, recover, violations })
    }

    async fn stop(self) -> Done {
        let mut ended = Ok(());
        for closed in futures::future::join_all(self.seats.into_iter().map(|seat| seat.close(DRAIN))).await {
            ended = ended.and(closed);
        }
        broker::Transport::close(&self.transport).await;
        ended
    }
}
