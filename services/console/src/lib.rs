//! The console: the HTTP API for upstream services and operators, and the screens, which are a client of it.
//!
//! It decides nothing about delivery. Posts enter through [`intake`]; changes are commands that the ledger takes or refuses as
//! one compare-and-set; nothing here publishes or sends on behalf of a worker. Of a platform only an account's credentials are asked
//! after, when a caller wants that.

#![allow(clippy::result_large_err, reason = "a problem is moved once, into its response")]

mod access;
mod account;
pub mod api;
mod assignments;
mod audited;
mod dead;
mod doubt;
mod exposure;
mod extract;
mod jobs;
mod kick;
mod look;
mod mended;
mod notes;
mod nul;
mod openapi;
mod options;
mod page;
mod problem;
mod proof;
mod reach;
mod retrying;
mod routes;
mod scope;
mod scorecard;
mod screens;
mod session;
mod show;
mod standing;
mod system;
mod traced;
mod trouble;

use std::{ops::Deref, sync::Arc};

use audit::Audit;
use broker::Transport;
use channels::{Accounts, Registry};
use forecast::Forecast;
use intake::Intake;
use ledger::{
    Applied, Assignments, AuditLog, Causes, Deliveries, History, Incidents, JobStore, Ledger, NoteBook, Outside,
    PartSeen, Processes,
};
use letters::{Letters, Tender, Touch};
use outbox::Outbox;
use runtime::Runtime;
use vault::Vault;

pub use access::{SignOn, Token};
pub use exposure::{Exposed, check_exposure};
pub use openapi::openapi;
pub use options::ConsoleOptions;
pub use problem::Problem;

/// What the API works with. Cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    parts: Parts,
    gate: access::Gate,
    reach: reach::Reach,
    letters: Letters,
    touch: Touch,
}

/// The ports behind the API.
pub struct Parts {
    /// Time and ids.
    pub runtime: Runtime,
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// The record of who changed what.
    pub audit_log: Arc<dyn AuditLog>,
    /// What came of what was due.
    pub history: Arc<dyn History>,
    /// The operators' list as a whole.
    pub causes: Arc<dyn Causes>,
    /// What is done to many targets at once.
    pub jobs: Arc<dyn JobStore>,
    /// What people want to be remembered.
    pub notes: Arc<dyn NoteBook>,
    /// Who sees to what.
    pub assignments: Arc<dyn Assignments>,
    /// Events on their way to hooks.
    pub deliveries: Arc<dyn Deliveries>,
    /// Where processes say that they live.
    pub processes: Arc<dyn Processes>,
    /// How this process found what it stands on, at its last beat.
    pub found: Arc<dyn Fn() -> Vec<PartSeen> + Send + Sync>,
    /// For queue depths, and for handing over a target that an operator kicks.
    pub transport: Arc<dyn Transport>,
    /// The way in for posts.
    pub intake: Arc<Intake>,
    /// The accounts, without their secrets.
    pub accounts: Arc<dyn Accounts>,
    /// Their credentials: taken in, renewed, asked after; never given out.
    pub vault: Vault,
    /// The channels.
    pub channels: Arc<Registry>,
    /// What looks ahead.
    pub forecast: Forecast,
    /// What looks outside.
    pub audit: Audit,
    /// What accounts have out.
    pub outside: Arc<dyn Outside>,
    /// What was found there.
    pub incidents: Arc<dyn Incidents>,
    /// The way out for events.
    pub outbox: Outbox,
    /// Who may call, and how much at once.
    pub options: ConsoleOptions,
}

impl Console {
    /// A console over the given ports.
    pub fn new(parts: Parts) -> Self {
        let gate = access::Gate::new(parts.options.rate, parts.options.anonymous_rate);
        let channels = parts.channels.names().into_iter().filter_map(|name| name.parse().ok()).collect();
        let (runtime, ledger, transport) = (parts.runtime.clone(), parts.ledger.clone(), parts.transport.clone());
        let letters = Letters::new(runtime, ledger, transport, channels);
        let touch = Tender::new(letters.clone()).on_touch();
        let reach = reach::Reach::default();
        Self(Arc::new(Inner { parts, gate, reach, letters, touch }))
    }

    /// How often callers may call.
    pub(crate) fn gate(&self) -> &access::Gate {
        &self.0.gate
    }

    /// Whether the ledger answers.
    pub(crate) fn reach(&self) -> &reach::Reach {
        &self.0.reach
    }

    /// The API, everything of it under `/v1`, and the screens before it.
    pub fn router(&self) -> axum::Router {
        screens::router(self.clone(), routes::router(self.clone()))
    }

    /// The dead letters on the broker.
    pub(crate) fn letters(&self) -> &Letters {
        &self.0.letters
    }

    /// Passes on what came of a command: its events, and that the target's dead letter may be over.
    pub(crate) fn pass_on(&self, applied: &Applied) {
        self.outbox.pass_on(applied);
        if applied.target.attempt > 0 && applied.target.listed.is_none() {
            self.0.touch.touch(&applied.target.channel);
        }
    }
}

impl Deref for Console {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}
