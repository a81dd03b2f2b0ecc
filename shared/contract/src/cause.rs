//! What to do about a cause: about all targets on the operators' list that have failed of it.

use domain::{Code, Failure};

use crate::diagnosis::remedy;

/// What to do where it is not known what they failed of.
const UNKNOWN: &str = "Look at the targets one by one.";

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

/// Whether the platforms can be asked about a cause's doubts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asking {
    /// Nobody has looked.
    Unknown,
    /// All can be.
    All,
    /// All but those of these names can be.
    But(Vec<String>),
    /// None can be, and these are their names.
    None(Vec<String>),
}

/// What to do about the targets on the operators' list whose failures have this [`Failure::group`], where it is not known whether their platforms
/// can be asked.
pub fn remedy_of_group(group: &str, doubts: Doubts) -> String {
    remedy_of_asked(group, doubts, &Asking::Unknown)
}

/// What to do about the targets on the operators' list whose failures have this [`Failure::group`]. "Nothing, it goes on by itself" is true
/// of a failure and not of them: the machine has done what it could. What it did not find out is for a look, or a person, target by target; what has
/// failed is tried again all at once.
pub fn remedy_of_asked(group: &str, doubts: Doubts, asking: &Asking) -> String {
    let (code, _) = Failure::read_group(group);
    let told = code.map_or_else(|| UNKNOWN.to_owned(), |code| of_listed(group, code, doubts, asking));
    told.replace("`oncepost retry TARGET`", &format!("`oncepost retry --group {group}`"))
}

fn of_listed(group: &str, code: Code, doubts: Doubts, asking: &Asking) -> String {
    let own =
        || Some(remedy(code)).filter(|own| !own.starts_with("Nothing")).unwrap_or_else(|| code.remedy_of_failed());
    let is_of_doubt = code.to_string().starts_with("OP-4");
    let settle = || settle(group, code, asking);
    match doubts {
        Doubts::All if is_of_doubt => format!("Each may be out. {}", settle()),
        Doubts::Some if is_of_doubt => {
            format!("Each target says where it stands. In doubt: {} Failed: {FAILED}", settle())
        }
        Doubts::None if is_of_doubt => format!("None is in doubt any more. Failed: {FAILED}"),
        Doubts::All if code == Code::DUPLICATE_REFUSED => {
            format!("Each may be out: what it repeats may be the post itself. {}", settle())
        }
        Doubts::None if code == Code::DUPLICATE_REFUSED => of_failed(&own()),
        Doubts::All => format!("{} Each of these may be out, and no retry sends it. {}", own(), settle()),
        Doubts::Some | Doubts::None => own(),
    }
}

/// What to do about what may be out: a look by machine where the platform can be asked, else a person's, target by target.
fn settle(group: &str, code: Code, asking: &Asking) -> String {
    let look = format!("`oncepost look --group {group}` has");
    let first = match asking {
        Asking::Unknown => {
            format!("{look} the platforms asked once more, where they can be. For what that leaves open:")
        }
        Asking::All => format!("{look} the platform asked once more about each. For what that leaves open:"),
        Asking::But(names) => {
            format!(
                "{look} the platforms asked once more, but for {}: nobody can ask there. For these, and what it leaves open:",
                listed(names)
            )
        }
        Asking::None(names) => format!("Nobody can ask {}: only a person can tell.", listed(names)),
    };
    let person = if matches!(asking, Asking::None(_)) { "Open" } else { "open" };
    let again = match code {
        Code::DUPLICATE_REFUSED => {
            "sent as it is, it may be refused again. `oncepost pause` the account, `oncepost resolve TARGET --send-again --attempt N`, say it otherwise \
             by `oncepost edit TARGET --text TEXT`, and `oncepost resume` the account; N is the newest attempt (`oncepost status TARGET`)."
        }
        _ => "`oncepost resolve TARGET --send-again --attempt N` (N is the newest attempt; `oncepost status TARGET`).",
    };
    format!(
        "{first} {person} the account there and look for the post. Is it there: `oncepost resolve TARGET --published URL`. Is it not: {again}"
    )
}

fn listed(names: &[String]) -> String {
    match names {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        names => names.join(", "),
    }
}

/// Of a page that tells what to do by where a target stands, what is for those that have failed.
fn of_failed(page: &str) -> String {
    let own = page.split("\n\n").filter(|paragraph| !paragraph.starts_with("In doubt:"));
    own.collect::<Vec<_>>().join("\n\n")
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
            assert!(
                all.contains(&format!("oncepost look --group {code}/account/-")) && !all.contains("oncepost retry"),
                "{all}"
            );
        }
        let dead = told("OP-2102", Doubts::All);
        assert!(dead.contains("no retry sends it") && dead.contains("--send-again --attempt N"), "{dead}");
        assert_eq!([Doubts::of(0, 3), Doubts::of(2, 3), Doubts::of(3, 3)], [Doubts::None, Doubts::Some, Doubts::All]);
    }

    #[test]
    fn whom_nobody_can_ask_is_named() {
        let told = |asking| remedy_of_asked("OP-4001/channel/-", Doubts::All, &asking);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = told(Asking::All);
        assert!(
            all.contains("`oncepost look --group OP-4001/channel/-` has the platform asked once more about each"),
            "{all}"
        );
        let but = told(Asking::But(names(&["Discord", "Slack", "Telegram"])));
        assert!(but.contains("oncepost look --group") && but.contains("but for Discord, Slack and Telegram:"), "{but}");
        let none = told(Asking::None(names(&["Telegram"])));
        assert!(none.contains("Nobody can ask Telegram: only a person can tell. Open the account"), "{none}");
        assert!(!none.contains("oncepost look"), "{none}");
    }

    #[test]
    fn what_was_refused_as_a_repeat_is_told_once_and_by_where_it_stands() {
        let told = |doubts| remedy_of_group("OP-2003/post/-", doubts);
        let all = told(Doubts::All);
        assert_eq!((all.matches("--published URL").count(), all.matches("--send-again").count()), (1, 1), "{all}");
        assert!(
            all.starts_with("Each may be out") && all.find("look for the post") < all.find("oncepost edit"),
            "{all}"
        );
        let none = told(Doubts::None);
        assert!(none.starts_with("Failed: nothing is out by it"), "{none}");
        assert!(none.contains("oncepost edit TARGET") && !none.contains("oncepost resolve"), "{none}");
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
