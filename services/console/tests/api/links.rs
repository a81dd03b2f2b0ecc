//! Connecting accounts by a link, over real routes and fakes of the platforms that agree by themselves.

use std::{sync::Arc, time::Duration};

use channels::{Account, Accounts, Http, HttpOptions, ListedAccounts, Registry, Secret, SecretSource};
use domain::{Code, Command, Failure, Fix, Landed, Outcome, PlatformWords, Policy, Scope, Worth};
use ledger::{CredentialStore, MemoryLedger, RecordKind};
use oncepost_console::ConsoleOptions;
use runtime::{Runtime, SystemRandom};
use serde_json::{Value, json};
use testkit::{
    Cue, Facebook, Mastodon, Ready, TikTok, X,
    fake::{Fake, Platform},
};
use url::Url;
use vault::{AccountName, Defaults, Keys, LinkAsk};

use crate::{
    accounts::{Log, Shifted},
    world::{ACME, OPERATOR, OTHER, Reply, Setting, World, account, tokens},
};

const PUBLIC: &str = "https://posts.example/hub/";
const REDIRECT: &str = "https://posts.example/hub/v1/oauth/callback";

struct Scene {
    world: World,
    ledger: Arc<MemoryLedger>,
    clock: Arc<Shifted>,
}

fn scene() -> Scene {
    scene_with([], Some(PUBLIC))
}

