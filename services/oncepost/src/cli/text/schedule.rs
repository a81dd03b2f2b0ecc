//! Answers to schedule messages.

use console::api::{BatchAnswer, Problem};
use contract::{Accepted, Resolved, Rule};
use jiff::Timestamp;

use super::{counted, harmless, instant, labelled, table};

/// A post that was accepted.
pub(crate) fn accepted(answer: &Accepted, repeated: bool) -> String {
    let head = match repeated {
        true => format!("Accepted before, and not again: post {}", answer.post),
        false => format!("Accepted: post {}", answer.post),
    };
    let rows = answer.targets.iter().map(|target| {
        let place = format!("{}/{}", target.channel, target.account);
        [place, time(&target.resolved, target.due_at), target.target.to_string()]
    });
    let mut blocks = vec![head, table(["account", "goes out", "target"], rows)];
    blocks.extend(answer.warnings.iter().map(|warning| told("warning:", warning)));
    blocks.extend(answer.notes.iter().map(|note| labelled("", &harmless(note))));
    blocks.join("\n")
}

/// When it goes out, and how that came about where it is not what was asked for.
pub(super) fn time(resolved: &Resolved, due_at: Timestamp) -> String {
    // At the precision that is shown: what was due at once is not worth a remark.
    if instant(due_at) != instant(resolved.instant) {
        return format!("{} (asked for {})", instant(due_at), instant(resolved.instant));
    }
    let rule = match resolved.rule {
        Rule::Exact => "",
        Rule::GapMovedForward => " (moved: that hour is skipped there)",
        Rule::OverlapEarlier => " (the earlier of two such hours)",
    };
    match resolved.zone.as_str() {
        "UTC" => instant(resolved.instant),
        zone => format!("{} = {} {zone}{rule}", instant(resolved.instant), resolved.local.strftime("%H:%M")),
    }
}

/// What became of a batch.
pub(crate) fn batch(answer: &BatchAnswer) -> String {
    let mut lines = Vec::new();
    for item in &answer.items {
        lines.extend(item.problem.as_ref().map(|problem| refused(item.index, problem)));
    }
    let repeated = match answer.repeated {
        0 => String::new(),
        count => format!(" ({count} of them before)"),
    };
    let all = counted(answer.items.len(), "message");
    lines.push(format!("{all}: {} accepted{repeated}, {} refused.", answer.accepted, answer.refused));
    lines.join("\n")
}

/// One message of several that was refused; `at` counts from 0.
pub(crate) fn refused(at: usize, problem: &Problem) -> String {
    let head = format!("Message {}: {}", at + 1, problem.title);
    if problem.problems.is_empty() {
        return format!("{head}\n{}", labelled("  ", &problem.detail));
    }
    let told: Vec<_> = problem.problems.iter().map(|problem| told("at", problem)).collect();
    format!("{head}\n{}", told.join("\n"))
}

/// One thing that is wrong, or a warning.
pub(crate) fn told(head: &str, problem: &contract::Problem) -> String {
    let what = format!("{}: {} ({})", problem.path, harmless(&problem.message), problem.code);
    format!("{}\n{}", labelled(&format!("  {head} "), &what), labelled("  → ", &problem.remedy))
}
