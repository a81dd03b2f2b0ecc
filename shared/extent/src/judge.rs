//! The judgement on the operators' list: all of it together, and cause by cause. Pure.

use std::collections::BTreeSet;

use domain::{ChannelName, Failure, Scope, Target};
use jiff::Timestamp;
use ledger::{CauseSpread, LastOut, Lately, Outlet, Spread};

use crate::{
    ExtentKind,
    common::{One, common},
    extent::{self, EACH, Extent, Known, NETWORK},
    meanwhile::{Meanwhile, instant, meanwhile, second},
};

/// Whose fault it is where several channels fail alike, and nothing goes out.
const OURS: &str = "what these channels have in common: most likely our own network";

/// Whose fault it is where several channels fail alike, and no more is known.
const UNTOLD: &str = "the platforms, or what they have in common: it cannot be told";

/// What to look at first where all may be out.
const IS_IT_THERE: &str = "Whether they are there: what to do tells whether the platform can be asked, or only a person can tell. Then each is \
    recorded as published, or sent again.";

/// What is known beside where causes strike.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The accounts that there are.
    pub known: &'a Known,
    /// What was due lately, and what of it is out.
    pub lately: &'a [Lately],
    /// Since when that was looked at.
    pub from: Timestamp,
    /// When something went out last, by tenant and channel.
    pub out: &'a [LastOut],
    /// What is being retried. It strikes as far as what has failed for the same cause, and is no less evidence.
    pub retried: &'a [Target],
    /// The list was narrowed to a tenant, a channel or an account: of the others nothing is known.
    pub is_part: bool,
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
            is_answer: is_answer(cause),
            began: cause.began,
            last: cause.last,
        };
        let common = common(&spread.causes.iter().zip(&scopes).map(one).collect::<Vec<_>>());
        let of = common.as_ref().map_or_else(|| (0..spread.causes.len()).collect(), |common| common.of.clone());
        let main: Vec<&CauseSpread> = of.iter().map(|at| &spread.causes[*at]).collect();
        let is_all = main.len() == spread.causes.len();
        let listed = if is_all { spread.posts } else { main.iter().map(|cause| cause.posts).sum() };
        let scope = common.as_ref().and_then(|common| common.scope);
        // Some cause is always open: what went out before the newest one began says nothing of now.
        let newest = main.iter().map(|cause| cause.began).max();
        let (extent, meanwhile) = self.reach(&main, listed, scope, newest, spread);
        let whole = if common.is_some() { extent } else { extent::look_at_all(extent) };
        // What is our network's fault as a whole is no platform's in any of its parts; what was there before is not of it.
        let is_new = |at: usize| newest.is_some_and(|began| began <= spread.causes[at].first);
        let is_ours = |at: usize| common.is_some() && whole.look_at == NETWORK && of.contains(&at) && is_new(at);
        let cause = |(at, (cause, (_, scope)))| self.cause(cause, scope, is_ours(at), spread);
        Judgement {
            causes: spread.causes.iter().zip(scopes.iter().copied()).enumerate().map(cause).collect(),
            whole: Whole {
                extent: looked_for(whole.clone(), &spread.causes),
                in_common: common.as_ref().map(|common| common.words.clone()),
                meanwhile: newest.map(|_| meanwhile),
            },
        }
    }

    fn cause(&self, cause: &CauseSpread, scope: Option<Scope>, is_ours: bool, spread: &Spread) -> Cause {
        let (extent, meanwhile) = self.reach(&[cause], cause.posts, scope, Some(cause.began), spread);
        let look_at = if is_ours { NETWORK.into() } else { extent.look_at };
        let whose_fault = match look_at.as_str() {
            NETWORK => OURS,
            EACH => UNTOLD,
            _ => scope.map_or("not known", Scope::whose_fault),
        };
        Cause { extent: looked_for(Extent { look_at, ..extent }, [cause]), meanwhile, whose_fault }
    }

    /// How far causes that are one reach, and what goes out meanwhile: since `began`. `spread`: all of the list.
    fn reach(
        &self,
        causes: &[&CauseSpread],
        posts: u64,
        scope: Option<Scope>,
        began: Option<Timestamp>,
        spread: &Spread,
    ) -> (Extent, Meanwhile) {
        let began = began.unwrap_or(self.from);
        let retried = self.retried_for(causes);
        let strikes = || causes.iter().flat_map(|cause| &cause.places);
        let being_retried: Vec<Outlet> = retried.iter().map(|target| place(target)).collect();
        let all: BTreeSet<&Outlet> = strikes().map(|strike| &strike.place).chain(&being_retried).collect();
        let all = || all.iter().copied();
        let meanwhile = meanwhile(all(), self.lately, self.out, began, self.from);
        let goes_out = self.goes_out(began);
        let posts = posts + more_posts(causes, &retried);
        let mut extent = extent::extent(all(), posts, scope, goes_out, self.known, self.is_part);
        // What has not failed since, and waits for a person, is no part of it. Whoever is answered is not cut off.
        let now: BTreeSet<&Outlet> =
            strikes().filter(|strike| began <= strike.last).map(|strike| &strike.place).chain(&being_retried).collect();
        let is_answered = spread.causes.iter().any(|cause| is_answer(cause) && began <= cause.last);
        let everything = extent::everything(now, scope, self.known).filter(|_| !goes_out && !is_answered);
        let is_everything = everything.is_some();
        if let Some(words) = everything {
            extent = Extent { kind: ExtentKind::Everything, words, ..extent };
        }
        match retried.len() {
            0 => {}
            many => extent.words = format!("{}, with {many} being retried", extent.words),
        }
        if let Some((at, look_at)) = self.back(causes, scope) {
            let words =
                format!("{}. Since the last of them failed posts go out there again, the newest at {at}", extent.words);
            return (Extent { words, look_at, ..extent }, meanwhile);
        }
        let look_at = match scope {
            Some(_) => extent::look_at_cause(extent.kind, scope, is_everything, all()),
            None => extent.look_at,
        };
        (Extent { look_at, ..extent }, meanwhile)
    }

    /// Whether anything goes out since `began`. What was due within that very second may have gone out before.
    fn goes_out(&self, began: Timestamp) -> bool {
        self.lately.iter().any(|one| second(began) < one.second && one.published > 0)
            || self.out.iter().any(|out| began < out.at)
    }

    /// What is being retried for one of these causes.
    fn retried_for(&self, causes: &[&CauseSpread]) -> Vec<&Target> {
        let is_same = |target: &&Target| {
            let group = target.last_failure.as_ref().map(Failure::group);
            target.is_retried() && causes.iter().any(|cause| Some(&cause.group) == group.as_ref())
        };
        self.retried.iter().filter(is_same).collect()
    }

    /// Whether a platform that had failed has taken posts since, on each of the channels: when last, and what to look at then.
    fn back(&self, causes: &[&CauseSpread], scope: Option<Scope>) -> Option<(String, String)> {
        if scope != Some(Scope::Channel) {
            return None;
        }
        let failed = causes.iter().map(|cause| cause.last).max()?;
        let channels: BTreeSet<_> =
            causes.iter().flat_map(|cause| cause.places.iter().map(|strike| &strike.place.channel)).collect();
        let last = |channel: &ChannelName| {
            self.out.iter().filter(|out| out.channel == *channel && failed < out.at).map(|out| out.at).max()
        };
        let at = channels.into_iter().map(last).collect::<Option<Vec<_>>>()?.into_iter().max()?;
        let retry = match causes {
            [only] => format!("`oncepost retry --group {} --dry-run`", only.group),
            _ => "`oncepost failures`, cause by cause".into(),
        };
        Some((instant(at), format!("What is listed: the platform takes posts again, so retry it: {retry}.")))
    }
}

