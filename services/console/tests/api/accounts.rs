//! Accounts over real routes, against fakes of the platforms: connect, look after, switch off, remove.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use channels::{Http, HttpOptions, ListedAccounts, Registry, Secret, SecretSource};
use domain::{Code, Command, Failure, Fix, Landed, Outcome, PlatformWords, Policy, Scope, Worth};
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use ledger::MemoryLedger;
use oncepost_console::ConsoleOptions;
use runtime::{Clock, Runtime, SystemClock, SystemRandom};
use serde_json::{Value, json};
use testkit::{fake::Fake, mastodon::Mastodon, x::X};
use vault::{Defaults, Keys};

use crate::world::{ACME, OPERATOR, OTHER, Reply, Setting, World, account, tokens};

const MAIN: &str = "/v1/accounts/acme/mastodon/main";
const ON_X: &str = "/v1/accounts/acme/x/main";

/// The real clock, moved ahead at will.
#[derive(Default)]
pub struct Shifted(AtomicI64);

impl Shifted {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), SeqCst);
    }
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_millis(self.0.load(SeqCst))
    }

    fn uptime(&self) -> Duration {
        Duration::try_from(self.now().duration_since(Timestamp::UNIX_EPOCH)).unwrap()
    }

    #[allow(clippy::disallowed_methods, reason = "limits of calls that are answered at once")]
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// An oncepost, the platforms that it calls, and a clock.
struct Scene {
    world: World,
    clock: Arc<Shifted>,
    mastodon: Fake<Mastodon>,
    x: Fake<X>,
}

async fn scene() -> Scene {
    scene_with(true).await
}

async fn scene_with(has_key: bool) -> Scene {
    let clock = Arc::new(Shifted::default());
    let runtime = Runtime::new(clock.clone(), Arc::new(SystemRandom));
    let key = Keys::make(&runtime);
    let keys = if has_key { Keys::read([("k1", key.as_str())]).unwrap() } else { Keys::default() };
    let (mastodon, x) = (Fake::<Mastodon>::start().await, Fake::<X>::start().await);
    let mut listed = account("acme", "mastodon");
    listed.id = "listed".parse().unwrap();
    listed.app = None;
    listed.base_url = mastodon.url().parse().unwrap();
    listed.secrets =
        [("access_token".to_owned(), SecretSource::Value(Secret::new(Mastodon::token("canary-listed"))))].into();
    let registry = Registry::all(Http::new(HttpOptions::default(), runtime.clone()).unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let setting = Setting { registry, listed: ListedAccounts::new([listed]), keys, defaults: Defaults::default() };
    let world = setting.world(runtime, ledger, ConsoleOptions { tokens: tokens(), ..ConsoleOptions::default() });
    Scene { world, clock, mastodon, x }
}

impl Scene {
    async fn put(&self, path: &str, body: &Value) -> Reply {
        self.world.send(Some(OPERATOR), "PUT", path, body.to_string()).await
    }

    async fn post(&self, path: &str) -> Reply {
        self.world.send(Some(OPERATOR), "POST", path, String::new()).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.world.send(Some(OPERATOR), "DELETE", path, String::new()).await
    }

    fn on_mastodon(&self, name: &str) -> Value {
        json!({ "base_url": self.mastodon.url(), "secrets": { "access_token": Mastodon::token(name) } })
    }

    /// Connects acme's account on X through an app, with tokens that can be renewed.
    async fn connect_x(&self) -> Value {
        let app = json!({ "secrets": { "client_id": X::CLIENT_ID, "client_secret": X::CLIENT_SECRET } });
        self.put("/v1/apps/our-x", &app).await.ok(201);
        let tokens = json!({ "access_token": X::token("canary"), "refresh_token": X::refresh_token("canary") });
        let ask = json!({ "app": "our-x", "base_url": self.x.url(), "secrets": tokens, "expires_in": 7200 });
        self.put(ON_X, &ask).await.ok(201)
    }

    /// Two targets of the account that are due: one has failed because the token is dead, the other is held for it.
    async fn trouble(&self) -> (String, String) {
        let mut targets = Vec::new();
        for key in ["one", "two"] {
            let message = json!({
                "version": 1, "idempotency_key": key, "tenant": "acme", "content": { "text": key },
                "publish_at": self.world.runtime.now().to_string(),
                "targets": [{ "channel": "mastodon", "account": "main" }],
            });
            targets.extend(self.world.accepted(&message).await.1);
        }
        let attempt = self.world.begin(&targets[0]).await;
        let failure = Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope: Scope::Account,
            step: "create status".into(),
            said: PlatformWords::text("the access token was revoked"),
        };
        self.world.finish(&targets[0], attempt, Outcome::Failed(failure)).await;
        self.world.apply(&targets[1], Command::Wake).await;
        let two = targets.pop().unwrap();
        (targets.pop().unwrap(), two)
    }
}

