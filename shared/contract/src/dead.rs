//! Dead letters: targets that need a person, and messages that cannot be read.

use std::collections::BTreeMap;

use domain::{Code, ListReason, PartOut, Scope, State, Target};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Diagnosis, Publish, Unreadable,
    advice::{Stands, advice},
    diagnosis::remedy,
};

/// Header: why it is a dead letter, as `permanent` or `unreadable`. A publish message that carries it and is back in a work
/// queue was moved there by a person: that is a request to try again.
pub const REASON: &str = "oncepost-reason";
/// Header: the failure's code, as `OP-2102`.
pub const CODE: &str = "oncepost-code";
/// Header: what happened, in one line.
pub const WHAT: &str = "oncepost-what";
/// Header: whose fault it is.
pub const WHOSE: &str = "oncepost-whose";
/// Header: what to do.
pub const DO: &str = "oncepost-do";
/// Header: the newest attempt's number.
pub const ATTEMPT: &str = "oncepost-attempt";

/// The most that is told of why a message cannot be read, in characters.
const LONGEST_WHY: usize = 500;

/// [`REASON`] of a message that cannot be understood.
pub const UNREADABLE: &str = "unreadable";

/// The body of a dead letter, version 1: the publish message, and why a person is needed. Moved back into the work queue by
/// RabbitMQ's own means it reads as a publish message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "oncepost dead letter v1")]
pub struct Dead {
    /// What was to be published.
    #[serde(flatten)]
    pub publish: Publish,
    /// Why a person is needed.
    pub reason: ListReason,
    /// What happened, whose fault it is, what to do.
    pub diagnosis: Diagnosis,
    /// What is out all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<PartOut>,
}

impl Dead {
    /// The dead letter for `target`; nothing if it is not on the operators' list.
    pub fn of(target: &Target, now: Timestamp) -> Option<Self> {
        Self::naming(target, now, None)
    }

    /// The same for whoever knows by what people know the part in doubt, as `part 3 of 5`.
    pub fn naming(target: &Target, now: Timestamp, named: Option<&str>) -> Option<Self> {
        let reason = target.listed.as_ref()?.reason;
        Some(Self {
            publish: Publish::of(target, now),
            reason,
            diagnosis: diagnose(target, reason, named),
            out: target.out.clone(),
        })
    }

    /// Why a person is needed for `target`; nothing if it is not on the operators' list.
    pub fn diagnosis(target: &Target) -> Option<Diagnosis> {
        target.listed.as_ref().map(|listed| diagnose(target, listed.reason, None))
    }

    /// The headers that go with it, so that the management page shows them without a look at the body.
    pub fn headers(&self) -> BTreeMap<String, String> {
        let mut headers = headers(self.reason.name(), &self.diagnosis);
        headers.insert(ATTEMPT.into(), self.publish.attempt.to_string());
        headers
    }

    /// The letter's body.
    pub fn encode(&self) -> Vec<u8> {
        crate::to_json(self)
    }
}

/// The headers of a message that could not be read; its body goes into the dead letters as it came.
pub fn unreadable_headers(error: &Unreadable) -> BTreeMap<String, String> {
    // A parser may quote all of a long value, and a message's headers have to fit into one frame.
    let short = |cause: &dyn std::error::Error| cause.to_string().chars().take(LONGEST_WHY).collect::<String>();
    let why = std::error::Error::source(error).map(|cause| format!(": {}", short(cause))).unwrap_or_default();
    let diagnosis = Diagnosis {
        code: Unreadable::CODE,
        sentence: format!("{} {error}{why}", Unreadable::CODE),
        whose_fault: Scope::System.whose_fault().into(),
        remedy: remedy(Unreadable::CODE),
    };
    headers(UNREADABLE, &diagnosis)
}

