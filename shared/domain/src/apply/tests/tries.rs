//! Budgets, rate limits and pauses: what costs a try, what waits, what holds.

use super::*;

#[test]
fn r02_a_rate_limit_costs_no_try_and_never_ends_in_failure() {
    let mut stage = Stage::new(LOOK);
    for _ in 0..50 {
        let attempt = stage.begun(AttemptKind::Send);
        stage.finish(attempt, Outcome::Failed(failure(Landed::No, Code::RATE_LIMITED_ACCOUNT)));
        assert_eq!(stage.target.state, State::Retrying);
        stage.pass_to_next();
    }
    assert_eq!(stage.target.tries, 0);
}

#[test]
fn o06_never_earlier_than_told() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    let told = stage.now + Duration::from_secs(7200);
    let worth = Worth::Retry { not_before: Some(told) };
    let next = stage.finish(attempt, Outcome::Failed(Failure { worth, ..failure(Landed::No, Code::RATE_LIMITED_APP) }));
    assert!(
        matches!(next, Answer::Finished(Next::Wait(at)) if at >= told),
        "a long wait stays in the ledger: {next:?}"
    );
    assert!(matches!(stage.begin(), Answer::NotYet(at) if at >= told));
}

#[test]
fn o06_a_second_message_neither_shortens_a_wait_nor_prolongs_it() {
    let mut stage = Stage::new(LOOK);
    let told = stage.now + Duration::from_secs(100);
    let postponed = |seconds| Command::Postpone {
        until: Timestamp::UNIX_EPOCH + Duration::from_secs(seconds),
        carried: true,
        limit: None,
    };
    assert_eq!(stage.ask(&postponed(100)), Answer::Done);
    for seconds in [5, 500] {
        assert_eq!(stage.ask(&postponed(seconds)), Answer::NotYet(told));
    }
    assert_eq!(stage.target.next_at, Some(told));
    stage.pass(100);
    assert_eq!(stage.ask(&postponed(500)), Answer::Done, "its time has come, and it is put off once more");
}

#[test]
fn o08_our_own_errors_never_end_a_target() {
    let mut stage = Stage::new(LOOK);
    for _ in 0..100 {
        let attempt = stage.begun(AttemptKind::Send);
        stage.finish(attempt, Outcome::Failed(Failure::system(Code::OWN_HICCUP, "keep handle", "busy")));
        stage.pass_to_next();
    }
    assert_eq!(stage.target.state, State::Retrying);
}

#[test]
fn d05_tries_have_a_hard_cap() {
    let mut stage = Stage::new(LOOK);
    for n in 1..=stage.policy.max_tries {
        assert_eq!(stage.target.tries, n - 1);
        let attempt = stage.begun(AttemptKind::Send);
        stage.finish(attempt, Outcome::Failed(failure(Landed::No, Code::OUT_OF_ORDER)));
        if n < stage.policy.max_tries {
            stage.pass_to_next();
        }
    }
    assert_eq!(stage.target.state, State::Failed);
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::TriesUsedUp);
}

#[test]
fn t06_an_account_wide_failure_pauses_the_account_and_holds_its_siblings() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    let worth = Worth::AfterFix { fix: Fix::Reconnect };
    let revoked = Failure { worth, scope: Scope::Account, ..failure(Landed::No, Code::TOKEN_REVOKED) };
    let change = stage.change(&Command::Finish {
        attempt,
        outcome: Outcome::Failed(revoked),
        repeat: LOOK,
        on_doubt: OnDoubt::Park,
        trace: None,
    });
    assert_eq!(change.answer(), Answer::Finished(Next::Dead));
    let (scope, code, _) = change.pause.expect("the account is paused");
    assert_eq!(code, Code::TOKEN_REVOKED);
    let mut sibling = Stage::new(LOOK);
    sibling.pauses = vec![Pause {
        id: Uuid::nil(),
        scope,
        reason: "token".into(),
        code: Some(code),
        by: "oncepost".into(),
        since: sibling.now,
    }];
    assert!(matches!(sibling.begin(), Answer::Drop { state: State::Held, .. }));
    assert_eq!(sibling.target.tries, 0);
}