#[tokio::test]
async fn t06_an_account_is_connected_dies_and_connecting_it_again_releases_what_was_held() {
    let scene = scene().await;
    let seen = scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    let account = &seen["account"];
    assert_eq!((&account["health"]["state"], &account["health"]["by"]), (&json!("ok"), &json!("check")), "{seen}");
    assert_eq!((&account["source"], &account["secrets"]), (&json!("connected"), &json!(["access_token"])));
    assert_eq!(account["connected"]["by"], "olga");

    let (failed, held) = scene.trouble().await;
    assert_eq!(scene.world.state(&held).await, domain::State::Held);
    for (target, is_to_be_retried) in [(&failed, true), (&held, false)] {
        let told = scene.world.get(&format!("/v1/targets/{target}")).await.ok(200);
        let remedy = told["diagnosis"]["remedy"].as_str().unwrap();
        assert_eq!(told["diagnosis"]["code"], "OP-2102", "{told}");
        assert!(remedy.contains("oncepost accounts connect"), "{told}");
        assert_eq!(remedy.contains("`oncepost retry TARGET`"), is_to_be_retried, "{remedy}");
    }
    scene.mastodon.platform().revoke("main");
    scene.clock.advance(Duration::from_secs(120));
    let sick = scene.post(&format!("{MAIN}/check")).await.ok(200);
    let health = &sick["account"]["health"];
    assert_eq!((&health["state"], &health["wrong"]["code"]), (&json!("needs_reconnect"), &json!("OP-2102")), "{sick}");
    let remedy = health["wrong"]["remedy"].as_str().unwrap();
    assert!(remedy.contains("oncepost accounts connect") && !remedy.contains("this target"), "{sick}");
    assert_eq!(health["wrong"]["platform_said"]["text"], "The access token was revoked");
    assert_eq!(sick["account"]["pause"]["code"], "OP-2102");
    assert_eq!(sick.get("released"), None, "it is not well: what is held stays held");
    assert_eq!(
        scene.world.get("/v1/accounts?state=needs_reconnect").await.ok(200)["accounts"].as_array().unwrap().len(),
        1
    );

    let mut again = scene.on_mastodon("again");
    again["another"] = json!(true);
    let well = scene.put(MAIN, &again).await.ok(200);
    assert_eq!((&well["account"]["health"]["state"], &well["released"]), (&json!("ok"), &json!(1)), "{well}");
    assert_eq!(scene.world.state(&held).await, domain::State::Scheduled);
    assert_eq!(scene.world.state(&failed).await, domain::State::Failed, "that one a person tries again");
    assert_eq!(scene.world.get("/v1/pauses").await.ok(200), json!({ "pauses": [] }));
}

