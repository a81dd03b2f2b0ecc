//! Drills on real processes: they are asked to end, replaced, added and started without their stores while posts go out; then the
//! platforms count, and every attempt is looked at: none may have been cut off.

mod acts;
mod report;

use std::{path::Path, time::Duration};

use broker::{Rabbit, RabbitSettings};
use clap::ValueEnum;
use jiff::Timestamp;
use runtime::Runtime;
use testkit::Cue;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    Done,
    api::Api,
    campaign::Planned,
    chaos::ground,
    config::Pace,
    faults::Platforms,
    feed::Feed,
    rest,
    stack::{Role, Running, Servers, Stack},
    tally::Tally,
};

pub use report::Report;

/// How long the processes have between being ready and the first post that is due.
const LEAD: Duration = Duration::from_secs(6);
/// How long a platform takes to answer a publish: whenever a process is asked to end, something is under way.
const SLOW: Duration = Duration::from_millis(800);
/// How long a process may take to end: the longest attempt at this pace, and the drain's margin.
const GRACE: Duration = Duration::from_secs(45);
/// How long a process may take to be ready.
const UP: Duration = Duration::from_secs(60);
/// How often is looked whether it is time.
const BEAT: Duration = Duration::from_millis(50);
/// How many workers there are at the most.
const MANY_WORKERS: usize = 8;

/// What is done to the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Act {
    /// The only worker is asked to end in mid-publish; another one goes on.
    Drain,
    /// Every process is replaced, one after the other: the new one first, as Kubernetes does it.
    Roll,
    /// One worker, then eight, then one.
    Scale,
    /// Everything is stopped, and started while RabbitMQ is away; then the same with PostgreSQL.
    Start,
}

impl Act {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Act::Drain => "drain",
            Act::Roll => "roll",
            Act::Scale => "scale",
            Act::Start => "start",
        }
    }
}

/// A drill.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What is done.
    pub act: Act,
    /// How many posts, of two targets each.
    pub posts: usize,
    /// Over how many seconds they are due.
    pub seconds: u64,
    /// How long all may take to come to rest afterwards, in seconds.
    pub rest: u64,
}

/// Makes a drill in `folder`, which holds the logs afterwards.
///
/// # Errors
/// The drill itself could not be made; a broken promise is no error but in the report.
pub async fn run(options: &Options, folder: &Path) -> Done<Report> {
    let platforms = Platforms::start().await;
    for stage in platforms.stages() {
        stage.cue(Cue::default().slow_after(SLOW).always());
    }
    let accounts = ground::accounts(|channel| platforms.url(channel));
    let mut stack = Stack::on(folder, Servers::start().await?, &accounts, Pace::Steady).await?;
    stack.extra.push(("ONCEPOST__TELEMETRY__LOG", "info".into()));
    let (schedulers, workers) = if options.act == Act::Roll { (2, 3) } else { (1, 1) };
    stack.staff(schedulers, workers).await?;
    stack.start(Role::Keeper)?;
    stack.start(Role::Notifier)?;
    let upstream = upstream(&stack).await?;

    let began = Instant::now();
    let api = stack.api.clone();
    let (more, asked) = oneshot::channel();
    let mut ground =
        Ground { stack: &mut stack, platforms: &platforms, options, seen: Seen::default(), more: Some(more) };
    let feed = feed(options, &api, &upstream, asked);
    let (fed, acted) = tokio::join!(feed, acts::act(&mut ground));
    let plan = fed?;
    let mut seen = ground.seen;
    if let Err(trouble) = acted {
        seen.troubles.push(trouble.to_string());
    }
    let at_rest = until_rest(&stack, Duration::from_secs(options.rest)).await;
    let tally = Tally::take(&stack.api, &plan, &platforms).await?;
    seen.troubles.extend(stack.fallen());
    broker::Transport::close(&upstream).await;
    stack.stop().await?;
    Ok(Report::new(options, &tally, seen, at_rest, began.elapsed()))
}

