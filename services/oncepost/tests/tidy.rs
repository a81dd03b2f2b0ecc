//! What the compiler cannot enforce: who may depend on whom, how long a file may be, that every room explains itself.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What each room may use of the others. A new edge is a decision to write down in ARCHITECTURE.md.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("runtime", &[]),
    ("spans", &[]),
    ("telemetry", &[]),
    ("settings", &["domain"]),
    ("signon", &["runtime"]),
    ("contract", &["domain"]),
    ("broker", &["runtime", "spans"]),
    ("guard", &["runtime", "spans"]),
    ("ledger", &["domain", "runtime", "spans"]),
    ("channels", &["domain", "runtime", "spans"]),
    ("vault", &["domain", "runtime", "ledger", "channels"]),
    ("forecast", &["domain", "runtime", "ledger", "channels", "vault"]),
    ("scorecard", &["domain", "ledger"]),
    ("extent", &["domain", "ledger", "channels"]),
    ("roster", &["domain", "ledger"]),
    ("audit", &["domain", "runtime", "ledger", "channels"]),
    ("outbox", &["domain", "contract", "runtime", "spans", "ledger", "broker"]),
    ("letters", &["domain", "contract", "runtime", "ledger", "broker"]),
    ("intake", &["domain", "contract", "runtime", "spans", "ledger", "channels"]),
    (
        "scheduler",
        &["domain", "contract", "runtime", "spans", "ledger", "broker", "channels", "outbox", "letters", "intake"],
    ),
    ("worker", &["domain", "contract", "runtime", "spans", "ledger", "broker", "guard", "channels", "outbox"]),
    ("keeper", &["domain", "runtime", "ledger", "guard", "channels", "vault", "forecast", "audit"]),
    ("notifier", &["domain", "contract", "runtime", "ledger", "extent", "roster", "channels", "vault"]),
    (
        "console",
        &[
            "domain",
            "contract",
            "runtime",
            "spans",
            "ledger",
            "broker",
            "channels",
            "outbox",
            "letters",
            "intake",
            "settings",
            "signon",
            "vault",
            "forecast",
            "scorecard",
            "extent",
            "roster",
            "audit",
        ],
    ),
    ("testkit", &[]),
    ("harness", &["testkit", "domain", "broker", "contract", "runtime"]),
    ("fuzz", &["domain", "contract", "ledger", "broker", "channels", "runtime", "spans", "settings", "worker"]),
    ("model", &["domain"]),
    (
        "simulation",
        &[
            "domain",
            "contract",
            "runtime",
            "ledger",
            "broker",
            "guard",
            "channels",
            "outbox",
            "intake",
            "vault",
            "scheduler",
            "worker",
            "keeper",
        ],
    ),
];

/// Which room alone may name which library.
const OWNERS: &[(&str, &[&str])] = &[
    ("lapin", &["broker"]),
    ("redis", &["guard"]),
    ("sqlx", &["ledger"]),
    ("lettre", &["notifier"]),
    ("config", &["settings"]),
    ("object_store", &["channels"]),
    ("image", &["channels"]),
    ("reqwest", &["channels", "signon", "oncepost", "testkit", "harness"]),
    ("jsonwebtoken", &["signon"]),
    ("opentelemetry", &["spans", "telemetry"]),
    ("tracing-opentelemetry", &["spans", "telemetry"]),
];

/// Never in the tree: unmaintained, or a second way of doing what another crate does here.
const BANNED: &[&str] = &["backoff", "instant", "openssl-sys", "native-tls", "aws-lc-sys"];

/// The rooms whose code runs in the simulation. A `select!` that is not biased draws from tokio's own randomness, and the same
/// seed would then tell another story.
const SIMULATED: &[&str] = &[
    "shared/runtime/src",
    "shared/ledger/src/memory",
    "shared/broker/src/memory",
    "shared/guard/src/memory.rs",
    "shared/channels/src",
    "shared/outbox/src",
    "shared/letters/src",
    "shared/intake/src",
    "shared/vault/src",
    "shared/forecast/src",
    "shared/audit/src",
    "shared/simulation/src",
    "services/worker/src",
    "services/scheduler/src",
    "services/keeper/src",
];

