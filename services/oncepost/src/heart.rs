//! The heart of a process: every few seconds it says in the ledger that the process lives, and what it can reach.
//!
//! Nothing waits for it. It has a task of its own, each of its calls has a limit, and what fails is counted and left until the next beat.

use std::{future::Future, sync::Arc, time::Duration};

use broker::Transport;
use domain::ChannelName;
use guard::Guard;
use jiff::Timestamp;
use ledger::{Beat, PartSeen, Processes};
use runtime::{Runtime, Stop};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

/// The time between two beats.
const EVERY: Duration = Duration::from_secs(15);
/// The same while a part does not answer: that it does again should not be news for long.
const SOON: Duration = Duration::from_secs(3);
/// How long a part, and the ledger, may take for a beat.
const PATIENCE: Duration = Duration::from_secs(4);
/// After how much silence a process is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(86_400);

/// What a process is, told once.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its id, which its spans have as well.
    pub id: Uuid,
    /// Its name, as attempts and logs have it.
    pub name: String,
    /// By which command it was started.
    pub service: String,
    /// The machine or pod that it runs on.
    pub host: String,
    /// What it does.
    pub roles: Vec<String>,
    /// The channels that it works for.
    pub channels: Vec<ChannelName>,
}

/// A heart that beats until it is told that the process has drained.
pub struct Heart {
    ended: Stop,
    task: JoinHandle<()>,
}

impl Heart {
    /// Begins to beat, at once. `found`: takes what is found at each beat, for whoever in this process tells of it while the ledger does not.
    pub fn start(
        runtime: &Runtime,
        processes: Arc<dyn Processes>,
        transport: Arc<dyn Transport>,
        guard: Arc<dyn Guard>,
        identity: Identity,
        found: watch::Sender<Vec<PartSeen>>,
    ) -> Self {
        let ended = Stop::new();
        let started_at = runtime.now();
        let beat = Beat {
            id: identity.id,
            name: identity.name,
            service: identity.service,
            host: identity.host,
            roles: identity.roles,
            channels: identity.channels,
            version: env!("CARGO_PKG_VERSION").into(),
            commit: option_env!("ONCEPOST_COMMIT").filter(|commit| !commit.is_empty()).map(str::to_owned),
            started_at,
            is_draining: false,
            parts: Vec::new(),
        };
        let beating = Beating { runtime: runtime.clone(), processes, transport, guard, found, beat, is_heard: true };
        Self { task: runtime.spawn(beating.until(ended.clone())), ended }
    }

    /// The process has drained: its row is removed, if the ledger answers soon.
    pub async fn end(self) {
        self.ended.cancel();
        if self.task.await.is_err() {
            tracing::warn!("the heart had ended before the process did");
        }
    }
}

struct Beating {
    runtime: Runtime,
    processes: Arc<dyn Processes>,
    transport: Arc<dyn Transport>,
    guard: Arc<dyn Guard>,
    found: watch::Sender<Vec<PartSeen>>,
    beat: Beat,
    /// Whether the last beat was written: what fails is told once, and not every time.
    is_heard: bool,
}

impl Beating {
    async fn until(mut self, ended: Stop) {
        let stop = self.runtime.stop();
        loop {
            tokio::select! {
                () = ended.cancelled() => break,
                () = self.look() => {}
            }
            // What is being written is not cut off: the ledger goes on with it, and may note that the process lives after it was told that it
            // has ended.
            self.tell().await;
            tokio::select! {
                () = ended.cancelled() => break,
                () = stop.cancelled(), if !self.beat.is_draining => self.beat.is_draining = true,
                () = self.runtime.sleep(self.pause()) => {}
            }
        }
        let gone = self.runtime.within(PATIENCE, self.processes.end_process(self.beat.id)).await;
        if !matches!(gone, Some(Ok(()))) {
            tracing::info!("the ledger did not take leave of this process; it will be shown as silent for a day");
        }
    }

    fn pause(&self) -> Duration {
        if self.beat.parts.iter().all(|part| part.answers) { EVERY } else { SOON }
    }

