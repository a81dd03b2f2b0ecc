//! The edges of the decisions: what a small change to a condition would move without anybody noticing.

use super::*;
use crate::{Backoff, Event, Lease, Override, target::fixtures::armed_at};

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
    stage.ask(&Command::Postpone { until: seconds(500), carried: false, limit: None });
    assert_eq!(stage.target.wake_at, Some(seconds(100)));
    let mut doubt = Stage::new(LOOK);
    doubt.target.deadline = Some(seconds(5));
    doubt.fall_into_doubt();
    assert!(doubt.target.wake_at.unwrap() >= seconds(10), "{:?}", doubt.target.wake_at);
    // Held back by a pause it waits in the ledger, with no message on its way, and stays due.
    doubt.pauses = vec![Pause {
        id: Uuid::nil(),
        scope: PauseScope::All,
        reason: "maintenance".into(),
        code: None,
        by: "ann".into(),
        since: doubt.now,
    }];
    doubt.pass(10);
    let due = doubt.target.next_at;
    assert_eq!(doubt.begin(), Answer::Drop { state: State::InDoubt, listed: false });
    assert_eq!(doubt.target.wake_at, Some(doubt.now + doubt.policy.late_after));
    assert_eq!((doubt.target.next_at, doubt.target.looks), (due, 0));
    // Its end sets it going.
    doubt.pauses.clear();
    doubt.pass(1);
    let at = doubt.now + Duration::from_secs(4);
    assert_eq!(doubt.ask(&Command::Release { at }), Answer::Done);
    assert_eq!((doubt.target.state, doubt.target.wake_at), (State::InDoubt, Some(at)));
    doubt.now = at;
    assert_eq!(doubt.ask(&Command::Wake), Answer::Emit);
    let attempt = doubt.begun(AttemptKind::Look);
    // What is being looked for is let alone, and so is what waits for its time.
    let left = Answer::Drop { state: State::InDoubt, listed: false };
    assert_eq!(doubt.ask(&Command::Release { at: doubt.now }), left);
    doubt.finish(attempt, Outcome::Looked { part: 0, finding: Finding::CannotTell("down".into()), last: true });
    let next = doubt.target.next_at;
    assert!(next > Some(doubt.now));
    assert_eq!(doubt.ask(&Command::Release { at: doubt.now }), left);
    assert_eq!(doubt.target.next_at, next);
}

#[test]
fn every_state_refuses_its_owner_in_its_own_words() {
    let refused = |change: fn(&mut Stage)| {
        let mut stage = Stage::new(LOOK);
        change(&mut stage);
        // As it may be found in a ledger: what is asked must be refused whatever led to it.
        let context = Context { now: stage.now, policy: &stage.policy, pauses: &[], owner: None };
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

#[test]
fn who_makes_a_change_raises_the_revision_once_and_a_repeat_does_not() {
    let hash = ContentHash([1; 16]);
    let after = |prepare: fn(&mut Stage), command: Command| {
        let mut stage = Stage::new(RepeatSafety::Nothing);
        prepare(&mut stage);
        let before = stage.target.revision;
        assert_eq!(stage.ask(&command), Answer::Done, "{command:?}");
        stage.target.revision - before
    };
    let edit = Command::Edit { changes: Override::default(), hash };
    let reschedule = Command::Reschedule { due_at: seconds(9), deadline: None, hash };
    let out = Command::Decide(Decision::Published { receipt: receipt("p1"), last: true, shared: false });
    assert_eq!(after(|_| {}, Command::Cancel), 1);
    assert_eq!(after(|_| {}, edit), 1);
    assert_eq!(after(|_| {}, reschedule), 1);
    assert_eq!(after(Stage::fall_into_doubt, out), 1);
    assert_eq!(after(|stage| stage.target.state = State::Cancelled, Command::Cancel), 0);
}

#[test]
fn what_has_ended_says_so_to_its_owner() {
    let hash = ContentHash([1; 16]);
    let edit = Command::Edit { changes: Override::default(), hash };
    let reschedule = Command::Reschedule { due_at: seconds(9), deadline: None, hash };
    let table = [
        (State::Cancelled, edit.clone(), Refusal::Cancelled),
        (State::Expired, edit, Refusal::Expired),
        (State::Cancelled, reschedule, Refusal::Cancelled),
        (State::Cancelled, Command::Retry, Refusal::Cancelled),
        (State::Expired, Command::Retry, Refusal::Expired),
        (State::Expired, Command::Cancel, Refusal::Expired),
        (State::Scheduled, Command::Retry, Refusal::NotApplicable),
    ];
    for (state, command, refusal) in table {
        let mut stage = Stage::new(LOOK);
        stage.target.state = state;
        assert_eq!(stage.ask(&command), Answer::Refused(refusal), "{state}: {command:?}");
    }
}

#[test]
fn a_person_who_says_it_is_out_must_say_where() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    let nowhere = Command::Decide(Decision::Published { receipt: receipt(" "), last: true, shared: false });
    assert_eq!(stage.ask(&nowhere), Answer::Refused(Refusal::InDoubt));
    assert_eq!(stage.target.state, State::InDoubt);
}

#[test]
fn o04_a_post_of_the_platform_is_one_targets_unless_a_person_says_otherwise() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    let other = crate::TargetId(uuid::Uuid::from_u128(9));
    let context = Context { now: stage.now, policy: &stage.policy, pauses: &[], owner: Some(other) };
    let word = |shared| Command::Decide(Decision::Published { receipt: receipt("p1"), last: true, shared });
    let refused = apply(&mut stage.target, &word(false), &context).answer();
    assert_eq!(refused, Answer::Refused(Refusal::Taken { by: other }));
    assert_eq!((stage.target.state, stage.target.out.len()), (State::InDoubt, 0));
    assert_eq!(apply(&mut stage.target, &word(true), &context).answer(), Answer::Done);
    assert_eq!(stage.target.state, State::Published);
}

