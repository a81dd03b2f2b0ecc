//! Assignments: who sees to what, whom it is shown to, and when it is over.

use std::time::Duration;

use futures::future::{Either, select};
use ledger::{Assignment, Duty, LedgerError, Within};

use crate::{Console, access::Caller, api};

/// An assignment ends when nothing of it has needed a person for so long: what fails again at once is still with whoever had it.
const KEPT: Duration = Duration::from_secs(3_600);
/// How often that is looked at.
const EVERY: Duration = Duration::from_secs(60);

/// Whether the caller may see an assignment. A tenant sees those of its own; what operators took of causes as a whole is theirs.
pub(crate) fn may_see(caller: &Caller, assignment: &Assignment) -> bool {
    caller.tenant.is_none() || caller.tenant.as_ref() == assignment.duty.tenant()
}

/// An assignment as callers see it.
pub(crate) fn shown(assignment: Assignment) -> api::Assignment {
    let Assignment { duty, to, comment, who, at, idle_since } = assignment;
    let on = duty.subject();
    let Within { tenant, channel, account } = duty.within();
    let mut told = api::Assignment { on, tenant, channel, account: None, to, comment, by: who, at, idle_since };
    if let (Some(tenant), Some(channel), Some(account)) = (&told.tenant, &told.channel, account) {
        told.account = Some(format!("{tenant}/{channel}/{account}"));
        (told.tenant, told.channel) = (None, None);
    }
    told
}

/// The assignments that a caller may see.
#[derive(Default)]
pub(crate) struct Taken(Vec<Assignment>);

impl Taken {
    /// Those of `all` that `caller` may see.
    pub fn of(all: Vec<Assignment>, caller: &Caller) -> Self {
        Self(all.into_iter().filter(|one| may_see(caller, one)).collect())
    }

    /// Who sees to a cause, or to a part of it that has to do with `asked`.
    pub fn of_cause(&self, cause: &str, asked: &Within) -> Vec<api::Assignment> {
        let is_of = |one: &&Assignment| match &one.duty {
            Duty::Cause { group, within } => group == cause && overlap(within, asked),
            Duty::Target { .. } => false,
        };
        self.0.iter().filter(is_of).cloned().map(shown).collect()
    }

    /// Who sees to a target, or to its cause.
    pub fn of_target(&self, target: &api::Target) -> Vec<api::Assignment> {
        let place = Within {
            tenant: Some(target.tenant.clone()),
            channel: Some(target.channel.clone()),
            account: Some(target.account.clone()),
        };
        let is_of = |one: &&Assignment| match &one.duty {
            Duty::Target { id, .. } => *id == target.id,
            Duty::Cause { group, within } => target.group.as_ref() == Some(group) && overlap(within, &place),
        };
        self.0.iter().filter(is_of).cloned().map(shown).collect()
    }
}

/// Whether something may be within both.
fn overlap(one: &Within, other: &Within) -> bool {
    fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_none_or(|(one, other)| one == other)
    }
    fits(one.tenant.as_ref(), other.tenant.as_ref())
        && fits(one.channel.as_ref(), other.channel.as_ref())
        && fits(one.account.as_ref(), other.account.as_ref())
}

impl Console {
    /// The assignments that `caller` may see. They are an addition: when they cannot be read, there are none.
    pub(crate) async fn taken(&self, caller: &Caller) -> Taken {
        match self.assignments.assignments().await {
            Ok(all) => Taken::of(all, caller),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "assignments cannot be read");
                Taken::default()
            }
        }
    }

    /// Ends assignments of which nothing needs a person any more, until the runtime is asked to stop. Every console process does.
    pub async fn tend_assignments(&self) {
        let stop = self.runtime.stop();
        while !stop.is_cancelled() {
            self.end_assignments().await;
            match select(Box::pin(self.runtime.sleep(EVERY)), Box::pin(stop.cancelled())).await {
                Either::Left(_) | Either::Right(_) => {}
            }
        }
    }

    /// Ends those of which nothing has needed a person for long enough.
    pub async fn end_assignments(&self) {
        match self.assignments.end_assignments(KEPT).await {
            Ok(ended) => ended.iter().for_each(over),
            Err(LedgerError::Closed) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "assignments cannot be looked after");
            }
        }
    }
}

fn over(one: &Assignment) {
    tracing::info!(
        assignment.on = one.duty.subject(),
        assignment.to = one.to,
        "an assignment has ended: nothing of it needs a person any more"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(tenant: &str, channel: &str, account: &str) -> Within {
        Within { tenant: tenant.parse().ok(), channel: channel.parse().ok(), account: account.parse().ok() }
    }

    #[test]
    fn parts_overlap_unless_something_tells_them_apart() {
        let all = Within::default();
        let (acme, main) = (within("acme", "", ""), within("acme", "a", "main"));
        assert!(overlap(&all, &main) && overlap(&acme, &main) && overlap(&within("", "a", ""), &acme));
        assert!(!overlap(&within("other", "", ""), &main) && !overlap(&within("acme", "b", ""), &main));
        assert!(!overlap(&within("acme", "a", "side"), &main));
    }
}
