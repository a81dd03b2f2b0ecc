//! Carries out one granted attempt and says what came of it.

use std::time::Duration;

use channels::{Account, Call, Channel, Mark, Published, look};
use domain::{
    AttemptKind, Begun, Code, ContentHash, Draft, Failure, Finding, Fix, Landed, Outcome, PlatformWords, Receipt,
    Scope, Target, Worth,
    delivery::{self, Noted, Sent},
};
use runtime::{Limit, Step};

use crate::{Worker, record::Progress};

/// One granted attempt.
pub(crate) struct Attempt<'a> {
    pub worker: &'a Worker,
    pub channel: &'a dyn Channel,
    pub target: &'a Target,
    pub draft: &'a Draft,
    pub account: &'a Account,
    pub begun: &'a Begun,
    /// By the worker's own clocks: when the attempt must have ended.
    pub leave_by: Limit,
}

impl Attempt<'_> {
    /// Does what was granted. `None`: the worker stops and must leave the attempt's end to whoever takes over.
    pub(crate) async fn carry_out(&self) -> Option<Outcome> {
        let kind = self.begun.kind;
        if kind != AttemptKind::Send
            && let Some(out) = self.worker.find_hint(self.target.id).await
            && let Some(outcome) = self.hinted(out)
        {
            return Some(outcome);
        }
        match kind {
            AttemptKind::Send | AttemptKind::Repeat => self.send().await,
            AttemptKind::Look => Some(self.look().await),
            AttemptKind::Poll => Some(self.poll().await),
        }
    }

    /// What a hint proves. After a restore the ledger may have lost what was on record when it was left, so it counts for its own parts only.
    fn hinted(&self, out: Vec<(u16, Receipt)>) -> Option<Outcome> {
        if self.target.gap.is_none() {
            return Some(Outcome::Published(out));
        }
        let (part, receipt) = out.into_iter().find(|(part, _)| *part == self.part())?;
        let last = part + 1 == self.channel.parts(self.draft);
        Some(Outcome::Looked { part, finding: Finding::Found(receipt), last })
    }

    async fn send(&self) -> Option<Outcome> {
        if let Some(refusal) = self.refusal() {
            return Some(Outcome::Failed(refusal));
        }
        let parts = self.channel.parts(self.draft);
        let progress = Progress::new(self.worker, self.target, parts, self.leave_by);
        let armed = self.begun.armed.then(|| self.target.armed.as_ref().map(|armed| armed.part)).flatten();
        let now = self.worker.runtime.now();
        let mut call = Call::new(self.target, self.draft, self.account, now, armed, &progress);
        let limit = self.time_left();
        let sent = self.worker.runtime.within(limit, self.channel.publish(&mut call)).await;
        let sent = match sent {
            Some(Ok(Published::Out)) => Sent::Out,
            Some(Ok(Published::Processing)) => Sent::Processing,
            Some(Err(failure)) => Sent::Failed(self.see_to(failure).await),
            None => {
                progress.finish_recording().await;
                Sent::OutOfTime
            }
        };
        let noted = Noted {
            everything_out: (0..parts).all(|part| call.receipt(part).is_some()),
            at_publish_point: progress.at_publish_point(),
            unrecorded: progress.take_last(),
            stopping: self.worker.runtime.stop().is_cancelled(),
        };
        let outcome = delivery::outcome(sent, noted);
        if let Some(Outcome::Published(proofs)) = &outcome
            && !proofs.is_empty()
        {
            self.worker.leave_hint(self.target.id, proofs).await;
            self.worker.runtime.step(Step::HintWritten).await;
        }
        outcome
    }

    /// What stands against sending at all, found before anything is sent.
    fn refusal(&self) -> Option<Failure> {
        let target = self.target;
        let hash = ContentHash::of(self.draft, &target.tenant, &target.channel, &target.account, target.due_at);
        if hash != target.hash {
            let said = format!("approved {}, found {hash}", target.hash);
            return Some(Failure {
                worth: Worth::Never,
                ..Failure::system(Code::NOT_AS_APPROVED, "check the content", said)
            });
        }
        let objection = self.channel.check(self.draft).into_iter().next()?;
        Some(Failure {
            code: objection.code,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Content },
            scope: Scope::Post,
            step: "check the content".into(),
            said: PlatformWords::text(objection.message),
        })
    }

    /// What is left of the attempt's time; nothing if it was granted too late.
    fn time_left(&self) -> Duration {
        self.worker.runtime.left(self.leave_by)
    }

    /// Sees to the account's credentials, as far as the attempt's time allows.
    async fn see_to(&self, failure: Failure) -> Failure {
        let seeing = self.worker.accounts.see_to(self.account, failure.clone());
        self.worker.runtime.within(self.time_left(), seeing).await.unwrap_or(failure)
    }

    fn part(&self) -> u16 {
        self.target.armed.as_ref().map_or_else(|| self.target.next_part(), |armed| armed.part)
    }

    fn mark<'m>(&'m self, progress: &'m Progress<'_>) -> Mark<'m> {
        Mark {
            target: self.target,
            draft: self.draft,
            account: self.account,
            part: self.part(),
            since: self.target.armed.as_ref().map_or(self.target.due_at, |armed| armed.first_at),
            kind: self.begun.kind,
            record: progress,
        }
    }

    async fn look(&self) -> Outcome {
        let parts = self.channel.parts(self.draft);
        let progress = Progress::new(self.worker, self.target, parts, self.leave_by);
        let mark = self.mark(&progress);
        let part = mark.part;
        let last = part + 1 == parts;
        let limit = self.time_left();
        match self.worker.runtime.within(limit, look(self.channel, &mark)).await {
            Some(Ok(finding)) => Outcome::Looked { part, finding, last },
            Some(Err(failure)) => delivery::look_failed(self.see_to(failure).await),
            None => Outcome::Looked { part, finding: Finding::CannotTell("the look took too long".into()), last },
        }
    }

    async fn poll(&self) -> Outcome {
        let parts = self.channel.parts(self.draft);
        let progress = Progress::new(self.worker, self.target, parts, self.leave_by);
        let mark = self.mark(&progress);
        let limit = self.time_left();
        match self.worker.runtime.within(limit, self.channel.poll(&mark)).await {
            Some(Ok(verdict)) => verdict.outcome(mark.part, parts),
            Some(Err(failure)) => delivery::poll_failed(self.see_to(failure).await),
            None => Outcome::Failed(delivery::out_of_time(None)),
        }
    }
}
