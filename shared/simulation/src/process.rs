//! Starting, stopping and killing the real services.

use std::{sync::Arc, time::Duration};

use broker::Transport;
use channels::{Accounts, Registry};
use domain::{InvalidName, WorkerName};
use intake::{Intake, Options as IntakeOptions};
use ledger::Ledger;
use runtime::{Runtime, Stop};
use scheduler::{Scheduler, SchedulerOptions};
use worker::{Ports, Worker, WorkerOptions};

/// A process that can be stopped in order or die.
pub struct Process {
    runtime: Runtime,
    died: Stop,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Process {
    /// A worker for these channels. `died` is cancelled when one of its crash points is hit.
    ///
    /// # Errors
    /// `name` cannot be a worker's name.
    pub fn worker(
        name: &str,
        runtime: Runtime,
        ports: Ports,
        channels: &[&str],
        died: Stop,
    ) -> Result<Self, InvalidName> {
        let options = WorkerOptions {
            name: WorkerName::new(name)?,
            channels: channels.iter().map(|channel| (*channel).to_owned()).collect(),
            prefetch: 200,
            lock_ttl: Duration::from_secs(180),
            hint_ttl: Duration::from_secs(3600),
            drain_limit: Duration::from_secs(300),
        };
        let worker = Worker::new(runtime.clone(), ports, options);
        let work = async move { worker.run().await.map_err(|error| error.to_string()) };
        Ok(Self::running(runtime, died, work))
    }

    /// A scheduler.
    pub fn scheduler(
        runtime: Runtime,
        ledger: Arc<dyn Ledger>,
        transport: Arc<dyn Transport>,
        registry: Arc<Registry>,
        accounts: Arc<dyn Accounts>,
        options: SchedulerOptions,
    ) -> Self {
        let intake = Intake::new(ledger.clone(), registry, accounts.clone(), runtime.clone(), IntakeOptions::default());
        let scheduler = Scheduler::new(runtime.clone(), ledger, transport, accounts, Arc::new(intake), options);
        let work = async move { scheduler.run().await.map_err(|error| error.to_string()) };
        Self::running(runtime, Stop::new(), work)
    }

    /// Whatever else runs until its runtime is asked to stop.
    pub fn other(runtime: Runtime, work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::running(runtime, Stop::new(), async move {
            work.await;
            Ok(())
        })
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the process itself; its runtime's own tasks are what a drain waits for"
    )]
    fn running(runtime: Runtime, died: Stop, work: impl Future<Output = Result<(), String>> + Send + 'static) -> Self {
        let task = tokio::spawn(async move {
            if let Err(error) = work.await {
                panic!("a process ended: {error}");
            }
        });
        Self { runtime, died, tasks: vec![task] }
    }

    /// Ends it in order and waits for the drain.
    ///
    /// # Panics
    /// If the process has panicked.
    pub async fn stop(self) {
        self.runtime.stop().cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                assert!(error.is_cancelled(), "a process ends without a panic");
            }
        }
        self.runtime.stopped().await;
    }

    /// Waits until its crash point was hit.
    pub async fn death(&self) {
        self.died.cancelled().await;
    }

    /// Kills it: nothing it holds is given back by itself.
    pub fn kill(self) {
        self.runtime.kill();
        for task in &self.tasks {
            task.abort();
        }
    }
}
