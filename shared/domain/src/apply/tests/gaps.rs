//! The ledger was restored to an earlier time: whatever may have been sent since is looked for before anything is sent.

use super::*;

const HANDLE: RepeatSafety = RepeatSafety::Handle { settles_after: Duration::from_secs(5) };
const KEY_AND_LOOK: RepeatSafety = RepeatSafety::PlatformKey {
    kept_for: Duration::from_secs(360_000),
    settles_after: Duration::from_secs(10),
    afterwards: Some(LookUp { settles_after: Duration::from_secs(10), sure_after: Duration::from_secs(120) }),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An hour is lost; the ledger is told of it at its end, and whoever may be at work still is done 150 s later.
fn gap() -> Gap {
    Gap { since: at(0), until: at(3_750) }
}

impl Stage {
    fn restored(repeat: RepeatSafety) -> Self {
        let mut stage = Self::new(repeat);
        stage.pass(3_600);
        stage.lose();
        stage
    }

    fn lose(&mut self) {
        assert_eq!(self.ask(&Command::Restored { gap: gap() }), Answer::Done);
    }

    /// Begins until a look is granted, and waits as long as it is told to.
    fn look(&mut self) -> u32 {
        for _ in 0..4 {
            match self.begin() {
                Answer::NotYet(at) => self.now = self.now.max(at),
                Answer::Begun(Begun { attempt, kind: AttemptKind::Look, .. }) => return attempt,
                other => panic!("{other:?} on {:?}", self.target),
            }
        }
        panic!("no look: {:?}", self.target)
    }

    fn looked(&mut self, finding: Finding) -> Answer {
        let attempt = self.look();
        self.finish(attempt, Outcome::Looked { part: self.target.next_part(), finding, last: true })
    }
}

#[test]
fn what_waits_is_looked_for_before_it_is_sent() {
    for repeat in [LOOK, HANDLE, KEY_AND_LOOK] {
        let mut stage = Stage::restored(repeat);
        assert_eq!(stage.target.state, State::Scheduled, "marking moves nothing");
        let Answer::NotYet(at) = stage.begin() else { panic!("it was begun") };
        assert!(at >= gap().until + repeat.settles_after(), "whoever was at work must be done first");
        assert_eq!(stage.target.state, State::InDoubt);
        assert_eq!(stage.target.last_failure.as_ref().unwrap().code, Code::HISTORY_LOST);
        stage.looked(Finding::Found(receipt("p1")));
        assert_eq!((stage.target.state, stage.target.gap), (State::Published, None));
    }
}

#[test]
fn proven_absent_it_goes_on_as_before() {
    for repeat in [LOOK, HANDLE, KEY_AND_LOOK] {
        let mut stage = Stage::restored(repeat);
        while stage.target.state != State::Retrying {
            stage.looked(Finding::Absent);
        }
        assert!(stage.now >= gap().until + repeat.sure_after().unwrap(), "so soon, absence proves nothing");
        assert_eq!((stage.target.gap, &stage.target.armed), (None, &None));
        stage.begun(AttemptKind::Send);
    }
}

#[test]
fn what_is_due_later_is_sent_when_it_is_due() {
    let mut stage = Stage::new(LOOK);
    stage.target.due_at = at(90_000);
    stage.pass(3_600);
    stage.lose();
    // A person moved it forward, and the ledger has forgotten that too.
    stage.ask(&Command::Reschedule { due_at: at(8_000), deadline: None, hash: ContentHash([0; 16]) });
    stage.pass_to_next();
    stage.target.due_at = at(90_000);
    while stage.target.state != State::Retrying {
        stage.looked(Finding::Absent);
    }
    assert_eq!(stage.target.next_at, Some(at(90_000)));
}

/// That a post repeats another one may be all that tells where it is.
#[test]
fn a_doubt_from_before_keeps_its_words() {
    for repeat in [LOOK, RepeatSafety::Nothing] {
        let mut stage = Stage::new(repeat);
        let attempt = stage.begun(AttemptKind::Send);
        stage.arm(attempt, 0);
        let said = crate::PlatformWords::text("a duplicate of 17");
        let refused = Failure { said: said.clone(), ..failure(Landed::Unknown, Code::DUPLICATE_REFUSED) };
        stage.finish(attempt, Outcome::Failed(refused));
        let is_listed = stage.target.listed.is_some();
        stage.pass(3_600);
        stage.lose();
        let kept = stage.target.last_failure.as_ref().unwrap();
        assert_eq!((kept.code, &kept.said), (Code::DUPLICATE_REFUSED, &said));
        assert_eq!((stage.target.listed.is_some(), stage.target.gap), (is_listed, Some(gap())));
        assert_eq!(stage.target.armed.as_ref().unwrap().last_at, gap().until, "and it is looked into from there on");
    }
}

#[test]
fn where_nobody_can_look_a_person_decides() {
    for repeat in [RepeatSafety::Nothing, KEY] {
        let mut stage = Stage::restored(repeat);
        let finished = stage.looked(Finding::CannotTell("nobody can".into()));
        assert_eq!(finished, Answer::Finished(Next::Dead), "and no key is used, whose window is open still");
        assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::Undecidable);
        let attempt = stage.target.attempt;
        assert_eq!(stage.ask(&Command::Decide(Decision::SendAgain { attempt })), Answer::Done);
        stage.begun(AttemptKind::Send);
    }
}

