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
        let command = Command::Out { attempt: self.attempt, part, receipt };
        let Some(applied) = self.worker.apply_patiently(self.target, command).await else {
            let said = "the ledger did not take the proof";
            return Err(doubtful(Failure::system(Code::OWN_HICCUP, "record a part", said)));
        };
        self.state().at_publish_point = None;
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
        let now = self.worker.runtime.now();
        let remembered = |since: Timestamp| now < since.saturating_add(kept_for).unwrap_or(Timestamp::MAX);
        let twins = self.ask_taken(&[]).await?.twins;
        Ok(twins.iter().any(|twin| twin.leased || twin.since.is_some_and(remembered)))
    }
}

/// The part may be out: nothing may be sent again before that is settled.
fn doubtful(failure: Failure) -> Failure {
    Failure { landed: Landed::Unknown, ..failure }
}