#[test]
fn a_woken_target_at_rest_is_left_alone_and_a_failure_that_nobody_sees_is_listed() {
    let woken = |change: fn(&mut Stage)| {
        let mut stage = Stage::new(RepeatSafety::Nothing);
        change(&mut stage);
        // As it may be found in a ledger, whatever led to it.
        let context = Context { now: stage.now, policy: &stage.policy, pauses: &[], owner: None };
        let answer = apply(&mut stage.target, &Command::Wake, &context).answer();
        assert_eq!(stage.target.wake_at, None);
        (answer, stage.target.listed.map(|listed| listed.reason))
    };
    let drop = |state, listed| Answer::Drop { state, listed };
    let undecidable = Some(ListReason::Undecidable);
    assert_eq!(woken(Stage::fall_into_doubt), (drop(State::InDoubt, true), undecidable));
    assert_eq!(woken(|stage| stage.target.state = State::Failed).1, Some(ListReason::Permanent));
    assert_eq!(woken(|stage| stage.target.state = State::Published), (drop(State::Published, false), None));
    let listed_before = woken(|stage| {
        stage.fall_into_doubt();
        stage.target.state = State::Failed;
    });
    assert_eq!(listed_before, (drop(State::Failed, true), undecidable), "its reason stays");
}

#[test]
fn what_is_on_its_way_wakes_at_its_deadline_and_what_is_in_doubt_does_not() {
    let mut queued = Stage::new(LOOK);
    queued.target.deadline = Some(seconds(20));
    assert_eq!(queued.ask(&Command::Wake), Answer::Emit);
    assert_eq!(queued.target.wake_at, Some(seconds(20)), "sooner than it would be emitted again");
    let mut doubt = Stage::new(LOOK);
    doubt.fall_into_doubt();
    doubt.target.deadline = Some(seconds(1));
    doubt.pass_to_next();
    assert_eq!(doubt.ask(&Command::Wake), Answer::Emit);
    assert!(doubt.target.wake_at.unwrap() > doubt.now, "{:?}", doubt.target.wake_at);
}

#[test]
fn a_wait_that_a_message_carries_is_taken_up_by_the_ledger_a_little_later() {
    let carried = |deadline: Option<u64>, attempt| {
        let mut stage = Stage::new(LOOK);
        stage.target.deadline = deadline.map(seconds);
        stage.target.attempt = attempt;
        assert_eq!(stage.ask(&Command::Postpone { until: seconds(100), carried: true, limit: None }), Answer::Done);
        (stage.target.state, stage.target.wake_at.unwrap().as_second())
    };
    let grace = Policy::default().carry_grace.as_secs().cast_signed();
    assert_eq!(carried(None, 0), (State::Scheduled, 100 + grace));
    assert_eq!(carried(Some(110), 1), (State::Retrying, 110), "in time to expire");
    assert_eq!(carried(Some(50), 1), (State::Retrying, 100), "the message comes first");
    let mut doubt = Stage::new(LOOK);
    doubt.target.deadline = Some(seconds(1));
    doubt.fall_into_doubt();
    assert_eq!(doubt.target.wake_at, doubt.target.next_at.map(|at| at + Policy::default().carry_grace));
}

#[test]
fn only_what_waits_can_be_postponed() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    let answer = stage.ask(&Command::Postpone { until: seconds(100), carried: true, limit: None });
    assert_eq!(answer, Answer::Drop { state: State::InDoubt, listed: true });
    assert_eq!(stage.target.next_at, None);
}

