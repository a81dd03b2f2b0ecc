//! What is told of hooks and of what was sent to them.

use std::time::Duration;

use insta::assert_snapshot;
use ledger::{AfterAttempt, AttemptMade, Deliveries, DeliveryAttempt, DeliveryFilter, Ledger};

use super::server::{Server, message, server};

const URL: [&str; 2] = ["--url", "https://crm.example/in"];

/// Schedules a post and tells of it.
async fn told(server: &Server, key: &str) -> domain::Event {
    let file = server.file("post.json", &message(key).to_string());
    assert_eq!(server.tell(&["schedule", &file]).await.code, 0);
    // The server tells of it as well, and either is first; whoever told it has made its delivery.
    let events = server.ledger.untold(Duration::ZERO, 100).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    server.ledger.told(&ids).await.unwrap();
    let made = server.ledger.deliveries(&DeliveryFilter::default()).await.unwrap();
    made.items[0].event.clone()
}

async fn attempt(server: &Server, status: u16, why: Option<&str>, then: AfterAttempt) {
    let taken = server.ledger.take_deliveries("crm", 1, Duration::from_secs(60)).await.unwrap().remove(0);
    let attempt = DeliveryAttempt {
        number: taken.attempt,
        at: taken.made_at,
        millis: 41,
        status: Some(status),
        why: why.map(str::to_owned),
    };
    server.ledger.attempt_made(AttemptMade { hook: "crm".into(), event: taken.event.id, attempt, then }).await.unwrap();
}

#[tokio::test]
async fn hooks_are_put_in_listed_replayed_and_removed() {
    let server = server().await;
    let mut all = vec![server.says(&["hooks"]).await];
    let put = server.says(&["hooks", "put", "crm", URL[0], URL[1], "--event", "post.accepted"]).await;
    let secret = put.lines().find(|line| line.starts_with("whsec_")).unwrap().to_owned();
    all.push(put.replace(&secret, "whsec_(made)"));
    all.push(server.says(&["hooks", "deliveries"]).await);
    let event = told(&server, "one").await;
    attempt(&server, 503, Some("HTTP 503: maintenance"), AfterAttempt::Again(Duration::ZERO)).await;
    all.push(server.says(&["hooks", "deliveries", "crm"]).await);
    attempt(&server, 503, Some("HTTP 503: maintenance"), AfterAttempt::GivenUp).await;
    all.push(server.says(&["hooks", "deliveries", "--state", "given_up"]).await);
    all.push(server.says(&["hooks", "replay", "crm", "--since", "2026-01-01T00:00:00Z"]).await);
    all.push(server.says(&["hooks"]).await);
    attempt(&server, 200, None, AfterAttempt::Delivered).await;
    all.push(server.says(&["hooks", "deliveries"]).await);
    let crm = server.vault.hook(&"crm".parse().unwrap()).await.unwrap();
    server.vault.disable_hook(&crm, "oncepost", "its receiver answered 410 Gone").await.unwrap();
    all.push(server.says(&["hooks"]).await);
    all.push(server.says(&["hooks", "put", "crm", URL[0], URL[1], "--tenant", "acme"]).await);
    all.push(server.says(&["hooks", "remove", "crm"]).await);
    all.push(server.says(&["hooks", "remove", "crm"]).await);
    let told = all.join("\n---\n").replace(&event.id.to_string(), "(event)");
    assert_snapshot!("hooks", told.replace(&event.post.to_string(), "(post)"));
}

#[tokio::test]
async fn a_secret_comes_from_a_file_or_a_variable() {
    let server = server().await;
    let file = server.file("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    let put = server.says(&["hooks", "put", "crm", URL[0], URL[1], "--secret", &format!("@{file}")]).await;
    assert!(put.starts_with("Put in: hook crm.") && !put.contains("whsec_"), "{put}");
    let refused = server.says(&["hooks", "put", "crm", URL[0], URL[1], "--secret", "whsec_canary"]).await;
    assert!(refused.contains("[exit code 2]") && !refused.contains("canary"), "{refused}");
}
