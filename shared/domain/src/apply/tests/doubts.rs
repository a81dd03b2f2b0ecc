//! What becomes of an unknown outcome: repeats, looks, persons.

use super::*;

#[test]
fn d01_d18_an_error_after_the_publish_point_is_in_doubt_whatever_it_says_of_retrying() {
    for worth in [Worth::Never, Worth::AfterFix { fix: Fix::Content }, Worth::Retry { not_before: None }] {
        let mut stage = Stage::new(LOOK);
        let attempt = stage.begun(AttemptKind::Send);
        stage.arm(attempt, 0);
        let lie = Failure { worth, ..failure(Landed::Unknown, Code::UNCLEAR_ANSWER) };
        stage.finish(attempt, Outcome::Failed(lie));
        assert_eq!(stage.target.state, State::InDoubt);
        assert_eq!(
            stage.ask(&Command::Retry),
            Answer::Refused(Refusal::InDoubt),
            "retry is refused until it is settled"
        );
    }
}

#[test]
fn o10_m16_success_without_an_id_is_in_doubt() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Published(vec![(0, receipt(" "))]));
    assert_eq!(stage.target.state, State::InDoubt);
    assert_eq!(stage.target.last_failure.as_ref().unwrap().code, Code::NO_PROOF);
}

#[test]
fn a_key_is_used_inside_its_window_and_a_person_asked_after_it() {
    let mut stage = Stage::new(KEY);
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Repeat);
    stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    assert_eq!(stage.target.state, State::InDoubt);
    stage.pass(3600);
    let attempt = stage.begun(AttemptKind::Look);
    let finding = Finding::CannotTell("no look-up".into());
    assert_eq!(stage.finish(attempt, Outcome::Looked { part: 0, finding, last: true }), Answer::Finished(Next::Dead));
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::Undecidable);
}

#[test]
fn a_repeat_that_was_surely_not_sent_leaves_the_doubt_about_the_first_send() {
    let mut stage = Stage::new(KEY);
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Repeat);
    stage.finish(attempt, Outcome::Failed(failure(Landed::No, Code::UNREACHABLE)));
    assert_eq!(stage.target.state, State::InDoubt);
    assert!(stage.target.armed.is_some());
}

#[test]
fn a_listing_that_lags_is_asked_again_before_absence_is_believed() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Look);
    stage.finish(attempt, Outcome::Looked { part: 0, finding: Finding::Absent, last: true });
    assert_eq!(stage.target.state, State::InDoubt, "10 s after the send, absence proves nothing");
    stage.pass(120);
    let attempt = stage.begun(AttemptKind::Look);
    stage.finish(attempt, Outcome::Looked { part: 0, finding: Finding::Absent, last: true });
    assert_eq!(stage.target.state, State::Retrying);
    assert_eq!(stage.target.tries, 1, "reconciling never eats the tries");
}

#[test]
fn o05_looks_have_their_own_budget_and_end_with_an_owner() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    for _ in 0..stage.policy.max_looks {
        assert!(stage.target.listed.is_none());
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Look);
        let finding = Finding::CannotTell("listing is down".into());
        stage.finish(attempt, Outcome::Looked { part: 0, finding, last: true });
    }
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::Undecidable);
    assert_eq!(stage.target.tries, 1);
}

/// However few looks there are, and however fast they follow each other: what a listing may not show yet is no reason to ask a person.
#[test]
fn the_last_look_is_made_when_absence_counts() {
    for (last, state) in [
        (Finding::Absent, State::Retrying),
        (Finding::Found(receipt("a")), State::Published),
        (Finding::CannotTell("listing is down".into()), State::InDoubt),
    ] {
        let mut stage = Stage::new(LOOK);
        stage.policy.max_looks = 2;
        stage.policy.look_backoff =
            crate::Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(1), ..stage.policy.look_backoff };
        stage.fall_into_doubt();
        let sure = stage.target.armed.as_ref().unwrap().last_at + LOOK.sure_after().unwrap();
        for _ in 0..2 {
            stage.pass_to_next();
            assert!(stage.now < sure);
            let attempt = stage.begun(AttemptKind::Look);
            stage.finish(attempt, Outcome::Looked { part: 0, finding: Finding::Absent, last: true });
            assert!(stage.target.listed.is_none(), "so soon, absence proves nothing");
        }
        assert_eq!(stage.target.next_at, Some(sure));
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Look);
        stage.finish(attempt, Outcome::Looked { part: 0, finding: last, last: true });
        assert_eq!((stage.target.state, stage.target.listed.is_some()), (state, state == State::InDoubt));
    }
}

