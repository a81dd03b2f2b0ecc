//! A whole oncepost in one process on a virtual clock: memory ledger, memory broker, memory guard, real services. Faults come on
//! cue; for faults by chance see [`crate::run`].

#![allow(clippy::unwrap_used, reason = "a harness for tests")]

use std::{sync::Arc, time::Duration};

use broker::{Memory, Transport};
use channels::{Account, Accounts, Channel, ListedAccounts, Registry};
use domain::{
    AccountId, AppId, ChannelName, Command, Content, OnDoubt, Part, Policy, State, Target, TargetId, TenantId,
    invariant,
};
use guard::MemoryGuard;
use jiff::Timestamp;
use ledger::{Ledger, MemoryLedger};
use runtime::{CrashPoints, Runtime, Step, Stop};
use scheduler::SchedulerOptions;
use vault::AccountName;
use worker::Ports;

use crate::{
    channel::{ALL_KINDS, TestChannel},
    platform::Platform,
    process::Process,
    single::single,
};

/// Everything that the protocol's tests need, with faults on cue.
pub struct World {
    /// The virtual clock and the seed's chance.
    pub runtime: Runtime,
    /// The truth.
    pub ledger: Arc<MemoryLedger>,
    /// The queues.
    pub broker: Memory,
    /// Locks, hints and limits.
    pub guard: Arc<MemoryGuard>,
    /// The witness.
    pub platform: Platform,
    registry: Arc<Registry>,
    accounts: Arc<dyn Accounts>,
    made: std::sync::atomic::AtomicU32,
}

impl World {
    /// A world with the default policy.
    pub fn new(seed: u64) -> Self {
        Self::with_policy(seed, Policy::default())
    }

    /// A world with a policy of its own.
    pub fn with_policy(seed: u64, policy: Policy) -> Self {
        let start = "2026-03-01T12:00:00Z".parse().unwrap();
        let runtime = Runtime::simulated(seed, start);
        let platform = Platform::new(runtime.clone());
        let channels = ALL_KINDS.map(|kind| Arc::new(TestChannel::new(kind, platform.clone())) as Arc<dyn Channel>);
        Self {
            ledger: Arc::new(MemoryLedger::new(runtime.clock(), policy)),
            broker: Memory::new(&runtime, ALL_KINDS),
            guard: Arc::new(MemoryGuard::new(runtime.clone())),
            registry: Arc::new(Registry::of(channels)),
            accounts: accounts(),
            platform,
            runtime,
            made: Default::default(),
        }
    }

    /// Starts a scheduler process.
    pub fn scheduler(&self) -> Process {
        Process::scheduler(
            self.runtime.sibling().mortal(),
            self.ledger.clone(),
            Arc::new(self.broker.clone()),
            self.registry.clone(),
            self.accounts.clone(),
            SchedulerOptions::default(),
        )
    }

    /// Starts a worker process for all channels.
    pub fn worker(&self, name: &str) -> Process {
        self.start_worker(name, self.runtime.sibling().mortal(), Stop::new(), self.accounts.clone())
    }

    /// Starts a worker process whose accounts have all been taken away.
    pub fn worker_without_accounts(&self, name: &str) -> Process {
        let none = Arc::new(ListedAccounts::new([]));
        self.start_worker(name, self.runtime.sibling().mortal(), Stop::new(), none)
    }

    /// Starts a worker process that dies at `step`, and the platform that shares its fate.
    pub fn doomed_worker(&self, step: Step) -> Process {
        let died = Stop::new();
        let crash = CrashPoints::freeze_at(step, died.clone());
        let runtime = self.runtime.sibling().mortal().with_crash_points(crash);
        self.start_worker("doomed", runtime, died, self.accounts.clone())
    }