#[tokio::test]
async fn a_persons_pause_does_not_end_with_connecting() {
    let scene = scene().await;
    scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    let ask = json!({ "scope": "account:acme/mastodon/main", "reason": "a quiet week" });
    scene.world.post("/v1/pauses", &ask).await.ok(201);
    let mut other = scene.on_mastodon("other");
    let refused = scene.put(MAIN, &other).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("other"), "{refused}");
    other["another"] = json!(true);
    let seen = scene.put(MAIN, &other).await.ok(200);
    assert_eq!((seen.get("released"), &seen["account"]["pause"]["reason"]), (None, &json!("a quiet week")));
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_told_at_once_and_judged_a_minute_later() {
    let scene = scene().await;
    scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    let (_, held) = scene.trouble().await;
    let mut ask = scene.on_mastodon("main");
    ask["secrets"]["access_token"] = json!("mistyped");
    let seen = scene.put(MAIN, &ask).await.ok(200);
    assert_eq!(seen["unchecked"]["code"], "OP-2102", "{seen}");
    assert_eq!(seen["unchecked"]["platform_said"]["status"], 401);
    assert_eq!((&seen["account"]["health"]["state"], seen.get("released")), (&json!("unknown"), None), "{seen}");
    assert_eq!(scene.world.state(&held).await, domain::State::Held, "what was held is not sent with it");
    scene.clock.advance(Duration::from_secs(61));
    let seen = scene.post(&format!("{MAIN}/check")).await.ok(200);
    assert_eq!(seen["account"]["health"]["state"], "needs_reconnect");
}

#[tokio::test]
async fn t01_tokens_are_renewed_on_request_and_an_empty_one_overwrites_none() {
    let scene = scene().await;
    let seen = scene.connect_x().await;
    let token = &seen["account"]["token"];
    assert_eq!((&token["can_renew"], &token["renewed"]), (&json!(true), &json!(0)), "{seen}");
    let seen = scene.post(&format!("{ON_X}/refresh")).await.ok(200);
    let token = &seen["account"]["token"];
    assert_eq!((&token["renewed"], &seen["account"]["health"]["state"]), (&json!(1), &json!("ok")), "{seen}");
    assert!(token["ends"].is_string() && token["scopes"].as_array().unwrap().len() == 5, "{seen}");

    let secrets = json!({ "access_token": X::token("canary"), "refresh_token": "  " });
    let ask = json!({ "secrets": secrets, "expires_at": "2057-06-01T00:00:00Z" });
    let seen = scene.put(ON_X, &ask).await.ok(200);
    let ends: Timestamp = seen["account"]["token"]["ends"].as_str().unwrap().parse().unwrap();
    assert!(ends < scene.world.runtime.now() + SignedDuration::from_hours(3), "nobody's tokens live 31 years: {seen}");
    assert_eq!(seen["account"]["token"]["can_renew"], true, "the refresh token is there still: {seen}");
    assert_eq!(
        (&seen["account"]["app"], &seen["account"]["base_url"]),
        (&json!("our-x"), &json!(format!("{}/", scene.x.url())))
    );
    let seen = scene.post(&format!("{ON_X}/refresh")).await.ok(200);
    assert_eq!(seen["account"]["token"]["renewed"], 1, "{seen}");
}

#[tokio::test]
async fn what_cannot_be_renewed_or_asked_says_why() {
    let scene = scene().await;
    scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    let refused = scene.post(&format!("{MAIN}/refresh")).await.problem(422);
    assert!(refused["detail"].as_str().unwrap().contains("holds nothing that renews its token"), "{refused}");
    scene.mastodon.go_dark().await;
    let away = scene.post(&format!("{MAIN}/check")).await.problem(502);
    assert!(away["code"].as_str().unwrap().starts_with("OP-"), "{away}");
    let seen = scene.put(MAIN, &scene.on_mastodon("main")).await.ok(200);
    assert!(seen["unchecked"]["title"].is_string(), "it is connected all the same: {seen}");
    assert_eq!(seen["account"]["health"]["state"], "unknown");
}

