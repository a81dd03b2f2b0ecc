//! Tenants cannot see each other's, change it, or find out what there is.

use serde_json::json;

use super::addresses::{Fill, all};
use crate::world::{ACME, OTHER, World, foreign, message, world};

/// A world in which acme has something of everything.
async fn scene() -> (World, Fill) {
    let world = world();
    let (post, targets) = world.accepted(&message("campaign-7")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    world.fail(&targets[1]).await;
    world.post("/v1/pauses", &json!({ "scope": "account:acme/long/main", "reason": "acme's trouble" })).await.ok(201);
    world.post("/v1/pauses", &json!({ "scope": "channel:short", "reason": "operators' words" })).await.ok(201);
    let fill = Fill { post, target: targets[0].clone(), tenant: "acme", key: "campaign-7", account: "main" };
    (world, fill)
}

async fn acmes(world: &World, fill: &Fill) -> String {
    let mut all = world.get(&format!("/v1/posts/{}?attempts=true", fill.post)).await.text;
    for path in ["/v1/posts?tenant=acme", "/v1/pauses", "/v1/accounts?tenant=acme"] {
        all += &world.get(path).await.text;
    }
    all
}

/// What there is, and what there is not, in the same words.
fn masked(text: &str, fill: &Fill) -> String {
    let names = [&fill.post, &fill.target, fill.tenant, fill.key, fill.account];
    // Longer ones first: a name may stand in another.
    let mut names = names.map(str::to_owned);
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.iter().fold(text.to_owned(), |text, name| text.replace(name.as_str(), "~"))
}

#[tokio::test(start_paused = true)]
async fn whether_a_thing_of_another_tenants_exists_is_not_told() {
    let (world, there) = scene().await;
    let nothing = "01990f3e-6a01-7b10-8f61-2f7f3c1d9a01".to_owned();
    let absent = [
        Fill { post: nothing.clone(), target: nothing, key: "campaign-8", account: "nobody", ..there.clone() },
        Fill { tenant: "nowhere", ..there.clone() },
    ];
    let before = acmes(&world, &there).await;
    let mut refused = 0;
    for address in all() {
        let ask =
            async |fill: &Fill| world.send(Some(OTHER), &address.method, &address.path(fill), address.body(fill)).await;
        let told = ask(&there).await;
        for secret in ["hello from", "acme's trouble", "operators' words"] {
            assert!(!told.text.contains(secret), "{}: {}", address.id, told.text);
        }
        let names_acme = address.path(&there).contains("acme") || address.body(&there).contains("acme");
        if !address.names_a_thing() && !names_acme {
            continue;
        }
        if !address.is_unbound() && address.role() != "none" {
            let is_batch = address.id == "schedule_batch";
            assert!(matches!(told.status, 403 | 404) || is_batch, "{}: {} {}", address.id, told.status, told.text);
            refused += 1;
        }
        for absent in &absent {
            let other = ask(absent).await;
            assert_eq!(told.status, other.status, "{}", address.id);
            assert_eq!(masked(&told.text, &there), masked(&other.text, absent), "{}", address.id);
        }
    }
    assert!(refused >= 20, "{refused}");
    assert_eq!(acmes(&world, &there).await, before, "nothing was changed");
}

#[tokio::test(start_paused = true)]
async fn lists_hold_nothing_of_other_tenants() {
    let (world, _) = scene().await;
    let seen = async |path: &str| world.send(Some(OTHER), "GET", path, String::new()).await.ok(200);
    assert_eq!(seen("/v1/posts").await["posts"], json!([]));
    assert_eq!(seen("/v1/failures").await, json!({ "groups": [], "targets": [] }));
    assert_eq!(seen("/v1/forecast").await["looked_at"], 0);
    assert_eq!(seen("/v1/accounts").await["accounts"].as_array().unwrap().len(), 1);
    let pauses = seen("/v1/pauses").await;
    assert_eq!(
        (pauses["pauses"].as_array().unwrap().len(), &pauses["pauses"][0]["scope"]),
        (1, &json!("channel:short"))
    );
    assert_eq!(seen("/v1/channels").await["channels"][0].get("queue"), None);
    for path in ["/v1/posts", "/v1/failures", "/v1/forecast", "/v1/accounts"] {
        // There is an acme, and no nowhere: to ask for either is the same.
        for tenant in ["acme", "nowhere"] {
            world.send(Some(OTHER), "GET", &format!("{path}?tenant={tenant}"), String::new()).await.problem(403);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_no_way_into_another_tenants_list() {
    let world = world();
    for n in 0..3 {
        world.accepted(&message(&format!("key-{n}"))).await;
        world.accepted(&foreign(&format!("other-{n}"))).await;
    }
    let of = async |token: &str, path: &str| world.send(Some(token), "GET", path, String::new()).await.ok(200);
    let next = of(ACME, "/v1/posts?limit=1").await["next"].as_str().unwrap().to_owned();
    let page = of(OTHER, &format!("/v1/posts?after={next}")).await;
    let posts = page["posts"].as_array().unwrap();
    assert!(!posts.is_empty() && posts.iter().all(|post| post["tenant"] == "other"), "{page}");
    // Nor is a search.
    let page = of(OTHER, "/v1/posts?q=hello+from").await;
    let posts = page["posts"].as_array().unwrap();
    assert!(posts.len() == 3 && posts.iter().all(|post| post["tenant"] == "other"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_bound_caller_schedules_for_its_tenant_only_and_learns_nothing_of_others() {
    let world = world();
    world.accepted(&message("key")).await;
    let send = |path: &'static str, body: String| world.send(Some(OTHER), "POST", path, body);
    // Neither the repeat nor the conflict of another tenant's key is told.
    for body in [message("key"), message("key-2")] {
        send("/v1/posts", body.to_string()).await.problem(403);
        send("/v1/posts:validate", body.to_string()).await.problem(403);
    }
    let batch = send("/v1/posts:batch", json!([message("key"), foreign("mine")]).to_string()).await.ok(207);
    assert_eq!((&batch["items"][0]["status"], &batch["items"][1]["status"]), (&json!(403), &json!(202)));
    assert_eq!(world.get("/v1/posts?tenant=acme").await.ok(200)["posts"].as_array().unwrap().len(), 1);
    world.send(Some(ACME), "POST", "/v1/posts", message("key").to_string()).await.ok(200);
}
