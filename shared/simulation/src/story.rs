//! The story of one target: of the one that went wrong, or of one that did not.

use std::fmt::Write;

use crate::{Line, Outcome, say};

/// The story of one target of a run whose trace was kept, for people: of the one on which a promise was found broken, else of one
/// whose outcome was unknown for a while. Empty if there is neither.
pub fn story(outcome: &Outcome) -> String {
    let mut told = String::new();
    let mut tell = |line: std::fmt::Arguments<'_>| {
        let _ = told.write_fmt(line); // Writing to a String cannot fail.
        told.push('\n');
    };
    let lines = match (&outcome.broken, &outcome.target) {
        (Some(broken), _) => {
            tell(format_args!("seed {}: a promise was found broken: {}", outcome.seed, broken.name));
            tell(format_args!("  {}", broken.promise));
            tell(format_args!("  play it again: {}", again(outcome)));
            tell(format_args!("  the story of target {}:", broken.target));
            outcome.trace.about(broken.target)
        }
        (None, Some(target)) => {
            tell(format_args!("seed {}: every promise held", outcome.seed));
            let account = format!("{}/{}/{}", target.tenant, target.channel, target.account);
            tell(format_args!(
                "  the story of target {} for {account}, whose outcome was unknown for a while:",
                target.id
            ));
            from_first_to_last(outcome.trace.about(target.id))
        }
        (None, None) => return told,
    };
    for line in lines {
        let mark = if line.target.is_some() { ' ' } else { '~' };
        let at = line.at.as_millis();
        let (hours, minutes, seconds) = (at / 3_600_000, at / 60_000 % 60, at / 1000 % 60);
        tell(format_args!(
            "  {mark} {hours:02}:{minutes:02}:{seconds:02}.{:03}  {:<12} {}",
            at % 1000,
            line.who,
            line.what
        ));
    }
    match &outcome.shown[..] {
        [] => tell(format_args!("  the platform shows nothing of it")),
        shown => tell(format_args!("  the platform shows {}", shown.join(", "))),
    }
    if let Some(target) = &outcome.target {
        tell(format_args!("  the ledger says: {}", say::standing(target)));
    }
    told
}

/// The command that plays the seed again.
fn again(outcome: &Outcome) -> String {
    let broken = outcome.defect.map(|defect| format!(" ARGS=\"--broken {}\"", defect.name())).unwrap_or_default();
    format!("make simulate FIRST_SEED={} SEEDS=1{broken}", outcome.seed)
}

/// What happened to everybody before the target was there, and after it came to rest, is left out.
fn from_first_to_last(mut lines: Vec<Line>) -> Vec<Line> {
    let own = |line: &Line| line.target.is_some();
    lines.truncate(lines.iter().rposition(own).map_or(0, |last| last + 1));
    lines.drain(..lines.iter().position(own).unwrap_or_default());
    lines
}