fn scene_with(listed: impl IntoIterator<Item = Account<SecretSource>>, public_url: Option<&str>) -> Scene {
    let clock = Arc::new(Shifted::default());
    let runtime = Runtime::new(clock.clone(), Arc::new(SystemRandom));
    let key = Keys::make(&runtime);
    let keys = Keys::read([("k1", key.as_str())]).unwrap();
    let registry = Registry::all(Http::new(HttpOptions::default(), runtime.clone()).unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let setting = Setting { registry, listed: ListedAccounts::new(listed), keys, defaults: Defaults::default() };
    let public_url = public_url.map(|url| url.parse().unwrap());
    let options = ConsoleOptions { tokens: tokens(), public_url, ..ConsoleOptions::default() };
    let world = setting.world(runtime, ledger.clone(), options);
    Scene { world, ledger, clock }
}

/// Where an account of acme's lives.
fn at(channel: &str) -> String {
    format!("/v1/accounts/acme/{channel}/main")
}

fn name(channel: &str) -> AccountName {
    format!("acme/{channel}/main").parse().unwrap()
}

/// What an account on this fake is linked with.
fn wish(channel: &str, url: &str) -> Value {
    let settings = Ready::on(channel, url).unwrap().settings;
    let settings: serde_json::Map<_, _> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({ "app": "our-app", "base_url": url, "settings": settings })
}

impl Scene {
    async fn put_app(&self, channel: &str) {
        let (id, secret) = Ready::client(channel).unwrap();
        let ask = json!({ "secrets": { "client_id": id, "client_secret": secret } }).to_string();
        assert!(self.world.send(Some(OPERATOR), "PUT", "/v1/apps/our-app", ask).await.status < 300);
    }

    async fn link(&self, channel: &str, ask: &Value) -> Url {
        let made = self.world.post(&format!("{}/link", at(channel)), ask).await.ok(201);
        assert_eq!(made["expires_in"], 900);
        made["url"].as_str().unwrap().parse().unwrap()
    }

    /// A person follows the link, and the platform sends them back.
    async fn come_back(&self, link: &Url) -> Reply {
        self.back(&there_and_back(link).await).await
    }

    /// The address that a person is sent to, without a token.
    async fn back(&self, address: &Url) -> Reply {
        assert!(address.as_str().starts_with(REDIRECT), "{address}");
        self.world.send(None, "GET", &format!("/v1/oauth/callback?{}", address.query().unwrap()), String::new()).await
    }

    /// Connects the account on this fake by a link.
    async fn connect(&self, channel: &str, url: &str) -> Reply {
        self.put_app(channel).await;
        let link = self.link(channel, &wish(channel, url)).await;
        self.come_back(&link).await
    }

    async fn token(&self, channel: &str) -> Secret {
        let AccountName { tenant, channel, account } = name(channel);
        let account = self.world.vault.open(&tenant, &channel, &account).await.unwrap();
        account.secret("access_token").unwrap().clone()
    }

    async fn account(&self, channel: &str) -> Value {
        self.world.get(&at(channel)).await.ok(200)
    }

    /// Everything that the store holds, as text.
    async fn stored(&self) -> String {
        let mut all = String::new();
        for kind in RecordKind::ALL {
            for row in self.ledger.rows(kind).await.unwrap() {
                let sealed = String::from_utf8_lossy(row.sealed.as_deref().unwrap_or_default()).into_owned();
                all += &format!("{kind} {} {} {sealed}\n", row.name, row.open);
            }
        }
        all
    }
}

async fn there_and_back(link: &Url) -> Url {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = browser.get(link.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}

/// Changes what the person does on the platform.
async fn consent<P: Platform>(fake: &Fake<P>, consent: Value) {
    let call = reqwest::Client::new().post(format!("{}/_control/knobs", fake.url()));
    let body = json!({ "consent": consent }).to_string();
    assert!(call.body(body).send().await.unwrap().status().is_success());
}

/// Publishes as whoever the vault says that the account is.
async fn publish(scene: &Scene, channel: &str, url: String, form: &[(&str, &str)], is_json: bool) {
    let call = reqwest::Client::new().post(url).bearer_auth(scene.token(channel).await.reveal());
    let call = match is_json {
        true => {
            let body: serde_json::Map<_, _> =
                form.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            call.header("content-type", "application/json").body(json!(body).to_string())
        }
        false => {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            call.header("content-type", "application/x-www-form-urlencoded").body(body)
        }
    };
    let answer = call.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

#[track_caller]
fn says(reply: &Reply, status: u16, words: &[&str]) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
    assert!(reply.headers["content-security-policy"].starts_with("default-src 'none'"));
    assert_eq!(reply.headers["referrer-policy"], "no-referrer");
    assert_eq!(reply.headers["cache-control"], "no-store");
    for word in words {
        assert!(reply.text.contains(word), "\"{word}\" is not in {}", reply.text);
    }
    for word in ["oncepost ", "vault.keys", "docs/", "/v1/", "--"] {
        assert!(!reply.text.contains(word), "\"{word}\" is for operators: {}", reply.text);
    }
}

#[tokio::test]
async fn accounts_are_connected_by_following_a_link() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    says(&scene.connect("x", &x.url()).await, 200, &["acme/x/main is connected as main"]);
    publish(&scene, "x", format!("{}/2/tweets", x.url()), &[("text", "by x")], true).await;
    assert_eq!(x.count_of("by x"), 1);
    let account = scene.account("x").await;
    assert_eq!(
        (&account["health"]["state"], &account["token"]["can_renew"]),
        (&json!("ok"), &json!(true)),
        "{account}"
    );
    assert_eq!((&account["connected"]["by"], &account["app"]), (&json!("olga"), &json!("our-app")));
    assert!(account["token"]["ends"].is_string() && account["token"]["scopes"].as_array().unwrap().len() == 5);
    // Its tokens rotate.
    let renewed = scene.world.post("/v1/accounts/acme/x/main/refresh", &json!({})).await.ok(200);
    assert_eq!(renewed["account"]["token"]["renewed"], 1, "{renewed}");

    let mastodon = Fake::<Mastodon>::start().await;
    says(&scene.connect("mastodon", &mastodon.url()).await, 200, &["acme/mastodon/main is connected as main"]);
    let url = format!("{}/api/v1/statuses", mastodon.url());
    publish(&scene, "mastodon", url, &[("status", "by mastodon")], false).await;
    assert_eq!(mastodon.count_of("by mastodon"), 1);

    let tiktok = Fake::<TikTok>::start().await;
    says(&scene.connect("tiktok", &tiktok.url()).await, 200, &["acme/tiktok/main is connected"]);
    let account = scene.account("tiktok").await;
    assert_eq!(
        (&account["health"]["state"], &account["token"]["can_renew"]),
        (&json!("ok"), &json!(true)),
        "{account}"
    );
    assert!(account["token"]["refresh_ends"].is_string(), "{account}");
}

/// Of several pages one must be named; the page that was found stays the account's.
#[tokio::test]
async fn a_page_is_chosen_and_kept() {
    let scene = scene();
    let facebook = Fake::<Facebook>::start().await;
    facebook.platform().manage("main", "bakery");
    let several = scene.connect("facebook", &facebook.url()).await;
    says(&several, 422, &["Not connected", "settings.page_id", "(bakery)", "new link"]);
    scene.world.get(&at("facebook")).await.problem(404);
    let page = several.text.split(" (bakery)").next().unwrap().rsplit(' ').next().unwrap().to_owned();
    let mut ask = wish("facebook", &facebook.url());
    ask["settings"]["page_id"] = json!(page);
    let link = scene.link("facebook", &ask).await;
    says(&scene.come_back(&link).await, 200, &["acme/facebook/main is connected as bakery"]);
    publish(&scene, "facebook", format!("{}/v25.0/{page}/feed", facebook.url()), &[("message", "bread")], false).await;
    assert_eq!(facebook.count_of("bread"), 1);

    // A person with one page names none, and by the next link none has to be named either.
    let scene = self::scene();
    let facebook = Fake::<Facebook>::start().await;
    says(&scene.connect("facebook", &facebook.url()).await, 200, &["is connected as main"]);
    let found = scene.account("facebook").await["settings"]["page_id"].clone();
    facebook.platform().manage("main", "bakery");
    let link = scene.link("facebook", &json!({})).await;
    says(&scene.come_back(&link).await, 200, &["acme/facebook/main is connected again as main"]);
    assert_eq!(scene.account("facebook").await["settings"]["page_id"], found);
    // Whoever looks after another page alone is somebody else.
    consent(&facebook, json!({ "person": "stranger" })).await;
    let link = scene.link("facebook", &json!({})).await;
    says(&scene.come_back(&link).await, 422, &["Not connected", found.as_str().unwrap(), "(stranger)"]);
}

#[tokio::test]
async fn a_state_is_good_once_and_for_a_quarter_of_an_hour_and_cannot_be_guessed() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.put_app("x").await;
    let link = scene.link("x", &wish("x", &x.url())).await;
    let address = there_and_back(&link).await;
    for forged in ["state=guessed&code=c", "code=c", "state=&code=c", "", "state=guessed&error=access_denied"] {
        let forged = Url::parse(&format!("{REDIRECT}?{forged}")).unwrap();
        says(&scene.back(&forged).await, 410, &["Not connected", "not known here, or was used already", "a new link"]);
    }
    scene.world.get(&at("x")).await.problem(404);
    says(&scene.back(&address).await, 200, &["Connected"]);
    says(&scene.back(&address).await, 410, &["used already"]);

    let late = there_and_back(&scene.link("x", &json!({})).await).await;
    assert_eq!(scene.world.vault.sweep_links().await.unwrap(), 0);
    scene.clock.advance(Duration::from_secs(900));
    let before = x.calls().len();
    says(&scene.back(&late).await, 410, &["time is over"]);
    assert_eq!(x.calls().len(), before, "the code is not sent");
    says(&scene.back(&late).await, 410, &["used already"]);

    scene.link("x", &json!({})).await;
    scene.clock.advance(Duration::from_secs(900));
    assert_eq!(scene.world.vault.sweep_links().await.unwrap(), 1);
    assert_eq!(scene.ledger.rows(RecordKind::Link).await.unwrap(), []);
}

