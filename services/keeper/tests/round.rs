//! What a round does beside looking after accounts.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use channels::{Http, HttpOptions, ListedAccounts, Registry, Secret, SecretSource};
use domain::{AppId, Policy};
use guard::MemoryGuard;
use ledger::{CredentialStore, MemoryLedger, RecordKind};
use oncepost_keeper::{Keeper, KeeperOptions};
use runtime::Runtime;
use vault::{AppDefaults, Defaults, Keys, LinkAsk, Parts, Vault, VaultOptions};

const MINUTE: Duration = Duration::from_secs(60);

/// A vault whose app is registered with X.
fn vault(runtime: &Runtime, store: Arc<MemoryLedger>) -> Vault {
    let http = Http::new(HttpOptions::default(), runtime.clone()).unwrap();
    let secrets = ["client_id", "client_secret"].map(|name| (name.into(), SecretSource::Value(Secret::new("x"))));
    let app = AppDefaults { secrets: secrets.into(), ..AppDefaults::default() };
    Vault::new(Parts {
        runtime: runtime.clone(),
        store,
        channels: Arc::new(Registry::all(http)),
        keys: Keys::read([("test", Keys::make(runtime).as_str())]).unwrap(),
        listed: ListedAccounts::default(),
        defaults: Defaults { apps: [(AppId::new("ours").unwrap(), app)].into(), ..Defaults::default() },
        options: VaultOptions::default(),
    })
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_for_links_is_deleted_once_their_time_is_over() {
    let runtime = Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap());
    let ledger = Arc::new(MemoryLedger::new(runtime.clock(), Policy::default()));
    let vault = vault(&runtime, ledger.clone());
    for minutes in [15, 25] {
        let ask = LinkAsk {
            app: Some(AppId::new("ours").unwrap()),
            base_url: None,
            settings: BTreeMap::new(),
            another: false,
            by: "ann".into(),
            tenants_own: false,
            redirect: "https://posts.example/v1/oauth/callback".parse().unwrap(),
            life: minutes * MINUTE,
        };
        vault.begin_link(&"acme/x/main".parse().unwrap(), ask).await.unwrap();
    }
    let guard = Arc::new(MemoryGuard::new(runtime.clone()));
    let keeper = Keeper::new(runtime.clone(), ledger.clone(), guard, vault, KeeperOptions::default());
    let story = async {
        for (minutes, left) in [(14, 2), (6, 1), (10, 0)] {
            runtime.sleep(minutes * MINUTE).await;
            assert_eq!(ledger.rows(RecordKind::Link).await.unwrap().len(), left);
        }
        runtime.stop().cancel();
    };
    tokio::join!(keeper.run(), story);
}