    fn start_worker(&self, name: &str, runtime: Runtime, died: Stop, accounts: Arc<dyn Accounts>) -> Process {
        // The worker's own view of the platform: its calls pass the worker's crash points.
        let platform = self.platform.seen_by(runtime.clone());
        let channels = ALL_KINDS.map(|kind| Arc::new(TestChannel::new(kind, platform.clone())) as Arc<dyn Channel>);
        let ports = Ports {
            ledger: self.ledger.clone(),
            transport: Arc::new(self.broker.clone()) as Arc<dyn Transport>,
            guard: self.guard.clone(),
            channels: Arc::new(Registry::of(channels)),
            accounts,
        };
        Process::worker(name, runtime, ports, &ALL_KINDS, died).unwrap()
    }

    /// Accepts a post of one target due in `seconds`, with a text of its own. Further `parts` make a thread.
    pub async fn post(&self, channel: &str, account: &str, seconds: i64, parts: usize) -> TargetId {
        let n = self.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let due_at = Timestamp::from_millisecond(self.runtime.now().as_millisecond() + seconds * 1000).unwrap();
        let thread = (1..parts).map(|part| Part { text: format!("post {n} part {part}"), media: vec![] }).collect();
        let content = Content { text: format!("post {n}"), thread, ..Content::default() };
        let name: AccountName = format!("acme/{channel}/{account}").parse().unwrap();
        let app = account.ends_with("of-app").then(|| AppId::new("shared").unwrap());
        let post = single(&self.runtime, name, app, content, due_at);
        let id = post.targets[0].id;
        self.ledger.accept(vec![post]).await.unwrap();
        id
    }

    /// A target as it stands.
    pub async fn target(&self, id: TargetId) -> Target {
        self.ledger.target(id).await.unwrap().unwrap().target
    }

    /// Asks something of a target.
    pub async fn ask(&self, id: TargetId, command: Command) -> domain::Answer {
        self.ledger.apply(id, command).await.unwrap().answer
    }

    /// Lets virtual time pass until every target rests (terminal or on the operators' list), or panics after `limit`.
    pub async fn settle(&self, limit: Duration) {
        let until = self.runtime.now() + limit;
        loop {
            let moving: Vec<_> = self.ledger.targets().into_iter().filter(|target| !rests(target)).collect();
            if moving.is_empty() {
                return;
            }
            assert!(self.runtime.now() < until, "after {limit:?} these still move: {moving:#?}");
            self.runtime.sleep(Duration::from_secs(1)).await;
        }
    }

    /// Holds every promise against every target.
    pub fn check(&self) {
        assert_eq!(self.platform.duplicates(), [], "P1: nothing is out twice");
        let (now, policy) = (self.runtime.now(), self.ledger.policy());
        for target in self.ledger.targets() {
            invariant::check(&target, now, policy).unwrap_or_else(|broken| panic!("{broken:?}: {target:#?}"));
        }
    }

    /// How many targets are in a state.
    pub fn in_state(&self, state: State) -> usize {
        self.ledger.targets().iter().filter(|target| target.state == state).count()
    }
}

fn rests(target: &Target) -> bool {
    target.state.is_terminal() || target.listed.is_some() || target.state == State::Held
}

fn accounts() -> Arc<dyn Accounts> {
    let account = |channel: &str, id: &str, on_doubt| Account {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new(channel).unwrap(),
        id: AccountId::new(id).unwrap(),
        app: None,
        base_url: "https://platform.example".parse().unwrap(),
        secrets: Default::default(),
        settings: Default::default(),
        on_doubt,
        rate: None,
        app_rate: None,
    };
    let app = |id: &str| Account {
        app: Some(domain::AppId::new("shared").unwrap()),
        app_rate: Some((1, Duration::from_secs(10))),
        ..account("look-up", id, OnDoubt::Park)
    };
    let own = ALL_KINDS.into_iter().flat_map(|kind| {
        [
            account(kind, "main", OnDoubt::Park),
            account(kind, "other", OnDoubt::Park),
            account(kind, "loose", OnDoubt::Resend),
        ]
    });
    // Its server offers less than the channel in general.
    let weak = Account {
        settings: [("offers".to_owned(), "nothing".to_owned())].into(),
        ..account("key", "weak", OnDoubt::Park)
    };
    let listed = own.chain([app("first-of-app"), app("second-of-app"), weak]);
    Arc::new(ListedAccounts::new(listed))
}
