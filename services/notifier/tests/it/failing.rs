//! A ledger with targets that need a person, and what tells people of them.

use std::{sync::Arc, time::Duration};

use crate::receiver::Receiver;
use channels::{Account, Foreign, ForeignOptions, Http, HttpOptions, ListedAccounts, Registry, Secret, SecretSource};
use domain::{
    Code, Command, Content, ContentHash, Failure, Fix, Landed, OnDoubt, Outcome, PauseScope, PlatformWords, Policy,
    PostId, RepeatSafety, Scope, TargetId, WorkerName, Worth,
};
use ledger::{
    Beat, CredentialRow, CredentialStore, Ledger, MemoryLedger, NewPost, NewTarget, PartSeen, Processes, RecordKind,
};
use oncepost_notifier::{AlertOptions, AlertParts, Alerts, MailOptions, Ways};
use runtime::Runtime;
use url::Url;
use uuid::Uuid;

pub struct World {
    pub runtime: Runtime,
    pub ledger: Arc<MemoryLedger>,
    pub slack: Option<Receiver>,
    pub mail: Option<MailOptions>,
    /// The accounts that there are.
    pub accounts: Vec<Account<SecretSource>>,
}

impl World {
    pub fn new(slack: Option<Receiver>, mail: Option<MailOptions>) -> Self {
        let runtime = Runtime::system();
        let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
        Self { runtime, ledger, slack, mail, accounts: Vec::new() }
    }

    /// How people are told.
    pub fn ways(&self, runtime: &Runtime) -> Result<Ways, String> {
        let anywhere = ForeignOptions { allow_private: true, ..ForeignOptions::default() };
        let outside = Foreign::new(&anywhere, runtime.clone()).unwrap();
        let slack = self.slack.as_ref().map(|slack| Secret::new(slack.url.as_str()));
        Ways::new(runtime, outside, slack.as_ref(), self.mail.as_ref())
    }

    /// A process that tells, and that a test may kill.
    pub fn start(&self) -> Runtime {
        self.start_with(|_| {})
    }

    pub fn start_with(&self, change: impl FnOnce(&mut AlertOptions)) -> Runtime {
        let runtime = self.runtime.sibling().mortal();
        let soon = Duration::from_millis(5);
        let mut options = AlertOptions { every: soon, calm_after: soon, ..AlertOptions::new(Some(console())) };
        change(&mut options);
        let ways = self.ways(&runtime).unwrap();
        let ledger = self.ledger.clone();
        let parts = AlertParts {
            ledger: ledger.clone(),
            causes: ledger.clone(),
            history: ledger.clone(),
            processes: ledger.clone(),
            records: ledger,
            accounts: Arc::new(ListedAccounts::new(self.accounts.clone())),
            channels: Arc::new(Registry::all(Http::new(HttpOptions::default(), runtime.clone()).unwrap())),
        };
        runtime.spawn(Alerts::new(runtime.clone(), parts, ways, options).run());
        runtime
    }

    /// Waits until no process is telling: until it is on record, one that dies may have told, or may not have.
    pub async fn settled(&self) {
        let is_telling = |row: &CredentialRow| row.open.get("telling").is_some();
        while self.ledger.rows(RecordKind::Alert).await.unwrap().iter().any(is_telling) {
            self.runtime.sleep(Duration::from_millis(2)).await;
        }
    }

    /// A target that waits, with so much time for it.
    pub async fn accepted(&self, account: &str, within: Option<Duration>) -> TargetId {
        let (post, target) = (PostId(self.runtime.id()), TargetId(self.runtime.id()));
        let now = self.runtime.now();
        let new = NewTarget {
            id: target,
            channel: "mastodon".parse().unwrap(),
            account: account.parse().unwrap(),
            app: None,
            // Its turn has come before it is too late.
            due_at: now - Duration::from_secs(1),
            deadline: within.map(|within| now + within),
            changes: domain::Override::default(),
            hash: ContentHash([7; 16]),
            trace: None,
        };
        let post = NewPost {
            id: post,
            tenant: "acme".parse().unwrap(),
            key: post.to_string(),
            fingerprint: [7; 32],
            content: Content::default(),
            accepted_at: now,
            answer: serde_json::Value::Null,
            targets: vec![new],
        };
        self.ledger.accept(vec![post]).await.unwrap();
        target
    }

