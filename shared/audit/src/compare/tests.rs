//! What is found, and what is not, case by case. Times are minutes.

use super::*;

const NOW: i64 = 10_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
}

fn target(n: u128) -> TargetId {
    TargetId(uuid::Uuid::from_u128(n))
}

fn receipt(id: &str) -> Receipt {
    Receipt { id: id.into(), url: None }
}

/// Part 0 of target `n`, due and out at a time under an id.
fn out(n: u128, id: &str, minutes: i64, says: &str) -> Known {
    Known {
        target: target(n),
        part: 0,
        receipt: Some(receipt(id)),
        due_at: at(minutes),
        at: at(minutes),
        wording: Wording::of(says),
        is_listed: true,
    }
}

fn nth(part: u16, known: Known) -> Known {
    Known { part, ..known }
}

/// A target that may be out.
fn doubt(n: u128, minutes: i64, says: &str) -> Known {
    Known { receipt: None, ..out(n, "", minutes, says) }
}

fn shown(id: &str, minutes: i64, says: &str) -> ListedPost {
    ListedPost { receipt: receipt(id), at: at(minutes), wording: Wording::of(says) }
}

struct Case {
    known: Vec<Known>,
    posts: Vec<ListedPost>,
    cut: Option<Cut>,
    owners: Vec<&'static str>,
}

impl Case {
    fn new(known: Vec<Known>, posts: Vec<ListedPost>) -> Self {
        Self { known, posts, cut: None, owners: vec![] }
    }

    /// Judged from minute 0 to now; for five minutes a post may be missing from listings.
    fn compare(&self) -> Compared {
        let owners = self.owners.iter().map(|id| ((*id).to_owned(), target(99))).collect();
        let listing = Listing { posts: self.posts.clone(), cut: self.cut };
        let (since, until, sure_until) = (at(0), at(NOW), at(NOW - 5));
        compare(&Question { known: &self.known, listing: &listing, owners: &owners, since, until, sure_until })
    }

    /// What is found: of a duplicate the copy and the target it repeats, of what vanished its id and what says the same.
    #[track_caller]
    fn finds(&self, expected: &[&str], there: usize, untold: &[Untold]) {
        let told = self.compare();
        let shown: Vec<String> = told
            .findings
            .iter()
            .map(|finding| match finding {
                Finding::Duplicate { of, copy } => format!("twice {} of {}", copy.receipt.id, of.target.0.as_u128()),
                Finding::Vanished { part, alike } => {
                    let alike = alike.as_ref().map(|post| format!(" like {}", post.receipt.id)).unwrap_or_default();
                    format!("gone {}{alike}", part.receipt.as_ref().unwrap().id)
                }
            })
            .collect();
        assert_eq!(shown, expected);
        assert_eq!((told.there, told.untold.as_slice()), (there, untold));
    }
}

#[test]
fn what_is_there_once_is_no_finding() {
    Case::new(vec![], vec![]).finds(&[], 0, &[]);
    Case::new(vec![out(1, "a", 10, "hi")], vec![shown("a", 10, "hi")]).finds(&[], 1, &[]);
    // A person's own posts, of whatever words.
    let own = vec![shown("a", 10, "hi"), shown("b", 11, "mine"), shown("c", 12, "mine"), shown("d", 13, "")];
    Case::new(vec![out(1, "a", 10, "hi")], own).finds(&[], 1, &[]);
}

#[test]
fn a_copy_is_found_and_each_copy_is_one_finding() {
    let known = || vec![out(1, "a", 10, "hi"), out(2, "b", 20, "ho")];
    let posts = |more: &[ListedPost]| {
        [shown("a", 10, "hi"), shown("b", 20, "ho")].into_iter().chain(more.iter().cloned()).collect::<Vec<_>>()
    };
    Case::new(known(), posts(&[shown("x", 30, "hi")])).finds(&["twice x of 1"], 2, &[]);
    Case::new(known(), posts(&[shown("x", 5, "hi")])).finds(&["twice x of 1"], 2, &[]);
    let two = posts(&[shown("y", 31, "hi"), shown("x", 30, "hi"), shown("z", 9, "ho")]);
    Case::new(known(), two).finds(&["twice x of 1", "twice y of 1", "twice z of 2"], 2, &[]);
    // Before the time in question, and of no time that is told.
    let old = posts(&[shown("x", -1, "hi"), ListedPost { at: Timestamp::MIN, ..shown("y", 0, "hi") }]);
    Case::new(known(), old).finds(&[], 2, &[]);
}

