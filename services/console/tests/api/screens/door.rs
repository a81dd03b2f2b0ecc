//! Who comes in, and what keeps a page shut to others.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use oncepost_console::ConsoleOptions;
use tower::ServiceExt;

use super::Browser;
use crate::world::{OPERATOR, memory, message, tokens, world, world_with};

const SCREENS: [&str; 8] =
    ["/", "/posts", "/schedule", "/forecast", "/channels", "/accounts", "/system", "/errors/OP-2101"];

#[tokio::test(start_paused = true)]
async fn every_screen_asks_for_a_login_and_leads_back_after_it() {
    let world = world();
    let mut browser = Browser::new(&world);
    for path in SCREENS {
        let page = browser.get(path).await;
        assert!(page.status == 303 && page.header("location").starts_with("/login"), "{path}: {}", page.status);
    }
    let page = browser.get("/posts?state=failed").await;
    assert_eq!(page.header("location"), "/login?next=%2Fposts%3Fstate%3Dfailed");
    let form = browser.get("/login?next=%2Fposts%3Fstate%3Dfailed").await.ok();
    assert_eq!(form.field("next"), "/posts?state=failed");
    let page = browser.send("POST", "/login", &[("token", OPERATOR), ("next", "/posts?state=failed")]).await;
    assert_eq!((page.status, page.header("location")), (303, "/posts?state=failed"));
    for path in SCREENS {
        browser.get(path).await.ok();
    }
    let elsewhere = browser.send("POST", "/login", &[("token", OPERATOR), ("next", "//evil.example")]).await;
    assert_eq!(elsewhere.header("location"), "/");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_lets_nobody_in_and_is_not_shown() {
    let world = world();
    let mut browser = Browser::new(&world);
    let page = browser.send("POST", "/login", &[("token", "guessed-secret")]).await;
    assert_eq!(page.status, 401);
    page.says("No token of the settings reads like this one.");
    page.is_silent_of("guessed-secret");
    assert!(browser.cookies.is_empty());
    assert_eq!(browser.get("/").await.status, 303);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_by_logging_out_and_by_time() {
    let world = world();
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.fill("/posts", "/logout", &[]).await;
    page.says("Log in");
    assert!(browser.cookies.is_empty());
    let mut browser = Browser::with(&world, OPERATOR).await;
    world.runtime.sleep(Duration::from_secs(12 * 3600 - 1)).await;
    browser.get("/posts").await.ok();
    world.runtime.sleep(Duration::from_secs(1)).await;
    assert_eq!(browser.get("/posts").await.status, 303);
    let late = browser.send("POST", "/pause", &[("scope", "all"), ("reason", "x")]).await;
    assert_eq!(late.status, 401);
    late.says("Nothing was changed.");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_a_browser_was_given_before_is_not_gone_on_with() {
    let world = world();
    let mut browser = Browser::new(&world);
    browser.cookies.push(("oncepost".into(), "planted".into()));
    browser.send("POST", "/login", &[("token", OPERATOR)]).await;
    let first = browser.cookies.clone();
    assert_ne!(first[0].1, "planted");
    let stamp = browser.get("/posts").await.ok().field("stamp");
    browser.send("POST", "/login", &[("token", OPERATOR)]).await;
    assert_ne!(browser.cookies, first, "each login has a session of its own");
    assert_ne!(browser.get("/posts").await.ok().field("stamp"), stamp);
}

#[tokio::test(start_paused = true)]
async fn every_answer_shuts_the_page_to_others() {
    let world = world();
    let mut browser = Browser::with(&world, OPERATOR).await;
    let mut paths = SCREENS.to_vec();
    paths.extend(["/login", "/nowhere", "/targets/nonsense"]);
    for path in paths {
        let page = browser.get(path).await;
        assert_eq!(
            page.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        for inline in ["<style", " style=", " onclick=", " onload=", "<script>", "javascript:"] {
            page.is_silent_of(inline);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn files_are_named_by_what_they_hold_and_kept() {
    let world = world();
    let mut browser = Browser::new(&world);
    let page = browser.get("/login").await.ok();
    let names = ["/assets/console.", "/assets/mark."].map(|start| page.text.match_indices(start).collect::<Vec<_>>());
    assert_eq!(names.map(|found| found.len()), [2, 1]);
    for (at, _) in page.text.match_indices("/assets/") {
        let path = page.text[at..].split('"').next().unwrap();
        let file = browser.get(path).await.ok();
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert!(!file.header("content-type").contains("html") && !file.text.is_empty());
    }
    assert_eq!(browser.get("/assets/console.css").await.status, 404);
    assert_eq!(browser.get("/assets/../Cargo.toml").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_api_is_as_before_and_takes_no_session() {
    let world = world();
    let mut browser = Browser::with(&world, OPERATOR).await;
    let page = browser.get("/v1/posts").await;
    assert_eq!((page.status, page.header("content-type")), (401, "application/problem+json"));
    assert_eq!(browser.get("/v1/nonsense").await.status, 401);
    let lost = browser.get("/nowhere").await;
    assert_eq!((lost.status, lost.header("content-type")), (404, "text/html; charset=utf-8"));
    world.get("/nowhere").await.problem(404);
    // Whoever is logged in is told by a page that there is nothing, whatever their browser says that it takes.
    let (name, value) = &browser.cookies[0];
    let asked = Request::get("/nowhere").header(header::HOST, super::HOST).header(header::ACCEPT, "*/*");
    let asked = asked.header(header::COOKIE, format!("{name}={value}")).body(Body::empty()).unwrap();
    let answer = world.router().oneshot(asked).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (404, &"text/html; charset=utf-8".parse().unwrap())
    );
    lost.says("olga");
}

#[tokio::test(start_paused = true)]
async fn without_tokens_this_machine_is_let_in_and_its_forms_are_stamped_all_the_same() {
    let (runtime, ledger) = memory();
    let world = world_with(runtime, ledger, ConsoleOptions::default());
    let (_, targets) = world.accepted(&message("key")).await;
    let mut browser = Browser::new(&world);
    browser.get("/").await.ok().is_silent_of("Log out");
    assert_eq!(browser.get("/login").await.header("location"), "/");
    let cancel = format!("/targets/{}/cancel", targets[0]);
    assert_eq!(browser.send("POST", &cancel, &[]).await.status, 403);
    assert_eq!(browser.send("POST", &cancel, &[("stamp", "guessed")]).await.status, 403);
    browser.origin = Some("http://localhost:3000".into());
    let stamp = browser.get("/posts").await.ok().text.contains("name=\"stamp\"");
    assert!(!stamp, "there is nobody to log out");
    let stamp = browser.get(&format!("/targets/{}", targets[0])).await.ok().field("stamp");
    assert_eq!(browser.send("POST", &cancel, &[("stamp", &stamp)]).await.status, 403, "another page of this machine");
    browser.origin = Some(format!("http://{}", super::HOST));
    assert_eq!(browser.send("POST", &cancel, &[("stamp", &stamp)]).await.status, 303);
    let named = Request::get("/").header(header::HOST, "evil.example:8380").body(Body::empty()).unwrap();
    assert_eq!(world.router().oneshot(named).await.unwrap().status(), 403, "a name that was made to point here");
}

#[tokio::test(start_paused = true)]
async fn behind_https_the_cookie_is_for_https_only() {
    let (runtime, ledger) = memory();
    let public_url = "https://console.example".parse().ok();
    let world =
        world_with(runtime, ledger, ConsoleOptions { tokens: tokens(), public_url, ..ConsoleOptions::default() });
    let mut browser = Browser::new(&world);
    browser.origin = Some("https://console.example".into());
    let page = browser.send("POST", "/login", &[("token", OPERATOR)]).await;
    let set = page.header("set-cookie");
    assert!(set.starts_with("__Host-oncepost=") && set.contains("; Path=/;"), "{set}");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.ends_with("; Secure"), "{set}");
    browser.get("/").await.ok();
}
