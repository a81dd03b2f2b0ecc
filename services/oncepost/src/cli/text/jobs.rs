//! Many targets at once.

use console::api::{Job, JobAction, JobBegun, JobPlan, JobReport, JobState, JobTarget, Jobs, Remark, StepResult};

use super::{counted, entries, harmless, instant, labelled};

/// What a job would do.
pub(crate) fn plan(plan: &JobPlan) -> String {
    let does = match plan.action {
        JobAction::Retry => "tried again",
        JobAction::Discard => "given up",
        JobAction::Reschedule | JobAction::Shift => "moved",
        JobAction::Cancel => "cancelled",
        JobAction::Look => "looked for",
    };
    let head = match plan.targets {
        0 if matches!(plan.action, JobAction::Retry | JobAction::Discard | JobAction::Look) => {
            "Nothing on the operators' list is selected.".to_owned()
        }
        0 => "Nothing is selected.".to_owned(),
        all => format!(
            "{} selected: {} {} {does}, {} held back.",
            targets(all),
            plan.going,
            are(plan.going),
            plan.held_back
        ),
    };
    let asking = plan.asking.iter().map(|told| labelled("  ", &harmless(told)));
    let later = plan.later.iter().map(|remark| remarked("later", remark));
    let held = plan.reasons.iter().map(|remark| remarked("held back", remark));
    let refusing = plan.refusing.iter().map(|told| labelled("", &harmless(told)));
    [head].into_iter().chain(asking).chain(refusing).chain(later).chain(held).collect::<Vec<_>>().join("\n")
}

fn are(many: u64) -> &'static str {
    if many == 1 { "is" } else { "are" }
}

fn targets(many: u64) -> String {
    counted(usize::try_from(many).unwrap_or(usize::MAX), "target")
}

fn remarked(what: &str, remark: &Remark) -> String {
    let example = remark.examples.first().map(|id| format!(", as {id}")).unwrap_or_default();
    let head = labelled("  ", &format!("{} {what}: {}{example}", remark.targets, harmless(&remark.why)));
    format!("{head}\n{}", labelled("    → ", &harmless(&remark.remedy)))
}

/// A job that was begun.
pub(crate) fn begun(begun: &JobBegun) -> String {
    let id = begun.job.id;
    let head = format!("{}\nJob {id} is begun.", plan(&begun.plan));
    format!("{head}\n  how it fares  oncepost jobs {id}\n  to end it     oncepost jobs {id} --stop")
}

/// How far a job is.
pub(crate) fn progress(job: &Job) -> String {
    format!("{} of {}: {} done, {} held back", job.done + job.held_back, job.total, job.done, job.held_back)
}

/// A job that was stopped, or had ended before.
pub(crate) fn stopped(job: &Job) -> String {
    match job.state {
        JobState::Stopped => format!("Stopped: job {}. {}; what it changed stays changed.", job.id, progress(job)),
        state => format!("Job {} had ended already: {}. {}.", job.id, state.name(), progress(job)),
    }
}

/// Jobs in a list.
pub(crate) fn list(jobs: &Jobs) -> String {
    if jobs.jobs.is_empty() {
        return "There are no jobs. `oncepost retry --group KEY` begins one.".into();
    }
    let rows = jobs.jobs.iter().map(|job| {
        let why = [job.reason.as_ref(), job.why.as_ref()].into_iter().flatten().map(|text| harmless(text));
        let cells = [job.id.to_string(), instant(job.at), job.by.clone(), job.action.clone(), job.state.name().into()];
        (cells, [progress(job)].into_iter().chain(why).collect::<Vec<_>>().join("; "))
    });
    let table = entries(["job", "begun", "by", "does", "state"], rows);
    match &jobs.next {
        Some(next) => format!("{table}\n\nThere are more: --after {next}"),
        None => table,
    }
}

/// One job in full.
pub(crate) fn report(report: &JobReport) -> String {
    let job = &report.job;
    let why = job.why.as_ref().map(|why| format!(": {}", harmless(why))).unwrap_or_default();
    let mut lines = vec![format!("Job {}  {}{why}", job.id, job.state.name())];
    let ended = job.ended_at.map(|at| format!(", ended {}", instant(at))).unwrap_or_default();
    lines.push(format!("  {} for {}, begun {}{ended}", job.action, harmless(&job.by), instant(job.at)));
    if let Some(reason) = &job.reason {
        lines.push(labelled("  because  ", &harmless(reason)));
    }
    lines.push(format!("  {}, {} to come", progress(job), job.open));
    if let Some(holder) = &job.carried_by {
        lines.push(format!("  carried on by {}", harmless(holder)));
    }
    let outcomes = &report.outcomes;
    if job.done > 0 {
        lines.push(format!(
            "  of those done now: {} out, {} failed again, {} in doubt, {} given up, {} on their way",
            outcomes.published, outcomes.failed_again, outcomes.in_doubt, outcomes.given_up, outcomes.under_way
        ));
    }
    let mut blocks = vec![lines.join("\n")];
    if !report.targets.is_empty() {
        blocks.push(entries(["target", "result", "now"], report.targets.iter().map(row)));
    }
    if let Some(next) = &report.next {
        blocks.push(format!("There are more: --after {next}"));
    }
    blocks.join("\n\n")
}

fn row(target: &JobTarget) -> ([String; 3], String) {
    let (result, words) = match target.result {
        Some(StepResult::Done) => ("done", "changed as asked"),
        Some(StepResult::HeldBack) => ("held back", "left as it is"),
        None => ("to come", "its turn has not come"),
    };
    let state = target.state.map(|state| state.to_string()).unwrap_or_default();
    ([target.target.to_string(), result.into(), state], target.why.clone().unwrap_or_else(|| words.into()))
}
