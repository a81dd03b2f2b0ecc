//! What is planted, and what happens to it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::DefaultBodyLimit};
use base64::{Engine, prelude::BASE64_STANDARD};
use channels::{Http, HttpOptions, ListedAccounts, Registry};
use domain::{AccountId, AppId, ChannelName, TenantId};
use harness::{
    config::{Account, TOKEN},
    stack::Stack,
};
use jiff::Timestamp;
use ledger::CredentialStore;
use runtime::Runtime;
use serde_json::{Value, json};
use testkit::{Answer, Cue, End, Fake, Mastodon, Telegram, Webhook, X, fake::Platform};
use url::form_urlencoded::byte_serialize;
use vault::{AccountName, AppDefaults, Defaults, Keys, Parts, Vault, VaultOptions};

/// An account's name that is planted openly.
pub const OPEN: &str = "k9openly";
/// The account that a person connects by a link.
pub const LINKED: &str = "k9linked";
/// The account whose tokens cannot be renewed.
pub const DEAD: &str = "k9dead";
const KEY: &str = "the-key";
/// Secrets in requests that are refused.
pub const MISTYPED: [&str; 3] = ["k9-of-another-kind", "k9-under-another-name", "k9-at-another-place"];
const CHANNELS: [&str; 4] = ["mastodon", "telegram", "webhook", "x"];

/// Platforms that say back what they were sent, and the accounts on them.
pub struct Planted {
    pub x: Fake<X>,
    pub telegram: Fake<Telegram>,
    pub mastodon: Fake<Mastodon>,
    pub webhook: Fake<Webhook>,
    pub vault_key: String,
    /// Names of secrets, and the secrets.
    pub canaries: BTreeMap<String, String>,
    spans: Arc<Mutex<Vec<u8>>>,
    collector: String,
}

impl Planted {
    pub async fn new() -> Self {
        let spans = Arc::<Mutex<Vec<u8>>>::default();
        let planted = Self {
            x: Fake::start().await,
            telegram: Fake::start().await,
            mastodon: Fake::start().await,
            webhook: Fake::start().await,
            vault_key: Keys::make(&Runtime::system()),
            canaries: BTreeMap::new(),
            collector: collect(spans.clone()).await,
            spans,
        };
        planted.script();
        let canaries = [
            ("webhook, from a file", Webhook::SECRET.to_owned()),
            ("telegram, from the settings", Telegram::token("main")),
            ("mastodon, from a variable", Mastodon::token("k9mastodon")),
            ("x, from the settings", X::token("k9listed")),
            ("x, from the settings with what renews it", X::token("k9both")),
            ("x, from the settings, refresh", X::refresh_token("k9both")),
            ("x, connected", X::token(OPEN)),
            ("x, connected, refresh", X::refresh_token(OPEN)),
            ("x, connected and dead", X::token(DEAD)),
            ("x, connected and dead, refresh", X::refresh_token(DEAD)),
            ("the app", X::CLIENT_SECRET.to_owned()),
            ("a key of the vault", planted.vault_key.clone()),
            ("a token of the API", TOKEN.to_owned()),
        ];
        let mistyped = MISTYPED.map(|secret| (format!("mistyped, {secret}"), secret.to_owned()));
        let canaries = canaries.map(|(name, secret)| (name.to_owned(), secret)).into_iter().chain(mistyped).collect();
        Self { canaries, ..planted }
    }

