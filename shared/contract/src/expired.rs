//! A target whose deadline has passed, told to people: what kept it, whose fault that is, and how it can still go out.

use domain::{Code, Failure, State};
use jiff::Timestamp;

use crate::{Diagnosis, diagnosis::remedy};

const NEW_DEADLINE: &str = "If it should still go out, reschedule it with a new deadline.";

/// The diagnosis of a target that expired because of `kept`.
pub(crate) fn diagnosis(kept: &Failure, deadline: Option<Timestamp>) -> Diagnosis {
    let deadline = deadline.map(|at| format!(" {}", at.strftime("%Y-%m-%d %H:%M:%SZ"))).unwrap_or_default();
    let why = match (kept.code, kept.said.text.as_str()) {
        (Code::DEADLINE_PASSED, "") => String::new(),
        (Code::DEADLINE_PASSED, why) => format!(": {why}"),
        _ => format!("; what kept it: {}", kept.sentence(State::Expired)),
    };
    Diagnosis {
        code: Code::DEADLINE_PASSED,
        sentence: format!("{} Its deadline{deadline} passed before it could be sent{why}", Code::DEADLINE_PASSED),
        whose_fault: kept.whose_fault().into(),
        remedy: still(kept),
    }
}

/// What mends it, and that a deadline that has passed needs a new one.
fn still(kept: &Failure) -> String {
    if kept.is_rate_limit() {
        return "It waited for the rate limit. If it should still go out, reschedule it to after the limit's end, with a new deadline."
            .into();
    }
    if kept.code == Code::DEADLINE_PASSED {
        return remedy(kept.code);
    }
    match kept.code.page().map(|page| page.mend()).unwrap_or_default() {
        // It was true of the failure as long as there was time.
        nothing if nothing.is_empty() || nothing.starts_with("Nothing") => NEW_DEADLINE.into(),
        mend => format!("{mend} {NEW_DEADLINE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventMessage, fixtures::failed};

    fn told(kept: &Failure) -> Diagnosis {
        diagnosis(kept, Some("2026-06-01T13:30:00Z".parse().unwrap()))
    }

    #[test]
    fn what_kept_it_is_told_and_blamed() {
        let dead = told(failed().last_failure.as_ref().unwrap());
        let begins = "OP-5005 Its deadline 2026-06-01 13:30:00Z passed before it could be sent; what kept it: OP-2102 ";
        assert!(dead.sentence.starts_with(begins), "{}", dead.sentence);
        assert_eq!(dead.whose_fault, "the account or its credentials");
        assert!(
            dead.remedy.contains("`oncepost accounts connect") && dead.remedy.ends_with(NEW_DEADLINE),
            "{}",
            dead.remedy
        );
        assert!(!dead.remedy.contains("oncepost retry"), "what has expired takes no retry: {}", dead.remedy);
        let late = told(&Failure::system(Code::DEADLINE_PASSED, "wait", "no scheduler handed it over in time"));
        assert!(late.sentence.ends_with("could be sent: no scheduler handed it over in time"), "{}", late.sentence);
        assert_eq!(late.whose_fault, "oncepost or its servers");
    }

    #[test]
    fn whoever_has_an_expired_target_is_not_told_to_wait() {
        for code in Code::ALL {
            let said = told(&Failure::system(*code, "step", "")).remedy;
            assert!(said.contains("new deadline") && !said.starts_with("Nothing"), "{code}: {said}");
        }
    }

    #[test]
    fn upstream_is_told_the_same() {
        let target = domain::Target { state: State::Expired, listed: None, ..failed() };
        let event = domain::Event::of(&target, Timestamp::UNIX_EPOCH).unwrap();
        let diagnosis = EventMessage::of(event).diagnosis.unwrap();
        assert_eq!(diagnosis.code, Code::DEADLINE_PASSED);
        assert!(diagnosis.sentence.contains("what kept it: OP-2102"), "{}", diagnosis.sentence);
    }
}