#[test]
fn nothing_that_may_be_out_expires_is_cancelled_or_changed() {
    let mut stage = Stage::new(LOOK);
    stage.target.deadline = Some(at(60));
    stage.pass(3_600);
    stage.lose();
    assert_eq!(stage.ask(&Command::Cancel), Answer::Refused(Refusal::Unproven));
    let edit = Command::Edit { changes: crate::Override::default(), hash: ContentHash([1; 16]) };
    assert_eq!(stage.ask(&edit), Answer::Refused(Refusal::Unproven));
    assert_eq!(stage.ask(&Command::Wake), Answer::Emit, "its deadline has passed, and it may be out");
    while stage.target.state != State::Retrying {
        stage.looked(Finding::Absent);
    }
    assert_eq!(stage.begin(), Answer::Drop { state: State::Expired, listed: false });
}

#[test]
fn what_had_failed_or_expired_stays_so_until_somebody_lets_it_go_on() {
    let mut failed = Stage::new(LOOK);
    let attempt = failed.begun(AttemptKind::Send);
    let refused = Failure { worth: Worth::Never, ..failure(Landed::No, Code::CONTENT_REFUSED) };
    failed.finish(attempt, Outcome::Failed(refused));
    failed.pass(3_600);
    failed.lose();
    assert!(failed.target.state == State::Failed && failed.target.listed.is_some());
    assert_eq!(failed.ask(&Command::Cancel), Answer::Refused(Refusal::Unproven), "somebody may have retried it");
    assert_eq!(failed.ask(&Command::Retry), Answer::Done);
    failed.looked(Finding::Found(receipt("p1")));
    assert_eq!(failed.target.state, State::Published);

    let mut expired = Stage::new(LOOK);
    expired.target.deadline = Some(at(60));
    expired.pass(3_600);
    expired.ask(&Command::Wake);
    assert_eq!(expired.target.state, State::Expired);
    expired.lose();
    let anew = Command::Reschedule { due_at: at(3_700), deadline: None, hash: ContentHash([0; 16]) };
    assert_eq!(expired.ask(&anew), Answer::Done);
    expired.pass_to_next();
    expired.looked(Finding::Found(receipt("p1")));
    assert_eq!(expired.target.state, State::Published);
}

#[test]
fn what_is_at_its_end_is_left_alone() {
    for state in [State::Published, State::Cancelled] {
        let mut stage = Stage::new(LOOK);
        stage.target.state = state;
        stage.target.out = vec![crate::PartOut { part: 0, receipt: receipt("p1"), at: stage.now }];
        let before = stage.target.clone();
        stage.ask(&Command::Restored { gap: gap() });
        assert_eq!(stage.target, before);
    }
}

#[test]
fn whoever_was_at_work_comes_late_and_is_believed_only_what_is_out() {
    let mut stage = Stage::new(LOOK);
    let lost = stage.begun(AttemptKind::Send);
    stage.lose();
    assert_eq!((stage.target.state, &stage.target.lease), (State::Retrying, &None));
    assert_eq!(stage.arm(lost, 0), Answer::Lost);
    stage.pass(3_760);
    let look = stage.look();
    assert!(look > Gap::FENCE, "no number is given twice");
    let not_sent = Outcome::Failed(failure(Landed::No, Code::UNREACHABLE));
    assert_eq!(stage.finish(lost, not_sent), Answer::Lost, "what it knows of is not all that happened");
    assert_eq!(stage.target.state, State::InDoubt);
    let proof = Outcome::Published(vec![(0, receipt("p1"))]);
    assert_eq!(stage.finish(lost, proof), Answer::Finished(Next::Nothing));
    assert_eq!((stage.target.state, stage.target.gap), (State::Published, None));
}