/// Schedules one half of the posts at once and the other when it is asked for, so that there is load however long the act takes to come to
/// it. Returns all of them; what is not known in time was missed.
async fn feed(options: &Options, api: &Api, upstream: &Rabbit, asked: oneshot::Receiver<()>) -> Done<Vec<Planned>> {
    let span = Duration::from_secs(options.seconds);
    let patience = span + Duration::from_secs(options.rest);
    let half = options.posts / 2;
    let wave = async |plan: Vec<Planned>| {
        let feed = Feed::default();
        tokio::time::timeout(patience, feed.run(&plan, api, upstream)).await.unwrap_or(Ok(()))?;
        Done::Ok(plan)
    };
    let mut first = ground::plan(options.posts, Timestamp::now() + LEAD, span);
    first.truncate(half);
    let second = async {
        // Each act asks at its end at the latest.
        let _ = asked.await;
        wave(ground::plan(options.posts, Timestamp::now() + LEAD - span / 2, span).split_off(half)).await
    };
    let (mut plan, second) = tokio::try_join!(wave(first), second)?;
    plan.extend(second);
    Ok(plan)
}

/// What acts are let loose on.
struct Ground<'a> {
    stack: &'a mut Stack,
    platforms: &'a Platforms,
    options: &'a Options,
    seen: Seen,
    /// Asks for the second half of the posts.
    more: Option<oneshot::Sender<()>>,
}

/// What was seen besides posts.
#[derive(Debug, Default)]
struct Seen {
    /// Processes that were asked to end and did.
    ended: usize,
    /// Calls that the platforms were answering when a worker was asked to end, summed up.
    in_flight: usize,
    /// The longest that a process took to end.
    longest_drain: Duration,
    /// What should not have happened.
    troubles: Vec<String>,
}

impl Ground<'_> {
    /// Lets the second half of the posts come.
    fn more(&mut self) {
        if let Some(more) = self.more.take() {
            // Nobody listens any more once feeding has failed, which is told there.
            let _ = more.send(());
        }
    }

    /// Waits until the platforms show so many for each post of the drill; all in all it is two and more.
    async fn until_out(&self, share: f64) -> Done {
        let wanted = (self.options.posts as f64 * share).ceil() as usize;
        let shown = || self.platforms.stages().iter().map(|stage| stage.posts().len()).sum::<usize>();
        let patience = Duration::from_secs(self.options.seconds + self.options.rest);
        until(patience, || format!("{wanted} posts to be out; there are {}", shown()), async || shown() >= wanted).await
    }

    /// Calls that the platforms are answering.
    fn in_flight(&self) -> usize {
        let calls = self.platforms.stages().into_iter().flat_map(|stage| stage.publish_calls());
        calls.filter(|call| call.did == "working").count()
    }

    /// Waits until a platform is in the middle of answering.
    async fn until_in_flight(&self) -> Done {
        until(UP, || "a call to be under way".into(), async || self.in_flight() > 0).await
    }

    /// Asks a process to end (SIGTERM) and waits until it has.
    async fn end(&mut self, one: Running) -> Done {
        self.end_all(vec![one]).await
    }

    /// Asks processes to end at the same time, and waits until all have.
    async fn end_all(&mut self, all: Vec<Running>) -> Done {
        let began = Instant::now();
        if all.iter().any(|one| one.role == Role::Worker) {
            self.seen.in_flight += self.in_flight();
        }
        for one in &all {
            one.process.ask_to_end().await?;
        }
        for one in all {
            one.process.ended(GRACE).await?;
            self.seen.ended += 1;
            self.seen.longest_drain = self.seen.longest_drain.max(began.elapsed());
        }
        Ok(())
    }
}

/// A way for messages that belongs to no process of the stack.
async fn upstream(stack: &Stack) -> Done<Rabbit> {
    let servers = stack.servers.as_ref().ok_or("the stack has no servers of its own")?;
    let channels = ground::KINDS.iter().map(|kind| kind.channel.to_owned()).collect();
    let settings = RabbitSettings::new(servers.rabbit.url().parse()?, "upstream", channels);
    Ok(Rabbit::connect(&Runtime::system(), settings).await?)
}

/// Waits until every target rests; says whether it came to that.
async fn until_rest(stack: &Stack, limit: Duration) -> bool {
    let rests = async || match (stack.api.get("/v1/census").await, stack.api.counts().await) {
        (Ok(census), Ok(counts)) => rest::moving(&counts, &census) == 0,
        _ => false,
    };
    until(limit, String::new, rests).await.is_ok()
}

/// Waits until `holds`.
///
/// # Errors
/// It does not within `limit`; `what` did not come.
async fn until(limit: Duration, what: impl Fn() -> String, mut holds: impl AsyncFnMut() -> bool) -> Done {
    let began = Instant::now();
    while !holds().await {
        if began.elapsed() > limit {
            return Err(format!("waited {limit:?} in vain for {}", what()).into());
        }
        tokio::time::sleep(BEAT).await;
    }
    Ok(())
}
