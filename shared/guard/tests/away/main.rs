//! What callers of the Redis guard see while Redis is away, and when it is back.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod proxy;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use oncepost_guard::{Guard, GuardError, Lock, Permit, RedisGuard, RedisOptions, ScopeLimit};
use proxy::{Proxy, Way};
use runtime::Runtime;

const LIMIT: Duration = Duration::from_millis(300);
/// Generous: the machine may be busy. What matters is that it is not "for ever".
const SOON: Duration = Duration::from_secs(20);
const TTL: Duration = Duration::from_secs(60);

fn redis_url() -> url::Url {
    let url = std::env::var("ONCEPOST_TEST_REDIS").expect(
        "ONCEPOST_TEST_REDIS is not set (e.g. redis://127.0.0.1:16379): run `make test`, which starts a Redis and sets it",
    );
    url.parse().unwrap()
}

async fn behind_a_proxy() -> (RedisGuard, Proxy, Runtime) {
    let runtime = Runtime::system();
    let url = redis_url();
    let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379));
    let proxy = Proxy::before(target, runtime.clone()).await;
    let mut url = url;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.port())).unwrap();
    (open(url.as_str(), &runtime), proxy, runtime)
}

fn open(url: &str, runtime: &Runtime) -> RedisGuard {
    let mut options = RedisOptions::new(url, format!("test-{}", uuid::Uuid::new_v4().simple()));
    options.answer_within = LIMIT;
    RedisGuard::open(options, runtime.clone()).unwrap()
}

/// Asks until the guard answers again; fails if that takes too long.
async fn back(guard: &RedisGuard, runtime: &Runtime) {
    let since = Instant::now();
    while let Err(error) = guard.ping().await {
        assert!(since.elapsed() < SOON, "still away: {error}: {:?}", error.source());
        runtime.sleep(Duration::from_millis(10)).await;
    }
}

/// Every method fails, and none of them makes the caller wait.
async fn all_fail_quickly(guard: &RedisGuard, runtime: &Runtime) {
    let since = Instant::now();
    let scopes = [ScopeLimit::unlimited("s")];
    for _ in 0..20 {
        assert!(guard.lock("k", "t", TTL).await.is_err());
        assert!(guard.renew("k", "t", TTL).await.is_err());
        assert!(guard.release("k", "t").await.is_err());
        assert!(guard.hint("k", "v".into(), TTL).await.is_err());
        assert!(guard.hint_of("k").await.is_err());
        assert!(guard.cool_down("s", runtime.now(), "r").await.is_err());
        assert!(guard.permit(&scopes, runtime.now()).await.is_err());
        assert!(guard.ping().await.is_err());
    }
    // 160 calls that each waited out the limit would take 48 s.
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn refused_connections_fail_quickly_and_then_it_works_again() {
    let (guard, mut proxy, runtime) = behind_a_proxy().await;
    guard.ping().await.unwrap();
    proxy.stop().await;
    all_fail_quickly(&guard, &runtime).await;
    proxy.start().await;
    back(&guard, &runtime).await;
    assert_eq!(guard.lock("k", "t", TTL).await.unwrap(), Lock::Taken);
}

#[tokio::test]
async fn a_silent_redis_fails_quickly_and_then_it_works_again() {
    let (guard, proxy, runtime) = behind_a_proxy().await;
    guard.ping().await.unwrap();
    proxy.go(Way::Silent);
    all_fail_quickly(&guard, &runtime).await;
    assert!(matches!(guard.ping().await, Err(GuardError::Away { .. } | GuardError::Silent { .. })));
    proxy.go(Way::Open);
    // The old connection stays dead for ever; a new one is made.
    back(&guard, &runtime).await;
    assert_eq!(guard.lock("k", "t", TTL).await.unwrap(), Lock::Taken);
}

#[tokio::test]
async fn a_service_starts_while_redis_is_away() {
    let (guard, mut proxy, runtime) = behind_a_proxy().await;
    proxy.stop().await;
    assert!(guard.ping().await.is_err());
    proxy.start().await;
    back(&guard, &runtime).await;
}

#[tokio::test]
async fn a_lock_whose_answer_was_lost_is_looked_up() {
    let (guard, proxy, _runtime) = behind_a_proxy().await;
    guard.ping().await.unwrap();
    proxy.go(Way::LoseOneAnswer);
    assert_eq!(guard.lock("k", "me", TTL).await.unwrap(), Lock::Taken);
    assert!(proxy.lost_one(), "the answer was not lost, so nothing was tested");
    assert!(matches!(guard.lock("k", "you", TTL).await.unwrap(), Lock::HeldByOther { .. }));
}

#[tokio::test]
async fn a_lost_answer_does_not_take_what_another_holds() {
    let (guard, proxy, _runtime) = behind_a_proxy().await;
    guard.lock("k", "me", TTL).await.unwrap();
    proxy.go(Way::LoseOneAnswer);
    assert!(matches!(guard.lock("k", "you", TTL).await.unwrap(), Lock::HeldByOther { .. }));
    assert!(proxy.lost_one());
}

#[tokio::test]
async fn a_redis_that_forgot_the_scripts_gets_them_again() {
    let runtime = Runtime::system();
    let guard = open(redis_url().as_str(), &runtime);
    guard.lock("k", "me", TTL).await.unwrap();
    let client = redis::Client::open(redis_url()).unwrap();
    let mut plain = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut plain).await.unwrap();
    assert!(guard.renew("k", "me", TTL).await.unwrap());
    assert_eq!(guard.permit(&[ScopeLimit::unlimited("s")], runtime.now()).await.unwrap(), Permit::Go);
    guard.wipe().await.unwrap();
}