    /// Finds out what can be reached.
    async fn look(&mut self) {
        let (broker, guard) =
            futures::join!(look(&self.runtime, self.transport.ping()), look(&self.runtime, self.guard.ping()));
        let now = self.runtime.now();
        let before = std::mem::take(&mut self.beat.parts);
        self.beat.parts =
            [("broker", broker), ("guard", guard)].map(|(part, took)| seen(&before, part, took, now)).into();
        self.found.send_replace(self.beat.parts.clone());
    }

    /// Says in the ledger that the process lives.
    async fn tell(&mut self) {
        let written = self.runtime.within(PATIENCE, self.processes.beat(self.beat.clone(), FORGET_AFTER)).await;
        let why = match written {
            Some(Ok(())) => {
                self.is_heard = true;
                return;
            }
            Some(Err(error)) => error.to_string(),
            None => format!("it took longer than {} s", PATIENCE.as_secs()),
        };
        metrics::counter!("oncepost_heartbeats_failed_total").increment(1);
        if std::mem::take(&mut self.is_heard) {
            tracing::warn!(why, "the ledger did not note that this process lives; it is tried again every 15 s");
        }
    }
}

/// How long a part took to answer; `None` if it did not.
async fn look<E>(runtime: &Runtime, ping: impl Future<Output = Result<(), E>>) -> Option<Duration> {
    let before = runtime.uptime();
    runtime.within(PATIENCE, ping).await?.ok()?;
    Some(runtime.uptime().saturating_sub(before))
}

