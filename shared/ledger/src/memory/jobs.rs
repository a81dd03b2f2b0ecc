//! Jobs, in memory.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Answer, Target, TargetId};
use jiff::Timestamp;
use uuid::Uuid;

use super::{MemoryLedger, Tables, page_of};
use crate::{
    Job, JobFilter, JobState, JobStep, JobStore, JobTarget, LedgerError, NewJob, Outcomes, Page, Selection, StepAsk,
    StepDone, StepResult,
    jobs::Frozen,
    world::{after, before},
};

/// A job with its targets, and what each of those was.
#[derive(Clone)]
pub(super) struct Row {
    job: Job,
    targets: Vec<(JobTarget, Frozen)>,
}

impl Tables {
    fn selected(&self, selection: &Selection) -> Vec<&Target> {
        let mut found: Vec<_> =
            self.targets.values().map(|row| &row.target).filter(|target| selection.holds(target)).collect();
        found.sort_unstable_by_key(|target| Selection::place(target));
        found
    }

    fn running(&mut self, job: Uuid, lease: Option<u32>) -> Option<&mut Row> {
        let row = self.jobs.get_mut(&job)?;
        let is_own = lease.is_none_or(|lease| lease == row.job.lease);
        (is_own && row.job.state == JobState::Running).then_some(row)
    }
}

impl MemoryLedger {
    fn step(&self, tables: &mut Tables, was: Frozen, step: JobStep) -> Result<Option<StepDone>, LedgerError> {
        let id = step.target;
        let held_back = |why| StepDone { target: id, result: StepResult::HeldBack, why: Some(why), applied: None };
        let target = &tables.targets.get(&id).ok_or(LedgerError::NoSuchTarget(id))?.target;
        if let Some(why) = was.overtaken(target) {
            return Ok(Some(held_back(why)));
        }
        let (command, revision) = match step.what {
            StepAsk::HoldBack(why) => return Ok(Some(held_back(why))),
            StepAsk::Apply { command, revision } => (command, revision),
        };
        if revision.is_some_and(|revision| revision != target.revision) {
            return Ok(None);
        }
        let applied = self.run(tables, id, &command)?;
        Ok(Some(match applied.answer {
            Answer::Refused(refusal) => held_back(refusal.reason().into()),
            _ => StepDone { target: id, result: StepResult::Done, why: None, applied: Some(applied) },
        }))
    }
}

#[async_trait]
impl JobStore for MemoryLedger {
    async fn selected(
        &self,
        selection: &Selection,
        after: Option<(Timestamp, TargetId)>,
        limit: u32,
    ) -> Result<Vec<Target>, LedgerError> {
        let tables = self.reach()?;
        let follows = |target: &&&Target| after.is_none_or(|after| Selection::place(target) > after);
        Ok(tables.selected(selection).iter().filter(follows).take(limit as usize).copied().cloned().collect())
    }

    async fn begin_job(&self, job: NewJob, most: u32) -> Result<Job, LedgerError> {
        let mut tables = self.reach()?;
        if let Some(known) = tables.jobs.get(&job.id) {
            return Ok(known.job.clone());
        }
        let mut found = tables.selected(&job.selection);
        let order = &job.selection.targets;
        found.sort_by_key(|target| order.iter().position(|id| *id == target.id));
        let target = |(place, target): (usize, &Target)| {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let open = JobTarget { place, target: target.id, result: None, why: None, at: None, now: None };
            (open, Frozen::of(target))
        };
        let targets: Vec<_> = found.into_iter().take(most as usize).enumerate().map(target).collect();
        let begun = Job {
            at: self.clock.now(),
            ended_at: None,
            state: JobState::Running,
            total: targets.len() as u64,
            done: 0,
            held_back: 0,
            lease: 0,
            holder: None,
            lease_until: None,
            why: None,
            asked: job,
        };
        tables.jobs.insert(begun.asked.id, Row { job: begun.clone(), targets });
        Ok(begun)
    }

    async fn take_job(&self, holder: &str, lease: Duration) -> Result<Option<Job>, LedgerError> {
        let mut tables = self.reach()?;
        let now = self.clock.now();
        let is_free = |job: &Job| job.state == JobState::Running && job.lease_until.is_none_or(|until| until <= now);
        let Some(row) = tables.jobs.values_mut().find(|row| is_free(&row.job)) else { return Ok(None) };
        row.job.holder = Some(holder.to_owned());
        row.job.lease += 1;
        row.job.lease_until = Some(after(now, lease));
        Ok(Some(row.job.clone()))
    }

    async fn open_targets(&self, job: Uuid, limit: u32) -> Result<Vec<TargetId>, LedgerError> {
        let tables = self.reach()?;
        let targets = tables.jobs.get(&job).map_or(&[][..], |row| &row.targets);
        let open = targets.iter().filter(|(target, _)| target.result.is_none());
        Ok(open.take(limit as usize).map(|(target, _)| target.target).collect())
    }

