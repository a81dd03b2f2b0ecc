//! Assignments: who sees to what, and who may know.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{ACME, OPERATING, OPERATOR, OTHER, Reply, World, foreign, message, world};

const CAUSE: &str = "cause:OP-2001/post/bad_words";

async fn assign(world: &World, token: &str, body: Value) -> Reply {
    world.runtime.sleep(Duration::from_millis(1)).await;
    world.send(Some(token), "POST", "/v1/assignments", body.to_string()).await
}

async fn release(world: &World, token: &str, query: &str) -> Reply {
    world.runtime.sleep(Duration::from_millis(1)).await;
    world.send(Some(token), "DELETE", &format!("/v1/assignments?{query}"), String::new()).await
}

/// Who has what: `to on`.
async fn had(world: &World, token: &str) -> Vec<String> {
    let all = world.send(Some(token), "GET", "/v1/assignments", String::new()).await.ok(200);
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    all["assignments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", text(one, "to"), text(one, "on")))
        .collect()
}

/// A world in which one target of acme and one of the other tenant have failed.
async fn failed() -> (World, String, String) {
    let world = world();
    let (_, own) = world.accepted(&message("one")).await;
    let (_, others) = world.accepted(&foreign("two")).await;
    world.at_due_time().await;
    world.fail(&own[0]).await;
    world.fail(&others[0]).await;
    (world, own[0].clone(), others[0].clone())
}

