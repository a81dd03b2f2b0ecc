//! Servers that refuse us, or are away from whoever does not wait for them: a clear error and an exit code, and never a password.

use harness::shared;
use testkit::servers::{Kind, url};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{CANARY, oncepost, variables};

/// Nobody listens on port 1.
const LEDGER: &str = "postgres://me:c4nary-ledger@127.0.0.1:1/oncepost";
const BROKER: &str = "amqp://me:c4nary-broker@127.0.0.1:1/%2f";
const GUARD: &str = "redis://:c4nary-guard@127.0.0.1:1/";

fn stores(ledger: &str, broker: &str, guard: &str) -> Vec<(&'static str, String)> {
    assert!(LEDGER.contains(CANARY) && BROKER.contains(CANARY) && GUARD.contains(CANARY));
    variables(&[
        ("ONCEPOST__LEDGER__URL", ledger),
        ("ONCEPOST__BROKER__URL", broker),
        ("ONCEPOST__GUARD__URL", guard),
        ("ONCEPOST__TELEMETRY__LOG", "error,lapin=off"),
    ])
}

/// A migrated ledger of this test's own.
async fn migrated() -> String {
    let ledger = shared::database(&url(Kind::Postgres).await.unwrap(), &shared::own_name()).await.unwrap();
    let ran = oncepost(&["migrate"], &stores(&ledger, BROKER, GUARD)).await;
    assert_eq!((ran.code, ran.out.trim()), (Some(0), "the ledger's schema is up to date"), "{}", ran.err);
    ledger
}

#[tokio::test(flavor = "multi_thread")]
async fn no_ledger_is_the_end_of_a_command() {
    let migrate = oncepost(&["migrate"], &stores(LEDGER, BROKER, GUARD)).await;
    assert_eq!(migrate.code, Some(1), "{}", migrate.said());
    assert!(migrate.out.is_empty(), "trouble is not an answer: {}", migrate.out);
    insta::assert_snapshot!(migrate.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_there_is_named_and_not_waited_for() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let query = "sslmode=verify-full&sslrootcert=/run/secrets/our.authority/ca.crt";
    let ledger = stores(&format!("postgres://me:c4nary-ledger@127.0.0.1:{port}/oncepost?{query}"), BROKER, GUARD);
    // Whoever asks is offered encryption, as PostgreSQL does.
    let offers = async {
        while let Ok((mut asks, _)) = server.accept().await {
            asks.read_exact(&mut [0; 8]).await.unwrap();
            asks.write_all(b"S").await.unwrap();
        }
    };
    let ran = async { tokio::join!(oncepost(&["migrate"], &ledger), oncepost(&["worker"], &ledger)) };
    let (migrate, worker) = tokio::select! {
        ran = ran => ran,
        () = offers => unreachable!("it offers for ever"),
    };
    assert_eq!([migrate.code, worker.code], [Some(1); 2], "{}{}", migrate.said(), worker.said());
    insta::assert_snapshot!(format!("{}{}", migrate.err, worker.err).replace(&port, "POSTGRES"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_know_us_and_a_ledger_that_is_not_there() {
    let (broker, postgres) = (url(Kind::RabbitMq).await.unwrap(), url(Kind::Postgres).await.unwrap());
    let mut stranger = broker.parse::<url::Url>().unwrap();
    stranger.set_username("me").unwrap();
    stranger.set_password(Some("c4nary-broker")).unwrap();
    let mut elsewhere = postgres.parse::<url::Url>().unwrap();
    elsewhere.set_path("nowhere");
    elsewhere.set_password(Some("c4nary-ledger")).unwrap();
    let (refused, missing) =
        (stores(&migrated().await, stranger.as_str(), GUARD), stores(elsewhere.as_str(), BROKER, GUARD));
    let (refused, missing) = tokio::join!(oncepost(&["worker"], &refused), oncepost(&["worker"], &missing));
    assert_eq!([refused.code, missing.code], [Some(1); 2]);
    let port = |address: &str| address.parse::<url::Url>().unwrap().port().unwrap().to_string();
    let told = format!("{}{}", refused.err, missing.err);
    let told = told.replace(&port(&broker), "AMQP").replace(&port(&postgres), "POSTGRES");
    // A place in the server's source, another in every version.
    let place = told.find(" at line ").map(|at| at..at + told[at..].find('\n').unwrap());
    insta::assert_snapshot!(place.map_or(told.clone(), |place| told.replace(&told[place], "")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_not_migrated() {
    let empty = shared::database(&url(Kind::Postgres).await.unwrap(), &shared::own_name()).await.unwrap();
    let mut told = String::new();
    for service in ["scheduler", "worker", "api"] {
        let ran = oncepost(&[service], &stores(&empty, BROKER, GUARD)).await;
        assert_eq!(ran.code, Some(1), "{}", ran.said());
        assert!(ran.err.contains("oncepost migrate"), "{}", ran.err);
        told = ran.err;
    }
    insta::assert_snapshot!(told);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_all_of_it_and_more() {
    let away = stores(LEDGER, BROKER, GUARD);
    let (words, json) = tokio::join!(oncepost(&["doctor"], &away), oncepost(&["doctor", "--json"], &away));
    assert_eq!([words.code, json.code], [Some(1); 2]);
    let trimmed: Vec<_> = words.out.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(trimmed.join("\n"));
    let found: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(found["ok"], false);
    let wrong: Vec<_> = found["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false).collect();
    let names: Vec<_> = wrong.iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(names, ["ledger", "broker", "guard"]);
    assert!(wrong.iter().all(|check| check["remedy"].is_string()), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_its_oncepost() {
    let api = ["--api", "http://127.0.0.1:1", "--token", CANARY];
    let mut told = Vec::new();
    for command in [&["posts"][..], &["status", "acme/one"], &["pause", "all", "--reason", "a test"]] {
        let ran = oncepost(&[command, &api].concat(), &[]).await;
        assert_eq!(ran.code, Some(3), "{}", ran.said());
        told.push(ran.err);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    insta::assert_snapshot!(told[0]);
}
