//! A run: a stack of processes, a webhook receiver that counts, and posts to publish there.

use std::time::{Duration, Instant};

use harness::{
    api::text,
    config::{Account, Pace, Stores},
    stack::{Role, Stack},
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Fake, Webhook};

/// The accounts posts are spread over.
const ACCOUNTS: usize = 20;

/// A run.
pub struct Run {
    pub stack: Stack,
    pub platform: Fake<Webhook>,
    _logs: Logs,
}

/// The folder of a run. When its test fails it tells what the processes logged.
struct Logs(TempDir);

impl Run {
    /// A stack over `stores` without a process.
    pub async fn new(stores: &Stores, pace: Pace) -> Self {
        let platform = Fake::<Webhook>::start().await;
        let accounts: Vec<_> = (0..ACCOUNTS).map(|n| account(&platform, n)).collect();
        let folder = TempDir::new().unwrap();
        let stack = Stack::over(folder.path(), stores, &accounts, pace).await.unwrap();
        Self { stack, platform, _logs: Logs(folder) }
    }

    /// From now on the platform makes a post of every call, so that a call too many is seen as a duplicate. So is one that a busy machine
    /// cuts off and that is rightly repeated with its key: not with [`Pace::Brisk`], where the run is large.
    pub fn forgetful(self) -> Self {
        self.platform.set(|knobs| knobs.keeps_ids = false);
        self
    }

    /// Schedules `count` posts of one target each, the first due in `after`, all within `spread`.
    pub async fn schedule(&self, count: usize, after: Duration, spread: Duration) {
        let start = Timestamp::now() + after;
        let posts: Vec<_> = (0..count).map(|n| message(n, start + spread.mul_f64(n as f64 / count as f64))).collect();
        for some in posts.chunks(1000) {
            let (status, answer) = self.stack.api.post("/v1/posts:batch", &json!(some)).await.unwrap();
            assert_eq!(status, 202, "{answer}");
        }
    }

    /// Waits until the platform shows `count` posts.
    pub async fn until_out(&self, count: usize) {
        let what = || format!("{count} posts; there are {}", self.platform.posts().len());
        until(Duration::from_secs(60), what, async || self.platform.posts().len() >= count).await;
    }

    /// Waits until oncepost calls `count` targets published, and returns how long that took.
    pub async fn until_published(&self, count: u64, limit: Duration) -> Duration {
        let began = Instant::now();
        loop {
            // The API may be away for a moment with its ledger.
            let counts = self.stack.api.counts().await;
            let published =
                counts.iter().flat_map(|counts| counts.values()).filter_map(|states| states.get("published"));
            if published.sum::<u64>() >= count {
                return began.elapsed();
            }
            assert!(began.elapsed() < limit, "{count} targets are not published within {limit:?}: {counts:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The platform shows `count` posts, and each of them once.
    pub fn check(&self, count: usize) {
        for n in 0..count {
            let seen = self.platform.count_of(&marker(n));
            assert_eq!(seen, 1, "post {n} is out {seen} times");
        }
        assert_eq!(self.platform.posts().len(), count, "nothing else is out");
    }

    /// Post `n` with its target and attempts.
    pub async fn post(&self, n: usize) -> Value {
        self.stack.api.get(&format!("/v1/posts/by-key/acme/post-{n}?attempts=true")).await.unwrap()
    }

    /// Waits until each process of `role` answers `/readyz` with `status`.
    pub async fn until_ready_is(&self, role: Role, status: u16) {
        for one in self.stack.processes().iter().filter(|one| one.role == role) {
            let url = format!("{}/readyz", one.health);
            let says = async || reqwest::get(&url).await.is_ok_and(|answer| answer.status() == status);
            until(Duration::from_secs(60), || format!("{url} to answer {status}"), says).await;
        }
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for entry in std::fs::read_dir(self.0.path()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let log = std::fs::read_to_string(entry.path()).unwrap_or_default();
            if name.ends_with(".log") {
                let lines: Vec<_> = log.lines().collect();
                eprintln!("--- {name}\n{}", lines[lines.len().saturating_sub(15)..].join("\n"));
            }
        }
    }
}

fn account(platform: &Fake<Webhook>, n: usize) -> Account {
    Account {
        tenant: "acme",
        channel: "webhook",
        id: format!("a{n}"),
        base_url: format!("{}/a{n}", platform.url()),
        secrets: vec![("signing_secret", Webhook::SECRET.into())],
        settings: vec![],
        rate: None,
    }
}

/// What is in the text of post `n` and in no other.
pub fn marker(n: usize) -> String {
    format!("[post-{n}]")
}

/// A schedule message for post `n`.
pub fn message(n: usize, at: Timestamp) -> Value {
    json!({
        "version": 1,
        "idempotency_key": format!("post-{n}"),
        "tenant": "acme",
        "content": { "text": format!("hello {}", marker(n)) },
        "publish_at": at.to_string(),
        "targets": [{ "channel": "webhook", "account": format!("a{}", n % ACCOUNTS) }],
    })
}

/// A time that is over, so that what is due then is due now.
pub fn now() -> Timestamp {
    Timestamp::now() - 1.second()
}

/// Waits until `holds`, or fails after `limit` and says what did not come.
pub async fn until(limit: Duration, what: impl Fn() -> String, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < limit, "waited {limit:?} for {}", what());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The outcome of each attempt of a post's only target.
pub fn outcomes(post: &Value) -> Vec<String> {
    let attempts = post["targets"][0]["attempts"].as_array().expect("attempts");
    attempts.iter().map(|attempt| text(&attempt["outcome"])).collect()
}
