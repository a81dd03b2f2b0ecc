//! The story of the one target that went wrong.

use std::fmt::Write;

use crate::{Outcome, say};

/// What went wrong in a run whose trace was kept, for people. Empty if nothing did.
pub fn story(outcome: &Outcome) -> String {
    let Some(broken) = &outcome.broken else { return String::new() };
    let mut told = String::new();
    let mut tell = |line: std::fmt::Arguments<'_>| {
        let _ = told.write_fmt(line); // Writing to a String cannot fail.
        told.push('\n');
    };
    tell(format_args!("seed {}: a promise was found broken: {}", outcome.seed, broken.name));
    tell(format_args!("  {}", broken.promise));
    tell(format_args!("  play it again: make simulate FIRST_SEED={} SEEDS=1", outcome.seed));
    tell(format_args!("  the story of target {}:", broken.target));
    for line in outcome.trace.about(broken.target) {
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
