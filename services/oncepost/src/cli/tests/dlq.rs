//! Dead letters.

use broker::{Destination, Message, Outgoing, Source, Transport};
use contract::Dead;
use insta::assert_snapshot;
use ledger::Ledger;
use serde_json::Value;

use super::server::{NOON, Server, server};

/// A post of which both targets were refused and have their letters.
async fn refused(server: &Server, key: &str) -> Vec<String> {
    let (_, targets) = server.scheduled(key).await;
    for target in &targets {
        server.fail(target).await;
        let target = server.ledger.target(target.parse().unwrap()).await.unwrap().unwrap().target;
        let letter = Dead::of(&target, NOON.parse().unwrap()).unwrap();
        let to = Destination::Dead { channel: target.channel.to_string() };
        let message = Outgoing::json(to, format!("{}-1", target.id), letter.encode()).headers(letter.headers());
        server.broker.publish(message).await.unwrap();
    }
    targets
}

async fn stray(server: &Server) {
    let message = Message { id: Some("m-7".into()), body: "hello\u{1b}[31m".into(), ..Message::default() };
    server.broker.publish(Outgoing { to: Destination::Dead { channel: "long".into() }, message }).await.unwrap();
}

#[tokio::test]
async fn letters_are_told_by_channel_and_one_by_one() {
    let server = server().await;
    let told = server.tell(&["dlq", "list"]).await;
    assert_eq!((told.code, told.answer.as_str()), (0, "No dead letters, and none is missing.\n"));
    let targets = refused(&server, "key").await;
    stray(&server).await;
    assert_snapshot!("dlq_list", server.tell(&["dlq", "list"]).await.all());
    assert_snapshot!("dlq_show", server.tell(&["dlq", "show", &targets[0]]).await.all());
    assert_snapshot!("dlq_show_unreadable", server.tell(&["dlq", "show", "m-7", "--channel", "long"]).await.all());
    let page = server.tell(&["dlq", "list", "long", "--limit", "1"]).await;
    assert!(page.answer.ends_with(&format!("There are more: --after long/{}\n", targets[0])), "{}", page.answer);
}

/// Twenty channels, and one reason why nothing is known of any.
#[tokio::test]
async fn with_the_broker_away_that_is_said_once() {
    let server = server().await;
    server.broker.silence(true);
    let told = server.tell(&["dlq", "list"]).await.answer;
    assert_eq!(told.matches("RabbitMQ").count(), 1, "{told}");
    assert!(told.starts_with("2 channels: letters: unknown."), "{told}");
    let (_, targets) = server.scheduled("key").await;
    server.fail(&targets[0]).await;
    let told = server.tell(&["dlq", "list"]).await.answer;
    assert!(told.contains("long: letters: unknown, 1 target needs a person."), "{told}");
    assert_eq!(told.matches("RabbitMQ").count(), 1, "{told}");
}

#[tokio::test]
async fn each_of_several_retries_is_told_and_one_that_is_held_back_keeps_no_other() {
    let server = server().await;
    let targets = refused(&server, "key").await;
    let told = server.tell(&["dlq", "retry", &targets[0], &targets[0], "nonsense", &targets[1]]).await;
    assert_snapshot!("dlq_retry", told.all());
}

#[tokio::test]
async fn what_is_discarded_and_what_is_not_is_told() {
    let server = server().await;
    let targets = refused(&server, "key").await;
    stray(&server).await;
    let told = server.tell(&["dlq", "discard", &targets[0], "m-7", "m-8", "--reason", "not wanted"]).await;
    assert_snapshot!("dlq_discard", told.all());
    let nothing = server.tell(&["dlq", "discard", "m-8", "--reason", "not wanted"]).await;
    assert_eq!(nothing.code, 1, "{}", nothing.all());
}

#[tokio::test]
async fn an_export_is_a_letter_per_line_whole_and_takes_nothing() {
    let server = server().await;
    let targets = refused(&server, "key").await;
    stray(&server).await;
    let told = server.tell(&["dlq", "export"]).await;
    let letters: Vec<Value> = told.answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((told.code, letters.len()), (0, 3), "{}", told.all());
    assert_eq!(letters[0]["body"]["target"], targets[0].as_str());
    let long = server.tell(&["dlq", "export", "long", "--format", "jsonl"]).await;
    assert_eq!(long.answer.lines().count(), 2, "{}", long.all());
    let source = Source::Dead { channel: "long".into() };
    let shovel = server.broker.consume(source.clone(), 10).await.unwrap();
    let told = server.tell(&["dlq", "export"]).await;
    assert!(told.code == 1 && told.remarks.contains("long: Another consumer holds letters"), "{}", told.all());
    drop(shovel);
    assert_eq!(server.broker.depth(source).await.unwrap().ready, 2);
}
