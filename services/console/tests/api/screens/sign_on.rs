//! Logging in at a provider: there and back, and everything that may go wrong on the way.

use std::{sync::Arc, time::Duration};

use channels::{ListedAccounts, Registry};
use domain::Policy;
use ledger::MemoryLedger;
use oncepost_console::{ConsoleOptions, SignOn};
use runtime::{Runtime, SystemRandom};
use serde_json::{Value, json};
use settings::{Oidc, OidcRule, Rate, Role, SecretRef};
use testkit::{OpenId, openid::Sign};
use url::Url;
use vault::{Defaults, Keys};

use super::{Browser, Page};
use crate::{
    accounts::{Log, Shifted},
    world::{OPERATOR, Setting, World, tokens},
};

const PUBLIC: &str = "http://127.0.0.1:8380";
const BACK: &str = "http://127.0.0.1:8380/login/oidc/callback";

struct Scene {
    provider: OpenId,
    clock: Arc<Shifted>,
    keys: String,
    ledger: Arc<MemoryLedger>,
}

fn rule(claim: &str, value: &str, role: Role, tenant: Option<&str>) -> OidcRule {
    OidcRule { claim: claim.into(), value: value.into(), role, tenant: tenant.map(|tenant| tenant.parse().unwrap()) }
}

/// Whoever is in the group ops is an operator.
fn ops() -> Vec<OidcRule> {
    vec![rule("groups", "ops", Role::Operator, None)]
}

async fn scene() -> Scene {
    let clock = Arc::new(Shifted::default());
    let keys = Keys::make(&Runtime::system());
    let ledger = Arc::new(MemoryLedger::new(clock.clone(), Policy::default()));
    Scene { provider: OpenId::start().await, clock, keys, ledger }
}

impl Scene {
    /// A process of the console with these rules. All of a scene have the same keys.
    fn console(&self, rules: Vec<OidcRule>) -> World {
        self.with(rules, PUBLIC, ConsoleOptions { tokens: tokens(), ..ConsoleOptions::default() })
    }

    fn with(&self, rules: Vec<OidcRule>, public_url: &str, options: ConsoleOptions) -> World {
        let runtime = Runtime::new(self.clock.clone(), Arc::new(SystemRandom));
        let oidc = Oidc {
            issuer: self.provider.issuer(),
            client_id: OpenId::CLIENT.into(),
            client_secret: Some(SecretRef::of(OpenId::SECRET)),
            scopes: ["openid", "email"].map(str::to_owned).into(),
            button: "Acme".into(),
            rules,
        };
        let public_url: Url = public_url.parse().unwrap();
        let sign_on = Arc::new(SignOn::new(&oidc, &public_url, &runtime).unwrap());
        let keys = Keys::read([("k", self.keys.as_str())]).unwrap();
        let (registry, listed) = (Registry::of([]), ListedAccounts::new([]));
        let options = ConsoleOptions { sign_on: Some(sign_on), public_url: Some(public_url), ..options };
        Setting { registry, listed, keys, defaults: Defaults::default() }.world(runtime, self.ledger.clone(), options)
    }

    fn says(&self, person: Value) {
        self.provider.set(|knobs| knobs.person = person);
    }

