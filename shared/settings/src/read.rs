//! From a file and variables to a value tree, and from the tree to typed settings, collecting every problem on the way.

use config::{Config, ConfigError, Value, ValueKind};
use serde_path_to_error::{Path, Segment};

use crate::{Problem, Settings};

/// More mistakes than this are told in the next run.
const ROUNDS: usize = 200;

/// Reads the tree. What cannot be read is noted, taken out, and reading goes on: one run tells everything.
pub(crate) fn settings(tree: Config, problems: &mut Vec<Problem>) -> Settings {
    let mut root = tree.cache;
    // Each round takes a value out or puts a missing one in. The bound is for the round that does neither for good.
    for _ in 0..ROUNDS {
        let error = match serde_path_to_error::deserialize::<_, Settings>(root.clone()) {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let mut path = keys(error.path());
        let reason = innermost(error.inner());
        let missing = matches!(reason, Reason::Missing { .. });
        if let Reason::Missing { field } = &reason {
            path.push(Step::Key(field.clone()));
        }
        let origin = look(&root, &path).and_then(Value::origin).map(str::to_owned);
        let problem = describe(show(&path), &reason, origin.as_deref());
        if !problems.iter().any(|known| known.explains(&problem)) {
            problems.push(problem);
        }
        if !mend(&mut root, &path, missing) {
            break;
        }
    }
    Settings::default()
}

#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

fn keys(path: &Path) -> Vec<Step> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn show(path: &[Step]) -> String {
    let mut shown = String::new();
    for step in path {
        match step {
            Step::Key(key) if shown.is_empty() => shown.push_str(key),
            Step::Key(key) => shown.extend([".", key]),
            Step::Index(index) => shown.push_str(&format!("[{index}]")),
        }
    }
    shown
}

fn look<'a>(root: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(root, |value, step| match (&value.kind, step) {
        (ValueKind::Table(table), Step::Key(key)) => table.get(key),
        (ValueKind::Array(list), Step::Index(index)) => list.get(*index),
        _ => None,
    })
}

/// Makes the tree readable again: a bad value goes (a list keeps its numbering), a missing name is filled in.
fn mend(root: &mut Value, path: &[Step], missing: bool) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let mut value = root;
    for step in parents {
        let inner = match (&mut value.kind, step) {
            (ValueKind::Table(table), Step::Key(key)) => table.get_mut(key),
            (ValueKind::Array(list), Step::Index(index)) => list.get_mut(*index),
            _ => None,
        };
        let Some(inner) = inner else { return false };
        value = inner;
    }
    match (&mut value.kind, last) {
        // Read as any name and as a duration alike; nobody sees it, because a problem has been noted.
        (ValueKind::Table(table), Step::Key(key)) if missing => {
            let filler = if key == "per" { "1s" } else { "missing" };
            table.insert(key.clone(), Value::new(None, filler)).is_none()
        }
        (ValueKind::Table(table), Step::Key(key)) => table.remove(key).is_some(),
        (ValueKind::Array(list), Step::Index(index)) => match list.get_mut(*index) {
            Some(slot) if !matches!(&slot.kind, ValueKind::Table(table) if table.is_empty()) => {
                *slot = Value::new(None, ValueKind::Table(config::Map::new()));
                true
            }
            _ => false,
        },
        _ => false,
    }
}

enum Reason {
    Type { found: &'static str, expected: String },
    Missing { field: String },
    Said(String),
}

/// Why, without the value: it may be a secret in the wrong place.
fn innermost(error: &ConfigError) -> Reason {
    match error {
        ConfigError::At { error, .. } => innermost(error),
        ConfigError::Type { unexpected, expected, .. } => {
            Reason::Type { found: kind(&unexpected.to_string()), expected: (*expected).to_owned() }
        }
        // Named with its path here: `accounts[0].rate.per`, and `accounts[0]id` without a dot.
        ConfigError::NotFound(path) => {
            Reason::Missing { field: path.rsplit(['.', ']']).next().unwrap_or_default().to_owned() }
        }
        other => {
            let said = other.to_string();
            match said.strip_prefix("invalid ").and_then(|rest| rest.split_once(": ")?.1.rsplit_once(", expected ")) {
                Some((found, expected)) => Reason::Type { found: kind(found), expected: expected.to_owned() },
                None => Reason::Said(said),
            }
        }
    }
}

fn kind(unexpected: &str) -> &'static str {
    match unexpected.split(' ').next() {
        Some("boolean") => "true or false",
        Some("string" | "character") => "text",
        Some("unit" | "null") => "nothing",
        Some("sequence") => "a list",
        Some("map") => "a section",
        _ => "a number",
    }
}

fn describe(path: String, reason: &Reason, origin: Option<&str>) -> Problem {
    let from = match origin {
        Some(_) => format!(" (set by {})", variable(&path)),
        None => String::new(),
    };
    let (problem, remedy) = match reason {
        Reason::Type { found, expected } => {
            let expected = if expected.starts_with("struct ") { "a section of keys" } else { expected };
            (format!("must be {expected}, found {found}"), format!("write {expected}"))
        }
        Reason::Said(said) if said.starts_with("enum ") => {
            ("is none of the choices".to_owned(), "choose one that docs/configuration.md lists".to_owned())
        }
        Reason::Missing { .. } => ("is missing".to_owned(), "add it".to_owned()),
        Reason::Said(said) if said.starts_with("unknown field") => {
            ("is not a known key".to_owned(), known(said, path.rsplit('.').next().unwrap_or_default()))
        }
        Reason::Said(said) => match said.split_once("; ") {
            Some((problem, remedy)) => (problem.to_owned(), remedy.to_owned()),
            None => (said.clone(), "correct it".to_owned()),
        },
    };
    Problem::new(path, problem + &from, remedy)
}

fn variable(path: &str) -> String {
    format!("ONCEPOST__{}", path.replace('.', "__").to_uppercase())
}

/// What to write instead of an unknown key: the one that looks like it, or all there are.
fn known(said: &str, key: &str) -> String {
    let names: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
    match names.iter().map(|name| (distance(name, key), name)).min() {
        Some((far, name)) if far <= 2 => format!("write {name}, or remove it"),
        Some(_) => format!("remove it; known here: {}", names.join(", ")),
        None => "remove it".to_owned(),
    }
}

/// How many letters to change, add or drop.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}
