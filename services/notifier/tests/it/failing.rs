//! A ledger with targets that need a person, and what tells people of them.

use std::{sync::Arc, time::Duration};

use crate::receiver::Receiver;
use channels::{Foreign, ForeignOptions, Secret};
use domain::{
    Code, Command, Content, ContentHash, Failure, Fix, Landed, OnDoubt, Outcome, PlatformWords, Policy, PostId,
    RepeatSafety, Scope, TargetId, WorkerName, Worth,
};
use ledger::{CredentialRow, CredentialStore, Ledger, MemoryLedger, NewPost, NewTarget, RecordKind};
use oncepost_notifier::{AlertOptions, Alerts, MailOptions, Ways};
use runtime::Runtime;
use url::Url;

pub struct World {
    pub runtime: Runtime,
    pub ledger: Arc<MemoryLedger>,
    pub slack: Option<Receiver>,
    pub mail: Option<MailOptions>,
}

impl World {
    pub fn new(slack: Option<Receiver>, mail: Option<MailOptions>) -> Self {
        let runtime = Runtime::system();
        let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
        Self { runtime, ledger, slack, mail }
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
        let (ledger, records) = (self.ledger.clone(), self.ledger.clone());
        runtime.spawn(Alerts::new(runtime.clone(), ledger, records, ways, options).run());
        runtime
    }

    /// Waits until no process is telling: until it is on record, one that dies may have told, or may not have.
    pub async fn settled(&self) {
        let is_telling = |row: &CredentialRow| row.open.get("telling").is_some();
        while self.ledger.rows(RecordKind::Alert).await.unwrap().iter().any(is_telling) {
            self.runtime.sleep(Duration::from_millis(2)).await;
        }
    }

    /// A target whose token the platform has refused.
    pub async fn failed(&self, account: &str) -> TargetId {
        let (post, target) = (PostId(self.runtime.id()), TargetId(self.runtime.id()));
        let now = self.runtime.now();
        let new = NewTarget {
            id: target,
            channel: "mastodon".parse().unwrap(),
            account: account.parse().unwrap(),
            app: None,
            due_at: now,
            deadline: None,
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
        let failure = Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Account,
            step: "create status".into(),
            said: PlatformWords::text("revoked <@everyone> & more"),
        };
        let worker = WorkerName::new("w").unwrap();
        let (repeat, on_doubt) = (RepeatSafety::Nothing, OnDoubt::Park);
        self.ledger.apply(target, Command::Wake).await.unwrap();
        self.ledger.apply(target, Command::Begin { worker, repeat, arm: None }).await.unwrap();
        let finish = Command::Finish { attempt: 1, outcome: Outcome::Failed(failure), repeat, on_doubt };
        self.ledger.apply(target, finish).await.unwrap();
        target
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
