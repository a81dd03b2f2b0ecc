//! Deliveries: made once with the outbox's mark, taken by one at a time, settled by attempts.

use std::time::Duration;

use domain::{EventId, EventName, TargetId};
use ledger::{
    AfterAttempt, AttemptMade, CredentialPut, Delivery, DeliveryAttempt, DeliveryFilter, DeliveryState, DeliveryTally,
    RecordKind, Replay,
};
use serde_json::{Value, json};

use crate::{
    house::House,
    making::{begin, finish, post_of, token_revoked},
};

const LEASE: Duration = Duration::from_secs(60);

async fn hook(house: &House, name: &str, open: Value) {
    let put = CredentialPut { kind: RecordKind::Hook, name: name.into(), expected: None, open, sealed: None };
    house.credentials.put(put).await.unwrap().unwrap();
}

/// Tells everything that is untold; what it was.
async fn tell(house: &House) -> Vec<EventId> {
    let events = house.ledger.untold(Duration::ZERO, 1_000).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    house.ledger.told(&ids).await.unwrap();
    ids
}

/// A delivery to each hook of a post's acceptance.
async fn one(house: &House) -> EventId {
    house.accept_one().await;
    tell(house).await[0]
}

async fn listed(house: &House, filter: DeliveryFilter) -> Vec<Delivery> {
    house.deliveries.deliveries(&filter).await.unwrap().items
}

async fn all(house: &House) -> Vec<Delivery> {
    listed(house, DeliveryFilter::default()).await
}

async fn take(house: &House, hook: &str) -> Vec<Delivery> {
    house.deliveries.take_deliveries(hook, 10, LEASE).await.unwrap()
}

fn attempt(house: &House, number: u32, status: Option<u16>) -> DeliveryAttempt {
    let why = status.is_none_or(|status| status != 200).then(|| "it was not taken".into());
    DeliveryAttempt { number, at: house.now(), millis: 12, status, why }
}

async fn made(house: &House, event: EventId, number: u32, status: Option<u16>, then: AfterAttempt) {
    let attempt = attempt(house, number, status);
    house.deliveries.attempt_made(AttemptMade { hook: "crm".into(), event, attempt, then }).await.unwrap();
}

/// A post that fails at once: `post.accepted`, then `target.failed`.
async fn failed_post(house: &House, owner: &str) -> TargetId {
    let new = post_of(house, owner, &[("webhook", owner)], house.now());
    let target = new.targets[0].id;
    house.accept(vec![new]).await;
    house.apply(target, begin("w")).await;
    house.apply(target, finish(1, domain::Outcome::Failed(token_revoked()))).await;
    target
}

pub async fn each_hook_is_sent_what_it_wants(house: &House) {
    hook(house, "all", json!({})).await;
    hook(house, "acme-only", json!({ "tenant": "acme", "url": "https://a.example" })).await;
    hook(house, "failures", json!({ "events": ["target.failed", "of.tomorrow"] })).await;
    hook(house, "off", json!({ "disabled": { "by": "ops" } })).await;
    failed_post(house, "acme").await;
    failed_post(house, "zoo").await;
    assert_eq!(tell(house).await.len(), 4);
    let to = |name: &str| DeliveryFilter { hook: Some(name.into()), ..DeliveryFilter::default() };
    assert_eq!(listed(house, to("all")).await.len(), 4);
    let acme = listed(house, to("acme-only")).await;
    assert_eq!(acme.len(), 2);
    assert!(acme.iter().all(|delivery| delivery.event.tenant.as_str() == "acme"));
    let failures = listed(house, to("failures")).await;
    assert_eq!(failures.iter().map(|delivery| delivery.event.name).collect::<Vec<_>>(), [EventName::Failed; 2]);
    assert!(failures.iter().all(|delivery| delivery.event.failure.is_some()), "the event is whole");
    assert!(listed(house, to("off")).await.is_empty());
}

pub async fn without_hooks_nothing_is_made_and_events_are_forgotten(house: &House) {
    one(house).await;
    hook(house, "crm", json!({})).await;
    assert!(all(house).await.is_empty() && tell(house).await.is_empty(), "a hook hears of what is told after it");
}

pub async fn an_event_that_many_tell_is_delivered_once(house: &House) {
    hook(house, "crm", json!({})).await;
    for _ in 0..20 {
        house.accept_one().await;
    }
    let events = house.ledger.untold(Duration::ZERO, 100).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let tellers = (0..8).map(|_| house.ledger.told(&ids));
    for told in futures::future::join_all(tellers).await {
        told.unwrap();
    }
    let made = listed(house, DeliveryFilter { limit: 100, ..DeliveryFilter::default() }).await;
    assert_eq!(made.len(), 20);
    let now = house.now();
    assert!(made.iter().all(|delivery| delivery.state == DeliveryState::Waiting && delivery.due_at == Some(now)));
    assert!(events.iter().all(|event| made.iter().any(|delivery| delivery.event == *event)), "whole");
}