#[test]
fn two_targets_that_say_the_same_are_two_posts() {
    let known = vec![out(1, "a", 10, "hi"), out(2, "b", 500, "hi")];
    let both = vec![shown("a", 10, "hi"), shown("b", 500, "hi")];
    Case::new(known.clone(), both.clone()).finds(&[], 2, &[]);
    // A third post is one too many, and it is told of the target that is nearer.
    let third: Vec<_> = both.into_iter().chain([shown("x", 501, "hi")]).collect();
    Case::new(known, third).finds(&["twice x of 2"], 2, &[]);
}

#[test]
fn a_post_that_the_ledger_knows_however_old_its_target_is_no_copy() {
    let known = vec![out(1, "a", 10, "hi")];
    let posts = vec![shown("a", 10, "hi"), shown("old", 11, "hi")];
    Case { owners: vec!["old"], ..Case::new(known, posts) }.finds(&[], 1, &[]);
}

#[test]
fn what_is_not_listed_has_vanished() {
    let known = vec![out(1, "a", 10, "hi"), out(2, "b", 20, "ho")];
    Case::new(known.clone(), vec![shown("b", 20, "ho")]).finds(&["gone a"], 1, &[]);
    // Put there anew by hand, long after: it is told with it, and is no copy besides.
    let anew = vec![shown("b", 20, "ho"), shown("x", 300, "hi")];
    Case::new(known, anew).finds(&["gone a like x"], 1, &[]);
}

#[test]
fn what_may_not_be_listed_yet_or_was_due_before_has_not_vanished() {
    let mut late = out(1, "a", NOW - 4, "hi");
    Case::new(vec![late.clone(), out(2, "b", 20, "ho")], vec![shown("b", 20, "ho")]).finds(&[], 1, &[]);
    // Due before the time in question and known to be out later: when it was made is not known.
    (late.due_at, late.at) = (at(-1), at(10));
    Case::new(vec![late, out(2, "b", 20, "ho")], vec![shown("b", 20, "ho")]).finds(&[], 1, &[]);
}

#[test]
fn a_thread_is_judged_part_by_part() {
    let thread = || vec![out(1, "a", 10, "one"), nth(1, out(1, "b", 10, "two")), nth(2, out(1, "c", 10, "three"))];
    let all = vec![shown("a", 10, "one"), shown("b", 10, "two"), shown("c", 10, "three")];
    Case::new(thread(), all.clone()).finds(&[], 3, &[]);
    let told = Case::new(thread(), vec![all[0].clone(), all[2].clone(), shown("x", 12, "one")]).compare();
    let [Finding::Duplicate { of, .. }, Finding::Vanished { part, .. }] = &told.findings[..] else {
        panic!("{told:?}")
    };
    assert_eq!((of.part, part.part, told.there), (0, 1, 2));
    // Two parts that say the same are two posts.
    let same = vec![out(1, "a", 10, "…"), nth(1, out(1, "b", 10, "…"))];
    Case::new(same, vec![shown("a", 10, "…"), shown("b", 10, "…")]).finds(&[], 2, &[]);
    // Parts in no listing are counted, unless they are there.
    let comment = Known { is_listed: false, ..nth(1, out(1, "b", 10, "two")) };
    let known = vec![out(1, "a", 10, "one"), comment];
    Case::new(known.clone(), vec![shown("a", 10, "one")]).finds(&[], 1, &[Untold::Unlisted(1)]);
    Case::new(known, vec![shown("a", 10, "one"), shown("b", 10, "two")]).finds(&[], 2, &[]);
}

#[test]
fn an_edited_post_is_the_same_and_a_copy_of_either_wording_is_found() {
    let known = || vec![out(1, "a", 10, "typo")];
    let edited = shown("a", 10, "mended");
    Case::new(known(), vec![edited.clone()]).finds(&[], 1, &[Untold::Reworded(1)]);
    for copy in ["typo", "mended"] {
        let posts = vec![edited.clone(), shown("x", 12, copy)];
        Case::new(known(), posts).finds(&["twice x of 1"], 1, &[Untold::Reworded(1)]);
    }
}

