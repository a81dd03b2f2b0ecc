//! What a run has seen besides posts: kills, faults, and what the processes count and log about themselves.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{Done, stack::Running};

/// What a process logs when it finds a promise broken.
const BROKEN: &str = "a promise was found broken";
/// How long a process may take to show its counters.
const SHOWS: Duration = Duration::from_secs(2);

/// A kill.
#[derive(Debug, Clone, Copy)]
pub struct Kill {
    /// What was killed.
    pub kind: &'static str,
    /// When.
    pub at: Timestamp,
    /// From when on it was there again; for a process, of which there are others, the same.
    pub up: Timestamp,
}

/// What has been seen.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// Every kill, in order.
    pub kills: Vec<Kill>,
    /// Faults of the network by kind.
    pub network: BTreeMap<&'static str, usize>,
    /// How often all queues were emptied.
    pub purges: usize,
    /// Messages that were lost with that.
    pub purged: u64,
    /// Broken promises that the processes counted.
    pub violations: u64,
    /// Processes that ended by themselves and were not meant to.
    pub fallen: Vec<String>,
}

/// Where it is written down.
#[derive(Default)]
pub struct Record(Mutex<Seen>);

impl Record {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was killed at `at` and there again at `up`.
    pub fn killed(&self, kind: &'static str, at: Timestamp, up: Timestamp) {
        self.seen().kills.push(Kill { kind, at, up });
    }

    /// A fault of the network.
    pub fn troubled(&self, kind: &'static str) {
        *self.seen().network.entry(kind).or_default() += 1;
    }

    /// All queues were emptied of so many messages.
    pub fn purged(&self, messages: u64) {
        let mut seen = self.seen();
        seen.purges += 1;
        seen.purged += messages;
    }

    /// A process ended by itself for no good reason.
    pub fn fell(&self, how: String) {
        self.seen().fallen.push(how);
    }

    /// Adds the broken promises that a process has counted since its start. One that does not answer is not asked again: its log
    /// tells the same.
    pub async fn look_at(&self, running: &Running) {
        let page = async { reqwest::get(format!("{}/metrics", running.health)).await?.text().await };
        if let Ok(Ok(page)) = tokio::time::timeout(SHOWS, page).await {
            self.seen().violations += violations(&page);
        }
    }

    /// What has been seen so far.
    pub fn so_far(&self) -> Seen {
        self.seen().clone()
    }
}

/// The sum of the broken promises on a page of metrics.
fn violations(page: &str) -> u64 {
    let lines = page.lines().filter(|line| line.starts_with("oncepost_invariant_violations_total{"));
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    counts.sum::<f64>().round() as u64
}

/// How often the logs in `folder` say that a promise was found broken: also those of processes that were killed before anybody
/// could ask them.
///
/// # Errors
/// A log cannot be read.
pub fn logged_violations(folder: &Path) -> Done<u64> {
    let mut found = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
            found += text.matches(BROKEN).count() as u64;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_promises_are_summed_over_their_labels() {
        let page = "# TYPE x counter\noncepost_invariant_violations_total{invariant=\"no_duplicate\"} 2\n\
                    oncepost_invariant_violations_total{invariant=\"legal_move\"} 1\nother{a=\"b\"} 5\n";
        assert_eq!(violations(page), 3);
        assert_eq!(violations(""), 0);
    }
}
