//! `docs/configuration.md` lists every key, and no other.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::BTreeSet, fs};

use oncepost_settings::{KEYS, Settings, reference};
use serde_json::Value;

/// All leaves of the settings that hold one of everything.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(value, &path, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn every_key_is_described_and_every_described_key_exists() {
    let mut settings = Settings::default().to_redacted_json();
    let full = Settings::load(
        None,
        [
            ("ONCEPOST__ACCOUNTS", r#"[{"tenant":"a","channel":"b","id":"c"}]"#),
            ("ONCEPOST__CHANNELS", r#"{"b":{}}"#),
            ("ONCEPOST__APPS", r#"{"p":{}}"#),
            ("ONCEPOST__API__TOKENS", r#"[{"name":"a","secret":{"value":"0123456789abcdef"}}]"#),
            ("ONCEPOST__API__PUBLIC_URL", "https://console.example"),
            ("ONCEPOST__API__OIDC__ISSUER", "https://login.example"),
            ("ONCEPOST__API__OIDC__CLIENT_ID", "us"),
            ("ONCEPOST__API__OIDC__RULES", r#"[{"claim":"groups","value":"ops","role":"viewer"}]"#),
            ("ONCEPOST__VAULT__KEYS", r#"[{"id":"k","secret":{"value":"a key"}}]"#),
            ("ONCEPOST__ALERTS__MAIL__HOST", "smtp.acme.example"),
            ("ONCEPOST__ALERTS__MAIL__FROM", "oncepost@acme.example"),
            ("ONCEPOST__ALERTS__MAIL__TO", r#"["ann@acme.example"]"#),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    )
    .unwrap()
    .to_redacted_json();
    let mut found = BTreeSet::new();
    for (path, one) in [
        ("accounts[]", &full["accounts"][0]),
        ("channels.*", &full["channels"]["b"]),
        ("apps.*", &full["apps"]["p"]),
        ("api.tokens[]", &full["api"]["tokens"][0]),
        ("api.oidc", &full["api"]["oidc"]),
        ("api.oidc.rules[]", &full["api"]["oidc"]["rules"][0]),
        ("vault.keys[]", &full["vault"]["keys"][0]),
    ] {
        for (name, _) in one.as_object().unwrap() {
            found.insert(format!("{path}.{name}"));
        }
    }
    settings["channels"] = Value::Null;
    settings["apps"] = Value::Null;
    settings["alerts"]["mail"] = full["alerts"]["mail"].clone();
    leaves(&settings, "", &mut found);
    let described: BTreeSet<_> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    assert_eq!(described.len(), KEYS.len(), "a key is described twice");
    assert_eq!(described, found);
}

#[test]
fn the_page_is_up_to_date() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(page, reference()).unwrap();
    }
    let written = fs::read_to_string(page).unwrap_or_default();
    assert!(written == reference(), "docs/configuration.md is out of date: UPDATE=1 cargo test -p oncepost-settings");
}