#[test]
fn with_nothing_to_settle_it_a_doubt_goes_to_a_person_at_once_and_is_never_sent_again() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::Undecidable);
    assert!(matches!(stage.begin(), Answer::Drop { state: State::InDoubt, listed: true }));
}

#[test]
fn an_account_may_choose_at_least_once() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.on_doubt = OnDoubt::Resend;
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    assert_eq!(stage.target.state, State::Retrying);
}

#[test]
fn at_least_once_ends_in_doubt_and_not_as_failed() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.on_doubt = OnDoubt::Resend;
    stage.policy.max_tries = 2;
    for state in [State::Retrying, State::InDoubt] {
        let attempt = stage.begun(AttemptKind::Send);
        stage.arm(attempt, 0);
        stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
        assert_eq!(stage.target.state, state);
    }
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::Undecidable);
}

#[test]
fn o04_a_person_can_close_a_doubt_either_way() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    let mut other = Stage { target: stage.target.clone(), policy: Policy::default(), pauses: vec![], ..stage };
    assert_eq!(stage.target.armed.as_ref().unwrap().part, 0);
    assert_eq!(
        stage.ask(&Command::Decide(Decision::Published { receipt: receipt("seen"), last: true, shared: false })),
        Answer::Done
    );
    assert_eq!(stage.target.state, State::Published);
    assert_eq!(other.ask(&Command::Decide(Decision::SendAgain { attempt: 1 })), Answer::Done);
    assert_eq!(other.target.state, State::Scheduled);
    other.begun(AttemptKind::Send);
}

#[test]
fn while_the_machine_is_settling_a_doubt_nobody_may_send_again() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    assert_eq!(
        stage.ask(&Command::Decide(Decision::SendAgain { attempt: stage.target.attempt })),
        Answer::Refused(Refusal::InDoubt)
    );
}

#[test]
fn a_doubt_never_expires() {
    let mut stage = Stage::new(LOOK);
    stage.target.deadline = Some(stage.now + Duration::from_secs(60));
    stage.fall_into_doubt();
    stage.pass(600);
    assert_eq!(stage.ask(&Command::Wake), Answer::Emit);
    stage.begun(AttemptKind::Look);
}

#[test]
fn a_second_proof_of_the_same_part_is_counted_as_a_duplicate() {
    let mut target = target();
    let policy = Policy::default();
    let context = Context { now: Timestamp::UNIX_EPOCH, policy: &policy, pauses: &[], owner: None };
    let out = |id| Command::Out { attempt: 0, part: 0, receipt: receipt(id) };
    assert_eq!(apply(&mut target, &out("a"), &context).violation, None);
    assert_eq!(apply(&mut target, &out("b"), &context).violation, Some(invariant::Violation::NoDuplicate));
}

#[test]
fn a_refused_repeat_is_not_repeated_but_looked_into() {
    let look_up = LookUp { settles_after: Duration::from_secs(10), sure_after: Duration::from_secs(120) };
    let key = |afterwards| RepeatSafety::PlatformKey {
        kept_for: Duration::from_secs(3600),
        settles_after: Duration::from_secs(60),
        afterwards,
    };
    let refused = Failure { worth: Worth::Never, scope: Scope::Post, ..failure(Landed::No, Code::CONTENT_REFUSED) };

    let mut stage = Stage::new(key(Some(look_up)));
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Repeat);
    stage.finish(attempt, Outcome::Failed(refused.clone()));
    assert_eq!(stage.target.state, State::InDoubt, "the refusal says nothing about the first call");
    stage.pass(600);
    stage.begun(AttemptKind::Look);

    let mut stage = Stage::new(key(None));
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Repeat);
    assert_eq!(stage.finish(attempt, Outcome::Failed(refused)), Answer::Finished(Next::Dead), "nothing is left to try");
}

/// With a dead token the platform was not even asked: sending the post again, or another in its place, would be too early.
#[test]
fn a_repeat_with_a_dead_token_leaves_the_doubt_whatever_the_account_chose() {
    let dead = Failure {
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        ..failure(Landed::No, Code::TOKEN_REVOKED)
    };
    for on_doubt in [OnDoubt::Park, OnDoubt::Resend] {
        let key = RepeatSafety::PlatformKey {
            kept_for: Duration::from_secs(3600),
            settles_after: Duration::from_secs(60),
            afterwards: None,
        };
        let mut stage = Stage { on_doubt, ..Stage::new(key) };
        stage.fall_into_doubt();
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Repeat);
        stage.finish(attempt, Outcome::Failed(dead.clone()));
        assert_eq!((stage.target.state, &stage.target.listed), (State::InDoubt, &None), "{on_doubt:?}");
        let edit = Command::Edit { changes: crate::Override::default(), hash: ContentHash([1; 16]) };
        assert_eq!(stage.ask(&edit), Answer::Refused(Refusal::InDoubt), "{on_doubt:?}");
        stage.pass_to_next();
        stage.begun(AttemptKind::Repeat);
    }
}

