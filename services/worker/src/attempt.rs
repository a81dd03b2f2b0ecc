//! Carries out one granted attempt and says what came of it.

use std::time::Duration;

use channels::{Account, Call, Channel, Mark, Published, Verdict};
use domain::{
    AttemptKind, Begun, Code, ContentHash, Draft, Failure, Finding, Fix, Landed, Outcome, PlatformWords, Scope, Target,
    Worth,
};
use jiff::Timestamp;
use runtime::Step;

use crate::{Worker, record::Progress};

/// One granted attempt.
pub(crate) struct Attempt<'a> {
    pub worker: &'a Worker,
    pub channel: &'a dyn Channel,
    pub target: &'a Target,
    pub draft: &'a Draft,
    pub account: &'a Account,
    pub begun: &'a Begun,
    /// By the worker's clock: when the attempt must have ended.
    pub leave_until: Timestamp,
}

impl Attempt<'_> {
    /// Does what was granted. `None`: the worker stops and must leave the attempt's end to whoever takes over.
    pub(crate) async fn carry_out(&self) -> Option<Outcome> {
        let kind = self.begun.kind;
        if kind != AttemptKind::Send
            && let Some(out) = self.worker.find_hint(self.target.id).await
        {
            return Some(Outcome::Published(out));
        }
        match kind {
            AttemptKind::Send | AttemptKind::Repeat => self.send().await,
            AttemptKind::Look => Some(self.look().await),
            AttemptKind::Poll => Some(self.poll().await),
        }
    }

    async fn send(&self) -> Option<Outcome> {
        if let Some(refusal) = self.refusal() {
            return Some(Outcome::Failed(refusal));
        }
        let parts = self.channel.parts(self.draft);
        let progress = Progress::new(self.worker, self.target, parts, self.leave_until);
        let armed = self.begun.armed.then(|| self.target.armed.as_ref().map(|armed| armed.part)).flatten();
        let now = self.worker.runtime.now();
        let mut call = Call::new(self.target, self.draft, self.account, now, armed, &progress);
        let limit = self.time_left();
        let sent = self.worker.runtime.within(limit, self.channel.publish(&mut call)).await;
        let everything = (0..parts).all(|part| call.receipt(part).is_some());
        let at_publish_point = progress.at_publish_point();
        let last = progress.take_last();
        if everything && at_publish_point.is_none() {
            // Whatever went wrong after the last part was out cannot make it less out.
            self.worker.leave_hint(self.target.id, &last).await;
            self.worker.runtime.step(Step::HintWritten).await;
            return Some(Outcome::Published(last));
        }
        match sent {
            Some(Ok(Published::Processing)) => Some(Outcome::Processing),
            // The channel says that everything is out and has no proof of it: the ledger makes a doubt of that.
            Some(Ok(Published::Out)) => Some(Outcome::Published(Vec::new())),
            // A part is out and could not be recorded because the worker stops: its successor settles it.
            Some(Err(failure)) if failure.landed == Landed::Unknown && self.worker.runtime.stop().is_cancelled() => {
                None
            }
            Some(Err(failure)) => Some(Outcome::Failed(failure)),
            None => Some(Outcome::Failed(out_of_time(at_publish_point))),
        }
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
        Duration::try_from(self.leave_until.duration_since(self.worker.runtime.now())).unwrap_or_default()
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
        let progress = Progress::new(self.worker, self.target, parts, self.leave_until);
        let mark = self.mark(&progress);
        let part = mark.part;
        let last = part + 1 == parts;
        let limit = self.time_left();
        match self.worker.runtime.within(limit, self.channel.find(&mark)).await {
            Some(Ok(finding)) => Outcome::Looked { part, finding, last },
            Some(Err(failure)) => Outcome::Failed(Failure { landed: no_news(failure.landed), ..failure }),
            None => Outcome::Looked { part, finding: Finding::CannotTell("the look took too long".into()), last },
        }
    }

    async fn poll(&self) -> Outcome {
        let parts = self.channel.parts(self.draft);
        let progress = Progress::new(self.worker, self.target, parts, self.leave_until);
        let mark = self.mark(&progress);
        let part = mark.part;
        let limit = self.time_left();
        match self.worker.runtime.within(limit, self.channel.poll(&mark)).await {
            Some(Ok(Verdict::Out(receipt))) => Outcome::Published(vec![(part, receipt)]),
            Some(Ok(Verdict::Still)) => Outcome::Processing,
            Some(Err(failure)) => Outcome::Failed(failure),
            None => Outcome::Failed(out_of_time(None)),
        }
    }
}

/// A look publishes nothing, so its failure cannot mean that anything more is out.
fn no_news(landed: Landed) -> Landed {
    match landed {
        Landed::Yes => Landed::Unknown,
        other => other,
    }
}

fn out_of_time(at_publish_point: Option<&'static str>) -> Failure {
    let (code, landed, step) = match at_publish_point {
        Some(step) => (Code::NO_ANSWER, Landed::Unknown, step),
        None => (Code::TOO_SLOW, Landed::No, "before the publish point"),
    };
    Failure {
        code,
        landed,
        worth: Worth::Retry { not_before: None },
        scope: Scope::Channel,
        step: step.into(),
        said: PlatformWords::text("the attempt reached its time limit"),
    }
}
