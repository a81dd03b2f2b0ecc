//! An attempt's progress, stored in the ledger while the channel sends.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use channels::Record;
use domain::{Answer, Code, Command, Failure, Landed, Receipt, Scope, Target, TargetId};
use jiff::Timestamp;
use ledger::Taken;
use runtime::{Limit, Step};

use crate::Worker;

/// The step of asking the ledger about what a look has found.
const LOOK: &str = "look for taken ids";

/// Where one attempt's progress goes.
pub(crate) struct Progress<'a> {
    worker: &'a Worker,
    target: TargetId,
    attempt: u32,
    parts: u16,
    /// By the worker's own clocks: the attempt must not call a publish point after this. It counts from *before* the ledger
    /// was asked for the lease, so it is never later than the ledger's own time for it.
    leave_by: Limit,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A publish point was armed and its outcome is not recorded.
    at_publish_point: Option<&'static str>,
    /// The proof of an earlier part, on its way to the ledger.
    recording: Option<(u16, Receipt)>,
    /// The last part's proof, committed together with the attempt's end.
    last: Vec<(u16, Receipt)>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(worker: &'a Worker, target: &Target, parts: u16, leave_by: Limit) -> Self {
        Self { worker, target: target.id, attempt: target.attempt, parts, leave_by, state: Mutex::default() }
    }

    /// The publish point that was called without a recorded outcome, if any.
    pub(crate) fn at_publish_point(&self) -> Option<&'static str> {
        self.state().at_publish_point
    }

    /// The proofs that are not in the ledger yet.
    pub(crate) fn take_last(&self) -> Vec<(u16, Receipt)> {
        std::mem::take(&mut self.state().last)
    }

    /// Records once more what was being recorded when the channel was cut off: the ledger may have it, and then nothing is in doubt.
    pub(crate) async fn finish_recording(&self) {
        let recording = self.state().recording.take();
        if let Some((part, receipt)) = recording
            && let Err(failure) = self.out(part, receipt).await
        {
            tracing::debug!(code = %failure.code, part, "a part was recorded after the attempt's time");
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_taken(&self, ids: &[String]) -> Result<Taken, Failure> {
        let taken = self.worker.ledger.taken_ids(self.target, ids).await;
        taken.map_err(|error| doubtful(Failure::system(Code::OWN_HICCUP, LOOK, error.to_string())))
    }

    async fn ask(&self, step: &str, command: Command) -> Result<(), Failure> {
        match self.worker.ledger.apply(self.target, command).await {
            Ok(applied) => {
                self.worker.outbox.pass_on(&applied);
                match applied.answer {
                    Answer::Done => Ok(()),
                    _ => Err(Failure::system(Code::LEASE_LOST, step, "the attempt is not this worker's any more")),
                }
            }
            // Nothing was sent because of it; whether the ledger has it is settled by the attempt's end.
            Err(error) => Err(Failure::system(Code::OWN_HICCUP, step, error.to_string())),
        }
    }
}

#[async_trait]
impl Record for Progress<'_> {
    fn leased(&self) -> Result<(), Failure> {
        if !self.worker.runtime.left(self.leave_by).is_zero() {
            return Ok(());
        }
        self.state().at_publish_point = None;
        Err(Failure::system(Code::LEASE_LOST, "check the lease", "the worker was held up for too long"))
    }

    async fn armed(&self, step: &'static str, _part: u16) {
        self.state().at_publish_point = Some(step);
        self.worker.runtime.step(Step::Armed).await;
    }

    async fn keep(&self, handles: BTreeMap<String, String>) -> Result<(), Failure> {
        self.ask("store a handle", Command::Keep { attempt: self.attempt, handles }).await?;
        self.worker.runtime.step(Step::HandleStored).await;
        Ok(())
    }

    async fn arm(&self, step: &'static str, part: u16) -> Result<(), Failure> {
        self.leased()?;
        self.ask(step, Command::Arm { attempt: self.attempt, step: step.into(), part }).await?;
        self.state().at_publish_point = Some(step);
        self.worker.runtime.step(Step::Armed).await;
        Ok(())
    }

    async fn out(&self, part: u16, receipt: Receipt) -> Result<(), Failure> {
        if part + 1 == self.parts {
            let mut state = self.state();
            state.at_publish_point = None;
            state.last.push((part, receipt));
            return Ok(());
        }
        // An intermediate part must be proven and durable before the next one is sent, however long the ledger is away: an
        // attempt that ended here as "not sent" would send it again.
        if !receipt.is_proof() {
            let said = "accepted without the platform's id";
            return Err(doubtful(Failure {
                scope: Scope::Channel,
                ..Failure::system(Code::NO_PROOF, "record a part", said)
            }));
        }
        self.state().recording = Some((part, receipt.clone()));
        let command = Command::Out { attempt: self.attempt, part, receipt };
        let Some(applied) = self.worker.apply_patiently(self.target, command).await else {
            let said = "the ledger did not take the proof";
            return Err(doubtful(Failure::system(Code::OWN_HICCUP, "record a part", said)));
        };
        {
            let mut state = self.state();
            state.at_publish_point = None;
            state.recording = None;
        }
        self.worker.outbox.pass_on(&applied);
        match applied.answer {
            Answer::Done => Ok(()),
            _ => Err(Failure::system(Code::LEASE_LOST, "record a part", "the part is recorded, the attempt is over")),
        }
    }

    async fn taken(&self, ids: &[String]) -> Result<Vec<String>, Failure> {
        let taken = self.ask_taken(ids).await?;
        if taken.twins.iter().any(|twin| twin.leased) && ids.iter().any(|id| !taken.ids.contains(id)) {
            // What was found may be the twin's, out and not on record yet (D20). Soon it will be.
            let said = "a post with the same content is being sent right now; looked for again when that is on record";
            return Err(doubtful(Failure::system(Code::LOOK_FAILED, LOOK, said)));
        }
        Ok(taken.ids)
    }

    async fn rivals(&self, kept_for: Duration) -> Result<bool, Failure> {
        // By the clock that `since` is by. Asked before the twins are: at worst one is taken for a rival a moment too long.
        let asked = self.worker.ledger.now().await;
        let now = asked.map_err(|error| doubtful(Failure::system(Code::OWN_HICCUP, LOOK, error.to_string())))?;
        let remembered = |since: Timestamp| now < since.saturating_add(kept_for).unwrap_or(Timestamp::MAX);
        let twins = self.ask_taken(&[]).await?.twins;
        Ok(twins.iter().any(|twin| twin.leased || twin.since.is_some_and(remembered)))
    }
}

