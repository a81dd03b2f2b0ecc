//! A session may what its token may.

use super::Browser;
use crate::world::{ACME, OPERATOR, OTHER, message, world};

#[tokio::test(start_paused = true)]
async fn no_screen_and_no_form_reaches_across_tenants() {
    let world = world();
    let (post, targets) = world.accepted(&message("secret-of-acme")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    let mut browser = Browser::with(&world, OTHER).await;
    for path in ["/", "/posts", "/schedule", "/schedule?view=week", "/forecast", "/channels", "/accounts", "/system"] {
        let page = browser.get(path).await.ok();
        page.is_silent_of("secret-of-acme");
        page.is_silent_of("acme/");
    }
    for path in [
        format!("/posts/{post}"),
        format!("/targets/{}", targets[0]),
        format!("/retry?target={}", targets[0]),
        "/accounts/acme/long/main".into(),
        format!("/find?q={}", targets[0]),
    ] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 404, "{path}");
        page.is_silent_of("hello from");
    }
    assert_eq!(browser.get("/find?q=secret-of-acme").await.header("location"), "/posts?q=secret-of-acme");
    browser.get("/posts?q=secret-of-acme").await.ok().is_silent_of("hello from");
    for path in
        ["/posts?tenant=acme", "/accounts?tenant=acme", "/schedule?tenant=acme", "/schedule?account=acme/long/main"]
    {
        assert_eq!(browser.get(path).await.status, 403, "{path}");
    }
    let target = format!("/targets/{}", targets[0]);
    for (form, fields) in [
        (format!("{target}/retry"), &[][..]),
        (format!("{target}/cancel"), &[]),
        ("/retry".into(), &[("target", targets[0].as_str())]),
        ("/pause".into(), &[("scope", "tenant:acme"), ("reason", "x"), ("back", "/channels")]),
        ("/pause".into(), &[("scope", "all"), ("reason", "x"), ("back", "/channels")]),
    ] {
        let stamp = browser.get("/channels").await.ok().field("stamp");
        let fields = [fields, &[("stamp", &stamp)]].concat();
        assert_eq!(browser.send("POST", &form, &fields).await.status, 303, "{form}");
        browser.get("/channels").await.ok().says("Not done.");
    }
    let counted = browser.fill("/channels", "/system", &[]).await.ok();
    counted.says("for operators");
    assert_eq!(world.state(&targets[0]).await, domain::State::Failed);
    let mut own = Browser::with(&world, ACME).await;
    own.get(&target).await.ok().says("hello from secret-of-acme");
}

#[tokio::test(start_paused = true)]
async fn the_menu_leads_to_nothing_that_is_refused() {
    let world = world();
    for (token, screens) in [(OPERATOR, 14), (ACME, 13)] {
        let mut browser = Browser::with(&world, token).await;
        let page = browser.get("/").await.ok();
        let (_, menu) = page.text.split_once("aria-label=\"Screens\"").unwrap();
        let (menu, _) = menu.split_once("</nav>").unwrap();
        let paths: Vec<_> = menu.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(paths.len(), screens, "{paths:?}");
        for path in paths {
            browser.get(path).await.ok();
        }
    }
}
