//! The index of all codes, docs/errors/README.md: written from their pages.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fmt::Write, fs, path::Path};

use oncepost_domain::{Code, CodeKind};

const NOTE: &str = "<!-- Written by `UPDATE=1 cargo test -p oncepost-domain`: change the pages instead. -->";

/// The first paragraph of a section, in one line.
fn paragraph(code: Code, heading: &str) -> String {
    let page = code.page().unwrap();
    let text = page.section(heading).unwrap().split("\n\n").next().unwrap();
    text.replace('\n', " ").replace('|', "\\|")
}

/// Its first sentence.
fn sentence(code: Code, heading: &str) -> String {
    let text = paragraph(code, heading);
    text.split_once(". ").map_or(text.clone(), |(first, _)| format!("{first}."))
}

fn index() -> String {
    let mut text = format!("# What can go wrong\n\n{NOTE}\n\nEvery failure has a code, and every code a page.\n");
    for kind in CodeKind::ALL {
        let title = kind.title();
        write!(text, "\n## {title}\n\n| code | what | whose fault | what to do |\n|---|---|---|---|\n").unwrap();
        for code in kind.codes() {
            let what = code.page().unwrap().title;
            let (whose, remedy) = (sentence(*code, "Whose fault"), paragraph(*code, "What to do"));
            writeln!(text, "| [{code}]({code}.md) | {what} | {whose} | {remedy} |").unwrap();
        }
    }
    text
}

#[test]
fn the_index_lists_every_code_as_its_page_has_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors/README.md");
    let index = index();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &index).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == index,
        "docs/errors/README.md is not what the pages say: UPDATE=1 cargo test -p oncepost-domain"
    );
    assert_eq!(index.matches("\n| [OP-").count(), Code::ALL.len());
}
