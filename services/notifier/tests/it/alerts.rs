//! Alerts as whoever reads them sees them: one message for a group, whatever dies.

use std::{sync::Arc, time::Duration};

use crate::receiver::{Answer, Receiver};
use channels::{Foreign, ForeignOptions, Secret};
use domain::{
    Code, Command, Content, ContentHash, Failure, Fix, Landed, OnDoubt, Outcome, PlatformWords, Policy, PostId,
    RepeatSafety, Scope, TargetId, WorkerName, Worth,
};
use ledger::{Ledger, MemoryLedger, NewPost, NewTarget};
use oncepost_notifier::{AlertOptions, Alerts};
use runtime::Runtime;

struct World {
    runtime: Runtime,
    ledger: Arc<MemoryLedger>,
    slack: Receiver,
}

impl World {
    async fn new(slack: Receiver) -> Self {
        let runtime = Runtime::system();
        let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
        Self { runtime, ledger, slack }
    }

    fn start(&self) -> Runtime {
        let runtime = self.runtime.sibling().mortal();
        let anywhere = ForeignOptions { allow_private: true, ..ForeignOptions::default() };
        let outside = Foreign::new(&anywhere, runtime.clone()).unwrap();
        let usual =
            AlertOptions::new(Secret::new(self.slack.url.as_str()), Some("https://console.example/".parse().unwrap()));
        let soon = Duration::from_millis(5);
        let options = AlertOptions { every: soon, calm_after: soon, ..usual };
        let (ledger, records) = (self.ledger.clone(), self.ledger.clone());
        runtime.spawn(Alerts::new(runtime.clone(), ledger, records, outside, options).run());
        runtime
    }

    /// A target whose token the platform has refused.
    async fn failed(&self, account: &str) -> TargetId {
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

    async fn told(&mut self) -> String {
        self.slack.next().await.json()["text"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_group_makes_one_message_and_an_all_clear() {
    let mut world = World::new(Receiver::start(Answer::status(200)).await).await;
    let target = world.failed("main").await;
    world.start();
    let text = world.told().await;
    assert!(text.starts_with("1 target needs a person: OP-2102 "), "{text}");
    for part in [
        "Whose fault: ",
        "What to do: ",
        &format!("The newest: acme/mastodon/main, https://console.example/targets/{target}"),
        "All of them: https://console.example/",
        "revoked &lt;@everyone&gt; &amp; more",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    // Others of the group, and another process: nothing is told again.
    world.start().kill();
    world.start();
    world.ledger.apply(target, Command::Cancel).await.unwrap();
    let clear = world.told().await;
    assert!(clear.starts_with("All clear: ") && clear.contains("OP-2102"), "{clear}");
    assert!(world.slack.is_quiet());
}

#[tokio::test]
async fn of_several_processes_one_tells() {
    let mut world = World::new(Receiver::start(Answer::status(200)).await).await;
    let target = world.failed("main").await;
    for _ in 0..4 {
        world.start();
    }
    assert!(world.told().await.contains("needs a person"));
    world.ledger.apply(target, Command::Cancel).await.unwrap();
    assert!(world.told().await.starts_with("All clear"));
    assert!(world.slack.is_quiet());
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later() {
    let slack = Receiver::script([Answer::status(500), Answer::cut(), Answer::status(200)]).await;
    let mut world = World::new(slack).await;
    world.failed("main").await;
    world.start();
    let (first, second, third) = (world.told().await, world.told().await, world.told().await);
    assert!(first == second && second == third, "{first}\n{third}");
}

#[tokio::test]
async fn one_that_grows_tenfold_is_told_of_again() {
    let mut world = World::new(Receiver::start(Answer::status(200)).await).await;
    world.failed("main").await;
    world.start();
    assert!(world.told().await.starts_with("1 target needs"));
    // Each on an account of its own: the failure of one pauses it.
    for n in 0..9 {
        world.failed(&format!("other-{n}")).await;
    }
    let grown = world.told().await;
    assert!(grown.starts_with("10 targets need a person, ten times as many as before (1)"), "{grown}");
    assert!(world.slack.is_quiet());
}
