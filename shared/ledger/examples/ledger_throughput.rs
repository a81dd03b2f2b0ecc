//! How fast the ledgers are: prints one JSON line for each step.
//!
//! `cargo run --release -p oncepost-ledger --example ledger_throughput -- [targets] [pending]`, with `ONCEPOST_TEST_POSTGRES` set
//! for PostgreSQL. `targets` go the whole way (50,000 unless told otherwise) while `pending` others wait for tomorrow (0).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

extern crate oncepost_ledger as ledger;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    AccountId, Answer, ChannelName, Command, Content, ContentHash, OnDoubt, Outcome, Override, Policy, PostId, Receipt,
    RepeatSafety, TargetId, TenantId, WorkerName,
};
use futures::{StreamExt, future::join_all, stream};
use ledger::{Claim, Ledger, NewPost, NewTarget, Postgres, PostgresOptions, Sqlite, TimeSource};
use runtime::Runtime;

/// How many callers ask at the same time.
const CALLERS: usize = 1_000;
const REPEAT: RepeatSafety =
    RepeatSafety::PlatformKey { kept_for: Duration::from_secs(3600), settles_after: Duration::ZERO, afterwards: None };

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let targets = arguments.next().unwrap_or(50_000);
    let pending = arguments.next().unwrap_or(0);
    let runtime = Runtime::system();
    if let Ok(url) = std::env::var("ONCEPOST_TEST_POSTGRES") {
        let schema = format!("throughput_{}", runtime.id().simple());
        let options = PostgresOptions {
            schema: Some(schema),
            ..PostgresOptions::new(url, Policy::default(), TimeSource::Server)
        };
        Postgres::migrate(&options).await.unwrap();
        let ledger = Postgres::connect(options, &runtime).await.unwrap();
        measure("postgres", Arc::new(ledger), &runtime, targets, pending).await;
    }
    let folder = tempfile::tempdir_in(".").unwrap();
    let ledger = Sqlite::open(folder.path().join("ledger.db"), &runtime, Policy::default()).await.unwrap();
    measure("sqlite", Arc::new(ledger), &runtime, targets, pending).await;
}

async fn measure(name: &'static str, ledger: Arc<dyn Ledger>, runtime: &Runtime, targets: usize, pending: usize) {
    let began = Instant::now();
    let waiting: Vec<_> = (0..pending).map(|n| post(runtime, n, 86_400)).collect();
    for posts in waiting.chunks(1_000) {
        ledger.accept(posts.to_vec()).await.unwrap();
    }
    report(name, "accept, 1,000 in a call", pending, began);

    let began = Instant::now();
    for _ in 0..1_000 {
        assert!(ledger.claim(&claim()).await.unwrap().emissions.is_empty());
    }
    report(name, "claim, nothing due", 1_000, began);

    let posts: Vec<_> = (0..targets).map(|n| post(runtime, n, 0)).collect();
    let began = Instant::now();
    stream::iter(posts)
        .for_each_concurrent(CALLERS, |post| async { ledger.accept(vec![post]).await.map(drop).unwrap() })
        .await;
    report(name, "accept, 1 in a call", targets, began);

    let began = Instant::now();
    let (mut claimed, mut calls) = (Vec::with_capacity(targets), 0);
    while claimed.len() < targets {
        claimed.extend(ledger.claim(&claim()).await.unwrap().emissions.into_iter().map(|emission| emission.target.id));
        calls += 1;
    }
    report(name, "claim", targets, began);
    println!("{}", serde_json::json!({ "database": name, "step": "claim", "calls": calls }));

    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let spent = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let caller = || async {
        while let Some(target) = claimed.get(next.fetch_add(1, Ordering::Relaxed)) {
            pair(&*ledger, *target, &spent).await;
        }
    };
    join_all((0..CALLERS).map(|_| caller())).await;
    report(name, "begin and finish", targets, began);
    let [begin, finish] = spent.map(|spent| spent.into_inner() / targets.max(1));
    println!("{}", serde_json::json!({ "database": name, "step": "latency", "begin_us": begin, "finish_us": finish }));

    let began = Instant::now();
    let census = ledger.census(Duration::from_secs(60)).await.unwrap();
    assert!(census.violations.is_empty());
    report(name, "census", 1, began);
}

async fn pair(ledger: &dyn Ledger, target: TargetId, spent: &[AtomicUsize; 2]) {
    let worker = WorkerName::new("bench").unwrap();
    let began = Instant::now();
    let granted =
        ledger.apply(target, Command::Begin { worker, repeat: REPEAT, arm: Some("publish".into()) }).await.unwrap();
    spent[0].fetch_add(began.elapsed().as_micros() as usize, Ordering::Relaxed);
    let Answer::Begun(begun) = granted.answer else { panic!("{:?}", granted.answer) };
    let receipt = Receipt { id: target.to_string(), url: None };
    let command = Command::Finish {
        attempt: begun.attempt,
        outcome: Outcome::Published(vec![(0, receipt)]),
        repeat: REPEAT,
        on_doubt: OnDoubt::Park,
        trace: None,
    };
    let began = Instant::now();
    ledger.apply(target, command).await.unwrap();
    spent[1].fetch_add(began.elapsed().as_micros() as usize, Ordering::Relaxed);
}

fn claim() -> Claim {
    Claim { limit: 500, ahead: Duration::ZERO, outstanding_per_channel: u32::MAX, outage: None }
}

fn post(runtime: &Runtime, n: usize, due_in: u64) -> NewPost {
    let id = runtime.id();
    let now = runtime.now();
    let channel = ["mastodon", "bluesky", "webhook", "instagram"][n % 4];
    let target = NewTarget {
        id: TargetId(runtime.id()),
        channel: ChannelName::new(channel).unwrap(),
        account: AccountId::new(format!("account-{}", n % 5)).unwrap(),
        app: None,
        due_at: now + Duration::from_secs(due_in),
        deadline: None,
        changes: Override::default(),
        hash: ContentHash([0; 16]),
        trace: None,
    };
    NewPost {
        id: PostId(id),
        tenant: TenantId::new(format!("tenant-{}", n % 50)).unwrap(),
        key: format!("key-{id}"),
        fingerprint: [0; 32],
        content: Content { text: format!("{n:0>200}"), ..Content::default() },
        answer: serde_json::json!({ "post": id }),
        accepted_at: now,
        targets: vec![target],
    }
}

fn report(database: &str, step: &str, count: usize, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    let line = serde_json::json!({
        "database": database,
        "step": step,
        "count": count,
        "seconds": (seconds * 1e3).round() / 1e3,
        "per_second": (count as f64 / seconds).round(),
    });
    println!("{line}");
}
