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

/// The names of all functions in the workspace.
pub fn functions() -> BTreeSet<String> {
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
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
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
