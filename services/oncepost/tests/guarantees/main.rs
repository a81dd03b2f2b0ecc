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

use page::{functions, page, parts, root};

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

#[test]
fn every_test_that_is_named_exists() {
    let known = functions();
    let named = parts::tests_named_in(&page());
    assert!(named.len() > 60, "only {} tests are named", named.len());
    let exists = |name: &String| match name.strip_suffix('…') {
        Some(beginning) => known.iter().any(|known| known.starts_with(beginning)),
        None => known.contains(name),
    };
    let missing: BTreeSet<_> = named.into_iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "GUARANTEES.md names tests that do not exist: {missing:#?}");
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
