//! The edges of the decisions: what a small change to a condition would move without anybody noticing.

use super::*;
use crate::{Event, Lease, target::fixtures::armed_at};

fn lease(until: Timestamp) -> Option<Lease> {
    let worker = WorkerName::new("w1").unwrap();
    Some(Lease { worker, kind: AttemptKind::Send, since: Timestamp::UNIX_EPOCH, until })
}

fn seconds(n: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(n)
}

#[test]
fn a_command_that_changes_nothing_tells_nobody() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    assert!(stage.target.listed.is_some());
    assert_eq!(stage.change(&Command::Wake).events, []);
    let worker = WorkerName::new("w2").unwrap();
    let begin = Command::Begin { worker, repeat: stage.repeat, arm: None };
    assert_eq!(stage.change(&begin).events, [], "that it is listed was told when it was listed");
}

#[test]
fn that_a_person_is_needed_is_told_also_where_the_state_stays() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    stage.target.looks = stage.policy.max_looks;
    stage.pass_to_next();
    let worker = WorkerName::new("w1").unwrap();
    let change = stage.change(&Command::Begin { worker, repeat: stage.repeat, arm: None });
    let told: Vec<_> = change.events.iter().map(|event: &Event| (event.name, event.needs_person)).collect();
    assert_eq!(told, [(EventName::InDoubt, true)]);
}

#[test]
fn what_waits_wakes_at_its_deadline_and_a_doubt_has_none() {
    let mut stage = Stage::new(LOOK);
    stage.target.deadline = Some(seconds(100));
    stage.ask(&Command::Postpone { until: seconds(500), carried: false });
    assert_eq!(stage.target.wake_at, Some(seconds(100)));
    let mut doubt = Stage::new(LOOK);
    doubt.target.deadline = Some(seconds(5));
    doubt.fall_into_doubt();
    assert!(doubt.target.wake_at.unwrap() >= seconds(10), "{:?}", doubt.target.wake_at);
}

#[test]
fn every_state_refuses_its_owner_in_its_own_words() {
    let refused = |change: fn(&mut Stage)| {
        let mut stage = Stage::new(LOOK);
        change(&mut stage);
        // As it may be found in a ledger: what is asked must be refused whatever led to it.
        let context = Context { now: stage.now, policy: &stage.policy, pauses: &[] };
        apply(&mut stage.target, &Command::Cancel, &context).answer()
    };
    let at = |refusal| Answer::Refused(refusal);
    assert_eq!(refused(|stage| stage.target.state = State::Published), at(Refusal::AlreadyPublished));
    assert_eq!(refused(|stage| stage.target.state = State::Publishing), at(Refusal::BeingPublished));
    assert_eq!(refused(|stage| stage.target.state = State::Processing), at(Refusal::BeingPublished));
    assert_eq!(refused(|stage| stage.target.state = State::InDoubt), at(Refusal::InDoubt));
    assert_eq!(refused(|stage| stage.target.state = State::Expired), at(Refusal::Expired));
    assert_eq!(refused(|stage| stage.target.armed = Some(armed_at(stage.now))), at(Refusal::InDoubt));
    assert_eq!(refused(|stage| stage.target.lease = lease(seconds(1))), at(Refusal::BeingPublished));
    assert_eq!(refused(|stage| stage.target.lease = lease(stage.now)), Answer::Done, "a lease ends at its end");
    assert_eq!(refused(|_| {}), Answer::Done);
    assert_eq!(refused(|stage| stage.target.state = State::Cancelled), Answer::Done, "twice is as good as once");
}
