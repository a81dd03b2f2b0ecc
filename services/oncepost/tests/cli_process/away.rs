//! Processes that start while their stores are away: they say what they wait for, and go on by themselves.

use std::time::{Duration, Instant};

use harness::{
    config::{Pace, Stores},
    shared,
    stack::{Role, Running, Stack},
};
use tempfile::TempDir;
use testkit::{Server, servers::Kind};

use crate::probes::{ask, until};

/// Nobody listens on port 1.
const NOBODY: &str = "127.0.0.1:1";

/// A stack that is migrated and has no process yet, and its servers, which are killed.
struct Away {
    stack: Stack,
    postgres: Server,
    rabbit: Server,
    _folder: TempDir,
}

async fn away() -> Away {
    let (postgres, rabbit) = tokio::try_join!(Server::start(Kind::Postgres), Server::start(Kind::RabbitMq)).unwrap();
    let stores = Stores {
        ledger: postgres.url().into(),
        broker: rabbit.url().into(),
        guard: format!("redis://{NOBODY}"),
        prefix: shared::own_name(),
    };
    let folder = TempDir::new().unwrap();
    let mut stack = Stack::over(folder.path(), &stores, &[], Pace::Brisk).await.unwrap();
    stack.extra.push(("ONCEPOST__TELEMETRY__LOG", "info".into()));
    tokio::try_join!(postgres.kill(), rabbit.kill()).unwrap();
    Away { stack, postgres, rabbit, _folder: folder }
}

fn log(one: &Running) -> String {
    std::fs::read_to_string(&one.log).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_without_stores_waits_says_for_what_and_goes_on_by_itself() {
    let Away { mut stack, postgres, rabbit, _folder } = away().await;
    for role in [Role::Scheduler, Role::Worker, Role::Api, Role::Keeper] {
        stack.start(role).unwrap();
    }
    for one in stack.processes() {
        let told =
            until(&one.health, 503, |told| told["checks"]["ledger"]["reason"].to_string().contains("refused")).await;
        assert_eq!(told["stage"], "starting", "{told}");
        let reason = told["checks"]["ledger"]["reason"].as_str().unwrap();
        assert!(reason.contains("Start PostgreSQL, or correct ledger.url") && !reason.contains('\n'), "{reason}");
        assert_eq!(ask(&one.health, "/healthz").await.unwrap().0, 200, "{:?} must not be restarted for it", one.role);
        assert_eq!(log(one).matches("waiting for the ledger").count(), 1, "once, and not for each try: {}", log(one));
    }
    postgres.start_again().await.unwrap();
    for one in stack.processes() {
        let is_called = matches!(one.role, Role::Api | Role::Keeper);
        let told =
            until(&one.health, if is_called { 200 } else { 503 }, |told| !told["checks"]["broker"].is_null()).await;
        assert_eq!(told["stage"], if is_called { "running" } else { "starting" }, "{:?}: {told}", one.role);
        assert_eq!(told["checks"]["broker"]["ok"], false, "{:?}: {told}", one.role);
    }
    rabbit.start_again().await.unwrap();
    for one in stack.processes() {
        until(&one.health, 200, |told| told["checks"]["broker"]["ok"] == true).await;
    }
    stack.stop().await.unwrap();
}

/// A connection is waited for, which may come back; nobody who asks waits as long as that.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_goes_away_is_told_to_callers_within_seconds() {
    let Away { mut stack, postgres, rabbit: _rabbit, _folder } = away().await;
    postgres.start_again().await.unwrap();
    stack.start(Role::Api).unwrap();
    until(&stack.processes()[0].health, 200, |_| true).await;
    stack.api.get("/v1/posts").await.unwrap();
    postgres.kill().await.unwrap();
    for path in ["/v1/posts", "/v1/schedule", "/v1/channels", "/v1/failures/groups", "/v1/retrying", "/v1/accounts"] {
        let asked = Instant::now();
        let refused = stack.api.get(path).await.unwrap_err().to_string();
        assert!(asked.elapsed() < Duration::from_secs(4), "{path} took {:?}", asked.elapsed());
        assert!(refused.contains("503") && refused.contains("The ledger does not answer"), "{path}: {refused}");
    }
    let asked = Instant::now();
    let told = stack.api.get("/v1/processes").await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(4), "it took {:?}", asked.elapsed());
    assert_eq!(told["parts"][0]["answers"], false, "{told}");
    postgres.start_again().await.unwrap();
    until(&stack.processes()[0].health, 200, |_| true).await;
    let back = Instant::now();
    while stack.api.get("/v1/posts").await.is_err() {
        assert!(back.elapsed() < Duration::from_secs(20), "it is there again, and that is seen");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_while_it_waits_it_ends_at_once_and_well() {
    let Away { stack, postgres, rabbit: _rabbit, _folder } = away().await;
    for part in ["ledger", "broker"] {
        let worker = stack.launch(Role::Worker, &stack.config, &[]).unwrap();
        until(&worker.health, 503, |told| told["checks"][part]["reason"].to_string().contains("refused")).await;
        let asked = Instant::now();
        worker.process.stop(Duration::from_secs(30)).await.unwrap();
        assert!(asked.elapsed() < Duration::from_secs(3), "it took {:?} to end", asked.elapsed());
        postgres.start_again().await.unwrap();
    }
}
