//! Which targets go, and which are held back and why. The same for a plan and for each step of a job, so that a plan says what happens.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use domain::{Answer, Command, Context, Pause, Policy, Refusal, State, Target, TargetId, apply};
use jiff::Timestamp;
use ledger::{Of, Selection, Within};

use super::{Dead, account, moved::Move, refusing::refusing};
use crate::{
    Console, Problem,
    access::Caller,
    api::{JobAction, JobPlan, Remark},
    problem::refusal_name,
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
    /// Among which targets they were selected.
    pub of: Of,
    /// Where they are moved to, if they are.
    pub moved: Option<Move>,
}

/// Why a target does not go, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reason {
    /// In one word.
    pub name: &'static str,
    /// In a sentence's part.
    pub why: String,
    /// What to do.
    pub remedy: String,
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
            JobAction::Retry | JobAction::Discard => Of::List,
            JobAction::Reschedule | JobAction::Shift | JobAction::Cancel => self.of,
        };
        if !of.admits(target) {
            return Verdict::HeldBack(elsewhere(target, of));
        }
        let command = match action {
            JobAction::Retry => Command::Retry,
            JobAction::Discard | JobAction::Cancel => Command::Cancel,
            JobAction::Reschedule | JobAction::Shift => {
                Command::Reschedule { due_at: self.now, deadline: None, hash: target.hash }
            }
        };
        let context = Context { now: self.now, policy: self.policy, pauses: self.pauses, owner: None };
        if let Answer::Refused(refusal) = apply(&mut target.clone(), &command, &context).answer() {
            return Verdict::HeldBack(refused(refusal));
        }
        match action {
            JobAction::Retry => self.retried(target),
            JobAction::Discard | JobAction::Cancel => Verdict::Goes,
            JobAction::Reschedule | JobAction::Shift => {
                let objection = self.moved.and_then(|moved| moved.objection(target, self.now));
                objection.map_or(Verdict::Goes, Verdict::HeldBack)
            }
        }
    }

    fn retried(&self, target: &Target) -> Verdict {
        let name = account(target);
        if let Some(why) = self.dead.get(&name) {
            return Verdict::HeldBack(Reason {
                name: "credentials",
                why: format!("account {name} {why}: it would only fail again"),
                remedy: format!("`oncepost accounts {name}` tells what to mend; then retry these."),
            });
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

fn refused(refusal: Refusal) -> Reason {
    let (why, remedy) = match refusal {
        Refusal::AlreadyPublished => ("published already", "Nothing: they are out."),
        Refusal::BeingPublished => ("a worker is at it, or the platform still decides", "Wait for how it ends."),
        Refusal::InDoubt | Refusal::Overtaken | Refusal::Taken { .. } => (
            "in doubt: they may be out",
            "Look at each account on the platform, then `oncepost resolve TARGET --published URL`, or `--send-again --attempt N`.",
        ),
        Refusal::Unproven => (
            "perhaps out: the ledger was restored",
            "Wait until they were looked for: when they are due, or when `oncepost retry TARGET` is asked for.",
        ),
        Refusal::PartlyOut => ("a part is out already", "`oncepost retry TARGET` sends what is missing."),
        Refusal::Cancelled => ("cancelled", "Nothing: they were given up."),
        Refusal::Expired => (
            "past their deadline",
            "If they should still go out: `oncepost reschedule`, of the same ones, to a new time with a new deadline.",
        ),
        Refusal::NotApplicable => {
            ("there is nothing to do in their present state", "`oncepost status TARGET` tells more.")
        }
    };
    Reason { name: refusal_name(refusal), why: why.into(), remedy: remedy.into() }
}

/// Only what is where it was selected is touched.
fn elsewhere(target: &Target, of: Of) -> Reason {
    match target.state {
        _ if target.listed.is_some() => Reason {
            name: "listed",
            why: "on the operators' list, and not waiting".into(),
            remedy: "Select these of the list.".into(),
        },
        State::Published => refused(Refusal::AlreadyPublished),
        State::Cancelled => refused(Refusal::Cancelled),
        State::Expired => Reason {
            remedy: "If they should still go out: `oncepost reschedule --expired`, or `--target ID` for each, with `--to TIME` and a new \
                     `--deadline TIME`."
                .into(),
            ..refused(Refusal::Expired)
        },
        _ if of == Of::Expired => Reason {
            name: "not_expired",
            why: format!("their deadline has not passed: {}", target.state.words()),
            remedy: "Select these of what waits, or of the list.".into(),
        },
        State::InDoubt => Reason {
            name: "in_doubt",
            why: "in doubt, and still being settled without you".into(),
            remedy: "Nothing: the platform is asked; if it cannot tell, they come to the list.".into(),
        },
        State::Publishing | State::Processing if of != Of::List => refused(Refusal::BeingPublished),
        state => Reason {
            name: "not_listed",
            why: format!("not on the operators' list: {}", state.words()),
            remedy: "Nothing: they are on their way. `oncepost status TARGET` tells more.".into(),
        },
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
    let (now, pauses) = futures::try_join!(console.ledger.now(), console.ledger.pauses())?;
    let of = selection.of;
    let (policy, nobody) = (console.ledger.policy(), Dead::new());
    let frame = Judge { now, policy, pauses: &pauses, dead: &nobody, of, moved };
    let mut dead = Dead::new();
    let mut asked = BTreeSet::new();
    let mut tally = Tally::default();
    let mut going = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut after = None;
    while tally.targets < u64::from(MOST) {
        let page = console.jobs.selected(selection, after, page(of)).await?;
        let Some(last) = page.last() else { break };
        after = Some(Selection::place(last));
        if action == JobAction::Retry {
            let new: BTreeSet<_> = page.iter().map(account).filter(|name| asked.insert(name.clone())).collect();
            dead.extend(console.dead(new).await);
        }
        let judge = Judge { dead: &dead, ..frame };
        for target in &page {
            let verdict = judge.judge(target, action);
            if action == JobAction::Retry && !matches!(verdict, Verdict::HeldBack(_)) {
                going.insert(target.channel.clone());
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
    let plan = tally.plan(action, now);
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
