//! An app that is for some channels alone.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{sync::Arc, time::Duration};

use channels::{Http, HttpOptions, ListedAccounts, Registry, Secret, SecretSource};
use domain::{AppId, Policy};
use ledger::MemoryLedger;
use oncepost_vault::{AppDefaults, Connect, Defaults, Keys, LinkAsk, Parts, Vault, VaultError, VaultOptions};
use runtime::Runtime;

fn app() -> Option<AppId> {
    Some(AppId::new("our-x").unwrap())
}

/// A vault whose app is for accounts on X.
fn vault() -> Vault {
    let runtime = Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap());
    let secrets = ["client_id", "client_secret"].map(|name| (name.into(), SecretSource::Value(Secret::new("x"))));
    let set =
        AppDefaults { channels: ["x".parse().unwrap()].into(), secrets: secrets.into(), ..AppDefaults::default() };
    Vault::new(Parts {
        store: Arc::new(MemoryLedger::new(runtime.clock(), Policy::default())),
        channels: Arc::new(Registry::all(Http::new(HttpOptions::default(), runtime.clone()).unwrap())),
        keys: Keys::read([("test", Keys::make(&runtime).as_str())]).unwrap(),
        listed: ListedAccounts::default(),
        defaults: Defaults { apps: app().map(|app| (app, set)).into_iter().collect(), ..Defaults::default() },
        options: VaultOptions::default(),
        runtime,
    })
}

fn link() -> LinkAsk {
    LinkAsk {
        app: app(),
        base_url: None,
        settings: Default::default(),
        another: false,
        by: "ann".into(),
        tenants_own: false,
        redirect: "https://posts.example/v1/oauth/callback".parse().unwrap(),
        life: Duration::from_secs(600),
    }
}

fn why(refused: VaultError) -> String {
    let VaultError::Refused(why) = refused else { panic!("{refused:?}") };
    why.join("; ")
}

#[tokio::test(start_paused = true)]
async fn an_account_on_another_channel_is_not_connected_with_it() {
    let vault = vault();
    let ask = Connect {
        app: app(),
        secrets: [("access_token".to_owned(), Secret::new("a-token"))].into(),
        ..Connect::default()
    };
    let refused = vault.connect(&"acme/linkedin/main".parse().unwrap(), ask, "ann").await.unwrap_err();
    assert!(why(refused).contains("our-x is not for linkedin"));
    let refused = vault.begin_link(&"acme/linkedin/main".parse().unwrap(), link()).await.unwrap_err();
    assert!(why(refused).contains("our-x is not for linkedin"));
    vault.begin_link(&"acme/x/main".parse().unwrap(), link()).await.unwrap();
}
