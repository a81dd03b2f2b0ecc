//! Threads, and what is decided later.

use super::*;

#[test]
fn d15_m15_a_thread_resumes_at_the_first_part_that_is_not_out() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    assert_eq!(stage.ask(&Command::Out { attempt, part: 0, receipt: receipt("a") }), Answer::Done);
    stage.arm(attempt, 1);
    stage.finish(attempt, Outcome::Failed(failure(Landed::No, Code::OUT_OF_ORDER)));
    assert_eq!((stage.target.state, stage.target.next_part()), (State::Retrying, 1));
    assert_eq!(
        stage.ask(&Command::Edit { changes: Default::default(), hash: ContentHash([1; 16]) }),
        Answer::Refused(Refusal::PartlyOut)
    );
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Send);
    assert_eq!(stage.arm(attempt, 0), Answer::Lost, "a part that is out is never sent again");
    assert_eq!(stage.arm(attempt, 1), Answer::Done);
}

#[test]
fn a_part_found_by_a_look_resumes_the_thread_after_it() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Look);
    stage.finish(attempt, Outcome::Looked { part: 0, finding: Finding::Found(receipt("a")), last: false });
    assert_eq!((stage.target.state, stage.target.next_part()), (State::Retrying, 1));
}

#[test]
fn o02_m17_accepted_is_not_published_and_a_late_refusal_is_a_failure() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Processing);
    assert_eq!(stage.target.state, State::Processing);
    for _ in 0..5 {
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Poll);
        stage.finish(attempt, Outcome::Processing);
        assert_eq!(stage.target.state, State::Processing);
    }
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Poll);
    let refused = Failure { worth: Worth::Never, scope: Scope::Post, ..failure(Landed::No, Code::MEDIA_REFUSED) };
    assert_eq!(stage.finish(attempt, Outcome::Failed(refused)), Answer::Finished(Next::Dead));
}

/// A token that dies meanwhile is no verdict (D02): the post may still come out.
#[test]
fn m07_processing_outlives_everything_and_ends_with_a_person() {
    let worth = Worth::AfterFix { fix: crate::Fix::Reconnect };
    let dead = Failure { worth, scope: Scope::Account, ..failure(Landed::No, Code::TOKEN_EXPIRED) };
    for (outcome, why) in [(Outcome::Processing, None), (crate::delivery::poll_failed(dead), Some(Code::TOKEN_EXPIRED))]
    {
        let mut stage = Stage::new(LOOK);
        let attempt = stage.begun(AttemptKind::Send);
        stage.arm(attempt, 0);
        stage.finish(attempt, Outcome::Processing);
        let mut polls = 0;
        while stage.target.listed.is_none() {
            assert_eq!((stage.target.state, stage.target.armed.is_some()), (State::Processing, true));
            stage.pass_to_next();
            let attempt = stage.begun(AttemptKind::Poll);
            stage.finish(attempt, outcome.clone());
            polls += 1;
        }
        assert!((50..1000).contains(&polls), "cheap but not for ever: {polls} polls");
        assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::StillProcessing);
        assert_eq!(stage.target.last_failure.as_ref().map(|failure| failure.code), why, "a person is told why");
    }
}

/// A platform has taken it, and gives up on it after so many seconds.
fn given_up(failure: Failure, after: u64) -> Stage {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Processing);
    stage.pass_to_next();
    stage.pass(after);
    let attempt = stage.begun(AttemptKind::Poll);
    stage.finish(attempt, Outcome::NotOut(failure.clone()));
    assert_eq!(stage.target.last_failure, Some(failure), "the reason is kept");
    stage
}