    /// What goes wrong: each platform refuses some posts, and says the caller's credentials back in all kinds of places.
    fn script(&self) {
        let (token, refresh) = (X::token("k9listed"), X::refresh_token(DEAD));
        let refused = |detail: &str| {
            let kind = "https://api.twitter.com/2/problems/invalid-request";
            Cue::refuse(400, &json!({"title": "Invalid Request", "type": kind, "detail": detail, "status": 400}))
                .saying("refused")
        };
        self.x.cue(refused(&echo(&token)).of("k9listed"));
        self.x.cue(refused("no").of(OPEN));
        self.x.cue(Cue::new(End::Outage).of(OPEN).saying("retried"));
        self.x.cue(Cue::new(End::CutAfter).of("k9listed").saying("doubt"));
        let timeline = Cue::refuse(500, &json!({"title": echo(&token), "detail": echo(&token)})).on("GET", "/2/users/");
        self.x.cue(timeline.of("k9listed").always());
        let pair = BASE64_STANDARD.encode(format!("{}:{}", X::CLIENT_ID, X::CLIENT_SECRET));
        let said = format!("{} {} Basic {pair}", echo(&refresh), echo(X::CLIENT_SECRET));
        let dead = json!({"error": "invalid_grant", "error_description": said, "hint": X::CLIENT_SECRET});
        self.x.cue(Cue::refuse(400, &dead).on("POST", "/oauth2/token").of(DEAD).always());
        Platform::expire(self.x.platform(), DEAD);

        let token = Telegram::token("main");
        let said = json!({"ok": false, "error_code": 400, "description": format!("Bad Request: {}", echo(&token))});
        self.telegram.cue(Cue::refuse(400, &said).saying("refused"));
        self.telegram.cue(Cue::new(End::CutBefore).saying("doubt"));

        let token = Mastodon::token("k9mastodon");
        self.mastodon.cue(Cue::refuse(422, &json!({"error": echo(&token)})).saying("refused"));
        let page = format!("<html><title>{token}</title><body>{}</body></html>", echo(&token));
        self.mastodon.cue(Cue::new(End::Refuse(Answer::text(503, "text/html", page))).saying("retried"));

        let page = format!("wrong signature for {} of {}", Webhook::SECRET, echo(Webhook::SECRET));
        self.webhook.cue(Cue::new(End::Refuse(Answer::text(400, "text/plain", page.clone()))).saying("refused"));
        self.webhook.cue(Cue::new(End::Refuse(Answer::text(503, "text/plain", page))).saying("retried"));
    }

    /// The accounts that the settings list, as far as the harness writes them.
    pub fn listed(&self) -> Vec<Account> {
        let account =
            |channel, id: &str, base_url, secrets: &[(&'static str, String)], settings: &[(&'static str, String)]| {
                Account {
                    tenant: "acme",
                    channel,
                    id: id.into(),
                    base_url,
                    secrets: secrets.to_vec(),
                    settings: settings.to_vec(),
                    rate: None,
                }
            };
        let lasting = [("access_token", X::token("k9listed"))];
        let renewing = [("access_token", X::token("k9both")), ("refresh_token", X::refresh_token("k9both"))];
        let (auth, chat) = ([("auth_url", self.x.url())], [("chat_id", Telegram::chat("main").to_string())]);
        vec![
            account("x", "listed", self.x.url(), &lasting, &auth),
            account("x", "both", self.x.url(), &renewing, &auth),
            account("telegram", "main", self.telegram.url(), &[("bot_token", Telegram::token("main"))], &chat),
            account("mastodon", "main", self.mastodon.url(), &[], &[]),
            account("webhook", "main", format!("{}/main", self.webhook.url()), &[], &[]),
        ]
    }

    /// Completes the settings that the harness wrote: keys, apps, secrets from elsewhere, the address by which people come back, every log
    /// line and every span.
    pub fn complete(&self, stack: &Stack) {
        let config = &stack.config;
        let mut settings: Value = serde_json::from_slice(&std::fs::read(config).unwrap()).unwrap();
        let file = config.with_file_name("webhook-secret");
        std::fs::write(&file, Webhook::SECRET).unwrap();
        for account in settings["accounts"].as_array_mut().unwrap() {
            match account["channel"].as_str().unwrap() {
                "webhook" => account["secrets"] = json!({"signing_secret": {"file": file}}),
                "mastodon" => account["secrets"] = json!({"access_token": {"env": "K9_MASTODON"}}),
                "x" if account["id"] == "both" => account["app"] = json!("ours"),
                _ => {}
            }
        }
        settings["api"]["public_url"] = json!(stack.api.address());
        settings["vault"] = json!({"keys": [{"id": KEY, "secret": {"value": self.vault_key}}]});
        let client = json!({"client_id": {"value": X::CLIENT_ID}, "client_secret": {"value": X::CLIENT_SECRET}});
        settings["apps"] = json!({"ours": {"secrets": client}});
        let libraries = ["h2", "hyper", "hyper_util", "lapin", "redis", "reqwest", "rustls", "sqlx", "tower"];
        let log: Vec<_> = libraries.iter().map(|library| format!("{library}=trace")).collect();
        settings["telemetry"] = json!({
            "log": format!("trace,{}", log.join(",")), "format": "json", "otlp_endpoint": self.collector, "sample_ratio": 1.0,
        });
        std::fs::write(config, serde_json::to_vec_pretty(&settings).unwrap()).unwrap();
    }

