//! Everything that the checker tells apart: the target as the ledger has it, and what is around it.
//!
//! The present is always [`NOW`]. Time passes by moving every time in the world back, and what is long past is forgotten as
//! far as no decision reads it, so that worlds recur and their number stays finite.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::{
    AccountId, AttemptKind, ChannelName, ContentHash, Outcome, PlatformWords, PostId, Receipt, RepeatSafety, State,
    Target, TargetId, TenantId, Worth, invariant::Violation,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    platform::{Flying, Platform},
    setup::{Budget, SETTLE, Setup, seconds},
};

/// The present, in every world.
pub const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

/// A number that is the same for what is the same, in every run.
pub fn fingerprint(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// `seconds` from now.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW.as_second() + seconds).unwrap_or(NOW)
}

/// How many seconds from now `time` is.
pub fn from_now(time: Timestamp) -> i64 {
    time.as_second() - NOW.as_second()
}

/// One state of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// The target, as the ledger has it.
    pub target: Target,
    /// The workers, in an order that does not depend on their names.
    pub workers: [Worker; 2],
    /// The messages that no worker holds: in how many seconds each may be taken.
    pub messages: Vec<i64>,
    /// The platform.
    pub platform: Platform,
    /// A pause over everything is in force.
    pub paused: bool,
    /// The dedupe lock of a worker that died, and when it ends.
    pub orphan_lock: Option<i64>,
    /// The outcome hint.
    pub hint: Option<Vec<(u16, Receipt)>>,
    /// A scheduler whose message the broker refused is about to give the target back.
    pub giving_back: bool,
    /// What may still go wrong.
    pub left: Budget,
    /// It was sent again although nobody could tell whether it is out, as the account wants it.
    pub resent: bool,
    /// A promise that [`domain::apply()`] itself found broken.
    pub broken: Option<Violation>,
    /// The target as the ledger's back-up has it.
    pub kept: Option<Box<Target>>,
}

/// A worker's name in stories; two workers are the same but for it.
#[derive(Debug, Clone, Copy)]
pub struct Name(pub char);

impl PartialEq for Name {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A worker and the message in its hands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Worker {
    /// For stories.
    pub name: Name,
    /// It holds the dedupe lock.
    pub locked: bool,
    /// What it is about to do.
    pub doing: Doing,
}

/// A worker's next step. Between any two steps it may be held up for as long as it likes, or die.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Doing {
    /// It has no message.
    Idle,
    /// It asks the ledger for the target.
    Asking,
    /// It looks for its predecessor's hint.
    Starting(Job),
    /// It prepares the next part: stores a handle, arms, or finds that nothing is left.
    Preparing(Job),
    /// The part is armed: it checks its lease and sends, in one step.
    Sending(Job, u16),
    /// It waits for the answer. The request may be on its way, or gone.
    Waiting(Job, u16, Option<Flying>),
    /// It has an answer for the part, and takes note of the proof.
    Proving(Job, u16, Receipt),
    /// It asks the platform: a look or a poll.
    Asks(Job),
    /// It leaves a hint.
    Hinting(Job, Outcome),
    /// It records the attempt's end.
    Recording(Job, Outcome),
}

/// What a worker knows of its attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Job {
    /// The fencing token.
    pub attempt: u32,
    /// What was granted.
    pub kind: AttemptKind,
    /// In how many seconds the attempt must have ended, by the worker's own clock.
    pub leave_by: i64,
    /// The part that was armed together with the attempt.
    pub armed: Option<u16>,
    /// The part that a look or poll is about.
    pub asked: u16,
    /// The parts whose handle is stored.
    pub handles: Vec<u16>,
    /// The parts that are out, as far as the worker knows.
    pub out: Vec<u16>,
    /// A publish point was called without a recorded outcome.
    pub at_publish_point: bool,
    /// Proofs that are not in the ledger yet.
    pub unrecorded: Vec<(u16, Receipt)>,
    /// The ledger has been put back since: it sends with the key of before.
    pub old_key: bool,
}

impl Doing {
    /// The attempt, if there is one.
    pub fn job(&self) -> Option<&Job> {
        match self {
            Doing::Idle | Doing::Asking => None,
            Doing::Starting(job)
            | Doing::Preparing(job)
            | Doing::Sending(job, _)
            | Doing::Waiting(job, ..)
            | Doing::Proving(job, ..)
            | Doing::Asks(job)
            | Doing::Hinting(job, _)
            | Doing::Recording(job, _) => Some(job),
        }
    }

    fn job_mut(&mut self) -> Option<&mut Job> {
        match self {
            Doing::Idle | Doing::Asking => None,
            Doing::Starting(job)
            | Doing::Preparing(job)
            | Doing::Sending(job, _)
            | Doing::Waiting(job, ..)
            | Doing::Proving(job, ..)
            | Doing::Asks(job)
            | Doing::Hinting(job, _)
            | Doing::Recording(job, _) => Some(job),
        }
    }

