//! The protocol's rules, one test each; incidents by their ids.

mod attempts;
mod changes;
mod doubts;
mod edges;
mod expiry;
mod gaps;
mod threads;
mod tries;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Change, Context, apply};
use crate::{
    Answer, AttemptKind, AttemptOutcome, Begun, Code, Command, ContentHash, Decision, EventName, Failure, Finding, Fix,
    Gap, Landed, ListReason, LookUp, Next, OnDoubt, Outcome, Pause, PauseScope, PlatformWords, Policy, Receipt,
    Refusal, RepeatSafety, Scope, State, Target, WorkerName, Worth, invariant, target::fixtures::target,
};

const KEY: RepeatSafety = RepeatSafety::PlatformKey {
    kept_for: Duration::from_secs(3600),
    settles_after: Duration::from_secs(60),
    afterwards: None,
};
const LOOK: RepeatSafety =
    RepeatSafety::LookUp(LookUp { settles_after: Duration::from_secs(10), sure_after: Duration::from_secs(120) });

/// A target, a clock and the numbers, driven command by command.
struct Stage {
    target: Target,
    now: Timestamp,
    policy: Policy,
    pauses: Vec<Pause>,
    repeat: RepeatSafety,
    on_doubt: OnDoubt,
}

impl Stage {
    fn new(repeat: RepeatSafety) -> Self {
        Self {
            target: target(),
            now: Timestamp::UNIX_EPOCH,
            policy: Policy::default(),
            pauses: vec![],
            repeat,
            on_doubt: OnDoubt::Park,
        }
    }

    fn change(&mut self, command: &Command) -> Change {
        let context = Context { now: self.now, policy: &self.policy, pauses: &self.pauses, owner: None };
        let change = apply(&mut self.target, command, &context);
        assert_eq!(change.violation, None, "{command:?} on {:?}", self.target);
        invariant::check(&self.target, self.now, &self.policy)
            .unwrap_or_else(|broken| panic!("{broken:?} after {command:?}: {:?}", self.target));
        change
    }

    fn ask(&mut self, command: &Command) -> Answer {
        self.change(command).answer()
    }

    fn begin(&mut self) -> Answer {
        let worker = WorkerName::new("w1").unwrap();
        self.ask(&Command::Begin { worker, repeat: self.repeat, arm: None })
    }

    fn begun(&mut self, kind: AttemptKind) -> u32 {
        match self.begin() {
            Answer::Begun(Begun { attempt, kind: got, .. }) if got == kind => attempt,
            other => panic!("expected a {kind:?} attempt, got {other:?} on {:?}", self.target),
        }
    }

    fn arm(&mut self, attempt: u32, part: u16) -> Answer {
        self.ask(&Command::Arm { attempt, step: "publish".into(), part })
    }

    fn finish(&mut self, attempt: u32, outcome: Outcome) -> Answer {
        self.ask(&Command::Finish { attempt, outcome, repeat: self.repeat, on_doubt: self.on_doubt, trace: None })
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn pass_to_next(&mut self) {
        self.now = self.now.max(self.target.next_at.expect("a next step with a time"));
    }

    /// Brings the target into doubt: armed, sent, no answer.
    fn fall_into_doubt(&mut self) {
        let attempt = self.begun(AttemptKind::Send);
        assert_eq!(self.arm(attempt, 0), Answer::Done);
        self.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
        assert_eq!(self.target.state, State::InDoubt);
    }
}

fn failure(landed: Landed, code: Code) -> Failure {
    Failure {
        code,
        landed,
        worth: Worth::Retry { not_before: None },
        scope: Scope::Channel,
        step: "publish".into(),
        said: PlatformWords::default(),
    }
}

fn receipt(id: &str) -> Receipt {
    Receipt { id: id.into(), url: None }
}
