//! The protocol's rules, one test each; incidents by their ids.

mod edges;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Change, Context, apply};
use crate::{
    Answer, AttemptKind, AttemptOutcome, Begun, Code, Command, ContentHash, Decision, EventName, Failure, Finding, Fix,
    Landed, ListReason, LookUp, Next, OnDoubt, Outcome, Pause, PauseScope, PlatformWords, Policy, Receipt, Refusal,
    RepeatSafety, Scope, State, Target, WorkerName, Worth, invariant, target::fixtures::target,
};

const KEY: RepeatSafety = RepeatSafety::PlatformKey {
    kept_for: Duration::from_secs(3600),
    settles_after: Duration::from_secs(60),
    afterwards: None,
};
const LOOK: RepeatSafety =
    RepeatSafety::LookUp(LookUp { settles_after: Duration::from_secs(10), sure_after: Duration::from_secs(120) });

/// A target, a clock and the numbers, driven command by command.
struct Stage {
    target: Target,
    now: Timestamp,
    policy: Policy,
    pauses: Vec<Pause>,
    repeat: RepeatSafety,
    on_doubt: OnDoubt,
}

impl Stage {
    fn new(repeat: RepeatSafety) -> Self {
        Self {
            target: target(),
            now: Timestamp::UNIX_EPOCH,
            policy: Policy::default(),
            pauses: vec![],
            repeat,
            on_doubt: OnDoubt::Park,
        }
    }

    fn change(&mut self, command: &Command) -> Change {
        let context = Context { now: self.now, policy: &self.policy, pauses: &self.pauses };
        let change = apply(&mut self.target, command, &context);
        assert_eq!(change.violation, None, "{command:?} on {:?}", self.target);
        invariant::check(&self.target, self.now, &self.policy)
            .unwrap_or_else(|broken| panic!("{broken:?} after {command:?}: {:?}", self.target));
        change
    }

    fn ask(&mut self, command: &Command) -> Answer {
        self.change(command).answer()
    }

    fn begin(&mut self) -> Answer {
        let worker = WorkerName::new("w1").unwrap();
        self.ask(&Command::Begin { worker, repeat: self.repeat, arm: None })
    }

    fn begun(&mut self, kind: AttemptKind) -> u32 {
        match self.begin() {
            Answer::Begun(Begun { attempt, kind: got, .. }) if got == kind => attempt,
            other => panic!("expected a {kind:?} attempt, got {other:?} on {:?}", self.target),
        }
    }

    fn arm(&mut self, attempt: u32, part: u16) -> Answer {
        self.ask(&Command::Arm { attempt, step: "publish".into(), part })
    }

    fn finish(&mut self, attempt: u32, outcome: Outcome) -> Answer {
        self.ask(&Command::Finish { attempt, outcome, repeat: self.repeat, on_doubt: self.on_doubt })
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn pass_to_next(&mut self) {
        self.now = self.now.max(self.target.next_at.expect("a next step with a time"));
    }

    /// Brings the target into doubt: armed, sent, no answer.
    fn fall_into_doubt(&mut self) {
        let attempt = self.begun(AttemptKind::Send);
        assert_eq!(self.arm(attempt, 0), Answer::Done);
        self.finish(attempt, Outcome::Failed(failure(Landed::Unknown, Code::NO_ANSWER)));
        assert_eq!(self.target.state, State::InDoubt);
    }
}

fn failure(landed: Landed, code: Code) -> Failure {
    Failure {
        code,
        landed,
        worth: Worth::Retry { not_before: None },
        scope: Scope::Channel,
        step: "publish".into(),
        said: PlatformWords::default(),
    }
}

fn receipt(id: &str) -> Receipt {
    Receipt { id: id.into(), url: None }
}

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
    });
    assert_eq!(change.answer(), Answer::Finished(Next::Nothing));
    assert_eq!(change.events.len(), 1);
    assert_eq!(change.events[0].name, EventName::Published);
    assert_eq!(change.attempts[0].outcome, AttemptOutcome::Published);
    assert_eq!(stage.target.state, State::Published);
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
    assert_eq!(stage.ask(&Command::Decide(Decision::Published { receipt: receipt("seen"), last: true })), Answer::Done);
    assert_eq!(stage.target.state, State::Published);
    assert_eq!(other.ask(&Command::Decide(Decision::SendAgain)), Answer::Done);
    assert_eq!(other.target.state, State::Scheduled);
    other.begun(AttemptKind::Send);
}

#[test]
fn while_the_machine_is_settling_a_doubt_nobody_may_send_again() {
    let mut stage = Stage::new(LOOK);
    stage.fall_into_doubt();
    assert_eq!(stage.ask(&Command::Decide(Decision::SendAgain)), Answer::Refused(Refusal::InDoubt));
}

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
    let postponed =
        |seconds| Command::Postpone { until: Timestamp::UNIX_EPOCH + Duration::from_secs(seconds), carried: true };
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
fn a_doubt_never_expires() {
    let mut stage = Stage::new(LOOK);
    stage.target.deadline = Some(stage.now + Duration::from_secs(60));
    stage.fall_into_doubt();
    stage.pass(600);
    assert_eq!(stage.ask(&Command::Wake), Answer::Emit);
    stage.begun(AttemptKind::Look);
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

#[test]
fn what_the_platform_gave_up_on_is_sent_again_once_it_is_sure_that_it_is_not_out() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Processing);
    let absent = Outcome::Looked { part: 0, finding: Finding::Absent, last: true };
    stage.pass_to_next();
    let attempt = stage.begun(AttemptKind::Poll);
    stage.finish(attempt, absent.clone());
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

#[test]
fn m07_processing_outlives_everything_and_ends_with_a_person() {
    let mut stage = Stage::new(LOOK);
    let attempt = stage.begun(AttemptKind::Send);
    stage.arm(attempt, 0);
    stage.finish(attempt, Outcome::Processing);
    let mut polls = 0;
    while stage.target.listed.is_none() {
        stage.pass_to_next();
        let attempt = stage.begun(AttemptKind::Poll);
        stage.finish(attempt, Outcome::Processing);
        polls += 1;
    }
    assert!((50..1000).contains(&polls), "cheap but not for ever: {polls} polls");
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::StillProcessing);
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
fn a_second_proof_of_the_same_part_is_counted_as_a_duplicate() {
    let mut target = target();
    let policy = Policy::default();
    let context = Context { now: Timestamp::UNIX_EPOCH, policy: &policy, pauses: &[] };
    let out = |id| Command::Out { attempt: 0, part: 0, receipt: receipt(id) };
    assert_eq!(apply(&mut target, &out("a"), &context).violation, None);
    assert_eq!(apply(&mut target, &out("b"), &context).violation, Some(invariant::Violation::NoDuplicate));
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
