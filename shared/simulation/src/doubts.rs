//! Follows each doubt from where it arises to who ends it: the machine, an account's choice to send again, or a person.

use std::collections::BTreeMap;

use domain::{Answer, AttemptKind, Command, Finding, Landed, Outcome, State, Target, TargetId};

/// Doubts that arose. Each is counted once more under whoever ended it, so that the three add up once all is at rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Doubts that arose. A target can have several, one after the other.
    pub arose: u64,
    /// Settled without a person.
    pub by_machine: u64,
    /// Sent again undecided, because the account chose that where nobody can tell.
    pub by_choice: u64,
    /// Put on the operators' list, whatever came of it there.
    pub by_people: u64,
}

/// The doubts of a run.
#[derive(Default)]
pub(crate) struct Doubts {
    /// Those that are open, and whether a person is asked.
    open: BTreeMap<TargetId, bool>,
    ended: Ended,
    settled: Vec<TargetId>,
}

impl Doubts {
    /// `command` was answered with `answer`, and left `target` as it is.
    pub(crate) fn follow(&mut self, command: &Command, answer: &Answer, target: &Target) {
        let arises = target.state == State::InDoubt || settles(answer) || is_resent_at_once(command, answer, target);
        if arises && !self.open.contains_key(&target.id) {
            self.open.insert(target.id, false);
            self.ended.arose += 1;
        }
        let is_open = matches!(target.state, State::InDoubt | State::Publishing | State::Processing);
        let decided = matches!((command, answer), (Command::Decide(_), Answer::Done));
        let Some(person) = self.open.get_mut(&target.id) else { return };
        *person |= decided || (is_open && target.listed.is_some());
        let person = *person;
        if is_open {
            return;
        }
        self.open.remove(&target.id);
        if person {
            self.ended.by_people += 1;
        } else if is_resent(command, answer, target) {
            self.ended.by_choice += 1;
        } else {
            self.ended.by_machine += 1;
            self.settled.push(target.id);
        }
    }

    /// What was counted so far. A doubt that waits for a person is a person's already.
    pub(crate) fn ended(&self) -> Ended {
        let waiting = self.open.values().filter(|person| **person).count() as u64;
        Ended { by_people: self.ended.by_people + waiting, ..self.ended }
    }

    /// The targets whose doubts the machine settled, in the order in which it did.
    pub(crate) fn settled(&self) -> &[TargetId] {
        &self.settled
    }
}

/// The attempt was granted to settle what an earlier one left open.
fn settles(answer: &Answer) -> bool {
    matches!(answer, Answer::Begun(begun) if matches!(begun.kind, AttemptKind::Look | AttemptKind::Repeat))
}

/// How an attempt ended after which the target is sent again.
fn before_the_next_try<'a>(command: &'a Command, answer: &Answer, target: &Target) -> Option<&'a Outcome> {
    match (command, answer) {
        (Command::Finish { outcome, .. }, Answer::Finished(_)) if target.state == State::Retrying => Some(outcome),
        _ => None,
    }
}

/// Whether an attempt settled nothing, and the target is sent again all the same.
fn is_resent(command: &Command, answer: &Answer, target: &Target) -> bool {
    match before_the_next_try(command, answer, target) {
        Some(Outcome::Failed(_)) => true,
        Some(Outcome::Looked { finding: Finding::Found(receipt), .. }) => !receipt.is_proof(),
        Some(Outcome::Looked { finding, .. }) => matches!(finding, Finding::CannotTell(_)),
        _ => false,
    }
}

