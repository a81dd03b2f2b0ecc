//! A platform in memory with a channel for each kind of repeat safety, and faults on cue.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use channels::{About, AccountCard, Call, Channel, Limits, Mark, Objection, Published, Safety, Threads};
use domain::{Code, Draft, Failure, Finding, Fix, Landed, LookUp, PlatformWords, Receipt, RepeatSafety, Scope, Worth};
use jiff::Timestamp;
use runtime::{Runtime, Step};

/// What the platform does with one publish call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Commits, and the answer is lost.
    LoseAnswer,
    /// The request is read and nothing is committed; the answer is lost.
    LoseRequest,
    /// The connection is refused.
    Unreachable,
    /// Refuses the content, with proof.
    Refuse,
    /// The token is revoked.
    Revoked,
    /// The app has reached a limit that a person must have raised.
    AppCap,
    /// Asks to come back in this many seconds.
    RateLimit(u32),
    /// Commits and answers without an id.
    NoId,
    /// Answers after this many seconds.
    Slow(u32),
}

/// Something visible on the platform.
#[derive(Debug, Clone)]
pub struct Visible {
    pub id: String,
    pub account: String,
    pub text: String,
    pub at: Timestamp,
}

/// The platform: the only witness of what is out.
#[derive(Clone)]
pub struct Platform {
    runtime: Runtime,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    posts: Vec<Visible>,
    keys: HashMap<String, (String, Timestamp)>,
    faults: VecDeque<Fault>,
    calls: Vec<(Timestamp, String)>,
    unreachable: bool,
    lag: Duration,
    seed: u64,
    lose_share: f64,
}

