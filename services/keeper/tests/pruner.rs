//! What is over is forgotten, after a while.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{sync::Arc, time::Duration};

use domain::Policy;
use ledger::{JobFilter, JobState, JobStore, MemoryLedger, NewJob, Note, NoteBook, Selection};
use oncepost_keeper::Pruner;
use runtime::Runtime;

const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// A ledger with `jobs` that have ended and a note whose time ends in an hour.
async fn filled(runtime: &Runtime, jobs: usize) -> Arc<MemoryLedger> {
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    for _ in 0..jobs {
        let id = runtime.id();
        let job = NewJob {
            id,
            who: "olga".into(),
            tenant: None,
            action: "retry".into(),
            reason: None,
            selection: Selection::default(),
            terms: serde_json::json!({}),
        };
        ledger.begin_job(job, 10).await.unwrap();
        ledger.end_job(id, None, JobState::Done, None).await.unwrap();
    }
    let until = runtime.now().checked_add(HOUR).ok();
    let note = Note {
        id: runtime.id(),
        subject: "app:ours".into(),
        tenant: None,
        text: "away".into(),
        who: "olga".into(),
        at: runtime.now(),
        until,
    };
    ledger.put_note(note).await.unwrap();
    ledger
}

async fn jobs(ledger: &MemoryLedger) -> usize {
    ledger.jobs(&JobFilter { limit: 100, ..JobFilter::default() }).await.unwrap().items.len()
}

#[tokio::test(start_paused = true)]
async fn what_was_over_a_week_ago_is_forgotten_within_two_hours() {
    let runtime = Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap());
    let ledger = filled(&runtime, 25).await;
    let pruner = Pruner::new(runtime.clone(), ledger.clone(), ledger.clone(), WEEK);
    let story = async {
        runtime.sleep(WEEK - HOUR).await;
        assert_eq!(jobs(&ledger).await, 25);
        runtime.sleep(4 * HOUR).await;
        assert_eq!(jobs(&ledger).await, 0, "all of them, however many");
        assert_eq!(ledger.forget_notes(WEEK, 10).await.unwrap(), 0, "and the note");
        runtime.stop().cancel();
    };
    tokio::join!(pruner.run(), story);
}

#[tokio::test(start_paused = true)]
async fn with_no_limit_all_is_kept() {
    let runtime = Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap());
    let ledger = filled(&runtime, 1).await;
    runtime.sleep(52 * WEEK).await;
    Pruner::new(runtime.clone(), ledger.clone(), ledger.clone(), Duration::ZERO).run().await;
    assert_eq!(jobs(&ledger).await, 1);
    assert_eq!(ledger.forget_notes(WEEK, 10).await.unwrap(), 1, "the note is still there to be removed");
}
