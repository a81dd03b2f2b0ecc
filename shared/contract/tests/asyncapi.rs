//! The AsyncAPI document names every exchange and queue that is declared, and nothing that is not; every reference leads somewhere.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::PathBuf};

use broker::{Names, Topology, topology::Kind};
use domain::{EventName, ListReason};
use oncepost_contract::dead;
use yaml_rust2::{Yaml, YamlLoader};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract"))
}

fn document() -> Yaml {
    let text = fs::read_to_string(folder().join("asyncapi.yaml")).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

fn text(yaml: &Yaml) -> String {
    yaml.as_str().unwrap_or_else(|| panic!("not text: {yaml:?}")).to_owned()
}

/// What the AMQP bindings of all channels hold under any of the `parts`.
fn bound(parts: &[&str]) -> Vec<Yaml> {
    let document = document();
    let channels = document["channels"].as_hash().unwrap();
    let found = channels.values().flat_map(|channel| parts.iter().map(|part| &channel["bindings"]["amqp"][*part]));
    found.filter(|value| !value.is_badvalue()).cloned().collect()
}

#[test]
fn it_names_every_exchange_and_queue_and_no_other() {
    let topology = Topology::new(&Names::new("oncepost"), ["{channel}"]);
    let declared: BTreeSet<_> = topology.queues.into_iter().map(|queue| queue.name).collect();
    let named: BTreeSet<_> = bound(&["queue"]).iter().map(|queue| text(&queue["name"])).collect();
    assert_eq!(named, declared);

    let kind = |kind| match kind {
        Kind::Direct => "direct",
        Kind::Fanout => "fanout",
        Kind::Topic => "topic",
    };
    let declared: BTreeSet<_> =
        topology.exchanges.into_iter().map(|exchange| (exchange.name, kind(exchange.kind).to_owned())).collect();
    let named: BTreeSet<_> = bound(&["exchange", "x-fed-by"])
        .iter()
        .map(|exchange| (text(&exchange["name"]), text(&exchange["type"])))
        .collect();
    assert_eq!(named, declared);
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(of: &Yaml, root: &Yaml, count: &mut usize) {
        match of {
            Yaml::Array(items) => items.iter().for_each(|item| walk(item, root, count)),
            Yaml::Hash(fields) => fields.iter().for_each(|(name, value)| match name.as_str() {
                Some("$ref") => {
                    *count += 1;
                    let reference = text(value);
                    match reference.strip_prefix("#/") {
                        Some(inside) => {
                            let found = inside.split('/').fold(root, |at, name| &at[name]);
                            assert!(!found.is_badvalue(), "{reference} leads nowhere");
                        }
                        None => assert!(folder().join(&reference).is_file(), "{reference} is not there"),
                    }
                }
                _ => walk(value, root, count),
            }),
            _ => {}
        }
    }
    let (document, mut count) = (document(), 0);
    walk(&document, &document, &mut count);
    assert!(count > 30, "only {count} references found");
}

#[test]
fn events_reasons_and_headers_are_those_of_the_code() {
    let document = document();
    let list = |yaml: &Yaml| yaml.as_vec().unwrap().iter().map(text).collect::<Vec<_>>();
    assert_eq!(
        list(&document["channels"]["events"]["parameters"]["name"]["enum"]),
        EventName::ALL.map(|name| name.name())
    );

    let headers = &document["components"]["schemas"]["deadHeaders"]["properties"];
    for header in [dead::REASON, dead::CODE, dead::WHAT, dead::WHOSE, dead::DO, dead::ATTEMPT] {
        assert!(!headers[header].is_badvalue(), "{header}");
    }
    let reasons = [
        ListReason::Permanent,
        ListReason::TriesUsedUp,
        ListReason::Poison,
        ListReason::Undecidable,
        ListReason::StillProcessing,
    ];
    let mut named: Vec<_> = reasons.map(ListReason::name).to_vec();
    named.push(dead::UNREADABLE);
    assert_eq!(list(&headers[dead::REASON]["enum"]), named);
}

#[test]
fn every_schema_is_used() {
    let text = fs::read_to_string(folder().join("asyncapi.yaml")).unwrap();
    for name in ["schedule", "rejected", "publish", "event", "dead"] {
        assert!(text.contains(&format!("./{name}.v1.schema.json")), "{name}");
    }
}