    /// From the login to the provider; where that sends the browser back to.
    async fn there(&self, browser: &mut Browser<'_>, next: &str) -> String {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let page = browser.get(&format!("/login/oidc?next={next}")).await;
        assert_eq!(page.status, 303, "{}", page.words());
        let back = self.provider.visit(page.header("location")).await;
        assert!(back.as_str().starts_with(BACK), "{back}");
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    async fn log_in(&self, browser: &mut Browser<'_>, next: &str) -> Page {
        let back = self.there(browser, next).await;
        browser.get(&back).await
    }
}

fn has_session(browser: &Browser<'_>) -> bool {
    browser.cookies.iter().any(|(name, _)| name == "oncepost")
}

#[tokio::test]
async fn a_person_logs_in_without_a_token_and_is_named_in_the_audit_log() {
    let scene = scene().await;
    let world = scene.console(ops());
    let mut browser = Browser::new(&world);
    let page = browser.get("/login?next=%2Fposts%3Fstate%3Dfailed").await.ok();
    assert!(page.text.contains("href=\"/login/oidc?next=%2Fposts%3Fstate%3Dfailed\""), "{}", page.text);
    page.says("Log in with Acme or with a token");
    assert!(scene.provider.calls().is_empty(), "nothing was asked yet");
    let page = scene.log_in(&mut browser, "/posts?state=failed").await;
    assert_eq!((page.status, page.header("location")), (303, "/posts?state=failed"));
    browser.get("/posts").await.ok().says("Signed in as anna@acme.example");
    let done = browser.fill("/channels", "/pause", &[("scope", "all"), ("reason", "a look at the queues")]).await.ok();
    done.says("a look at the queues");
    browser.get("/audit-log").await.ok().says("anna@acme.example");
    let record = world.get("/v1/audit-log").await.ok(200);
    assert_eq!(record["entries"][0]["who"], "anna@acme.example", "{record}");
}

#[tokio::test]
async fn the_way_there_is_as_the_standard_wants_it_and_the_cookie_for_this_alone() {
    let scene = scene().await;
    let world = scene.console(ops());
    let mut browser = Browser::new(&world);
    let [one, two] = [browser.get("/login/oidc").await, browser.get("/login/oidc").await];
    let there: Url = one.header("location").parse().unwrap();
    let asked: std::collections::BTreeMap<_, _> = there.query_pairs().into_owned().collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", OpenId::CLIENT),
        ("redirect_uri", BACK),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value);
    }
    for secret in ["state", "nonce", "code_challenge"] {
        assert!(asked[secret].len() == 43 && !two.header("location").contains(&asked[secret]), "{secret}");
    }
    let set = one.header("set-cookie");
    assert!(
        set.starts_with("oncepost-login=") && set.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    assert!(!set.contains(&asked["state"]) && !set.contains(&asked["nonce"]));
    let https = scene.with(ops(), "https://console.example", ConsoleOptions::default());
    let page = Browser::new(&https).get("/login/oidc").await;
    assert!(
        page.header("set-cookie").starts_with("__Host-oncepost-login=")
            && page.header("set-cookie").ends_with("; Secure")
    );
    assert!(page.header("location").contains("redirect_uri=https%3A%2F%2Fconsole.example%2Flogin%2Foidc%2Fcallback&"));
}

#[tokio::test]
async fn the_first_rule_that_fits_decides() {
    let scene = scene().await;
    let world = scene.console(vec![
        rule("realm_access.roles", "admins", Role::Admin, None),
        rule("groups", "everybody", Role::Viewer, Some("acme")),
        rule("groups", "ops", Role::Operator, None),
        rule("email", "Olga@Acme.example", Role::Admin, None),
    ]);
    for (person, seen) in [
        (json!({"groups": ["ops", "everybody"]}), ("viewer", Some("acme"))),
        (json!({"groups": "ops"}), ("operator", None)),
        (json!({"groups": ["ops"], "realm_access": {"roles": ["x", "admins"]}}), ("admin", None)),
        (json!({"email": "olga@acme.example", "email_verified": true}), ("admin", None)),
    ] {
        let mut person = person;
        person["sub"] = json!("7");
        scene.says(person.clone());
        let mut browser = Browser::new(&world);
        assert_eq!(scene.log_in(&mut browser, "/").await.header("location"), "/");
        let who = browser.get("/system").await.ok();
        who.says(&format!("Signed in as {}", person["email"].as_str().unwrap_or("7")));
        let (role, tenant) = seen;
        assert_eq!(who.words().contains(", for acme"), tenant.is_some(), "{person}");
        let stamp = who.field("stamp");
        let pause = [("scope", "all"), ("reason", "x"), ("stamp", &stamp)];
        let page = browser.send("POST", "/pause", &pause).await;
        let note = browser.get("/").await.ok();
        let is_done = page.status == 303 && !note.words().contains("Not done.");
        assert_eq!(is_done, role != "viewer", "{person}: {}", note.words());
    }
}

#[tokio::test]
async fn whom_no_rule_fits_is_told_what_to_ask_whom() {
    let scene = scene().await;
    let world = scene.console(vec![
        rule("groups", "admins", Role::Admin, None),
        rule("email", "boris@acme.example", Role::Admin, None),
    ]);
    scene.says(json!({"sub": "7", "groups": ["<b>ops</b>"], "email": "boris@acme.example"}));
    let mut browser = Browser::new(&world);
    let page = scene.log_in(&mut browser, "/posts").await;
    assert_eq!(page.status, 403);
    page.says("You are logged in at Acme as boris@acme.example , and that is fine.");
    page.says("Ask whoever runs oncepost for a rule that fits you ( api.oidc.rules )");
    page.says("groups <b>ops</b> email nothing, or not that it was verified");
    page.is_silent_of("<b>");
    page.is_silent_of("admins");
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(browser.get("/posts").await.status, 303);
}

