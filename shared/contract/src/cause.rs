//! What to do about a cause: about all targets on the operators' list that have failed of it.

use domain::{Code, Failure};

use crate::diagnosis::remedy;

/// What to do where it is not known what they failed of.
const UNKNOWN: &str = "Look at the targets one by one.";

/// What to do about targets that stand in different places. What the machine did not find out is for a person, target by target; what has
/// failed is tried again all at once.
const AFTER_A_DOUBT: &str = "Each target says where it stands. In doubt: look at the account on the platform, then \
    `oncepost resolve TARGET --published URL`, or `oncepost resolve TARGET --send-again --attempt N` if it is not there (N is the newest \
    attempt; `oncepost status TARGET`). Failed: it is surely not out; `oncepost retry TARGET`.";

/// What to do about the targets on the operators' list whose failures have this [`Failure::group`]. "Nothing, it goes on by itself" is true
/// of a failure and not of them: the machine has done what it could.
pub fn remedy_of_group(group: &str) -> String {
    let (code, _) = Failure::read_group(group);
    let told = code.map_or_else(|| UNKNOWN.to_owned(), of_listed);
    told.replace("`oncepost retry TARGET`", &format!("`oncepost retry --group {group}`"))
}

fn of_listed(code: Code) -> String {
    match remedy(code) {
        own if !own.starts_with("Nothing") => own,
        _ if code.to_string().starts_with("OP-4") => AFTER_A_DOUBT.into(),
        _ => code.remedy_of_failed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o05_nobody_on_the_list_is_told_to_wait() {
        for code in Code::ALL {
            let told = remedy_of_group(&format!("{code}/channel/-"));
            assert!(!told.is_empty() && !told.starts_with("Nothing"), "{code}: {told}");
        }
    }

    #[test]
    fn what_is_retried_is_the_group_and_what_is_settled_or_edited_a_target() {
        for code in Code::ALL {
            let group = format!("{code}/channel/-");
            let told = remedy_of_group(&group);
            assert!(!told.contains("retry TARGET") && !told.contains("this target"), "{code}: {told}");
        }
        let dead = remedy_of_group("OP-2102/account/190");
        assert!(dead.ends_with("Then `oncepost retry --group OP-2102/account/190`."), "{dead}");
        let refused = remedy_of_group("OP-2001/post/-");
        assert!(refused.contains("`oncepost edit TARGET --text TEXT`"), "{refused}");
        let doubt = remedy_of_group("OP-4001/channel/-");
        assert!(
            doubt.contains("--send-again --attempt N") && doubt.contains("retry --group OP-4001/channel/-"),
            "{doubt}"
        );
        assert_eq!(remedy_of_group("-"), UNKNOWN);
    }
}
