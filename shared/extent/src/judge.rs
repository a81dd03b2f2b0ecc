//! The judgement on the operators' list: all of it together, and cause by cause. Pure.

use std::collections::BTreeSet;

use domain::{Failure, Scope};
use jiff::Timestamp;
use ledger::{CauseSpread, Lately, Outlet, Spread};

use crate::{
    common::{One, common},
    extent::{self, Extent, Known, NETWORK},
    meanwhile::{Meanwhile, meanwhile},
};

/// Whose fault it is where several channels fail alike.
const OURS: &str = "what these channels have in common: most likely our own network";

/// What to look at first where all may be out.
const IS_IT_THERE: &str = "Whether they are there: `oncepost look TARGET` has the platform asked once more, where it can be; else open the \
    accounts there. Then each is recorded as published, or sent again.";

/// What is known beside where causes strike.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The accounts that there are.
    pub known: &'a Known,
    /// What was due lately, and what of it is out.
    pub lately: &'a [Lately],
    /// Since when that was looked at.
    pub from: Timestamp,
}

/// What is to be said of the operators' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Of all of it together.
    pub whole: Whole,
    /// Of each cause, in their order.
    pub causes: Vec<Cause>,
}

/// What is to be said of all of the list together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// How far it reaches.
    pub extent: Extent,
    /// What nearly all of it has in common, in a few words.
    pub in_common: Option<String>,
    /// What goes out meanwhile; none if nothing needs a person.
    pub meanwhile: Option<Meanwhile>,
}

/// What is to be said of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// How far it reaches.
    pub extent: Extent,
    /// What goes out meanwhile.
    pub meanwhile: Meanwhile,
    /// Whose fault it is, for people.
    pub whose_fault: &'static str,
}

impl Evidence<'_> {
    /// The judgement on all of the list.
    pub fn judge(&self, spread: &Spread) -> Judgement {
        let scopes: Vec<_> = spread.causes.iter().map(|cause| Failure::read_group(&cause.group)).collect();
        let one = |(cause, (code, scope)): (&CauseSpread, &(_, _))| One {
            code: *code,
            scope: *scope,
            targets: cause.targets,
        };
        let common = common(&spread.causes.iter().zip(&scopes).map(one).collect::<Vec<_>>());
        let of = common.as_ref().map_or_else(|| (0..spread.causes.len()).collect(), |common| common.of.clone());
        let main: Vec<&CauseSpread> = of.iter().map(|at| &spread.causes[*at]).collect();
        let is_all = main.len() == spread.causes.len();
        let posts = if is_all { spread.posts } else { main.iter().map(|cause| cause.posts).sum() };
        let scope = common.as_ref().and_then(|common| common.scope);
        // Some cause is always open: what went out before the newest one began says nothing of now.
        let newest = main.iter().map(|cause| cause.first).max();
        let (extent, meanwhile) = self.reach(&main, posts, scope, newest);
        let whole = if common.is_some() { extent } else { extent::look_at_all(extent) };
        // What is our network's fault as a whole is no platform's in any of its parts.
        let is_ours = |at: usize| common.is_some() && whole.look_at == NETWORK && of.contains(&at);
        let cause = |(at, (cause, (_, scope)))| self.cause(cause, scope, is_ours(at));
        Judgement {
            causes: spread.causes.iter().zip(scopes.iter().copied()).enumerate().map(cause).collect(),
            whole: Whole {
                extent: looked_for(whole.clone(), &spread.causes),
                in_common: common.as_ref().map(|common| common.words.clone()),
                meanwhile: newest.map(|_| meanwhile),
            },
        }
    }

    fn cause(&self, cause: &CauseSpread, scope: Option<Scope>, is_ours: bool) -> Cause {
        let (extent, meanwhile) = self.reach(&[cause], cause.posts, scope, Some(cause.first));
        let is_ours = is_ours || extent.look_at == NETWORK;
        let look_at = if is_ours { NETWORK.into() } else { extent.look_at };
        let whose_fault = if is_ours { OURS } else { scope.map_or("not known", Scope::whose_fault) };
        Cause { extent: looked_for(Extent { look_at, ..extent }, [cause]), meanwhile, whose_fault }
    }

    /// How far causes that are one reach, and what goes out meanwhile: since `began`.
    fn reach(
        &self,
        causes: &[&CauseSpread],
        posts: u64,
        scope: Option<Scope>,
        began: Option<Timestamp>,
    ) -> (Extent, Meanwhile) {
        let all: BTreeSet<&Outlet> =
            causes.iter().flat_map(|cause| cause.places.iter().map(|(place, _)| place)).collect();
        let all = || all.iter().copied();
        let meanwhile = meanwhile(all(), self.lately, began.unwrap_or(self.from), self.from);
        let extent = extent::extent(all(), posts, scope, self.known);
        let extent = extent::or_everything(extent, all(), scope, &meanwhile, self.known);
        let look_at = if scope.is_some() { extent::look_at_cause(extent.kind, scope, all()) } else { extent.look_at };
        (Extent { look_at, ..extent }, meanwhile)
    }
}

