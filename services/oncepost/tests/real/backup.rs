//! The ledger is put back to an earlier time, while the platforms and upstream have gone on.

use std::time::Duration;

use harness::{
    api::text,
    config::{Account, Pace, Stores},
    faults::account,
    process, shared,
    stack::{Role, Stack},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Bluesky, Fake, Mastodon, Server, servers::Kind};

use crate::ground::until;

/// What was published before the back-up.
const OLD: usize = 3;
/// Accepted before the back-up and published after it.
const SINCE: usize = 8;
/// Accepted and published after the back-up.
const LOST: usize = 5;
/// Accepted before the back-up, and due after all is over.
const LATER: usize = 4;
const ALL: usize = OLD + SINCE + LOST + LATER;
/// Each post goes to both platforms.
const TARGETS: usize = 2;

struct Ground {
    stack: Stack,
    mastodon: Fake<Mastodon>,
    bluesky: Fake<Bluesky>,
    _folder: TempDir,
}

impl Ground {
    async fn new(stores: &Stores) -> Self {
        let (mastodon, bluesky) = (Fake::<Mastodon>::start().await, Fake::<Bluesky>::start().await);
        let mut accounts: Vec<Account> =
            vec![account("mastodon", "ada", &mastodon.url()), account("bluesky", "ada", &bluesky.url())];
        accounts[0].settings.extend([("settles_after", "1s".into()), ("sure_after", "3s".into())]);
        let folder = TempDir::new().unwrap();
        let stack = Stack::over(folder.path(), stores, &accounts, Pace::Brisk).await.unwrap();
        Self { stack, mastodon, bluesky, _folder: folder }
    }

    fn out(&self) -> usize {
        self.mastodon.posts().len() + self.bluesky.posts().len()
    }

    async fn until_out(&self, posts: usize) {
        let what = || format!("{posts} posts on both; there are {}", self.out());
        until(Duration::from_secs(100), what, async || self.out() >= posts * TARGETS).await;
        assert_eq!(self.out(), posts * TARGETS);
    }

    async fn schedule(&self, numbers: std::ops::Range<usize>, due: Timestamp) -> u16 {
        let posts: Vec<_> = numbers.map(|n| message(n, due)).collect();
        self.stack.api.post("/v1/posts:batch", &json!(posts)).await.unwrap().0.as_u16()
    }

    /// `oncepost restored` with these words; its exit code, and what it says.
    async fn restored(&self, words: &[&str]) -> (Option<i32>, String) {
        let config = self.stack.config.to_string_lossy();
        let mut command = vec!["restored", "--config", &config];
        command.extend(words);
        let done = process::run(&command, &[], "", Duration::from_secs(60)).await.unwrap();
        (done.code, done.said())
    }

    /// What the worker's probe says.
    async fn worker(&self) -> (u16, Value) {
        let one = self.stack.processes().iter().find(|one| one.role == Role::Worker).unwrap();
        match reqwest::get(format!("{}/readyz", one.health)).await {
            Ok(answer) => (answer.status().as_u16(), answer.json().await.unwrap_or_default()),
            Err(_) => (0, Value::Null),
        }
    }

    async fn published(&self) -> u64 {
        let counts = self.stack.api.counts().await;
        counts.iter().flat_map(|counts| counts.values()).filter_map(|states| states.get("published")).sum()
    }
}

fn marker(n: usize) -> String {
    format!("[number-{n}]")
}

fn message(n: usize, due: Timestamp) -> Value {
    json!({
        "version": 1,
        "idempotency_key": format!("number-{n}"),
        "tenant": "acme",
        "content": { "text": format!("hello {}", marker(n)) },
        "publish_at": due.to_string(),
        "targets": [{ "channel": "mastodon", "account": "ada" }, { "channel": "bluesky", "account": "ada" }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_nothing_goes_out_twice_and_nothing_is_missed() {
    let (postgres, redis) = (Server::start(Kind::Postgres).await.unwrap(), Server::start(Kind::Redis).await.unwrap());
    let stores = Stores { ledger: postgres.url().into(), guard: redis.url().into(), ..shared::stores().await.unwrap() };
    let mut ground = Ground::new(&stores).await;
    ground.stack.staff(1, 2).await.unwrap();
    let now = Timestamp::now();
    assert_eq!(ground.schedule(0..OLD, now).await, 202);
    ground.until_out(OLD).await;
    let (since, later) = (OLD..OLD + SINCE, OLD + SINCE + LOST..ALL);
    let due = Timestamp::now() + Duration::from_secs(30);
    assert_eq!(ground.schedule(since, due).await, 202);
    assert_eq!(ground.schedule(later.clone(), Timestamp::now() + Duration::from_secs(90)).await, 202);
    postgres.back_up().await.unwrap();
    assert_eq!(ground.out(), OLD * TARGETS, "the back-up took too long for this test");
    let lost = OLD + SINCE..OLD + SINCE + LOST;
    let lost_due = Timestamp::now();
    assert_eq!(ground.schedule(lost.clone(), lost_due).await, 202);
    ground.until_out(OLD + SINCE + LOST).await;

    // The ledger is put back. What Redis knew is not in any back-up.
    redis.wipe().await.unwrap();
    postgres.put_back().await.unwrap();
    until(Duration::from_secs(60), || "the worker to refuse".into(), async || ground.worker().await.0 == 503).await;
    let reason = async || text(&ground.worker().await.1["checks"]["ledger"]["reason"]);
    until(Duration::from_secs(60), || "the reason".into(), async || reason().await.contains("oncepost restored")).await;
    assert_eq!(ground.schedule(lost.clone(), lost_due).await, 503, "nothing is accepted");
    let (code, said) = ground.restored(&[]).await;
    assert!(code == Some(1) && said.contains("Nothing is changed"), "{said}");
    // Schedulers and workers have gone on trying all the time.
    assert_eq!(ground.out(), (OLD + SINCE + LOST) * TARGETS, "something went out that nobody looked for");
    assert_eq!(ground.worker().await.0, 503);

    let (code, said) = ground.restored(&["--yes"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(ground.schedule(lost, lost_due).await, 202, "upstream hands in again what it has no word of");
    let told = || format!("everything to be published; {} are", ground.out());
    until(Duration::from_secs(300), told, async || ground.published().await >= (ALL * TARGETS) as u64).await;
    for n in 0..ALL {
        let seen = (ground.mastodon.count_of(&marker(n)), ground.bluesky.count_of(&marker(n)));
        assert_eq!(seen, (1, 1), "post {n}");
    }
    assert_eq!(ground.out(), ALL * TARGETS);
    assert_eq!(ground.worker().await.0, 200);
    ground.stack.stop().await.unwrap();
}