#[tokio::test]
async fn two_who_come_back_at_once_with_one_state_connect_once() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.put_app("x").await;
    let address = there_and_back(&scene.link("x", &wish("x", &x.url())).await).await;
    let (one, two) = futures::join!(scene.back(&address), scene.back(&address));
    let mut both = [one.status, two.status];
    both.sort_unstable();
    assert_eq!(both, [200, 410]);
}

#[tokio::test]
async fn whoever_says_no_is_told_so_and_nothing_that_the_platform_says_is_markup() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.put_app("x").await;
    consent(&x, json!({ "denies": true })).await;
    let link = scene.link("x", &wish("x", &x.url())).await;
    says(&scene.come_back(&link).await, 422, &["Not connected", "did not agree", "new link"]);
    scene.world.get(&at("x")).await.problem(404);

    let state = |link: &Url| link.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let link = scene.link("x", &wish("x", &x.url())).await;
    let words = "<script>alert('x')</script>\"&";
    let mut address = Url::parse(REDIRECT).unwrap();
    address.query_pairs_mut().extend_pairs([
        ("state", state(&link).as_str()),
        ("error", "server_error"),
        ("error_description", words),
    ]);
    let page = scene.back(&address).await;
    says(&page, 422, &["&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"]);
    assert!(!page.text.contains("<script"), "{}", page.text);

    // The same of what a platform says of the code, and of a name.
    consent(&x, json!({})).await;
    let refusal = json!({ "error": "invalid_grant", "error_description": words });
    x.cue(Cue::refuse(400, &refusal).on("POST", "/oauth2/token"));
    let link = scene.link("x", &wish("x", &x.url())).await;
    let page = scene.come_back(&link).await;
    says(&page, 422, &["begin again with a new link"]);
    assert!(!page.text.contains("<script"), "{}", page.text);
    let link = scene.link("x", &wish("x", &x.url())).await;
    consent(&x, json!({ "person": "<b>main" })).await;
    let page = scene.come_back(&link).await;
    assert!(!page.text.contains("<b>"), "{}", page.text);
}

