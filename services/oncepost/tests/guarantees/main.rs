//! GUARANTEES.md cannot drift: its generated parts are as the code and the recorded runs say, every test that it names exists, and
//! the recorded runs are good enough to be shown.
//!
//! `UPDATE=1 cargo test -p oncepost --test guarantees` writes the generated parts anew.
#![allow(clippy::unwrap_used, reason = "tests")]

mod channels;
mod figures;
mod incidents;
mod matrix;
mod page;

use std::collections::BTreeSet;

use page::{page, parts, root, sources, tests};

#[test]
fn the_generated_parts_are_as_generated() {
    let generated = [("figures", figures::render()), ("channels", channels::render()), ("matrix", matrix::render())];
    let mut text = page();
    for (name, fresh) in &generated {
        text = parts::replace(&text, name, fresh);
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join("GUARANTEES.md"), &text).unwrap();
    }
    assert_eq!(
        page(),
        text,
        "GUARANTEES.md is not what the code and docs/proof say; write it anew with `UPDATE=1 cargo test -p oncepost --test guarantees`"
    );
}

/// The pages whose claims name their tests, and how many each names at least.
const PAGES: &[(&str, usize)] = &[("GUARANTEES.md", 60), ("docs/losing-stores.md", 10)];

#[test]
fn every_test_that_is_named_exists() {
    let known = tests();
    for (page, least) in PAGES {
        let named = parts::tests_named_in(&std::fs::read_to_string(root().join(page)).unwrap());
        assert!(named.len() > *least, "{page} names only {} tests", named.len());
        let wrong: BTreeSet<_> = named.into_iter().filter(|name| !names_one(name, &known)).collect();
        assert!(wrong.is_empty(), "{page} names what is no test, or is short for several: {wrong:#?}");
    }
}

/// Whether `name` is one of the `known` tests, or is short for exactly one.
fn names_one(name: &str, known: &BTreeSet<String>) -> bool {
    match name.strip_suffix('…') {
        Some(beginning) => known.iter().filter(|known| known.starts_with(beginning)).count() == 1,
        None => known.contains(name),
    }
}

#[test]
fn only_tests_count_as_tests() {
    let plain = "fn a_helper() {}\n\n#[test]\nfn a_plain_test() {\n    fn an_inner_helper() {}\n}\n";
    let other = "#[tokio::test(start_paused = true)]\n#[ignore]\n// Why.\nasync fn a_timed_test() {}\n#[allow(x)]\nfn no_test() {}\n";
    assert_eq!(sources::with_attribute(&format!("{plain}{other}")), ["a_plain_test", "a_timed_test"]);
    let suite =
        "fn before() {}\nover_both! {\n    suite:\n        a_promise,\n        another_promise;\n}\nfn after() {}\n";
    assert_eq!(sources::listed_in_suites(suite), ["suite", "a_promise", "another_promise"]);
    let exchanges = "for_every_channel! {\n    /// One.\n    async fn an_exchange(place: Place) {\n        {}\n    }\n}\nasync fn after() {}\n";
    assert_eq!(sources::listed_in_suites(exchanges), ["an_exchange"]);
    let known = BTreeSet::from(["d01_a".to_owned(), "d01_b".to_owned(), "d02_a".to_owned()]);
    assert!(names_one("d02_…", &known) && names_one("d01_a", &known));
    assert!(!names_one("d01_…", &known) && !names_one("d03_…", &known) && !names_one("d01", &known));
}

#[test]
fn every_promise_has_its_section_and_names_a_test() {
    let text = page();
    for promise in ["P1", "P2", "P3", "P4", "P5", "P6", "P7"] {
        let (_, section) =
            text.split_once(&format!("**{promise}.")).unwrap_or_else(|| panic!("{promise} is not on the page"));
        let section = section.split("\n**P").next().unwrap();
        assert!(!parts::tests_named_in(section).is_empty(), "{promise} names no test");
    }
}

#[test]
fn what_is_shown_is_good_enough_to_be_shown() {
    figures::check();
}
