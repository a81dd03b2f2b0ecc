//! Where people log in: every mistake is named at the start, with what to do about it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use oncepost_settings::{Problem, Role, Settings};

const SOUND: &str = r#"
[api]
listen = "0.0.0.0:8380"
public_url = "https://console.example"
[api.oidc]
issuer = "https://login.example/realms/acme"
client_id = "oncepost"
client_secret = { env = "OIDC_SECRET" }
button = "Acme"
[[api.oidc.rules]]
claim = "realm_access.roles"
value = "oncepost-admin"
role = "admin"
[[api.oidc.rules]]
claim = "email"
value = "anna@acme.example"
role = "operator"
tenant = "acme"
"#;

fn load(toml: &str) -> Result<Settings, Vec<Problem>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oncepost.toml");
    std::fs::write(&path, toml).unwrap();
    Settings::load(Some(&path), [("OIDC_SECRET".to_owned(), "hush-hush".to_owned())])
}

/// What is said when this stands in the place of that.
fn refused(that: &str, this: &str) -> String {
    assert!(SOUND.contains(that), "{that}");
    let problems = load(&SOUND.replace(that, this)).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

#[test]
fn a_provider_is_read_in_the_order_of_its_rules_and_shows_no_secret() {
    let settings = load(SOUND).unwrap();
    let oidc = settings.api.oidc.as_ref().unwrap();
    assert_eq!(oidc.client_secret.as_ref().unwrap().secret().reveal(), "hush-hush");
    assert_eq!(oidc.scopes, ["openid", "profile", "email"]);
    let roles: Vec<_> = oidc.rules.iter().map(|rule| (rule.role, rule.tenant.is_some())).collect();
    assert_eq!(roles, [(Role::Admin, false), (Role::Operator, true)]);
    assert!(!settings.to_redacted_json().to_string().contains("hush") && !format!("{settings:?}").contains("hush"));
}

#[test]
fn with_a_provider_and_without_tokens_others_may_reach_the_console() {
    assert!(load(SOUND).unwrap().api.tokens.is_empty());
    let open = SOUND.split("[api.oidc]").next().unwrap();
    assert!(load(open).unwrap_err()[0].to_string().contains("api.listen"));
}

#[test]
fn what_others_can_read_along_is_refused_unless_it_stays_on_this_machine() {
    let told = refused("https://login.example", "http://login.example");
    assert!(told.starts_with("api.oidc.issuer: is not https"), "{told}");
    let told = refused("https://console.example", "http://console.example");
    assert!(told.starts_with("api.public_url: is not https"), "{told}");
    for here in ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
        assert!(load(&SOUND.replace("https://login.example", here)).is_ok(), "{here}");
    }
}

#[test]
fn each_mistake_is_named_where_it_is() {
    for (that, this, path) in [
        ("https://login.example/realms/acme", "login.example", "api.oidc.issuer"),
        ("https://login.example/realms/acme", "https://login.example/?a=b", "api.oidc.issuer"),
        ("https://login.example/realms/acme", "https://me:you@login.example", "api.oidc.issuer"),
        ("client_id = \"oncepost\"", "client_id = \" \"", "api.oidc.client_id"),
        ("client_id = \"oncepost\"", "", "api.oidc.client_id"),
        ("button = \"Acme\"", "button = \"\"", "api.oidc.button"),
        ("button = \"Acme\"", "scopes = [\"email\"]", "api.oidc.scopes"),
        ("button = \"Acme\"", "buton = \"Acme\"", "api.oidc.buton"),
        ("public_url = \"https://console.example\"", "", "api.public_url"),
        ("https://console.example", "https://console.example/hub", "api.public_url"),
        ("{ env = \"OIDC_SECRET\" }", "{ env = \"NOT_SET\" }", "api.oidc.client_secret"),
        ("value = \"oncepost-admin\"", "value = \"\"", "api.oidc.rules[0].value"),
        ("role = \"admin\"", "role = \"root\"", "api.oidc.rules[0].role"),
        ("role = \"admin\"", "", "api.oidc.rules[0].role"),
        (
            "claim = \"email\"\nvalue = \"anna@acme.example\"",
            "claim = \"realm_access.roles\"\nvalue = \"oncepost-admin\"",
            "api.oidc.rules[1]",
        ),
    ] {
        let told = refused(that, this);
        assert!(told.starts_with(&format!("{path}: ")) && told.contains(" To mend it: "), "{this}: {told}");
    }
    let without = SOUND.split("[[api.oidc.rules]]").next().unwrap();
    assert!(load(without).unwrap_err()[0].to_string().starts_with("api.oidc.rules: is empty"));
}

#[test]
fn all_of_it_can_be_set_by_variables() {
    let set = [
        ("ONCEPOST__API__PUBLIC_URL", "https://console.example"),
        ("ONCEPOST__API__OIDC__ISSUER", "https://login.example"),
        ("ONCEPOST__API__OIDC__CLIENT_ID", "us"),
        ("ONCEPOST__API__OIDC__CLIENT_SECRET__ENV", "OIDC_SECRET"),
        ("ONCEPOST__API__OIDC__SCOPES", r#"["openid", "groups"]"#),
        ("ONCEPOST__API__OIDC__RULES", r#"[{"claim":"groups","value":"ops","role":"viewer"}]"#),
        ("OIDC_SECRET", "hush-hush"),
    ];
    let settings = Settings::load(None, set.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
    let oidc = settings.api.oidc.unwrap();
    assert_eq!((oidc.scopes.len(), oidc.rules[0].role, oidc.button.as_str()), (2, Role::Viewer, "single sign-on"));
    assert_eq!(oidc.client_secret.unwrap().secret().reveal(), "hush-hush");
}
