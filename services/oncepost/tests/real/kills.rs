//! Something is killed in the middle of a run: nothing is out twice, nothing is missed, and all drains by itself.

use std::time::Duration;

use harness::{
    config::{Pace, Stores},
    shared,
    stack::Role,
};
use testkit::{Cue, Server, servers::Kind};

use crate::{
    ground::{Run, outcomes},
    queues::Queues,
};

const POSTS: usize = 900;
/// Over how long they fall due: a busy machine takes its time for a kill, and something must be left to be published after it.
const SPREAD: Duration = Duration::from_secs(25);
/// Q01: by itself, within this.
const DRAINED: Duration = Duration::from_secs(120);

/// `run` with its posts scheduled, in the middle of publishing them.
async fn half_way(mut run: Run) -> Run {
    run.stack.staff(2, 2).await.unwrap();
    run.schedule(POSTS, Duration::from_secs(2), SPREAD).await;
    run.until_out(POSTS / 4).await;
    assert!(run.platform.posts().len() < POSTS, "it is over before anything was killed");
    run
}

/// Waits until all is out, lets the platform count, and the workers say that they are well again.
async fn drained(run: Run, what: &str) {
    let took = run.until_published(POSTS as u64, DRAINED).await;
    eprintln!("{what}: drained {took:?} after it was back");
    run.check(POSTS);
    run.until_ready_is(Role::Worker, 200).await;
    run.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn q01_q02_rabbitmq_killed_and_started_again() {
    let rabbit = Server::start(Kind::RabbitMq).await.unwrap();
    let stores = Stores { broker: rabbit.url().into(), ..shared::stores().await.unwrap() };
    let run = half_way(Run::new(&stores, Pace::Steady).await.forgetful()).await;
    rabbit.kill().await.unwrap();
    run.until_ready_is(Role::Worker, 503).await;
    assert!(run.platform.posts().len() < POSTS, "nothing was left to be published");
    rabbit.start_again().await.unwrap();
    drained(run, "RabbitMQ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_emptied_and_started_again() {
    let redis = Server::start(Kind::Redis).await.unwrap();
    let stores = Stores { guard: redis.url().into(), ..shared::stores().await.unwrap() };
    let run = half_way(Run::new(&stores, Pace::Steady).await.forgetful()).await;
    redis.kill().await.unwrap();
    redis.wipe().await.unwrap();
    // Slower, not wrong: publishing goes on meanwhile.
    run.until_out(run.platform.posts().len() + 50).await;
    redis.start_again().await.unwrap();
    drained(run, "Redis").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_killed_and_started_again() {
    let postgres = Server::start(Kind::Postgres).await.unwrap();
    let stores = Stores { ledger: postgres.url().into(), ..shared::stores().await.unwrap() };
    // What is being sent when the ledger goes away may run out before it is back, and is then repeated: a receiver makes one post of that.
    let run = half_way(Run::new(&stores, Pace::Brisk).await).await;
    postgres.kill().await.unwrap();
    run.until_ready_is(Role::Worker, 503).await;
    assert!(run.platform.posts().len() < POSTS, "nothing was left to be published");
    postgres.start_again().await.unwrap();
    drained(run, "PostgreSQL").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_queue_emptied() {
    let stores = shared::stores().await.unwrap();
    let mut run = Run::new(&stores, Pace::Steady).await.forgetful();
    // Workers that hold little before a platform that is slow: most of what is due lies in the queue.
    run.stack.extra.push(("ONCEPOST__BROKER__PREFETCH", "4".into()));
    run.platform.cue(Cue::default().slow_after(Duration::from_millis(100)).always());
    run.stack.staff(2, 2).await.unwrap();
    run.schedule(POSTS, Duration::from_secs(1), Duration::ZERO).await;
    run.until_out(20).await;
    let queues = Queues::connect(&stores.broker, &stores.prefix).await;
    let mut lost = 0;
    let retries = ["retry.1s", "retry.5s", "retry.30s", "retry.2m", "retry.10m"];
    for queue in retries.into_iter().chain(["schedule", "schedule.rejected", "publish.webhook", "dead.webhook"]) {
        lost += queues.purge(queue).await;
    }
    assert!(lost > 100, "only {lost} messages were in the queues");
    eprintln!("{lost} messages were lost");
    drained(run, "emptied queues").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_while_the_platform_has_their_calls() {
    const HELD: usize = 40;
    let mut run = Run::new(&shared::stores().await.unwrap(), Pace::Brisk).await;
    run.stack.staff(1, 2).await.unwrap();
    // The platform has made the post and does not answer yet.
    run.platform.cue(Cue { hold_after: true, times: HELD as u64, ..Cue::default() });
    run.schedule(POSTS, Duration::from_secs(1), Duration::from_secs(4)).await;
    run.platform
        .until(|stage| stage.calls().iter().filter(|call| call.made.is_none() && call.did == "working").count() >= HELD)
        .await;
    run.until_out(HELD).await;
    run.stack.kill_and_replace(Role::Worker).await.unwrap();
    run.stack.kill_and_replace(Role::Worker).await.unwrap();
    run.platform.release();
    run.until_published(POSTS as u64, DRAINED).await;
    run.check(POSTS);
    let mut doubted = 0;
    for n in 0..POSTS {
        let outcomes = outcomes(&run.post(n).await);
        doubted += usize::from(outcomes.len() > 1);
        assert_eq!(outcomes.last().map(String::as_str), Some("published"), "post {n}: {outcomes:?}");
    }
    assert!(doubted >= HELD, "{doubted} posts were in doubt, and {HELD} calls were cut off");
    run.stack.stop().await.unwrap();
}
