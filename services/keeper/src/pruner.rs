//! Forgetting what is over: jobs, and notes whose time has ended.

use std::{sync::Arc, time::Duration};

use ledger::{JobStore, LedgerError, NoteBook};
use runtime::Runtime;

const EVERY: Duration = Duration::from_secs(3600);
/// How many jobs are forgotten in one transaction: each may be about ten thousand targets.
const JOBS: u32 = 10;
/// How many notes are.
const NOTES: u32 = 1_000;

/// Removes from the ledger what was over long ago and is no target's own history. Any number may do so at once.
pub struct Pruner {
    runtime: Runtime,
    jobs: Arc<dyn JobStore>,
    notes: Arc<dyn NoteBook>,
    keep_for: Duration,
}

impl Pruner {
    /// A pruner that leaves what is over for `keep_for`; zero: for ever.
    pub fn new(runtime: Runtime, jobs: Arc<dyn JobStore>, notes: Arc<dyn NoteBook>, keep_for: Duration) -> Self {
        Self { runtime, jobs, notes, keep_for }
    }

    /// Works until the runtime is asked to stop.
    pub async fn run(self) {
        if self.keep_for.is_zero() {
            return;
        }
        let stop = self.runtime.stop();
        loop {
            match self.prune().await {
                Ok((0, 0)) => {}
                Ok((jobs, notes)) => tracing::info!(jobs, notes, "forgot what was over long ago"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "old jobs and notes could not be forgotten; that is tried again in an hour");
                }
            }
            let wait = self.runtime.jittered(EVERY, 0.1);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.runtime.sleep(wait) => {}
            }
        }
    }

    /// Forgets all that was over long ago: how many jobs, and how many notes.
    ///
    /// # Errors
    /// The ledger cannot be reached. What was forgotten until then stays so.
    pub async fn prune(&self) -> Result<(u64, u64), LedgerError> {
        let stop = self.runtime.stop();
        let (mut jobs, mut notes) = (0, 0);
        while !stop.is_cancelled() {
            let gone = self.jobs.forget_jobs(self.keep_for, JOBS).await?;
            jobs += gone;
            if gone < u64::from(JOBS) {
                break;
            }
        }
        while !stop.is_cancelled() {
            let gone = self.notes.forget_notes(self.keep_for, NOTES).await?;
            notes += gone;
            if gone < u64::from(NOTES) {
                break;
            }
        }
        Ok((jobs, notes))
    }
}
