//! A platform in memory, with faults on cue or by chance. The only witness of what is out.

mod fault;
mod mood;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{Failure, Receipt, TargetId};
use jiff::Timestamp;
use runtime::{Runtime, Step};
use tokio::sync::oneshot;

pub use fault::Fault;
pub(crate) use fault::{given_up, no_answer, rejected, unreachable};
pub use mood::Mood;

use crate::{net::Link, trace::Trace};

/// Something visible on the platform.
#[derive(Debug, Clone)]
pub struct Visible {
    /// The platform's id.
    pub id: String,
    /// The account's full name.
    pub account: String,
    /// What it says.
    pub text: String,
    /// When it was committed.
    pub at: Timestamp,
    /// From when on it is listed.
    pub listed_at: Timestamp,
    /// Whose call made it. Known to the witness alone: no answer tells it.
    pub of: (TargetId, u16),
}

/// A publish call as it arrives.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The channel's name.
    pub channel: &'static str,
    /// The account's full name.
    pub account: String,
    /// What it is to say.
    pub text: String,
    /// The idempotency key, where the channel has one.
    pub key: Option<String>,
    /// Whether a key is remembered for ever: a client-chosen id.
    pub lasting: bool,
    /// Whose call it is.
    pub of: (TargetId, u16),
}

/// What became of a post that the platform still decides about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// Nobody has heard of it.
    Unknown,
    /// Not decided yet.
    Undecided,
    /// It is out.
    Out(String),
    /// It was refused.
    Rejected,
    /// The platform gave up on it; it may be sent again.
    GivenUp,
}

/// How a platform that takes its time decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// It comes out.
    Out,
    /// It is refused.
    Refused,
    /// The platform's own parts fail.
    GivenUp,
}

impl Ruling {
    fn said(self) -> &'static str {
        match self {
            Self::Out => "yes",
            Self::Refused => "no",
            Self::GivenUp => "gives up",
        }
    }
}

/// A post that the platform decides about.
struct Pending {
    decided_at: Timestamp,
    ruling: Ruling,
    of: TargetId,
}

/// A handle on the platform, as one process sees it. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The caller's: its calls pass this process's crash points.
    runtime: Runtime,
    /// The platform's own: what has arrived is done, whoever dies meanwhile.
    server: Runtime,
    link: Option<Link>,
    trace: Trace,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    posts: Vec<Visible>,
    /// Where the posts of each target are in `posts`.
    made: HashMap<TargetId, Vec<usize>>,
    keys: HashMap<String, (String, Timestamp)>,
    jobs: HashMap<String, Pending>,
    faults: VecDeque<Fault>,
    calls: Vec<(Timestamp, String)>,
    in_flight: BTreeMap<TargetId, usize>,
    unreachable: bool,
    lag: Duration,
    seed: u64,
    lose_share: f64,
    moods: BTreeMap<&'static str, Mood>,
}

impl Platform {
    /// A platform that shows nothing yet and behaves well.
    pub fn new(runtime: Runtime) -> Self {
        Self::traced(runtime, Trace::default())
    }

    /// The same, telling a trace what it does.
    pub fn traced(runtime: Runtime, trace: Trace) -> Self {
        Self { server: runtime.clone(), runtime, link: None, trace, state: Arc::default() }
    }

    /// The same platform as a process with `runtime` sees it: its calls pass that process's crash points.
    pub fn seen_by(&self, runtime: Runtime) -> Self {
        Self { runtime, ..self.clone() }
    }

    /// The same platform at the end of a link that may fail.
    pub fn over(&self, link: Link) -> Self {
        Self { link: Some(link), ..self.clone() }
    }