#[tokio::test]
async fn t08_another_persons_account_does_not_take_the_place_of_the_one_before() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.connect("x", &x.url()).await;
    let token = scene.token("x").await;
    consent(&x, json!({ "person": "stranger" })).await;
    let link = scene.link("x", &json!({})).await;
    let page = scene.come_back(&link).await;
    says(&page, 409, &["acme/x/main was connected as main", "stranger", "log in to the platform as main"]);
    assert_eq!(scene.token("x").await, token, "what was stored stays");
    let link = scene.link("x", &json!({ "another": true })).await;
    says(&scene.come_back(&link).await, 200, &["is connected again as stranger"]);

    // Where the platform names people by a number, that counts: a new name is no new person.
    let tiktok = Fake::<TikTok>::start().await;
    scene.connect("tiktok", &tiktok.url()).await;
    consent(&tiktok, json!({ "person": "stranger" })).await;
    let link = scene.link("tiktok", &json!({})).await;
    says(&scene.come_back(&link).await, 409, &["acme/tiktok/main was connected as", "stranger"]);
}

#[tokio::test]
async fn t01_connecting_again_keeps_what_it_does_not_bring() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.connect("x", &x.url()).await;
    let more = json!({ "settings": { "settles_after": "60s" }, "rate": { "burst": 3, "per_ms": 60_000 } });
    assert_eq!(scene.world.send(Some(OPERATOR), "PUT", &at("x"), more.to_string()).await.status, 200);
    let before = scene.account("x").await;
    let answer = json!({ "access_token": X::token("main"), "refresh_token": " ", "token_type": "bearer" });
    let call = reqwest::Client::new().post(format!("{}/_control/cues", x.url()));
    let cue = json!({ "method": "POST", "path": "/oauth2/token", "end": { "say": { "status": 200, "body": answer.to_string() } } });
    assert!(call.body(cue.to_string()).send().await.unwrap().status().is_success());
    let link = scene.link("x", &json!({})).await;
    says(&scene.come_back(&link).await, 200, &["acme/x/main is connected again as main"]);
    let after = scene.account("x").await;
    for kept in ["app", "base_url", "settings", "rate", "secrets"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!((&after["token"]["can_renew"], &after["token"]["scopes"]), (&json!(true), &before["token"]["scopes"]));
    assert_eq!(after["token"]["refresh_ends"], before["token"]["refresh_ends"]);
}

