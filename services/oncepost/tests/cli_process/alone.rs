//! What the program answers by itself, with nothing else running: which channels there are, and what would be refused.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::Ready;

use crate::{CANARY, oncepost, variables};

/// Settings with three accounts; nothing in them can be connected to.
fn settings(folder: &TempDir) -> String {
    let account = |channel: &str, secret: &str| {
        format!(
            "[[accounts]]\ntenant = \"acme\"\nchannel = \"{channel}\"\nid = \"main\"\nbase_url = \"https://{channel}.example\"\n\
             secrets = {{ {secret} = {{ value = \"{CANARY}\" }} }}\n"
        )
    };
    let accounts =
        [account("mastodon", "access_token"), account("instagram", "access_token"), account("x", "access_token")];
    let path = folder.path().join("oncepost.toml");
    let stores = "[ledger]\nurl = \"postgres://127.0.0.1:1/oncepost\"\n[broker]\nurl = \"amqp://127.0.0.1:1\"\n";
    std::fs::write(&path, format!("{stores}{}", accounts.join(""))).unwrap();
    path.to_string_lossy().into_owned()
}

fn message(text: &str) -> Value {
    let target = |channel: &str| json!({ "channel": channel, "account": "main" });
    json!({
        "version": 1,
        "idempotency_key": "campaign-7",
        "tenant": "acme",
        "content": { "text": text },
        "publish_at": (Timestamp::now() + SignedDuration::from_hours(24)).to_string(),
        "targets": [target("mastodon"), target("instagram"), target("x")],
    })
}

fn file(folder: &TempDir, message: &Value) -> String {
    let path = folder.path().join("post.json");
    std::fs::write(&path, message.to_string()).unwrap();
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_is_told_per_target_with_nothing_running() {
    let folder = TempDir::new().unwrap();
    let config = settings(&folder);
    let post = file(&folder, &message(&"x".repeat(501)));
    let none = variables(&[("ONCEPOST_API", "")]);
    let ran = oncepost(&["validate", &post, "--config", &config], &none).await;
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    for told in [
        "mastodon/main\n  at $.content.text: mastodon: the text has 501 characters; the channel takes 500 (OP-1006)",
        "x/main\n  at $.content.text: x: the text has 501 weighted characters; the channel takes 280 (OP-1006)",
        "instagram/main\n  at $.content.media: Instagram takes no text alone (OP-1007)",
    ] {
        assert!(ran.out.contains(told), "{told}\nis not in\n{}", ran.said());
    }
    let ran = oncepost(&["--json", "validate", &post, "--config", &config], &none).await;
    let json: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.said()));
    let problems = json["problems"].as_array().unwrap();
    let of_x = problems.iter().find(|problem| problem["targets"] == json!([2])).unwrap();
    assert_eq!(of_x["excess"], json!({ "actual": 501, "limit": 280 }), "{json}");
    assert_eq!((ran.code, problems.len()), (Some(1), 3), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_is_wrong_with_would_be_accepted_and_unusable_settings_are_told() {
    let folder = TempDir::new().unwrap();
    let config = settings(&folder);
    let mut sound = message("hello");
    sound["content"]["media"] = json!([{ "url": "https://cdn.example.org/a.jpg" }]);
    let post = file(&folder, &sound);
    let none = variables(&[("ONCEPOST_API", "")]);
    let ran = oncepost(&["validate", &post, "--config", &config], &none).await;
    assert!(ran.code == Some(0) && ran.out.starts_with("It would be accepted."), "{}", ran.said());
    let without = oncepost(&["validate", &post], &none).await;
    assert!(without.code == Some(1) && without.err.contains("list no account"), "{}", without.said());
    let missing = oncepost(&["validate", &post, "--config", "/nowhere/oncepost.toml"], &none).await;
    assert!(missing.code == Some(2) && missing.err.contains("The settings cannot be used"), "{}", missing.said());
    let asked = oncepost(&["validate", &post, "--api", "http://127.0.0.1:1"], &none).await;
    assert_eq!(asked.code, Some(3), "a named oncepost is asked: {}", asked.said());
}

/// What no account of a channel can do without is missed before anything runs, and all of it at once.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_lack_what_they_need_are_told_all_at_once() {
    let folder = TempDir::new().unwrap();
    let account = |channel: &str, rest: &str| {
        format!("[[accounts]]\ntenant = \"acme\"\nchannel = \"{channel}\"\nid = \"main\"\n{rest}\n")
    };
    let secrets = format!("secrets = {{ access_token = {{ value = \"{CANARY}\" }} }}");
    let accounts = [
        account("instagram", &secrets),
        account("tiktok", ""),
        account("matrix", &format!("base_url = \"https://matrix.example\"\n{secrets}")),
    ];
    let config = folder.path().join("oncepost.toml");
    std::fs::write(&config, accounts.join("")).unwrap();
    let post = file(&folder, &message("hello"));
    let ran =
        oncepost(&["validate", &post, "--config", &config.to_string_lossy()], &variables(&[("ONCEPOST_API", "")]))
            .await;
    assert_eq!(ran.code, Some(2), "{}", ran.said());
    for told in [
        "account acme/instagram/main has no base_url",
        "account acme/tiktok/main: it has no secrets; docs/channels/tiktok.md names those that it needs",
        "account acme/matrix/main: settings.room is missing; docs/channels/matrix.md says what it is",
    ] {
        assert!(ran.err.contains(told), "{told}\nis not in\n{}", ran.said());
    }
}

/// Each channel can be tried on its fake with the account that the fake has ready.
#[tokio::test(flavor = "multi_thread")]
async fn every_fake_has_an_account_ready_that_lacks_nothing() {
    let folder = TempDir::new().unwrap();
    let none = variables(&[("ONCEPOST_API", "")]);
    let channels: Value = serde_json::from_str(&oncepost(&["channels", "--json"], &none).await.out).unwrap();
    let names: Vec<_> =
        channels["channels"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let ready = |name: &&str| Ready::on(name, "http://127.0.0.1:1").unwrap_or_else(|| panic!("{name}")).toml();
    let config = folder.path().join("oncepost.toml");
    std::fs::write(&config, names.iter().map(ready).collect::<String>()).unwrap();
    let mut post = message("hello");
    post["targets"] = names.iter().map(|name| json!({ "channel": name, "account": "main" })).collect();
    let post = file(&folder, &post);
    let ran = oncepost(&["validate", &post, "--config", &config.to_string_lossy()], &none).await;
    assert!(ran.code == Some(1) && ran.out.contains("tiktok/main"), "what is refused is the post: {}", ran.said());
    assert!(!ran.out.contains("no such account") && ran.err.is_empty(), "{}", ran.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channels_are_told_with_nothing_running() {
    let none = variables(&[("ONCEPOST_API", "")]);
    let ran = oncepost(&["channels"], &none).await;
    assert!(ran.code == Some(0) && ran.out.contains("linkedin") && ran.err.is_empty(), "{}", ran.said());
    let one = oncepost(&["channels", "linkedin", "--json"], &none).await;
    let sheet: Value = serde_json::from_str(&one.out).unwrap_or_else(|error| panic!("{error}: {}", one.said()));
    assert_eq!((&sheet["repeat"]["kind"], &sheet["token"]["kind"]), (&json!("nothing"), &json!("refreshed")));
    let asked = oncepost(&["channels", "--api", "http://127.0.0.1:1"], &none).await;
    assert_eq!(asked.code, Some(3), "a named oncepost is asked: {}", asked.said());
}