pub async fn of_takers_at_once_each_delivery_has_one(house: &House) {
    hook(house, "crm", json!({})).await;
    hook(house, "other", json!({})).await;
    for _ in 0..12 {
        house.accept_one().await;
    }
    tell(house).await;
    let takers = (0..4).map(|_| house.deliveries.take_deliveries("crm", 5, LEASE));
    let mut taken = Vec::new();
    for got in futures::future::join_all(takers).await {
        taken.extend(got.unwrap().into_iter().map(|delivery| delivery.event.id));
    }
    // A taker that met others may have stepped over what they were about to take.
    taken.extend(take(house, "crm").await.into_iter().map(|delivery| delivery.event.id));
    taken.sort_unstable();
    assert_eq!(taken.len(), 12);
    taken.dedup();
    assert_eq!(taken.len(), 12, "none was taken twice");
    assert_eq!(take(house, "other").await.len(), 10, "at most as many as asked, and of this hook");
}

pub async fn what_a_dead_sender_held_is_taken_again(house: &House) {
    hook(house, "crm", json!({})).await;
    let event = one(house).await;
    let first = take(house, "crm").await;
    assert_eq!((first[0].event.id, first[0].attempt, first[0].tries), (event, 1, 1));
    house.advance(59);
    assert!(take(house, "crm").await.is_empty());
    house.advance(1);
    let second = take(house, "crm").await;
    assert_eq!((second[0].event.id, second[0].attempt, second[0].tries), (event, 2, 2));
    // The first sender was slow, not dead: what it learnt is kept, and the second decides.
    made(house, event, 1, Some(503), AfterAttempt::GivenUp).await;
    let now = all(house).await;
    assert_eq!((now[0].state, now[0].log.len()), (DeliveryState::Waiting, 1));
    made(house, event, 2, Some(500), AfterAttempt::Again(Duration::from_secs(5))).await;
    // A receiver that has it has it, whoever sent it.
    made(house, event, 1, Some(200), AfterAttempt::Delivered).await;
    let now = all(house).await;
    assert_eq!((now[0].state, now[0].due_at, now[0].log.len()), (DeliveryState::Delivered, None, 2));
}

pub async fn an_attempt_decides_what_follows(house: &House) {
    hook(house, "crm", json!({})).await;
    let event = one(house).await;
    let begun = house.now();
    take(house, "crm").await;
    house.advance(1);
    made(house, event, 1, Some(503), AfterAttempt::Again(Duration::from_secs(30))).await;
    house.advance(29);
    assert!(take(house, "crm").await.is_empty());
    house.advance(1);
    assert_eq!(take(house, "crm").await[0].attempt, 2);
    made(house, event, 2, None, AfterAttempt::GivenUp).await;
    let given_up = all(house).await.remove(0);
    assert_eq!((given_up.state, given_up.due_at, given_up.since), (DeliveryState::GivenUp, None, begun));
    let log: Vec<_> = given_up.log.iter().map(|attempt| (attempt.number, attempt.status, attempt.millis)).collect();
    assert_eq!(log, [(1, Some(503), 12), (2, None, 12)]);
    assert_eq!(given_up.log[0].why.as_deref(), Some("it was not taken"));
    assert_eq!(house.deliveries.tally("crm").await.unwrap(), DeliveryTally::default());
    // A record that comes twice is one record.
    made(house, event, 2, None, AfterAttempt::GivenUp).await;
    assert_eq!(all(house).await, [given_up]);
}

