//! SIGTERM in the middle of publishing: what is in flight is finished, the process ends well, the rest is left to others.

use std::time::Duration;

use harness::{api::text, config::Pace, shared, stack::Role};
use testkit::Cue;

use crate::ground::{Run, outcomes, until};

const POSTS: usize = 60;
const HELD: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_finishes_what_it_sends_and_leaves_the_rest() {
    let mut run = Run::new(&shared::stores().await.unwrap(), Pace::Production).await.forgetful();
    run.stack.extra.push(("ONCEPOST__TELEMETRY__LOG", "info".into()));
    run.stack.extra.push(("ONCEPOST__BROKER__PREFETCH", HELD.to_string()));
    run.platform.cue(Cue { hold_after: true, times: HELD as u64, ..Cue::default() });
    run.stack.staff(1, 1).await.unwrap();
    run.schedule(POSTS, Duration::from_secs(1), Duration::ZERO).await;
    run.until_out(HELD).await;

    let worker = run.stack.take(Role::Worker).unwrap();
    worker.process.ask_to_end().await.unwrap();
    let draining = async || std::fs::read_to_string(&worker.log).is_ok_and(|log| log.contains("worker drains"));
    until(Duration::from_secs(10), || "the worker to drain".into(), draining).await;
    for (path, status, says) in [("healthz", 200, "alive"), ("readyz", 503, "draining"), ("metrics", 200, "oncepost_")]
    {
        let answer = reqwest::get(format!("{}/{path}", worker.health)).await.unwrap();
        assert_eq!(answer.status(), status, "/{path} while it drains");
        let told = answer.text().await.unwrap();
        assert!(told.contains(says), "/{path} while it drains: {told}");
        if path == "metrics" {
            for counted in
                ["worker_messages_in_hand{channel=\"webhook\"}", "attempts_total{channel=\"webhook\",kind=\"send\"}"]
            {
                assert!(told.contains(&format!("oncepost_{counted} {HELD}\n")), "{counted}: {told}");
            }
        }
    }
    run.platform.release();
    worker.process.ended(Duration::from_secs(30)).await.unwrap();
    assert!(!std::fs::read_to_string(&worker.log).unwrap().contains("\"ERROR\""), "it ended in order");
    assert_eq!(run.platform.posts().len(), HELD, "it took nothing more");
    assert_eq!(run.until_published(HELD as u64, Duration::from_secs(1)).await.as_secs(), 0, "all it sent is recorded");

    run.stack.start(Role::Worker).unwrap();
    run.until_published(POSTS as u64, Duration::from_secs(30)).await;
    run.check(POSTS);
    for n in 0..POSTS {
        assert_eq!(outcomes(&run.post(n).await), ["published"], "post {n} needed one attempt");
    }
    run.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduler_and_workers_replaced_in_mid_run_lose_no_attempt() {
    const MANY: usize = 400;
    let mut run = Run::new(&shared::stores().await.unwrap(), Pace::Production).await.forgetful();
    run.platform.cue(Cue::default().slow_after(Duration::from_millis(50)).always());
    run.stack.staff(1, 1).await.unwrap();
    run.schedule(MANY, Duration::from_secs(1), Duration::from_secs(5)).await;
    for quarter in 1..4 {
        run.until_out(MANY * quarter / 4).await;
        for role in [Role::Worker, Role::Scheduler, Role::Api] {
            let old = run.stack.take(role).unwrap();
            old.process.stop(Duration::from_secs(30)).await.unwrap();
            let log = std::fs::read_to_string(&old.log).unwrap();
            let errors: Vec<_> = log.lines().filter(|line| line.contains("\"ERROR\"")).collect();
            assert_eq!(errors, Vec::<&str>::new(), "{role:?} ended in order");
            run.stack.start(role).unwrap();
            run.until_ready_is(role, 200).await;
        }
    }
    // Sooner than the sweep would find what a process had claimed and not handed over.
    run.until_published(MANY as u64, Duration::from_secs(20)).await;
    run.check(MANY);
    for n in 0..MANY {
        let post = run.post(n).await;
        assert_eq!(outcomes(&post), ["published"], "post {n}: {}", text(&post["targets"][0]["attempts"]));
    }
    run.stack.stop().await.unwrap();
}