#[test]
fn a_lost_send_begins_the_looks_anew_and_a_lost_repeat_does_not() {
    for (kind, looks) in [(AttemptKind::Send, 0), (AttemptKind::Repeat, 3)] {
        let mut stage = Stage::new(KEY);
        stage.begun(AttemptKind::Send);
        stage.arm(1, 0);
        stage.target.looks = 3;
        stage.target.lease.as_mut().unwrap().kind = kind;
        // The lease has ended, the platform may not be done with the call yet.
        stage.pass(160);
        assert_eq!(stage.begin(), Answer::NotYet(seconds(150 + 60)));
        assert_eq!((stage.target.state, stage.target.looks), (State::InDoubt, looks), "{kind:?}");
    }
}

#[test]
fn an_attempt_says_whether_its_publish_point_is_armed_already() {
    let mut stage = Stage::new(KEY);
    let worker = WorkerName::new("w1").unwrap();
    let begin = Command::Begin { worker, repeat: KEY, arm: Some("deliver".into()) };
    let armed = |answer| match answer {
        Answer::Begun(begun) => (begun.kind, begun.armed),
        other => panic!("{other:?}"),
    };
    assert_eq!(armed(stage.ask(&begin)), (AttemptKind::Send, true));
    stage.finish(1, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    stage.pass_to_next();
    assert_eq!(armed(stage.begin()), (AttemptKind::Repeat, true));
    let mut looking = Stage::new(LOOK);
    assert_eq!(armed(looking.begin()), (AttemptKind::Send, false));
    looking.arm(1, 0);
    looking.finish(1, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    looking.pass_to_next();
    assert_eq!(armed(looking.begin()), (AttemptKind::Look, false));
}

#[test]
fn a_poll_is_not_begun_before_its_time() {
    let mut stage = Stage::new(LOOK);
    stage.begun(AttemptKind::Send);
    stage.arm(1, 0);
    stage.finish(1, Outcome::Processing);
    let at = stage.target.next_at.unwrap();
    assert_eq!(stage.begin(), Answer::NotYet(at));
    stage.pass_to_next();
    stage.begun(AttemptKind::Poll);
}

#[test]
fn an_end_counts_from_the_attempt_that_holds_the_lease_only() {
    let mut stage = Stage::new(LOOK);
    stage.begun(AttemptKind::Send);
    stage.arm(1, 0);
    let lost = Outcome::Failed(failure(Landed::No, Code::OUT_OF_ORDER));
    assert_eq!(stage.finish(2, lost.clone()), Answer::Lost, "an attempt that does not exist");
    stage.finish(1, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    assert_eq!(stage.finish(1, lost), Answer::Lost, "it has ended before");
    assert_eq!(stage.target.state, State::InDoubt);
}

#[test]
fn o10_published_without_anything_to_show_is_a_doubt() {
    let mut silent = Stage::new(LOOK);
    silent.begun(AttemptKind::Send);
    silent.finish(1, Outcome::Published(vec![]));
    assert_eq!(silent.target.state, State::InDoubt, "nothing was armed, and nothing is out");
    let mut half = Stage::new(LOOK);
    half.begun(AttemptKind::Send);
    half.arm(1, 0);
    half.finish(1, Outcome::Published(vec![(0, receipt("p1")), (1, receipt(""))]));
    assert_eq!(half.target.state, State::InDoubt, "one of two has no proof");
    let mut open = Stage::new(LOOK);
    open.begun(AttemptKind::Send);
    open.arm(1, 0);
    open.ask(&Command::Out { attempt: 1, part: 0, receipt: receipt("p1") });
    open.arm(1, 1);
    open.finish(1, Outcome::Published(vec![]));
    assert_eq!(open.target.state, State::InDoubt, "the second part was called and has no end");
}

#[test]
fn o10_found_without_an_id_is_not_found() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    stage.pass_to_next();
    stage.begun(AttemptKind::Look);
    stage.finish(2, Outcome::Looked { part: 0, finding: Finding::Found(receipt("")), last: true });
    assert_eq!((stage.target.state, stage.target.out.len()), (State::InDoubt, 0));
}

#[test]
fn what_went_wrong_with_settling_keeps_the_story_of_the_send() {
    let dead = Failure { worth: Worth::Never, ..failure(Landed::No, Code::CONTENT_REFUSED) };
    let again = failure(Landed::No, Code::OUT_OF_ORDER);
    let cases = [
        (LOOK, AttemptKind::Look, dead.clone(), Code::NO_ANSWER),
        (KEY, AttemptKind::Repeat, again, Code::NO_ANSWER),
        // That a repeat was refused for good decides how it goes on.
        (KEY, AttemptKind::Repeat, dead, Code::CONTENT_REFUSED),
    ];
    for (repeat, kind, wrong, told) in cases {
        let mut stage = Stage::new(repeat);
        stage.fall_into_doubt();
        stage.pass_to_next();
        stage.begun(kind);
        let outcome = Outcome::Failed(wrong);
        let finish = Command::Finish { attempt: 2, outcome, repeat, on_doubt: OnDoubt::Park, trace: None };
        let change = stage.change(&finish);
        assert_eq!(change.attempts[0].outcome, AttemptOutcome::Unknown, "{kind:?}");
        assert_eq!(stage.target.last_failure.as_ref().unwrap().code, told, "{kind:?}");
    }
}

#[test]
fn polls_and_looks_wait_by_their_own_schedules() {
    let second = Duration::from_secs;
    let schedule = |base| Backoff { base: second(base), factor: 1.0, cap: second(base), jitter: 0.0 };
    let waits = |first: Outcome, kind: AttemptKind| {
        let mut stage = Stage::new(LOOK);
        stage.policy.look_backoff = schedule(77);
        stage.policy.poll_backoff = schedule(55);
        stage.begun(AttemptKind::Send);
        stage.arm(1, 0);
        stage.finish(1, first);
        stage.pass_to_next();
        stage.begun(kind);
        let outcome = Outcome::Failed(failure(Landed::No, Code::OUT_OF_ORDER));
        let finish = Command::Finish { attempt: 2, outcome, repeat: LOOK, on_doubt: OnDoubt::Park, trace: None };
        let ended = stage.change(&finish).attempts[0].outcome;
        (ended, stage.target.next_at.unwrap().duration_since(stage.now).as_secs())
    };
    let unknown = Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER));
    assert_eq!(waits(unknown, AttemptKind::Look), (AttemptOutcome::Unknown, 77));
    assert_eq!(waits(Outcome::Processing, AttemptKind::Poll), (AttemptOutcome::Processing, 55));
}

