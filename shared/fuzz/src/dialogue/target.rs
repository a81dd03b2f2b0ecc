//! The target of a dialogue, driven by the domain's own rules.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use channels::{Account, Answer as PlatformAnswer, Channel, Record};
use domain::{
    Answer, AttemptKind, Command, ContentHash, Context, Failure, Policy, PostId, Receipt, State, Target, TargetId,
    apply,
};

use super::{ID, NOW, SECRET, platform::Platform};

/// The target, and when its publish points were called.
pub struct Journal<'a> {
    target: Mutex<Target>,
    platform: &'a Platform,
    /// How many answers there were when the last publish point was armed, and its step.
    armed: Mutex<Option<(usize, &'static str)>>,
}

impl<'a> Journal<'a> {
    /// In its first attempt.
    pub fn begun(account: &Account, channel: &dyn Channel, platform: &'a Platform) -> Self {
        let journal = Self { target: Mutex::new(target(account)), platform, armed: Mutex::default() };
        let repeat = channel.safety(&account.card()).repeat;
        let worker = "w1".parse().expect("this is a name");
        let begun = journal.ask(&Command::Begin { worker, repeat, arm: None });
        assert!(matches!(&begun, Answer::Begun(begun) if begun.kind == AttemptKind::Send), "{begun:?}");
        journal
    }

    /// As if publish point `part` had been called without an answer.
    pub fn doubt(&self, part: u16) {
        assert_eq!(self.ask(&Command::Arm { attempt: 1, step: "publish".into(), part }), Answer::Done);
    }

    pub fn target(&self) -> Target {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The platform's answer to the last publish point and its step, if nothing was asked since.
    pub fn answer_to_the_point(&self) -> Option<(PlatformAnswer, &'static str)> {
        let (number, step) = (*self.armed.lock().unwrap_or_else(PoisonError::into_inner))?;
        if self.platform.given() != number + 1 {
            return None;
        }
        let said = self.platform.said(number);
        let answer =
            PlatformAnswer { step, point: true, status: said.status, headers: said.headers, body: said.body, at: NOW };
        Some((answer, step))
    }

    fn ask(&self, command: &Command) -> Answer {
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = Policy::default();
        let change = apply(&mut target, command, &Context { now: NOW, policy: &policy, pauses: &[], owner: None });
        assert_eq!(change.violation, None, "{command:?} on {target:?}");
        change.answer()
    }

    fn call(&self, step: &'static str) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some((self.platform.given(), step));
    }
}

#[async_trait]
impl Record for Journal<'_> {
    fn leased(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn armed(&self, step: &'static str, _part: u16) {
        self.call(step);
    }

    async fn keep(&self, handles: BTreeMap<String, String>) -> Result<(), Failure> {
        assert!(!handles.keys().any(|name| name.contains(SECRET)), "a handle is named by a secret");
        assert_eq!(self.ask(&Command::Keep { attempt: 1, handles }), Answer::Done);
        Ok(())
    }

    async fn arm(&self, step: &'static str, part: u16) -> Result<(), Failure> {
        assert_eq!(self.target().next_part(), part, "parts go out one after another");
        assert_eq!(self.ask(&Command::Arm { attempt: 1, step: step.into(), part }), Answer::Done, "arming {part}");
        self.call(step);
        Ok(())
    }

    async fn out(&self, part: u16, receipt: Receipt) -> Result<(), Failure> {
        assert!(receipt.is_proof(), "part {part} is said to be out without proof");
        assert_eq!(self.ask(&Command::Out { attempt: 1, part, receipt }), Answer::Done, "part {part} is out");
        Ok(())
    }

    async fn taken(&self, _ids: &[String]) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    async fn rivals(&self, _kept_for: Duration) -> Result<bool, Failure> {
        Ok(false)
    }
}

fn target(account: &Account) -> Target {
    Target {
        id: TargetId(ID),
        post: PostId(ID),
        tenant: account.tenant.clone(),
        channel: account.channel.clone(),
        account: account.id.clone(),
        app: None,
        state: State::Scheduled,
        revision: 1,
        due_at: NOW,
        deadline: None,
        next_at: Some(NOW),
        wake_at: Some(NOW),
        hash: ContentHash([0; 16]),
        attempt: 0,
        tries: 0,
        looks: 0,
        emissions: 0,
        lease: None,
        armed: None,
        handles: BTreeMap::new(),
        out: Vec::new(),
        listed: None,
        last_failure: None,
        gap: None,
        trace: None,
        follows: None,
    }
}