/// Of what may be out the first question is whether it is, whatever was the reason.
fn looked_for<'a>(extent: Extent, causes: impl IntoIterator<Item = &'a CauseSpread>) -> Extent {
    let (mut doubts, mut targets) = (0, 0);
    for cause in causes {
        (doubts, targets) = (doubts + cause.doubts, targets + cause.targets);
    }
    if doubts == 0 || doubts < targets { extent } else { Extent { look_at: IS_IT_THERE.into(), ..extent } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExtentKind, extent::tests::place};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn cause(group: &str, places: &[&str]) -> CauseSpread {
        CauseSpread {
            group: group.into(),
            targets: places.len() as u64,
            doubts: 0,
            first: at(100),
            last: at(200),
            places: places.iter().map(|name| (place(name), 1)).collect(),
            posts: places.len() as u64,
            top_posts: Vec::new(),
            newest: None,
        }
    }

    fn judged(causes: Vec<CauseSpread>, published: u64) -> Judgement {
        let other = Lately { place: place("acme/c/one"), second: at(150), settled: 5, published };
        let evidence = Evidence { known: &Known::default(), lately: &[other], from: at(0) };
        let posts = causes.iter().map(|cause| cause.posts).sum();
        evidence.judge(&Spread { causes, posts })
    }

    /// A token that is not taken any more says nothing of whether the post is out.
    #[test]
    fn of_what_may_be_out_the_first_question_is_whether_it_is() {
        let look_at = |doubts: u64| {
            let cause = CauseSpread { doubts, ..cause("OP-2102/account/-", &["acme/a/one", "acme/a/one"]) };
            let Judgement { whole, causes } = judged(vec![cause], 0);
            assert_eq!(whole.extent.look_at, causes[0].extent.look_at);
            whole.extent.look_at
        };
        assert!(look_at(2).starts_with("Whether they are there"), "{}", look_at(2));
        assert!(look_at(1).starts_with("The account"), "{}", look_at(1));
        assert!(look_at(0).starts_with("The account"), "{}", look_at(0));
    }

    /// The line is cut: which code comes of it differs with the moment, and no platform is to blame.
    #[test]
    fn where_channels_fail_alike_and_nothing_goes_out_no_platform_is_at_fault() {
        let causes = vec![
            cause("OP-3001/channel/-", &["acme/a/one", "acme/b/one", "beta/b/one"]),
            cause("OP-4001/channel/-", &["beta/a/one"]),
        ];
        let Judgement { whole, causes } = judged(causes, 0);
        assert_eq!((whole.extent.kind, whole.extent.look_at.as_str()), (ExtentKind::Everything, NETWORK));
        assert!(whole.in_common.unwrap().starts_with("platforms are not reached"));
        for cause in causes {
            assert_eq!((cause.whose_fault, cause.extent.look_at.as_str()), (OURS, NETWORK));
        }
    }

    #[test]
    fn what_went_out_before_the_newest_cause_is_no_sign_that_anything_goes_out_now() {
        let old = cause("OP-4001/channel/-", &["acme/b/one"]);
        let new = CauseSpread { first: at(180), ..cause("OP-3001/channel/-", &["acme/a/one", "beta/b/one"]) };
        let whole = judged(vec![old, new], 5).whole;
        assert_eq!(whole.meanwhile.map(|meanwhile| meanwhile.elsewhere.published), Some(0), "five went out before it");
    }

    #[test]
    fn a_platform_that_is_down_alone_is_at_fault() {
        let Judgement { whole, causes } = judged(vec![cause("OP-3001/channel/-", &["acme/a/one", "beta/a/one"])], 5);
        assert_eq!(causes[0].whose_fault, "the platform");
        assert_eq!(causes[0].extent, whole.extent, "of one cause all is said");
        assert!(whole.extent.look_at.starts_with("The platform: its status page"), "{whole:?}");
    }

    #[test]
    fn what_is_another_cause_is_blamed_on_nothing_but_itself() {
        let places = ["acme/a/one", "acme/b/one", "beta/a/one", "beta/b/one", "beta/c/one"].repeat(4);
        let causes = vec![cause("OP-3001/channel/-", &places), cause("OP-2102/account/190", &["acme/c/one"])];
        let Judgement { whole, causes } = judged(causes, 0);
        assert!(whole.in_common.unwrap().ends_with("; besides, 1 target by another cause"));
        assert_eq!([causes[0].whose_fault, causes[1].whose_fault], [OURS, "the account or its credentials"]);
        let nothing = judged(Vec::new(), 0).whole;
        assert_eq!((nothing.extent.kind, nothing.meanwhile), (ExtentKind::Nothing, None));
    }
}