#[tokio::test]
async fn t07_what_a_person_left_out_is_told_and_stays_known() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    consent(&x, json!({ "withholds": ["media.write"] })).await;
    let page = scene.connect("x", &x.url()).await;
    says(&page, 200, &["is connected", "permissions that were not given: media.write", "new link"]);
    let lacks = |account: &Value| {
        assert_eq!(account["health"]["state"], "lacks_permission", "{account}");
        assert_eq!(account["health"]["missing"], json!(["media.write"]));
    };
    lacks(&scene.account("x").await);
    for action in ["check", "refresh", "check"] {
        lacks(&scene.world.post(&format!("{}/{action}", at("x")), &json!({})).await.ok(200)["account"]);
    }
    consent(&x, json!({})).await;
    let link = scene.link("x", &json!({})).await;
    says(&scene.come_back(&link).await, 200, &["is connected again"]);
    assert_eq!(scene.account("x").await["health"]["state"], "ok");
}

#[tokio::test]
async fn t06_connecting_again_by_a_link_releases_what_was_held() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.connect("x", &x.url()).await;
    let mut targets = Vec::new();
    for key in ["one", "two"] {
        let message = json!({
            "version": 1, "idempotency_key": key, "tenant": "acme", "content": { "text": key },
            "publish_at": scene.world.runtime.now().to_string(),
            "targets": [{ "channel": "x", "account": "main" }],
        });
        targets.extend(scene.world.accepted(&message).await.1);
    }
    let attempt = scene.world.begin(&targets[0]).await;
    let failure = Failure {
        code: Code::TOKEN_REVOKED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        step: "create post".into(),
        said: PlatformWords::text("Unauthorized"),
    };
    scene.world.finish(&targets[0], attempt, Outcome::Failed(failure)).await;
    scene.world.apply(&targets[1], Command::Wake).await;
    assert_eq!(scene.world.state(&targets[1]).await, domain::State::Held);
    let link = scene.link("x", &json!({})).await;
    says(&scene.come_back(&link).await, 200, &["1 post that was held is released now"]);
    assert_eq!(scene.world.state(&targets[1]).await, domain::State::Scheduled);
}

#[tokio::test]
async fn what_is_missing_is_told_before_a_person_is_sent_off() {
    let (scene, hidden) = (scene(), scene_with([], None));
    let mastodon = Fake::<Mastodon>::start().await;
    let told = |channel: &'static str, ask: Value| {
        let scene = &scene;
        async move {
            let problem = scene.world.post(&format!("{}/link", at(channel)), &ask).await.problem(422);
            format!("{} {}", problem["detail"].as_str().unwrap(), problem["problems"])
        }
    };
    let mut ask = wish("mastodon", &mastodon.url());
    assert!(told("mastodon", ask.clone()).await.contains("there is no app our-app: put it in with `oncepost apps put"));
    let half = json!({ "secrets": { "client_secret": "x" } }).to_string();
    scene.world.send(Some(OPERATOR), "PUT", "/v1/apps/our-app", half).await.ok(201);
    assert!(told("mastodon", ask.clone()).await.contains("our-app holds no client_id"));
    let half = json!({ "secrets": { "client_id": "x" } }).to_string();
    scene.world.send(Some(OPERATOR), "PUT", "/v1/apps/half", half).await.ok(201);
    assert!(told("linkedin", json!({ "app": "half" })).await.contains("half holds no client_secret"));
    assert!(told("x", json!({})).await.contains("the account has no app: name one"));
    assert!(told("mastodon", json!({ "app": "our-app" })).await.contains("has no base_url"));
    assert!(told("telegram", json!({})).await.contains("not connected by a link: hand their secrets over (PUT"));
    assert!(told("google-business", json!({ "app": "our-app" })).await.contains("$.settings.location"));
    ask["settings"] = json!({ "visiblity": "x" });
    assert!(told("mastodon", ask.clone()).await.contains("is visibility meant?"));
    ask["base_url"] = json!("ftp://social.example");
    assert!(told("mastodon", ask).await.contains("must begin with https://"));
    assert!(told("x", json!({ "scope": "all" })).await.contains("unknown field `scope`"));
    let problem = hidden.world.post("/v1/accounts/acme/x/main/link", &json!({})).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("api.public_url is not set"), "{problem}");
    assert!(problem["remedy"].as_str().unwrap().contains("/v1/oauth/callback"), "{problem}");
    assert_eq!(scene.ledger.rows(RecordKind::Link).await.unwrap(), []);
}

