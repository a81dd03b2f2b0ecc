//! Assignments, in memory.

use std::{cmp::Reverse, time::Duration};

use async_trait::async_trait;

use super::{MemoryLedger, Tables};
use crate::{Assigned, Assignment, Assignments, Duty, LedgerError, record::group, world::before};

impl Tables {
    /// Whether anything of it is on the operators' list.
    fn is_listed(&self, duty: &Duty) -> bool {
        let mut listed = self.targets.values().map(|row| &row.target).filter(|target| target.listed.is_some());
        match duty {
            Duty::Target { id, .. } => listed.any(|target| target.id == *id),
            Duty::Cause { group: cause, within } => {
                listed.any(|target| within.holds(target) && group(target).as_ref() == Some(cause))
            }
        }
    }
}

#[async_trait]
impl Assignments for MemoryLedger {
    async fn assign(&self, assignment: Assignment, instead_of: Option<&str>) -> Result<Assigned, LedgerError> {
        let mut tables = self.reach()?;
        match tables.assignments.iter_mut().find(|one| one.duty == assignment.duty) {
            Some(one) if one.to != assignment.to && Some(one.to.as_str()) != instead_of => {
                Ok(Assigned::Had(one.clone()))
            }
            Some(one) => {
                let comment = assignment.comment.or_else(|| one.comment.take());
                *one = Assignment { comment, ..assignment };
                Ok(Assigned::Done(one.clone()))
            }
            None => {
                tables.assignments.push(assignment.clone());
                Ok(Assigned::Done(assignment))
            }
        }
    }

    async fn assignments(&self) -> Result<Vec<Assignment>, LedgerError> {
        let mut all = self.reach()?.assignments.clone();
        all.sort_by_key(|one| Reverse(one.at));
        Ok(all)
    }

    async fn release(&self, duty: &Duty) -> Result<Option<Assignment>, LedgerError> {
        let mut tables = self.reach()?;
        let at = tables.assignments.iter().position(|one| one.duty == *duty);
        Ok(at.map(|at| tables.assignments.remove(at)))
    }

    async fn end_assignments(&self, idle: Duration) -> Result<Vec<Assignment>, LedgerError> {
        let now = self.clock.now();
        let mut tables = self.reach()?;
        let looked_at: Vec<_> = std::mem::take(&mut tables.assignments);
        let looked_at = looked_at.into_iter().map(|one| {
            let idle_since = if tables.is_listed(&one.duty) { None } else { one.idle_since.or(Some(now)) };
            Assignment { idle_since, ..one }
        });
        let is_over = |one: &Assignment| one.idle_since.is_some_and(|since| since <= before(now, idle));
        let (ended, kept) = looked_at.partition(is_over);
        tables.assignments = kept;
        Ok(ended)
    }
}