#[test]
fn a_doubt_lasts_until_the_end_of_the_gap() {
    let mut stage = Stage::new(KEY_AND_LOOK);
    stage.fall_into_doubt();
    stage.lose();
    let armed = stage.target.armed.clone().unwrap();
    assert_eq!((armed.first_at, armed.last_at), (at(0), gap().until));
    stage.looked(Finding::Absent);
    assert_eq!(stage.target.state, State::InDoubt, "it is looked at again, and never repeated by its key");
    assert_eq!(stage.target.gap, Some(gap()));
}

#[test]
fn what_a_person_was_asked_about_stays_with_the_person() {
    let mut stage = Stage::new(RepeatSafety::Nothing);
    stage.fall_into_doubt();
    assert_eq!(stage.target.listed.as_ref().unwrap().reason, ListReason::Undecidable);
    let said_of = stage.target.attempt;
    stage.lose();
    assert!(stage.target.listed.is_some() && stage.target.wake_at.is_none());
    let again = Command::Decide(Decision::SendAgain { attempt: said_of });
    assert_eq!(
        stage.ask(&again),
        Answer::Refused(Refusal::Overtaken),
        "somebody may have said so before, and it went out"
    );
}

#[test]
fn of_a_thread_every_part_is_looked_for() {
    let mut stage = Stage::restored(LOOK);
    for part in 0..2 {
        let attempt = stage.look();
        let finding = Finding::Found(receipt(&format!("p{part}")));
        stage.finish(attempt, Outcome::Looked { part, finding, last: false });
        assert_eq!(stage.target.state, State::Retrying);
        assert_eq!(stage.target.gap, Some(gap()), "the next part may be out as well");
    }
    while stage.target.gap.is_some() {
        let attempt = stage.look();
        assert_eq!(stage.target.armed.as_ref().unwrap().part, 2);
        stage.finish(attempt, Outcome::Looked { part: 2, finding: Finding::Absent, last: true });
    }
    stage.begun(AttemptKind::Send);
    assert_eq!(stage.target.next_part(), 2);
}

#[test]
fn a_person_who_says_that_a_part_is_out_says_nothing_of_the_next() {
    let mut stage = Stage::restored(RepeatSafety::Nothing);
    stage.looked(Finding::CannotTell("nobody can".into()));
    let published = Decision::Published { receipt: receipt("p1"), last: false, shared: false };
    assert_eq!(stage.ask(&Command::Decide(published)), Answer::Done);
    stage.look();
    assert_eq!(stage.target.armed.as_ref().unwrap().part, 1);
}

#[test]
fn a_person_who_sees_it_on_the_platform_need_not_wait_for_the_machine() {
    let mut stage = Stage::restored(LOOK);
    let published = Decision::Published { receipt: receipt("p1"), last: true, shared: false };
    let again = Command::Decide(Decision::SendAgain { attempt: stage.target.attempt });
    assert_eq!(stage.ask(&again), Answer::Refused(Refusal::InDoubt), "the machine looks first");
    assert_eq!(stage.ask(&Command::Decide(published)), Answer::Done);
    assert_eq!((stage.target.state, stage.target.gap), (State::Published, None));
}

#[test]
fn an_account_that_asks_for_it_is_sent_again() {
    let mut stage = Stage::restored(RepeatSafety::Nothing);
    stage.on_doubt = OnDoubt::Resend;
    stage.looked(Finding::CannotTell("nobody can".into()));
    assert_eq!(stage.target.gap, None);
    stage.begun(AttemptKind::Send);
}

#[test]
fn under_a_pause_it_is_neither_looked_for_nor_forgotten() {
    let mut stage = Stage::restored(LOOK);
    let pause = Pause {
        id: Uuid::nil(),
        scope: PauseScope::All,
        reason: "restore".into(),
        code: None,
        by: "me".into(),
        since: stage.now,
    };
    stage.pauses = vec![pause];
    stage.begin();
    assert_eq!((stage.target.state, stage.target.gap), (State::Held, Some(gap())));
    stage.pauses.clear();
    stage.ask(&Command::Release { at: stage.now });
    stage.looked(Finding::Found(receipt("p1")));
    assert_eq!(stage.target.state, State::Published);
}

#[test]
fn to_be_told_again_is_harmless() {
    let mut stage = Stage::restored(LOOK);
    let once = stage.target.clone();
    stage.lose();
    assert_eq!(Target { attempt: once.attempt, ..stage.target.clone() }, once);
}
