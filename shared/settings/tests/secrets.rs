//! Where secrets and addresses come from, and who opens which.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use oncepost_settings::{NeededAccounts, Needs, Problem, Settings};
use tempfile::TempDir;

/// A settings file that names secrets of every kind, in a folder where none of them is.
const NAMES_ALL: &str = r#"
ledger.url = "postgres://me:geheim@db/oncepost"
vault.keys = [{ id = "2026", secret = { file = "/nowhere/vault" } }]
alerts.slack_url = { env = "SLACK_NOT_SET" }
apps.ours.secrets = { client_secret = { env = "APP_NOT_SET" } }
apps.our-x = { channels = ["x"], secrets = { client_secret = { env = "X_APP_NOT_SET" } } }

[api]
listen = "0.0.0.0:8380"
token_file = "/nowhere/tokens"
public_url = "https://posts.example"

[api.oidc]
issuer = "https://login.example"
client_id = "oncepost"
client_secret = { file = "/nowhere/oidc" }
rules = [{ claim = "groups", value = "ops", role = "admin" }]

[[accounts]]
tenant = "acme"
channel = "mastodon"
id = "main"
secrets = { access_token = { file = "/nowhere/mastodon" } }

[[accounts]]
tenant = "acme"
channel = "x"
id = "main"
secrets = { access_token = { env = "X_NOT_SET" } }
"#;

fn load(needs: &Needs) -> Result<Settings, Vec<Problem>> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("oncepost.toml");
    fs::write(&file, NAMES_ALL).unwrap();
    Settings::load_for(Some(&file), [], needs)
}

/// What is missed by a process with these needs.
fn missed(needs: &Needs) -> Vec<String> {
    load(needs).err().unwrap_or_default().into_iter().map(|problem| problem.path).collect()
}

#[test]
fn a_process_misses_only_the_secrets_that_it_needs() {
    assert_eq!(missed(&Needs::none()), [""; 0]);
    let worker = |channel: &str| {
        let accounts = NeededAccounts::On(vec![channel.into()]);
        Needs { accounts, apps: true, vault: true, ..Needs::none() }
    };
    let (app, key) = ("apps.ours.secrets.client_secret", "vault.keys[0].secret");
    let app_of_x = "apps.our-x.secrets.client_secret";
    assert_eq!(missed(&worker("mastodon")), ["accounts[0].secrets.access_token", app, key]);
    assert_eq!(missed(&worker("x")), ["accounts[1].secrets.access_token", app_of_x, app, key]);
    assert_eq!(missed(&Needs { alerts: true, ..Needs::none() }), ["alerts.slack_url"]);
    assert_eq!(missed(&Needs { api: true, ..Needs::none() }), ["api.oidc.client_secret", "api.token_file"]);
    assert_eq!(missed(&Needs::all()).len(), 8, "{:?}", missed(&Needs::all()));
}

#[test]
fn an_account_does_not_use_an_app_of_another_channel() {
    let env = [
        ("ONCEPOST__APPS", r#"{"our-x":{"channels":["x","threads"]},"ours":{}}"#),
        (
            "ONCEPOST__ACCOUNTS",
            r#"[{"tenant":"acme","channel":"x","id":"a","app":"our-x"},{"tenant":"acme","channel":"mastodon","id":"b","app":"our-x"},
                {"tenant":"acme","channel":"mastodon","id":"c","app":"ours"},{"tenant":"acme","channel":"mastodon","id":"d","app":"not-listed"}]"#,
        ),
    ];
    let problems =
        Settings::load(None, env.map(|(name, value)| (name.to_owned(), value.to_owned()))).expect_err("refused");
    let told: Vec<_> = problems.iter().map(|problem| (problem.path.as_str(), problem.problem.as_str())).collect();
    assert_eq!(told, [("accounts[1].app", "our-x is not for mastodon")]);
}

#[test]
fn what_was_not_opened_is_left_out_and_not_empty() {
    let settings = load(&Needs::none()).unwrap();
    assert!(settings.api.tokens.is_empty() && settings.api.oidc.is_none());
    assert!(settings.vault.keys.is_empty() && settings.alerts.slack_url.is_none());
    assert_eq!(settings.accounts.len(), 2, "a scheduler knows which accounts there are");
}

#[test]
fn a_secret_with_two_sources_is_refused_whoever_needs_it() {
    let accounts =
        r#"[{"tenant":"acme","channel":"x","id":"main","secrets":{"access_token":{"env":"A","file":"/b"}}}]"#;
    let env = [("ONCEPOST__ACCOUNTS".to_owned(), accounts.to_owned())];
    let problems = Settings::load_for(None, env, &Needs::none()).unwrap_err();
    assert_eq!(problems[0].path, "accounts[0].secrets.access_token");
}

fn secret(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn addresses_of_stores_come_from_files_and_variables() {
    let folder = TempDir::new().unwrap();
    let ledger = secret(&folder, "ledger", "postgres://me:geheim@[2001:db8::1]:5432/oncepost\n");
    let guard = secret(&folder, "guard", "rediss://:geheim@[2001:db8::3]:6379");
    let file = folder.path().join("oncepost.toml");
    let text = format!("ledger.url = {{ file = {ledger:?} }}\nbroker.url = {{ env = \"AMQP\" }}\n");
    fs::write(&file, text).unwrap();
    let env = [
        ("AMQP", "amqps://me:geheim@[2001:db8::2]:5671/posts".to_owned()),
        ("ONCEPOST__GUARD__URL__FILE", guard.display().to_string()),
    ];
    let settings = Settings::load(Some(&file), env.map(|(name, value)| (name.to_owned(), value))).unwrap();
    assert_eq!(settings.problems_for_many_processes(), []);
    assert_eq!(settings.warnings(), []);
    assert_eq!(settings.ledger.url.reveal(), "postgres://me:geheim@[2001:db8::1]:5432/oncepost");
    let shown = [&settings.ledger.url, &settings.broker.url, &settings.guard.url].map(ToString::to_string);
    assert_eq!(
        shown,
        [
            "postgres://***@[2001:db8::1]:5432/oncepost",
            "amqps://***@[2001:db8::2]:5671/posts",
            "rediss://***@[2001:db8::3]:6379"
        ]
    );
    assert!(!format!("{settings:?} {}", settings.to_redacted_json()).contains("geheim"));
}

#[test]
fn an_address_that_is_not_there_is_told_once_and_by_its_key() {
    for (text, problem) in [
        ("ledger.url = { file = \"/nowhere/ledger\" }", "cannot be read"),
        ("ledger.url = { env = \"NOT_SET\" }", "NOT_SET is not set"),
        ("ledger.url = { env = \"NOT_SET\", value = \"memory\" }", "exactly one source"),
        ("ledger.url = 5", "must be an address"),
    ] {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("oncepost.toml");
        fs::write(&file, text).unwrap();
        let problems = Settings::load(Some(&file), []).unwrap_err();
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].path == "ledger.url" && problems[0].problem.contains(problem), "{text}: {problems:?}");
    }
}
