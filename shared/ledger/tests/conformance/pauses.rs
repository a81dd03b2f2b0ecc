//! Pauses hold, and their end releases gently.

use std::time::Duration;

use domain::{Answer, Code, Command, Failure, Landed, Next, Outcome, PauseScope, State, TargetId};
use ledger::PauseAsk;

use crate::{
    house::House,
    making::{account, begin, channel, finish, post, post_of, published, tenant, token_revoked},
};

fn ask(scope: PauseScope, by: &str) -> PauseAsk {
    PauseAsk { scope, reason: "a drill".into(), by: by.into() }
}

fn webhook() -> PauseScope {
    PauseScope::Channel { channel: channel("webhook") }
}

pub async fn a_scope_is_paused_once(house: &House) {
    let first = house.ledger.pause(ask(webhook(), "ann")).await.unwrap();
    assert_eq!((first.by.as_str(), first.since), ("ann", house.now()));
    house.advance(5);
    assert_eq!(house.ledger.pause(ask(webhook(), "bob")).await.unwrap(), first);
    assert_eq!(house.ledger.pauses().await.unwrap(), [first]);
    assert_eq!(house.ledger.resume(&webhook(), Duration::ZERO).await.unwrap(), Some(0));
    assert_eq!(house.ledger.resume(&webhook(), Duration::ZERO).await.unwrap(), None);
    assert!(house.ledger.pauses().await.unwrap().is_empty());
    assert_eq!(house.ledger.pause(ask(webhook(), "bob")).await.unwrap().by, "bob");
}

pub async fn a_pause_holds_and_its_end_drips(house: &House) {
    let posts: Vec<_> = ["main", "main", "main", "other"]
        .map(|by| post_of(house, "acme", &[("webhook", by)], house.now()))
        .into_iter()
        .chain([post_of(house, "acme", &[("mastodon", "main")], house.now())])
        .collect();
    let targets: Vec<TargetId> = posts.iter().map(|post| post.targets[0].id).collect();
    house.accept(posts).await;
    house.ledger.pause(ask(webhook(), "ann")).await.unwrap();
    let claimed = house.claim(10).await;
    assert_eq!(claimed.emissions.len(), 1, "only the other channel's");
    assert_eq!(claimed.events.len(), 4);
    assert!(matches!(house.apply(targets[0], begin("w")).await.answer, Answer::Drop { state: State::Held, .. }));

    house.advance(100);
    assert_eq!(house.ledger.resume(&webhook(), Duration::from_secs(10)).await.unwrap(), Some(4));
    let mut wakes = Vec::new();
    for target in &targets[..4] {
        let target = house.ledger.target(*target).await.unwrap().unwrap().target;
        assert_eq!(target.state, State::Scheduled);
        wakes.push((target.account, target.wake_at.unwrap()));
    }
    wakes.sort();
    let slots = [("main", 0), ("main", 10), ("main", 20), ("other", 0)];
    assert_eq!(wakes, slots.map(|(by, after)| (account(by), house.later(after))));
}

/// It is not forgotten for as long as a look now and then takes, once the pause is over.
pub async fn the_end_of_a_pause_sets_doubts_going(house: &House) {
    let target = house.accept_one().await;
    house.apply(target, begin("w")).await;
    house.apply(target, Command::Arm { attempt: 1, step: "deliver".into(), part: 0 }).await;
    house.apply(target, finish(1, Outcome::Failed(Failure { landed: Landed::Unknown, ..token_revoked() }))).await;
    house.ledger.pause(ask(webhook(), "ann")).await.unwrap();
    house.advance(100);
    let put_off = Answer::Drop { state: State::InDoubt, listed: false };
    assert_eq!(house.apply(target, begin("w")).await.answer, put_off);
    assert!(house.claim(10).await.emissions.is_empty());
    assert_eq!(house.ledger.resume(&webhook(), Duration::from_secs(10)).await.unwrap(), Some(0), "it was not held");
    assert_eq!(house.claim(10).await.emissions.len(), 1);
    assert!(matches!(house.apply(target, begin("w")).await.answer, Answer::Begun(_)));
}

pub async fn another_pause_still_covers(house: &House) {
    let target = house.accept_one().await;
    house.ledger.pause(ask(webhook(), "ann")).await.unwrap();
    house.ledger.pause(ask(PauseScope::Tenant { tenant: tenant("acme") }, "ann")).await.unwrap();
    house.claim(10).await;
    assert_eq!(house.ledger.resume(&webhook(), Duration::ZERO).await.unwrap(), Some(0));
    assert_eq!(house.state(target).await, State::Held);
    let other = PauseScope::Tenant { tenant: tenant("acme") };
    assert_eq!(house.ledger.resume(&other, Duration::ZERO).await.unwrap(), Some(1));
    assert_eq!(house.state(target).await, State::Scheduled);
}

pub async fn an_account_that_fails_holds_its_siblings(house: &House) {
    let posts: Vec<_> = (0..10).map(|_| post(house, house.now())).collect();
    let targets: Vec<TargetId> = posts.iter().map(|post| post.targets[0].id).collect();
    house.accept(posts).await;
    house.apply(targets[0], begin("w")).await;
    let done = house.apply(targets[0], finish(1, Outcome::Failed(token_revoked()))).await;
    assert_eq!(done.answer, Answer::Finished(Next::Dead));
    let pause = done.pause.unwrap();
    assert_eq!((pause.code, pause.by.as_str()), (Some(Code::TOKEN_REVOKED), "oncepost"));
    assert_eq!(house.ledger.pauses().await.unwrap(), std::slice::from_ref(&pause));
    for target in &targets[1..] {
        assert!(matches!(house.apply(*target, begin("w")).await.answer, Answer::Drop { state: State::Held, .. }));
    }
    assert_eq!(house.ledger.resume(&pause.scope, Duration::ZERO).await.unwrap(), Some(9));
    house.apply(targets[1], begin("w")).await;
    assert_eq!(house.apply(targets[1], published(1, "p")).await.answer, Answer::Finished(Next::Nothing));
}

/// A target that is held a moment after its pause has ended would be held for ever.
pub async fn nothing_stays_held_when_claims_meet_the_end_of_a_pause(house: &House) {
    for _ in 0..20 {
        let posts: Vec<_> = (0..40).map(|_| post(house, house.now())).collect();
        let targets: Vec<TargetId> = posts.iter().map(|post| post.targets[0].id).collect();
        house.accept(posts).await;
        house.ledger.pause(ask(webhook(), "ann")).await.unwrap();
        let scope = webhook();
        let begins = futures::future::join_all(targets.iter().map(|target| house.ledger.apply(*target, begin("w"))));
        let (claimed, resumed, _) = tokio::join!(house.claim(20), house.ledger.resume(&scope, Duration::ZERO), begins);
        assert!(resumed.unwrap().is_some() && claimed.violations.is_empty());
        let census = house.ledger.census(Duration::ZERO).await.unwrap();
        assert!(census.counts.iter().all(|count| count.state != State::Held), "{:?}", census.counts);
    }
}