/// Whether a send whose outcome is not known is followed by another at once: such a target is never seen in doubt.
fn is_resent_at_once(command: &Command, answer: &Answer, target: &Target) -> bool {
    matches!(before_the_next_try(command, answer, target), Some(Outcome::Failed(failure)) if failure.landed == Landed::Unknown)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{
        AccountId, ChannelName, Code, ContentHash, Decision, Failure, ListReason, Listed, Next, OnDoubt, PlatformWords,
        PostId, Receipt, RepeatSafety, Scope, TenantId, Worth,
    };
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn target(state: State, listed: Option<ListReason>) -> Target {
        Target {
            id: TargetId(Uuid::from_u128(7)),
            post: PostId(Uuid::from_u128(1)),
            tenant: TenantId::new("acme").unwrap(),
            channel: ChannelName::new("handle").unwrap(),
            account: AccountId::new("main").unwrap(),
            app: None,
            state,
            revision: 1,
            due_at: NOW,
            deadline: None,
            next_at: None,
            wake_at: None,
            hash: ContentHash([0; 16]),
            attempt: 1,
            tries: 1,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: BTreeMap::new(),
            out: Vec::new(),
            listed: listed.map(|reason| Listed { reason, at: NOW }),
            last_failure: None,
            gap: None,
            trace: None,
            follows: None,
        }
    }

    fn finish(outcome: Outcome) -> Command {
        Command::Finish { attempt: 1, outcome, repeat: RepeatSafety::Nothing, on_doubt: OnDoubt::Resend, trace: None }
    }

    fn unknown() -> Command {
        let (landed, worth) = (Landed::Unknown, Worth::Retry { not_before: None });
        let said = PlatformWords::default();
        let step = "publish".into();
        finish(Outcome::Failed(Failure { code: Code::NO_ANSWER, landed, worth, scope: Scope::Channel, step, said }))
    }

    fn looked(finding: Finding) -> Command {
        finish(Outcome::Looked { part: 0, finding, last: true })
    }

    /// What is counted when these commands leave the target so, one after the other.
    fn counted(steps: &[(Command, State, Option<ListReason>)]) -> Ended {
        let mut doubts = Doubts::default();
        for (command, state, listed) in steps {
            let answer =
                if matches!(command, Command::Finish { .. }) { Answer::Finished(Next::Nothing) } else { Answer::Done };
            doubts.follow(command, &answer, &target(*state, *listed));
        }
        doubts.ended()
    }

    const UNDECIDABLE: Option<ListReason> = Some(ListReason::Undecidable);

    #[test]
    fn a_doubt_that_is_listed_and_then_decided_is_a_persons() {
        let cannot = || looked(Finding::CannotTell(String::new()));
        let again = Command::Decide(Decision::SendAgain { attempt: 1 });
        let once = [
            (unknown(), State::InDoubt, None),
            (cannot(), State::InDoubt, UNDECIDABLE),
            (again.clone(), State::Scheduled, None),
        ];
        let ended = Ended { arose: 1, by_people: 1, ..Ended::default() };
        assert_eq!(counted(&once[..2]), ended, "it waits for a person");
        assert_eq!(counted(&once), ended, "a person has decided");
        let twice = [once.clone(), once].concat();
        assert_eq!(counted(&twice), Ended { arose: 2, by_people: 2, ..ended }, "each doubt of a target counts");
        let failed_before = [
            (Command::Wake, State::Failed, Some(ListReason::TriesUsedUp)),
            (Command::Retry, State::Scheduled, None),
            (unknown(), State::InDoubt, UNDECIDABLE),
            (again, State::Scheduled, None),
        ];
        assert_eq!(counted(&failed_before), ended);
    }

    #[test]
    fn a_doubt_that_is_sent_again_undecided_is_not_settled() {
        let ended = Ended { arose: 1, by_choice: 1, ..Ended::default() };
        assert_eq!(counted(&[(unknown(), State::Retrying, None)]), ended);
        let looked = looked(Finding::CannotTell(String::new()));
        assert_eq!(counted(&[(unknown(), State::InDoubt, None), (looked, State::Retrying, None)]), ended);
    }

    #[test]
    fn what_a_look_finds_or_surely_misses_is_settled_by_machine() {
        let ended = Ended { arose: 1, by_machine: 1, ..Ended::default() };
        let found = looked(Finding::Found(Receipt { id: "1".into(), url: None }));
        assert_eq!(counted(&[(unknown(), State::InDoubt, None), (found, State::Published, None)]), ended);
        assert_eq!(
            counted(&[(unknown(), State::InDoubt, None), (looked(Finding::Absent), State::Retrying, None)]),
            ended
        );
    }
}