/// The part may be out: nothing may be sent again before that is settled.
fn doubtful(failure: Failure) -> Failure {
    Failure { landed: Landed::Unknown, ..failure }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use broker::Memory;
    use channels::{ListedAccounts, Registry};
    use domain::{
        AccountId, Begun, ChannelName, Content, ContentHash, OnDoubt, Outcome, Override, Policy, PostId, RepeatSafety,
        TenantId, WorkerName,
    };
    use guard::MemoryGuard;
    use ledger::{MemoryLedger, NewPost, NewTarget};
    use runtime::Runtime;

    use super::*;
    use crate::{Ports, WorkerOptions};

    const HOUR: Duration = Duration::from_secs(3600);
    const HANDLE: RepeatSafety = RepeatSafety::Handle { settles_after: Duration::ZERO };

    /// A worker whose clock is `off` seconds ahead of the ledger's.
    fn worker(off: i64) -> Worker {
        let at = |second| Runtime::simulated(1, Timestamp::from_second(1_000_000 + second).unwrap());
        let runtime = at(off);
        let ports = Ports {
            ledger: Arc::new(MemoryLedger::new(at(0).clock(), Policy::default())),
            transport: Arc::new(Memory::new(&runtime, ["x"])),
            guard: Arc::new(MemoryGuard::new(runtime.clone())),
            channels: Arc::new(Registry::of([])),
            accounts: Arc::new(ListedAccounts::new([])),
        };
        let options = WorkerOptions {
            name: WorkerName::new("w").unwrap(),
            channels: vec!["x".into()],
            prefetch: 1,
            lock_ttl: HOUR,
            hint_ttl: HOUR,
            drain_limit: HOUR,
        };
        Worker::new(runtime, ports, options)
    }

    /// One of several targets that say the same.
    async fn twin(worker: &Worker, key: &str) -> Target {
        let (id, now) = (TargetId(worker.runtime.id()), worker.ledger.now().await.unwrap());
        let target = NewTarget {
            id,
            channel: ChannelName::new("x").unwrap(),
            account: AccountId::new("main").unwrap(),
            app: None,
            due_at: now,
            deadline: None,
            changes: Override::default(),
            hash: ContentHash([0; 16]),
            trace: None,
        };
        let post = NewPost {
            id: PostId(worker.runtime.id()),
            tenant: TenantId::new("acme").unwrap(),
            key: key.into(),
            fingerprint: [0; 32],
            content: Content { text: "hello".into(), ..Content::default() },
            answer: serde_json::Value::Null,
            accepted_at: now,
            targets: vec![target],
        };
        worker.ledger.accept(vec![post]).await.unwrap();
        worker.ledger.target(id).await.unwrap().unwrap().target
    }

    /// Brings a target in doubt.
    async fn fall_into_doubt(worker: &Worker, id: TargetId) {
        let begin = Command::Begin { worker: WorkerName::new("other").unwrap(), repeat: HANDLE, arm: Some("p".into()) };
        let answer = worker.ledger.apply(id, begin).await.unwrap().answer;
        let Answer::Begun(Begun { attempt, .. }) = answer else { panic!("{answer:?}") };
        let outcome = Outcome::Failed(doubtful(Failure::system(Code::NO_ANSWER, "p", "")));
        let finish = Command::Finish { attempt, outcome, repeat: HANDLE, on_doubt: OnDoubt::Park, trace: None };
        worker.ledger.apply(id, finish).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_whose_recording_was_cut_off_leaves_no_doubt() {
        let worker = worker(0);
        let target = twin(&worker, "a").await;
        let begin = Command::Begin { worker: WorkerName::new("w").unwrap(), repeat: HANDLE, arm: None };
        let begun = worker.ledger.apply(target.id, begin).await.unwrap().target;
        let progress = Progress::new(&worker, &begun, 2, worker.runtime.limit(HOUR));
        progress.arm("p", 0).await.unwrap();
        let receipt = Receipt { id: "1".into(), url: None };
        // The ledger has taken it, and the attempt's time was over before the worker heard of it.
        let out = Command::Out { attempt: begun.attempt, part: 0, receipt: receipt.clone() };
        worker.ledger.apply(target.id, out).await.unwrap();
        progress.state().recording = Some((0, receipt.clone()));
        assert_eq!(progress.at_publish_point(), Some("p"));

        progress.finish_recording().await;

        assert_eq!(progress.at_publish_point(), None, "nothing of this attempt is without an outcome");
        let kept = worker.ledger.target(target.id).await.unwrap().unwrap().target;
        assert_eq!(kept.receipt(0).map(|out| &out.receipt), Some(&receipt));
        assert_eq!(kept.armed, None);
    }

    #[tokio::test(start_paused = true)]
    async fn how_old_a_twin_is_counts_by_the_ledgers_clock_whatever_the_workers_says() {
        for off in [-7200, 0, 7200] {
            let worker = worker(off);
            let (own, other) = (twin(&worker, "a").await, twin(&worker, "b").await);
            fall_into_doubt(&worker, other.id).await;
            let progress = Progress::new(&worker, &own, 1, worker.runtime.limit(HOUR));
            assert!(progress.rivals(HOUR).await.unwrap(), "sent a moment ago; the clock is {off} s ahead");
            worker.runtime.sleep(HOUR).await;
            assert!(!progress.rivals(HOUR).await.unwrap(), "its key is forgotten; the clock is {off} s ahead");
        }
    }
}