#[tokio::test]
async fn slips_are_refused_with_what_was_meant_and_nothing_is_stored() {
    let scene = scene().await;
    let refused = |change: Value| {
        let mut ask = scene.on_mastodon("main");
        ask.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let scene = &scene;
        async move { scene.put(MAIN, &ask).await.problem(422)["problems"].to_string() }
    };
    for (change, path, told) in [
        (json!({ "settings": { "visiblity": "unlisted" } }), "$.settings.visiblity", "is visibility meant?"),
        (json!({ "settings": { "visibility": ["a"] } }), "$.settings.visibility", "of another kind"),
        (json!({ "secrets": { "acess_token": "canary" } }), "$.secrets.acess_token", "is access_token meant?"),
        (json!({ "secrets": {} }), "$.secrets.access_token", "is missing; docs/channels/mastodon.md"),
        (json!({ "secrets": { "access_token": 12345678 } }), "$.secrets.access_token", "expected: a string"),
        (json!({ "expires_at": "2020-01-01T00:00:00Z" }), "$.expires_at", "has passed"),
        (json!({ "expires_in": 60, "expires_at": "2099-01-01T00:00:00Z" }), "$.expires_in", "give one of them"),
        (json!({ "token": "canary" }), "$.token", "unknown field `token`"),
        (json!({ "base_url": "https://me:canary@social.example" }), "$.base_url", "name no user"),
        (json!({ "base_url": "social.example" }), "$.base_url", "write it in full, such as https://"),
        (json!({ "base_url": "http://social.example" }), "$", "social.example must be https, not http"),
        (json!({ "rate": { "burst": 0, "per_ms": 1000 } }), "$.rate", "1 at least"),
    ] {
        let problems = refused(change).await;
        assert!(problems.contains(told) && problems.contains(path), "{path}: {problems}");
        assert!(!problems.contains("canary") && !problems.contains("12345678"), "{problems}");
    }
    let nowhere = scene.put("/v1/accounts/acme/mastodn/main", &json!({})).await.problem(422);
    assert_eq!(nowhere["code"], "OP-1004");
    assert!(nowhere["detail"].as_str().unwrap().contains("is mastodon meant?"), "{nowhere}");
    scene.put("/v1/accounts/acme/mastodon/two%20words", &json!({})).await.problem(422);
    scene.world.get(MAIN).await.problem(404);
    let listed = "/v1/accounts/acme/mastodon/listed";
    let problem = scene.put(listed, &json!({ "base_url": "https://elsewhere.example" })).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("for the server's settings to say"), "{problem}");
    let keyless = scene_with(false).await;
    let problem = keyless.put(MAIN, &keyless.on_mastodon("main")).await.problem(422);
    assert!(problem["remedy"].as_str().unwrap().contains("`oncepost vault key`"), "{problem}");
}

#[tokio::test]
async fn a_tenant_looks_after_its_own_accounts_only() {
    let scene = scene().await;
    scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    let send = |token: &'static str, method: &'static str, path: &str, body: &Value| {
        let (path, body) = (path.to_owned(), body.to_string());
        let world = &scene.world;
        async move { world.send(Some(token), method, &path, body).await }
    };
    let ask = json!({ "reason": "x" });
    for action in ["", "/check", "/refresh", "/disable", "/enable"] {
        let method = if action.is_empty() { "GET" } else { "POST" };
        let reply = send(OTHER, method, &format!("{MAIN}{action}"), &ask).await;
        assert_eq!(reply.problem(404)["code"], "OP-1019");
    }
    send(OTHER, "DELETE", MAIN, &json!({})).await.problem(404);
    send(OTHER, "PUT", MAIN, &scene.on_mastodon("theirs")).await.problem(403);
    send(OTHER, "GET", "/v1/accounts?tenant=acme", &json!({})).await.problem(403);
    assert_eq!(send(OTHER, "GET", "/v1/accounts", &json!({})).await.ok(200)["accounts"], json!([]));
    send(ACME, "PUT", MAIN, &scene.on_mastodon("ours")).await.problem(403);
    let token = json!({ "secrets": { "access_token": Mastodon::token("main") } });
    assert_eq!(send(ACME, "PUT", MAIN, &token).await.ok(200)["account"]["health"]["state"], "ok");
    assert_eq!(send(ACME, "GET", MAIN, &json!({})).await.ok(200)["connected"]["by"], "acme-app");
    for (method, path) in [("GET", "/v1/apps"), ("PUT", "/v1/apps/our-x"), ("DELETE", "/v1/apps/our-x")] {
        send(ACME, method, path, &json!({ "secrets": { "client_id": "x" } })).await.problem(403);
    }
    // An app's secret goes to the account's server: a tenant that chose both could read it.
    let lent = json!({ "app": "our-x", "base_url": "https://elsewhere.example" });
    send(ACME, "PUT", MAIN, &lent).await.problem(403);
    send(ACME, "PUT", MAIN, &json!({ "app": "our-x" })).await.problem(403);
}

