//! The change of the key that seals credentials, as docs/credentials.md tells it.

use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use channels::{Http, HttpOptions, ListedAccounts, Registry, Secret};
use domain::{AccountId, ChannelName, Policy, TenantId};
use harness::{
    config::{Pace, Stores},
    stack::{Role, Stack},
};
use ledger::Sqlite;
use runtime::Runtime;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Fake, Webhook};
use vault::{AccountName, Connect, Defaults, Keys, Parts, Vault, VaultOptions};

use crate::{oncepost, variables};

/// An oncepost over a file, whose account was connected by a person.
struct Site {
    folder: TempDir,
    stack: Stack,
    platform: Fake<Webhook>,
}

impl Site {
    async fn new(keys: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let stack = Stack::over(folder.path(), &Stores::embedded(folder.path()), &[], Pace::Brisk).await.unwrap();
        let platform = Fake::<Webhook>::start().await;
        connect(&Stores::file(folder.path()), keys, &format!("{}/main", platform.url())).await;
        let site = Self { folder, stack, platform };
        site.has(keys);
        site
    }

    /// The keys that the settings name from now on: one in a file, as in production.
    fn has(&self, keys: &[(&str, &str)]) {
        let mut settings: Value = serde_json::from_slice(&std::fs::read(&self.stack.config).unwrap()).unwrap();
        let key = |(id, key): &(&str, &str)| {
            let file = self.folder.path().join(format!("key-{id}"));
            std::fs::write(&file, key).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            json!({"id": id, "secret": {"file": file}})
        };
        settings["vault"] = json!({"keys": keys.iter().map(key).collect::<Vec<_>>()});
        std::fs::write(&self.stack.config, settings.to_string()).unwrap();
    }

    async fn start(&mut self) {
        self.stack.start(Role::Dev).unwrap();
        self.stack.api.wait_ready(Duration::from_secs(30)).await.unwrap();
    }

    async fn stop(&mut self) {
        self.stack.take(Role::Dev).unwrap().process.stop(Duration::from_secs(30)).await.unwrap();
    }

    async fn post(&self, text: &str) {
        let post = json!({
            "version": 1, "idempotency_key": text, "tenant": "acme", "content": { "text": text },
            "publish_at": jiff::Timestamp::now().to_string(),
            "targets": [{ "channel": "webhook", "account": "main" }],
        });
        let (status, answer) = self.stack.api.post("/v1/posts", &post).await.unwrap();
        assert_eq!(status, 202, "{answer}");
    }

    /// It is up, publishes, and is down again.
    async fn publishes(&mut self, text: &str) {
        self.start().await;
        self.post(text).await;
        self.platform.until(|stage| stage.count_of(text) == 1).await;
        self.stop().await;
    }

    /// What a command says that must end with `code`.
    async fn says(&self, code: i32, arguments: &[&str]) -> String {
        let config = self.stack.config.to_string_lossy().into_owned();
        let ran = oncepost(&[arguments, &["--config", &config]].concat(), &variables(&[])).await;
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.said());
        ran.said()
    }
}

async fn connect(file: &Path, keys: &[(&str, &str)], url: &str) {
    let runtime = Runtime::system();
    let store = Sqlite::open(file, &runtime, Policy::default()).await.unwrap();
    let http = Http::new(HttpOptions::default(), runtime.clone()).unwrap();
    let vault = Vault::new(Parts {
        store: Arc::new(store),
        channels: Arc::new(Registry::all(http)),
        keys: Keys::read(keys.iter().copied()).unwrap(),
        listed: ListedAccounts::new([]),
        defaults: Defaults::default(),
        options: VaultOptions::default(),
        runtime,
    });
    let name = AccountName {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new("webhook").unwrap(),
        account: AccountId::new("main").unwrap(),
    };
    let secrets = [("signing_secret".to_owned(), Secret::new(Webhook::SECRET))].into();
    let ask = Connect { base_url: Some(url.parse().unwrap()), secrets, ..Connect::default() };
    assert!(vault.connect(&name, ask, "a person").await.unwrap(), "it is new");
}

async fn key() -> String {
    let ran = oncepost(&["vault", "key"], &variables(&[])).await;
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    ran.out.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_changed_without_losing_an_account_and_one_that_is_missing_is_named() {
    let (old, new) = (key().await, key().await);
    let (old, new) = (("in-2025", old.as_str()), ("in-2026", new.as_str()));
    let mut site = Site::new(&[old]).await;
    site.publishes("with the old key").await;
    site.has(&[new, old]);
    site.publishes("with both, before the change").await;
    let rotated = site.says(0, &["vault", "rotate"]).await;
    assert!(rotated.contains("1 records sealed anew, 0 were already"), "{rotated}");
    let again = site.says(0, &["vault", "rotate"]).await;
    assert!(again.contains("0 records sealed anew, 1 were already"), "{again}");

    site.has(&[new]);
    site.publishes("with the new one alone").await;
    let doctor = site.says(0, &["doctor"]).await;
    assert!(doctor.contains("1 sealed records, all of them open"), "{doctor}");

    site.has(&[old]);
    let doctor = site.says(1, &["doctor"]).await;
    assert!(doctor.contains("acme/webhook/main") && doctor.contains("\"in-2026\""), "{doctor}");
    assert!(doctor.contains("put the keys that vault.keys named before back"), "{doctor}");
    site.start().await;
    site.post("with the old one alone").await;
    let began = std::time::Instant::now();
    let told = loop {
        let shown =
            site.stack.api.get("/v1/posts/by-key/acme/with%20the%20old%20one%20alone?attempts=true").await.unwrap();
        let target = &shown["targets"][0];
        assert!(
            matches!(target["state"].as_str(), Some("scheduled" | "queued" | "publishing" | "retrying")),
            "{shown}"
        );
        if target["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty()) {
            break shown.to_string();
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{shown}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(told.contains("OP-2105") && told.contains("in-2026"), "{told}");
    assert_eq!(site.platform.posts().len(), 3, "what cannot be opened is not guessed");
    site.stop().await;
    // The key is put back, and the post goes out by itself: when the ledger wakes what the process that ended had on its way.
    site.has(&[new]);
    site.start().await;
    let began = std::time::Instant::now();
    while site.platform.count_of("with the old one alone") == 0 {
        let counts = site.stack.api.counts().await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(120), "{counts:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    site.stop().await;
    for (_, key) in [old, new] {
        assert!(!told.contains(key) && !doctor.contains(key));
    }
}