#[tokio::test(start_paused = true)]
async fn a_cause_is_with_one_person_and_that_is_shown_wherever_it_is() {
    let (world, target, _) = failed().await;
    let made = assign(&world, OPERATOR, json!({ "on": CAUSE, "comment": " on it " })).await.ok(201);
    let at = made["at"].clone();
    let expected = json!({ "on": CAUSE, "channel": "long", "to": "olga", "comment": "on it", "by": "olga", "at": at });
    assert_eq!(made, expected, "both accounts are of one channel");
    let refused = assign(&world, OPERATING, json!({ "on": CAUSE })).await.problem(409);
    assert_eq!(refused["detail"], "olga has it since 2026-06-01 13:00:00Z (\"on it\").");
    let taken = json!({ "on": CAUSE, "to": "ann", "instead_of": "olga" });
    let made = assign(&world, OPERATING, taken.clone()).await.ok(201);
    assert_eq!((&made["to"], &made["by"]), (&json!("ann"), &json!("night")));
    // Olga has it no more: whoever still thinks so is told.
    assign(&world, OPERATOR, json!({ "on": CAUSE, "to": "olga", "instead_of": "olga" })).await.problem(409);
    let groups = world.get("/v1/failures/groups?group=OP-2001/post/bad_words").await.ok(200);
    assert_eq!(groups["groups"][0]["assigned"], json!([made]));
    assert_eq!(world.get(&format!("/v1/targets/{target}")).await.ok(200)["assigned"], json!([made]));
    let listed = world.get("/v1/failures").await.ok(200);
    assert!(listed["targets"].as_array().unwrap().iter().all(|one| one["assigned"] == json!([made])));
    let on = world.get(&format!("/v1/assignments?on={CAUSE}")).await.ok(200);
    assert_eq!(on["assignments"], json!([made]));
    assert_eq!(world.get("/v1/assignments?on=cause:-").await.ok(200)["assignments"], json!([]));
    assert_eq!(release(&world, OPERATOR, &format!("on={CAUSE}")).await.ok(200), made);
    release(&world, OPERATOR, &format!("on={CAUSE}")).await.problem(404);
    let log = world.get(&format!("/v1/audit-log?subject={CAUSE}")).await.ok(200);
    let told = |entry: &Value| format!("{} {}", entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap());
    let told: Vec<_> = log["entries"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(told, ["release done", "assign refused", "assign done", "assign refused", "assign done"]);
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_cause_and_a_target_are_had_apart_from_it() {
    let (world, own, others) = failed().await;
    let part = json!({ "on": CAUSE, "account": "acme/long/main", "to": "ann" });
    let made = assign(&world, OPERATOR, part).await.ok(201);
    assert_eq!((made["account"].as_str(), made.get("tenant")), (Some("acme/long/main"), None));
    assign(&world, OPERATOR, json!({ "on": format!("target:{others}"), "to": "bob" })).await.ok(201);
    let with = async |target: &str| {
        let shown = world.get(&format!("/v1/targets/{target}")).await.ok(200);
        shown["assigned"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["to"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!((with(&own).await, with(&others).await), (vec!["ann".to_owned()], vec!["bob".to_owned()]));
    let group = async |query: &str| {
        let found = world.get(&format!("/v1/failures/groups{query}")).await.ok(200);
        found["groups"][0]["assigned"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((group("").await, group("?tenant=acme").await, group("?tenant=other").await), (1, 1, 0));
    release(&world, OPERATOR, &format!("on={CAUSE}&tenant=other")).await.problem(404);
    release(&world, OPERATOR, &format!("on={CAUSE}&account=acme/long/main")).await.ok(200);
    release(&world, OPERATOR, &format!("on=target:{others}")).await.ok(200);
    assert!(had(&world, OPERATOR).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_tenant_takes_its_own_part_and_knows_of_no_other() {
    let (world, own, others) = failed().await;
    assign(&world, OPERATOR, json!({ "on": CAUSE })).await.ok(201);
    let made = assign(&world, ACME, json!({ "on": CAUSE })).await.ok(201);
    assert_eq!((made["account"].as_str(), made["to"].as_str()), (Some("acme/long/main"), Some("acme-app")));
    assign(&world, ACME, json!({ "on": format!("target:{own}") })).await.ok(201);
    assign(&world, ACME, json!({ "on": format!("target:{others}") })).await.problem(404);
    assign(&world, ACME, json!({ "on": CAUSE, "tenant": "other" })).await.problem(403);
    assign(&world, ACME, json!({ "on": CAUSE, "account": "other/long/main" })).await.problem(403);
    assert_eq!(had(&world, ACME).await, [format!("acme-app target:{own}"), format!("acme-app {CAUSE}")]);
    assert!(had(&world, OTHER).await.is_empty());
    assert_eq!(had(&world, OPERATOR).await.len(), 3);
    release(&world, OTHER, &format!("on=target:{own}")).await.problem(404);
    release(&world, OTHER, &format!("on={CAUSE}")).await.problem(404);
    release(&world, ACME, &format!("on={CAUSE}")).await.ok(200);
    assert_eq!(had(&world, OPERATOR).await, [format!("acme-app target:{own}"), format!("olga {CAUSE}")]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_need_see_to_is_refused() {
    let (world, own, _) = failed().await;
    let (_, waits) = world.accepted(&message("waits")).await;
    for (body, path) in [
        (json!({ "on": "OP-2001/post/bad_words" }), "$.on"),
        (json!({ "on": "cause:OP-2102/account/-" }), "$.on"),
        (json!({ "on": CAUSE, "account": "acme/short/main" }), "$.on"),
        (json!({ "on": format!("target:{}", waits[0]) }), "$.on"),
        (json!({ "on": "target:nonsense" }), "$.on"),
        (json!({ "on": format!("target:{own}"), "channel": "long" }), "$.on"),
        (json!({ "on": CAUSE, "channel": "lnog" }), "$.channel"),
        (json!({ "on": CAUSE, "account": "main" }), "$.account"),
        (json!({ "on": CAUSE, "to": " " }), "$.to"),
        (json!({ "on": CAUSE, "to": "x".repeat(101) }), "$.to"),
        (json!({ "on": CAUSE, "comment": "x".repeat(501) }), "$.comment"),
    ] {
        let refused = assign(&world, OPERATOR, body.clone()).await.problem(422);
        assert_eq!(refused["problems"][0]["path"], path, "{body}");
    }
    assert!(had(&world, OPERATOR).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_assignment_ends_by_itself_an_hour_after_nothing_of_it_needs_a_person() {
    let (world, own, others) = failed().await;
    assign(&world, OPERATOR, json!({ "on": CAUSE })).await.ok(201);
    assign(&world, OPERATOR, json!({ "on": format!("target:{own}") })).await.ok(201);
    world.post(&format!("/v1/targets/{own}/cancel"), &json!({})).await.ok(200);
    world.console.end_assignments().await;
    world.runtime.sleep(Duration::from_secs(3_599)).await;
    world.console.end_assignments().await;
    assert_eq!(had(&world, OPERATOR).await.len(), 2);
    world.runtime.sleep(Duration::from_secs(1)).await;
    world.console.end_assignments().await;
    assert_eq!(had(&world, OPERATOR).await, [format!("olga {CAUSE}")]);
    world.post(&format!("/v1/targets/{others}/cancel"), &json!({})).await.ok(200);
    world.console.end_assignments().await;
    let idle = world.get("/v1/assignments").await.ok(200)["assignments"][0]["idle_since"].clone();
    assert_eq!(idle, json!("2026-06-01T14:00:00.002Z"));
}

/// Two people may see to one failure without knowing of each other: whoever comes second is told.
#[tokio::test(start_paused = true)]
async fn whoever_takes_a_part_of_what_somebody_has_is_told_and_both_keep_it() {
    let (world, own, _) = failed().await;
    let whole = assign(&world, OPERATOR, json!({ "on": CAUSE, "to": "ann" })).await.ok(201);
    assert_eq!(whole.get("beside"), None, "nobody has anything of it");
    let part = json!({ "on": CAUSE, "account": "acme/long/main", "to": "bob" });
    let made = assign(&world, OPERATOR, part).await.ok(201);
    assert_eq!(made["beside"], json!([whole]));
    let target = assign(&world, OPERATOR, json!({ "on": format!("target:{own}"), "to": "eve" })).await.ok(201);
    let told: Vec<_> = target["beside"].as_array().unwrap().iter().map(|one| one["to"].as_str().unwrap()).collect();
    assert_eq!(told, ["bob", "ann"]);
    // Of another account nobody has a part but who has all of it, and one's own is no news.
    let elsewhere = json!({ "on": CAUSE, "account": "other/long/main", "to": "ann" });
    assert_eq!(assign(&world, OPERATOR, elsewhere).await.ok(201).get("beside"), None);
    assert_eq!(had(&world, OPERATOR).await.len(), 4);
    // What operators have of a cause as a whole is not a tenant's to know.
    let made = assign(&world, ACME, json!({ "on": CAUSE, "instead_of": "bob" })).await.ok(201);
    let of_target = |made: &Value| {
        let [one] = &made["beside"].as_array().unwrap()[..] else { panic!("{made}") };
        (one["to"].clone(), one["on"].clone())
    };
    assert_eq!(of_target(&made), (json!("eve"), json!(format!("target:{own}"))), "she has one target of it");
    // Of one target nothing but its causes is beside it, and a target of another part is not.
    let made = assign(&world, OPERATOR, json!({ "on": CAUSE, "account": "other/long/main", "to": "fay" })).await;
    assert_eq!(made.problem(409)["status"], 409, "ann has that");
    let made = assign(&world, OPERATOR, json!({ "on": CAUSE, "tenant": "acme", "to": "fay" })).await.ok(201);
    assert!(made["beside"].as_array().unwrap().iter().any(|one| one["to"] == "eve"), "{made}");
    let made = assign(&world, OPERATOR, json!({ "on": CAUSE, "tenant": "other", "to": "fay" })).await.ok(201);
    assert!(made["beside"].as_array().unwrap().iter().all(|one| one["to"] != "eve"), "{made}");
}
