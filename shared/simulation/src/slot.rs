//! A place where one process lives, dies and is started again, with its own clock and its own ways to the stores.

use std::{sync::Arc, time::Duration};

use domain::InvalidName;
use runtime::{CrashPoints, Runtime, SeededRandom, Step, Stop};
use scheduler::SchedulerOptions;
use worker::Ports;

use crate::{
    channel::ALL_KINDS,
    clock::SkewedClock,
    dice::{Dice, mix},
    net::{FarGuard, FarLedger, FarTransport, Gate, Link, Weather},
    process::Process,
    stage::{Stage, Tally},
};

/// What a slot runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Worker,
    Scheduler,
    /// The operators' and upstream's door; it never dies.
    Console,
}

/// The stores and the platforms, as places on the network.
const PLACES: [&str; 4] = ["ledger", "broker", "redis", "platform"];

/// A place for one process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Slot {
    stage: Stage,
    role: Role,
    name: String,
    gate: Gate,
    clock: Arc<SkewedClock>,
    weather: [Arc<Weather>; 4],
    dice: Arc<Dice>,
}

impl Slot {
    pub fn new(stage: &Stage, role: Role, name: impl Into<String>) -> Self {
        let name = name.into();
        let (dice, gate) = (Dice::new(stage.seed, &name), Gate::default());
        let skew = if stage.plan.trouble.clocks { dice.number(0, 20_000) as i64 - 10_000 } else { 0 };
        Self {
            clock: Arc::new(SkewedClock::new(stage.runtime.clock(), skew, gate.clone())),
            weather: Default::default(),
            stage: stage.clone(),
            dice: Arc::new(dice),
            role,
            name,
            gate,
        }
    }

    fn link(&self, place: usize, run: u64) -> Link {
        let dice = Dice::new(self.stage.seed, &format!("{} {run} to {}", self.name, PLACES[place]));
        let (gate, weather) = (self.gate.clone(), self.weather[place].clone());
        Link::new(&self.name, self.stage.runtime.clone(), dice, gate, weather)
    }

    /// The ledger as the process sees it.
    pub fn ledger(&self, run: u64) -> Arc<FarLedger> {
        Arc::new(FarLedger::new(self.stage.ledger.clone(), self.link(0, run), self.stage.witness.clone()))
    }

    /// The broker as the process sees it.
    pub fn transport(&self, run: u64) -> Arc<FarTransport> {
        Arc::new(FarTransport::new(self.stage.broker.clone(), self.link(1, run), self.stage.witness.clone()))
    }

    /// A process's runtime: its own clock, its own chance.
    pub fn runtime(&self, run: u64) -> Runtime {
        let random = SeededRandom::new(mix(self.stage.seed, &format!("{} {run}", self.name)));
        Runtime::new(self.clock.clone(), Arc::new(random)).mortal()
    }

    fn start(&self, run: u64, step: Option<Step>) -> Result<Process, InvalidName> {
        let died = Stop::new();
        let crash = step.map_or_else(CrashPoints::none, |step| CrashPoints::freeze_at(step, died.clone()));
        let runtime = self.runtime(run).with_crash_points(crash);
        self.say(|| step.map_or_else(|| "starts".into(), |step| format!("starts, to die at {}", step.name())));
        let platform = self.stage.platform.seen_by(runtime.clone()).over(self.link(3, run));
        let registry = self.stage.registry(&platform);
        if self.role == Role::Scheduler {
            let options = SchedulerOptions {
                poll: Duration::from_secs(60),
                sweep: Duration::from_secs(300),
                ..SchedulerOptions::default()
            };
            let (ledger, transport) = (self.ledger(run), self.transport(run));
            return Ok(Process::scheduler(runtime, ledger, transport, registry, self.stage.accounts.clone(), options));
        }
        let ports = Ports {
            ledger: self.ledger(run),
            transport: self.transport(run),
            guard: Arc::new(FarGuard::new(self.stage.guard.clone(), self.link(2, run))),
            channels: registry,
            accounts: self.stage.accounts.clone(),
        };
        Process::worker(&self.name, runtime, ports, &ALL_KINDS, died)
    }

