//! Cool-downs and rates.

use futures::future::join_all;
use jiff::Timestamp;
use oncepost_guard::{Permit, Rate, ScopeLimit};

use crate::world::{World, millis, seconds};

pub async fn no_scopes_is_go(world: &World) {
    assert_eq!(world.guard.permit(&[], world.now()).await.unwrap(), Permit::Go);
}

pub async fn a_cool_down_holds_until_its_time(world: &World) {
    let until = whole_second(world) + seconds(60);
    world.guard.cool_down("account:t:1", until, "429 from the platform").await.unwrap();
    let scopes = [ScopeLimit::unlimited("channel:mastodon"), ScopeLimit::unlimited("account:t:1")];
    let wait = wait(until, "account:t:1", "429 from the platform");
    assert_eq!(world.guard.permit(&scopes, until - millis(1)).await.unwrap(), wait);
    assert_eq!(world.guard.permit(&scopes, until).await.unwrap(), Permit::Go);
    assert_eq!(world.guard.permit(&scopes[..1], until - millis(1)).await.unwrap(), Permit::Go, "others go on");
}

pub async fn a_cool_down_is_never_shortened(world: &World) {
    let start = whole_second(world);
    let scopes = [ScopeLimit::unlimited("s")];
    world.guard.cool_down("s", start + seconds(60), "long").await.unwrap();
    world.guard.cool_down("s", start + seconds(30), "short").await.unwrap();
    assert_eq!(world.guard.permit(&scopes, start).await.unwrap(), wait(start + seconds(60), "s", "long"));
    world.guard.cool_down("s", start + seconds(90), "longer").await.unwrap();
    assert_eq!(world.guard.permit(&scopes, start).await.unwrap(), wait(start + seconds(90), "s", "longer"));
}

pub async fn a_cool_down_may_last_for_ever(world: &World) {
    world.guard.cool_down("s", Timestamp::MAX, "gone").await.unwrap();
    let later = world.now() + seconds(86_400 * 365 * 50);
    assert!(matches!(
        world.guard.permit(&[ScopeLimit::unlimited("s")], later).await.unwrap(),
        Permit::Wait { until, .. } if until > later
    ));
    world.guard.cool_down("past", Timestamp::MIN, "long ago").await.unwrap();
    assert_eq!(world.guard.permit(&[ScopeLimit::unlimited("past")], later).await.unwrap(), Permit::Go);
}

pub async fn a_cool_down_keeps_its_reason_to_the_letter(world: &World) {
    let until = whole_second(world) + seconds(60);
    for (scope, reason) in [("empty", ""), ("colon", "a: b: 5:6"), ("lines", "a\nb — ü")] {
        world.guard.cool_down(scope, until, reason).await.unwrap();
        let scopes = [ScopeLimit::limited(scope, Rate { per: seconds(1), burst: 1 })];
        assert_eq!(world.guard.permit(&scopes, world.now()).await.unwrap(), wait(until, scope, reason));
    }
}

pub async fn a_rate_gives_its_burst_and_then_one_per_span(world: &World) {
    let start = whole_second(world);
    let scopes = [ScopeLimit::limited("s", Rate { per: millis(100), burst: 3 })];
    let mut gone = Vec::new();
    for tenth in 0..100_u64 {
        if world.guard.permit(&scopes, start + millis(10 * tenth)).await.unwrap() == Permit::Go {
            gone.push(10 * tenth);
        }
    }
    assert_eq!(gone, [0, 10, 20, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
}

pub async fn a_hundred_at_once_share_one_burst(world: &World) {
    let start = whole_second(world);
    let askers = (0..100).map(|_| {
        let guard = world.guard.clone();
        let scopes = [ScopeLimit::limited("s", Rate { per: seconds(1), burst: 7 })];
        world.runtime.spawn(async move { guard.permit(&scopes, start).await.unwrap() })
    });
    let answers = join_all(askers).await;
    let gone = answers.into_iter().filter(|answer| *answer.as_ref().unwrap() == Permit::Go).count();
    assert_eq!(gone, 7);
}

pub async fn all_scopes_or_none(world: &World) {
    let start = whole_second(world);
    let narrow = ScopeLimit::limited("account", Rate { per: seconds(60), burst: 1 });
    let wide = ScopeLimit::limited("channel", Rate { per: seconds(60), burst: 2 });
    let both = [wide.clone(), narrow];
    assert_eq!(world.guard.permit(&both, start).await.unwrap(), Permit::Go);
    for _ in 0..5 {
        assert!(
            matches!(world.guard.permit(&both, start).await.unwrap(), Permit::Wait { scope, .. } if scope == "account")
        );
    }
    let wide = [wide];
    assert_eq!(world.guard.permit(&wide, start).await.unwrap(), Permit::Go, "the refused calls took nothing here");
    assert!(matches!(world.guard.permit(&wide, start).await.unwrap(), Permit::Wait { .. }));
}

pub async fn a_wait_names_the_latest_scope(world: &World) {
    let start = whole_second(world);
    world.guard.cool_down("early", start + seconds(10), "a").await.unwrap();
    world.guard.cool_down("late", start + seconds(20), "b").await.unwrap();
    let scopes = ["early", "late", "free"].map(ScopeLimit::unlimited);
    assert_eq!(world.guard.permit(&scopes, start).await.unwrap(), wait(start + seconds(20), "late", "b"));
}

pub async fn a_wait_costs_nothing(world: &World) {
    let start = whole_second(world);
    let scopes = [ScopeLimit::limited("s", Rate { per: seconds(10), burst: 1 })];
    assert_eq!(world.guard.permit(&scopes, start).await.unwrap(), Permit::Go);
    let due = wait(start + seconds(10), "s", "rate limit: 1 at once, then one per 10s");
    for second in 1..10 {
        assert_eq!(world.guard.permit(&scopes, start + seconds(second)).await.unwrap(), due);
    }
    assert_eq!(world.guard.permit(&scopes, start + seconds(10)).await.unwrap(), Permit::Go);
}

pub async fn a_scope_named_twice_counts_once(world: &World) {
    let start = whole_second(world);
    let scope = ScopeLimit::limited("s", Rate { per: seconds(10), burst: 2 });
    let twice = [scope.clone(), scope];
    assert_eq!(world.guard.permit(&twice, start).await.unwrap(), Permit::Go);
    assert_eq!(world.guard.permit(&twice, start).await.unwrap(), Permit::Go);
    assert!(matches!(world.guard.permit(&twice, start).await.unwrap(), Permit::Wait { .. }));
}

fn wait(until: Timestamp, scope: &str, reason: &str) -> Permit {
    Permit::Wait { until, scope: scope.into(), reason: reason.into() }
}

/// Now without its fraction: instants are kept to the microsecond, a system clock may show nanoseconds.
fn whole_second(world: &World) -> Timestamp {
    Timestamp::from_second(world.now().as_second()).unwrap()
}