pub async fn what_is_replayed_is_as_if_new(house: &House) {
    hook(house, "crm", json!({})).await;
    let first = one(house).await;
    house.advance(100);
    let second = one(house).await;
    assert_eq!(house.deliveries.tally("crm").await.unwrap().waiting, 2);
    for (delivery, then) in take(house, "crm").await.iter().zip([AfterAttempt::Delivered, AfterAttempt::GivenUp]) {
        made(house, delivery.event.id, 1, Some(200), then).await;
    }
    let replay = |which: Replay| async move { house.deliveries.replay("crm", &which).await.unwrap() };
    assert_eq!(replay(Replay::Since(house.later(1), None)).await, 0);
    assert_eq!(replay(Replay::Event(EventId(house.runtime.id()))).await, 0);
    assert_eq!(house.deliveries.replay("other", &Replay::Event(first)).await.unwrap(), 0);
    house.advance(10);
    let long_ago = jiff::Timestamp::UNIX_EPOCH;
    assert_eq!(replay(Replay::Since(long_ago, Some(DeliveryState::GivenUp))).await, 1);
    let again = take(house, "crm").await;
    assert_eq!((again.len(), again[0].event.id, again[0].attempt, again[0].tries), (1, second, 2, 1));
    assert_eq!(again[0].since, house.now());
    made(house, second, 2, Some(200), AfterAttempt::Delivered).await;
    assert_eq!(replay(Replay::Event(first)).await, 1);
    assert_eq!(take(house, "crm").await[0].event.id, first);
    assert_eq!(replay(Replay::Since(long_ago, None)).await, 2);
    let tally = house.deliveries.tally("crm").await.unwrap();
    assert_eq!((tally.waiting, tally.oldest), (2, Some(all(house).await[1].made_at)));
}

pub async fn deliveries_are_listed_page_by_page(house: &House) {
    hook(house, "crm", json!({})).await;
    hook(house, "other", json!({})).await;
    let mut events = Vec::new();
    for _ in 0..5 {
        events.push(one(house).await);
        house.advance(1);
    }
    let mut filter = DeliveryFilter { limit: 3, ..DeliveryFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = house.deliveries.deliveries(&filter).await.unwrap();
        seen.extend(page.items.into_iter().map(|delivery| (delivery.event.id, delivery.hook)));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    let newest_first = events.iter().rev().flat_map(|event| ["other", "crm"].map(|hook| (*event, hook.to_owned())));
    assert_eq!(seen, newest_first.collect::<Vec<_>>());
    let count = |filter: DeliveryFilter| async move { listed(house, filter).await.len() };
    let (post, event) = (all(house).await[0].event.post, events[2]);
    let base = DeliveryFilter::default;
    assert_eq!(count(DeliveryFilter { event: Some(event), ..base() }).await, 2);
    assert_eq!(count(DeliveryFilter { event: Some(event), hook: Some("crm".into()), ..base() }).await, 1);
    assert_eq!(count(DeliveryFilter { post: Some(post), ..base() }).await, 2);
    assert_eq!(count(DeliveryFilter { post: Some(post), event: Some(event), ..base() }).await, 0);
    assert_eq!(count(DeliveryFilter { state: Some(DeliveryState::GivenUp), ..base() }).await, 0);
    take(house, "crm").await;
    made(house, event, 1, Some(410), AfterAttempt::GivenUp).await;
    assert_eq!(count(DeliveryFilter { state: Some(DeliveryState::GivenUp), ..base() }).await, 1);
    let bad = DeliveryFilter { after: Some("somewhere".into()), ..base() };
    if house.dialect() == "postgres" {
        assert!(house.deliveries.deliveries(&bad).await.is_err());
    }
}

pub async fn what_is_over_is_forgotten(house: &House) {
    hook(house, "crm", json!({})).await;
    hook(house, "other", json!({})).await;
    let event = one(house).await;
    take(house, "crm").await;
    made(house, event, 1, Some(503), AfterAttempt::GivenUp).await;
    assert_eq!(house.deliveries.forget_hook("other").await.unwrap(), 1);
    assert_eq!(house.deliveries.forget_hook("other").await.unwrap(), 0);
    assert_eq!(all(house).await.len(), 1);
    let month = Duration::from_secs(30 * 86_400);
    house.advance(29 * 86_400);
    assert_eq!(house.deliveries.purge_deliveries(month, 100).await.unwrap(), 0);
    house.deliveries.replay("crm", &Replay::Event(event)).await.unwrap();
    house.advance(86_400);
    assert_eq!(house.deliveries.purge_deliveries(month, 100).await.unwrap(), 0, "it was replayed yesterday");
    house.advance(29 * 86_400);
    assert_eq!(house.deliveries.purge_deliveries(month, 100).await.unwrap(), 1);
    assert!(all(house).await.is_empty());
    // Whoever was still sending it is told nothing is wrong.
    made(house, event, 2, Some(200), AfterAttempt::Delivered).await;
    assert!(all(house).await.is_empty());
}

pub async fn a_hook_that_cannot_be_read_hides_no_other(house: &House) {
    hook(house, "crm", json!({})).await;
    hook(house, "strange", json!({ "events": 7 })).await;
    one(house).await;
    let made: Vec<_> = all(house).await.into_iter().map(|delivery| delivery.hook).collect();
    assert_eq!(made, ["crm"]);
}