#[test]
fn r02_what_the_platform_gave_up_on_waits_as_any_other_try() {
    let limited = |at: Timestamp| Failure {
        worth: Worth::Retry { not_before: Some(at) },
        ..failure(Landed::No, Code::RATE_LIMITED_ACCOUNT)
    };
    let hour = Timestamp::UNIX_EPOCH + Duration::from_secs(3600);
    for (failure, tries) in [(failure(Landed::No, Code::OUT_OF_ORDER), 1), (limited(hour), 0)] {
        // At once it is not sure yet, and two minutes later it is.
        for (after, state) in [(0, State::InDoubt), (120, State::Retrying)] {
            let stage = given_up(failure.clone(), after);
            let target = &stage.target;
            assert_eq!((target.state, target.tries), (state, tries), "{failure:?}");
            assert!(target.next_at.unwrap() > stage.now, "{failure:?}: a backoff");
            assert!(target.next_at >= failure.not_before(), "{failure:?}: never earlier than told");
        }
    }
    let mut stage = Stage::new(LOOK);
    stage.policy.max_tries = 1;
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Processing);
    stage.pass(200);
    let attempt = stage.begun(AttemptKind::Poll);
    let ended = stage.finish(attempt, Outcome::NotOut(failure(Landed::No, Code::OUT_OF_ORDER)));
    assert_eq!((ended, stage.target.state), (Answer::Finished(Next::Dead), State::Failed), "all tries are used up");
}

#[test]
fn what_the_platform_gave_up_on_is_sent_again_once_it_is_sure_that_it_is_not_out() {
    let mut stage = given_up(failure(Landed::No, Code::OUT_OF_ORDER), 0);
    let absent = Outcome::Looked { part: 0, finding: Finding::Absent, last: true };
    assert_eq!(stage.target.state, State::InDoubt, "a moment after it was sent, its absence proves nothing");
    while stage.target.state == State::InDoubt {
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Look);
        stage.finish(attempt, absent.clone());
    }
    assert_eq!((stage.target.state, &stage.target.armed), (State::Retrying, &None));
    stage.pass_to_next();
    stage.begun(AttemptKind::Send);
}

/// A worker that was held up proves part 0 of a thread after its successor has begun to look for it.
fn proven_under_a_look(repeat: RepeatSafety) -> (Stage, u32) {
    let mut stage = Stage::new(repeat);
    let slow = stage.begun(AttemptKind::Send);
    stage.arm(slow, 0);
    stage.pass(stage.policy.lease.as_secs());
    stage.begin();
    stage.pass_to_next();
    let look = stage.begun(AttemptKind::Look);
    assert_eq!(stage.ask(&Command::Out { attempt: slow, part: 0, receipt: receipt("a") }), Answer::Lost);
    (stage, look)
}

#[test]
fn d15_a_part_proven_while_it_is_looked_for_leaves_no_doubt() {
    let nothing_new = [
        Outcome::Failed(failure(Landed::No, Code::LOOK_FAILED)),
        Outcome::Looked { part: 0, finding: Finding::CannotTell("no means".into()), last: false },
        Outcome::Looked { part: 0, finding: Finding::Absent, last: false },
    ];
    for repeat in [LOOK, RepeatSafety::Nothing] {
        for outcome in &nothing_new {
            let (mut stage, look) = proven_under_a_look(repeat);
            stage.target.tries = stage.policy.max_tries - 1;
            stage.finish(look, outcome.clone());
            assert_eq!((stage.target.state, stage.target.listed.as_ref()), (State::Retrying, None), "{outcome:?}");
            let attempt = stage.begun(AttemptKind::Send);
            assert_eq!(stage.arm(attempt, 1), Answer::Done);
        }
        let (mut stage, _) = proven_under_a_look(repeat);
        stage.pass(stage.policy.lease.as_secs());
        assert_eq!(stage.begin(), Answer::NotYet(stage.now), "the look is lost, and so is the doubt");
        stage.begun(AttemptKind::Send);
    }
}

#[test]
fn d15_a_part_proven_after_its_thread_went_to_a_person_sends_the_rest() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
    assert!(stage.target.listed.is_some());
    stage.ask(&Command::Out { attempt, part: 0, receipt: receipt("a") });
    assert_eq!((stage.target.state, stage.target.listed.as_ref()), (State::Retrying, None));
    stage.begun(AttemptKind::Send);
}

/// The platform decides about part 0 of a thread, and the worker that has asked is held up past its lease.
fn polled_by_a_slow_worker() -> (Stage, u32) {
    let mut stage = Stage::new(RepeatSafety::Handle { settles_after: Duration::from_secs(5) });
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Processing);
    stage.pass_to_next();
    let slow = stage.begun(AttemptKind::Poll);
    stage.pass(stage.policy.lease.as_secs());
    (stage, slow)
}

