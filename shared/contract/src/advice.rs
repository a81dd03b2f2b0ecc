//! What to do about a target that something went wrong with: by the failure, and by what the target takes where it stands.

use domain::{Code, Event, State, Target};
use jiff::Timestamp;

use crate::diagnosis::remedy;

/// Where a target stands, as far as it decides what can be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stands<'a> {
    /// Its state.
    pub state: State,
    /// The publish point in doubt, where it is known.
    part: Option<u16>,
    /// What people are to know it by, where that is more than its number.
    named: Option<&'a str>,
    /// A part of it is out.
    partly_out: bool,
    /// A person is asked.
    asked: bool,
    /// Its deadline, where it is known.
    pub deadline: Option<Timestamp>,
    /// Its newest attempt, where it is known.
    attempt: Option<u32>,
}

impl<'a> Stands<'a> {
    pub fn of(target: &Target, named: Option<&'a str>) -> Self {
        Self {
            state: target.state,
            part: target.armed.as_ref().map(|armed| armed.part),
            named,
            partly_out: !target.out.is_empty(),
            asked: target.listed.is_some(),
            deadline: target.deadline,
            attempt: Some(target.attempt),
        }
    }

    /// Where the target of `event` stood in `state`.
    pub fn told(event: &Event, state: State) -> Self {
        let (partly_out, asked) = (!event.out.is_empty(), event.needs_person);
        Self { state, part: None, named: None, partly_out, asked, deadline: None, attempt: Some(event.attempt) }
    }

    /// What is in doubt. The first part of a target nothing of which is out stands for all of it.
    fn what(self) -> String {
        if let Some(named) = self.named {
            return named.into();
        }
        match self.part {
            Some(part) if part > 0 || self.partly_out => format!("part {}", u32::from(part) + 1),
            None if self.partly_out => "the part that follows what is out".into(),
            _ => "the post".into(),
        }
    }
}

/// What to do about a target that stands so because of `code`. A person's list may name another `reason` than the failure.
pub(crate) fn advice(reason: Code, code: Code, stands: Stands<'_>) -> String {
    match stands.state {
        State::InDoubt if !stands.asked => waiting(code, stands),
        State::InDoubt => asked(code, stands),
        State::Processing if stands.asked => asked(code, stands),
        _ if stands.partly_out && is_about_content(reason) => {
            "What is out stays out, and the target takes no edit any more. `oncepost retry TARGET` sends what is missing as it is; \
             `oncepost cancel TARGET` leaves it at what is out."
                .into()
        }
        State::Failed if stands.asked => reason.remedy_of_failed(),
        _ => remedy(reason),
    }
}

fn is_about_content(code: Code) -> bool {
    let about = [Code::CONTENT_REFUSED, Code::MEDIA_REFUSED, Code::DUPLICATE_REFUSED, Code::REFERENCE_GONE];
    about.contains(&code)
}

/// The machine is settling the doubt.
fn waiting(code: Code, stands: Stands<'_>) -> String {
    let what = stands.what();
    let repeats = match code {
        Code::DUPLICATE_REFUSED => " The earlier post that it repeats may be this very one.",
        _ => "",
    };
    let mend = mend(code);
    format!(
        "Nothing yet: oncepost finds out by itself whether {what} is out, and asks a person if it cannot.{repeats} Until then the target \
         takes no edit, retry or cancel. Whoever sees {what} on the platform settles it at once: `oncepost resolve TARGET --published \
         URL`.{mend}"
    )
}

/// An account that is out of order keeps the doubt open, and whatever follows it.
fn mend(code: Code) -> &'static str {
    if code.to_string().starts_with("OP-21") { " Mend the account, too, as the failure's page says." } else { "" }
}

/// A person is asked whether it is out.
fn asked(code: Code, stands: Stands<'_>) -> String {
    let what = stands.what();
    let attempt = stands.attempt.map_or_else(|| "N".into(), |attempt| attempt.to_string());
    let look = format!(
        "Look at the account on the platform. If {what} is there: `oncepost resolve TARGET --published URL`. If not: `oncepost resolve \
         TARGET --send-again --attempt {attempt}`"
    );
    if code != Code::DUPLICATE_REFUSED {
        return format!("{look}.{}", mend(code));
    }
    let first = "; but sent as it is, the platform may refuse it again as a repeat. Then pause the account (`oncepost pause`) before \
                 --send-again,";
    let then = if stands.partly_out {
        "and cancel what is missing (`oncepost cancel TARGET`): with a part out, it takes no edit."
    } else {
        "edit the text (`oncepost edit TARGET --text TEXT`), and resume the account; or cancel it."
    };
    format!("{look}{first} {then}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(state: State, part: Option<u16>, partly_out: bool, asked: bool) -> Stands<'static> {
        Stands { state, part, named: None, partly_out, asked, deadline: None, attempt: Some(3) }
    }

    #[test]
    fn while_the_machine_settles_a_doubt_nothing_is_advised_that_would_be_refused() {
        for code in Code::ALL {
            let said = advice(*code, *code, stands(State::InDoubt, Some(2), true, false));
            assert!(said.contains("whether part 3 is out") && said.contains("--published URL"), "{said}");
            assert!(!said.contains("--send-again") && said.contains("takes no edit, retry or cancel"), "{said}");
        }
    }

    #[test]
    fn a_person_is_told_how_to_say_a_repeat_otherwise() {
        let told = |partly_out| {
            advice(Code::UNDECIDABLE, Code::DUPLICATE_REFUSED, stands(State::InDoubt, Some(0), partly_out, true))
        };
        assert!(
            told(false).contains("If the post is there") && told(false).contains("edit the text"),
            "{}",
            told(false)
        );
        assert!(told(true).contains("If part 1 is there") && !told(true).contains("edit the text"), "{}", told(true));
        let other = advice(Code::UNDECIDABLE, Code::NO_ANSWER, stands(State::InDoubt, Some(0), false, true));
        assert!(other.ends_with("--send-again --attempt 3`."), "{other}");
    }

    #[test]
    fn no_edit_is_advised_once_a_part_is_out() {
        let failed = |code, partly_out| advice(code, code, stands(State::Failed, None, partly_out, true));
        for code in [Code::CONTENT_REFUSED, Code::MEDIA_REFUSED, Code::DUPLICATE_REFUSED, Code::REFERENCE_GONE] {
            assert!(failed(code, true).contains("takes no edit any more"), "{code}");
            assert_eq!(failed(code, false), remedy(code), "{code}");
        }
        assert_eq!(failed(Code::TOKEN_REVOKED, true), remedy(Code::TOKEN_REVOKED));
    }

    #[test]
    fn whoever_has_a_failed_target_of_a_dead_token_is_told_to_retry_it() {
        for code in [Code::TOKEN_EXPIRED, Code::TOKEN_REVOKED] {
            let said = remedy(code);
            assert!(said.contains("`oncepost accounts connect") && said.contains("`oncepost retry TARGET`"), "{said}");
        }
    }

    #[test]
    fn how_a_post_is_edited_is_said_wherever_an_edit_is_advised() {
        for code in [Code::CONTENT_REFUSED, Code::MEDIA_REFUSED, Code::DUPLICATE_REFUSED, Code::REFERENCE_GONE] {
            assert!(remedy(code).contains("`oncepost edit TARGET "), "{code}");
        }
    }
}