#[tokio::test]
async fn what_is_switched_off_is_held_and_switched_on_again_released() {
    let scene = scene().await;
    scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    scene.world.post(&format!("{MAIN}/disable"), &json!({ "reason": " " })).await.problem(422);
    let off = scene.world.post(&format!("{MAIN}/disable"), &json!({ "reason": "moving house" })).await.ok(200);
    assert_eq!((&off["disabled"]["note"], &off["pause"]["reason"]), (&json!("moving house"), &json!("moving house")));
    let again = scene.world.post(&format!("{MAIN}/disable"), &json!({ "reason": "another" })).await.ok(200);
    assert_eq!(again["disabled"], off["disabled"], "the first word stays, and with it what its pause is known by");
    let on = scene.post(&format!("{MAIN}/enable")).await.ok(200);
    assert_eq!((on["account"].get("disabled"), on["account"].get("pause"), &on["released"]), (None, None, &json!(0)));
    // A pause that was there before is not its own to end.
    let ask = json!({ "scope": "account:acme/mastodon/main", "reason": "a quiet week" });
    scene.world.post("/v1/pauses", &ask).await.ok(201);
    scene.world.post(&format!("{MAIN}/disable"), &json!({ "reason": "moving house" })).await.ok(200);
    let on = scene.post(&format!("{MAIN}/enable")).await.ok(200);
    assert_eq!((&on["account"]["pause"]["reason"], on.get("released")), (&json!("a quiet week"), None));
}

#[tokio::test]
async fn an_account_that_targets_wait_for_is_removed_only_by_force() {
    let scene = scene().await;
    scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    let (_, held) = scene.trouble().await;
    let refused = scene.delete(MAIN).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().starts_with("1 targets wait"), "{refused}");
    assert_eq!(
        scene.delete(&format!("{MAIN}?force=true")).await.ok(200),
        json!({ "account": "acme/mastodon/main", "waiting": 1 })
    );
    scene.world.get(MAIN).await.problem(404);
    assert_eq!(scene.world.state(&held).await, domain::State::Scheduled, "nothing holds it back from failing");
    let told = scene.world.get(&format!("/v1/targets/{held}")).await.ok(200);
    let next = told["next_step"].as_str().unwrap();
    assert!(next.starts_with("It fails ") && next.contains("no account acme/mastodon/main any more"), "{next}");
    let listed = scene.delete("/v1/accounts/acme/mastodon/listed").await.problem(409);
    assert!(listed["detail"].as_str().unwrap().contains("take it out of them"), "{listed}");
}

#[tokio::test]
async fn apps_are_put_in_shown_without_secrets_and_kept_while_accounts_use_them() {
    let scene = scene().await;
    scene.connect_x().await;
    let apps = scene.world.get("/v1/apps").await.ok(200);
    let app = &apps["apps"][0];
    assert_eq!((&app["name"], &app["accounts"]), (&json!("our-x"), &json!(1)), "{apps}");
    assert_eq!(app["secrets"], json!(["client_id", "client_secret"]));
    scene.put("/v1/apps/our-x", &json!({ "secrets": { "client_id": X::CLIENT_ID } })).await.ok(200);
    let wrong = scene.put("/v1/apps/our-x", &json!({ "secrets": { "clientid": "canary" } })).await.problem(422);
    assert!(wrong["detail"].as_str().unwrap().contains("client_id and client_secret"), "{wrong}");
    scene.put("/v1/apps/our-x", &json!({ "secrets": {} })).await.problem(422);
    let used = scene.delete("/v1/apps/our-x").await.problem(409);
    assert!(used["detail"].as_str().unwrap().contains("acme/x/main"), "{used}");
    scene.delete(ON_X).await.ok(200);
    assert_eq!(scene.delete("/v1/apps/our-x").await.ok(200), json!({ "app": "our-x" }));
    scene.delete("/v1/apps/our-x").await.problem(404);
}

