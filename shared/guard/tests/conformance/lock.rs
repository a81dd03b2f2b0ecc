//! The dedupe lock.

use std::time::Duration;

use futures::future::join_all;
use oncepost_guard::Lock;

use crate::world::{World, millis, seconds};

pub async fn exactly_one_of_a_hundred_gets_it(world: &World) {
    let lockers = (0..100).map(|n| {
        let guard = world.guard.clone();
        world.runtime.spawn(async move { guard.lock("target", &format!("token {n}"), seconds(60)).await.unwrap() })
    });
    let answers = join_all(lockers).await;
    let taken = answers.into_iter().filter(|answer| *answer.as_ref().unwrap() == Lock::Taken).count();
    assert_eq!(taken, 1);
}

pub async fn the_same_token_takes_again_for_the_whole_ttl(world: &World) {
    assert_eq!(world.guard.lock("k", "me", seconds(5)).await.unwrap(), Lock::Taken);
    assert_eq!(world.guard.lock("k", "me", seconds(500)).await.unwrap(), Lock::Taken);
    let left = held_for(world, "k").await;
    assert!(left > seconds(400) && left <= seconds(500), "{left:?}");
}

pub async fn a_release_by_another_does_nothing(world: &World) {
    world.guard.lock("k", "me", seconds(60)).await.unwrap();
    assert!(!world.guard.release("k", "you").await.unwrap());
    held_for(world, "k").await;
    assert!(!world.guard.release("other", "me").await.unwrap());
}

pub async fn a_release_frees_at_once(world: &World) {
    world.guard.lock("k", "me", seconds(60)).await.unwrap();
    assert!(world.guard.release("k", "me").await.unwrap());
    assert!(!world.guard.release("k", "me").await.unwrap(), "released once");
    assert_eq!(world.guard.lock("k", "you", seconds(60)).await.unwrap(), Lock::Taken);
}

pub async fn it_expires(world: &World) {
    world.guard.lock("k", "me", millis(50)).await.unwrap();
    world.pass(60).await;
    assert_eq!(world.guard.lock("k", "you", seconds(60)).await.unwrap(), Lock::Taken);
    assert!(!world.guard.release("k", "me").await.unwrap(), "the late owner must not free the new one's lock");
    assert!(!world.guard.renew("k", "me", seconds(60)).await.unwrap());
}

pub async fn renewing_keeps_it(world: &World) {
    world.guard.lock("k", "me", seconds(2)).await.unwrap();
    assert!(world.guard.renew("k", "me", seconds(500)).await.unwrap());
    let left = held_for(world, "k").await;
    assert!(left > seconds(400) && left <= seconds(500), "{left:?}");
}

pub async fn renewing_what_is_not_ours_does_nothing(world: &World) {
    assert!(!world.guard.renew("k", "me", seconds(60)).await.unwrap(), "renewing does not take");
    world.guard.lock("k", "me", seconds(5)).await.unwrap();
    assert!(!world.guard.renew("k", "you", seconds(500)).await.unwrap());
    assert!(held_for(world, "k").await <= seconds(5));
}

pub async fn ttls_of_nothing_and_of_ages_are_taken(world: &World) {
    assert_eq!(world.guard.lock("short", "me", Duration::ZERO).await.unwrap(), Lock::Taken);
    world.pass(5).await;
    assert_eq!(world.guard.lock("short", "you", seconds(1)).await.unwrap(), Lock::Taken);
    assert_eq!(world.guard.lock("long", "me", Duration::MAX).await.unwrap(), Lock::Taken);
    assert!(held_for(world, "long").await > seconds(86_400 * 365));
}

async fn held_for(world: &World, key: &str) -> Duration {
    match world.guard.lock(key, "a stranger", seconds(1)).await.unwrap() {
        Lock::HeldByOther { for_about: Some(left) } => left,
        other => panic!("expected a held lock, got {other:?}"),
    }
}