/// What a poll ends with that learns nothing, or nothing that is still true.
fn nothing_learnt() -> [Outcome; 4] {
    let limited =
        Failure { worth: Worth::Retry { not_before: None }, ..failure(Landed::No, Code::RATE_LIMITED_ACCOUNT) };
    let dead = Failure {
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        ..failure(Landed::No, Code::TOKEN_REVOKED)
    };
    [
        Outcome::Processing,
        Outcome::Failed(limited),
        crate::delivery::poll_failed(dead),
        Outcome::Looked { part: 0, finding: Finding::Absent, last: false },
    ]
}

/// The rest of the thread is sent, and nobody asks for a verdict on what was never sent.
fn sends_the_rest(mut stage: Stage, case: &str) {
    let target = &stage.target;
    assert_eq!((target.state, target.listed.as_ref(), &target.armed), (State::Retrying, None, &None), "{case}");
    assert_eq!((target.next_part(), target.next_at), (1, Some(stage.now)), "{case}");
    let attempt = stage.begun(AttemptKind::Send);
    assert_eq!(stage.arm(attempt, 0), Answer::Lost, "{case}: it is out");
    assert_eq!(stage.arm(attempt, 1), Answer::Done, "{case}");
}

#[test]
fn d15_a_part_proven_late_while_the_platform_decides_sends_the_rest() {
    let found = || Outcome::Looked { part: 0, finding: Finding::Found(receipt("a")), last: false };
    for outcome in nothing_learnt() {
        let case = format!("{outcome:?}");
        // Told between two polls.
        let (mut stage, slow) = polled_by_a_slow_worker();
        let poll = stage.begun(AttemptKind::Poll);
        stage.finish(poll, outcome.clone());
        assert_eq!(stage.finish(slow, found()), Answer::Lost);
        sends_the_rest(stage, &case);
        // Told while the next poll is under way.
        let (mut stage, slow) = polled_by_a_slow_worker();
        let poll = stage.begun(AttemptKind::Poll);
        assert_eq!(stage.finish(slow, found()), Answer::Lost);
        assert_eq!((stage.target.state, stage.target.attempt), (State::Processing, poll), "it goes on when that ends");
        stage.finish(poll, outcome);
        sends_the_rest(stage, &case);
    }
    // The next poll finds the same, or is lost.
    let (mut stage, slow) = polled_by_a_slow_worker();
    let poll = stage.begun(AttemptKind::Poll);
    stage.finish(slow, found());
    stage.finish(poll, found());
    sends_the_rest(stage, "found twice");
    let (mut stage, slow) = polled_by_a_slow_worker();
    stage.begun(AttemptKind::Poll);
    stage.finish(slow, found());
    stage.pass(stage.policy.lease.as_secs());
    assert_eq!(stage.begin(), Answer::NotYet(stage.now), "the poll is lost, and there is nothing left to ask");
    sends_the_rest(stage, "lost");
}

#[test]
fn d15_a_part_proven_after_its_verdict_went_to_a_person_sends_the_rest() {
    let (mut stage, slow) = polled_by_a_slow_worker();
    stage.pass(stage.policy.processing_limit.as_secs());
    let poll = stage.begun(AttemptKind::Poll);
    stage.finish(poll, Outcome::Processing);
    assert!(stage.target.listed.is_some());
    stage.ask(&Command::Out { attempt: slow, part: 0, receipt: receipt("a") });
    sends_the_rest(stage, "listed");
}

#[test]
fn what_is_decided_about_without_an_armed_publish_point_is_asked_about_all_the_same() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.finish(attempt, Outcome::Processing);
    assert_eq!((stage.target.state, &stage.target.armed), (State::Processing, &None), "it went on by itself");
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Poll);
    stage.finish(attempt, Outcome::Processing);
    assert_eq!(stage.target.state, State::Processing);
    stage.pass_to_next();
    stage.begun(AttemptKind::Poll);
    stage.pass(stage.policy.lease.as_secs());
    stage.begun(AttemptKind::Poll);
}
