//! Carrying jobs on. Every console process does, and each job is carried on by one of them: whoever holds its lease.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{Command, TargetId};
use futures::future::{Either, join_all, select};
use jiff::Timestamp;
use ledger::{Job, JobState, JobStep, LedgerError, StepAsk, StepDone, StepResult, TargetView};
use vault::AccountName;

use super::{
    Dead, account,
    brake::{Brake, SAMPLE, WINDOW, brake},
    plan::{Judge, Verdict},
    terms::Terms,
};
use crate::{Console, api::JobAction};

/// For how long a job belongs to whoever carries it on, unless they go on with it.
const LEASE: Duration = Duration::from_secs(15);
/// How often a process looks for a job that nobody carries on.
const POLL: Duration = Duration::from_secs(1);
/// How long a job waits before it looks again at how its first targets fare, or for a ledger that is away.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// For how long it is believed how an account is.
const BELIEVED: Duration = Duration::from_secs(10);
/// How many jobs a process carries on at a time.
const LANES: usize = 4;

/// What comes next for a job.
enum Next {
    /// Another step, after this.
    After(Duration),
    /// Nothing: it has ended, or is somebody else's.
    Over,
}

/// What whoever carries a job on remembers of it. A successor begins anew.
struct Carried {
    job: Job,
    action: JobAction,
    terms: Terms,
    /// Since when the first targets are waited for.
    waits_since: Option<Timestamp>,
    accounts: BTreeMap<AccountName, (Timestamp, Option<String>)>,
}

impl Console {
    /// Carries on jobs until the runtime is asked to stop. `holder`: this process's name, for whoever looks at a job.
    pub async fn carry_on_jobs(&self, holder: &str) {
        join_all((0..LANES).map(|_| self.lane(holder))).await;
    }

