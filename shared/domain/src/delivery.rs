//! What a worker makes of what it is told and of what it saw: the ledger's answers, and the end of a call.

use jiff::Timestamp;

use crate::{Answer, Begun, Code, Failure, Finding, Landed, Next, Outcome, PlatformWords, Receipt, Scope, Worth};

/// What a worker does next with its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Make the attempt.
    Attempt(Begun),
    /// Come back with the message at this time.
    ComeBack(Timestamp),
    /// Another worker has the target until then: make way, and look again.
    MakeWay(Timestamp),
    /// Send a dead letter, then acknowledge.
    Bury,
    /// Acknowledge: there is nothing to do.
    Drop,
}

/// After [`crate::Command::Begin`].
///
/// Whoever meets a listed target owes its letter: the worker that listed it may have died before sending it or may not have
/// heard that it did, or a person has moved the letter back. A second letter is harmless; none would leave a person waiting.
pub fn after_begin(answer: &Answer) -> Act {
    match answer {
        Answer::Begun(begun) => Act::Attempt(begun.clone()),
        Answer::NotYet(at) => Act::ComeBack(*at),
        Answer::Busy(until) => Act::MakeWay(*until),
        Answer::Finished(Next::Dead) => Act::Bury,
        Answer::Drop { listed: true, .. } => Act::Bury,
        _ => Act::Drop,
    }
}

/// After [`crate::Command::Finish`]. `listed`: the target is on the operators' list now. Asked again after an answer that was
/// lost, the ledger says that the attempt is over, and the letter is owed all the same.
pub fn after_finish(answer: &Answer, listed: bool) -> Act {
    match answer {
        Answer::Finished(Next::Carry(at)) => Act::ComeBack(*at),
        Answer::Finished(Next::Dead) => Act::Bury,
        Answer::Lost if listed => Act::Bury,
        _ => Act::Drop,
    }
}

/// How sending ended, as the channel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// Everything is out.
    Out,
    /// Accepted; the platform still decides.
    Processing,
    /// It went wrong.
    Failed(Failure),
    /// The attempt's time was over before the channel was done.
    OutOfTime,
}

/// What the worker itself noted while the channel sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noted {
    /// Every part has a receipt, of this attempt or an earlier one.
    pub everything_out: bool,
    /// The publish point that was called without a recorded outcome.
    pub at_publish_point: Option<&'static str>,
    /// Proofs that are not in the ledger yet.
    pub unrecorded: Vec<(u16, Receipt)>,
    /// The worker has been asked to stop.
    pub stopping: bool,
}

/// What came of sending. `None`: it must be left to a successor to find out.
///
/// A call that was cut off at a publish point may have landed, whatever else is known; before one it surely has not.
pub fn outcome(sent: Sent, noted: Noted) -> Option<Outcome> {
    if noted.everything_out && noted.at_publish_point.is_none() {
        // Whatever went wrong after the last part was out cannot make it less out.
        return Some(Outcome::Published(noted.unrecorded));
    }
    match sent {
        Sent::Processing => Some(Outcome::Processing),
        // The channel says that everything is out and has no proof of it: the ledger makes a doubt of that.
        Sent::Out => Some(Outcome::Published(Vec::new())),
        // A part is out and could not be recorded because the worker stops: its successor settles it.
        Sent::Failed(failure) if failure.landed == Landed::Unknown && noted.stopping => None,
        Sent::Failed(failure) => Some(Outcome::Failed(failure)),
        Sent::OutOfTime => Some(Outcome::Failed(out_of_time(noted.at_publish_point))),
    }
}

/// The failure of an attempt whose time is over.
pub fn out_of_time(at_publish_point: Option<&'static str>) -> Failure {
    let (code, landed, step) = match at_publish_point {
        Some(step) => (Code::NO_ANSWER, Landed::Unknown, step),
        None => (Code::TOO_SLOW, Landed::No, "before the publish point"),
    };
    Failure {
        code,
        landed,
        worth: Worth::Retry { not_before: None },
        scope: Scope::Channel,
        step: step.into(),
        said: PlatformWords::text("the attempt reached its time limit"),
    }
}

/// What came of a platform's verdict that `part` is out: of several parts the rest is still to be sent.
pub fn decided(part: u16, receipt: Receipt, parts: u16) -> Outcome {
    if part.saturating_add(1) >= parts {
        Outcome::Published(vec![(part, receipt)])
    } else {
        Outcome::Looked { part, finding: Finding::Found(receipt), last: false }
    }
}

/// What a failed look means: it publishes nothing, so its failure cannot mean that anything more is out.
pub fn look_failed(failure: Failure) -> Outcome {
    let landed = match failure.landed {
        Landed::Yes => Landed::Unknown,
        other => other,
    };
    Outcome::Failed(Failure { landed, ..failure })
}

