//! What processes say of the parts that they use.

use ledger::Process;

use crate::FRESH;

/// Whether `part` (`broker`, `guard`) answers, by those that were heard of lately: some reach it, or none does. `None`: nobody says.
pub fn reaches(processes: &[Process], part: &str) -> Option<bool> {
    let heard = processes.iter().filter(|process| process.silent_for < FRESH);
    let said: Vec<_> = heard
        .flat_map(|process| &process.beat.parts)
        .filter(|seen| seen.part == part)
        .map(|seen| seen.answers)
        .collect();
    (!said.is_empty()).then(|| said.contains(&true))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use ledger::{Beat, PartSeen};
    use uuid::Uuid;

    use super::*;

    fn process(answers: bool, silent_for: u64) -> Process {
        let seen = PartSeen { part: "broker".into(), answers, since: Timestamp::UNIX_EPOCH, millis: None };
        let beat = Beat {
            id: Uuid::nil(),
            name: "x@host:1".into(),
            service: "x".into(),
            host: "host".into(),
            roles: Vec::new(),
            channels: Vec::new(),
            version: "0.1.0".into(),
            commit: None,
            started_at: Timestamp::UNIX_EPOCH,
            is_draining: false,
            parts: vec![seen],
        };
        Process { beat, seen_at: Timestamp::UNIX_EPOCH, silent_for: Duration::from_secs(silent_for) }
    }

    #[test]
    fn a_part_is_away_when_none_of_those_that_are_heard_of_reaches_it() {
        assert_eq!(reaches(&[process(true, 1), process(false, 1)], "broker"), Some(true));
        assert_eq!(reaches(&[process(false, 1), process(true, 60)], "broker"), Some(false), "that one is of the past");
        assert_eq!(reaches(&[process(true, 60)], "broker"), None);
        assert_eq!(reaches(&[process(true, 1)], "guard"), None);
    }
}
