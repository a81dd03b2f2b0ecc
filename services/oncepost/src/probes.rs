//! The probe port: it answers from a process's first moment to its last, while it waits for a store and while it drains as well.

use std::net::SocketAddr;

use runtime::{Runtime, Stop};
use telemetry::{Health, health_router};
use tokio::task::JoinHandle;

use crate::{failure::Failure, http};

/// The open probe port of a process.
pub struct Probes {
    ended: Stop,
    task: JoinHandle<()>,
}

impl Probes {
    /// Begins to answer at `address`, which is the setting `health.listen`, what `health` tells.
    ///
    /// # Errors
    /// The address cannot be used.
    pub async fn open(address: SocketAddr, health: Health) -> Result<Self, Failure> {
        let listener = http::listen(address, "health.listen").await?;
        // A runtime of its own: no drain waits for who asks how the drain goes.
        let (runtime, ended) = (Runtime::system(), Stop::new());
        let serving = http::serve(listener, health_router(health), runtime.clone(), ended.clone());
        Ok(Self { task: runtime.spawn(serving), ended })
    }

    /// Answers what has been asked, and no more.
    pub async fn close(self) {
        self.ended.cancel();
        if self.task.await.is_err() {
            tracing::warn!("the probe port had closed before the process ended");
        }
    }
}