    /// A target that nobody came to in time.
    pub async fn late(&self, account: &str) -> TargetId {
        let target = self.accepted(account, Some(Duration::ZERO)).await;
        self.ledger.apply(target, Command::Wake).await.unwrap();
        target
    }

    /// A process says that it lives; it answers for how it finds the broker.
    pub async fn beats(&self, id: Uuid, roles: &[&str], broker_answers: bool) {
        let now = self.runtime.now();
        let broker = PartSeen { part: "broker".into(), answers: broker_answers, since: now, millis: None };
        let beat = Beat {
            id,
            name: "x@host:1".into(),
            service: "x".into(),
            host: "host".into(),
            roles: roles.iter().map(|&role| role.into()).collect(),
            channels: Vec::new(),
            version: "0.1.0".into(),
            commit: None,
            started_at: now,
            is_draining: false,
            parts: vec![broker],
        };
        self.ledger.beat(beat, Duration::from_secs(86_400)).await.unwrap();
    }

    /// A target whose token the platform has refused.
    pub async fn failed(&self, account: &str) -> TargetId {
        let failure = Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Account,
            step: "create status".into(),
            said: PlatformWords::text("revoked <@everyone> & more"),
        };
        self.tried(account, failure).await
    }

    /// The account is connected again, and the target that had failed on it is not wanted any more.
    pub async fn mended(&self, target: TargetId, account: &str) {
        self.ledger.apply(target, Command::Cancel).await.unwrap();
        let (tenant, channel) = ("acme".parse().unwrap(), "mastodon".parse().unwrap());
        let scope = PauseScope::Account { tenant, channel, account: account.parse().unwrap() };
        self.ledger.resume(&scope, Duration::ZERO).await.unwrap();
    }

    /// A target of which the platform takes nothing.
    pub async fn refused(&self, account: &str, worth: Worth) -> TargetId {
        let failure = Failure {
            code: Code::UNREACHABLE,
            landed: Landed::No,
            worth,
            scope: Scope::Channel,
            step: "create status".into(),
            said: PlatformWords::text("connection refused"),
        };
        self.tried(account, failure).await
    }

    async fn tried(&self, account: &str, failure: Failure) -> TargetId {
        let target = self.accepted(account, None).await;
        let worker = WorkerName::new("w").unwrap();
        let (repeat, on_doubt) = (RepeatSafety::Nothing, OnDoubt::Park);
        self.ledger.apply(target, Command::Wake).await.unwrap();
        self.ledger.apply(target, Command::Begin { worker, repeat, arm: None }).await.unwrap();
        let finish = Command::Finish { attempt: 1, outcome: Outcome::Failed(failure), repeat, on_doubt, trace: None };
        self.ledger.apply(target, finish).await.unwrap();
        target
    }

    /// Of how many groups of failures it is on record what a way was told. No process says here that it lives, which is noted as well.
    pub async fn on_record(&self) -> usize {
        let rows = self.ledger.rows(RecordKind::Alert).await.unwrap();
        rows.iter().filter(|row| !row.name.contains("missing/")).count()
    }

    pub fn is_quiet(&mut self) -> bool {
        self.slack.as_mut().unwrap().is_quiet()
    }

    /// What the chat is told next.
    pub async fn told(&mut self) -> String {
        self.slack.as_mut().unwrap().next().await.json()["text"].as_str().unwrap().to_owned()
    }
}

/// Where the console of these worlds is.
pub fn console() -> Url {
    "https://console.example/".parse().unwrap()
}
