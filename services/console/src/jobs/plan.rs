//! Which targets go, and which are held back and why. The same for a plan and for each step of a job, so that a plan says what happens.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use channels::{Accounts, Registry};
use domain::{Answer, Command, Context, Pause, Policy, Refusal, Target, TargetId, apply};
use jiff::Timestamp;
use ledger::{Of, Selection, Within};

use super::{
    Dead, account,
    moved::Move,
    reason::{Reason, elsewhere, refused, unasked},
    refusing::refusing,
};
use crate::{
    Console, Problem,
    access::Caller,
    api::{JobAction, JobPlan, Remark},
    look::{self, NoLook, When},
    standing::instant,
};

/// How many targets are read at a time. What waits, or has expired, has no index in the order of its times: larger pages look through it less often.
fn page(of: Of) -> u32 {
    if matches!(of, Of::Waiting | Of::Expired) { 20_000 } else { 1_000 }
}
/// The most targets of a job.
pub(crate) const MOST: u32 = 100_000;
/// How many targets are named for each reason.
const EXAMPLES: usize = 3;

/// What is looked at besides a target.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    /// The ledger's time.
    pub now: Timestamp,
    /// The protocol's numbers.
    pub policy: &'a Policy,
    /// The pauses in force.
    pub pauses: &'a [Pause],
    /// The accounts that cannot publish.
    pub dead: &'a Dead,
    /// What each platform offers.
    pub channels: &'a Registry,
    /// Which accounts there are.
    pub accounts: &'a dyn Accounts,
    /// Among which targets they were selected.
    pub of: Of,
    /// Where they are moved to, if they are.
    pub moved: Option<Move>,
}

/// What becomes of a target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes.
    Goes,
    /// It goes, though not yet.
    Later(Reason),
    /// It stays as it is.
    HeldBack(Reason),
}

