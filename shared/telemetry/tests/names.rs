//! The list of metrics is the truth: what the workspace records is listed, and what is listed is recorded.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use oncepost_telemetry::names::{ALL, Kind};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names given to a recording macro, with the macro and the labels.
fn recorded(text: &str, found: &mut BTreeMap<String, BTreeSet<(&'static str, Vec<String>)>>) {
    for kind in ["counter", "gauge", "histogram"] {
        for call in text.split(&format!("{kind}!(")).skip(1) {
            let call = call.trim_start();
            let Some(quoted) = call.strip_prefix("\"oncepost_") else { continue };
            let name = format!("oncepost_{}", quoted.split('"').next().unwrap());
            let arguments = quoted.split(';').next().unwrap();
            let labels = arguments
                .match_indices("\" =>")
                .filter_map(|(end, _)| arguments[..end].rsplit('"').next().map(str::to_owned))
                .collect();
            found.entry(name).or_default().insert((kind, labels));
        }
    }
}

#[test]
fn what_is_recorded_is_listed_and_what_is_listed_is_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for rooms in ["shared", "services"] {
        for room in fs::read_dir(root.join(rooms)).unwrap() {
            let folder = room.unwrap().path().join("src");
            if folder.is_dir() {
                sources(&folder, &mut files);
            }
        }
    }
    let mut found = BTreeMap::new();
    for file in files {
        recorded(&fs::read_to_string(file).unwrap(), &mut found);
    }
    let listed: BTreeMap<_, _> = ALL
        .iter()
        .map(|name| {
            let kind = match name.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            let labels = name.labels.iter().map(|label| (*label).to_owned()).collect();
            (name.name.to_owned(), BTreeSet::from([(kind, labels)]))
        })
        .collect();
    let unlisted: Vec<_> = found.iter().filter(|(name, as_what)| listed.get(*name) != Some(as_what)).collect();
    let unrecorded: Vec<_> = listed.iter().filter(|(name, as_what)| found.get(*name) != Some(as_what)).collect();
    assert!(
        unlisted.is_empty() && unrecorded.is_empty(),
        "shared/telemetry/src/names.rs and the sources differ.\nrecorded otherwise: {unlisted:#?}\nlisted otherwise: {unrecorded:#?}"
    );
}

#[test]
fn names_follow_the_conventions() {
    for name in ALL {
        assert!(name.name.starts_with("oncepost_"), "{}", name.name);
        assert_eq!(name.kind == Kind::Counter, name.name.ends_with("_total"), "{}", name.name);
        assert_eq!(name.kind == Kind::Histogram, !name.buckets.is_empty(), "{}", name.name);
        assert!(name.buckets.is_sorted(), "{}", name.name);
    }
    let names: BTreeSet<_> = ALL.iter().map(|name| name.name).collect();
    assert_eq!(names.len(), ALL.len(), "a metric is listed twice");
}