fn place(target: &Target) -> Outlet {
    let Target { tenant, channel, account, app, .. } = target;
    Outlet { tenant: tenant.clone(), channel: channel.clone(), account: account.clone(), app: app.clone() }
}

/// Of how many more posts than those on the list something is being retried. Of the list a few are known by name.
fn more_posts(causes: &[&CauseSpread], retried: &[&Target]) -> u64 {
    let listed: BTreeSet<_> = causes.iter().flat_map(|cause| &cause.top_posts).map(|(post, _)| *post).collect();
    let retried: BTreeSet<_> = retried.iter().map(|target| target.post).collect();
    retried.difference(&listed).count() as u64
}

/// Whether a platform has answered, as far as the newest target tells: with an error, but it is reached.
fn is_answer(cause: &CauseSpread) -> bool {
    let failure = cause.newest.as_ref().and_then(|target| target.last_failure.as_ref());
    failure.is_some_and(|failure| failure.said.is_answer())
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
    use std::collections::BTreeMap;

    use domain::{Code, ContentHash, Landed, PlatformWords, PostId, State, TargetId, Worth};
    use ledger::Strike;
    use uuid::Uuid;

    use super::*;
    use crate::extent::tests::place;

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
            began: at(100),
            places: places.iter().map(|name| Strike { place: place(name), targets: 1, last: at(200) }).collect(),
            posts: places.len() as u64,
            top_posts: Vec::new(),
            newest: None,
        }
    }

    fn judged(causes: Vec<CauseSpread>, published: u64) -> Judgement {
        let other = Lately { place: place("acme/c/one"), second: at(150), settled: 5, published };
        let known = Known::default();
        let evidence = Evidence { lately: &[other], ..nothing(&known) };
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

    fn nothing(known: &Known) -> Evidence<'_> {
        Evidence { known, lately: &[], from: at(0), out: &[], retried: &[], is_part: false }
    }

    fn out(channel: &str, second: i64) -> LastOut {
        LastOut { tenant: "acme".parse().unwrap(), channel: channel.parse().unwrap(), at: at(second) }
    }

    fn failed(name: &str, code: Code, status: Option<u16>) -> Target {
        let mut target = retried(name, 1);
        let failure = target.last_failure.as_mut().unwrap();
        (failure.code, failure.said.status) = (code, status);
        target
    }

    fn retried(name: &str, post: u128) -> Target {
        let failure = Failure {
            code: Code::UNREACHABLE,
            landed: Landed::No,
            worth: Worth::Retry { not_before: None },
            scope: Scope::Channel,
            step: "send".into(),
            said: PlatformWords::default(),
        };
        let Outlet { tenant, channel, account, app } = place(name);
        Target {
            id: TargetId(Uuid::from_u128(post)),
            post: PostId(Uuid::from_u128(post)),
            tenant,
            channel,
            account,
            app,
            state: State::Retrying,
            revision: 1,
            due_at: at(90),
            deadline: None,
            next_at: Some(at(300)),
            wake_at: Some(at(300)),
            hash: ContentHash([0; 16]),
            attempt: 1,
            tries: 1,
            looks: 0,
            emissions: 0,
            lease: None,
            armed: None,
            handles: BTreeMap::new(),
            out: Vec::new(),
            listed: None,
            last_failure: Some(failure),
            gap: None,
            trace: None,
            follows: None,
        }
    }

    /// The first that is given up is one of many: the others are still being tried.
    #[test]
    fn what_is_being_retried_for_the_same_cause_shows_how_far_it_reaches() {
        let known = Known::default();
        let spread = Spread { causes: vec![cause("OP-3001/channel/-", &["acme/a/one"])], posts: 1 };
        let alone = nothing(&known).judge(&spread);
        assert_eq!(alone.causes[0].extent.words, "One post, on acme/a/one");
        let others = [retried("acme/a/two", 2), retried("beta/a/one", 3)];
        let Judgement { whole, causes } = Evidence { retried: &others, ..nothing(&known) }.judge(&spread);
        assert_eq!(causes[0].extent.words, "All 3 accounts of a, with 2 being retried");
        assert_eq!((causes[0].extent.kind, &whole.extent), (ExtentKind::Channel, &causes[0].extent));
        let mut other = others[0].clone();
        other.last_failure.as_mut().unwrap().code = Code::NO_ANSWER;
        let judged = Evidence { retried: &[other], ..nothing(&known) }.judge(&spread);
        assert_eq!(judged.causes[0].extent.kind, ExtentKind::Post, "that is another cause");
    }

    #[test]
    fn a_platform_that_takes_posts_again_is_noticed() {
        let known = Known::default();
        let spread = Spread { causes: vec![cause("OP-3001/channel/-", &["acme/a/one", "beta/a/one"])], posts: 2 };
        let of = |out: &[LastOut]| Evidence { out, ..nothing(&known) }.judge(&spread).causes.remove(0).extent;
        for out in [vec![], vec![out("a", 200)], vec![out("b", 201)]] {
            assert_eq!(of(&out).words, "All 2 accounts of a", "{out:?}");
        }
        let back = of(&[out("a", 201)]);
        assert_eq!(
            back.words,
            "All 2 accounts of a. Since the last of them failed posts go out there again, the newest at 1970-01-01 00:03:21Z"
        );
        assert!(back.look_at.contains("`oncepost retry --group OP-3001/channel/- --dry-run`"), "{back:?}");
    }

    #[test]
    fn what_goes_out_in_the_seconds_of_the_failures_shows_that_not_everything_fails() {
        let known = extent::tests::known(&extent::tests::ALL);
        let places = ["acme/a/one", "beta/b/one", "acme/c/one"];
        let spread = Spread { causes: vec![cause("OP-3001/channel/-", &places)], posts: 3 };
        let of = |out: &[LastOut]| Evidence { out, ..nothing(&known) }.judge(&spread).causes.remove(0).extent.kind;
        assert_eq!([of(&[]), of(&[out("a", 100)])], [ExtentKind::Everything; 2]);
        assert_ne!(of(&[out("a", 101)]), ExtentKind::Everything);
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
        let new =
            CauseSpread { began: at(180), first: at(190), ..cause("OP-3001/channel/-", &["acme/a/one", "beta/b/one"]) };
        let whole = judged(vec![old, new], 5).whole;
        assert_eq!(whole.meanwhile.map(|meanwhile| meanwhile.elsewhere.published), Some(0), "five went out before it");
    }

    /// It is tried for a while before a person is asked: what goes out in that time goes out while it fails.
    #[test]
    fn what_goes_out_while_it_is_tried_is_no_less_evidence() {
        let tried = CauseSpread { first: at(190), ..cause("OP-3001/channel/-", &["acme/a/one", "acme/b/one"]) };
        let Judgement { whole, causes } = judged(vec![tried], 5);
        assert_ne!(whole.extent.kind, ExtentKind::Everything, "five went out at 150, and it fails since 100");
        assert_eq!((causes[0].whose_fault, causes[0].extent.look_at.as_str()), (UNTOLD, EACH));
        let words = whole.meanwhile.unwrap().words;
        assert!(words.ends_with("; 5 on other channels did."), "{words}");
    }

    /// A platform is away, another has an error of its own, and what was in doubt before was not settled yet.
    #[test]
    fn what_happens_beside_it_does_not_make_an_outage_of_one_platform_ours() {
        let old = |name| Strike { place: place(name), targets: 5, last: at(90) };
        let doubts = CauseSpread {
            targets: 10,
            began: at(10),
            first: at(20),
            last: at(90),
            places: vec![old("acme/c/one"), old("acme/d/one")],
            ..cause("OP-4001/channel/-", &[])
        };
        let away = cause("OP-3001/channel/-", &["acme/a/one"].repeat(15));
        let mut error = cause("OP-3002/channel/-", &["acme/b/one"]);
        error.newest = Some(failed("acme/b/one", Code::OUT_OF_ORDER, Some(500)));
        let known = extent::tests::known(&["acme/a/one", "acme/b/one", "acme/c/one", "acme/d/one", "acme/e/one"]);
        // Between the old ones and the outage everything went out.
        let between = [Lately { place: place("beta/a/one"), second: at(50), settled: 5, published: 5 }];
        let evidence = Evidence { lately: &between, ..nothing(&known) };
        let causes = vec![away, doubts.clone(), error];
        let Judgement { whole, causes } = evidence.judge(&Spread { causes, posts: 26 });
        assert_eq!((whole.extent.kind, whole.in_common), (ExtentKind::Channels, None));
        assert_eq!(whole.extent.words, "4 accounts on 4 of 5 channels: a, b, c and 1 more");
        assert_eq!(
            causes.iter().map(|cause| cause.whose_fault).collect::<Vec<_>>(),
            ["the platform", UNTOLD, "the platform"]
        );
        // With some of today, all of the cause is told, and not all of it is ours.
        let today = ["acme/b/one", "acme/e/one"].map(|name| Strike { place: place(name), targets: 45, last: at(200) });
        let places = doubts.places.iter().cloned().chain(today).collect();
        let mixed = CauseSpread { targets: 100, last: at(200), places, ..doubts };
        let causes = vec![mixed, cause("OP-3001/channel/-", &["acme/a/one"].repeat(15))];
        let Judgement { whole, causes } = evidence.judge(&Spread { causes, posts: 115 });
        assert_eq!(whole.extent.words, "Everything that was due: 3 accounts, on 3 of 5 channels");
        assert_eq!(causes.iter().map(|cause| cause.whose_fault).collect::<Vec<_>>(), [UNTOLD, OURS]);
    }

    #[test]
    fn where_a_platform_answers_our_network_is_not_at_fault() {
        let places = ["acme/a/one", "acme/b/one", "acme/c/one"].repeat(5);
        let mut refused = cause("OP-2001/post/-", &["acme/d/one"]);
        refused.newest = Some(failed("acme/d/one", Code::CONTENT_REFUSED, Some(422)));
        let of = |refused: &CauseSpread| judged(vec![cause("OP-3001/channel/-", &places), refused.clone()], 0);
        assert_eq!(of(&refused).causes[0].whose_fault, UNTOLD);
        refused.last = at(99);
        assert_eq!(of(&refused).causes[0].whose_fault, OURS, "that was before");
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
