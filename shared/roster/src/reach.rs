//! What processes say of the parts that they use.

use ledger::Process;

use crate::SILENT;

/// Whether `part` (`broker`, `guard`) answers, by those that were heard of lately: some reach it, or none does. `None`: nobody says.
pub fn reaches(processes: &[Process], part: &str) -> Option<bool> {
    let heard = processes.iter().filter(|process| process.silent_for < SILENT);
    let said: Vec<_> =
        heard.flat_map(|process| &process.beat.parts).filter(|seen| seen.part == part).map(|seen| seen.answers).collect();
    (!said.is_empty()).then(|| said.contains(&true))
}
