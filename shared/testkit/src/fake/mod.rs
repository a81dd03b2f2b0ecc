//! What all fake platforms share: a loopback server, a script of misbehaviour, and the truth about what was published.
//!
//! A platform is a [`Platform`]: it answers one call at a time and knows nothing of failures. [`Fake`] puts it on a port, lets the
//! [`Cue`]s act on its calls, and keeps every [`Call`] and [`Post`].

mod answer;
mod ask;
mod control;
mod cue;
mod fetch;
mod form;
mod limiter;
mod oauth;
mod perform;
mod serve;
mod socket;
mod stage;
mod tokens;
mod truth;

pub use answer::Answer;
pub use ask::Ask;
pub use cue::{Cue, End};
pub use form::{Form, Part, Upload, parts};
pub use limiter::{Limiter, Standing};
pub use oauth::Consent;
pub use socket::Spoken;
pub use stage::{Call, Stage};
pub use truth::{Draft, Post};

pub(crate) use fetch::{Found, fetch};
pub(crate) use oauth::{Agreed, Codes, Refusal, Rules, Shown, refused};
pub(crate) use tokens::{State, Tokens};

use std::{
    future::Future,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};
use serve::Door;

/// How a platform behaves when nothing goes wrong.
pub trait Platform: Default + Send + Sync + 'static {
    /// Its name in events.
    const NAME: &'static str;
    /// What can be set about it, from tests and over the control interface.
    type Knobs: Serialize + DeserializeOwned + Clone + Default + Send;
    /// Calls may come as messages over a WebSocket.
    const SOCKETS: bool = false;

    /// Where the knobs are kept.
    fn knobs(&self) -> &Mutex<Self::Knobs>;
    /// Does this call make something visible? Cues that name neither method nor path act on these calls only.
    fn publishes(&self, ask: &Ask) -> bool;
    /// The name of the account that calls.
    fn account(&self, ask: &Ask) -> Option<String>;
    /// Answers a call; what it publishes goes to `stage`.
    fn answer(&self, ask: Ask, stage: &Stage) -> impl Future<Output = Answer> + Send;
    /// The part of a call's path that is a credential. It is never written down.
    fn secret<'a>(&self, _ask: &'a Ask) -> Option<&'a str> {
        None
    }
    /// How the platform says "too many requests".
    fn limited(&self, ask: &Ask, seconds: u64) -> Answer;
    /// From now on the account's token is past its time.
    fn expire(&self, account: &str);
    /// The account's first token works again, and may do what it could at first.
    fn restore(&self, account: &str);

    /// What it says first over a new connection.
    fn greets(&self, _connection: u64) -> Vec<String> {
        Vec::new()
    }

    /// How it says an answer over a connection.
    fn speaks(&self, _ask: &Ask, answer: &Answer) -> Spoken {
        Spoken::lines(answer)
    }
}

/// A platform on a loopback port, and its [`Stage`]: script, calls, posts. Stops when dropped.
pub struct Fake<P: Platform> {
    inner: Arc<Inner<P>>,
}

pub(crate) struct Inner<P> {
    platform: P,
    stage: Stage,
    door: Door,
}

impl<P: Platform> Fake<P> {
    /// Starts on a free port.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub async fn start() -> Self {
        Self::on_port(0).await.expect("a free port on loopback")
    }

    /// Starts on `port`, or on a free one if it is 0.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn on_port(port: u16) -> std::io::Result<Self> {
        let door = Door::reserve(port)?;
        let inner = Arc::new(Inner { platform: P::default(), stage: Stage::default(), door });
        perform::open(&inner)?;
        Ok(Self { inner })
    }

    /// Its address without a slash at the end, such as `http://127.0.0.1:34567`.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.door.address())
    }

    /// Changes how the platform behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut P::Knobs)) {
        change(&mut lock(self.inner.platform.knobs()));
    }

    /// What this platform alone can do.
    pub fn platform(&self) -> &P {
        &self.inner.platform
    }

    /// Makes the address unreachable: open connections are cut, new ones refused, until [`Fake::come_back`]. Nobody else can get the
    /// port meanwhile. Calls that were being worked on are worked on to their end.
    pub async fn go_dark(&self) {
        self.inner.door.shut().await;
    }

    /// Ends what [`Fake::go_dark`] began.
    ///
    /// # Errors
    /// If the port cannot be listened on.
    pub fn come_back(&self) -> std::io::Result<()> {
        perform::open(&self.inner)
    }
}

impl<P: Platform> Deref for Fake<P> {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.inner.stage
    }
}

impl<P: Platform> Drop for Fake<P> {
    fn drop(&mut self) {
        self.inner.door.slam();
    }
}

/// The lock, even after a panic elsewhere: a test that failed must not make others fail in riddles.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