impl Judge<'_> {
    /// What becomes of `target`.
    pub fn judge(&self, target: &Target, action: JobAction) -> Verdict {
        let of = match action {
            // Of what is on its way there is nothing to try again, or to give up as failed.
            JobAction::Retry | JobAction::Discard | JobAction::Look => Of::List,
            JobAction::Reschedule | JobAction::Shift | JobAction::Cancel => self.of,
        };
        if !of.admits(target) {
            return Verdict::HeldBack(elsewhere(target, of));
        }
        let command = match action {
            JobAction::Look => return self.looked_for(target),
            JobAction::Retry => Command::Retry,
            JobAction::Discard | JobAction::Cancel => Command::Cancel,
            JobAction::Reschedule | JobAction::Shift => {
                Command::Reschedule { due_at: self.now, deadline: None, hash: target.hash }
            }
        };
        let context = Context { now: self.now, policy: self.policy, pauses: self.pauses, owner: None };
        if let Answer::Refused(refusal) = apply(&mut target.clone(), &command, &context).answer() {
            return Verdict::HeldBack(match refusal {
                Refusal::InDoubt => self.in_doubt(target),
                refusal => refused(refusal),
            });
        }
        match action {
            JobAction::Retry => self.retried(target),
            JobAction::Discard | JobAction::Cancel | JobAction::Look => Verdict::Goes,
            JobAction::Reschedule | JobAction::Shift => {
                let objection = self.moved.and_then(|moved| moved.objection(target, self.now));
                objection.map_or(Verdict::Goes, Verdict::HeldBack)
            }
        }
    }

    /// What a look at a target rests on.
    pub fn looks(&self) -> look::Around<'_> {
        let Self { now, policy, pauses, channels, accounts, .. } = *self;
        look::Around { channels, accounts, policy, pauses, now }
    }

    /// The same look that one target can have. Where it could send what nobody can tell of, it is left to whoever asks about that one.
    fn looked_for(&self, target: &Target) -> Verdict {
        let look = match self.looks().at(target) {
            Ok(look) => look,
            Err(none) => return Verdict::HeldBack(unasked(&none, target)),
        };
        if let Some(why) = self.dead(target, "nothing can be asked through it", "look at these again") {
            return Verdict::HeldBack(why);
        }
        let title = look.title;
        if look.resends {
            return Verdict::HeldBack(Reason {
                name: "resends",
                why: format!("their account has what {title} cannot tell sent again (`on_doubt`), and they may be out"),
                remedy: "`oncepost look TARGET` asks about one, and does so.".into(),
            });
        }
        match look.when {
            When::Now => Verdict::Goes,
            When::At(_) => Verdict::Later(Reason {
                name: "settling",
                why: format!("{title} may not be done with the call yet"),
                remedy: "Nothing: it is asked as soon as it is.".into(),
            }),
            When::After(scope) => Verdict::Later(Reason {
                name: "paused",
                why: format!("{scope} is paused"),
                remedy: format!("{title} is asked when the pause ends: `oncepost resume {scope}`."),
            }),
        }
    }

    /// Why what may be out is not tried again, and who can tell.
    fn in_doubt(&self, target: &Target) -> Reason {
        let person = "`oncepost resolve TARGET --published URL`, or `--send-again --attempt N`.";
        let remedy = match self.looks().at(target) {
            Ok(look) => format!(
                "`oncepost look`, of the same ones, has {} asked about each. What that does not tell: look at the account there, then {person}",
                look.title
            ),
            Err(NoLook::OnlyAPerson(title)) => {
                format!("{title} cannot be asked: look at each account there, then {person}")
            }
            Err(_) => format!("Look at each account on the platform, then {person}"),
        };
        Reason { remedy, ..refused(Refusal::InDoubt) }
    }

    /// Why nothing can be had through the target's account, if that is so.
    fn dead(&self, target: &Target, what: &str, then: &str) -> Option<Reason> {
        let name = account(target);
        self.dead.get(&name).map(|why| Reason {
            name: "credentials",
            why: format!("account {name} {why}: {what}"),
            remedy: format!("`oncepost accounts {name}` tells what to mend; then {then}."),
        })
    }

    fn retried(&self, target: &Target) -> Verdict {
        if let Some(why) = self.dead(target, "it would only fail again", "retry these") {
            return Verdict::HeldBack(why);
        }
        let pauses = || self.pauses.iter().filter(|pause| pause.scope.covers(target));
        if let Some(pause) = pauses().find(|pause| pause.code.is_some()) {
            return Verdict::HeldBack(Reason {
                name: "paused",
                why: format!("{} is paused for what failed: {}", pause.scope, pause.reason.trim_end_matches('.')),
                remedy: pause.remedy(),
            });
        }
        match (target.limited_until(self.now), pauses().next()) {
            (Some(ends), _) if target.is_stale(ends) => Verdict::HeldBack(Reason {
                name: "rate_limited",
                why: "the platform's rate limit ends after their deadlines".into(),
                remedy: "Reschedule them with a later deadline.".into(),
            }),
            (Some(ends), _) => Verdict::Later(Reason {
                name: "rate_limited",
                why: format!("the platform's rate limit holds until {}", instant(ends)),
                remedy: "Nothing: they go when it ends.".into(),
            }),
            (None, Some(pause)) => Verdict::Later(Reason {
                name: "paused",
                why: format!("{} is paused: {}", pause.scope, pause.reason.trim_end_matches('.')),
                remedy: format!("They go when the pause ends: `oncepost resume {}`.", pause.scope),
            }),
            (None, None) => Verdict::Goes,
        }
    }
}

/// Counts verdicts.
#[derive(Default)]
pub(crate) struct Tally {
    targets: u64,
    later: BTreeMap<Reason, (u64, Vec<TargetId>)>,
    reasons: BTreeMap<Reason, (u64, Vec<TargetId>)>,
}

impl Tally {
    /// Counts what becomes of one target.
    pub fn count(&mut self, target: TargetId, verdict: Verdict) {
        self.targets += 1;
        let (of, reason) = match verdict {
            Verdict::Goes => return,
            Verdict::Later(reason) => (&mut self.later, reason),
            Verdict::HeldBack(reason) => (&mut self.reasons, reason),
        };
        let (many, examples) = of.entry(reason).or_default();
        *many += 1;
        if examples.len() < EXAMPLES {
            examples.push(target);
        }
    }

