//! Benchmarks: whole runs of the release binary against the fastest platform there can be. One JSON line per figure.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a harness lives in real time and prints")]

use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant as Stopwatch},
};

use clap::Parser;
use harness::{
    Done,
    campaign::TENANT,
    config::{Account, Pace},
    instant::Instant,
    stack::{Role, Stack},
};
use jiff::{Timestamp, ToSpan};
use oncepost_harness as harness;
use serde_json::{Value, json};

/// Measures speed, lateness and size.
#[derive(Parser)]
struct Arguments {
    /// Targets of the throughput runs.
    #[arg(long, default_value_t = 20_000)]
    targets: usize,
    /// Targets due at the same instant in the lateness runs.
    #[arg(long, default_value_t = 2_000)]
    instant: usize,
    /// Targets that are pending in the size run; 0 leaves it out.
    #[arg(long, default_value_t = 100_000)]
    pending: usize,
    /// Only `embedded` or only `real`.
    #[arg(long)]
    only: Option<String>,
    /// Workers of the real stack.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match bench(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            println!("{}", json!({ "error": trouble.to_string() }));
            ExitCode::FAILURE
        }
    }
}

async fn bench(arguments: &Arguments) -> Done {
    for kind in ["embedded", "real"] {
        if arguments.only.as_deref().is_some_and(|only| only != kind) {
            continue;
        }
        Bench::run(kind, arguments).await?;
    }
    Ok(())
}

struct Bench<'a> {
    kind: &'static str,
    stack: Stack,
    platform: Instant,
    arguments: &'a Arguments,
    made: usize,
}

