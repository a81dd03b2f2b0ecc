//! A guard to check, and the clock it lives by.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use oncepost_guard::{Guard, MemoryGuard, RedisGuard, RedisOptions};
use runtime::Runtime;

pub struct World {
    pub guard: Arc<dyn Guard>,
    pub runtime: Runtime,
}

impl World {
    /// Memory, on a virtual clock.
    pub fn memory() -> Self {
        let runtime = Runtime::simulated(1, "2026-03-01T12:00:00Z".parse().unwrap());
        Self { guard: Arc::new(MemoryGuard::new(runtime.clone())), runtime }
    }

    /// Redis, under a prefix of its own.
    pub fn redis() -> Self {
        let url = std::env::var("ONCEPOST_TEST_REDIS").expect(
            "ONCEPOST_TEST_REDIS is not set (e.g. redis://127.0.0.1:16379): run `make test`, which starts a Redis and sets it",
        );
        let runtime = Runtime::system();
        let mut options = RedisOptions::new(url, format!("test-{}", uuid::Uuid::new_v4().simple()));
        // A busy machine is not what is checked here.
        options.answer_within = Duration::from_secs(10);
        Self { guard: Arc::new(RedisGuard::open(options, runtime.clone()).unwrap()), runtime }
    }

    pub fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    /// Lets `millis` pass: really for Redis, at once for the virtual clock.
    pub async fn pass(&self, millis: u64) {
        self.runtime.sleep(Duration::from_millis(millis)).await;
    }
}

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