    /// The ledger is put back: whoever is at work goes on with the key that it has.
    pub fn lose_ties(&mut self) {
        if let Some(job) = self.job_mut() {
            job.old_key = true;
        }
        if let Doing::Waiting(_, _, Some(flying)) = self {
            flying.old_key = true;
        }
    }
}

impl Doing {
    /// What a worker knows and will not read again is forgotten.
    fn tidy(&mut self) {
        match self {
            Doing::Waiting(job, _, None) => job.leave_by = 0,
            Doing::Asks(job) => *job = Job { asked: job.asked, ..Job::ended(job.attempt, job.kind) },
            Doing::Starting(job) if !matches!(job.kind, AttemptKind::Repeat) => job.leave_by = 0,
            Doing::Hinting(job, _) | Doing::Recording(job, _) => *job = Job::ended(job.attempt, job.kind),
            _ => {}
        }
        if let Doing::Recording(_, Outcome::Failed(failure)) = self {
            failure.said = PlatformWords::default();
            failure.step.clear();
        }
    }
}

impl Job {
    /// All that is known of an attempt that is over.
    fn ended(attempt: u32, kind: AttemptKind) -> Self {
        Self {
            attempt,
            kind,
            leave_by: 0,
            armed: None,
            asked: 0,
            handles: Vec::new(),
            out: Vec::new(),
            at_publish_point: false,
            unrecorded: Vec::new(),
            old_key: false,
        }
    }
}

impl World {
    /// A target that is due now, and nothing has happened yet.
    pub fn new(setup: &Setup) -> Option<Self> {
        let target = Target {
            id: TargetId(Uuid::from_u128(7)),
            post: PostId(Uuid::from_u128(1)),
            tenant: TenantId::new("t").ok()?,
            channel: ChannelName::new("c").ok()?,
            account: AccountId::new("a").ok()?,
            app: None,
            state: State::Scheduled,
            revision: 1,
            due_at: NOW,
            deadline: setup.deadline.map(at),
            next_at: Some(NOW),
            wake_at: Some(NOW),
            hash: ContentHash([0; 16]),
            attempt: 0,
            tries: 0,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: std::collections::BTreeMap::new(),
            out: Vec::new(),
            listed: None,
            last_failure: None,
            gap: None,
            trace: None,
            follows: None,
        };
        let worker = |name| Worker { name: Name(name), locked: false, doing: Doing::Idle };
        Some(Self {
            target,
            workers: [worker('A'), worker('B')],
            messages: Vec::new(),
            platform: Platform::new(setup.parts),
            paused: false,
            orphan_lock: None,
            hint: None,
            giving_back: false,
            left: setup.budget,
            resent: false,
            broken: None,
            kept: None,
        })
    }

    /// A second passes. `None`: a request on its way must be settled first, or nothing lies ahead.
    pub fn later(&self, setup: &Setup) -> Option<Self> {
        let mut next = self.clone();
        for worker in &mut next.workers {
            if let Some(job) = worker.doing.job_mut() {
                job.leave_by = (job.leave_by - 1).max(0);
            }
            if let Doing::Waiting(_, _, Some(flying)) = &mut worker.doing {
                flying.pass()?;
            }
        }
        next.platform.pass(setup)?;
        for message in &mut next.messages {
            *message = (*message - 1).max(0);
        }
        next.orphan_lock = next.orphan_lock.map(|left| left - 1).filter(|left| *left > 0);
        age(&mut next.target);
        next.tidy(setup);
        (next != *self).then_some(next)
    }

    /// Forgets what no decision reads, so that worlds that behave alike are alike.
    pub fn tidy(&mut self, setup: &Setup) {
        if self.is_over() {
            self.close();
        }
        tidy_target(&mut self.target, setup);
        for worker in &mut self.workers {
            worker.doing.tidy();
        }
        self.messages.sort_unstable();
        self.number_attempts();
        if fingerprint(&self.workers[0]) > fingerprint(&self.workers[1]) {
            self.workers.swap(0, 1);
        }
    }

    /// Nobody will move the target any more, but for a worker that comes late with the truth.
    fn is_over(&self) -> bool {
        if self.kept.is_some() {
            return false;
        }
        let rests = self.target.state.is_terminal() || self.target.listed.is_some();
        self.target.state == State::Published || (rests && self.left.people == 0)
    }

    /// Whoever asks for the target is sent away, so nobody need ask. Requests on their way still land.
    fn close(&mut self) {
        self.messages.clear();
        self.left = Budget::default();
        self.paused = false;
        self.giving_back = false;
        self.hint = None;
        self.orphan_lock = None;
        self.target.wake_at = None;
        self.target.next_at = None;
        for worker in self.workers.iter_mut().filter(|worker| worker.doing == Doing::Asking) {
            worker.doing = Doing::Idle;
            worker.locked = false;
        }
    }