#[test]
fn o09_what_is_switched_off_is_held_and_goes_on_when_released() {
    let mut stage = Stage::new(LOOK);
    stage.pauses = vec![Pause {
        id: Uuid::nil(),
        scope: PauseScope::Channel { channel: stage.target.channel.clone() },
        reason: "maintenance".into(),
        code: None,
        by: "ann".into(),
        since: stage.now,
    }];
    assert!(matches!(stage.ask(&Command::Wake), Answer::Drop { state: State::Held, .. }));
    stage.pauses.clear();
    stage.pass(3600);
    let at = stage.now + Duration::from_secs(4);
    assert_eq!(stage.ask(&Command::Release { at }), Answer::Done);
    assert_eq!((stage.target.state, stage.target.wake_at), (State::Scheduled, Some(at)));
}

#[test]
fn a_held_target_whose_pause_is_gone_is_found_again() {
    let mut stage = Stage::new(LOOK);
    stage.pauses = vec![Pause {
        id: Uuid::nil(),
        scope: PauseScope::All,
        reason: "maintenance".into(),
        code: None,
        by: "ann".into(),
        since: stage.now,
    }];
    stage.ask(&Command::Wake);
    for _ in 0..3 {
        stage.now = stage.target.wake_at.expect("it is looked at again");
        stage.ask(&Command::Wake);
        assert_eq!(stage.target.state, State::Held);
    }
    stage.pauses.clear();
    stage.now = stage.target.wake_at.unwrap();
    stage.ask(&Command::Wake);
    assert_eq!(stage.target.state, State::Scheduled);
    assert_eq!(stage.ask(&Command::Wake), Answer::Emit);
}

/// A rate limit that ends `seconds` from the stage's time.
fn limit(stage: &Stage, seconds: u64) -> Failure {
    let worth = Worth::Retry { not_before: Some(stage.now + Duration::from_secs(seconds)) };
    Failure { worth, ..failure(Landed::No, Code::RATE_LIMITED_ACCOUNT) }
}

#[test]
fn r02_tries_before_a_limit_do_not_put_off_what_comes_after_it() {
    let mut stage = Stage::new(LOOK);
    for _ in 0..5 {
        let attempt = stage.begun(AttemptKind::Send);
        stage.finish(attempt, Outcome::Failed(failure(Landed::No, Code::UNREACHABLE)));
        stage.pass_to_next();
    }
    let attempt = stage.begun(AttemptKind::Send);
    let ends = stage.now + Duration::from_secs(60);
    stage.finish(attempt, Outcome::Failed(limit(&stage, 60)));
    let late = stage.target.next_at.unwrap().duration_since(ends).as_secs();
    assert!((0..=1).contains(&late), "{late} s after the limit's end");
}

#[test]
fn r02_no_spread_after_a_limit_reaches_the_deadline() {
    let mut stage = Stage::new(LOOK);
    let (ends, deadline) = (stage.now + Duration::from_secs(100), stage.now + Duration::from_secs(101));
    stage.target.deadline = Some(deadline);
    let until = stage.now + Duration::from_secs(102);
    let limit = limit(&stage, 100);
    stage.ask(&Command::Postpone { until, carried: true, limit: Some(limit.clone()) });
    assert!(stage.target.next_at.is_some_and(|at| (ends..deadline).contains(&at)), "{:?}", stage.target.next_at);
    assert_eq!(stage.target.last_failure, Some(limit), "what it waits for is known while it waits");
    stage.target.deadline = Some(ends);
    stage.now = ends;
    stage.begin();
    assert_eq!((stage.target.state, stage.target.limited_until(stage.now)), (State::Expired, None));
}

#[test]
fn a_retry_of_what_waits_for_a_limit_goes_at_its_end_and_never_later_than_before() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    let ends = stage.now + Duration::from_secs(7200);
    stage.finish(attempt, Outcome::Failed(limit(&stage, 7200)));
    let before = stage.target.next_at.unwrap();
    assert_eq!(stage.ask(&Command::Retry), Answer::Done);
    assert_eq!(stage.target.next_at, Some(ends));
    assert!(ends <= before);
}
