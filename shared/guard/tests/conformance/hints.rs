//! Outcome hints.

use oncepost_guard::{Lock, Permit, Rate, ScopeLimit};

use crate::world::{World, millis, seconds};

pub async fn are_read_back_and_replaced(world: &World) {
    assert_eq!(world.guard.hint_of("t").await.unwrap(), None);
    world.guard.hint("t", "published 4711 ✓".into(), seconds(60)).await.unwrap();
    assert_eq!(world.guard.hint_of("t").await.unwrap().as_deref(), Some("published 4711 ✓"));
    world.guard.hint("t", String::new(), seconds(60)).await.unwrap();
    assert_eq!(world.guard.hint_of("t").await.unwrap().as_deref(), Some(""));
}

pub async fn expire(world: &World) {
    world.guard.hint("t", "done".into(), millis(50)).await.unwrap();
    world.pass(60).await;
    assert_eq!(world.guard.hint_of("t").await.unwrap(), None);
}

pub async fn know_nothing_of_locks(world: &World) {
    world.guard.lock("same", "me", seconds(60)).await.unwrap();
    assert_eq!(world.guard.hint_of("same").await.unwrap(), None);
    world.guard.hint("same", "done".into(), seconds(60)).await.unwrap();
    assert!(world.guard.release("same", "me").await.unwrap());
    assert_eq!(world.guard.hint_of("same").await.unwrap().as_deref(), Some("done"));
}

pub async fn a_wipe_forgets_everything(world: &World) {
    let (now, rate) = (world.now(), Rate { per: seconds(60), burst: 1 });
    let scopes = [ScopeLimit::limited("s", rate)];
    world.guard.lock("k", "me", seconds(60)).await.unwrap();
    world.guard.hint("t", "done".into(), seconds(60)).await.unwrap();
    world.guard.permit(&scopes, now).await.unwrap();
    world.guard.cool_down("c", now + seconds(60), "x").await.unwrap();
    world.guard.wipe().await.unwrap();
    world.guard.ping().await.unwrap();
    assert_eq!(world.guard.lock("k", "you", seconds(60)).await.unwrap(), Lock::Taken);
    assert_eq!(world.guard.hint_of("t").await.unwrap(), None);
    assert_eq!(world.guard.permit(&scopes, now).await.unwrap(), Permit::Go);
    assert_eq!(world.guard.permit(&[ScopeLimit::unlimited("c")], now).await.unwrap(), Permit::Go);
}
