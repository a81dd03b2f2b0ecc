//! As on a small machine: one process on a SQLite file; and what a panic would say.

use std::{sync::Arc, time::Duration};

use domain::Policy;
use harness::{
    config::{Pace, Stores},
    stack::{Role, Stack},
};
use ledger::Sqlite;
use runtime::Runtime;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    planted::{OPEN, Planted},
    real,
    search::Places,
};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_file_of_one_process_or_in_what_it_says() {
    let folder = TempDir::new().unwrap();
    let mut planted = Planted::new().await;
    let stores = Stores::embedded(folder.path());
    let mut stack = Stack::over(folder.path(), &stores, &planted.listed(), Pace::Brisk).await.unwrap();
    planted.complete(&stack);
    stack.extra = Planted::variables();

    stack.start(Role::Dev).unwrap();
    stack.api.wait_ready(Duration::from_secs(30)).await.unwrap();
    let mut places = Places::default();
    planted.connect(&stack, &mut places).await;
    let posts = Planted::posts();
    let (status, answer) = stack.api.post("/v1/posts:batch", &json!(posts)).await.unwrap();
    assert_eq!(status, 202, "{answer}");
    real::rest(&stack, posts.len() as u64).await;
    let target = real::target(&stack).await;
    real::answers(&stack, &mut places).await;
    real::metrics(&stack, &mut places).await;
    // The file belongs to one process at a time.
    stack.stop().await.unwrap();
    let store =
        Arc::new(Sqlite::open(Stores::file(folder.path()), &Runtime::system(), Policy::default()).await.unwrap());
    let vault = planted.vault(store);
    planted.given(&vault).await;
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("oncepost.db") && entry.path().is_file() {
            places.add("file", std::fs::read(entry.path()).unwrap());
        }
    }
    real::logs(folder.path(), &mut places);
    places.add("spans", planted.spans());
    places.add("panics", panics(&vault).await);
    real::judge(&planted, &places, &target, 6);
}

/// What a panic would say that shows what holds secrets.
async fn panics(vault: &vault::Vault) -> String {
    let views = vault.views().await.unwrap();
    let view = views.iter().find(|view| view.name.account.as_str() == OPEN).unwrap().clone();
    let name = &view.name;
    let account = channels::Accounts::open(vault, &name.tenant, &name.channel, &name.account).await.unwrap();
    let keys = vault.keys.clone();
    let caught = std::panic::catch_unwind(move || panic!("{account:?} {view:?} {keys:?}")).unwrap_err();
    caught.downcast_ref::<String>().unwrap().clone()
}
