//! Hooks as their receivers see them: over HTTP, signed, again after failures and deaths.

use std::time::Duration;

use crate::receiver::{Answer, Receiver};
use crate::world::World;
use domain::EventName;
use ledger::{DeliveryState, Replay};
use serde_json::json;

#[tokio::test]
async fn an_event_is_sent_once_signed_and_as_the_contract_says() {
    let (world, mut receiver) = (World::new(), Receiver::start(Answer::status(204)).await);
    let secret = world.hook("crm", &receiver.url, None).await;
    world.start();
    let post = world.accept("acme").await;
    let got = receiver.next().await;
    got.verify(&secret);
    assert!(got.verified_by_others(&secret));
    assert_eq!(got.header("content-type"), "application/json");
    let body = got.json();
    assert_eq!((&body["version"], &body["name"]), (&json!(1), &json!("post.accepted")));
    assert_eq!((&body["post"], &body["tenant"]), (&json!(post), &json!("acme")));
    assert_eq!(body["id"], got.header("webhook-id"), "the id of the message is the event's");
    let delivery = world.settled("crm").await.remove(0);
    assert_eq!((delivery.state, delivery.attempt), (DeliveryState::Delivered, 1));
    assert_eq!((delivery.log[0].status, &delivery.log[0].why), (Some(204), &None));
    assert!(receiver.is_quiet(), "nothing more is sent");
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_until_it_is() {
    let answers = [Answer::status(500), Answer::cut(), Answer::status(302), Answer::status(200)];
    let (world, mut receiver) = (World::new(), Receiver::script(answers).await);
    let secret = world.hook("crm", &receiver.url, None).await;
    world.start();
    world.accept("acme").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        let got = receiver.next().await;
        got.verify(&secret);
        ids.push((got.header("webhook-id"), got.body.clone()));
    }
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "the same message each time");
    let delivery = world.settled("crm").await.remove(0);
    assert_eq!((delivery.state, delivery.attempt), (DeliveryState::Delivered, 4));
    let said: Vec<_> = delivery.log.iter().map(|attempt| (attempt.number, attempt.status)).collect();
    assert_eq!(said, [(1, Some(500)), (2, None), (3, Some(302)), (4, Some(200))]);
    assert_eq!(delivery.log[0].why.as_deref(), Some("HTTP 500: as told"));
    assert!(delivery.log[2].why.as_ref().unwrap().contains("redirects are not followed"));
    assert!(receiver.is_quiet(), "nobody went where the redirect leads");
}

#[tokio::test]
async fn a_dead_receiver_delays_nobody_elses_events() {
    let (world, mut well) = (World::new(), Receiver::start(Answer::status(200)).await);
    let silent = Receiver::start(Answer::Never).await;
    world.hook("silent", &silent.url, None).await;
    world.hook("well", &well.url, None).await;
    world.start();
    for _ in 0..30 {
        world.accept("acme").await;
    }
    for _ in 0..30 {
        well.next().await;
    }
    assert!(silent.under_way() <= world.options.at_once, "{} calls at once", silent.under_way());
    assert!(world.listed("silent").await.iter().all(|delivery| delivery.state == DeliveryState::Waiting));
}

#[tokio::test]
async fn attempts_that_end_together_do_not_wait_for_each_other() {
    let (world, mut receiver) = (World::on_sqlite().await, Receiver::start(Answer::status(200)).await);
    world.hook("crm", &receiver.url, None).await;
    for _ in 0..60 {
        world.accept("acme").await;
    }
    world.start();
    for _ in 0..60 {
        receiver.next().await;
    }
    assert_eq!(world.settled("crm").await.len(), 60);
}

#[tokio::test]
async fn a_silent_receiver_is_waited_for_no_longer_than_the_limit() {
    let world = World::with(|options| {
        options.timeout = Duration::from_millis(50);
        options.give_up_after = Duration::ZERO;
    });
    let silent = Receiver::start(Answer::Never).await;
    world.hook("crm", &silent.url, None).await;
    world.start();
    world.accept("acme").await;
    let delivery = world.settled("crm").await.remove(0);
    assert_eq!((delivery.state, delivery.log[0].status), (DeliveryState::GivenUp, None));
    assert!(delivery.log[0].why.as_ref().unwrap().contains("no answer in time"), "{:?}", delivery.log);
}

#[tokio::test]
async fn what_a_killed_sender_was_sending_is_sent_again_under_the_same_id() {
    let world = World::with(|options| options.lease = Duration::from_millis(100));
    let mut receiver = Receiver::script([Answer::Never, Answer::status(200)]).await;
    let secret = world.hook("crm", &receiver.url, None).await;
    let doomed = world.start();
    world.accept("acme").await;
    let first = receiver.next().await;
    doomed.kill();
    world.start();
    let second = receiver.next().await;
    second.verify(&secret);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    let delivery = world.settled("crm").await.remove(0);
    assert_eq!((delivery.state, delivery.attempt), (DeliveryState::Delivered, 2));
    assert_eq!(delivery.log.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [2], "the first was cut short");
}

