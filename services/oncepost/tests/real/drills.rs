//! Short runs of `make drill`: processes end, are replaced, added and started without their stores, and no attempt is cut off.

use harness::drill::{self, Act, Options};
use tempfile::TempDir;

async fn holds(act: Act) {
    let mut folder = TempDir::new().unwrap();
    let report = drill::run(&Options { act, posts: 60, seconds: 12, rest: 60 }, folder.path()).await.unwrap();
    if !report.held {
        folder.disable_cleanup(true);
    }
    assert!(report.held, "{report:#?}\nthe logs are kept in {}", folder.path().display());
    assert_eq!((report.targets, report.published, report.attempts_lost), (120, 120, 0));
    assert!(report.processes_ended > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_end_in_mid_publish_cuts_no_attempt_off() {
    holds(Act::Drain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_is_replaced_under_load() {
    holds(Act::Roll).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_becomes_eight_and_one_again_under_load() {
    holds(Act::Scale).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_started_while_rabbitmq_and_then_postgresql_is_away() {
    holds(Act::Start).await;
}
