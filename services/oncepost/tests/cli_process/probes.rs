//! What an orchestrator and a Prometheus ask of each service.

use std::time::{Duration, Instant};

use harness::{
    config::{Pace, Stores},
    shared,
    stack::Stack,
};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Server, servers::Kind};

async fn ask(health: &str, path: &str) -> Option<(u16, String)> {
    let answer = reqwest::get(format!("{health}{path}")).await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

/// Waits until the readiness of a process has this status, and returns what it says of each check.
async fn until_ready_is(health: &str, wanted: u16) -> Value {
    let began = Instant::now();
    loop {
        let seen = ask(health, "/readyz").await;
        if let Some((status, body)) = &seen
            && *status == wanted
        {
            return serde_json::from_str(body).unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{health}/readyz should answer {wanted}: {seen:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_alive_ready_and_measured_and_only_unready_without_its_broker() {
    let folder = TempDir::new().unwrap();
    let rabbit = Server::start(Kind::RabbitMq).await.unwrap();
    let stores = Stores { broker: rabbit.url().into(), ..shared::stores().await.unwrap() };
    let mut stack = Stack::over(folder.path(), &stores, &[], Pace::Brisk).await.unwrap();
    stack.staff(1, 1).await.unwrap();
    let services: Vec<_> = stack.processes().iter().map(|one| (one.role, one.health.clone())).collect();
    for (role, health) in &services {
        let ready = until_ready_is(health, 200).await;
        assert_eq!(ready["checks"]["broker"]["ok"], true, "{role:?}: {ready}");
        assert_eq!(ready["checks"]["ledger"]["ok"], true, "{role:?}: {ready}");
        assert_eq!(ask(health, "/healthz").await.unwrap().0, 200, "{role:?}");
        let (status, metrics) = ask(health, "/metrics").await.unwrap();
        assert_eq!(status, 200, "{role:?}");
        assert!(metrics.lines().any(|line| line.starts_with("oncepost_")), "{role:?}: {metrics}");
    }
    rabbit.kill().await.unwrap();
    for (role, health) in &services {
        let unready = until_ready_is(health, 503).await;
        assert!(unready["checks"]["broker"]["reason"].is_string(), "{role:?}: {unready}");
        assert_eq!(unready["checks"]["ledger"]["ok"], true, "{role:?}: {unready}");
        assert_eq!(ask(health, "/healthz").await.unwrap().0, 200, "{role:?} must not be restarted for it");
        assert_eq!(ask(health, "/metrics").await.unwrap().0, 200, "{role:?}");
    }
    // Nor does ending in order need the broker.
    stack.stop().await.unwrap();
}
