//! The JSON Schemas under `docs/contract` are those of the types, and the examples there obey them. `UPDATE=1` rewrites the schemas.

#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use oncepost_contract::{Answer, ChangeAsk, Dead, EventMessage, Publish, Rejected, Schedule};
use schemars::{Schema, generate::SchemaSettings};
use serde_json::Value;

fn docs() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract"))
}

fn schema<T: schemars::JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}

fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("schedule", schema::<Schedule>()),
        ("change", schema::<ChangeAsk>()),
        ("answer", schema::<Answer>()),
        ("rejected", schema::<Rejected>()),
        ("publish", schema::<Publish>()),
        ("event", schema::<EventMessage>()),
        ("dead", schema::<Dead>()),
    ]
}

/// Every example of a message: its file name starts with the message's name.
fn examples(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(docs().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if stem == name || stem.starts_with(&format!("{name}-")) {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "there is no example of a {name} message");
    found
}

#[test]
fn schemas_are_those_of_the_types() {
    for (name, schema) in schemas() {
        let path = docs().join(format!("{name}.v1.schema.json"));
        let fresh = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &fresh).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == fresh, "{} is out of date: run `UPDATE=1 cargo test -p oncepost-contract`", path.display());
    }
}

#[test]
fn examples_obey_their_schemas() {
    for (name, schema) in schemas() {
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(schema.as_value())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for (path, body) in examples(name) {
            let value: Value = serde_json::from_slice(&body).unwrap();
            let errors: Vec<_> =
                validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        }
        assert!(!validator.is_valid(&serde_json::json!({})), "the schema of {name} takes anything");
        assert!(!validator.is_valid(&serde_json::json!({ "version": 2 })), "the schema of {name} takes any version");
    }
}

#[test]
fn examples_are_read_and_written_again_without_a_loss() {
    let same = |path: &PathBuf, body: &[u8], again: Value| {
        assert_eq!(again, serde_json::from_slice::<Value>(body).unwrap(), "{}", path.display());
    };
    for (path, body) in examples("schedule") {
        same(&path, &body, serde_json::to_value(Schedule::decode(&body).unwrap()).unwrap());
    }
    for (path, body) in examples("change") {
        same(&path, &body, serde_json::to_value(ChangeAsk::decode(&body).unwrap()).unwrap());
    }
    for (path, body) in examples("publish") {
        same(&path, &body, serde_json::to_value(Publish::decode(&body).unwrap()).unwrap());
    }
    for (path, body) in examples("answer") {
        same(&path, &body, serde_json::to_value(serde_json::from_slice::<Answer>(&body).unwrap()).unwrap());
    }
    for (path, body) in examples("rejected") {
        same(&path, &body, serde_json::to_value(serde_json::from_slice::<Rejected>(&body).unwrap()).unwrap());
    }
    for (path, body) in examples("event") {
        same(&path, &body, serde_json::to_value(serde_json::from_slice::<EventMessage>(&body).unwrap()).unwrap());
    }
    for (path, body) in examples("dead") {
        same(&path, &body, serde_json::to_value(serde_json::from_slice::<Dead>(&body).unwrap()).unwrap());
        Publish::decode(&body).expect("a dead letter moved back reads as a publish message");
    }
}
