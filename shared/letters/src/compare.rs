//! A queue held against the ledger's list. Pure.

use std::collections::HashMap;

use domain::TargetId;
use jiff::Timestamp;
use ledger::ListedTarget;

use crate::Subject;

/// How a letter stands to the ledger's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its target needs a person, and this is its newest letter.
    Agrees,
    /// Its target needs a person and has, or is owed, a newer letter.
    Superseded,
    /// Its target is not on the list.
    NotListed,
    /// It names no target.
    Unreadable,
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// One for each letter.
    pub verdicts: Vec<Verdict>,
    /// Targets on the list that no letter tells of.
    pub missing: Vec<ListedTarget>,
}

/// Holds `letters`, in their order, against `listed`. What was listed after `settled` may be about to get its letter.
///
/// The list must have been read after the letters: a letter is written when its target is on the list, so one whose target is not was
/// settled since.
pub(crate) fn compare(letters: &[Option<Subject>], listed: &[ListedTarget], settled: Timestamp) -> Compared {
    let attempts: HashMap<TargetId, u32> = listed.iter().map(|target| (target.id, target.attempt)).collect();
    let mut newest: HashMap<TargetId, usize> = HashMap::new();
    for (at, subject) in letters.iter().enumerate() {
        let Some(subject) = subject else { continue };
        // A newer attempt than the ledger knows of is one of before it was restored: it tells of the target all the same.
        if attempts.get(&subject.target).is_some_and(|attempt| subject.attempt >= *attempt) {
            newest.insert(subject.target, at);
        }
    }
    let verdict = |(at, subject): (usize, &Option<Subject>)| match subject {
        None => Verdict::Unreadable,
        Some(subject) if newest.get(&subject.target) == Some(&at) => Verdict::Agrees,
        Some(subject) if attempts.contains_key(&subject.target) => Verdict::Superseded,
        Some(_) => Verdict::NotListed,
    };
    let is_missing = |target: &&ListedTarget| target.since < settled && !newest.contains_key(&target.id);
    Compared {
        verdicts: letters.iter().enumerate().map(verdict).collect(),
        missing: listed.iter().filter(is_missing).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn target(number: u128) -> TargetId {
        TargetId(Uuid::from_u128(number))
    }

    fn letter(number: u128, attempt: u32) -> Option<Subject> {
        Some(Subject { target: target(number), attempt, written_at: NOW })
    }

    fn listed(number: u128, attempt: u32, seconds_ago: i64) -> ListedTarget {
        ListedTarget { id: target(number), since: Timestamp::from_second(-seconds_ago).unwrap(), attempt }
    }

    fn verdicts(letters: &[Option<Subject>], listed: &[ListedTarget]) -> Vec<Verdict> {
        compare(letters, listed, NOW).verdicts
    }

    #[test]
    fn a_letter_agrees_whose_target_needs_a_person() {
        let compared = compare(&[letter(1, 3)], &[listed(1, 3, 90)], NOW);
        assert_eq!(compared, Compared { verdicts: vec![Verdict::Agrees], missing: vec![] });
    }

    #[test]
    fn what_is_not_listed_or_names_nothing_is_told_apart() {
        assert_eq!(verdicts(&[letter(1, 1), None], &[listed(2, 1, 90)]), [Verdict::NotListed, Verdict::Unreadable]);
    }

    #[test]
    fn of_several_letters_the_last_counts() {
        let three = [letter(1, 2), letter(1, 2), letter(1, 1)];
        assert_eq!(verdicts(&three, &[listed(1, 2, 90)]), [Verdict::Superseded, Verdict::Agrees, Verdict::Superseded]);
    }

    #[test]
    fn a_letter_of_an_earlier_failure_is_none_of_this_one() {
        let compared = compare(&[letter(1, 1)], &[listed(1, 4, 90)], NOW);
        assert_eq!(compared, Compared { verdicts: vec![Verdict::Superseded], missing: vec![listed(1, 4, 90)] });
    }

    #[test]
    fn a_ledger_that_was_set_back_takes_no_letter_away() {
        assert_eq!(verdicts(&[letter(1, 9)], &[listed(1, 4, 90)]), [Verdict::Agrees]);
    }

    #[test]
    fn what_was_listed_a_moment_ago_is_not_missed_yet() {
        let settled = Timestamp::from_second(-60).unwrap();
        let missing = |ago| compare(&[], &[listed(1, 1, ago)], settled).missing.len();
        assert_eq!([missing(61), missing(59)], [1, 0]);
    }
}
