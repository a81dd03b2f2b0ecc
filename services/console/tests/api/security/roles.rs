//! Each address, by each kind of caller.

use super::addresses::{Address, Fill, all};
use crate::world::{ACME, ACME_VIEWER, OPERATING, OPERATOR, VIEWER, World, message, world};

const CALLERS: [(&str, &str); 3] = [("viewer", VIEWER), ("operator", OPERATING), ("admin", OPERATOR)];

async fn scene() -> (World, Fill) {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    let fill = Fill { post, target: targets[0].clone(), tenant: "acme", key: "key", account: "main" };
    (world, fill)
}

/// Whatever could be changed.
async fn everything(world: &World, fill: &Fill) -> String {
    let mut all = String::new();
    for path in ["/v1/posts", "/v1/pauses", "/v1/accounts", "/v1/apps"] {
        all += &world.get(path).await.text;
    }
    all + &world.get(&format!("/v1/posts/{}?attempts=true", fill.post)).await.text
}

fn rank(role: &str) -> usize {
    ["none", "viewer", "operator", "admin"].iter().position(|known| *known == role).unwrap()
}

async fn ask(world: &World, address: &Address, fill: &Fill, token: Option<&str>) -> crate::world::Reply {
    world.send(token, &address.method, &address.path(fill), address.body(fill)).await
}

#[tokio::test(start_paused = true)]
async fn nothing_but_the_way_back_from_platforms_works_without_a_known_token() {
    let open: Vec<_> = all().into_iter().filter(|address| address.role() == "none").map(|address| address.id).collect();
    assert_eq!(open, ["finish_link"]);
    let (world, fill) = scene().await;
    let before = everything(&world, &fill).await;
    for address in all().iter().filter(|address| address.role() != "none") {
        for token in [None, Some("no-such-token"), Some(""), Some("olga"), Some("*")] {
            let reply = ask(&world, address, &fill, token).await;
            reply.problem(401);
            assert_eq!(reply.headers["www-authenticate"], "Bearer", "{}", address.id);
        }
    }
    for (method, path) in [("GET", "/v1/nonsense"), ("TRACE", "/v1/posts"), ("OPTIONS", "/v1/posts")] {
        world.send(None, method, path, String::new()).await.problem(401);
    }
    // The screens ask whoever they do not know to log in.
    let reply = world.send(None, "GET", "/", String::new()).await;
    assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/login"));
    assert_eq!(everything(&world, &fill).await, before, "nothing was changed");
    world.get("/v1/nonsense").await.problem(404);
    let refused = world.send(Some(OPERATOR), "PUT", "/v1/posts", String::new()).await;
    refused.problem(405);
    assert_eq!(refused.headers["allow"], "GET, POST");
}

#[test]
fn credentials_are_for_admins() {
    let mut admins: Vec<_> = all().into_iter().filter(|it| it.role() == "admin").map(|it| it.id).collect();
    admins.sort_unstable();
    let known = [
        "connect_account",
        "disable_account",
        "enable_account",
        "link_account",
        "put_app",
        "put_hook",
        "refresh_account",
        "remove_account",
        "remove_app",
        "remove_hook",
    ];
    assert_eq!(admins, known);
}

#[tokio::test(start_paused = true)]
async fn each_role_may_what_the_description_says_and_no_more() {
    for address in all().iter().filter(|address| address.role() != "none") {
        for (role, token) in CALLERS {
            let (world, fill) = scene().await;
            let before = everything(&world, &fill).await;
            let reply = ask(&world, address, &fill, Some(token)).await;
            let asked = format!("{} by a {role}: {}", address.id, reply.text);
            if rank(role) >= rank(address.role()) {
                assert!(!matches!(reply.status, 401 | 403 | 405), "{asked}");
                continue;
            }
            let problem = reply.problem(403);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("takes the role {}", address.role())), "{asked}");
            assert!(detail.ends_with(&format!("has the role {role}.")), "{asked}");
            assert_eq!(everything(&world, &fill).await, before, "{asked}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_concerns_all_tenants_is_closed_to_those_of_one() {
    let (world, fill) = scene().await;
    let closed: Vec<_> = all().into_iter().filter(Address::is_unbound).collect();
    assert!(closed.len() >= 4, "{}", closed.len());
    for address in closed {
        ask(&world, &address, &fill, Some(ACME)).await.problem(403);
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_counts_within_a_tenant_as_well() {
    for address in all().iter().filter(|address| address.role() != "none" && !address.is_unbound()) {
        let (world, fill) = scene().await;
        let reply = ask(&world, address, &fill, Some(ACME_VIEWER)).await;
        assert_eq!(reply.status == 403, address.role() != "viewer", "{}: {}", address.id, reply.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_told_who_it_is() {
    let world = world();
    let me = |token: &'static str| world.send(Some(token), "GET", "/v1/me", String::new());
    assert_eq!(me(VIEWER).await.ok(200), serde_json::json!({ "name": "screen", "role": "viewer" }));
    assert_eq!(me(ACME).await.ok(200)["tenant"], "acme");
}
