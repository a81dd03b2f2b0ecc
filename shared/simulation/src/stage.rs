//! The world of one seed: stores, platforms, the witness, and what all its processes share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use broker::Memory;
use channels::{Accounts, Channel, ListedAccounts, Registry};
use domain::{InvalidName, Policy};
use guard::MemoryGuard;
use jiff::Timestamp;
use ledger::MemoryLedger;
use runtime::{Runtime, Stop};

use crate::{
    channel::{ALL_KINDS, Defect, TestChannel},
    clock::SkewedClock,
    dice::Dice,
    net::Gate,
    plan::Plan,
    platform::{Fault, Mood, Platform},
    trace::Trace,
    witness::Witness,
};

/// What happened to processes and stores.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub workers_killed: AtomicU64,
    pub schedulers_killed: AtomicU64,
    pub redis_wipes: AtomicU64,
    pub broker_wipes: AtomicU64,
}

impl Tally {
    pub fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub fn of(count: &AtomicU64) -> u64 {
        count.load(Ordering::Relaxed)
    }
}

/// The world of one seed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Stage {
    pub seed: u64,
    /// The one true clock.
    pub runtime: Runtime,
    pub plan: Arc<Plan>,
    pub ledger: Arc<MemoryLedger>,
    pub broker: Memory,
    pub guard: Arc<MemoryGuard>,
    pub platform: Platform,
    pub accounts: Arc<dyn Accounts>,
    pub witness: Arc<Witness>,
    pub trace: Trace,
    pub defect: Option<Defect>,
    /// From then on there are no more faults.
    pub calm: Stop,
    /// The run is over.
    pub over: Stop,
    pub tally: Arc<Tally>,
}

impl Stage {
    /// Sets the stage for `seed`. Must be called on a runtime whose clock is paused.
    pub fn new(seed: u64, defect: Option<Defect>, keep: bool) -> Result<Self, InvalidName> {
        let plan = Plan::of(seed)?;
        let start = Timestamp::from_second(1_772_366_400).unwrap_or(Timestamp::UNIX_EPOCH);
        let runtime = Runtime::simulated(seed, start);
        let trace = Trace::new(runtime.clock(), keep);
        let platform = Platform::traced(runtime.clone(), trace.clone());
        let dice = Dice::new(seed, "stage");
        for kind in ALL_KINDS {
            platform.set_mood(kind, mood(seed, kind, &plan, &dice, &runtime, defect));
        }
        // The ledger's clock is off as well, but nobody sets it while it runs: leases rest on it alone.
        let skew = dice.number(0, 240_000) as i64 - 120_000;
        let clock = Arc::new(SkewedClock::new(runtime.clock(), skew, Gate::default()));
        let ledger = Arc::new(MemoryLedger::new(clock, Policy::default()));
        Ok(Self {
            broker: Memory::new(&runtime, ALL_KINDS),
            guard: Arc::new(MemoryGuard::new(runtime.clone())),
            witness: Arc::new(Witness::new(ledger.clone(), platform.clone(), trace.clone(), plan.tolerant())),
            accounts: Arc::new(ListedAccounts::new(plan.accounts.clone())),
            plan: Arc::new(plan),
            calm: Stop::new(),
            over: Stop::new(),
            tally: Arc::default(),
            ledger,
            platform,
            runtime,
            trace,
            defect,
            seed,
        })
    }

    /// The channels on `platform`.
    pub fn registry(&self, platform: &Platform) -> Arc<Registry> {
        let channel =
            |kind| Arc::new(TestChannel::with_defect(kind, platform.clone(), self.defect)) as Arc<dyn Channel>;
        Arc::new(Registry::of(ALL_KINDS.map(channel)))
    }

    /// Waits for `span`. `false`: there are no more faults to be made.
    pub async fn troubled(&self, span: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.calm.cancelled() => false,
            () = self.runtime.sleep(span) => true,
        }
    }
}

fn mood(seed: u64, kind: &'static str, plan: &Plan, dice: &Dice, runtime: &Runtime, defect: Option<Defect>) -> Mood {
    let all = [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Unreachable,
        Fault::Refuse,
        Fault::Revoked,
        Fault::AppCap,
        Fault::RateLimit(dice.number(5, 300) as u32),
        Fault::AppLimit(dice.number(5, 300) as u32),
        Fault::ChannelLimit(dice.number(5, 120) as u32),
        Fault::NoId,
        Fault::ErrorAfter,
        Fault::Lie,
        Fault::Slow(dice.number(1, 10) as u32),
        Fault::Slow(dice.number(10, 100) as u32),
    ];
    // Forgetting keys is allowed only where the channel looks first, and then a look must show what was sent.
    let forgetful = plan.trouble.forgetful && kind == "key";
    let allowed = |fault: &&Fault| !(forgetful && matches!(fault, Fault::Slow(_))) && dice.chance(0.7);
    let remembers = match (forgetful, defect) {
        (true, _) => Duration::ZERO,
        (_, Some(Defect::ForgottenKey)) => Duration::from_secs(2),
        _ => Duration::from_secs(3600),
    };
    Mood {
        dice: Dice::new(seed, kind),
        until: runtime.now().saturating_add(plan.troubled_for).unwrap_or(Timestamp::MAX),
        trouble: plan.trouble.platform,
        faults: all.iter().filter(allowed).copied().collect(),
        lag: if forgetful { Duration::ZERO } else { dice.seconds(0, 120) },
        remembers,
    }
}