    /// Attempts are told apart by their numbers and ordered by them; how many there have been does not matter.
    fn number_attempts(&mut self) {
        let mut known: Vec<u32> =
            self.workers.iter().filter_map(|worker| worker.doing.job()).map(|job| job.attempt).collect();
        for target in self.kept.iter().map(|kept| &**kept).chain([&self.target]) {
            known.extend(target.armed.iter().map(|armed| armed.attempt));
            known.push(target.attempt);
        }
        known.retain(|attempt| *attempt > 0);
        known.sort_unstable();
        known.dedup();
        let number = |attempt: &mut u32| {
            if let Ok(place) = known.binary_search(attempt) {
                *attempt = u32::try_from(place).unwrap_or(u32::MAX - 1) + 1;
            }
        };
        for target in self.kept.iter_mut().map(|kept| &mut **kept).chain([&mut self.target]) {
            number(&mut target.attempt);
            target.armed.iter_mut().for_each(|armed| number(&mut armed.attempt));
        }
        self.workers.iter_mut().filter_map(|worker| worker.doing.job_mut()).for_each(|job| number(&mut job.attempt));
    }

    /// Nothing is on its way to the platform.
    pub fn is_quiet(&self) -> bool {
        self.platform.orphans.is_empty()
            && !self.workers.iter().any(|worker| matches!(worker.doing, Doing::Waiting(_, _, Some(_))))
    }

    /// Somebody holds the dedupe lock.
    pub fn is_locked(&self) -> bool {
        self.orphan_lock.is_some() || self.workers.iter().any(|worker| worker.locked)
    }
}

/// The target as a back-up has it: when it is put back, all its times are over.
pub fn kept(target: &Target) -> Target {
    let mut kept = target.clone();
    kept.due_at = NOW;
    kept.emissions = 0;
    for time in [&mut kept.next_at, &mut kept.wake_at].into_iter().flatten() {
        *time = NOW;
    }
    if let Some(lease) = &mut kept.lease {
        (lease.since, lease.until) = (NOW, NOW);
    }
    if let Some(armed) = &mut kept.armed {
        (armed.first_at, armed.last_at) = (NOW, NOW);
    }
    kept
}

/// A second passes for the target.
fn age(target: &mut Target) {
    let back = |time: &mut Timestamp| *time = at(from_now(*time) - 1);
    back(&mut target.due_at);
    let times = [&mut target.deadline, &mut target.next_at, &mut target.wake_at];
    times.into_iter().flatten().for_each(back);
    if let Some(lease) = &mut target.lease {
        back(&mut lease.since);
        back(&mut lease.until);
    }
    if let Some(armed) = &mut target.armed {
        back(&mut armed.first_at);
        back(&mut armed.last_at);
    }
    if let Some(gap) = &mut target.gap {
        back(&mut gap.since);
        back(&mut gap.until);
    }
    if let Some(Worth::Retry { not_before: Some(time) }) =
        target.last_failure.as_mut().map(|failure| &mut failure.worth)
    {
        back(time);
    }
}

fn tidy_target(target: &mut Target, setup: &Setup) {
    target.revision = 1;
    // Read only where nothing is armed while the platform decides, which does not happen.
    target.due_at = NOW;
    // Whether a step is due is asked; since when it has been is not.
    for time in [&mut target.deadline, &mut target.next_at, &mut target.wake_at].into_iter().flatten() {
        *time = (*time).max(NOW);
    }
    target.emissions = target.emissions.min(domain::Policy::MOST_DOUBLINGS);
    if target.state == State::Processing {
        target.looks = target.looks.min(1);
    }
    if let Some(lease) = &mut target.lease {
        lease.until = lease.until.max(at(-SETTLE));
        lease.since = lease.since.max(at(-setup.memory()));
    }
    if let Some(armed) = &mut target.armed {
        let sure = setup.repeat.sure_after().map_or(SETTLE, seconds);
        armed.last_at = armed.last_at.max(at(-sure.max(SETTLE)));
        let counts = setup.decides_later || matches!(setup.repeat, RepeatSafety::PlatformKey { .. });
        armed.first_at = if counts { armed.first_at.max(at(-setup.memory())) } else { armed.last_at };
    }
    if let Some(gap) = &mut target.gap {
        let sure = setup.repeat.sure_after().map_or(SETTLE, seconds);
        gap.until = gap.until.max(at(-sure.max(SETTLE)));
        // Read only as the first time of what is armed, and that only for keys, which no gap uses.
        gap.since = gap.until;
    }
    if let Some(listed) = &mut target.listed {
        listed.at = NOW;
    }
    for out in &mut target.out {
        out.at = NOW;
    }
    if let Some(failure) = &mut target.last_failure {
        failure.said = PlatformWords::default();
        failure.step.clear();
        if let Worth::Retry { not_before: Some(time) } = &mut failure.worth {
            *time = (*time).max(NOW);
        }
    }
    if target.state == State::Published {
        target.last_failure = None;
    }
}
