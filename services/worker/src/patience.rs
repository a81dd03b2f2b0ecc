//! The ledger is the truth: when it is away, a worker waits for it instead of guessing.

use std::time::Duration;

use domain::{Command, TargetId};
use ledger::{Applied, LedgerError};

use crate::Worker;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl Worker {
    /// Applies `command`, again and again while the ledger is away. `None`: the worker stops, or the target does not
    /// exist, or a newer version has written what this one cannot read.
    ///
    /// Repeating is safe because every command is a compare-and-set on the attempt's number.
    pub(crate) async fn apply_patiently(&self, target: TargetId, command: Command) -> Option<Applied> {
        let stop = self.runtime.stop();
        let mut wait = FIRST_WAIT;
        loop {
            match self.ledger.apply(target, command.clone()).await {
                Ok(applied) => return Some(applied),
                Err(LedgerError::NoSuchTarget(_)) => {
                    tracing::error!(target.id = %target, "a message names a target that the ledger does not have");
                    return None;
                }
                // Waiting makes it no better, and the worker has others to see to.
                Err(error @ LedgerError::Corrupt { .. }) => {
                    metrics::counter!("oncepost_worker_unreadable_targets_total").increment(1);
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        target.id = %target,
                        "left to a version that can read it: the ledger emits it anew"
                    );
                    return None;
                }
                Err(error) => {
                    metrics::counter!("oncepost_worker_ledger_waits_total").increment(1);
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        target.id = %target,
                        wait_ms = wait.as_millis() as u64,
                        "waiting for the ledger"
                    );
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                () = self.runtime.sleep(self.runtime.jittered(wait, 0.5)) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}
