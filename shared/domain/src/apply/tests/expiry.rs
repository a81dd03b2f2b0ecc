//! What is too late, and why.

use super::*;

fn seconds(n: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(n)
}

fn paused(scope: PauseScope, code: Option<Code>, reason: &str) -> Pause {
    let (id, since) = (Uuid::nil(), Timestamp::UNIX_EPOCH);
    Pause { id, scope, reason: reason.into(), code, by: "ann".into(), since }
}

/// Whoever asks why it did not go out is told what kept it: the pause, or the failure, may be over by then.
#[test]
fn what_expires_says_what_kept_it() {
    let account = |stage: &Stage| PauseScope::Account {
        tenant: stage.target.tenant.clone(),
        channel: stage.target.channel.clone(),
        account: stage.target.account.clone(),
    };
    let kept = |prepare: &dyn Fn(&mut Stage)| {
        let mut stage = Stage::new(RepeatSafety::Nothing);
        stage.target.deadline = Some(seconds(60));
        prepare(&mut stage);
        stage.now = seconds(60);
        stage.ask(&Command::Wake);
        assert_eq!(stage.target.state, State::Expired, "{:?}", stage.target);
        let kept = stage.target.last_failure.unwrap();
        (kept.code, kept.scope, kept.step, kept.said.text)
    };
    let dead = kept(&|stage| {
        stage.pauses = vec![paused(account(stage), Some(Code::TOKEN_REVOKED), "the token is dead")];
        stage.ask(&Command::Wake);
    });
    let step = "pause of account:acme/webhook/main".to_owned();
    assert_eq!(dead, (Code::TOKEN_REVOKED, Scope::Account, step.clone(), "the token is dead".into()));
    let by_hand = kept(&|stage| stage.pauses = vec![paused(account(stage), None, "legal")]);
    assert_eq!(by_hand, (Code::HELD_TOO_LONG, Scope::System, step, "legal".into()));
    let (_, _, step, said) =
        kept(&|stage| stage.pauses = vec![paused(PauseScope::All, None, "another tenant's trouble")]);
    assert_eq!((step.as_str(), said.as_str()), ("pause of all", ""), "why all are held is not for each to know");

    let mut own = (Code::DEADLINE_PASSED, Scope::System, "wait".to_owned(), String::new());
    own.3 = "no scheduler handed it over in time".into();
    assert_eq!(kept(&|_| {}), own);
    own.3 = "it was handed over, and no worker came to it in time".into();
    assert_eq!(
        kept(&|stage| {
            stage.ask(&Command::Wake);
        }),
        own
    );
    own.3 = "its turn would have come at 1970-01-01 00:02:00Z".into();
    assert_eq!(kept(&|stage| stage.target.next_at = Some(seconds(120))), own);
    own.3 = "the pause that held it had ended, and it was not released in time".into();
    let released_late = |stage: &mut Stage| {
        stage.pauses = vec![paused(account(stage), None, "legal")];
        stage.ask(&Command::Wake);
        stage.pauses.clear();
    };
    assert_eq!(kept(&released_late), own);

    let failing = |stage: &mut Stage| {
        let attempt = stage.begun(AttemptKind::Send);
        stage.finish(attempt, Outcome::Failed(failure(Landed::No, Code::OUT_OF_ORDER)));
    };
    assert_eq!(kept(&failing).0, Code::OUT_OF_ORDER, "it was tried until it was too late");
    let retried = |stage: &mut Stage| {
        failing(stage);
        stage.ask(&Command::Retry);
    };
    assert_eq!(kept(&retried).0, Code::DEADLINE_PASSED, "that was before it was set going anew");
}

/// The scheduler was there all along. What kept it is over when somebody asks, and stands nowhere else.
#[test]
fn what_expires_while_the_broker_is_away_says_so() {
    let why = |since, until, prepare: &dyn Fn(&mut Stage)| {
        let mut stage = Stage::new(RepeatSafety::Nothing);
        stage.target.deadline = Some(seconds(60));
        prepare(&mut stage);
        stage.now = seconds(90);
        stage.ask(&Command::WakeAfter { outage: crate::Outage { since: seconds(since), until: seconds(until) } });
        assert_eq!(stage.target.state, State::Expired, "{:?}", stage.target);
        stage.target.last_failure.unwrap().said.text
    };
    let away = "the broker did not answer from 1970-01-01 00:00:20Z to 1970-01-01 00:01:20Z";
    assert_eq!(why(20, 80, &|_| {}), format!("no scheduler handed it over in time; {away}"));
    let handed_over = |stage: &mut Stage| {
        stage.ask(&Command::Wake);
    };
    let waited = "it was handed over, and no worker came to it in time";
    assert_eq!(why(20, 80, &handed_over), format!("{waited}; {away}"));
    for (since, until) in [(20, 59), (61, 80)] {
        assert_eq!(why(since, until, &|_| {}), "no scheduler handed it over in time", "it answered at the deadline");
    }
    let later = why(20, 80, &|stage| stage.target.next_at = Some(seconds(120)));
    assert_eq!(later, "its turn would have come at 1970-01-01 00:02:00Z");
}