#[test]
fn absence_counts_from_the_end_of_the_attempt_to_the_beginning_of_the_look() {
    let absent = || Outcome::Looked { part: 0, finding: Finding::Absent, last: true };
    let sure = LOOK.sure_after().unwrap().as_secs();
    // Armed at once and sent at the very end; then no answer, or no word of the worker at all.
    for dies in [false, true] {
        let mut stage = Stage::new(LOOK);
        let attempt = stage.begun(AttemptKind::Send);
        stage.arm(attempt, 0);
        stage.pass(if dies { stage.policy.lease.as_secs() } else { stage.policy.attempt_limit.as_secs() });
        let ended = stage.now;
        if dies {
            assert!(matches!(stage.begin(), Answer::NotYet(_)));
        } else {
            stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
        }
        stage.now = ended + Duration::from_secs(sure - 1);
        let attempt = stage.begun(AttemptKind::Look);
        stage.pass(2); // It looked at once, and was held up before it said so.
        stage.finish(attempt, absent());
        assert_eq!(stage.target.state, State::InDoubt, "a listing may still lag; the worker died: {dies}");
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Look);
        stage.finish(attempt, absent());
        assert_eq!(stage.target.state, State::Retrying, "the worker died: {dies}");
    }
}

#[test]
fn a_repeat_without_an_answer_is_settled_from_its_end() {
    let mut stage = Stage::new(KEY);
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Repeat);
    stage.pass(100);
    stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    let settled = stage.now + KEY.settles_after();
    assert_eq!(stage.target.next_at, Some(settled), "it may still be on its way");
}

#[test]
fn what_a_look_found_is_true_however_late_it_is_said() {
    for last in [false, true] {
        let mut stage = Stage::new(LOOK);
        stage.fall_into_doubt();
        stage.pass_to_next();
        let slow = stage.begun(AttemptKind::Look);
        stage.pass(stage.policy.lease.as_secs());
        stage.begun(AttemptKind::Look);
        stage.finish(slow, Outcome::Looked { part: 0, finding: Finding::Found(receipt("a")), last });
        assert!(stage.target.receipt(0).is_some());
        assert_eq!(stage.target.state == State::Published, last);
    }
}

/// An answer is not called a question that could not be asked, and where nobody can be asked that is said.
#[test]
fn a_look_says_whether_it_was_answered() {
    let said = |repeat, finding| {
        let mut stage = Stage::new(LOOK);
        stage.fall_into_doubt();
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Look);
        let outcome = Outcome::Looked { part: 0, finding, last: true };
        let change = stage.change(&Command::Finish { attempt, outcome, repeat, on_doubt: OnDoubt::Park, trace: None });
        change.attempts[0].failure.as_ref().unwrap().code
    };
    let unclear = || Finding::CannotTell("two posts look alike".into());
    assert_eq!(said(LOOK, Finding::Absent), Code::NOT_THERE_YET);
    assert_eq!(said(LOOK, Finding::Found(receipt(""))), Code::NO_PROOF);
    assert_eq!(said(LOOK, unclear()), Code::LOOK_FAILED);
    assert_eq!(said(RepeatSafety::Nothing, unclear()), Code::UNDECIDABLE);
}

/// A doubt that the machine has given up, as it lies before a person.
fn listed(repeat: RepeatSafety) -> Stage {
    let mut stage = Stage::new(repeat);
    stage.policy.max_looks = 2;
    stage.fall_into_doubt();
    while stage.target.listed.is_none() {
        stage.pass_to_next();
        match stage.begin() {
            Answer::Begun(Begun { attempt, kind: AttemptKind::Look, .. }) => {
                let finding = Finding::CannotTell("listing is down".into());
                stage.finish(attempt, Outcome::Looked { part: 0, finding, last: true });
            }
            Answer::Begun(Begun { attempt, .. }) => {
                stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
            }
            other => assert_eq!(other, Answer::Finished(Next::Dead)),
        }
    }
    stage
}

