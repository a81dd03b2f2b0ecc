//! What an orchestrator and a Prometheus ask of each service.

use std::time::{Duration, Instant};

use harness::{
    config::{Pace, Stores},
    shared,
    stack::{Role, Stack},
};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Server, servers::Kind};

/// What a probe of a process answers: status and body; none if nobody does.
pub async fn ask(health: &str, path: &str) -> Option<(u16, String)> {
    let answer = reqwest::get(format!("{health}{path}")).await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

/// Waits until the readiness of a process has this status, and returns what it says of each check.
async fn until_ready_is(health: &str, wanted: u16) -> Value {
    until(health, wanted, |_| true).await
}

/// The same, until it says so as well.
pub async fn until(health: &str, wanted: u16, says: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let seen = ask(health, "/readyz").await;
        if let Some((status, body)) = &seen
            && *status == wanted
            && let Ok(told) = serde_json::from_str(body)
            && says(&told)
        {
            return told;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{health}/readyz should answer {wanted}: {seen:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_alive_and_measured_without_its_broker_and_the_api_ready_as_well() {
    let folder = TempDir::new().unwrap();
    let rabbit = Server::start(Kind::RabbitMq).await.unwrap();
    let stores = Stores { broker: rabbit.url().into(), ..shared::stores().await.unwrap() };
    let mut stack = Stack::over(folder.path(), &stores, &[], Pace::Brisk).await.unwrap();
    stack.staff(1, 1).await.unwrap();
    stack.start(Role::Keeper).unwrap();
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
    let scheduler = services.iter().find(|(role, _)| *role == Role::Scheduler).unwrap();
    let began = Instant::now();
    for queue in
        ["work_queue_messages{channel=\"mastodon\"}", "retry_queue_messages{tier=\"10m\"}", "schedule_queue_messages"]
    {
        let shown = format!("oncepost_{queue} 0\n");
        while !ask(&scheduler.1, "/metrics").await.unwrap().1.contains(&shown) {
            assert!(began.elapsed() < Duration::from_secs(30), "no scheduler shows {queue}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    rabbit.kill().await.unwrap();
    for (role, health) in &services {
        let is_ready_without = matches!(role, Role::Api | Role::Keeper);
        let told =
            until(health, if is_ready_without { 200 } else { 503 }, |told| told["checks"]["broker"]["ok"] == false)
                .await;
        assert!(told["checks"]["broker"]["reason"].is_string(), "{role:?}: {told}");
        assert_eq!(told["checks"]["ledger"]["ok"], true, "{role:?}: {told}");
        assert_eq!(ask(health, "/healthz").await.unwrap().0, 200, "{role:?} must not be restarted for it");
        assert_eq!(ask(health, "/metrics").await.unwrap().0, 200, "{role:?}");
    }
    // Nor does ending in order need the broker.
    stack.stop().await.unwrap();
}