#[tokio::test]
async fn an_answer_is_taken_once_in_time_and_by_the_browser_that_began() {
    let scene = scene().await;
    let world = scene.console(ops());
    let (mut anna, mut victim) = (Browser::new(&world), Browser::new(&world));
    let not_begun = |page: &Page| {
        assert_eq!(page.status, 400);
        page.says("This login was not begun in this browser, was ended before, or took longer than ten minutes.");
    };
    // Somebody makes another's browser end a login that is not its own.
    let back = scene.there(&mut anna, "/").await;
    not_begun(&victim.get(&back).await);
    scene.there(&mut victim, "/").await;
    not_begun(&victim.get(&back).await);
    assert!(!has_session(&victim) && victim.cookies.is_empty());
    // Again, with the cookie and without it.
    let kept = anna.cookies.clone();
    assert_eq!(anna.get(&back).await.status, 303);
    not_begun(&anna.get(&back).await);
    let mut thief = Browser::new(&world);
    thief.cookies = kept;
    let replayed = thief.get(&back).await;
    assert_eq!(replayed.status, 400);
    replayed.says("Acme says that this login is over already (invalid_grant). Begin it anew.");
    assert!(!has_session(&thief));
    // Too late.
    let mut late = Browser::new(&world);
    let back = scene.there(&mut late, "/").await;
    scene.clock.advance(Duration::from_secs(600));
    not_begun(&late.get(&back).await);
    for nonsense in ["", "?state=", "?state=a&state=b&code=c", "?code=%00", "?error=access_denied"] {
        not_begun(&late.get(&format!("/login/oidc/callback{nonsense}")).await);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_to_be_believed_begins_no_session() {
    let scene = scene().await;
    let world = scene.console(ops());
    let now = Runtime::system().now().as_second();
    for (sign, change, why) in [
        (Sign::None, json!({}), "no ID token that can be read"),
        (Sign::PublicAsSecret, json!({}), "HS256, which proves nothing"),
        (Sign::Stranger, json!({}), "signature is wrong"),
        (Sign::Altered, json!({}), "signature is wrong"),
        (Sign::Rs256, json!({"nonce": "another"}), "made for another login"),
        (Sign::Rs256, json!({"aud": "another"}), "for another client than api.oidc.client_id"),
        (Sign::Rs256, json!({"iss": "https://evil.example"}), "it comes from https://evil.example"),
        (Sign::Rs256, json!({"exp": now - 3600}), "time is over"),
    ] {
        scene.provider.set(|knobs| (knobs.sign, knobs.change) = (sign, change));
        let mut browser = Browser::new(&world);
        let page = scene.log_in(&mut browser, "/").await;
        assert_eq!(page.status, 502, "{why}");
        page.says("What Acme says of you is not believed: ");
        page.says(why);
        assert!(browser.cookies.is_empty(), "{why}: {:?}", browser.cookies);
    }
}

#[tokio::test]
async fn keys_may_change_between_two_logins() {
    let scene = scene().await;
    scene.provider.set(|knobs| knobs.sign = Sign::Es256);
    let world = scene.console(ops());
    for _ in 0..2 {
        assert_eq!(scene.log_in(&mut Browser::new(&world), "/").await.status, 303);
        scene.provider.rotate();
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_told_in_its_words() {
    let scene = scene().await;
    let world = scene.console(ops());
    for (error, words, status, said) in [
        ("access_denied", "not <b>today</b>", 403, "Acme did not let you through (access_denied: not <b>today</b>)."),
        ("server_error", "", 502, "Acme ended the login (server_error)."),
    ] {
        scene.provider.set(|knobs| knobs.denies = Some((error.into(), words.into())));
        let mut browser = Browser::new(&world);
        let page = scene.log_in(&mut browser, "/posts").await;
        assert_eq!(page.status, status);
        page.says(said);
        page.is_silent_of("<b>");
        assert_eq!(page.field("next"), "/posts", "the token's form still leads there");
        assert!(browser.cookies.is_empty());
    }
}

#[tokio::test]
async fn while_the_provider_is_gone_tokens_are_taken() {
    let scene = scene().await;
    let world = scene.console(ops());
    scene.provider.go_dark().await;
    let mut browser = Browser::new(&world);
    browser.get("/login").await.ok().says("Log in with Acme");
    let page = browser.get("/login/oidc?next=%2Fposts").await;
    assert_eq!(page.status, 503);
    page.says("Acme does not answer as it should, when asked for its description: no connection");
    assert_eq!(page.field("next"), "/posts");
    let page = browser.send("POST", "/login", &[("token", OPERATOR), ("next", "/posts")]).await;
    assert_eq!((page.status, page.header("location")), (303, "/posts"));
    scene.provider.come_back().unwrap();
    scene.clock.advance(Duration::from_secs(5));
    assert_eq!(scene.log_in(&mut Browser::new(&world), "/").await.status, 303);
}

#[tokio::test]
async fn a_login_leads_to_no_other_site() {
    let scene = scene().await;
    let world = scene.console(ops());
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/login/oidc",
        "javascript:alert(1)",
        "/\r\nx: y",
    ] {
        let page = scene.log_in(&mut Browser::new(&world), next).await;
        assert_eq!((page.status, page.header("location")), (303, "/"), "{next}");
    }
}

#[tokio::test]
async fn each_login_has_a_session_of_its_own_that_ends_with_its_rule_and_its_time() {
    let scene = scene().await;
    let world = scene.console(ops());
    let mut browser = Browser::new(&world);
    browser.cookies.push(("oncepost".into(), "planted".into()));
    scene.log_in(&mut browser, "/").await;
    let first = browser.cookies.clone();
    assert!(first.len() == 1 && first[0].1 != "planted", "{first:?}");
    let mut again = Browser::new(&world);
    scene.log_in(&mut again, "/").await;
    assert_ne!(again.cookies, first);
    for (rules, status) in [
        (ops(), 200),
        (vec![rule("groups", "everybody", Role::Operator, None)], 303),
        (vec![rule("groups", "ops", Role::Viewer, None)], 303),
        (vec![rule("groups", "ops", Role::Operator, Some("acme"))], 303),
    ] {
        let process = scene.console(rules);
        let mut there = Browser::new(&process);
        there.cookies = first.clone();
        assert_eq!(there.get("/posts").await.status, status);
    }
    scene.clock.advance(Duration::from_secs(12 * 3600 - 10));
    browser.get("/posts").await.ok();
    scene.clock.advance(Duration::from_secs(10));
    assert_eq!(browser.get("/posts").await.status, 303);
}

#[tokio::test]
async fn whoever_logs_out_is_shown_the_way_out_of_the_provider() {
    let scene = scene().await;
    let world = scene.console(ops());
    let mut browser = Browser::new(&world);
    scene.log_in(&mut browser, "/").await;
    let page = browser.fill("/posts", "/logout", &[]).await.ok();
    page.says("At Acme you are logged in still");
    assert!(page.text.contains(&format!("href=\"{}/end?client_id=", scene.provider.issuer())), "{}", page.text);
    assert!(browser.cookies.is_empty());
    assert_eq!(browser.get("/posts").await.status, 303);
    let mut by_token = Browser::with(&world, OPERATOR).await;
    by_token.fill("/posts", "/logout", &[]).await.ok().is_silent_of("At Acme");
}

#[tokio::test]
async fn with_a_provider_and_without_tokens_nobody_is_let_in_unasked() {
    let scene = scene().await;
    let world = scene.with(ops(), PUBLIC, ConsoleOptions::default());
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get("/").await.header("location"), "/login");
    let page = browser.get("/login").await.ok();
    page.is_silent_of("name=\"token\"");
    page.says("Log in with Acme");
    world.send(None, "GET", "/v1/posts", String::new()).await.problem(401);
    assert_eq!(browser.send("POST", "/login", &[("token", "")]).await.status, 401);
    scene.log_in(&mut browser, "/").await;
    browser.get("/posts").await.ok();
}

#[tokio::test]
async fn nobody_asks_the_provider_as_often_as_they_like() {
    let scene = scene().await;
    let anonymous_rate = Rate { per: Duration::from_secs(60), burst: 4 };
    let world =
        scene.with(ops(), PUBLIC, ConsoleOptions { tokens: tokens(), anonymous_rate, ..ConsoleOptions::default() });
    let mut browser = Browser::new(&world);
    for _ in 0..2 {
        assert_eq!(scene.log_in(&mut browser, "/").await.status, 303);
    }
    let page = browser.get("/login/oidc").await;
    assert_eq!(page.status, 429);
    page.says("There were too many logins from your address.");
}

#[tokio::test]
async fn no_code_state_or_secret_is_in_a_log_or_on_a_page() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let scene = scene().await;
    let world = scene.console(ops());
    let mut told = String::new();
    for refuses in [false, true] {
        scene.provider.set(|knobs| knobs.refuses = refuses);
        let mut browser = Browser::new(&world);
        let back = scene.there(&mut browser, "/").await;
        let page = browser.get(&back).await;
        told += &page.text;
        let query = back.split_once('?').unwrap().1;
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            assert!(
                !told.contains(&*value) && !String::from_utf8_lossy(&log.0.lock().unwrap()).contains(&*value),
                "{name}"
            );
        }
    }
    told += &String::from_utf8_lossy(&log.0.lock().unwrap());
    assert!(
        told.contains("logged in to the console at the provider")
            && told.contains("a login at the provider came to nothing")
    );
    assert!(!told.contains("odd+letters"), "the client's secret");
}