#[tokio::test]
async fn a_tenants_links_are_for_its_own_accounts_and_not_for_servers_of_its_choice() {
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.put_app("x").await;
    let ask = |token: &'static str, ask: Value| {
        let world = &scene.world;
        async move { world.send(Some(token), "POST", "/v1/accounts/acme/x/main/link", ask.to_string()).await }
    };
    ask(OTHER, json!({ "app": "our-app" })).await.problem(403);
    assert_eq!(scene.world.send(None, "POST", "/v1/accounts/acme/x/main/link", String::new()).await.status, 401);
    ask(ACME, json!({ "app": "our-app", "base_url": "https://mine.example" })).await.problem(403);
    // The code and the app's secret go to the server for consent, too.
    let auth = json!({ "app": "our-app", "settings": { "auth_url": "https://mine.example" } });
    ask(ACME, auth.clone()).await.problem(403);
    let put = json!({ "app": "our-app", "settings": auth["settings"], "secrets": { "access_token": "t" } }).to_string();
    scene.world.send(Some(ACME), "PUT", &at("x"), put).await.problem(403);
    let made = ask(ACME, json!({ "app": "our-app" })).await.ok(201);
    assert!(made["url"].as_str().unwrap().starts_with("https://x.com/i/oauth2/authorize?"));

    // Nor where the server came between the look at what is asked for and the link: both are the tenant's.
    let mastodon = Fake::<Mastodon>::start().await;
    let put = json!({ "base_url": mastodon.url(), "secrets": { "access_token": Mastodon::token("main") } }).to_string();
    scene.world.send(Some(OPERATOR), "PUT", &at("mastodon"), put).await.ok(201);
    let late = LinkAsk {
        app: Some("our-app".parse().unwrap()),
        base_url: None,
        settings: Default::default(),
        another: false,
        by: "acme-app".into(),
        tenants_own: true,
        redirect: REDIRECT.parse().unwrap(),
        life: Duration::from_secs(900),
    };
    let refused = scene.world.vault.begin_link(&name("mastodon"), late.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("for operators to connect"), "{refused}");
    scene.world.vault.begin_link(&name("mastodon"), LinkAsk { tenants_own: false, ..late }).await.unwrap();

    // An address that is put in after the link was made does not get the app's secret either.
    let state = made["url"].as_str().unwrap().parse::<Url>().unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let put = json!({ "base_url": x.url(), "secrets": { "access_token": X::token("main") } }).to_string();
    scene.world.send(Some(OPERATOR), "PUT", &at("x"), put).await.ok(201);
    let before = x.calls().len();
    let address = Url::parse(&format!("{REDIRECT}?state={state}&code=c")).unwrap();
    says(&scene.back(&address).await, 409, &["acme/x/main was changed by somebody else"]);
    assert_eq!(x.calls().len(), before);
}

#[tokio::test]
async fn only_getting_the_address_of_return_needs_no_token() {
    let scene = scene();
    for (method, path) in [
        ("POST", "/v1/oauth/callback"),
        ("HEAD", "/v1/oauth/callback"),
        ("OPTIONS", "/v1/oauth/callback"),
        ("GET", "/v1/oauth/callback/"),
        ("GET", "/v1/oauth"),
        ("GET", "/v1/oauth/callback/../../accounts"),
        ("GET", "//v1/oauth/callback"),
    ] {
        assert_eq!(scene.world.send(None, method, path, String::new()).await.status, 401, "{method} {path}");
    }
    says(&scene.world.send(None, "GET", "/v1/oauth/callback", String::new()).await, 410, &["Not connected"]);
}

