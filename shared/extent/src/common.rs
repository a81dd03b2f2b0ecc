//! What several causes are in truth: one, where nearly all of them share a code, or all say at the same time that nothing answers. Pure.

use std::collections::BTreeSet;

use domain::{Code, Scope};
use jiff::Timestamp;

/// Of all targets at least this share, in tenths, must have it in common. What else is on the list is told beside it.
const TENTHS: u64 = 9;

/// One of the causes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct One {
    pub code: Option<Code>,
    pub scope: Option<Scope>,
    /// How many targets are on the list for it.
    pub targets: u64,
    /// A platform has said something: it is reached.
    pub is_answer: bool,
    /// When it began.
    pub began: Timestamp,
    /// When the last of its targets was put on the list.
    pub last: Timestamp,
}

impl One {
    /// Whether nothing answers. A server error is an answer, whatever it says: something on the way there may give it, and is reached.
    fn is_silent(&self) -> bool {
        match self.code {
            Some(Code::UNREACHABLE | Code::NO_ANSWER | Code::TOO_SLOW) => true,
            Some(Code::OUT_OF_ORDER) => !self.is_answer,
            _ => false,
        }
    }
}

/// What they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Common {
    /// In a few words.
    pub words: String,
    /// What else fails with it, if that is the same for all.
    pub scope: Option<Scope>,
    /// Which of the causes have it, in their order.
    pub of: Vec<usize>,
}

/// By what a cause is like another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code(Code),
    /// The platform is not reached, or does not answer: which of it, differs with the moment at which a line is cut.
    Silence,
}

/// What nearly all of `causes` have in common, if anything.
pub(crate) fn common(causes: &[One]) -> Option<Common> {
    // What was over before the newest silence began is another one, though nobody has settled it yet.
    let silence = causes.iter().filter(|one| one.is_silent()).map(|one| one.began).max();
    let is_silence = |one: &One| one.is_silent() && silence.is_some_and(|began| began <= one.last);
    let kind = |at: &usize| match &causes[*at] {
        one if is_silence(one) => Some(Kind::Silence),
        one => one.code.map(Kind::Code),
    };
    let targets = |all: &[usize]| all.iter().map(|at| causes[*at].targets).sum::<u64>();
    let all: Vec<usize> = (0..causes.len()).collect();
    let like = |one: usize| all.iter().copied().filter(|at| kind(at).is_some() && kind(at) == kind(&one)).collect();
    let of: Vec<usize> = all.iter().map(|one| like(*one)).max_by_key(|alike: &Vec<usize>| targets(alike))?;
    if of.is_empty() || targets(&of) * 10 < targets(&all) * TENTHS {
        return None;
    }
    let codes: BTreeSet<Code> = of.iter().filter_map(|at| causes[*at].code).collect();
    let scopes: BTreeSet<Option<Scope>> = of.iter().map(|at| causes[*at].scope).collect();
    let is_outside = |scope: &Option<Scope>| matches!(scope, Some(Scope::Channel | Scope::System));
    let scope = match scopes.first() {
        Some(only) if scopes.len() == 1 => *only,
        // An attempt that takes too long is counted as ours; what it waited for is the platform.
        Some(_) if scopes.iter().all(is_outside) => Some(Scope::Channel),
        _ => None,
    };
    let besides = match targets(&all) - targets(&of) {
        0 => String::new(),
        1 => "; besides, 1 target by another cause".into(),
        more => format!("; besides, {more} targets by other causes"),
    };
    let words = match Vec::from_iter(&codes)[..] {
        [code] => format!("{code} {}", code.page().map_or("", |page| page.title)),
        _ => {
            let named: Vec<_> = codes.iter().map(ToString::to_string).collect();
            format!("platforms are not reached, or do not answer ({})", named.join(", "))
        }
    };
    Some(Common { words: format!("{words}{besides}"), scope, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(code: Code, scope: Scope, targets: u64) -> One {
        let (began, last) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        One { code: Some(code), scope: Some(scope), targets, is_answer: false, began, last }
    }

    fn after(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn causes_with_one_code_are_one_whatever_each_platform_calls_it() {
        let causes = [one(Code::UNREACHABLE, Scope::Channel, 3), one(Code::UNREACHABLE, Scope::Channel, 2)];
        let words = "OP-3001 The platform could not be reached".to_owned();
        assert_eq!(common(&causes), Some(Common { words, scope: Some(Scope::Channel), of: vec![0, 1] }));
    }

    #[test]
    fn however_a_platform_does_not_answer_it_is_one() {
        let causes = [
            one(Code::UNREACHABLE, Scope::Channel, 30),
            one(Code::CONTENT_REFUSED, Scope::Post, 2),
            one(Code::NO_ANSWER, Scope::Channel, 2),
            one(Code::OUT_OF_ORDER, Scope::Channel, 1),
        ];
        let found = common(&causes).unwrap();
        assert_eq!((found.scope, &found.of[..]), (Some(Scope::Channel), &[0, 2, 3][..]));
        assert_eq!(
            found.words,
            "platforms are not reached, or do not answer (OP-3001, OP-3002, OP-4001); besides, 2 targets by other causes"
        );
    }

    #[test]
    fn what_only_happens_together_is_not_one() {
        let half = [one(Code::UNREACHABLE, Scope::Channel, 8), one(Code::TOKEN_REVOKED, Scope::Account, 1)];
        assert_eq!(common(&half), None);
        assert_eq!(common(&[]), None);
        let untold = One { code: None, scope: None, ..one(Code::UNREACHABLE, Scope::Channel, 5) };
        assert_eq!(common(&[untold, untold]), None);
    }

    #[test]
    fn a_platform_that_says_something_is_reached() {
        let away = one(Code::UNREACHABLE, Scope::Channel, 9);
        for (code, is_answer) in
            [(Code::OUT_OF_ORDER, true), (Code::ERROR_AFTER_SEND, true), (Code::LOOK_FAILED, false)]
        {
            let said = One { is_answer, ..one(code, Scope::Channel, 9) };
            assert_eq!(common(&[away, said]), None, "{code}");
        }
        assert!(common(&[away, one(Code::OUT_OF_ORDER, Scope::Channel, 9)]).is_some(), "nobody has said that");
    }

    #[test]
    fn doubts_of_another_day_have_nothing_in_common_with_what_is_not_reached_now() {
        let now = One { began: after(100), last: after(120), ..one(Code::UNREACHABLE, Scope::Channel, 9) };
        let doubts =
            |began, last| One { began: after(began), last: after(last), ..one(Code::NO_ANSWER, Scope::Channel, 9) };
        assert_eq!(common(&[now, doubts(10, 99)]), None);
        assert_eq!(common(&[now, doubts(10, 100)]).unwrap().of, [0, 1]);
        let few = One { targets: 1, ..doubts(10, 99) };
        assert_eq!(common(&[now, few]).unwrap().of, [0]);
    }

    #[test]
    fn a_scope_that_is_not_of_all_is_none() {
        let scope =
            |other| common(&[one(Code::NO_ANSWER, Scope::Channel, 1), one(Code::TOO_SLOW, other, 1)]).unwrap().scope;
        assert_eq!((scope(Scope::Post), scope(Scope::System)), (None, Some(Scope::Channel)));
    }
}
