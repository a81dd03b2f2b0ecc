//! Assignments: who sees to what of the operators' list. A port beside the ledger, in the same database. It changes nothing about
//! delivery.

use std::time::Duration;

use async_trait::async_trait;
use domain::{TargetId, TenantId};
use jiff::Timestamp;

use crate::{LedgerError, Within};

/// What somebody may see to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// A cause, or the part of it that is within bounds.
    Cause {
        /// Its key: code, scope and platform code.
        group: String,
        /// The part.
        within: Within,
    },
    /// One target.
    Target {
        /// Which.
        id: TargetId,
        /// Whose it is.
        tenant: TenantId,
    },
}

impl Duty {
    /// What it is on, as `cause:OP-2102/account/-` or `target:0192…`. The part of a cause is told beside it.
    pub fn subject(&self) -> String {
        match self {
            Self::Cause { group, .. } => format!("cause:{group}"),
            Self::Target { id, .. } => format!("target:{id}"),
        }
    }

    /// Whose it is, if all of it is one tenant's.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Cause { within, .. } => within.tenant.as_ref(),
            Self::Target { tenant, .. } => Some(tenant),
        }
    }

    /// The part of a cause that it is.
    pub fn within(&self) -> Within {
        match self {
            Self::Cause { within, .. } => within.clone(),
            Self::Target { tenant, .. } => Within { tenant: Some(tenant.clone()), ..Within::default() },
        }
    }
}

/// Somebody sees to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// To what.
    pub duty: Duty,
    /// Who does.
    pub to: String,
    /// What they, or whoever gave it to them, said of it.
    pub comment: Option<String>,
    /// Who gave it to them.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Since when nothing of it is on the operators' list, as far as that was looked at.
    pub idle_since: Option<Timestamp>,
}

/// What came of assigning something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// It is assigned so.
    Done(Assignment),
    /// Somebody else has it, and keeps it.
    Had(Assignment),
}

/// Where assignments are kept. Each duty has one at most.
#[async_trait]
pub trait Assignments: Send + Sync {
    /// Assigns, unless somebody else has the duty than `instead_of`, or than whom it is assigned to. Whoever has it already may be given
    /// another comment; where none is given, what was said before stays.
    async fn assign(&self, assignment: Assignment, instead_of: Option<&str>) -> Result<Assigned, LedgerError>;

    /// All of them, newest first.
    async fn assignments(&self) -> Result<Vec<Assignment>, LedgerError>;

    /// Ends the assignment of a duty; the assignment, if there was one.
    async fn release(&self, duty: &Duty) -> Result<Option<Assignment>, LedgerError>;

    /// Looks whether anything of each is still on the operators' list, and ends those of which nothing has been for `idle`; those.
    async fn end_assignments(&self, idle: Duration) -> Result<Vec<Assignment>, LedgerError>;
}