impl Bench<'_> {
    async fn run(kind: &'static str, arguments: &Arguments) -> Done {
        let folder = tempfile::tempdir()?;
        let platform = Instant::default();
        let url = platform.start().await?;
        let accounts: Vec<_> = (0..20).map(|n| account(n, &url)).collect();
        let stack = if kind == "real" {
            Stack::real(folder.path(), &accounts, Pace::Production, arguments.workers).await?
        } else {
            Stack::embedded(folder.path(), &accounts, Pace::Production).await?
        };
        let mut bench = Bench { kind, stack, platform, arguments, made: 0 };
        let measured = bench.measure().await;
        bench.stack.stop().await?;
        measured
    }

    async fn measure(&mut self) -> Done {
        self.throughput().await?;
        self.lateness().await?;
        if self.arguments.pending > 0 {
            self.pending().await?;
        }
        Ok(())
    }

    /// Everything due at once: how fast does it go out?
    async fn throughput(&mut self) -> Done {
        let count = self.arguments.targets;
        let lead = Duration::from_secs(5 + count as u64 / 1_500);
        let due = Timestamp::now().checked_add(lead)?;
        let taken_in = self.schedule(count, due).await?;
        let before = self.processor_seconds();
        wait_until(due).await;
        let watch = Stopwatch::now();
        self.wait_for(count, Duration::from_secs(180)).await?;
        let seconds = watch.elapsed().as_secs_f64();
        let used = self.processor_seconds() - before;
        self.report("intake_http_batch", json!({ "posts_per_second": rate(count, taken_in) }));
        self.report(
            "throughput",
            json!({
                "targets": count, "targets_per_second": rate(count, seconds), "seconds": round(seconds),
                "oncepost_cpu_seconds_per_1000": round(used / count as f64 * 1000.0),
                "repeated_calls": self.platform.arrivals().iter().filter(|arrival| arrival.calls > 1).count(),
            }),
        );
        self.platform.clear();
        Ok(())
    }

    /// A number of targets at one instant: how late does each arrive at the platform?
    async fn lateness(&mut self) -> Done {
        let count = self.arguments.instant;
        let due = Timestamp::now().checked_add(8.seconds())?;
        self.schedule(count, due).await?;
        let before = self.handed_over().await?;
        self.wait_for(count, Duration::from_secs(60)).await?;
        let mut late: Vec<_> =
            self.platform.arrivals().iter().map(|arrival| arrival.first.duration_since(due).as_millis_f64()).collect();
        late.sort_by(f64::total_cmp);
        let at = |share: f64| round(late[((late.len() - 1) as f64 * share) as usize]);
        let handed = shares(&before, &self.handed_over().await?);
        self.report("lateness_at_hand_over", json!({ "targets": count, "share_within_seconds": handed }));
        self.report(
            "lateness_at_platform",
            json!({ "targets": count, "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0) }),
        );
        self.platform.clear();
        Ok(())
    }

    /// Much that is not due: memory and intake stay as they are, and what is due goes out as before.
    async fn pending(&mut self) -> Done {
        let count = self.arguments.pending;
        let far = Timestamp::now().checked_add(240.hours())?;
        let (before, _) = self.memory();
        let seconds = self.schedule(count, far).await?;
        let (after, _) = self.memory();
        self.report(
            "pending",
            json!({
                "targets": count, "posts_per_second": rate(count, seconds),
                "memory_before_kib": before, "memory_after_kib": after,
                "ledger_bytes_per_target": self.ledger_bytes().await?.map(|bytes| bytes / self.made as u64),
            }),
        );
        self.lateness().await
    }

    /// How late targets were handed to the broker, as the schedulers count it.
    async fn handed_over(&self) -> Done<BTreeMap<String, f64>> {
        self.stack.metric("oncepost_emit_lateness_seconds_bucket", "le").await
    }

    async fn ledger_bytes(&self) -> Done<Option<u64>> {
        let Some(servers) = &self.stack.servers else { return Ok(None) };
        let query = "select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                     where n.nspname = 'public' and c.relkind = 'r'";
        let output =
            tokio::process::Command::new("psql").args([servers.postgres.url(), "-Atc", query]).output().await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
    }

    /// Schedules `count` posts of one target for `due`; returns the seconds it took.
    async fn schedule(&mut self, count: usize, due: Timestamp) -> Done<f64> {
        let watch = Stopwatch::now();
        let mut sent = 0;
        while sent < count {
            let size = 500.min(count - sent);
            let batches = (0..4).take_while(|n| sent + n * size < count);
            let asks: Vec<_> = batches.map(|_| self.batch(size, due)).collect();
            sent += asks.len() * size;
            let api = self.stack.api.clone();
            let answers = futures::future::join_all(asks.iter().map(|ask| api.post("/v1/posts:batch", ask))).await;
            for answer in answers {
                let (status, answer) = answer?;
                if !status.is_success() {
                    return Err(format!("a batch was refused with {status}: {answer}").into());
                }
            }
        }
        Ok(watch.elapsed().as_secs_f64())
    }

    fn batch(&mut self, size: usize, due: Timestamp) -> Value {
        let first = self.made;
        self.made += size;
        (first..first + size).map(|n| message(n, due)).collect()
    }

    async fn wait_for(&self, count: usize, limit: Duration) -> Done {
        let watch = Stopwatch::now();
        while self.platform.posts() < count {
            if watch.elapsed() > limit {
                return Err(format!("only {} of {count} were out after {limit:?}", self.platform.posts()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn memory(&self) -> (u64, f64) {
        let roles = [Role::Dev, Role::Scheduler, Role::Worker, Role::Api];
        roles.into_iter().map(|role| self.stack.usage(role)).fold((0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    fn processor_seconds(&self) -> f64 {
        self.memory().1
    }

    fn report(&self, measure: &str, figures: Value) {
        let mut line = json!({ "bench": measure, "parts": self.kind });
        if let (Some(line), Some(figures)) = (line.as_object_mut(), figures.as_object()) {
            line.extend(figures.clone());
        }
        println!("{line}");
    }
}

/// Which share of what came between `before` and `after` was within each bound.
fn shares(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let new = |bound: &str| after.get(bound).unwrap_or(&0.0) - before.get(bound).unwrap_or(&0.0);
    let all = new("+Inf").max(1.0);
    ["0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1"].map(|bound| (bound.to_owned(), round(new(bound) / all))).into()
}

fn account(n: usize, url: &str) -> Account {
    Account {
        tenant: TENANT,
        channel: "webhook",
        id: format!("a{n}"),
        base_url: format!("{url}/a{n}"),
        secrets: vec![("signing_secret", testkit::Webhook::SECRET.to_owned())],
        settings: vec![],
    }
}

fn message(n: usize, due: Timestamp) -> Value {
    json!({
        "version": 1,
        "idempotency_key": format!("bench-{n}"),
        "tenant": TENANT,
        "content": { "text": format!("Benchmark post number {n}. {}", "It says about as much as posts do. ".repeat(4)) },
        "publish_at": due.to_string(),
        "targets": [{ "channel": "webhook", "account": format!("a{}", n % 20) }],
    })
}

async fn wait_until(when: Timestamp) {
    let wait = Duration::try_from(when.duration_since(Timestamp::now())).unwrap_or_default();
    tokio::time::sleep(wait).await;
}

fn rate(count: usize, seconds: f64) -> f64 {
    round(count as f64 / seconds.max(0.001))
}

fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}