    /// The next publish calls meet these, one each.
    pub fn faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// Nobody reaches the platform, or everybody does again.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.state().unreachable = unreachable;
    }

    /// New posts are listed only after this long.
    pub fn set_lag(&self, lag: Duration) {
        self.state().lag = lag;
    }

    /// This share of all answers is lost after the commit.
    pub fn lose_answers(&self, share: f64) {
        self.state().lose_share = share;
    }

    /// How the servers of `channel` behave.
    pub fn set_mood(&self, channel: &'static str, mood: Mood) {
        self.state().moods.insert(channel, mood);
    }

    /// Everything visible, oldest first.
    pub fn posts(&self) -> Vec<Visible> {
        self.state().posts.clone()
    }

    /// When publish calls arrived.
    pub fn calls(&self) -> Vec<Timestamp> {
        self.state().calls.iter().map(|(at, _)| *at).collect()
    }

    /// How often each text is visible, for texts that are visible more than once.
    pub fn duplicates(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for post in self.posts() {
            *counts.entry(format!("{}/{}", post.account, post.text)).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count > 1).collect()
    }

    /// Shows part and id of everything that calls for `target` have made visible.
    pub(crate) fn shown_of(&self, target: TargetId, mut see: impl FnMut(u16, &str)) {
        let state = self.state();
        for at in state.made.get(&target).into_iter().flatten() {
            see(state.posts[*at].of.1, &state.posts[*at].id);
        }
    }

    /// What is visible under this id.
    pub(crate) fn shown(&self, id: &str) -> Option<Visible> {
        let number: usize = id.strip_prefix('p')?.parse().ok()?;
        self.state().posts.get(number.checked_sub(1)?).cloned()
    }

    /// Whether a publish call for `target` is on its way, or a verdict on it is still to come.
    pub fn is_in_flight(&self, target: TargetId) -> bool {
        let now = self.server.now();
        let state = self.state();
        state.in_flight.contains_key(&target)
            || state.jobs.values().any(|job| job.of == target && job.ruling == Ruling::Out && job.decided_at > now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One publish call.
    pub(crate) async fn publish(&self, ask: Ask) -> Result<String, Failure> {
        self.call(ask, Self::commit).await
    }

    /// One call that hands a post over for the platform to decide on. Answers with the job's id.
    pub(crate) async fn submit(&self, ask: Ask) -> Result<String, Failure> {
        self.call(ask, Self::take_in).await
    }

    async fn call(&self, ask: Ask, done: fn(&Self, &Ask) -> String) -> Result<String, Failure> {
        let flight = Flight::of(self.state.clone(), ask.of.0);
        if let Some(link) = &self.link
            && !link.there().await
        {
            self.trace.line(link.process(), Some(ask.of.0), || "calls the platform and does not get through".into());
            return Err(unreachable());
        }
        let (fault, late) = self.arrive(&ask);
        self.trace.line("platform", Some(ask.of.0), || {
            let what = fault.map_or("takes it", Fault::name);
            format!("is called to publish part {} on {} and {what}", ask.of.1, ask.account)
        });
        if let Some(refusal) = fault.and_then(|fault| fault.refusal(self.server.now())) {
            drop(flight);
            self.come_back().await?;
            return Err(refusal);
        }
        let id = match late {
            None => done(self, &ask),
            Some(after) => {
                let (told, answer) = oneshot::channel();
                let (server, ask) = (self.clone(), ask.clone());
                self.server.spawn(async move {
                    server.server.sleep(after).await;
                    let id = done(&server, &ask);
                    drop(flight);
                    let _ = told.send(id); // Nobody may be waiting any more.
                });
                answer.await.map_err(|_| no_answer())?
            }
        };
        self.runtime.step(Step::Sent).await;
        self.come_back().await?;
        let answer = Fault::answer(fault, id);
        if answer.as_ref().is_ok_and(|id| !id.is_empty()) {
            self.runtime.step(Step::Answered).await;
        }
        answer
    }

    /// The answer's way back; lost, it leaves the caller in doubt.
    async fn come_back(&self) -> Result<(), Failure> {
        match &self.link {
            Some(link) if !link.back().await => Err(no_answer()),
            _ => Ok(()),
        }
    }

    /// A call has arrived: what it meets, and how long it takes, if at all.
    fn arrive(&self, ask: &Ask) -> (Option<Fault>, Option<Duration>) {
        let now = self.server.now();
        let mut state = self.state();
        if state.unreachable {
            return (Some(Fault::Unreachable), None);
        }
        state.calls.push((now, ask.text.clone()));
        let cued = state.faults.pop_front();
        let lost = cued.is_none() && state.lose_share > 0.0 && state.chance() < state.lose_share;
        let fault = if lost { Some(Fault::LoseAnswer) } else { cued };
        let fault = fault.or_else(|| state.moods.get(ask.channel).and_then(|mood| mood.fault(now)));
        let late = match fault {
            Some(Fault::Slow(seconds)) => Some(Duration::from_secs(seconds.into())),
            _ => None,
        };
        (fault, late)
    }

    fn commit(&self, ask: &Ask) -> String {
        let now = self.server.now();
        let mut state = self.state();
        let mood = state.moods.get(ask.channel);
        let remembers = mood.map_or(Duration::from_secs(3600), |mood| mood.remembers);
        let lag = mood.map_or(state.lag, Mood::lag);
        if let Some(key) = &ask.key
            && let Some((id, since)) = state.keys.get(key)
            && (ask.lasting || now.duration_since(*since).unsigned_abs() < remembers)
        {
            let id = id.clone();
            drop(state);
            self.trace.line("platform", Some(ask.of.0), || format!("knows the key: part {} is {id}", ask.of.1));
            return id;
        }
        let at = state.posts.len();
        let id = format!("p{}", at + 1);
        state.made.entry(ask.of.0).or_default().push(at);
        let (account, text) = (ask.account.clone(), ask.text.clone());
        state.posts.push(Visible { id: id.clone(), account, text, at: now, listed_at: now + lag, of: ask.of });
        if let Some(key) = &ask.key {
            state.keys.insert(key.clone(), (id.clone(), now));
        }
        drop(state);
        self.trace.line("platform", Some(ask.of.0), || format!("shows part {} as {id}", ask.of.1));
        id
    }

    fn take_in(&self, ask: &Ask) -> String {
        let now = self.server.now();
        let key = ask.key.clone().unwrap_or_default();
        let mut state = self.state();
        let ended = |job: &Pending| job.ruling != Ruling::Out && job.decided_at <= now;
        if state.jobs.get(&key).is_none_or(ended) {
            let usual = (Duration::from_secs(5), Ruling::Out);
            let (took, ruling) = state.moods.get(ask.channel).map_or(usual, |mood| mood.decision(now));
            state.jobs.insert(key.clone(), Pending { decided_at: now + took, ruling, of: ask.of.0 });
            drop(state);
            if ruling == Ruling::Out {
                // It comes out when the platform says so, whether anybody asks or not.
                let (server, ask) = (self.clone(), ask.clone());
                self.server.spawn(async move {
                    server.server.sleep(took).await;
                    server.commit(&ask);
                });
            }
            self.trace
                .line("platform", Some(ask.of.0), || format!("will decide in {} s: {}", took.as_secs(), ruling.said()));
        }
        key
    }

    /// What became of the job with this key.
    pub(crate) async fn ask_job(&self, key: &str) -> Result<Job, Failure> {
        self.look(|state, now| match state.jobs.get(key) {
            None => Job::Unknown,
            Some(job) if now < job.decided_at => Job::Undecided,
            Some(job) => match job.ruling {
                Ruling::Refused => Job::Rejected,
                Ruling::GivenUp => Job::GivenUp,
                Ruling::Out => state.keys.get(key).map_or(Job::Undecided, |(id, _)| Job::Out(id.clone())),
            },
        })
        .await
    }

    /// What is known under a client-chosen id.
    pub(crate) async fn by_key(&self, key: &str) -> Result<Option<Receipt>, Failure> {
        self.look(|state, _| state.keys.get(key).map(|(id, _)| Receipt { id: id.clone(), url: None })).await
    }

    /// The ids of an account's posts since `since` that say `text`, oldest first, as far as they are listed by now.
    pub(crate) async fn listed(&self, account: &str, text: &str, since: Timestamp) -> Result<Vec<String>, Failure> {
        let fits = |post: &&Visible, now: Timestamp| {
            post.account == account && post.text == text && post.at >= since && post.listed_at <= now
        };
        self.look(|state, now| state.posts.iter().filter(|post| fits(post, now)).map(|post| post.id.clone()).collect())
            .await
    }

    /// An account's posts since `since`, as far as they are listed by now.
    pub(crate) async fn all_listed(&self, account: &str, since: Timestamp) -> Result<Vec<Visible>, Failure> {
        let fits =
            |post: &&Visible, now: Timestamp| post.account == account && post.at >= since && post.listed_at <= now;
        self.look(|state, now| state.posts.iter().filter(|post| fits(post, now)).cloned().collect()).await
    }

    async fn look<T>(&self, ask: impl FnOnce(&State, Timestamp) -> T) -> Result<T, Failure> {
        if let Some(link) = &self.link
            && !link.there().await
        {
            return Err(unreachable());
        }
        let seen = {
            let state = self.state();
            if state.unreachable {
                return Err(unreachable());
            }
            ask(&state, self.server.now())
        };
        self.come_back().await?;
        Ok(seen)
    }
}

impl State {
    fn chance(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Counts a call as on its way until it is dropped.
struct Flight {
    state: Arc<Mutex<State>>,
    target: TargetId,
}

impl Flight {
    fn of(state: Arc<Mutex<State>>, target: TargetId) -> Self {
        *state.lock().unwrap_or_else(PoisonError::into_inner).in_flight.entry(target).or_default() += 1;
        Self { state, target }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = state.in_flight.get_mut(&self.target) {
            *count -= 1;
            if *count == 0 {
                state.in_flight.remove(&self.target);
            }
        }
    }
}
