//! The console: the HTTP API for upstream services and operators, and the screens, which are a client of it.
//!
//! It decides nothing about delivery. Posts enter through [`intake`]; changes are commands that the ledger takes or refuses as
//! one compare-and-set; nothing here publishes or sends on behalf of a worker. Of a platform only an account's credentials are asked
//! after, when a caller wants that.

#![allow(clippy::result_large_err, reason = "a problem is moved once, into its response")]

mod access;
mod account;
pub mod api;
mod audit;
mod doubt;
mod exposure;
mod extract;
mod kick;
mod options;
mod page;
mod problem;
mod routes;
mod scope;
mod scorecard;
mod screens;
mod session;
mod show;
mod standing;
mod trouble;

use std::sync::Arc;

use broker::Transport;
use channels::{Accounts, Registry};
use forecast::Forecast;
use intake::Intake;
use ledger::{AuditLog, Deliveries, History, Ledger};
use outbox::Outbox;
use runtime::Runtime;
use vault::Vault;

pub use access::Token;
pub use exposure::{Exposed, check_exposure};
pub use options::ConsoleOptions;
pub use problem::Problem;

/// What the API works with. Cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Parts>);

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
    /// Events on their way to hooks.
    pub deliveries: Arc<dyn Deliveries>,
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
    /// The way out for events.
    pub outbox: Outbox,
    /// Who may call, and how much at once.
    pub options: ConsoleOptions,
}

impl Console {
    /// A console over the given ports.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The API, everything of it under `/v1`, and the screens before it.
    pub fn router(&self) -> axum::Router {
        screens::router(self.clone(), routes::router(self.clone()))
    }
}

impl std::ops::Deref for Console {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
