//! One seed, from the first request to the last word.

use std::time::Duration;

use domain::InvalidName;
use ledger::Ledger;

use crate::{
    channel::Defect,
    people,
    slot::{Role, Slot},
    stage::{Stage, Tally},
    stores,
    trace::Trace,
    witness::{Broken, Counts},
};

/// How long everything may take to come to rest once there are no more faults.
const LONGEST_REST: Duration = Duration::from_secs(10 * 24 * 3600);
/// How long after the last fault a step may not be overdue any more.
const RECOVERY: Duration = Duration::from_secs(1800);
/// How long dead letters and events may take once all is at rest.
const LAST_LETTERS: Duration = Duration::from_secs(3600);

/// What came of one seed.
#[derive(Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The mistake that was in it on purpose.
    pub defect: Option<Defect>,
    /// The first promise that was found broken.
    pub broken: Option<Broken>,
    /// What was counted.
    pub counts: Counts,
    /// Workers killed.
    pub workers_killed: u64,
    /// Schedulers killed.
    pub schedulers_killed: u64,
    /// How often Redis lost everything.
    pub redis_wipes: u64,
    /// How often the broker lost everything.
    pub broker_wipes: u64,
    /// The hash of everything that happened.
    pub hash: [u8; 32],
    /// How long it took by the virtual clock.
    pub virtual_time: Duration,
    /// Everything that happened, if it was kept.
    pub trace: Trace,
    /// The target to tell of, as it stood in the end: the one on which a promise was found broken. If none was and the trace was
    /// kept, the first that was published although its outcome was unknown for a while.
    pub target: Option<domain::Target>,
    /// What the platform shows of that target.
    pub shown: Vec<String>,
}

/// Runs `seed` on a virtual clock of its own. `keep`: keep the trace's lines for a story. `defect`: with this mistake in it.
///
/// # Errors
/// A planned name is not one, or there is no runtime to be had.
pub fn run(seed: u64, defect: Option<Defect>, keep: bool) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(play(seed, defect, keep)).map_err(|error| error.to_string())
}

async fn play(seed: u64, defect: Option<Defect>, keep: bool) -> Result<Outcome, InvalidName> {
    let stage = Stage::new(seed, defect, keep)?;
    let asked = open(&stage);
    let start = stage.runtime.uptime();
    watch(&stage, Duration::from_secs(60), stage.plan.troubled_for).await;
    stage.calm.cancel();
    stage.trace.line("world", None, || "no more faults from here on".into());
    if stage.witness.broken().is_none() {
        asked.await.map_or(Ok(()), |asked| asked)?;
        settle(&stage).await;
    }
    stage.over.cancel();
    Ok(outcome(&stage, stage.runtime.uptime() - start).await)
}

/// Starts everything. What is returned ends when everything has been asked for.
fn open(stage: &Stage) -> tokio::task::JoinHandle<Result<(), InvalidName>> {
    let (plan, runtime) = (&stage.plan, &stage.runtime);
    let workers = (1..=plan.workers).map(|n| (Role::Worker, format!("worker-{n}")));
    let schedulers = (1..=plan.schedulers).map(|n| (Role::Scheduler, format!("scheduler-{n}")));
    for (role, name) in workers.chain(schedulers) {
        let slot = Slot::new(stage, role, name);
        runtime.spawn(slot.clone().live());
        runtime.spawn(slot.suffer());
    }
    runtime.spawn(stores::redis(stage.clone()));
    runtime.spawn(stores::broker(stage.clone()));
    runtime.spawn(stores::ledger(stage.clone()));
    runtime.spawn(stores::platform(stage.clone()));
    let console = people::console(stage);
    runtime.spawn(console.clone().suffer());
    for number in 1..=2 {
        runtime.spawn(people::operator(stage.clone(), console.clone(), number));
    }
    runtime.spawn(people::upstream(stage.clone(), console))
}

/// Looks at everything every `step` for `span`, or until a promise is found broken.
async fn watch(stage: &Stage, step: Duration, span: Duration) {
    let until = stage.runtime.uptime() + span;
    while stage.runtime.uptime() < until && stage.witness.broken().is_none() {
        stage.runtime.sleep(step.min(until.saturating_sub(stage.runtime.uptime()))).await;
        stage.witness.check_all(stage.ledger.now().await.unwrap_or_default(), false);
    }
}

/// Waits until all is at rest and told, and has the last word.
async fn settle(stage: &Stage) {
    let calm_at = stage.runtime.uptime();
    let since = || stage.runtime.uptime() - calm_at;
    while since() < LONGEST_REST && stage.witness.broken().is_none() {
        let told = stage.ledger.untold(Duration::ZERO, 1).await.is_ok_and(|events| events.is_empty());
        if told && stage.witness.all_rest() {
            break;
        }
        let recovered = since() > RECOVERY;
        let step = if recovered { Duration::from_secs(600) } else { Duration::from_secs(30) };
        stage.runtime.sleep(step).await;
        stage.witness.check_all(stage.ledger.now().await.unwrap_or_default(), recovered);
    }
    let letters = Tally::of(&stage.tally.broker_wipes) == 0;
    let at_rest = stage.runtime.uptime();
    while letters && !stage.witness.has_letters() && stage.runtime.uptime() - at_rest < LAST_LETTERS {
        stage.runtime.sleep(Duration::from_secs(60)).await;
    }
    stage.witness.last_word(stage.ledger.now().await.unwrap_or_default(), letters).await;
}

async fn outcome(stage: &Stage, virtual_time: Duration) -> Outcome {
    let broken = stage.witness.broken();
    let told_of = match &broken {
        Some(broken) => Some(broken.target),
        None if stage.trace.keeps() => stage.witness.settled_and_published(),
        None => None,
    };
    let mut target = None;
    if let Some(told_of) = told_of {
        target = stage.ledger.target(told_of).await.ok().flatten().map(|view| view.target);
    }
    let mut shown = Vec::new();
    if let Some(target) = &target {
        stage.platform.shown_of(target.id, |part, id| shown.push(format!("part {part} as {id}")));
    }
    Outcome {
        seed: stage.seed,
        defect: stage.defect,
        broken,
        counts: stage.witness.counts(),
        workers_killed: Tally::of(&stage.tally.workers_killed),
        schedulers_killed: Tally::of(&stage.tally.schedulers_killed),
        redis_wipes: Tally::of(&stage.tally.redis_wipes),
        broker_wipes: Tally::of(&stage.tally.broker_wipes),
        hash: stage.trace.hash(),
        virtual_time,
        trace: stage.trace.clone(),
        target,
        shown,
    }
}
