//! What people and deadlines change.

use super::*;

#[test]
fn o11_a_stale_target_expires_instead_of_going_out() {
    for state in [State::Scheduled, State::Queued, State::Retrying, State::Held] {
        let mut stage = Stage::new(LOOK);
        stage.target.state = state;
        stage.target.deadline = Some(stage.now + Duration::from_secs(60));
        stage.pass(60);
        assert!(matches!(stage.ask(&Command::Wake), Answer::Drop { state: State::Expired, .. }), "{state}");
    }
}

#[test]
fn c01_cancel_wins_before_the_attempt_and_loses_after_it() {
    let mut stage = Stage::new(LOOK);
    stage.ask(&Command::Wake);
    assert_eq!(stage.ask(&Command::Cancel), Answer::Done);
    assert!(matches!(stage.begin(), Answer::Drop { state: State::Cancelled, .. }));
    let mut late = Stage::new(LOOK);
    late.begun(AttemptKind::Send);
    assert_eq!(late.ask(&Command::Cancel), Answer::Refused(Refusal::BeingPublished));
}

#[test]
fn c04_a_rescheduled_target_is_not_begun_by_its_old_message() {
    let mut stage = Stage::new(LOOK);
    stage.ask(&Command::Wake);
    let due_at = stage.now + Duration::from_secs(3600);
    stage.ask(&Command::Reschedule { due_at, deadline: None, hash: ContentHash([1; 16]) });
    assert_eq!(stage.begin(), Answer::NotYet(due_at));
    assert_eq!(stage.target.wake_at, Some(due_at));
    stage.pass(3600);
    stage.begun(AttemptKind::Send);
}

#[test]
fn d09_publish_now_and_the_scheduler_race_and_one_of_them_sends() {
    let mut stage = Stage::new(LOOK);
    let now = stage.now;
    stage.ask(&Command::Wake);
    stage.ask(&Command::Reschedule { due_at: now, deadline: None, hash: ContentHash([1; 16]) });
    stage.ask(&Command::Wake);
    stage.begun(AttemptKind::Send);
    assert!(matches!(stage.begin(), Answer::Busy(_)));
    let again = stage.ask(&Command::Reschedule { due_at: now, deadline: None, hash: ContentHash([1; 16]) });
    assert_eq!(again, Answer::Refused(Refusal::BeingPublished));
}