#[test]
fn a_person_may_have_the_platform_asked_once_more() {
    for (finding, state) in [
        (Finding::Found(receipt("a")), State::Published),
        (Finding::Absent, State::Retrying),
        (Finding::CannotTell("listing is down".into()), State::InDoubt),
    ] {
        let mut stage = listed(LOOK);
        let revision = stage.target.revision;
        stage.pass(120);
        assert_eq!(stage.ask(&Command::LookAgain), Answer::Done);
        assert_eq!((stage.target.state, stage.target.wake_at), (State::InDoubt, Some(stage.now)), "somebody looks now");
        assert_eq!(stage.ask(&Command::LookAgain), Answer::Refused(Refusal::NotApplicable), "it is asked for already");
        assert_eq!(
            stage.ask(&Command::Decide(Decision::SendAgain { attempt: stage.target.attempt })),
            Answer::Refused(Refusal::InDoubt)
        );
        let attempt = stage.begun(AttemptKind::Look);
        assert_eq!(stage.ask(&Command::LookAgain), Answer::Refused(Refusal::BeingPublished));
        stage.finish(attempt, Outcome::Looked { part: 0, finding, last: true });
        assert_eq!(stage.target.state, state);
        let is_listed = stage.target.listed.as_ref().is_some_and(|listed| listed.reason == ListReason::Undecidable);
        assert_eq!(is_listed, state == State::InDoubt, "one look, and whoever asked for it decides");
        assert_eq!((stage.target.tries, stage.target.revision), (1, revision));
    }
}

#[test]
fn a_look_that_was_asked_for_believes_no_absence_that_comes_too_soon() {
    let mut stage = listed(LOOK);
    stage.target.armed.as_mut().unwrap().last_at = stage.now;
    stage.ask(&Command::LookAgain);
    assert_eq!(stage.begin(), Answer::NotYet(stage.now + LOOK.settles_after()), "the platform may not be done with it");
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Look);
    stage.finish(attempt, Outcome::Looked { part: 0, finding: Finding::Absent, last: true });
    assert!(stage.target.state == State::InDoubt && stage.target.armed.is_some());
    assert!(stage.target.listed.is_none(), "it is looked for once more when that tells something");
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Look);
    stage.finish(attempt, Outcome::Looked { part: 0, finding: Finding::Absent, last: true });
    assert_eq!(stage.target.state, State::Retrying);
}

#[test]
fn a_key_that_is_remembered_still_is_used_for_a_look_that_was_asked_for() {
    let mut stage = listed(KEY);
    let sent = stage.target.armed.as_ref().unwrap().last_at;
    stage.ask(&Command::LookAgain);
    assert_eq!(
        stage.begin(),
        Answer::NotYet(sent + KEY.settles_after()),
        "two calls at once are not what a key is for"
    );
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Repeat);
    stage.finish(attempt, Outcome::Published(vec![(0, receipt("a"))]));
    assert_eq!(stage.target.state, State::Published);
}

#[test]
fn a_platform_that_still_decides_may_be_asked_once_more() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Processing);
    stage.pass(stage.policy.processing_limit.as_secs());
    let attempt = stage.begun(AttemptKind::Poll);
    stage.finish(attempt, Outcome::Processing);
    for outcome in [Outcome::Processing, Outcome::Published(vec![(0, receipt("a"))])] {
        assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::StillProcessing);
        assert_eq!(stage.ask(&Command::LookAgain), Answer::Done);
        let attempt = stage.begun(AttemptKind::Poll);
        stage.finish(attempt, outcome);
    }
    assert_eq!(stage.target.state, State::Published);
}

#[test]
fn what_is_not_in_doubt_is_not_looked_for() {
    let mut stage = Stage::new(LOOK);
    assert_eq!(stage.ask(&Command::LookAgain), Answer::Refused(Refusal::NotApplicable));
    let attempt = stage.begun(AttemptKind::Send);
    assert_eq!(stage.ask(&Command::LookAgain), Answer::Refused(Refusal::BeingPublished));
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Published(vec![(0, receipt("a"))]));
    assert_eq!(stage.ask(&Command::LookAgain), Answer::Refused(Refusal::AlreadyPublished));
}

/// Two people look at the same doubt, and both say "send it again". The first one's send is a doubt of its own by the time of the second.
#[test]
fn of_two_who_send_the_same_doubt_again_one_does() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    let again = Command::Decide(Decision::SendAgain { attempt: stage.target.attempt });
    assert_eq!(stage.ask(&again), Answer::Done);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    assert!(stage.target.listed.is_some());
    assert_eq!(stage.ask(&again), Answer::Refused(Refusal::Overtaken));
    assert_eq!(stage.target.state, State::InDoubt);
    assert_eq!(stage.ask(&Command::Decide(Decision::SendAgain { attempt })), Answer::Done);
}
