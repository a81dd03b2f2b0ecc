//! A target in words.

use console::api::Target;
use domain::{Attempt, State};

use super::{harmless, instant, labelled, table};

/// One line: where it goes, where it stands, where it is.
pub(crate) fn line(target: &Target, before: Option<State>) -> String {
    let place = format!("{}/{}", target.channel, target.account);
    let moved = before.map(|before| format!("{before} → ")).unwrap_or_default();
    let more = match target.state {
        State::Published => address(target),
        _ if target.needs_person.is_some() => "  needs a person".into(),
        State::Scheduled | State::Retrying => target.next_at.map(|at| format!("  {}", instant(at))).unwrap_or_default(),
        _ => String::new(),
    };
    format!("{place:<32} {moved}{}{more}", target.state)
}

fn address(target: &Target) -> String {
    let part = target.out.iter().find(|part| part.part == 0).or(target.out.first());
    let told = part.map(|part| part.receipt.url.as_deref().unwrap_or(&part.receipt.id));
    told.map(|told| format!("  {}", harmless(told))).unwrap_or_default()
}

/// Everything about a target.
pub(crate) fn whole(target: &Target) -> String {
    let mut lines = vec![line(target, None)];
    let mut say = |head: &str, text: &str| lines.push(labelled(&format!("  {head:<13}"), &harmless(text)));
    say("target", &target.id.to_string());
    let deadline = target.deadline.map(|deadline| format!(", not after {}", instant(deadline))).unwrap_or_default();
    say("due", &format!("{}{deadline}", instant(target.due_at)));
    if let Some(diagnosis) = &target.diagnosis {
        say("what", &diagnosis.sentence);
        say("whose fault", &diagnosis.whose_fault);
        say("what to do", &diagnosis.remedy);
    }
    if let Some(said) = &target.platform_said {
        let status = said.status.map(|status| format!("HTTP {status} ")).unwrap_or_default();
        let code = said.code.as_ref().map(|code| format!("[{code}] ")).unwrap_or_default();
        let words = format!("{status}{code}{}", said.text);
        if !words.trim().is_empty() {
            say(if said.is_answer() { "platform" } else { "we saw" }, words.trim());
        }
    }
    say("went out?", target.went_out.words());
    for part in &target.out {
        let place = part.receipt.url.as_deref().unwrap_or(&part.receipt.id);
        say(if part.part == 0 { "out" } else { "out, part" }, &format!("{place} ({})", instant(part.at)));
    }
    if let Some(part) = &target.in_doubt {
        say("in doubt", &part.words());
    }
    say("next", &target.next_step);
    if let Some(attempts) = target.attempts.as_ref().filter(|attempts| !attempts.is_empty()) {
        lines.push(log(attempts));
    }
    lines.join("\n")
}

/// The log of attempts.
fn log(attempts: &[Attempt]) -> String {
    let rows = attempts.iter().map(|attempt| {
        let took = attempt.ended_at.duration_since(attempt.began_at).as_millis();
        let failure = attempt.failure.as_ref().map(|failure| {
            let title = failure.code.page().map_or("", |page| page.title);
            format!("{} {title}", failure.code)
        });
        [
            attempt.number.to_string(),
            attempt.kind.name().into(),
            instant(attempt.began_at),
            span(took),
            attempt.outcome.name().into(),
            failure.unwrap_or_default(),
        ]
    });
    table(["#", "kind", "began", "took", "outcome", "failure"], rows)
}

fn span(millis: i128) -> String {
    match millis {
        0..1000 => format!("{millis} ms"),
        _ => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
    }
}