#[tokio::test]
async fn a_receiver_that_is_gone_switches_its_hook_off() {
    let (world, mut receiver) = (World::new(), Receiver::start(Answer::status(410)).await);
    world.hook("crm", &receiver.url, None).await;
    world.start();
    world.accept("acme").await;
    receiver.next().await;
    let delivery = world.settled("crm").await.remove(0);
    assert_eq!((delivery.state, delivery.log.len()), (DeliveryState::GivenUp, 1));
    let off = world.switched_off("crm").await;
    assert_eq!(off.by, "oncepost");
    assert!(off.note.contains("410 Gone"), "{}", off.note);
    world.accept("acme").await;
    assert_eq!(world.listed("crm").await.len(), 1, "nothing is kept for a hook that is off");
}

#[tokio::test]
async fn nothing_more_is_sent_before_the_time_that_a_receiver_asks_for() {
    let busy = Answer::status(429).retry_after(3600);
    let (world, mut receiver) = (World::new(), Receiver::script([busy, Answer::status(200)]).await);
    world.hook("crm", &receiver.url, None).await;
    world.start();
    world.accept("acme").await;
    receiver.next().await;
    let until = world.put_off("crm").await;
    let wait = until.duration_since(world.runtime.now()).as_secs();
    assert!((3500..=3700).contains(&wait), "{wait} s");
    // Another hook shows that the notifier has looked again, and again.
    let mut other = Receiver::start(Answer::status(200)).await;
    world.hook("other", &other.url, None).await;
    for _ in 0..3 {
        world.accept("acme").await;
        other.next().await;
    }
    assert!(receiver.is_quiet(), "not even what is new");
    // A person who puts the hook in again has spoken with whoever runs the receiver.
    world.hook("crm", &receiver.url, None).await;
    assert_eq!(receiver.next().await.json()["name"], "post.accepted");
}

#[tokio::test]
async fn what_is_replayed_is_sent_again() {
    let (world, mut receiver) = (World::new(), Receiver::start(Answer::status(200)).await);
    world.hook("crm", &receiver.url, None).await;
    world.start();
    world.accept("acme").await;
    let first = receiver.next().await;
    let delivery = world.settled("crm").await.remove(0);
    world.deliveries().replay("crm", &Replay::Event(delivery.event.id)).await.unwrap();
    let again = receiver.next().await;
    assert_eq!((first.header("webhook-id"), &first.body), (again.header("webhook-id"), &again.body));
    assert_eq!(world.settled("crm").await[0].log.len(), 2);
}

#[tokio::test]
async fn a_hook_that_became_another_tenants_is_not_told() {
    let (world, mut receiver) = (World::new(), Receiver::start(Answer::status(200)).await);
    world.hook("crm", &receiver.url, Some("acme")).await;
    world.accept("acme").await;
    world.hook("crm", &receiver.url, Some("zoo")).await;
    world.accept("zoo").await;
    world.start();
    assert_eq!(receiver.next().await.json()["tenant"], "zoo");
    let mut states: Vec<_> = world.settled("crm").await.into_iter().map(|it| (it.event.tenant, it.state)).collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(states[0].1, DeliveryState::GivenUp);
    assert_eq!(states[1].1, DeliveryState::Delivered);
    assert!(receiver.is_quiet());
}

#[tokio::test]
async fn a_private_address_is_called_only_if_the_settings_say_so() {
    let world = World::outside_only();
    let mut receiver = Receiver::start(Answer::status(200)).await;
    world.hook("crm", &receiver.url, None).await;
    world.start();
    world.accept("acme").await;
    let delivery = world.attempted("crm").await;
    assert_eq!(delivery.log[0].status, None);
    let why = delivery.log[0].why.as_ref().unwrap();
    assert!(why.contains("https") || why.contains("private network"), "{why}");
    assert!(receiver.is_quiet());
}

#[tokio::test]
async fn of_two_notifiers_one_sends_each_event() {
    let (world, mut receiver) = (World::new(), Receiver::start(Answer::status(200)).await);
    world.hook("crm", &receiver.url, None).await;
    for _ in 0..40 {
        world.accept("acme").await;
    }
    world.start();
    world.start();
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(receiver.next().await.header("webhook-id"));
    }
    world.settled("crm").await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
    assert!(receiver.is_quiet());
    assert_eq!(EventName::ALL.len(), 9, "docs/hooks.md lists each");
}