    async fn lane(&self, holder: &str) {
        while !self.runtime.stop().is_cancelled() {
            match self.jobs.take_job(holder, LEASE).await {
                Ok(Some(job)) => self.carry_on(job).await,
                Ok(None) => self.rest(POLL).await,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no job can be looked for");
                    self.rest(LOOK_AGAIN).await;
                }
            }
        }
    }

    /// Waits, unless it is time to stop.
    async fn rest(&self, span: Duration) {
        let stop = self.runtime.stop();
        match select(Box::pin(self.runtime.sleep(span)), Box::pin(stop.cancelled())).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }

    async fn carry_on(&self, job: Job) {
        let action = serde_json::from_value(job.asked.action.clone().into());
        let terms = serde_json::from_value(job.asked.terms.clone());
        let (Ok(action), Ok(terms)) = (action, terms) else {
            // A newer version may read it. Until the lease's end nobody here takes it again.
            tracing::error!(job.id = %job.asked.id, "a job cannot be read, and is left to a newer version");
            return;
        };
        tracing::info!(job.id = %job.asked.id, job.holders = job.lease, job.done = job.done, "a job is carried on");
        let mut carried = Carried { job, action, terms, waits_since: None, accounts: BTreeMap::new() };
        while !self.runtime.stop().is_cancelled() {
            match self.step(&mut carried).await {
                Ok(Next::After(span)) => self.rest(span).await,
                Ok(Next::Over) => return,
                Err(error) => {
                    let id = carried.job.asked.id;
                    tracing::warn!(error = &error as &dyn std::error::Error, job.id = %id, "a step of a job is tried again");
                    self.rest(LOOK_AGAIN).await;
                }
            }
        }
        let (id, lease) = (carried.job.asked.id, carried.job.lease);
        if let Err(error) = self.jobs.release_job(id, lease).await {
            tracing::warn!(error = &error as &dyn std::error::Error, job.id = %id, "a job goes on when its lease has ended");
        }
    }

    async fn step(&self, carried: &mut Carried) -> Result<Next, LedgerError> {
        let (id, lease) = (carried.job.asked.id, carried.job.lease);
        let (batch, pace) = carried.terms.pace();
        let mut most = u64::from(batch);
        if carried.action == JobAction::Retry && carried.job.total > SAMPLE {
            let outcomes = self.jobs.outcomes(id, WINDOW).await?;
            let now = self.runtime.now();
            let waited =
                carried.waits_since.map(|since| Duration::try_from(now.duration_since(since)).unwrap_or_default());
            match brake(&outcomes, carried.terms.abort_ratio, waited.unwrap_or_default()) {
                Brake::Go(more) => most = most.min(more),
                Brake::Wait => {
                    carried.waits_since.get_or_insert(now);
                    let kept = self.jobs.advance(id, lease, Vec::new(), LEASE).await?;
                    return Ok(kept.map_or(Next::Over, |_| Next::After(LOOK_AGAIN)));
                }
                Brake::Abort(why) => {
                    tracing::warn!(job.id = %id, why, "a job stops itself");
                    self.jobs.end_job(id, Some(lease), JobState::Aborted, Some(why)).await?;
                    return Ok(Next::Over);
                }
            }
        }
        let open = self.jobs.open_targets(id, u32::try_from(most).unwrap_or(u32::MAX)).await?;
        if open.is_empty() {
            self.jobs.end_job(id, Some(lease), JobState::Done, None).await?;
            tracing::info!(job.id = %id, "a job is done");
            return Ok(Next::Over);
        }
        let steps = self.steps(carried, &open).await?;
        let Some(done) = self.jobs.advance(id, lease, steps, LEASE).await? else { return Ok(Next::Over) };
        tell(self, &done);
        // What was held back takes nobody's time.
        let changed = done.iter().filter(|done| done.result == StepResult::Done).count();
        Ok(Next::After(pace * u32::try_from(changed).unwrap_or(u32::MAX) / batch))
    }

    /// What is to be done to each of the next targets, as they are now.
    async fn steps(&self, carried: &mut Carried, open: &[TargetId]) -> Result<Vec<JobStep>, LedgerError> {
        let mut views = Vec::with_capacity(open.len());
        for id in open {
            views.push((*id, self.ledger.target(*id).await?));
        }
        let dead = match carried.action.needs_accounts() {
            true => self.still_dead(carried, &views).await,
            false => Dead::new(),
        };
        let (now, pauses) = futures::try_join!(self.ledger.now(), self.ledger.pauses())?;
        let judge = Judge {
            now,
            policy: self.ledger.policy(),
            pauses: &pauses,
            dead: &dead,
            channels: &self.channels,
            accounts: &*self.accounts,
            of: carried.job.asked.selection.of,
            moved: carried.terms.moved(),
        };
        let mut steps = Vec::with_capacity(open.len());
        for (target, view) in views {
            let what = match view {
                None => StepAsk::HoldBack("there is no such target".into()),
                Some(view) => match judge.judge(&view.target, carried.action) {
                    Verdict::HeldBack(reason) => StepAsk::HoldBack(reason.why),
                    Verdict::Goes | Verdict::Later(_) => self.command(carried, &view).await?,
                },
            };
            steps.push(JobStep { target, what });
        }
        Ok(steps)
    }

    async fn command(&self, carried: &Carried, view: &TargetView) -> Result<StepAsk, LedgerError> {
        let target = &view.target;
        let plain = |command| Ok(StepAsk::Apply { command: Box::new(command), revision: None });
        match carried.action {
            JobAction::Retry => plain(Command::Retry),
            JobAction::Look => plain(Command::LookAgain),
            JobAction::Discard | JobAction::Cancel => plain(Command::Cancel),
            JobAction::Reschedule | JobAction::Shift => {
                let held_back = |why: &str| Ok(StepAsk::HoldBack(why.to_owned()));
                let Some(post) = self.ledger.post(target.post, false).await? else {
                    return held_back("its post is gone");
                };
                let commands = carried.terms.change(target).and_then(|change| self.intake.commands(&post, &change));
                match commands {
                    Ok(commands) => match commands.into_iter().next() {
                        // What goes out with the new time is what its post said at this revision.
                        Some((_, command)) => {
                            Ok(StepAsk::Apply { command: Box::new(command), revision: Some(target.revision) })
                        }
                        None => held_back("there is nothing to change"),
                    },
                    Err(problems) => {
                        held_back(problems.first().map_or("it takes no such time", |problem| &problem.message))
                    }
                }
            }
        }
    }

    /// Which of the targets' accounts cannot publish; asked again every few seconds only.
    async fn still_dead(&self, carried: &mut Carried, views: &[(TargetId, Option<TargetView>)]) -> Dead {
        let now = self.runtime.now();
        let names: BTreeSet<_> =
            views.iter().filter_map(|(_, view)| view.as_ref()).map(|view| account(&view.target)).collect();
        let is_known = |name: &AccountName| {
            carried
                .accounts
                .get(name)
                .is_some_and(|(at, _)| Duration::try_from(now.duration_since(*at)).is_ok_and(|age| age < BELIEVED))
        };
        let asked: BTreeSet<_> = names.iter().filter(|name| !is_known(name)).cloned().collect();
        let mut found = self.dead(asked.clone()).await;
        carried.accounts.extend(asked.into_iter().map(|name| {
            let why = found.remove(&name);
            (name, (now, why))
        }));
        let why = |name: AccountName| {
            let (_, why) = carried.accounts.get(&name)?;
            Some((name, why.clone()?))
        };
        names.into_iter().filter_map(why).collect()
    }
}

/// Tells upstream what became of targets.
fn tell(console: &Console, done: &[StepDone]) {
    for applied in done.iter().filter_map(|done| done.applied.as_ref()) {
        console.pass_on(applied);
    }
}