#[tokio::test]
async fn of_an_account_that_the_settings_list_only_the_tokens_are_connected() {
    let x = Fake::<X>::start().await;
    let mut listed = account("acme", "x");
    listed.app = None;
    listed.base_url = x.url().parse().unwrap();
    listed.settings = [("auth_url".to_owned(), x.url())].into();
    let secrets = [("access_token", "dead"), ("client_id", X::CLIENT_ID), ("client_secret", X::CLIENT_SECRET)];
    listed.secrets = secrets.map(|(name, value)| (name.to_owned(), SecretSource::Value(Secret::new(value)))).into();
    let scene = scene_with([listed], Some(PUBLIC));
    let problem = scene.world.post("/v1/accounts/acme/x/main/link", &json!({ "app": "a" })).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("tokens only"), "{problem}");
    let other = Fake::<X>::start().await;
    let mut bare = account("acme", "x");
    bare.app = None;
    bare.base_url = other.url().parse().unwrap();
    bare.secrets = [("access_token".to_owned(), SecretSource::Value(Secret::new("dead")))].into();
    let bare = scene_with([bare], Some(PUBLIC));
    let problem = bare.world.post("/v1/accounts/acme/x/main/link", &json!({ "app": "a" })).await.problem(422);
    let told = problem["problems"].to_string();
    assert!(told.contains("the settings list the account without its app") && !told.contains("name one"), "{told}");
    let link = scene.link("x", &json!({})).await;
    says(&scene.come_back(&link).await, 200, &["acme/x/main is connected again as main"]);
    assert_eq!(scene.account("x").await["source"], "settings");
    publish(&scene, "x", format!("{}/2/tweets", x.url()), &[("text", "listed")], true).await;
    assert_eq!(x.count_of("listed"), 1);
}

#[tokio::test]
async fn neither_state_code_verifier_nor_token_is_in_a_log_an_answer_or_the_store() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let scene = scene();
    let x = Fake::<X>::start().await;
    scene.put_app("x").await;
    let field = |url: &Url, name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let (mut secrets, mut told) = (vec![X::CLIENT_SECRET.to_owned()], String::new());
    let mut stored = String::new();
    for refused in [true, false] {
        let link = scene.link("x", &wish("x", &x.url())).await;
        let address = there_and_back(&link).await;
        let words = format!("no {} and {}", field(&address, "code"), field(&address, "state"));
        if refused {
            let refusal = json!({ "error": "invalid_grant", "error_description": words });
            x.cue(Cue::refuse(400, &refusal).on("POST", "/oauth2/token"));
        }
        stored += &scene.stored().await;
        for row in scene.ledger.rows(RecordKind::Link).await.unwrap() {
            let opened = scene.world.vault.keys.open(&format!("link/{}", row.name), &row.sealed.unwrap()).unwrap();
            let opened: Value = serde_json::from_slice(&opened).unwrap();
            secrets.push(opened["secrets"]["code_verifier"].as_str().unwrap().to_owned());
        }
        secrets.extend([field(&address, "state"), field(&address, "code")]);
        for _ in 0..2 {
            told += &scene.back(&address).await.text;
        }
        stored += &scene.stored().await;
    }
    assert_eq!(secrets.len(), 7, "each link has a verifier");
    secrets.push(scene.token("x").await.reveal().to_owned());
    told += &scene.account("x").await.to_string();
    told += &scene.world.get("/v1/accounts").await.text;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: String = log.lines().filter(|line| line.contains("oncepost")).collect();
    assert!(
        told.contains("is connected") && ours.contains("a link was made") && ours.contains("not connected by its link")
    );
    assert!(stored.contains("link ") && stored.contains("account acme/x/main"));
    for secret in &secrets {
        assert!(!told.contains(secret), "{secret} is in an answer: {told}");
        assert!(!ours.contains(secret), "{secret} is in the log: {ours}");
        assert!(!stored.contains(secret), "{secret} is in the store: {stored}");
    }
}
