//! Tokens as docs/access.md tells of them: made, hashed, put into the settings, used. And the description, which needs no server.

use std::time::Duration;

use harness::{
    config::{Pace, Stores},
    process::run,
    stack::{Role, Stack},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{CANARY, oncepost, variables};

/// A new token, and its hash.
async fn made() -> (String, String) {
    let ran = oncepost(&["token", "new"], &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let hash = ran.err.trim().strip_prefix("for the settings: ").unwrap().to_owned();
    (ran.out.trim().to_owned(), hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_hashed_the_same_again_and_one_that_could_be_guessed_is_not() {
    let (token, hash) = made().await;
    let limit = Duration::from_secs(60);
    let again = run(&["token", "hash"], &[], &format!("{token}\n"), limit).await.unwrap();
    assert_eq!((again.code, again.out.trim()), (Some(0), hash.as_str()));
    let short = run(&["token", "hash"], &[], CANARY, limit).await.unwrap();
    assert_eq!((short.code, short.out.as_str()), (Some(1), ""));
    assert!(short.err.contains("oncepost token new") && !short.err.contains(CANARY), "{}", short.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_hash_in_the_settings_a_token_does_what_its_role_may() {
    let folder = TempDir::new().unwrap();
    let mut stack = Stack::over(folder.path(), &Stores::embedded(folder.path()), &[], Pace::Brisk).await.unwrap();
    let ((viewer, viewers), (operator, operators)) = (made().await, made().await);
    let mut settings: Value = serde_json::from_slice(&std::fs::read(&stack.config).unwrap()).unwrap();
    let listed = |name: &str, hash: &str| json!({ "name": name, "role": name, "secret": { "value": hash } });
    // Beside the one that the stack itself asks with.
    let tokens = settings["api"]["tokens"].as_array_mut().unwrap();
    tokens.extend([listed("viewer", &viewers), listed("operator", &operators)]);
    let api = stack.api.address().to_owned();
    std::fs::write(&stack.config, settings.to_string()).unwrap();
    stack.start(Role::Dev).unwrap();
    stack.api.wait_ready(Duration::from_secs(30)).await.unwrap();
    let ask = async |token: &str, arguments: &[&str]| {
        oncepost(arguments, &variables(&[("ONCEPOST_API", &api), ("ONCEPOST_TOKEN", token)])).await
    };
    let pause = ["pause", "all", "--reason", "a drill"];
    assert_eq!(ask(&viewer, &["posts"]).await.code, Some(0));
    let refused = ask(&viewer, &pause).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("takes the role operator, and viewer has the role viewer"), "{}", refused.err);
    assert_eq!(ask(&operator, &pause).await.code, Some(0));
    let hash = ask(&viewers, &["posts"]).await;
    assert!(hash.code == Some(1) && hash.err.contains("the hash of a token"), "{}", hash.err);
    assert_eq!(ask("", &["posts"]).await.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_printed_without_settings_or_server() {
    let ran = oncepost(&["openapi"], &variables(&[("ONCEPOST_CONFIG", "/no/such/file.toml")])).await;
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &document["openapi"]), (Some(0), &json!("3.1.0")));
    assert_eq!(document["paths"]["/v1/posts"]["post"]["x-oncepost-role"], "operator");
}