    /// The variables that the settings name.
    pub fn variables() -> Vec<(&'static str, String)> {
        vec![("K9_MASTODON", Mastodon::token("k9mastodon"))]
    }

    /// A person's vault over the same records.
    pub fn vault(&self, store: Arc<dyn CredentialStore>) -> Vault {
        let runtime = Runtime::system();
        let http = Http::new(HttpOptions::default(), runtime.clone()).unwrap();
        Vault::new(Parts {
            store,
            channels: Arc::new(Registry::all(http)),
            keys: Keys::read([(KEY, self.vault_key.as_str())]).unwrap(),
            listed: ListedAccounts::new([]),
            // The settings of the processes hold its secrets.
            defaults: Defaults {
                apps: [(AppId::new("ours").unwrap(), AppDefaults::default())].into(),
                ..Defaults::default()
            },
            options: VaultOptions::default(),
            runtime,
        })
    }

    /// What was given to an account since it was connected, or by its link, is a secret as well.
    pub async fn given(&mut self, vault: &Vault) {
        for id in [OPEN, LINKED] {
            let name = name(id);
            let account = channels::Accounts::open(vault, &name.tenant, &name.channel, &name.account).await.unwrap();
            for secret in ["access_token", "refresh_token"] {
                let new = account.secrets[secret].reveal().to_owned();
                assert!(!self.canaries.values().any(|known| *known == new), "{id}: {secret} was given");
                self.canaries.insert(format!("x, given to {id}, {secret}"), new);
            }
        }
    }

    /// The posts, one for each thing that can happen.
    pub fn posts() -> Vec<Value> {
        let plans = [
            ("x", "listed", "fine"),
            ("x", OPEN, "fine"),
            ("x", OPEN, "refused"),
            ("x", OPEN, "retried"),
            ("x", "listed", "refused"),
            ("x", "listed", "doubt"),
            ("x", DEAD, "fine"),
            ("x", LINKED, "fine"),
            ("x", "both", "fine"),
            ("telegram", "main", "fine"),
            ("telegram", "main", "refused"),
            ("telegram", "main", "doubt"),
            ("mastodon", "main", "fine"),
            ("mastodon", "main", "refused"),
            ("mastodon", "main", "retried"),
            ("webhook", "main", "fine"),
            ("webhook", "main", "refused"),
            ("webhook", "main", "retried"),
        ];
        let post = |(n, (channel, account, text)): (usize, (&str, &str, &str))| {
            json!({
                "version": 1,
                "idempotency_key": format!("post-{n}"),
                "tenant": "acme",
                "content": { "text": format!("{text} {n}") },
                "publish_at": (Timestamp::now() - std::time::Duration::from_secs(1)).to_string(),
                "targets": [{ "channel": channel, "account": account }],
            })
        };
        plans.into_iter().enumerate().map(post).collect()
    }

    /// The channels that are used.
    pub fn channels() -> &'static [&'static str] {
        &CHANNELS
    }

    /// Every span that was sent.
    pub fn spans(&self) -> Vec<u8> {
        self.spans.lock().unwrap().clone()
    }
}

/// A secret, as a platform may say it back.
pub fn echo(secret: &str) -> String {
    let written: String = byte_serialize(secret.as_bytes()).collect();
    let coded = BASE64_STANDARD.encode(secret);
    format!("what is {secret}? You sent Authorization: Bearer {secret} (access_token={written}), {coded}")
}

fn name(id: &str) -> AccountName {
    AccountName {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new("x").unwrap(),
        account: AccountId::new(id).unwrap(),
    }
}

/// A collector of spans: it keeps what it is sent, as it is.
async fn collect(into: Arc<Mutex<Vec<u8>>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let keep = move |body: Bytes| {
        let into = into.clone();
        async move { into.lock().unwrap().extend_from_slice(&body) }
    };
    let router = Router::new().fallback(keep).layer(DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}