/// How a part is found now, and since when it is so.
fn seen(before: &[PartSeen], part: &str, took: Option<Duration>, now: Timestamp) -> PartSeen {
    let answers = took.is_some();
    let same = before.iter().find(|seen| seen.part == part && seen.answers == answers);
    PartSeen {
        part: part.into(),
        answers,
        since: same.map_or(now, |seen| seen.since),
        millis: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use broker::Memory;
    use domain::Policy;
    use guard::MemoryGuard;
    use ledger::{LedgerError, MemoryLedger, Process, SchemaVersion};
    use uuid::Uuid;

    use super::*;

    struct Ward {
        runtime: Runtime,
        ledger: Arc<MemoryLedger>,
        transport: Arc<Memory>,
        guard: Arc<MemoryGuard>,
        heart: Heart,
        found: watch::Sender<Vec<PartSeen>>,
    }

    fn ward() -> Ward {
        ward_with(|_, ledger| ledger)
    }

    fn ward_with(processes: impl FnOnce(&Runtime, Arc<MemoryLedger>) -> Arc<dyn Processes>) -> Ward {
        let runtime = Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap());
        let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
        let processes = processes(&runtime, ledger.clone());
        let transport = Arc::new(Memory::new(&runtime, ["mastodon"]));
        let guard = Arc::new(MemoryGuard::new(runtime.clone()));
        let identity = Identity {
            id: runtime.id(),
            name: "worker@host:1".into(),
            service: "worker".into(),
            host: "host".into(),
            roles: vec!["worker".into()],
            channels: vec!["mastodon".parse().unwrap()],
        };
        let found = watch::Sender::default();
        let heart = Heart::start(&runtime, processes, transport.clone(), guard.clone(), identity, found.clone());
        Ward { runtime, ledger, transport, guard, heart, found }
    }

    /// Takes two seconds for a beat, and writes it to the end even if whoever asked has gone away, as a database does.
    struct Slow(Runtime, Arc<MemoryLedger>);

    #[async_trait]
    impl Processes for Slow {
        async fn beat(&self, beat: Beat, forget_after: Duration) -> Result<(), LedgerError> {
            let Self(runtime, ledger) = self;
            let (clock, ledger) = (runtime.clone(), ledger.clone());
            let written = runtime.spawn(async move {
                clock.sleep(Duration::from_secs(2)).await;
                ledger.beat(beat, forget_after).await
            });
            written.await.unwrap()
        }

        async fn end_process(&self, id: Uuid) -> Result<(), LedgerError> {
            self.1.end_process(id).await
        }

        async fn processes(&self) -> Result<Vec<Process>, LedgerError> {
            self.1.processes().await
        }

        async fn schema_version(&self) -> Result<Option<SchemaVersion>, LedgerError> {
            self.1.schema_version().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_ends_while_it_says_that_it_lives_is_not_there_afterwards() {
        let ward = ward_with(|runtime, ledger| Arc::new(Slow(runtime.clone(), ledger)));
        ward.runtime.sleep(Duration::from_secs(1)).await;
        ward.heart.end().await;
        ward.runtime.sleep(Duration::from_secs(10)).await;
        assert_eq!(ward.ledger.processes().await.unwrap(), [], "what it said last came after its leave");
    }

    async fn seen(ward: &Ward) -> Vec<Process> {
        ward.ledger.processes().await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_says_that_it_lives_until_it_has_drained() {
        let ward = ward();
        ward.runtime.sleep(Duration::from_secs(1)).await;
        let first = seen(&ward).await.remove(0);
        assert_eq!((first.beat.name.as_str(), first.beat.is_draining), ("worker@host:1", false));
        ward.runtime.sleep(Duration::from_secs(100)).await;
        let later = seen(&ward).await.remove(0);
        assert!(later.silent_for < EVERY && later.beat.parts[0].since == first.beat.parts[0].since, "{later:?}");
        ward.runtime.stop().cancel();
        ward.runtime.sleep(Duration::from_secs(1)).await;
        assert!(seen(&ward).await[0].beat.is_draining, "it says so at once");
        ward.runtime.sleep(Duration::from_secs(60)).await;
        assert!(seen(&ward).await[0].silent_for < EVERY, "a drain may take long, and it lives on");
        ward.heart.end().await;
        assert_eq!(ward.ledger.processes().await.unwrap(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_is_away_is_told_with_since_when() {
        let ward = ward();
        ward.runtime.sleep(Duration::from_secs(20)).await;
        ward.transport.close().await;
        ward.runtime.sleep(Duration::from_secs(60)).await;
        let beat = seen(&ward).await.remove(0).beat;
        let [broker, guard] = &beat.parts[..] else { panic!("{beat:?}") };
        assert!(!broker.answers && broker.since > beat.started_at && broker.millis.is_none(), "{broker:?}");
        assert!(guard.answers && guard.millis.is_some(), "{guard:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_found_is_known_here_while_the_ledger_is_away() {
        let ward = ward();
        ward.runtime.sleep(Duration::from_secs(1)).await;
        assert!(ward.found.borrow().iter().all(|part| part.answers));
        ward.ledger.set_away(true);
        ward.guard.set_away(true);
        ward.runtime.sleep(EVERY + PATIENCE).await;
        let found = ward.found.borrow().clone();
        assert_eq!(found.iter().map(|part| part.answers).collect::<Vec<_>>(), [true, false], "{found:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_answers_again_is_told_within_seconds() {
        let ward = ward();
        ward.guard.set_away(true);
        ward.runtime.sleep(EVERY + SOON).await;
        assert!(!seen(&ward).await[0].beat.parts[1].answers);
        ward.guard.set_away(false);
        ward.runtime.sleep(SOON + Duration::from_secs(1)).await;
        assert!(seen(&ward).await[0].beat.parts[1].answers, "nobody looked again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_ledger_that_is_away_ends_no_heart_and_holds_up_no_end() {
        let ward = ward();
        ward.runtime.sleep(Duration::from_secs(1)).await;
        ward.ledger.set_away(true);
        ward.runtime.sleep(Duration::from_secs(100)).await;
        ward.ledger.set_away(false);
        assert!(seen(&ward).await[0].silent_for > Duration::from_secs(90));
        ward.runtime.sleep(EVERY).await;
        assert!(seen(&ward).await[0].silent_for < EVERY);
        ward.ledger.set_away(true);
        ward.heart.end().await;
    }
}