/// A log that a test reads.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_in_any_answer_or_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // Another test has met the same lines when nobody listened.
    tracing::callsite::rebuild_interest_cache();
    let scene = scene().await;
    let mut told = String::new();
    let app = json!({ "secrets": { "client_id": X::CLIENT_ID, "client_secret": X::CLIENT_SECRET } });
    let on_x = json!({
        "app": "our-x", "base_url": scene.x.url(), "expires_in": 7200,
        "secrets": { "access_token": X::token("canary"), "refresh_token": X::refresh_token("canary") },
    });
    let mut refused = on_x.clone();
    refused["settings"] = json!({ "visible": "no" });
    let mut dead = scene.on_mastodon("canary");
    dead["secrets"]["access_token"] = json!("canary-that-nobody-knows");
    for (method, path, body) in [
        ("PUT", "/v1/apps/our-x", app.to_string()),
        ("PUT", ON_X, refused.to_string()),
        ("PUT", ON_X, on_x.to_string()),
        ("PUT", ON_X, r#"{"secrets":{"access_token":["canary"]}}"#.to_owned()),
        ("PUT", ON_X, r#"{"secrets":"canary"}"#.to_owned()),
        ("PUT", ON_X, r#"{"secrets":{"access_token":"canary"#.to_owned()),
        ("PUT", MAIN, scene.on_mastodon("canary").to_string()),
        ("POST", "/v1/accounts/acme/x/main/refresh", String::new()),
        ("POST", "/v1/accounts/acme/x/main/check", String::new()),
        ("POST", "/v1/accounts/acme/mastodon/listed/check", String::new()),
        ("PUT", MAIN, dead.to_string()),
        ("GET", "/v1/accounts", String::new()),
        ("GET", MAIN, String::new()),
        ("GET", ON_X, String::new()),
        ("GET", "/v1/apps", String::new()),
        ("GET", "/v1/channels", String::new()),
        ("POST", "/v1/accounts/acme/x/main/disable", r#"{"reason":"x"}"#.to_owned()),
        ("DELETE", ON_X, String::new()),
    ] {
        told += &scene.world.send(Some(OPERATOR), method, path, body).await.text;
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(told.contains("access_token") && log.contains("tokens renewed"), "both tell what happened: {log}");
    // Whom a token is for, the platforms' fakes read out of it: the account is named by the platform, and so may be shown.
    for secret in [
        X::token("canary"),
        X::refresh_token("canary"),
        X::CLIENT_SECRET.to_owned(),
        Mastodon::token("canary"),
        "canary-that-nobody-knows".to_owned(),
        r#"["canary"]"#.to_owned(),
        OPERATOR.to_owned(),
    ] {
        assert!(!told.contains(&secret), "{secret} is in an answer: {told}");
        assert!(!log.contains(&secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test]
async fn what_is_switched_off_is_not_resumed_but_switched_on() {
    let scene = scene().await;
    scene.put(MAIN, &scene.on_mastodon("main")).await.ok(201);
    scene.world.post(&format!("{MAIN}/disable"), &json!({ "reason": "sold" })).await.ok(200);
    let resume = "/v1/pauses?scope=account:acme/mastodon/main";
    let end = || scene.world.send(Some(OPERATOR), "DELETE", resume, "{}".into());
    let refused = end().await.problem(409);
    assert!(refused["remedy"].as_str().unwrap().contains("oncepost accounts enable acme/mastodon/main"), "{refused}");
    scene.world.post(&format!("{MAIN}/enable"), &json!({})).await.ok(200);
    end().await.problem(404);
}