    async fn advance(
        &self,
        job: Uuid,
        lease: u32,
        steps: Vec<JobStep>,
        keep: Duration,
    ) -> Result<Option<Vec<StepDone>>, LedgerError> {
        let mut tables = self.reach_whole()?;
        let now = self.clock.now();
        let Some(row) = tables.running(job, Some(lease)) else { return Ok(None) };
        row.job.lease_until = Some(after(now, keep));
        let mut taken = Vec::new();
        for step in steps {
            let place = |row: &Row| {
                row.targets.iter().position(|(target, _)| target.target == step.target && target.result.is_none())
            };
            let open = tables.jobs.get(&job).and_then(|row| place(row).map(|at| (at, row.targets[at].1)));
            let Some((at, was)) = open else { continue };
            let Some(done) = self.step(&mut tables, was, step)? else { continue };
            if let Some(row) = tables.jobs.get_mut(&job) {
                let target = &mut row.targets[at].0;
                (target.result, target.why, target.at) = (Some(done.result), done.why.clone(), Some(now));
                match done.result {
                    StepResult::Done => row.job.done += 1,
                    StepResult::HeldBack => row.job.held_back += 1,
                }
            }
            taken.push(done);
        }
        drop(tables);
        self.news.notify_waiters();
        Ok(Some(taken))
    }

    async fn release_job(&self, job: Uuid, lease: u32) -> Result<(), LedgerError> {
        if let Some(row) = self.reach()?.running(job, Some(lease)) {
            row.job.lease_until = None;
        }
        Ok(())
    }

    async fn end_job(
        &self,
        job: Uuid,
        lease: Option<u32>,
        state: JobState,
        why: Option<String>,
    ) -> Result<Option<Job>, LedgerError> {
        let mut tables = self.reach()?;
        let now = self.clock.now();
        if let Some(row) = tables.running(job, lease) {
            (row.job.state, row.job.ended_at, row.job.why, row.job.lease_until) = (state, Some(now), why, None);
        }
        Ok(tables.jobs.get(&job).map(|row| row.job.clone()))
    }

    async fn job(&self, job: Uuid) -> Result<Option<Job>, LedgerError> {
        Ok(self.reach()?.jobs.get(&job).map(|row| row.job.clone()))
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Page<Job>, LedgerError> {
        let tables = self.reach()?;
        let is_about = |row: &Row, id: TargetId| row.targets.iter().any(|(target, _)| target.target == id);
        let fits = |row: &&Row| {
            (filter.tenant.is_none() || row.job.asked.tenant == filter.tenant)
                && filter.target.is_none_or(|target| is_about(row, target))
        };
        let fitting = tables.jobs.values().rev().filter(fits).map(|row| row.job.clone()).collect();
        Ok(page_of(fitting, filter.limit, filter.after.as_ref(), |job: &Job| job.asked.id.to_string()))
    }

    async fn job_targets(
        &self,
        job: Uuid,
        result: Option<StepResult>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<JobTarget>, LedgerError> {
        let tables = self.reach()?;
        let targets = tables.jobs.get(&job).map_or(&[][..], |row| &row.targets);
        let fits = |target: &&JobTarget| {
            after.is_none_or(|after| target.place > after) && (result.is_none() || target.result == result)
        };
        let now = |id| tables.targets.get(id).map(|row| (row.target.state, row.target.listed.is_some()));
        let fitting = targets.iter().map(|(target, _)| target).filter(fits).take(limit as usize);
        Ok(fitting.map(|target| JobTarget { now: now(&target.target), ..target.clone() }).collect())
    }

    async fn outcomes(&self, job: Uuid, newest: u32) -> Result<Outcomes, LedgerError> {
        let tables = self.reach()?;
        let targets = tables.jobs.get(&job).map_or(&[][..], |row| &row.targets);
        let done = targets.iter().rev().filter(|(target, _)| target.result == Some(StepResult::Done));
        let mut outcomes = Outcomes::default();
        for target in done.take(newest as usize).filter_map(|(target, _)| tables.targets.get(&target.target)) {
            outcomes.count(target.target.state, target.target.listed.is_some(), 1);
        }
        Ok(outcomes)
    }

    async fn forget_jobs(&self, older_than: Duration, most: u32) -> Result<u64, LedgerError> {
        let until = before(self.clock.now(), older_than);
        let mut tables = self.reach()?;
        let is_over = |row: &&Row| row.job.ended_at.is_some_and(|end| end <= until);
        let over: Vec<_> =
            tables.jobs.values().filter(is_over).take(most as usize).map(|row| row.job.asked.id).collect();
        over.iter().for_each(|id| drop(tables.jobs.remove(id)));
        Ok(over.len() as u64)
    }
}
