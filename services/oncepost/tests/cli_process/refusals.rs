//! Settings that a process must not start with. It says what is wrong, why, and what to do, and ends with exit code 2.

use std::fmt::Write;

use tempfile::TempDir;

use crate::{CANARY, oncepost, variables};

const SERVICES: [&str; 6] = ["dev", "scheduler", "worker", "api", "migrate", "doctor"];

#[tokio::test(flavor = "multi_thread")]
async fn each_unsafe_order_of_time_limits() {
    let mut told = String::new();
    for (name, value) in [
        ("ONCEPOST__PROTOCOL__HTTP_TIMEOUT", "2m"),
        ("ONCEPOST__PROTOCOL__ATTEMPT_LIMIT", "150s"),
        ("ONCEPOST__PROTOCOL__LEASE", "181s"),
        ("ONCEPOST__PROTOCOL__LOCK_TTL", "30m"),
        ("ONCEPOST__BROKER__CONSUMER_TIMEOUT", "3m"),
    ] {
        let ran = oncepost(&["worker"], &variables(&[(name, value)])).await;
        assert_eq!(ran.code, Some(2), "{}", ran.said());
        writeln!(told, "{name}={value}\n{}", ran.said()).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_refuses_unsafe_limits() {
    for service in SERVICES {
        let ran = oncepost(&[service], &variables(&[("ONCEPOST__PROTOCOL__LEASE", "1s")])).await;
        assert_eq!(ran.code, Some(2), "{service}: {}", ran.said());
        assert!(ran.err.contains("protocol.attempt_limit"), "{service}: {}", ran.said());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_file_at_once() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("oncepost.toml");
    let text = format!(
        r#"
[ledger]
url = "postgres://me:{CANARY}@localhost/oncepost"
ulr = "again"
[brocker]
url = "amqp://me:{CANARY}@localhost"
[guard]
url = "http://me:{CANARY}@localhost"
[api]
listen = "0.0.0.0:8380"
[protocol]
max_attempts = 0
lease = 150
[[accounts]]
tenant = "acme"
channel = "webhook"
base_url = "https://example.org/hook"
secrets = {{ signing_secret = {{ env = "NOT_SET_ANYWHERE" }} }}
"#
    );
    std::fs::write(&file, text).unwrap();
    let file = file.to_string_lossy().into_owned();
    let ran = oncepost(&["scheduler", "--config", &file], &[]).await;
    assert_eq!(ran.code, Some(2));
    insta::assert_snapshot!(ran.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_says_wrongly_what_its_receiver_does_with_repeats() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("oncepost.toml");
    let text = format!(
        r#"
[ledger]
url = "sqlite://{}"
[[accounts]]
tenant = "acme"
channel = "webhook"
id = "main"
base_url = "https://example.org/hook"
secrets = {{ signing_secret = {{ value = "{CANARY}" }} }}
settings = {{ repeats = "Safe" }}
[[accounts]]
tenant = "acme"
channel = "mastodon"
id = "main"
base_url = "https://example.org"
secrets = {{ access_token = {{ value = "{CANARY}" }} }}
settings = {{ idempotency_key = true, settles_after = "soon" }}
"#,
        folder.path().join("oncepost.db").display()
    );
    std::fs::write(&file, text).unwrap();
    let file = file.to_string_lossy().into_owned();
    let ran = oncepost(&["dev", "--config", &file], &variables(&[("ONCEPOST__TELEMETRY__LOG", "off")])).await;
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    for told in
        ["settings.repeats is \"Safe\"", "settings.idempotency_key is \"true\"", "settings.settles_after is \"soon\""]
    {
        assert!(ran.err.contains(told), "{told}: {}", ran.said());
    }
    let doctor = oncepost(&["doctor", "--config", &file], &[]).await;
    assert!(doctor.code == Some(1) && doctor.said().contains("settings.repeats"), "{}", doctor.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_not_there_and_variables_that_nobody_knows() {
    let missing = oncepost(&["api", "--config", "/nowhere/oncepost.toml"], &[]).await;
    let unknown = oncepost(&["api"], &variables(&[("ONCEPOST__LEDGER__ULR", CANARY)])).await;
    let no_json = oncepost(&["api"], &variables(&[("ONCEPOST__ACCOUNTS", "[{")])).await;
    assert_eq!([missing.code, unknown.code, no_json.code], [Some(2); 3]);
    insta::assert_snapshot!([missing.said(), unknown.said(), no_json.said()].join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn single_services_on_stores_that_processes_cannot_share() {
    let mut told = String::new();
    for service in ["scheduler", "worker", "api"] {
        let ran = oncepost(&[service], &[]).await;
        assert_eq!(ran.code, Some(1), "{}", ran.said());
        told = ran.said();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ledger = format!("sqlite://{}", folder.path().join("oncepost.db").display());
    let free = harness::stack::free_port().unwrap();
    let free = format!("127.0.0.1:{free}");
    let mut told = String::new();
    for (api, health) in [(&address, &free), (&free, &address)] {
        let listen = [
            ("ONCEPOST__LEDGER__URL", ledger.as_str()),
            ("ONCEPOST__API__LISTEN", api),
            ("ONCEPOST__HEALTH__LISTEN", health),
            ("ONCEPOST__TELEMETRY__LOG", "off"),
        ];
        let ran = oncepost(&["dev"], &variables(&listen)).await;
        assert_eq!(ran.code, Some(1), "{}", ran.said());
        told += &ran.said();
    }
    insta::assert_snapshot!(told.replace(&address, "127.0.0.1:PORT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_at_a_step_that_there_is_not_and_nobody_is_told_of_drills() {
    let ran = oncepost(&["worker", "--abort-at", "lunch"], &[]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("claimed, handle_stored, armed, sent, answered, hint_written"), "{}", ran.said());
    let help = oncepost(&["worker", "--help"], &[]).await;
    assert!(help.code == Some(0) && !help.said().contains("abort"), "{}", help.said());
}
