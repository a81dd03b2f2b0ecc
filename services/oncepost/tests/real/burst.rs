//! Many targets due at one instant, several of everything.

use std::time::{Duration, Instant};

use harness::{config::Pace, shared};

use crate::ground::Run;

const TARGETS: usize = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn two_schedulers_and_three_workers_publish_each_of_two_thousand_due_at_one_instant_once() {
    let mut run = Run::new(&shared::stores().await.unwrap(), Pace::Production).await.forgetful();
    run.stack.staff(2, 3).await.unwrap();
    let began = Instant::now();
    let due_in = Duration::from_secs(5);
    run.schedule(TARGETS, due_in, Duration::ZERO).await;
    run.until_published(TARGETS as u64, Duration::from_secs(60)).await;
    eprintln!("all out {:?} after they were due", began.elapsed().saturating_sub(due_in));
    assert_eq!(run.platform.platform().deliveries(), TARGETS as u64, "each was sent once");
    assert_eq!(run.platform.posts().len(), TARGETS);
    assert!(run.platform.duplicates().is_empty());
    run.stack.stop().await.unwrap();
}
