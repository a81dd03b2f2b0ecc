//! Every seed of every target, and mutations of them. `cargo-fuzz` does the same for longer: `make fuzz`.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use oncepost_fuzz::TARGETS;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};

/// Mutations of each target's seeds.
const MUTATIONS: u32 = 600;

fn room() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = room().join("corpus").join(target);
    let seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(seeds.len() >= 2, "{target} has no seeds");
    seeds
}

#[test]
fn every_target_has_seeds_and_is_under_libfuzzer() {
    let listed: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&room().join("corpus")), listed);
    assert_eq!(names(&room().join("libfuzzer/targets")), listed);
}

#[test]
fn every_seed_is_read_or_refused() {
    for (name, target) in TARGETS {
        seeds(name).iter().for_each(|seed| target(seed));
    }
}

#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    Repeat(Index, u8, u8),
    Cut(Index),
    Splice(Index, Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let token = prop::sample::select(vec![
        "null",
        "true",
        "-1",
        "1e400",
        "[",
        "{",
        "\"",
        "\\u0000",
        "\\ud800",
        "}",
        "]",
        ",",
        ":",
        "\n",
        "18446744073709551616",
        "2026-12-01T09:00:00Z",
        "Europe/Berlin",
        "é",
        "\u{202e}",
        "%00",
        "../",
        "&#x0;",
        "<",
        "=",
    ]);
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), token).prop_map(|(at, token)| Change::Insert(at, token.as_bytes().to_vec())),
        (at(), any::<u8>()).prop_map(|(at, many)| Change::Remove(at, many)),
        (at(), 1_u8..40, any::<u8>()).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        at().prop_map(Change::Cut),
        (at(), at(), 1_u8..60).prop_map(|(from, to, length)| Change::Splice(from, to, length)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        let some =
            |from: usize, length: u8, bytes: &[u8]| bytes[from..bytes.len().min(from + usize::from(length))].to_vec();
        match change {
            Change::Set(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Change::Set(..) => {}
            Change::Insert(at, token) => {
                let at = place(at, &bytes);
                bytes.splice(at..at, token.iter().copied());
            }
            Change::Remove(at, many) => {
                let at = place(at, &bytes);
                bytes.drain(at..bytes.len().min(at + usize::from(*many)));
            }
            Change::Repeat(at, length, times) => {
                let at = place(at, &bytes);
                let piece = some(at, *length, &bytes);
                bytes.splice(at..at, piece.repeat(usize::from(*times)));
            }
            Change::Cut(at) => bytes.truncate(place(at, &bytes)),
            Change::Splice(from, to, length) => {
                let piece = some(place(from, &bytes), *length, &bytes);
                let to = place(to, &bytes);
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

#[test]
fn mutations_of_the_seeds_are_read_or_refused() {
    for (name, target) in TARGETS {
        let mut runner = TestRunner::new(Config { cases: MUTATIONS, failure_persistence: None, ..Config::default() });
        let input = (prop::sample::select(seeds(name)), prop::collection::vec(change(), 1..6));
        let outcome = runner.run(&input, |(seed, changes)| {
            target(&changed(seed, &changes));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