    /// The plan that comes of it.
    pub fn plan(self, action: JobAction, at: Timestamp) -> JobPlan {
        let told = |of: BTreeMap<Reason, (u64, Vec<TargetId>)>| {
            let remark = |(Reason { name, why, remedy }, (targets, examples))| Remark {
                reason: name.into(),
                why,
                remedy,
                targets,
                examples,
            };
            let mut remarks: Vec<_> = of.into_iter().map(remark).collect();
            remarks.sort_by_key(|remark| Reverse(remark.targets));
            remarks
        };
        let held_back = self.reasons.values().map(|(many, _)| many).sum();
        JobPlan {
            action,
            at,
            targets: self.targets,
            going: self.targets - held_back,
            asking: Vec::new(),
            later: told(self.later),
            refusing: Vec::new(),
            held_back,
            reasons: told(self.reasons),
        }
    }
}

/// Works out what a job would do.
///
/// # Errors
/// The ledger is away.
pub(crate) async fn plan(
    console: &Console,
    caller: &Caller,
    selection: &Selection,
    action: JobAction,
    moved: Option<Move>,
) -> Result<JobPlan, Problem> {
    // What would be refused is not promised: of a ledger that has lost its history nothing is accepted.
    console.ledger.ping().await?;
    let (now, pauses) = futures::try_join!(console.ledger.now(), console.ledger.pauses())?;
    let of = selection.of;
    let (policy, nobody) = (console.ledger.policy(), Dead::new());
    let (channels, accounts) = (&*console.channels, &*console.accounts);
    let frame = Judge { now, policy, pauses: &pauses, dead: &nobody, channels, accounts, of, moved };
    let mut dead = Dead::new();
    let mut asked = BTreeSet::new();
    let mut tally = Tally::default();
    let (mut going, mut asking) = (BTreeSet::new(), BTreeSet::new());
    let mut found = BTreeSet::new();
    let mut after = None;
    while tally.targets < u64::from(MOST) {
        let page = console.jobs.selected(selection, after, page(of)).await?;
        let Some(last) = page.last() else { break };
        after = Some(Selection::place(last));
        if action.needs_accounts() {
            let new: BTreeSet<_> = page.iter().map(account).filter(|name| asked.insert(name.clone())).collect();
            dead.extend(console.dead(new).await);
        }
        let judge = Judge { dead: &dead, ..frame };
        for target in &page {
            let verdict = judge.judge(target, action);
            match (action, &verdict) {
                (_, Verdict::HeldBack(_)) => {}
                (JobAction::Retry, _) => going.extend([target.channel.clone()]),
                (JobAction::Look, _) => asking.extend(judge.looks().at(target).map(|look| look.told())),
                _ => {}
            }
            tally.count(target.id, verdict);
            if !selection.targets.is_empty() {
                found.insert(target.id);
            }
        }
    }
    let judge = Judge { dead: &dead, ..frame };
    for id in selection.targets.iter().filter(|id| found.insert(**id)) {
        // What is another tenant's does not exist for the caller.
        let view = console.ledger.target(*id).await?.filter(|view| caller.owns(&view.target.tenant));
        let verdict = match view {
            Some(view) if !selection.of.admits(&view.target) => judge.judge(&view.target, action),
            Some(_) => Verdict::HeldBack(Reason {
                name: "not_selected",
                why: "named, and left out by the rest of the selection".into(),
                remedy: "Name them without group, channel, account, app, tenant, state or times.".into(),
            }),
            None => Verdict::HeldBack(Reason {
                name: "not_found",
                why: "no such target".into(),
                remedy: "`oncepost failures` and `oncepost posts` list those that there are.".into(),
            }),
        };
        tally.count(*id, verdict);
    }
    let plan = JobPlan { asking: asking.into_iter().collect(), ..tally.plan(action, now) };
    if going.is_empty() {
        return Ok(plan);
    }
    let within = Within { tenant: caller.tenant.clone(), ..Within::default() };
    let causes = &console.causes;
    let (retried, listed, out) = futures::try_join!(
        causes.postponed(&within, now),
        causes.spread(&within),
        causes.out_last(caller.tenant.as_ref())
    )?;
    let newest = listed.causes.iter().filter_map(|cause| cause.newest.as_ref());
    let failed: Vec<_> = retried.targets.iter().chain(newest).collect();
    Ok(JobPlan { refusing: refusing(&going, &failed, &out), ..plan })
}