const LONGEST_FILE: usize = 600;
const LONGEST_TEST: usize = 800;

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn room(package: &str) -> String {
    package.strip_prefix("oncepost-").unwrap_or(package).to_owned()
}

/// The rooms and what each uses outside its tests.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    metadata()
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let used = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
            (room(&package.name), used.map(|dependency| dependency.name.clone()).collect())
        })
        .collect()
}

#[test]
fn rooms_depend_on_each_other_only_as_the_map_says() {
    let uses = uses();
    let rooms: BTreeSet<_> = uses.keys().cloned().collect();
    for (name, used) in &uses {
        if name == "oncepost" {
            continue; // The binary composes everything.
        }
        let allowed =
            EDGES.iter().find(|(room, _)| room == name).unwrap_or_else(|| panic!("{name} is not on the map")).1;
        for other in
            used.iter().filter_map(|used| used.strip_prefix("oncepost-")).filter(|other| rooms.contains(*other))
        {
            assert!(allowed.contains(&other), "{name} must not use {other}; ARCHITECTURE.md says why");
        }
    }
}

#[test]
fn each_store_is_named_by_one_room() {
    for (name, used) in uses() {
        for (library, owners) in OWNERS {
            assert!(!used.contains(*library) || owners.contains(&name.as_str()), "{name} must not name {library}");
        }
    }
}

#[test]
fn what_is_banned_is_not_in_the_tree() {
    let packages: BTreeSet<_> = metadata().packages.into_iter().map(|package| package.name.to_string()).collect();
    let resolved = metadata().resolve.unwrap();
    for banned in BANNED {
        let present = packages.contains(*banned)
            && resolved
                .nodes
                .iter()
                .any(|node| node.deps.iter().any(|dependency| dependency.name == banned.replace('-', "_")));
        assert!(!present, "{banned} is in the dependency tree; docs/adr says why it must not be");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn files_hold_one_thing() {
    let mut files = Vec::new();
    for top in ["shared", "services"] {
        sources(&root().join(top), &mut files);
    }
    let mut lengths = Vec::new();
    for file in &files {
        let lines = std::fs::read_to_string(file).unwrap().lines().count();
        let test = file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs");
        let longest = if test { LONGEST_TEST } else { LONGEST_FILE };
        assert!(lines <= longest, "{} has {lines} lines: it probably holds two things", file.display());
        if !test {
            lengths.push(lines);
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 120, "the median file has {median} lines");
}

#[test]
fn every_room_explains_itself() {
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().unwrap();
        let readme = folder.join("README.md");
        assert!(readme.exists(), "{folder} has no README.md");
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let mut files = Vec::new();
    for top in ["shared", "services"] {
        sources(&root().join(top), &mut files);
    }
    // Spelled in pieces, so that this file does not find itself.
    let marks =
        [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["todo", "!("].concat(), ["unimplemented", "!("].concat()];
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '!' || c == '(';
        for mark in &marks {
            let said = text.split(|c| !word(c)).any(|said| said.starts_with(mark.as_str()));
            assert!(!said, "{} says {mark}", file.display());
        }
    }
}

#[test]
fn what_is_simulated_chooses_in_a_fixed_order() {
    let mut found = 0;
    for place in SIMULATED {
        let path = root().join(place);
        let mut files = Vec::new();
        if path.is_dir() {
            sources(&path, &mut files)
        } else {
            files.push(path)
        }
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for (at, _) in text.match_indices("select! {") {
                let first = text[at..].lines().nth(1).unwrap_or_default().trim();
                assert_eq!(first, "biased;", "{} has a select! that is not biased", file.display());
                found += 1;
            }
        }
    }
    assert!(found >= 10, "the places are no longer where the code is: {found} found");
}
