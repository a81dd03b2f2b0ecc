//! A ledger and a broker in memory, and targets that need a person.

use std::{collections::HashSet, sync::Arc, time::Duration};

use broker::{Destination, Memory, Outgoing, Source, Transport};
use contract::Dead;
use domain::{
    AccountId, ChannelName, Code, Command, Content, ContentHash, Failure, Fix, Landed, OnDoubt, Outcome, Override,
    PlatformWords, Policy, PostId, RepeatSafety, Scope, TargetId, TenantId, WorkerName, Worth,
};
use jiff::Timestamp;
use ledger::{Ledger, MemoryLedger, NewPost, NewTarget};
use letters::{GRACE, Letters, Standing, Tender};
use runtime::Runtime;

const REPEAT: RepeatSafety = RepeatSafety::Handle { settles_after: Duration::ZERO };

pub struct World {
    pub runtime: Runtime,
    pub ledger: Arc<dyn Ledger>,
    pub broker: Memory,
    pub letters: Letters,
}

pub fn channel() -> ChannelName {
    ChannelName::new("x").unwrap()
}

pub fn dead() -> Source {
    Source::Dead { channel: "x".into() }
}

impl World {
    pub fn new() -> Self {
        Self::seeded(7)
    }

    /// Another seed gives other ids.
    pub fn seeded(seed: u64) -> Self {
        let runtime = Runtime::simulated(seed, Timestamp::from_second(1_000_000).unwrap());
        let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
        let broker = Memory::new(&runtime, ["x", "y"]);
        let channels = ["x", "y"].map(|name| ChannelName::new(name).unwrap()).to_vec();
        let letters = Letters::new(runtime.clone(), ledger.clone(), Arc::new(broker.clone()), channels);
        Self { runtime, ledger, broker, letters }
    }

    /// A target that was refused, without its letter.
    pub async fn refused(&self) -> TargetId {
        let (id, now) = (TargetId(self.runtime.id()), self.ledger.now().await.unwrap());
        let target = NewTarget {
            id,
            channel: channel(),
            account: AccountId::new("main").unwrap(),
            app: None,
            due_at: now,
            deadline: None,
            changes: Override::default(),
            hash: ContentHash([0; 16]),
            trace: None,
        };
        let post = NewPost {
            id: PostId(self.runtime.id()),
            tenant: TenantId::new("acme").unwrap(),
            key: id.to_string(),
            fingerprint: [0; 32],
            content: Content { text: "hello".into(), ..Content::default() },
            answer: serde_json::Value::Null,
            accepted_at: now,
            targets: vec![target],
        };
        self.ledger.accept(vec![post]).await.unwrap();
        self.fail(id).await;
        id
    }

    /// Makes an attempt that is refused.
    pub async fn fail(&self, id: TargetId) {
        let begin = Command::Begin { worker: WorkerName::new("w").unwrap(), repeat: REPEAT, arm: None };
        let attempt = self.ledger.apply(id, begin).await.unwrap().target.attempt;
        let failure = Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Post,
            step: "publish".into(),
            said: PlatformWords::text("revoked"),
        };
        let outcome = Outcome::Failed(failure);
        let finish = Command::Finish { attempt, outcome, repeat: REPEAT, on_doubt: OnDoubt::Park, trace: None };
        assert!(self.ledger.apply(id, finish).await.unwrap().target.listed.is_some());
    }

    /// Writes the target's letter as a worker does.
    pub async fn bury(&self, id: TargetId) {
        let target = self.ledger.target(id).await.unwrap().unwrap().target;
        let letter = Dead::of(&target, self.runtime.now()).unwrap();
        let message = Outgoing::json(Destination::Dead { channel: "x".into() }, format!("{id}-1"), letter.encode());
        self.broker.publish(message.headers(letter.headers())).await.unwrap();
    }

    /// A target that needs a person and has its letter.
    pub async fn dead(&self) -> TargetId {
        let id = self.refused().await;
        self.bury(id).await;
        id
    }

    /// Puts something else among the letters.
    pub async fn stray(&self, id: &str, body: &str) {
        self.broker
            .publish(Outgoing::json(Destination::Dead { channel: "x".into() }, id, body.to_owned()))
            .await
            .unwrap();
    }

    pub async fn settle(&self, id: TargetId) {
        assert!(self.ledger.apply(id, Command::Cancel).await.unwrap().target.listed.is_none());
    }

    pub async fn depth(&self) -> u64 {
        self.broker.depth(dead()).await.unwrap().ready
    }

    /// What the letters are and how they stand.
    pub async fn standings(&self) -> Vec<(String, Standing)> {
        let reading = self.letters.read(&channel()).await.unwrap();
        reading.entries.into_iter().map(|entry| (entry.id, entry.standing)).collect()
    }

    /// Looks after the channel once, and returns the ids of the letters that are there then.
    pub async fn tended(&self) -> HashSet<String> {
        Tender::new(self.letters.clone()).look_after(&[channel()]).await;
        self.ids().await
    }

    pub async fn ids(&self) -> HashSet<String> {
        let there = |(id, standing): (String, Standing)| (standing != Standing::Missing).then_some(id);
        self.standings().await.into_iter().filter_map(there).collect()
    }

    /// Until what was listed is old enough to be missed.
    pub async fn settled(&self) {
        self.runtime.sleep(GRACE + Duration::from_secs(1)).await;
    }
}

pub fn ids(targets: &[TargetId]) -> HashSet<String> {
    targets.iter().map(ToString::to_string).collect()
}
