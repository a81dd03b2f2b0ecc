//! The page, and what is in the workspace's sources.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub fn page() -> String {
    std::fs::read_to_string(root().join("GUARANTEES.md")).unwrap()
}

/// The names of all tests in the workspace: functions with a test's attribute, and what the conformance suites list by name.
pub fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for top in ["shared", "services"] {
        collect(&root().join(top), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(sources::with_attribute(&text));
            found.extend(sources::listed_in_suites(&text));
        }
    }
}

/// Tests in a source file.
pub mod sources {
    /// The macros that make a test of each name they are given; the first takes whole functions, the others only names.
    const SUITES: [(&str, bool); 3] = [("for_every_channel", true), ("for_each_ledger", false), ("over_both", false)];

    /// Functions with `#[test]` or `#[tokio::test…]`, other attributes and comments between the two allowed.
    pub fn with_attribute(text: &str) -> Vec<String> {
        let (mut found, mut attributed) = (Vec::new(), false);
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                attributed = true;
            } else if !line.starts_with("#[") && !line.starts_with("//") {
                let name = line.split_once("fn ").map(|(_, rest)| word(rest));
                found.extend(name.filter(|_| attributed).map(str::to_owned));
                attributed = false;
            }
        }
        found
    }

    /// The entries of a conformance suite, each of which its macro makes a test of.
    pub fn listed_in_suites(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (suite, functions) in SUITES {
            for body in text.split(&format!("{suite}! {{")).skip(1).map(inside) {
                if functions {
                    found.extend(body.split("\n    async fn ").skip(1).map(|rest| word(rest).to_owned()));
                } else {
                    found.extend(
                        body.split(|c: char| !is_of_a_word(c)).filter(|word| !word.is_empty()).map(str::to_owned),
                    );
                }
            }
        }
        found
    }

    /// `text` up to the brace that closes what was opened before it.
    fn inside(text: &str) -> &str {
        let mut open = 1;
        let end = text.find(|c| {
            open += i32::from(c == '{') - i32::from(c == '}');
            open == 0
        });
        &text[..end.unwrap_or(text.len())]
    }

    fn word(text: &str) -> &str {
        text.split(|c| !is_of_a_word(c)).next().unwrap_or_default()
    }

    fn is_of_a_word(c: char) -> bool {
        c.is_ascii_alphanumeric() || c == '_'
    }
}

/// Parts of the page.
pub mod parts {
    use std::collections::BTreeSet;

    /// `text` with what stands between the marks of `name` replaced by `fresh`.
    pub fn replace(text: &str, name: &str, fresh: &str) -> String {
        let (begin, end) = (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->"));
        let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("GUARANTEES.md has no mark {begin}"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("GUARANTEES.md has no mark {end}"));
        format!("{before}{begin}\n{fresh}\n{end}{after}")
    }

    /// What looks like a test's name: words in backticks, at least three joined by underscores. An ellipsis stands for the rest.
    pub fn tests_named_in(text: &str) -> BTreeSet<String> {
        let quoted = text.split('`').skip(1).step_by(2);
        let word =
            |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '…');
        let long = |name: &str| name.matches('_').count() >= 2 || name.ends_with('…');
        quoted.filter(|name| word(name) && long(name) && !name.starts_with("oncepost_")).map(str::to_owned).collect()
    }
}