#[tokio::test]
async fn failures_are_counted_by_operation() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let seen = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let (guard, mut proxy, _runtime) = behind_a_proxy().await;
    proxy.stop().await;
    assert!(guard.hint_of("k").await.is_err());
    assert!(guard.hint_of("k").await.is_err());
    assert!(seen.render().contains("oncepost_guard_errors_total{operation=\"hint_of\"} 2"), "{}", seen.render());
}

#[tokio::test]
async fn passwords_are_nowhere_to_be_seen() {
    let runtime = Runtime::system();
    let options = RedisOptions::new("redis://who:geheim@127.0.0.1:1/0", "p");
    let mut shown = format!("{options:?}");
    let guard = RedisGuard::open(options, runtime.clone()).unwrap();
    shown += &format!("{guard:?} {}", chain(&guard.ping().await.unwrap_err()));
    for wrong in ["redis://who:geheim@host:port", "geheim", "redis://:geheim@host/notanumber", "http://x:geheim@host"] {
        let error = RedisGuard::open(RedisOptions::new(wrong, "p"), runtime.clone()).unwrap_err();
        shown += &format!("{} {error:?}", chain(&error));
    }
    assert!(!shown.contains("geheim"), "{shown}");
    assert!(shown.contains("redis://***@127.0.0.1:1"), "{shown}");
}

#[tokio::test]
async fn a_prefix_that_would_match_other_keys_is_refused() {
    for prefix in ["", "a*", "a:b", "ü", &"x".repeat(65)] {
        let opened = RedisGuard::open(RedisOptions::new("redis://127.0.0.1:1", prefix), Runtime::system());
        assert!(matches!(opened, Err(GuardError::Prefix)), "{prefix}");
    }
}

#[tokio::test]
async fn tls_to_a_plain_port_is_an_error_and_no_panic() {
    let mut url = redis_url();
    let tls = url.as_str().replacen("redis://", "rediss://", 1);
    url = tls.parse().unwrap();
    assert!(open(url.as_str(), &Runtime::system()).ping().await.is_err());
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