fn headers(reason: &str, diagnosis: &Diagnosis) -> BTreeMap<String, String> {
    let code = diagnosis.code.to_string();
    [
        (REASON, reason),
        (CODE, &code),
        (WHAT, &diagnosis.sentence),
        (WHOSE, &diagnosis.whose_fault),
        (DO, &diagnosis.remedy),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The last failure says what happened, and its code is the one that is shown; the reason says what to do, where it is more than that
/// failure. That the tries are used up is less: what they failed of is the cause.
fn diagnose(target: &Target, reason: ListReason, named: Option<&str>) -> Diagnosis {
    let last = target.last_failure.as_ref().map(|failure| failure.code);
    let of_reason = match reason {
        ListReason::Permanent => last.unwrap_or(Code::OWN_HICCUP),
        ListReason::TriesUsedUp => last.unwrap_or(Code::TRIES_USED_UP),
        ListReason::Poison => Code::POISON,
        ListReason::Undecidable => Code::UNDECIDABLE,
        ListReason::StillProcessing => Code::MEDIA_NOT_READY,
    };
    let what = match &target.last_failure {
        Some(failure) => Diagnosis::of(failure, target, named),
        None => untold(of_reason, reason, target.state),
    };
    let remedy = advice(of_reason, last.unwrap_or(of_reason), Stands::of(target, named));
    let sentence = match reason {
        ListReason::TriesUsedUp => format!("{}; {}", what.sentence, tried(target.tries)),
        ListReason::Poison if last.is_some() => format!("{}; workers died on it again and again", what.sentence),
        _ => what.sentence,
    };
    Diagnosis { sentence, remedy, ..what }
}

fn tried(times: u16) -> String {
    if times == 1 { "tried once".into() } else { format!("tried {times} times") }
}

/// The diagnosis of a target that is listed without a failure on record.
fn untold(code: Code, reason: ListReason, state: State) -> Diagnosis {
    let title = code.page().map_or("", |page| page.title);
    // Nothing went wrong here where the platform has taken it and never decides.
    let scope = if reason == ListReason::StillProcessing { Scope::Channel } else { Scope::System };
    Diagnosis {
        code,
        sentence: format!("{code} {title}; now {}", state.words()),
        whose_fault: scope.whose_fault().into(),
        remedy: remedy(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{failed, target};

    /// Handles may hold addresses that carry their own permission.
    #[test]
    fn what_a_channel_keeps_to_go_on_with_is_in_no_message() {
        let mut target = failed();
        target.handles.insert("upload".into(), "https://up.example/?upload_token=hush".into());
        let letter = Dead::of(&target, Timestamp::UNIX_EPOCH).unwrap();
        let publish = Publish::of(&target, Timestamp::UNIX_EPOCH);
        let headers = format!("{:?}", letter.headers()).into_bytes();
        for bytes in [letter.encode(), publish.encode(), headers] {
            assert!(!String::from_utf8(bytes).unwrap().contains("hush"));
        }
    }

    #[test]
    fn a_dead_letter_moved_back_reads_as_a_publish_message() {
        let letter = Dead::of(&failed(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(Publish::decode(&letter.encode()).unwrap(), letter.publish);
        assert_eq!(serde_json::from_slice::<Dead>(&letter.encode()).unwrap(), letter);
    }

    #[test]
    fn the_headers_say_what_whose_and_what_to_do() {
        let headers = Dead::of(&failed(), Timestamp::UNIX_EPOCH).unwrap().headers();
        assert_eq!(headers[REASON], "permanent");
        assert_eq!(headers[CODE], "OP-2102");
        assert_eq!(headers[ATTEMPT], "3");
        assert_eq!(headers[WHOSE], "the account or its credentials");
        assert!(headers[WHAT].contains("token was revoked") && !headers[DO].is_empty());
    }

    #[test]
    fn the_reason_decides_the_remedy_and_the_failure_the_story() {
        let mut tired = failed();
        tired.listed.as_mut().unwrap().reason = ListReason::TriesUsedUp;
        let diagnosis = Dead::of(&tired, Timestamp::UNIX_EPOCH).unwrap().diagnosis;
        assert_eq!(diagnosis.code, Code::TOKEN_REVOKED);
        assert_eq!(diagnosis.remedy, remedy(Code::TOKEN_REVOKED));
        tired.last_failure = None;
        let diagnosis = Dead::of(&tired, Timestamp::UNIX_EPOCH).unwrap().diagnosis;
        assert!(diagnosis.sentence.starts_with("OP-5004"));
        assert_eq!((diagnosis.code, diagnosis.remedy), (Code::TRIES_USED_UP, remedy(Code::TRIES_USED_UP)));
    }

    #[test]
    fn tries_that_are_used_up_are_told_of_by_what_they_failed_of() {
        let mut tired = failed();
        tired.listed.as_mut().unwrap().reason = ListReason::TriesUsedUp;
        tired.tries = 8;
        tired.last_failure.as_mut().unwrap().code = Code::UNREACHABLE;
        let letter = Dead::of(&tired, Timestamp::UNIX_EPOCH).unwrap();
        let Diagnosis { sentence, remedy, .. } = &letter.diagnosis;
        assert!(sentence.starts_with("OP-3001 The platform could not be reached"), "{sentence}");
        assert!(sentence.ends_with("; now failed; tried 8 times"), "{sentence}");
        assert!(remedy.starts_with("See whether the platform answers again"), "{remedy}");
        assert_eq!((&*letter.headers()[REASON], &*letter.headers()[CODE]), ("tries_used_up", "OP-3001"));
    }

    #[test]
    fn what_is_never_decided_is_the_platforms_and_what_could_not_be_asked_says_why() {
        let mut still = failed();
        still.state = State::Processing;
        still.listed.as_mut().unwrap().reason = ListReason::StillProcessing;
        let told = Dead::of(&still, Timestamp::UNIX_EPOCH).unwrap().diagnosis;
        assert_eq!((told.code, told.whose_fault.as_str()), (Code::TOKEN_REVOKED, "the account or its credentials"));
        assert!(told.sentence.contains("OP-2102"), "{}", told.sentence);
        still.last_failure = None;
        let untold = Dead::of(&still, Timestamp::UNIX_EPOCH).unwrap().diagnosis;
        assert_eq!((untold.code, untold.whose_fault.as_str()), (Code::MEDIA_NOT_READY, "the platform"));
    }

    /// Shown side by side, two codes are a riddle.
    #[test]
    fn the_code_is_that_of_the_sentence_and_the_remedy_that_of_the_reason() {
        use ListReason::{Permanent, Poison, StillProcessing, TriesUsedUp, Undecidable};
        let mut listed = failed();
        for reason in [Permanent, TriesUsedUp, Poison, Undecidable, StillProcessing] {
            listed.listed.as_mut().unwrap().reason = reason;
            let told = Dead::of(&listed, Timestamp::UNIX_EPOCH).unwrap().diagnosis;
            assert!(told.sentence.starts_with(&format!("{} ", told.code)), "{reason:?}: {told:?}");
        }
        listed.listed.as_mut().unwrap().reason = Poison;
        let told = Dead::of(&listed, Timestamp::UNIX_EPOCH).unwrap().diagnosis;
        assert_eq!((told.code, told.remedy), (Code::TOKEN_REVOKED, remedy(Code::POISON)));
        assert!(told.sentence.ends_with("; workers died on it again and again"), "{}", told.sentence);
    }

    #[test]
    fn only_what_is_listed_is_a_dead_letter() {
        assert_eq!(Dead::of(&target(), Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn an_unreadable_message_says_why() {
        let error = Publish::decode(b"{").unwrap_err();
        let headers = unreadable_headers(&error);
        assert_eq!((headers[REASON].as_str(), headers[CODE].as_str()), (UNREADABLE, "OP-5009"));
        assert!(headers[WHAT].contains("EOF"), "{}", headers[WHAT]);
    }

    #[test]
    fn however_long_the_message_its_headers_fit_into_a_frame() {
        let body = format!(r#"{{"version":"{}"}}"#, "x".repeat(1 << 20));
        let headers = unreadable_headers(&Publish::decode(body.as_bytes()).unwrap_err());
        assert!(headers.values().all(|value| value.len() < 4_096));
    }
}
