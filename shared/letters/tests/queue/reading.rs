//! How letters stand is told as it is.

use broker::Transport;
use domain::Command;
use letters::{Agreement, LettersError, Standing};

use crate::world::{World, channel, dead};

#[tokio::test(start_paused = true)]
async fn each_letter_is_told_how_it_stands_and_so_is_each_that_is_missing() {
    let world = World::new();
    let missing = world.refused().await;
    let (open, retried) = (world.dead().await, world.dead().await);
    world.bury(open).await;
    world.ledger.apply(retried, Command::Retry).await.unwrap();
    world.stray("!garbage", "{").await;
    world.settled().await;
    let mut expected = vec![
        ("!garbage".to_owned(), Standing::Unreadable),
        (missing.to_string(), Standing::Missing),
        (open.to_string(), Standing::Superseded),
        (open.to_string(), Standing::Agrees),
        (retried.to_string(), Standing::Stale),
    ];
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(world.standings().await, expected);
    assert_eq!(world.depth().await, 4, "reading takes nothing");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_when_it_came_stays_unreadable() {
    let world = World::new();
    let target = world.dead().await;
    let letter = world.letters.read(&channel()).await.unwrap().entries.remove(0).letter.unwrap();
    world.broker.purge(dead()).await.unwrap();
    let mut headers = letter.message.headers.clone();
    headers.insert(contract::dead::REASON.into(), contract::dead::UNREADABLE.into());
    let to = broker::Destination::Dead { channel: "x".into() };
    let message = broker::Message { headers, ..letter.message };
    world.broker.publish(broker::Outgoing { to, message }).await.unwrap();
    world.settle(target).await;
    assert_eq!(world.standings().await[0].1, Standing::Unreadable, "a person decides about it");
}

#[tokio::test(start_paused = true)]
async fn counts_tell_whether_there_is_anything_to_mend() {
    let world = World::new();
    let (one, _) = (world.dead().await, world.dead().await);
    let x = async || world.letters.counts().await.unwrap().remove(0);
    assert_eq!(x().await.agreement(), Agreement::NotLooked);
    world.letters.read(&channel()).await.unwrap();
    assert_eq!(x().await.agreement(), Agreement::Agrees);
    world.settle(one).await;
    assert_eq!(x().await.agreement(), Agreement::TooMany(1));
    world.settled().await;
    world.broker.wipe();
    assert_eq!(x().await.agreement(), Agreement::TooFew(1));
    let inbox = world.broker.consume(dead(), 1).await.unwrap();
    assert_eq!(x().await.agreement(), Agreement::CannotTell, "somebody may hold it");
    drop(inbox);
    world.broker.cut(true);
    assert_eq!(x().await.agreement(), Agreement::CannotTell);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_is_told_within_seconds_for_all_channels() {
    let world = World::new();
    world.dead().await;
    world.broker.silence(true);
    let before = world.runtime.uptime();
    let counts = world.letters.told_counts().await.unwrap();
    assert_eq!(counts.len(), 2);
    assert!(counts.iter().all(|counts| counts.agreement() == Agreement::CannotTell), "{counts:?}");
    let refused = world.letters.read(&channel()).await.unwrap_err();
    assert!(matches!(refused, LettersError::Look(broker::LookError::Broker(_))), "{refused}");
    let took = world.runtime.uptime() - before;
    assert!(took < std::time::Duration::from_secs(7), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn where_somebody_else_holds_letters_nothing_is_said_of_them() {
    let world = World::new();
    world.dead().await;
    let _inbox = world.broker.consume(dead(), 1).await.unwrap();
    let refused = world.letters.read(&channel()).await.unwrap_err();
    assert!(matches!(refused, LettersError::Look(broker::LookError::Busy { .. })), "{refused}");
}