#[test]
fn a_post_under_another_id_is_the_same_if_it_was_made_at_that_time() {
    // As a video that is listed as a post.
    let known = || vec![out(1, "video/7", 10, "look"), out(2, "b", 20, "ho")];
    let posts = |more: Vec<ListedPost>| [vec![shown("b", 20, "ho")], more].concat();
    Case::new(known(), posts(vec![shown("page_7", 9, "look")])).finds(&[], 2, &[]);
    // The copy of it is not.
    let both = vec![shown("page_7", 9, "look"), shown("page_8", 40, "look")];
    Case::new(known(), posts(both)).finds(&["twice page_8 of 1"], 2, &[]);
    // A person's proof may be the address where they saw it.
    let by_hand = out(1, "https://m.example/@ann/17?x=1", 10, "look");
    Case::new(vec![by_hand], vec![shown("17", 10, "look")]).finds(&[], 1, &[]);
}

#[test]
fn what_may_be_out_is_no_copy_of_what_says_the_same() {
    let known = || vec![out(1, "a", 10, "hi"), doubt(2, 20, "hi")];
    let first = shown("a", 10, "hi");
    Case::new(known(), vec![first.clone()]).finds(&[], 1, &[]);
    let its = vec![first.clone(), shown("x", 21, "hi")];
    Case::new(known(), its).finds(&[], 1, &[Untold::Unsettled(1)]);
    // One of two is its, the other is too many. What was made before it was due cannot be its.
    let two = vec![first.clone(), shown("x", 21, "hi"), shown("y", 22, "hi")];
    Case::new(known(), two).finds(&["twice y of 1"], 1, &[Untold::Unsettled(1)]);
    Case::new(known(), vec![first, shown("x", 5, "hi")]).finds(&["twice x of 1"], 1, &[]);
    // Sent twice, and neither is on record.
    let doubtful = vec![shown("x", 21, "hi"), shown("y", 22, "hi")];
    Case::new(vec![doubt(2, 20, "hi")], doubtful).finds(&["twice y of 2"], 0, &[Untold::Unsettled(1)]);
}

#[test]
fn where_a_listing_was_cut_nothing_beyond_has_vanished() {
    let known = || vec![out(1, "a", 10, "hi"), out(2, "b", 500, "ho"), out(3, "c", 600, "hu")];
    let posts = || vec![shown("c", 600, "hu"), shown("x", 601, "hi")];
    for (cut, gone, beyond) in [
        (Cut::Before(at(480)), vec!["twice x of 1", "gone b"], 1),
        (Cut::After(at(600)), vec!["gone a like x", "gone b"], 0),
        (Cut::After(at(300)), vec!["gone a like x"], 1),
        (Cut::Anywhere, vec!["twice x of 1"], 2),
    ] {
        let case = Case { cut: Some(cut), ..Case::new(known(), posts()) };
        case.finds(&gone, 1, &[Untold::Cut(cut, beyond)]);
    }
}

#[test]
fn posts_without_words_are_known_by_their_ids_alone() {
    let known = vec![out(1, "a", 10, ""), out(2, "b", 20, " ")];
    let posts = vec![shown("a", 10, ""), shown("x", 30, "")];
    Case::new(known, posts).finds(&["gone b"], 1, &[Untold::Wordless(1)]);
}

#[test]
fn that_none_of_several_is_there_is_strange_and_no_heap_of_incidents() {
    let known = |many: u128| (0..many).map(|n| out(n, &n.to_string(), 10, &format!("post {n}"))).collect::<Vec<_>>();
    Case::new(known(2), vec![]).finds(&["gone 0", "gone 1"], 0, &[]);
    Case::new(known(3), vec![shown("x", 10, "other")]).finds(&[], 0, &[Untold::Strange(3)]);
    // One that is there makes it the right account.
    Case::new(known(4), vec![shown("3", 10, "post 3")]).finds(&["gone 0", "gone 1", "gone 2"], 1, &[]);
}