    /// Lives and dies again and again while there are faults, then lives until the run is over.
    ///
    /// # Errors
    /// The slot's name cannot be a worker's name.
    pub async fn live(self) -> Result<(), InvalidName> {
        let (stage, dice) = (&self.stage, &self.dice);
        for run in 1.. {
            let calm = stage.calm.is_cancelled();
            let kills = stage.plan.trouble.kills && !calm;
            let doomed = kills && self.role == Role::Worker && dice.chance(0.4);
            let process = self.start(run, doomed.then(|| *dice.pick(&Step::ALL)))?;
            let life = dice.seconds(10, 500);
            let lives_on = tokio::select! {
                biased;
                () = stage.over.cancelled() => true,
                () = process.death() => false,
                // A process that is to die at a step must not outlive the faults.
                () = stage.calm.cancelled(), if doomed => false,
                () = stage.runtime.sleep(life), if kills => false,
            };
            if lives_on {
                process.stop().await;
                return Ok(());
            }
            if !doomed && stage.calm.is_cancelled() {
                stage.over.cancelled().await;
                process.stop().await;
                return Ok(());
            }
            self.end(process, doomed).await;
            if !stage.calm.is_cancelled() {
                stage.troubled(dice.seconds(0, 60)).await;
            }
        }
        Ok(())
    }

    async fn end(&self, process: Process, doomed: bool) {
        if !doomed && self.dice.chance(0.3) {
            self.say(|| "drains".into());
            return process.stop().await;
        }
        self.say(|| "is killed".into());
        let tally = &self.stage.tally;
        Tally::add(if self.role == Role::Worker { &tally.workers_killed } else { &tally.schedulers_killed });
        process.kill();
    }

    /// Freezes the process, sets its clock, and makes its ways to the stores bad, one thing at a time.
    pub async fn suffer(self) {
        let (stage, dice, trouble) =
            (&self.stage, Dice::new(self.stage.seed, &format!("{} suffers", self.name)), self.stage.plan.trouble);
        while stage.troubled(dice.seconds(2, 90)).await {
            let place = dice.number(0, 3) as usize;
            match dice.number(0, 9) {
                0 | 1 if trouble.clocks => {
                    let offset = dice.number(0, 600_000) as i64 - 300_000;
                    self.say(|| format!("has its clock set to {offset} ms from the true time"));
                    self.clock.set(offset);
                }
                2 | 3 if trouble.freezes => {
                    let span = dice.seconds(1, 25);
                    self.say(|| format!("is frozen for {} s", span.as_secs()));
                    self.gate.freeze(true);
                    stage.troubled(span).await;
                    self.gate.freeze(false);
                    self.say(|| "goes on".into());
                }
                4 | 5 if trouble.network => {
                    let span = dice.seconds(1, 90);
                    self.say(|| format!("is cut off from the {} for {} s", PLACES[place], span.as_secs()));
                    self.weather[place].cut(true);
                    stage.troubled(span).await;
                    self.weather[place].cut(false);
                }
                6..=8 if trouble.network => {
                    // Every lost confirm leaves a second message, so the way to the broker loses fewer.
                    let (slow, most) = (dice.millis(3, 1500), if PLACES[place] == "broker" { 10 } else { 100 });
                    let (lost, span) = (dice.number(0, most), dice.seconds(5, 60));
                    self.say(|| {
                        format!("has a bad way to the {}: up to {} ms, {lost} ‰ lost", PLACES[place], slow.as_millis())
                    });
                    self.weather[place].slow(slow);
                    self.weather[place].lose(lost);
                    stage.troubled(span).await;
                    self.weather[place].clear();
                }
                _ => {}
            }
        }
        self.weather.iter().for_each(|weather| weather.clear());
    }

    fn say(&self, what: impl FnOnce() -> String) {
        self.stage.trace.line(&self.name, None, what);
    }
}
