//! A target on a channel, driven by the domain's own rules: what the ledger and the worker do, in memory.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    AccountId, Answer, AttemptKind, Begun, ChannelName, Command, Content, ContentHash, Context, Draft, Failure,
    Finding, Media, OnDoubt, Outcome, Part, Policy, PostId, Receipt, State, Target, TargetId, TenantId, WorkerName,
    apply, delivery,
};
use jiff::Timestamp;
use oncepost_channels::{Account, Call, Channel, Http, Published, Record, Registry, Secret, look};
use runtime::{Clock, Runtime, SystemRandom};

use super::{Shifted, http};

/// What one attempt came to.
#[derive(Debug)]
pub struct Ended {
    pub kind: AttemptKind,
    pub failure: Option<Failure>,
    pub finding: Option<Finding>,
}

/// One target on one account.
pub struct Stand {
    pub channel: Arc<dyn Channel>,
    pub account: Account,
    pub draft: Draft,
    pub clock: Arc<Shifted>,
    pub http: Http,
    /// What the ledger gave to other targets.
    pub taken: Mutex<Vec<String>>,
    /// A target with the same content is not settled yet.
    pub rival: AtomicBool,
    /// The protocol's numbers.
    pub policy: Policy,
    target: Mutex<Target>,
}

impl Stand {
    pub fn new(
        channel: &str,
        base_url: &str,
        secret: (&str, &str),
        settings: &[(&str, &str)],
        content: Content,
    ) -> Self {
        let clock = Arc::new(Shifted::default());
        let http = http(clock.clone());
        let name = ChannelName::new(channel).unwrap();
        let account = Account {
            tenant: TenantId::new("acme").unwrap(),
            channel: name.clone(),
            id: AccountId::new("main").unwrap(),
            app: None,
            base_url: base_url.parse().unwrap(),
            secrets: [(secret.0.to_owned(), Secret::new(secret.1))].into(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            on_doubt: OnDoubt::Park,
            rate: None,
            app_rate: None,
        };
        let channel = Registry::all(http.clone()).get(channel).unwrap().clone();
        let target = Mutex::new(target(name, clock.now()));
        let policy = Policy::default();
        Self {
            channel,
            account,
            draft: Draft(content),
            clock,
            http,
            taken: Mutex::default(),
            rival: AtomicBool::default(),
            target,
            policy,
        }
    }

    /// The same with another post on the same account and channel, sessions and caches included.
    pub fn another(&self, content: Content) -> Self {
        Self {
            channel: self.channel.clone(),
            account: self.account.clone(),
            draft: Draft(content),
            clock: self.clock.clone(),
            http: self.http.clone(),
            taken: Mutex::default(),
            rival: AtomicBool::default(),
            target: Mutex::new(target(self.account.channel.clone(), self.clock.now())),
            policy: self.policy.clone(),
        }
    }

    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn target(&self) -> Target {
        self.target.lock().unwrap().clone()
    }

    pub fn key(&self, part: u16) -> String {
        self.draft.idempotency_key(self.target().id, part)
    }

    pub fn state(&self) -> State {
        self.target().state
    }

    pub fn receipts(&self) -> Vec<Receipt> {
        self.target().out.into_iter().map(|out| out.receipt).collect()
    }

    pub fn ask(&self, command: &Command) -> Answer {
        let mut target = self.target.lock().unwrap();
        let context = Context { now: self.clock.now(), policy: &self.policy, pauses: &[], owner: None };
        let change = apply(&mut target, command, &context);
        assert_eq!(change.violation, None, "{command:?} on {target:?}");
        change.answer()
    }

    /// One attempt. Nothing may be in its way.
    pub async fn attempt(&self) -> Ended {
        self.try_attempt().await.unwrap_or_else(|answer| panic!("no attempt was granted: {answer:?}"))
    }

    /// One attempt, or what stands in its way.
    async fn try_attempt(&self) -> Result<Ended, Answer> {
        let safety = self.channel.safety(&self.account.card());
        let worker = WorkerName::new("w1").unwrap();
        let arm = safety.arms.map(str::to_owned);
        let begun = match self.ask(&Command::Begin { worker, repeat: safety.repeat, arm }) {
            Answer::Begun(begun) => begun,
            other => return Err(other),
        };
        let (ended, outcome) = self.carry_out(&begun).await;
        let (repeat, on_doubt) = (safety.repeat, self.account.on_doubt);
        self.ask(&Command::Finish { attempt: begun.attempt, outcome, repeat, on_doubt, trace: None });
        Ok(ended)
    }

    async fn carry_out(&self, begun: &Begun) -> (Ended, Outcome) {
        let target = self.target();
        let mut ended = Ended { kind: begun.kind, failure: None, finding: None };
        let parts = self.channel.parts(&self.draft);
        let armed = begun.armed.then(|| target.armed.as_ref().map(|armed| armed.part)).flatten();
        let mut call = Call::new(&target, &self.draft, &self.account, self.clock.now(), armed, self);
        let outcome = match begun.kind {
            AttemptKind::Send | AttemptKind::Repeat => match self.channel.publish(&mut call).await {
                Ok(Published::Out) => Outcome::Published(vec![]),
                Ok(Published::Processing) => Outcome::Processing,
                Err(failure) => {
                    ended.failure = Some(failure.clone());
                    Outcome::Failed(failure)
                }
            },
            AttemptKind::Look => {
                let part = target.armed.as_ref().map_or(0, |armed| armed.part);
                match look(&*self.channel, &call.mark(part)).await {
                    Ok(finding) => {
                        ended.finding = Some(finding.clone());
                        Outcome::Looked { part, finding, last: part + 1 == parts }
                    }
                    Err(failure) => {
                        ended.failure = Some(failure.clone());
                        Outcome::Failed(failure)
                    }
                }
            }
            AttemptKind::Poll => {
                let part = target.armed.as_ref().map_or_else(|| target.next_part(), |armed| armed.part);
                let polled = self.channel.poll(&call.mark(part)).await;
                let outcome = polled.map_or_else(delivery::poll_failed, |verdict| verdict.outcome(part, parts));
                if let Outcome::Failed(failure) | Outcome::NotOut(failure) = &outcome {
                    ended.failure = Some(failure.clone());
                }
                outcome
            }
        };
        (ended, outcome)
    }

    /// Begins an attempt and leaves the rest to the test.
    pub fn begin(&self) {
        let worker = WorkerName::new("w1").unwrap();
        let repeat = self.channel.safety(&self.account.card()).repeat;
        let begun = self.ask(&Command::Begin { worker, repeat, arm: None });
        assert!(matches!(begun, Answer::Begun(_)), "{begun:?}");
    }

    /// Looks for publish point `part` now.
    pub async fn find(&self, part: u16) -> Result<Finding, Failure> {
        let target = self.target();
        let call = Call::new(&target, &self.draft, &self.account, self.clock.now(), None, self);
        self.channel.find(&call.mark(part)).await
    }

    /// Attempt after attempt, each when it is due, until nothing more happens by itself. `advance` moves the platform's clock.
    pub async fn settle(&self, advance: impl Fn(Duration)) -> Vec<Ended> {
        let mut attempts = Vec::new();
        for _ in 0..40 {
            let target = self.target();
            if target.state.is_terminal() || target.listed.is_some() {
                return attempts;
            }
            let wait = target.next_at.expect("a next step").duration_since(self.clock.now());
            if let Ok(wait) = Duration::try_from(wait) {
                // A millisecond more, for the real clock's own resolution.
                let wait = wait + Duration::from_millis(1);
                self.clock.advance(wait);
                advance(wait);
            }
            match self.try_attempt().await {
                Ok(ended) => attempts.push(ended),
                Err(Answer::NotYet(_)) => {}
                Err(other) => panic!("no attempt was granted: {other:?}"),
            }
        }
        panic!("it never comes to rest: {:?}", self.target());
    }
}

#[async_trait]
impl Record for Stand {
    fn leased(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn armed(&self, _step: &'static str, _part: u16) {}

    async fn keep(&self, handles: BTreeMap<String, String>) -> Result<(), Failure> {
        let attempt = self.target().attempt;
        assert_eq!(self.ask(&Command::Keep { attempt, handles }), Answer::Done);
        Ok(())
    }

    async fn arm(&self, step: &'static str, part: u16) -> Result<(), Failure> {
        let attempt = self.target().attempt;
        assert_eq!(self.ask(&Command::Arm { attempt, step: step.into(), part }), Answer::Done, "arming part {part}");
        Ok(())
    }

    async fn out(&self, part: u16, receipt: Receipt) -> Result<(), Failure> {
        let attempt = self.target().attempt;
        assert_eq!(self.ask(&Command::Out { attempt, part, receipt }), Answer::Done, "part {part} is out");
        Ok(())
    }

    async fn taken(&self, ids: &[String]) -> Result<Vec<String>, Failure> {
        let taken = self.taken.lock().unwrap();
        Ok(ids.iter().filter(|id| taken.contains(id)).cloned().collect())
    }

    async fn rivals(&self, _kept_for: Duration) -> Result<bool, Failure> {
        Ok(self.rival.load(SeqCst))
    }
}

fn target(channel: ChannelName, now: Timestamp) -> Target {
    let id = Runtime::new(Arc::new(Shifted::default()), Arc::new(SystemRandom)).id();
    Target {
        id: TargetId(id),
        post: PostId(id),
        tenant: TenantId::new("acme").unwrap(),
        channel,
        account: AccountId::new("main").unwrap(),
        app: None,
        state: State::Scheduled,
        revision: 1,
        due_at: now,
        deadline: None,
        next_at: Some(now),
        wake_at: Some(now),
        hash: ContentHash([0; 16]),
        attempt: 0,
        tries: 0,
        looks: 0,
        emissions: 0,
        lease: None,
        armed: None,
        handles: BTreeMap::new(),
        out: vec![],
        listed: None,
        last_failure: None,
        gap: None,
        trace: None,
        follows: None,
    }
}

/// A text alone.
pub fn says(text: &str) -> Content {
    Content { text: text.into(), ..Content::default() }
}

/// A text and what follows it.
pub fn thread(texts: &[&str]) -> Content {
    let part = |text: &&str| Part { text: (*text).into(), media: vec![] };
    Content { text: texts[0].into(), thread: texts[1..].iter().map(part).collect(), ..Content::default() }
}

/// A text with a picture.
pub fn picture(text: &str, url: &str) -> Content {
    let media = vec![Media { url: format!("{url}/a.jpg"), alt: Some("a pixel".into()) }];
    Content { media, ..says(text) }
}
