//! Named steps of the delivery protocol at which a test can let a worker die.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

/// The steps of the protocol between which a process may die (ARCHITECTURE.md, "A worker killed after sending").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The attempt is in the ledger, nothing has been sent.
    Claimed,
    /// A handle has been stored.
    HandleStored,
    /// A publish point is recorded as about to be called.
    Armed,
    /// The platform has been called; the answer has not been read.
    Sent,
    /// The platform's answer has been read.
    Answered,
    /// The outcome hint is in the guard.
    HintWritten,
    /// The outcome is committed to the ledger.
    Recorded,
    /// The next message (retry tier, dead letter, event) is confirmed by the broker; the old one is not yet acknowledged.
    NextConfirmed,
}

impl Step {
    /// Every step, in the protocol's order.
    pub const ALL: [Step; 8] = [
        Step::Claimed,
        Step::HandleStored,
        Step::Armed,
        Step::Sent,
        Step::Answered,
        Step::HintWritten,
        Step::Recorded,
        Step::NextConfirmed,
    ];

    /// The step's name as a setting spells it.
    pub fn name(self) -> &'static str {
        match self {
            Step::Claimed => "claimed",
            Step::HandleStored => "handle_stored",
            Step::Armed => "armed",
            Step::Sent => "sent",
            Step::Answered => "answered",
            Step::HintWritten => "hint_written",
            Step::Recorded => "recorded",
            Step::NextConfirmed => "next_confirmed",
        }
    }
}

/// Which step, if any, kills the process.
#[derive(Clone, Default)]
pub struct CrashPoints(Option<Arc<Armed>>);

struct Armed {
    at: Step,
    hit: AtomicBool,
    died: CancellationToken,
    abort: bool,
}

impl CrashPoints {
    /// No step kills: production.
    pub fn none() -> Self {
        Self(None)
    }

    /// The first task to reach `at` stops there for ever, and `died` is cancelled so that the harness can drop the rest.
    pub fn freeze_at(at: Step, died: CancellationToken) -> Self {
        Self(Some(Arc::new(Armed { at, hit: AtomicBool::new(false), died, abort: false })))
    }

    /// The first task to reach `at` aborts the whole process, as a SIGKILL would.
    pub fn abort_at(at: Step) -> Self {
        Self(Some(Arc::new(Armed { at, hit: AtomicBool::new(false), died: CancellationToken::new(), abort: true })))
    }

    pub(crate) async fn pass(&self, step: Step) {
        let Some(armed) = &self.0 else { return };
        if armed.at != step {
            // A process that has died executes nothing more.
            if armed.hit.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            return;
        }
        armed.hit.store(true, Ordering::SeqCst);
        if armed.abort {
            std::process::abort();
        }
        armed.died.cancel();
        std::future::pending::<()>().await;
    }
}