impl Platform {
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime, state: Arc::default() }
    }

    /// The same platform as a process with `runtime` sees it: its calls pass that process's crash points.
    pub fn seen_by(&self, runtime: Runtime) -> Self {
        Self { runtime, state: self.state.clone() }
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

    pub fn posts(&self) -> Vec<Visible> {
        self.state().posts.clone()
    }

    /// When publish calls arrived.
    pub fn calls(&self) -> Vec<Timestamp> {
        self.state().calls.iter().map(|(at, _)| *at).collect()
    }

    /// How often each text is visible, for texts that are visible more than once.
    pub fn duplicates(&self) -> Vec<(String, usize)> {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for post in self.posts() {
            *counts.entry(format!("{}/{}", post.account, post.text)).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count > 1).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One publish call. `key` is honoured for an hour if given.
    async fn publish(&self, account: &str, text: &str, key: Option<&str>) -> Result<String, Failure> {
        let now = self.runtime.now();
        let (fault, unreachable) = {
            let mut state = self.state();
            if state.unreachable {
                (None, true)
            } else {
                state.calls.push((now, text.to_owned()));
                let fault = state.faults.pop_front();
                let lost = fault.is_none() && state.lose_share > 0.0 && state.chance() < state.lose_share;
                (if lost { Some(Fault::LoseAnswer) } else { fault }, false)
            }
        };
        if unreachable || fault == Some(Fault::Unreachable) {
            return Err(failure(Code::UNREACHABLE, Landed::No, again(), Scope::Channel));
        }
        if let Some(Fault::Slow(seconds)) = fault {
            self.runtime.sleep(Duration::from_secs(seconds.into())).await;
        }
        match fault {
            Some(Fault::LoseRequest) => return Err(failure(Code::NO_ANSWER, Landed::Unknown, again(), Scope::Channel)),
            Some(Fault::Refuse) => {
                let worth = Worth::AfterFix { fix: Fix::Content };
                return Err(failure(Code::CONTENT_REFUSED, Landed::No, worth, Scope::Post));
            }
            Some(Fault::Revoked) => {
                let worth = Worth::AfterFix { fix: Fix::Reconnect };
                return Err(failure(Code::TOKEN_REVOKED, Landed::No, worth, Scope::Account));
            }
            Some(Fault::AppCap) => {
                let worth = Worth::AfterFix { fix: Fix::Setup };
                return Err(failure(Code::APP_MISCONFIGURED, Landed::No, worth, Scope::App));
            }
            Some(Fault::RateLimit(seconds)) => {
                let told = now + Duration::from_secs(seconds.into());
                let worth = Worth::Retry { not_before: Some(told) };
                return Err(failure(Code::RATE_LIMITED_ACCOUNT, Landed::No, worth, Scope::Account));
            }
            _ => {}
        }
        let id = self.commit(account, text, key);
        self.runtime.step(Step::Sent).await;
        match fault {
            Some(Fault::LoseAnswer) => Err(failure(Code::NO_ANSWER, Landed::Unknown, again(), Scope::Channel)),
            Some(Fault::NoId) => Ok(String::new()),
            _ => {
                self.runtime.step(Step::Answered).await;
                Ok(id)
            }
        }
    }

    fn commit(&self, account: &str, text: &str, key: Option<&str>) -> String {
        let now = self.runtime.now();
        let mut state = self.state();
        if let Some(key) = key
            && let Some((id, since)) = state.keys.get(key)
            && now.duration_since(*since).unsigned_abs() < Duration::from_secs(3600)
        {
            return id.clone();
        }
        let id = format!("p{}", state.posts.len() + 1);
        state.posts.push(Visible { id: id.clone(), account: account.into(), text: text.into(), at: now });
        if let Some(key) = key {
            state.keys.insert(key.into(), (id.clone(), now));
        }
        id
    }

    fn listed(&self, account: &str, since: Timestamp) -> Result<Vec<Visible>, Failure> {
        let now = self.runtime.now();
        let state = self.state();
        if state.unreachable {
            return Err(failure(Code::UNREACHABLE, Landed::No, again(), Scope::Channel));
        }
        let visible = |post: &&Visible| {
            post.account == account && post.at >= since && now.duration_since(post.at).unsigned_abs() >= state.lag
        };
        Ok(state.posts.iter().filter(visible).cloned().collect())
    }
}

impl State {
    fn chance(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn again() -> Worth {
    Worth::Retry { not_before: None }
}

fn failure(code: Code, landed: Landed, worth: Worth, scope: Scope) -> Failure {
    Failure { code, landed, worth, scope, step: "publish".into(), said: PlatformWords::text("fake") }
}

/// A channel on the platform, with one kind of repeat safety.
pub struct TestChannel {
    about: About,
    platform: Platform,
}

pub const KINDS: [&str; 4] = ["key", "handle", "look-up", "nothing"];

impl TestChannel {
    pub fn new(kind: &'static str, platform: Platform) -> Self {
        let seconds = Duration::from_secs;
        let look_up = LookUp { settles_after: seconds(10), sure_after: seconds(300) };
        let repeat = match kind {
            "key" => RepeatSafety::PlatformKey {
                kept_for: seconds(3600),
                settles_after: seconds(5),
                afterwards: Some(look_up),
            },
            "handle" => RepeatSafety::Handle { settles_after: seconds(5) },
            "look-up" => RepeatSafety::LookUp(look_up),
            _ => RepeatSafety::Nothing,
        };
        let about = About {
            name: kind,
            title: kind,
            repeat,
            limits: Limits::NONE,
            threads: Threads::PerPart(10),
            secrets: &[],
            arms: (kind == "key").then_some("publish"),
        };
        Self { about, platform }
    }

    fn uses_key(&self) -> bool {
        matches!(self.about.repeat, RepeatSafety::PlatformKey { .. } | RepeatSafety::Handle { .. })
    }
}

#[async_trait]
impl Channel for TestChannel {
    fn about(&self) -> &About {
        &self.about
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        match account.setting("offers") {
            Some("nothing") => Safety { repeat: RepeatSafety::Nothing, arms: None },
            _ => Safety { repeat: self.about.repeat, arms: self.about.arms },
        }
    }

    fn check(&self, _draft: &Draft) -> Vec<Objection> {
        Vec::new()
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        let parts = call.draft.parts();
        let account = call.account.id.to_string();
        if self.about.name == "handle" && call.handle("record").is_none() {
            call.keep("record", &call.key(0)).await?;
        }
        for (part, content) in (0..).zip(&parts).skip(call.next_part().into()) {
            call.publish_point("publish", part).await?;
            let key = call.key(part);
            let id = self.platform.publish(&account, &content.text, self.uses_key().then_some(&key)).await?;
            call.out(part, Receipt { id, url: None }).await?;
        }
        Ok(Published::Out)
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        if self.about.repeat == RepeatSafety::Nothing {
            return Ok(Finding::CannotTell("the platform cannot be asked".into()));
        }
        let text = mark.draft.parts()[usize::from(mark.part)].text.clone();
        let since = mark.since - Duration::from_secs(60);
        let candidates: Vec<_> = self
            .platform
            .listed(mark.account.id.as_str(), since)?
            .into_iter()
            .filter(|post| post.text == text)
            .map(|post| post.id)
            .collect();
        let taken = mark.record.taken(&candidates).await?;
        let own = candidates.into_iter().find(|id| !taken.contains(id));
        Ok(own.map_or(Finding::Absent, |id| Finding::Found(Receipt { id, url: None })))
    }
}
