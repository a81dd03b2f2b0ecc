//! Time, randomness and spawning, handed to every part from outside so that a whole run can be simulated.
//!
//! Nothing else in the workspace reads the wall clock, draws a random number or spawns a bare task; `clippy.toml` says so.

mod clock;
mod crash;
mod random;

pub use clock::{Clock, SystemClock, VirtualClock};
pub use crash::{CrashPoints, Step};
pub use random::{Random, SeededRandom, SystemRandom};

use std::{future::Future, sync::Arc, time::Duration};

use jiff::Timestamp;
/// The signal that asks everything to drain and stop.
pub use tokio_util::sync::CancellationToken as Stop;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// A moment by which something must be over. It has passed when either of two clocks says so: the wall clock may be set back,
/// and the uptime stands still while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    uptime: Duration,
    clock: Timestamp,
}

/// What a part needs of the world besides its ports. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tasks: TaskTracker,
    stop: CancellationToken,
    crash: CrashPoints,
    /// Set where a harness may kill the process that this runtime stands for.
    kill: Option<CancellationToken>,
}

impl Runtime {
    /// The real clock and the operating system's randomness.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemRandom))
    }

    /// A virtual clock that starts at `start` and a seeded source of randomness.
    ///
    /// Time moves with tokio's paused clock: run it on a current-thread runtime with `start_paused`.
    pub fn simulated(seed: u64, start: Timestamp) -> Self {
        Self::new(Arc::new(VirtualClock::starting_at(start)), Arc::new(SeededRandom::new(seed)))
    }

    /// A runtime of the given clock and randomness.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            clock,
            random,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            crash: CrashPoints::none(),
            kill: None,
        }
    }

    /// The same runtime with crash points armed; tests and drills only.
    pub fn with_crash_points(mut self, crash: CrashPoints) -> Self {
        self.crash = crash;
        self
    }

    /// Passes a named step of the protocol: a test may let the process die here, production passes through.
    pub async fn step(&self, step: Step) {
        self.crash.pass(step).await;
    }

    /// Now, as a wall-clock instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long the clock has been running. For limits: unlike [`Runtime::now`], nobody can set it.
    pub fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    /// A limit that is `span` from now.
    pub fn limit(&self, span: Duration) -> Limit {
        Limit {
            uptime: self.uptime().saturating_add(span),
            clock: self.now().saturating_add(span).unwrap_or(Timestamp::MAX),
        }
    }

    /// What is left until `limit`; nothing once it has passed.
    pub fn left(&self, limit: Limit) -> Duration {
        let by_clock = Duration::try_from(limit.clock.duration_since(self.now())).unwrap_or_default();
        limit.uptime.saturating_sub(self.uptime()).min(by_clock)
    }

    /// The clock itself, for parts that keep it.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Waits for `span`.
    pub async fn sleep(&self, span: Duration) {
        self.clock.sleep(span).await;
    }

    /// Waits until `when`; returns at once if it has passed.
    pub async fn sleep_until(&self, when: Timestamp) {
        let wait = when.duration_since(self.now());
        if let Ok(span) = Duration::try_from(wait) {
            self.sleep(span).await;
        }
    }

    /// `work`, or `None` if it takes longer than `limit`.
    pub async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.sleep(limit) => None,
        }
    }

    /// Spawns a tracked task. [`Runtime::stopped`] waits for it.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        match self.kill.clone() {
            // A task is handed on several times until it is where it stays, and some are large.
            None => self.tasks.spawn(Box::pin(work)),
            Some(kill) => self.tasks.spawn(async move {
                let mut work = Box::pin(work);
                tokio::select! {
                    biased;
                    () = kill.cancelled() => {}
                    done = &mut work => return done,
                }
                drop(work);
                std::future::pending().await
            }),
        }
    }

    /// The signal that asks everything to drain and stop.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// A runtime with the same clock and randomness, whose tasks and stop signal are its own: one process of several.
    pub fn sibling(&self) -> Self {
        Self {
            clock: self.clock.clone(),
            random: self.random.clone(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            crash: CrashPoints::none(),
            kill: None,
        }
    }

    /// The same runtime, mortal: after [`Runtime::kill`] its tasks execute nothing more. For harnesses; spawning costs more.
    pub fn mortal(mut self) -> Self {
        self.kill = Some(CancellationToken::new());
        self
    }

    /// Ends a mortal runtime as a SIGKILL ends a process: every task is dropped where it stands.
    pub fn kill(&self) {
        if let Some(kill) = &self.kill {
            kill.cancel();
        }
    }

    /// Waits until every spawned task has ended. Ask them to end with [`Runtime::stop`] first.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Random bytes: with [`SystemRandom`] good enough for keys and nonces.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// A UUIDv7 of now: ids made later sort later.
    pub fn id(&self) -> Uuid {
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        let bytes: [u8; 10] = self.bytes();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// A number in `0.0..1.0`.
    pub fn chance(&self) -> f64 {
        let bytes = self.bytes::<8>();
        // 53 bits fill a double's mantissa exactly.
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `span` lengthened by up to `share` of itself at random, never shortened.
    pub fn jittered(&self, span: Duration, share: f64) -> Duration {
        span + span.mul_f64(share * self.chance())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> Runtime {
        Runtime::simulated(7, Timestamp::UNIX_EPOCH)
    }

    #[tokio::test(start_paused = true)]
    async fn virtual_time_moves_with_sleep_and_not_otherwise() {
        let world = runtime();
        world.sleep(Duration::from_secs(3600)).await;
        assert_eq!(world.now().as_second(), 3600);
    }

    #[tokio::test(start_paused = true)]
    async fn a_past_instant_is_not_waited_for() {
        let world = runtime();
        world.sleep_until(Timestamp::UNIX_EPOCH).await;
        assert_eq!(world.now(), Timestamp::UNIX_EPOCH);
    }

    #[tokio::test(start_paused = true)]
    async fn same_seed_same_ids_and_later_ids_sort_later() {
        let (one, two) = (runtime(), runtime());
        let first = one.id();
        assert_eq!(first, two.id());
        one.sleep(Duration::from_millis(2)).await;
        assert!(one.id() > first);
    }

    /// A wall clock that a test sets, over an uptime that a test moves.
    #[derive(Default)]
    struct Settable(std::sync::Mutex<(i64, u64)>);

    impl Clock for Settable {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.lock().unwrap().0).unwrap()
        }

        fn uptime(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().1)
        }

        fn sleep(&self, _span: Duration) -> futures::future::BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn a_limit_has_passed_when_either_clock_says_so() {
        let clock = Arc::new(Settable::default());
        let world = Runtime::new(clock.clone(), Arc::new(SeededRandom::new(1)));
        let limit = world.limit(Duration::from_secs(100));
        let left = |wall, uptime| {
            *clock.0.lock().unwrap() = (wall, uptime);
            world.left(limit).as_secs()
        };
        assert_eq!(left(40, 40), 60);
        assert_eq!(left(-5_000, 70), 30, "set back, and yet time goes by");
        assert_eq!(left(-5_000, 100), 0);
        assert_eq!(left(150, 10), 0, "the machine slept: only the wall clock knows");
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_never_shortens() {
        let world = runtime();
        for _ in 0..100 {
            let span = world.jittered(Duration::from_secs(10), 0.2);
            assert!(span >= Duration::from_secs(10) && span <= Duration::from_secs(12));
        }
    }
}
