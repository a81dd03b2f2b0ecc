//! The API's description of itself: an OpenAPI 3.1 document, made of the routes, of who may use them, and of the very types that are
//! served. Tests hold it to the router and real answers to it.

mod operation;
pub(crate) mod shapes;

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

pub(crate) use operation::{Operation, operation};

use crate::{access::RULES, routes};

/// Where schemas are that are named by others.
const SCHEMAS: &str = "/components/schemas";

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// The API's description, as an OpenAPI 3.1 document. `x-oncepost-role` is the role that an operation takes, `x-oncepost-unbound` marks
/// what callers who are bound to a tenant may not use.
pub fn openapi() -> &'static Value {
    &DOCUMENT
}

fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = SCHEMAS.into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for operation in routes::operations() {
        // One without a rule is found by a test; here it is left out, as the guard leaves it out.
        let rule = RULES.iter().find(|rule| (rule.method, rule.path) == (operation.method, operation.path));
        let Some(rule) = rule else { continue };
        if !tags.contains(&operation.tag()) {
            tags.push(operation.tag());
        }
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_lowercase()] = operation.describe(rule, &mut generator);
    }
    let responses = operation::common(&mut generator);
    let schemas: Map<String, Value> = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "oncepost",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Scheduled social posts that go out once on every target, or you can see why they have not.",
            "description": "docs/api.md tells the same for people.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "api.listen of the server's settings" }],
        "security": [{ "token": [] }],
        "tags": tags.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of api.tokens. While the settings have none, programs on the same machine need none. The console's screens ask the same API as whoever is logged in, with a token or by single sign-on; a session's cookie opens no address of the API.",
                },
            },
            "responses": responses,
            "schemas": schemas,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_description_tells_of_every_rule_and_of_nothing_else() {
        let told: Vec<_> = routes::operations().iter().map(|operation| (operation.method, operation.path)).collect();
        let set: BTreeSet<_> = told.iter().copied().collect();
        assert_eq!(told.len(), set.len(), "one is described twice");
        let ruled: BTreeSet<_> = RULES.iter().map(|rule| (rule.method, rule.path)).collect();
        let missing: Vec<_> = ruled.difference(&set).collect();
        assert!(missing.is_empty(), "add to operations() beside the handlers: {missing:?}");
        assert_eq!(set, ruled, "nobody may use what is described");
    }

    #[test]
    fn names_of_operations_and_schemas_are_good_for_clients() {
        let ids: BTreeSet<_> = routes::operations().iter().map(|operation| operation.id).collect();
        assert_eq!(ids.len(), routes::operations().len(), "each has a name of its own");
        let schemas = openapi()["components"]["schemas"].as_object().unwrap();
        // Two types of one name would be told apart by a number.
        let numbered: Vec<_> = schemas.keys().filter(|name| name.ends_with(|c: char| c.is_ascii_digit())).collect();
        assert!(
            numbered.is_empty() || numbered == ["V1"],
            "give one of them another name by schemars(rename): {numbered:?}"
        );
    }

    #[test]
    fn parameters_are_given_or_left_out() {
        let parameter = |name: &str| {
            let all = openapi()["paths"]["/v1/posts"]["get"]["parameters"].as_array().unwrap();
            all.iter().find(|parameter| parameter["name"] == name).unwrap().clone()
        };
        assert_eq!(parameter("tenant")["schema"], json!({ "$ref": "#/components/schemas/TenantId" }));
        assert_eq!(parameter("after")["schema"], json!({ "type": "string" }));
        assert_eq!(
            (&parameter("limit")["schema"]["default"], &parameter("limit")["schema"]["maximum"]),
            (&json!(50), &json!(500))
        );
        assert!(parameter("tenant")["description"].as_str().is_some_and(|words| !words.is_empty()));
        let scope = &openapi()["paths"]["/v1/pauses"]["delete"]["parameters"][0];
        assert_eq!((&scope["name"], &scope["required"]), (&json!("scope"), &json!(true)));
    }

    #[test]
    fn whatever_is_named_is_there() {
        fn refs<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|value| refs(value, found));
                }
                Value::Array(list) => list.iter().for_each(|value| refs(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        refs(openapi(), &mut found);
        assert!(found.len() > 100, "{}", found.len());
        for name in found {
            assert!(openapi().pointer(name.trim_start_matches('#')).is_some(), "{name}");
        }
    }
}
