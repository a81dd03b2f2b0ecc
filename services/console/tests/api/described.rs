//! Holds what is answered, and what is taken, to the API's own description.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use oncepost_console::openapi;
use serde_json::Value;

use crate::world::Reply;

/// Schemas that were compiled before, by their place in the description.
static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Fails if `reply`, or a `body` that was taken, is not what the description says of the address.
pub fn check(method: &str, path: &str, body: &[u8], reply: &Reply) {
    let path = path.split('?').next().unwrap_or_default();
    let Some((template, operations)) = described(path) else { return };
    let Some(operation) = operations.get(method.to_lowercase()) else { return };
    let asked = format!("{method} {template}");
    let told = &operation["responses"][reply.status.to_string()];
    assert!(!told.is_null(), "{asked} answers {}, which is not described: {}", reply.status, reply.text);
    let told = match told["$ref"].as_str() {
        Some(name) => openapi().pointer(name.trim_start_matches('#')).unwrap(),
        None => told,
    };
    let kind = reply.headers.get("content-type").unwrap_or_else(|| panic!("{asked}: {} has no type", reply.status));
    let schema = &told["content"][kind]["schema"];
    assert!(!schema.is_null(), "{asked} answers {} with {kind}, which is not described", reply.status);
    if kind.ends_with("json") {
        fits(&format!("{asked} {} {kind}", reply.status), schema, &reply.json());
    }
    let taken = &operation["requestBody"]["content"]["application/json"]["schema"];
    if (200..300).contains(&reply.status)
        && let (false, Ok(body)) = (taken.is_null(), serde_json::from_slice(body))
    {
        // A batch may be lines as well.
        if !template.ends_with(":batch") || matches!(body, Value::Array(_)) {
            fits(&format!("{asked} takes"), taken, &body);
        }
    }
}

fn fits(place: &str, schema: &Value, value: &Value) {
    let known = COMPILED.lock().unwrap().get(place).cloned();
    let validator = known.unwrap_or_else(|| {
        let mut whole = schema.clone();
        whole["components"] = openapi()["components"].clone();
        let validator = jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{place}: {error}"));
        COMPILED.lock().unwrap().entry(place.to_owned()).or_insert(Arc::new(validator)).clone()
    });
    let wrong: Vec<_> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{place}: {wrong:?} in {value}");
}

/// The description of the address that `path` is one of.
fn described(path: &str) -> Option<(&'static String, &'static Value)> {
    let given: Vec<&str> = path.split('/').collect();
    let is_it = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        let is_one = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
        parts.len() == given.len() && parts.iter().zip(&given).all(is_one)
    };
    openapi()["paths"].as_object().unwrap().iter().find(|(template, _)| is_it(template))
}

#[test]
fn what_is_not_as_described_is_found() {
    let reply = |status, text: &str| Reply {
        status,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        text: text.to_owned(),
    };
    let fails = |reply: Reply| std::panic::catch_unwind(move || check("GET", "/v1/posts", b"", &reply)).is_err();
    assert!(!fails(reply(200, r#"{"posts":[]}"#)));
    assert!(fails(reply(200, r#"{"posts":7}"#)), "another kind");
    assert!(fails(reply(200, "{}")), "something is missing");
    assert!(fails(reply(418, "{}")), "another status");
    let mut typed = reply(200, r#"{"posts":[]}"#);
    typed.headers.insert("content-type".to_owned(), "text/html".to_owned());
    assert!(fails(typed), "another type");
}

#[tokio::test(start_paused = true)]
async fn the_description_is_served_to_callers() {
    let world = crate::world::world();
    let served = world.get("/v1/openapi.json").await.ok(200);
    assert_eq!(&served, openapi());
    assert_eq!(served["openapi"], "3.1.0");
    world.send(None, "GET", "/v1/openapi.json", String::new()).await.problem(401);
}