/// What a failed poll means: the platform could not be asked, whatever the reason, and the post may be out (D02). A verdict, the
/// channel names as one.
pub fn poll_failed(failure: Failure) -> Outcome {
    Outcome::Failed(Failure { landed: Landed::Unknown, ..failure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttemptKind, Fix, State};

    fn failed(landed: Landed) -> Failure {
        Failure { landed, ..Failure::system(Code::OWN_HICCUP, "step", "said") }
    }

    fn proof() -> Vec<(u16, Receipt)> {
        vec![(0, Receipt { id: "p1".into(), url: None })]
    }

    #[test]
    fn every_answer_to_begin_has_its_act() {
        let at = Timestamp::UNIX_EPOCH;
        let begun = Begun { attempt: 1, kind: AttemptKind::Send, armed: false };
        let drop = |listed| Answer::Drop { state: State::Failed, listed };
        let table = [
            (Answer::Begun(begun.clone()), Act::Attempt(begun)),
            (Answer::NotYet(at), Act::ComeBack(at)),
            (Answer::Busy(at), Act::MakeWay(at)),
            (Answer::Finished(Next::Dead), Act::Bury),
            (drop(true), Act::Bury),
            (drop(false), Act::Drop),
            (Answer::Lost, Act::Drop),
        ];
        for (answer, act) in table {
            assert_eq!(after_begin(&answer), act, "{answer:?}");
        }
    }

    #[test]
    fn every_answer_to_finish_has_its_act() {
        let at = Timestamp::UNIX_EPOCH;
        let table = [
            (Answer::Finished(Next::Carry(at)), Act::ComeBack(at)),
            (Answer::Finished(Next::Dead), Act::Bury),
            (Answer::Finished(Next::Wait(at)), Act::Drop),
            (Answer::Finished(Next::Nothing), Act::Drop),
            (Answer::Lost, Act::Drop),
        ];
        for (answer, act) in table {
            assert_eq!(after_finish(&answer, false), act, "{answer:?}");
        }
        assert_eq!(after_finish(&Answer::Lost, true), Act::Bury, "its answer was lost, and so would the letter be");
    }

    #[test]
    fn what_is_out_stays_out_whatever_happens_after_it() {
        let noted = Noted { everything_out: true, unrecorded: proof(), ..Noted::default() };
        for sent in [Sent::Out, Sent::OutOfTime, Sent::Processing, Sent::Failed(failed(Landed::No))] {
            assert_eq!(outcome(sent.clone(), noted.clone()), Some(Outcome::Published(proof())), "{sent:?}");
        }
    }

    #[test]
    fn a_publish_point_without_an_outcome_is_never_called_out() {
        // Every part has a receipt, and yet the last call has no recorded end: its receipt may be an earlier one's.
        let noted = Noted { everything_out: true, at_publish_point: Some("publish"), ..Noted::default() };
        let Some(Outcome::Failed(failure)) = outcome(Sent::OutOfTime, noted) else { panic!("a failure") };
        assert_eq!(failure.landed, Landed::Unknown);
    }

    #[test]
    fn a_call_that_is_cut_off_is_a_doubt_at_the_publish_point_and_none_before_it() {
        let at = |step| Noted { at_publish_point: step, ..Noted::default() };
        let landed = |step| match outcome(Sent::OutOfTime, at(step)) {
            Some(Outcome::Failed(failure)) => (failure.landed, failure.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(landed(Some("publish")), (Landed::Unknown, Code::NO_ANSWER));
        assert_eq!(landed(None), (Landed::No, Code::TOO_SLOW));
    }

    #[test]
    fn the_channels_word_counts_otherwise() {
        let (noted, stopping) = (Noted::default(), Noted { stopping: true, ..Noted::default() });
        assert_eq!(outcome(Sent::Out, noted.clone()), Some(Outcome::Published(vec![])), "without proof");
        assert_eq!(outcome(Sent::Processing, noted.clone()), Some(Outcome::Processing));
        let (unknown, no) = (failed(Landed::Unknown), failed(Landed::No));
        assert_eq!(outcome(Sent::Failed(unknown.clone()), noted), Some(Outcome::Failed(unknown.clone())));
        assert_eq!(outcome(Sent::Failed(unknown), stopping.clone()), None, "a successor settles it");
        assert_eq!(outcome(Sent::Failed(no.clone()), stopping), Some(Outcome::Failed(no)));
    }

    #[test]
    fn d02_a_poll_that_could_not_ask_is_no_verdict() {
        let mended = |fix| Worth::AfterFix { fix };
        for worth in [mended(Fix::Reconnect), mended(Fix::Content), Worth::Never, Worth::Retry { not_before: None }] {
            let failed = Failure { worth, ..failed(Landed::No) };
            assert_eq!(poll_failed(failed.clone()), Outcome::Failed(Failure { landed: Landed::Unknown, ..failed }));
        }
    }

    #[test]
    fn a_failed_look_says_nothing_new() {
        let landed = |landed| match look_failed(failed(landed)) {
            Outcome::Failed(failure) => failure.landed,
            other => panic!("{other:?}"),
        };
        assert_eq!(landed(Landed::Yes), Landed::Unknown);
        assert_eq!(landed(Landed::No), Landed::No);
        assert_eq!(landed(Landed::Unknown), Landed::Unknown);
    }

    #[test]
    fn m15_a_verdict_on_the_first_part_does_not_end_the_others() {
        let (part, receipt) = proof().remove(0);
        assert_eq!(decided(part, receipt.clone(), 1), Outcome::Published(proof()));
        let found = Finding::Found(receipt.clone());
        assert_eq!(decided(part, receipt.clone(), 2), Outcome::Looked { part, finding: found, last: false });
        assert_eq!(decided(1, receipt.clone(), 2), Outcome::Published(vec![(1, receipt)]));
    }
}
