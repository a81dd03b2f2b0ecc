//! Looks outside, and what was found by them.

use domain::TargetId;
use ledger::{IncidentKind, NewIncident, Place};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{ACME, OTHER, Reply, World, message, world};

/// An incident of a tenant's account.
async fn found(world: &World, tenant: &str, kind: IncidentKind, subject: &str) -> String {
    let place =
        Place { tenant: tenant.parse().unwrap(), channel: "long".parse().unwrap(), account: "main".parse().unwrap() };
    let incident = NewIncident {
        kind,
        target: TargetId(Uuid::from_u128(7)),
        place,
        subject: subject.into(),
        what: format!("Post {subject} is not as it was."),
        evidence: json!({ "known": { "id": subject } }),
    };
    world.incidents.report(vec![incident]).await.unwrap()[0].id.to_string()
}

async fn audit(world: &World, token: &str, ask: Value) -> Reply {
    world.send(Some(token), "POST", "/v1/audit", ask.to_string()).await
}

fn accounts(audit: &Value) -> Vec<&str> {
    audit["reports"].as_array().unwrap().iter().map(|report| report["account"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_listed_shown_and_closed_once() {
    let world = world();
    let id = found(&world, "acme", IncidentKind::Duplicate, "17").await;
    let page = world.get("/v1/incidents").await.ok(200);
    insta::assert_json_snapshot!("incidents", page);
    let path = format!("/v1/incidents/{id}");
    assert_eq!(world.get(&path).await.ok(200), page["incidents"][0]);

    let close = format!("{path}/close");
    assert_eq!(world.post(&close, &json!({ "note": " " })).await.problem(422)["code"], "OP-1003");
    assert_eq!(world.post(&close, &json!({})).await.problem(422)["code"], "OP-1003");
    let closed = world.post(&close, &json!({ "note": " taken down " })).await.ok(200);
    assert_eq!(
        (&closed["state"], &closed["note"], &closed["closed_by"], &closed["remedy"]),
        (&json!("closed"), &json!("taken down"), &json!("olga"), &Value::Null)
    );
    assert_eq!(world.post(&close, &json!({ "note": "taken down" })).await.ok(200), closed, "the same word again");
    let late = world.post(&close, &json!({ "note": "again" })).await.problem(409);
    let told = "The incident was closed at 2026-06-01 12:00:00Z by olga: \"taken down\". Your note was not kept.";
    assert_eq!(late["detail"], told);
    assert!(late["remedy"].as_str().unwrap().contains("`oncepost note account:acme/long/main TEXT`"), "{late}");
    assert_eq!(world.get(&path).await.ok(200), closed, "it stays as it was closed");
    assert_eq!(world.get("/v1/incidents?state=open").await.ok(200)["incidents"], json!([]));
    assert_eq!(world.get("/v1/incidents?state=closed").await.ok(200)["incidents"], json!([closed]));
}

#[tokio::test(start_paused = true)]
async fn lists_are_narrowed_and_paged() {
    let world = world();
    for (kind, subject) in
        [(IncidentKind::Duplicate, "1"), (IncidentKind::Vanished, "2"), (IncidentKind::Vanished, "3")]
    {
        found(&world, "acme", kind, subject).await;
    }
    let count = async |query: &str| {
        world.get(&format!("/v1/incidents?{query}")).await.ok(200)["incidents"].as_array().unwrap().len()
    };
    for (query, expected) in [("", 3), ("kind=vanished", 2), ("tenant=other", 0), ("limit=2", 2)] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    let page = world.get("/v1/incidents?limit=2").await.ok(200);
    let next = page["next"].as_str().unwrap();
    assert_eq!(count(&format!("limit=2&after={next}")).await, 1);
    for wrong in ["kind=edited", "state=new", "limit=x", "after=x", "who=me"] {
        let reply = world.get(&format!("/v1/incidents?{wrong}")).await;
        assert_eq!(reply.problem(400)["status"], 400, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_another_tenants_does_not_exist() {
    let world = world();
    let id = found(&world, "acme", IncidentKind::Vanished, "17").await;
    let send = async |token, method: &str, path: String, body: &str| {
        world.send(Some(token), method, &path, body.to_owned()).await
    };
    for (method, path) in [("GET", format!("/v1/incidents/{id}")), ("POST", format!("/v1/incidents/{id}/close"))] {
        let theirs = send(OTHER, method, path.clone(), r#"{"note":"x"}"#).await;
        let nobodys = send(OTHER, method, path.replace(&id, &Uuid::from_u128(9).to_string()), r#"{"note":"x"}"#).await;
        let unnamed = |reply: &Reply, id: &str| reply.text.replace(id, "ID");
        assert_eq!(theirs.problem(404)["code"], "OP-1019");
        assert_eq!(unnamed(&theirs, &id), unnamed(&nobodys, &Uuid::from_u128(9).to_string()));
    }
    let own = send(OTHER, "GET", "/v1/incidents".into(), "").await.ok(200);
    assert_eq!(own["incidents"], json!([]));
    send(OTHER, "GET", "/v1/incidents?tenant=acme".into(), "").await.problem(403);
    assert_eq!(world.get(&format!("/v1/incidents/{id}")).await.ok(200)["state"], "open");
}

#[tokio::test(start_paused = true)]
async fn accounts_that_cannot_be_looked_at_are_no_all_clear() {
    let world = world();
    world.accepted(&message("key")).await;
    let told = world.post("/v1/audit", &json!({})).await.ok(200);
    insta::assert_json_snapshot!("audit", told);
    for (ask, expected) in [
        (json!({ "tenant": "acme" }), vec!["acme/long/main", "acme/short/main"]),
        (json!({ "channel": "long" }), vec!["acme/long/main", "other/long/main"]),
        (json!({ "account": "acme/short/main" }), vec!["acme/short/main"]),
        (json!({ "after": "acme/long/main" }), vec!["acme/short/main", "other/long/main"]),
        (json!({ "tenant": "other", "channel": "short" }), vec![]),
    ] {
        let told = world.post("/v1/audit", &ask).await.ok(200);
        assert_eq!(accounts(&told), expected, "{ask}");
    }
    assert_eq!(accounts(&audit(&world, ACME, json!({})).await.ok(200)), ["acme/long/main", "acme/short/main"]);
    audit(&world, ACME, json!({ "tenant": "other" })).await.problem(403);
    audit(&world, ACME, json!({ "account": "other/long/main" })).await.problem(403);
}

#[tokio::test(start_paused = true)]
async fn a_slip_in_a_name_or_a_time_is_no_all_clear() {
    let world = world();
    for (ask, path, code) in [
        (json!({ "account": "acme/long/man" }), "$.account", "OP-1005"),
        (json!({ "account": "acme" }), "$.account", "OP-1003"),
        (json!({ "since": "soon" }), "$.since", "OP-1003"),
        (json!({ "since": "40d" }), "$.since", "OP-1003"),
        (json!({ "until": 7 }), "$.until", "OP-1003"),
    ] {
        let problem = world.post("/v1/audit", &ask).await.problem(422);
        assert_eq!((&problem["problems"][0]["path"], &problem["code"]), (&json!(path), &json!(code)), "{ask}");
    }
    world.post("/v1/audit", &json!({ "channel": "lang" })).await.problem(400);
}