#[test]
fn a_repeat_arms_the_part_it_repeats_and_no_other() {
    let mut stage = Stage::new(KEY);
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Repeat);
    stage.pass(1);
    assert_eq!(stage.arm(attempt, 1), Answer::Lost);
    assert_eq!(stage.arm(attempt, 0), Answer::Done);
    let armed = stage.target.armed.clone().unwrap();
    assert_eq!((armed.first_at, armed.last_at), (seconds(0), stage.now), "its window counts from the first call");
}

#[test]
fn a_part_that_is_out_is_recorded_whoever_says_so_and_only_the_holder_goes_on() {
    let told = |attempt, later| {
        let mut stage = Stage::new(LOOK);
        stage.begun(AttemptKind::Send);
        stage.arm(1, 0);
        stage.pass(later);
        let answer = stage.ask(&Command::Out { attempt, part: 0, receipt: receipt("p1") });
        assert_eq!(stage.target.out.len(), 1);
        answer
    };
    assert_eq!(told(1, 0), Answer::Done);
    assert_eq!(told(2, 0), Answer::Lost, "another attempt");
    assert_eq!(told(1, 150), Answer::Lost, "the lease has ended");
}

/// The first part of a thread is out, says a person: the parts after it are still to be sent.
#[test]
fn d15_o04_a_person_who_settles_one_part_of_a_thread_lets_the_rest_go_on() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    let first = Command::Decide(Decision::Published { receipt: receipt("p1"), last: false, shared: false });
    assert_eq!(stage.ask(&first), Answer::Done);
    assert_eq!((stage.target.state, stage.target.next_part()), (State::Scheduled, 1));
    assert!(stage.target.listed.is_none() && stage.target.armed.is_none());
    let attempt = stage.begun(AttemptKind::Send);
    assert_eq!(stage.arm(attempt, 0), Answer::Lost, "what is out is not sent again");
    assert_eq!(stage.arm(attempt, 1), Answer::Done);
}

/// The old worker says that it is out while its successor looks: what the look finds then still ends it.
#[test]
fn a_look_that_finds_what_was_just_proven_ends_it() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    stage.pass_to_next();
    let look = stage.begun(AttemptKind::Look);
    assert_eq!(stage.ask(&Command::Out { attempt: 1, part: 0, receipt: receipt("p1") }), Answer::Lost);
    assert!(stage.target.armed.is_none());
    let found = Outcome::Looked { part: 0, finding: Finding::Found(receipt("p1")), last: true };
    assert_eq!(stage.finish(look, found), Answer::Finished(Next::Nothing));
    assert_eq!(stage.target.state, State::Published);
}
