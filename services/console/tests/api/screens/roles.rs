//! Nobody is shown a form that the API would refuse them.

use super::Browser;
use crate::world::{ACME_VIEWER, OPERATING, OPERATOR, VIEWER, World, message, world};

/// A world with something of everything that forms are for, and the pages that have them.
async fn scene() -> (World, Vec<String>) {
    let world = world();
    let (post, targets) = world.accepted(&message("one")).await;
    let (_, waits) = world.accepted(&message("two")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    world.doubt(&targets[1]).await;
    let hold = serde_json::json!({ "scope": "account:acme/long/main", "reason": "legal" });
    world.post("/v1/pauses", &hold).await.ok(201);
    let note = serde_json::json!({ "on": "account:acme/long/main", "text": "Ann" });
    world.post("/v1/notes", &note).await.ok(201);
    let job = serde_json::json!({ "action": "retry", "select": { "all": true }, "reason": "x" });
    let job = world.post("/v1/jobs", &job).await.ok(202)["job"]["id"].as_str().unwrap().to_owned();
    let pages = [
        "/".into(),
        "/causes?group=OP-2001%2Fpost%2Fbad_words".into(),
        "/causes?group=OP-4001%2Fpost%2Fbad_words".into(),
        "/guide?group=OP-2001%2Fpost%2Fbad_words&step=2".into(),
        "/notes".into(),
        "/channels".into(),
        "/accounts".into(),
        "/accounts/acme/long/main".into(),
        format!("/posts/{post}"),
        format!("/targets/{}", targets[0]),
        format!("/targets/{}", targets[1]),
        format!("/targets/{}", waits[0]),
        format!("/retry?target={}", targets[0]),
        "/jobs".into(),
        format!("/jobs/{job}"),
        "/incidents".into(),
        "/audit-log".into(),
    ];
    (world, pages.to_vec())
}

/// Where the forms of a page lead that can be sent, but for the one that logs out.
fn forms(text: &str) -> Vec<String> {
    let sends = |form: &&str| form.contains("method=\"post\"") && form.contains("type=\"submit\"");
    let posts = text.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()).filter(sends);
    let actions = posts.filter_map(|form| form.split("action=\"").nth(1)?.split('"').next());
    actions.filter(|action| *action != "/logout").map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_may_only_look_is_shown_no_form() {
    let (world, pages) = scene().await;
    for token in [VIEWER, ACME_VIEWER] {
        let mut browser = Browser::with(&world, token).await;
        for path in &pages {
            let page = browser.get(path).await;
            // A job of the operators is none to a tenant.
            let is_foreign = token == ACME_VIEWER && path.starts_with("/jobs/");
            assert_eq!(page.status, if is_foreign { 404 } else { 200 }, "{path}");
            assert_eq!(forms(&page.text), Vec::<String>::new(), "{path}");
            for plan in ["href=\"/retry", "href=\"/jobs/new", "type=\"checkbox\""] {
                page.is_silent_of(plan);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_is_shown_what_takes_no_admin() {
    let (world, pages) = scene().await;
    let (mut operator, mut admin) = (Browser::with(&world, OPERATING).await, Browser::with(&world, OPERATOR).await);
    let mut missing = Vec::new();
    for path in &pages {
        let of_operator = forms(&operator.get(path).await.ok().text);
        let of_admin = forms(&admin.get(path).await.ok().text);
        assert!(of_operator.iter().all(|form| of_admin.contains(form)), "{path}");
        missing.extend(of_admin.into_iter().filter(|form| !of_operator.contains(form)));
    }
    missing.sort();
    missing.dedup();
    let admins = ["disable", "link"].map(|what| format!("/accounts/acme/long/main/{what}"));
    assert_eq!(missing, admins);
    let all = operator.get(&pages[9]).await.ok().text + &operator.get("/").await.ok().text;
    for form in ["/retry", "/cancel", "/reschedule", "/pause", "/assign", "/notes", "/resume"] {
        assert!(forms(&all).iter().any(|action| action.ends_with(form)), "{form}");
    }
}
