//! Whether a request could be accepted: all of it that needs no ledger, no platform and no network.

use std::sync::Arc;

use channels::{Accounts, Registry};
use contract::{Path, Problem, Reading};
use domain::{Code, TenantId};
use runtime::Runtime;

use crate::{
    Options, Preview,
    check::{World, check},
    plan::{Plan, Refusal, plan},
};

/// A request, and what the door it came by knows of its sender.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// The body, as it came.
    pub body: &'a [u8],
    /// The only tenant that the caller may act for, if it is bound to one.
    pub tenant: Option<TenantId>,
    /// The trace that it goes on in: the span of its door, or the one that it came in. Without one, the body's own.
    pub trace: Option<String>,
}

impl<'a> Request<'a> {
    /// A request from a sender that may act for every tenant.
    pub fn new(body: &'a [u8]) -> Self {
        Self { body, ..Self::default() }
    }
}

/// Finds everything that is wrong with a request. Cheap to clone.
#[derive(Clone)]
pub struct Checker {
    pub(crate) registry: Arc<Registry>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) runtime: Runtime,
    pub(crate) options: Options,
}

impl Checker {
    /// Checks against what `registry` and `accounts` know.
    pub fn new(registry: Arc<Registry>, accounts: Arc<dyn Accounts>, runtime: Runtime, options: Options) -> Self {
        Self { registry, accounts, runtime, options }
    }

    /// What would go out, and what may be a mistake.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn validate(&self, request: &Request<'_>) -> Result<Preview, Vec<Problem>> {
        self.look_at(request).map(|plan| plan.preview()).map_err(|refusal| refusal.problems)
    }

    pub(crate) fn look_at(&self, request: &Request<'_>) -> Result<Plan, Refusal> {
        let (size, most) = (request.body.len(), self.options.max_body);
        if size > most {
            let message = format!("has {size} bytes; at most {most} are taken");
            return Err(Refusal::of(vec![Problem::new(Path::Root, Code::TOO_LARGE, message)]));
        }
        let reading = Reading::of(request.body);
        let now = self.runtime.now();
        let world = World { registry: &self.registry, accounts: self.accounts.as_ref(), options: &self.options, now };
        let checked = check(&reading, request.tenant.as_ref(), &world);
        let deadline = self.options.default_deadline;
        plan(reading, checked, request.trace.clone(), now, deadline, &self.runtime).map_err(|refusal| {
            let foreign = request.tenant.is_some() && request.tenant != refusal.tenant;
            // Even "there is such a key" is not the caller's to know.
            Refusal { probe: refusal.probe.filter(|_| !foreign), ..refusal }
        })
    }
}
