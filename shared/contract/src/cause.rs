//! What to do about a cause: about all targets on the operators' list that have failed of it.

use domain::{Code, Failure};

use crate::diagnosis::remedy;

/// What to do where it is not known what they failed of.
const UNKNOWN: &str = "Look at the targets one by one.";

/// What to do about what may be out: a person's look, target by target.
const DOUBT: &str = "`oncepost look TARGET` has the platform asked once more, where it can be; else open the account there and look for the \
    post. Is it there: `oncepost resolve TARGET --published URL`. Is it not: `oncepost resolve TARGET --send-again --attempt N` (N is the \
    newest attempt; `oncepost status TARGET`).";

/// What to do about what is surely not out.
const FAILED: &str = "it is surely not out; `oncepost retry TARGET`.";

/// How many of a cause's targets are in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubts {
    /// None: all have failed.
    None,
    /// Some, or nobody has counted.
    Some,
    /// All.
    All,
}

impl Doubts {
    /// That of `all` targets so many are in doubt.
    pub fn of(doubts: u64, all: u64) -> Self {
        match doubts {
            0 => Self::None,
            _ if doubts < all => Self::Some,
            _ => Self::All,
        }
    }
}

/// What to do about the targets on the operators' list whose failures have this [`Failure::group`]. "Nothing, it goes on by itself" is true
/// of a failure and not of them: the machine has done what it could. What it did not find out is for a person, target by target; what has
/// failed is tried again all at once.
pub fn remedy_of_group(group: &str, doubts: Doubts) -> String {
    let (code, _) = Failure::read_group(group);
    let told = code.map_or_else(|| UNKNOWN.to_owned(), |code| of_listed(code, doubts));
    told.replace("`oncepost retry TARGET`", &format!("`oncepost retry --group {group}`"))
}

fn of_listed(code: Code, doubts: Doubts) -> String {
    let own =
        || Some(remedy(code)).filter(|own| !own.starts_with("Nothing")).unwrap_or_else(|| code.remedy_of_failed());
    let is_of_doubt = code.to_string().starts_with("OP-4");
    match doubts {
        Doubts::All if is_of_doubt => format!("Each may be out. {DOUBT}"),
        Doubts::Some if is_of_doubt => {
            format!("Each target says where it stands. In doubt: {DOUBT} Failed: {FAILED}")
        }
        Doubts::None if is_of_doubt => format!("None is in doubt any more. Failed: {FAILED}"),
        Doubts::All => format!("{} Each of these may be out, and no retry sends it. {DOUBT}", own()),
        Doubts::Some | Doubts::None => own(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o05_nobody_on_the_list_is_told_to_wait() {
        for code in Code::ALL {
            for doubts in [Doubts::None, Doubts::Some, Doubts::All] {
                let told = remedy_of_group(&format!("{code}/channel/-"), doubts);
                assert!(!told.is_empty() && !told.starts_with("Nothing"), "{code}: {told}");
            }
        }
    }

    #[test]
    fn the_advice_is_for_what_there_is() {
        let told = |code: &str, doubts| remedy_of_group(&format!("{code}/account/-"), doubts);
        for code in ["OP-4001", "OP-4006"] {
            let (none, all) = (told(code, Doubts::None), told(code, Doubts::All));
            assert!(none.contains("oncepost retry --group") && !none.contains("resolve"), "{none}");
            assert!(all.contains("oncepost look TARGET") && !all.contains("oncepost retry"), "{all}");
        }
        let dead = told("OP-2102", Doubts::All);
        assert!(dead.contains("no retry sends it") && dead.contains("--send-again --attempt N"), "{dead}");
        assert_eq!([Doubts::of(0, 3), Doubts::of(2, 3), Doubts::of(3, 3)], [Doubts::None, Doubts::Some, Doubts::All]);
    }

    #[test]
    fn what_is_retried_is_the_group_and_what_is_settled_or_edited_a_target() {
        for code in Code::ALL {
            let group = format!("{code}/channel/-");
            let told = remedy_of_group(&group, Doubts::Some);
            assert!(!told.contains("retry TARGET") && !told.contains("this target"), "{code}: {told}");
        }
        let dead = remedy_of_group("OP-2102/account/190", Doubts::None);
        assert!(dead.ends_with("Then `oncepost retry --group OP-2102/account/190`."), "{dead}");
        let refused = remedy_of_group("OP-2001/post/-", Doubts::None);
        assert!(refused.contains("`oncepost edit TARGET --text TEXT`"), "{refused}");
        let doubt = remedy_of_group("OP-4001/channel/-", Doubts::Some);
        assert!(
            doubt.contains("--send-again --attempt N") && doubt.contains("retry --group OP-4001/channel/-"),
            "{doubt}"
        );
        assert_eq!(remedy_of_group("-", Doubts::Some), UNKNOWN);
    }
}
