//! An attempt from its beginning to its record: who may begin, arm and send, and what a lease is worth.

use super::*;

#[test]
fn a_post_that_works() {
    let mut stage = Stage::new(KEY);
    assert_eq!(stage.ask(&Command::Wake), Answer::Emit);
    let attempt = stage.begun(AttemptKind::Send);
    assert_eq!(stage.arm(attempt, 0), Answer::Done);
    let change = stage.change(&Command::Finish {
        attempt,
        outcome: Outcome::Published(vec![(0, receipt("42"))]),
        repeat: KEY,
        on_doubt: OnDoubt::Park,
        trace: None,
    });
    assert_eq!(change.answer(), Answer::Finished(Next::Nothing));
    assert_eq!(change.events.len(), 1);
    assert_eq!(change.events[0].name, EventName::Published);
    assert_eq!(change.attempts[0].outcome, AttemptOutcome::Published);
    assert_eq!(stage.target.state, State::Published);
}

#[test]
fn what_brings_a_target_back_knows_the_attempt_that_it_follows() {
    let mut stage = Stage::new(KEY);
    let finish = |attempt, outcome, trace: Option<&str>| Command::Finish {
        attempt,
        outcome,
        repeat: KEY,
        on_doubt: OnDoubt::Park,
        trace: trace.map(Into::into),
    };
    let failed = || Outcome::Failed(Failure::system(Code::OWN_HICCUP, "read the token", "no"));
    let attempt = stage.begun(AttemptKind::Send);
    stage.ask(&finish(attempt, failed(), Some("first")));
    assert_eq!((stage.target.state, stage.target.follows.as_deref()), (State::Retrying, Some("first")));
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Send);
    assert_eq!(stage.ask(&finish(attempt - 1, failed(), Some("too late"))), Answer::Lost);
    assert_eq!(stage.target.follows.as_deref(), Some("first"), "it is not the newest");
    stage.ask(&finish(attempt, Outcome::Published(vec![(0, receipt("42"))]), Some("second")));
    assert_eq!((stage.target.state, stage.target.follows), (State::Published, None), "nothing follows it");
}

#[test]
fn d07_d11_only_one_of_many_workers_is_let_through() {
    let mut stage = Stage::new(KEY);
    stage.begun(AttemptKind::Send);
    for _ in 0..5 {
        assert!(matches!(stage.begin(), Answer::Busy(_)));
    }
}

#[test]
fn d17_m08_a_dead_lease_is_settled_if_armed_and_tried_again_if_not() {
    let mut stage = Stage::new(LOOK);
    stage.begun(AttemptKind::Send);
    stage.pass(151);
    assert!(matches!(stage.begin(), Answer::Begun(Begun { kind: AttemptKind::Send, attempt: 2, .. })));
    stage.arm(2, 0);
    stage.pass(151);
    let first = stage.begin();
    assert!(matches!(first, Answer::NotYet(_)), "the settle time must pass first: {first:?}");
    assert_eq!(stage.target.state, State::InDoubt);
    stage.pass_to_next();
    stage.begun(AttemptKind::Look);
}

#[test]
fn a_lost_attempt_is_in_the_log_with_its_worker() {
    let mut stage = Stage::new(LOOK);
    stage.begun(AttemptKind::Send);
    stage.pass(151);
    let worker = WorkerName::new("w2").unwrap();
    let change = stage.change(&Command::Begin { worker, repeat: LOOK, arm: None });
    assert_eq!(change.attempts[0].outcome, AttemptOutcome::Lost);
    assert_eq!(change.attempts[0].worker.as_str(), "w1");
}

#[test]
fn a_lost_lease_stops_the_worker_before_the_publish_point() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.pass(150);
    assert_eq!(stage.arm(attempt, 0), Answer::Lost);
}

#[test]
fn an_older_attempt_cannot_arm() {
    let mut stage = Stage::new(LOOK);
    let old = stage.begun(AttemptKind::Send);
    stage.pass(151);
    stage.begun(AttemptKind::Send);
    assert_eq!(stage.arm(old, 0), Answer::Lost);
}

#[test]
fn no_publish_point_is_called_twice_in_one_attempt() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    assert_eq!(stage.arm(attempt, 0), Answer::Done);
    assert_eq!(stage.arm(attempt, 0), Answer::Lost);
}

#[test]
fn the_truth_is_recorded_even_when_the_lease_was_lost() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.pass(151);
    stage.begin();
    assert_eq!(stage.target.state, State::InDoubt);
    assert_eq!(stage.finish(attempt, Outcome::Published(vec![(0, receipt("42"))])), Answer::Finished(Next::Nothing));
    assert_eq!(stage.target.state, State::Published);
}

#[test]
fn a_target_that_kills_its_workers_is_set_aside() {
    let mut stage = Stage::new(LOOK);
    for _ in 0..stage.policy.max_tries {
        stage.begun(AttemptKind::Send);
        stage.pass(151);
    }
    assert_eq!(stage.begin(), Answer::Finished(Next::Dead));
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::Poison);
}

#[test]
fn handles_are_stored_by_the_attempt_that_holds_the_lease_only() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    let handles: BTreeMap<_, _> = [("container".to_owned(), "17".to_owned())].into();
    assert_eq!(stage.ask(&Command::Keep { attempt, handles: handles.clone() }), Answer::Done);
    assert_eq!(stage.ask(&Command::Keep { attempt: attempt + 1, handles }), Answer::Lost);
    assert_eq!(stage.target.handles["container"], "17");
}

#[test]
fn a_lost_message_is_emitted_again_ever_more_seldom() {
    let mut stage = Stage::new(LOOK);
    let mut gaps = vec![];
    for _ in 0..5 {
        assert_eq!(stage.ask(&Command::Wake), Answer::Emit);
        let wake = stage.target.wake_at.unwrap();
        gaps.push(wake.duration_since(stage.now).as_secs());
        stage.now = wake;
    }
    assert_eq!(gaps, [60, 120, 240, 480, 960]);
}

#[test]
fn retry_pressed_many_times_is_one_retry() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    let refused = Failure { worth: Worth::Never, ..failure(Landed::No, Code::CONTENT_REFUSED) };
    stage.finish(attempt, Outcome::Failed(refused));
    assert_eq!(stage.ask(&Command::Retry), Answer::Done);
    assert_eq!(stage.ask(&Command::Retry), Answer::Refused(Refusal::NotApplicable));
    stage.begun(AttemptKind::Send);
    assert_eq!(stage.ask(&Command::Retry), Answer::Refused(Refusal::BeingPublished));
}

#[test]
fn a_drained_worker_gives_back_without_cost() {
    let mut stage = Stage::new(KEY);
    let attempt = stage.begun(AttemptKind::Send);
    assert!(matches!(stage.finish(attempt, Outcome::Released), Answer::Finished(Next::Carry(_))));
    assert_eq!((stage.target.tries, stage.target.state), (0, State::Retrying));
}
