//! Rows as each release has stored them, and the statements it runs, under `corpus/<version>`: today's code reads them and goes
//! on with them, and the statements still work on today's schema.
//!
//! `UPDATE_CORPUS=1 cargo test -p oncepost-ledger --test conformance corpus` adds the rows of a version that has none.

use std::{fs, path::PathBuf, time::Duration};

use domain::{
    Code, Command, Failure, Landed, OnDoubt, Outcome, PauseScope, PlatformWords, RepeatSafety, Scope, State, Worth,
};
use ledger::{CredentialPut, PauseAsk, RecordKind};

use crate::{
    house::House,
    making::{begin, finish, post, published, token_revoked},
};

fn corpus() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

fn versions() -> Vec<PathBuf> {
    let found: Vec<_> = fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!found.is_empty());
    found
}

/// The tables, their columns, and which of these are ids.
const TABLES: [(&str, &[&str]); 7] = [
    (
        "posts",
        &["id", "request", "fingerprint", "accepted_at", "print", "revision", "tenant", "key", "content", "answer"],
    ),
    (
        "targets",
        &[
            "id",
            "post",
            "hash",
            "due_at",
            "deadline",
            "next_at",
            "wake_at",
            "listed_at",
            "revision",
            "attempt",
            "state",
            "tries",
            "tenant",
            "channel",
            "account",
            "app",
            "trace",
            "listed_group",
            "changes",
            "progress",
        ],
    ),
    ("attempts", &["target", "number", "began_at", "ended_at", "kind", "outcome", "worker", "failure"]),
    ("outbox", &["id", "at", "body"]),
    ("pauses", &["scope", "body"]),
    ("marks", &["mark", "target"]),
    ("credentials", &["kind", "name", "version", "updated_at", "open", "sealed"]),
];

pub async fn rows_of_every_version_are_read_and_mean_the_same(house: &House) {
    write(house).await;
    for version in versions() {
        for (table, _) in TABLES {
            house.execute(&format!("DELETE FROM {table}"), &[]).await;
        }
        let rows = fs::read_to_string(version.join("rows.sql")).unwrap();
        house.execute(&house.in_dialect(&rows), &[]).await;
        let expected = fs::read_to_string(version.join("means.txt")).unwrap();
        assert_eq!(means(house).await, expected, "{}", version.display());
        for state in State::ALL {
            assert!(expected.contains(&format!(" {state} ")), "there is a target that is {state}");
        }
        // And on it goes: nothing is forgotten, and nothing is found broken.
        house.ledger.resume(&PauseScope::Tenant { tenant: "other".parse().unwrap() }, Duration::ZERO).await.unwrap();
        assert!(!house.ledger.untold(Duration::ZERO, 1_000).await.unwrap().is_empty());
        let census = house.ledger.census(Duration::from_secs(10 * 365 * 86_400)).await.unwrap();
        assert!(census.violations.is_empty(), "{census:?}");
        house.advance(86_400);
        assert!(!house.claim(100).await.emissions.is_empty());
    }
}

pub async fn statements_of_every_version_work_on_this_schema(house: &House) {
    for version in versions() {
        let file = version.join(format!("statements.{}.sql", house.dialect()));
        let statements = fs::read_to_string(&file).unwrap();
        let statements: Vec<_> = statements.split(";\n").map(str::trim).filter(|text| !text.is_empty()).collect();
        assert!(statements.len() >= 20, "{}", file.display());
        for statement in statements {
            house.prepare(statement).await.unwrap_or_else(|error| panic!("{}: {statement}: {error}", file.display()));
        }
    }
}

/// One line for each target: everything that decisions rest on. And one for each record of credentials.
async fn means(house: &House) -> String {
    let mut lines = Vec::new();
    for id in house.targets().await {
        let view = house.ledger.target(id).await.unwrap().unwrap();
        let target = view.target;
        lines.push(format!(
            "{id} {} {}/{}/{} attempt {} tries {} looks {} emissions {} lease {:?} armed {:?} handles {:?} out {:?} listed {:?} \
             failure {:?} due {} next {:?} wake {:?} deadline {:?} log {:?} changes {:?}\n",
            target.state,
            target.tenant,
            target.channel,
            target.account,
            target.attempt,
            target.tries,
            target.looks,
            target.emissions,
            target.lease.map(|lease| (lease.worker.to_string(), lease.kind, lease.until.to_string())),
            target.armed.map(|armed| (armed.step, armed.part, armed.attempt, armed.first_at.to_string())),
            target.handles,
            target.out.iter().map(|out| (out.part, out.receipt.id.clone())).collect::<Vec<_>>(),
            target.listed.map(|listed| listed.reason),
            target.last_failure.map(|failure| (failure.group(), failure.landed, failure.said.text)),
            target.due_at,
            target.next_at.map(|at| at.to_string()),
            target.wake_at.map(|at| at.to_string()),
            target.deadline.map(|at| at.to_string()),
            view.attempts.iter().map(|attempt| (attempt.number, attempt.kind, attempt.outcome)).collect::<Vec<_>>(),
            view.changes.text,
        ));
    }
    for kind in [RecordKind::Account, RecordKind::App, RecordKind::Link] {
        for row in house.credentials.rows(kind).await.unwrap() {
            let (name, version, open, sealed, at) = (row.name, row.version, row.open, row.sealed, row.updated_at);
            lines.push(format!("{kind} {name} version {version} open {open} sealed {sealed:?} at {at}\n"));
        }
    }
    lines.concat()
}

/// Stores the rows of this version, if it has none yet and that is asked for.
async fn write(house: &House) {
    let folder = corpus().join(env!("CARGO_PKG_VERSION"));
    if std::env::var_os("UPDATE_CORPUS").is_none() || house.dialect() != "sqlite" || folder.join("rows.sql").exists() {
        return;
    }
    every_state(house).await;
    let mut rows = String::new();
    for (table, columns) in TABLES {
        let values = columns.iter().map(|column| format!("quote({column})")).collect::<Vec<_>>().join(" || ', ' || ");
        let columns = columns.join(", ");
        let statement =
            format!("SELECT 'INSERT INTO {table} ({columns}) VALUES (' || {values} || ');' FROM {table} ORDER BY 1");
        rows.extend(house.texts(&statement).await.into_iter().map(|row| row + "\n"));
    }
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("rows.sql"), rows).unwrap();
    fs::write(folder.join("means.txt"), means(house).await).unwrap();
}

/// A target in every state, as it comes about.
async fn every_state(house: &House) {
    let failure = |landed, worth| Failure {
        code: Code::OUT_OF_ORDER,
        landed,
        worth,
        scope: Scope::Channel,
        step: "publish".into(),
        said: PlatformWords { status: Some(503), ..domain::PlatformWords::text("back soon") },
    };
    let again = Worth::Retry { not_before: None };
    let mut begun = Vec::new();
    for _ in 0..6 {
        let target = house.accept_one().await;
        house.apply(target, begin("w-1")).await;
        house.apply(target, Command::Keep { attempt: 1, handles: [("container".into(), "17".into())].into() }).await;
        begun.push(target);
    }
    house.apply(begun[1], published(1, "p-1")).await;
    house.apply(begun[2], finish(1, Outcome::Failed(failure(Landed::No, again)))).await;
    house.apply(begun[3], finish(1, Outcome::Failed(failure(Landed::Unknown, again)))).await;
    house.apply(begun[4], finish(1, Outcome::Failed(failure(Landed::No, Worth::Never)))).await;
    house.apply(begun[5], finish(1, Outcome::Processing)).await;
    let parked = house.accept_one().await;
    let nothing = RepeatSafety::Nothing;
    house
        .apply(parked, Command::Begin { worker: "w-2".parse().unwrap(), repeat: nothing, arm: Some("publish".into()) })
        .await;
    let doubt = Outcome::Failed(failure(Landed::Unknown, again));
    house
        .apply(
            parked,
            Command::Finish { attempt: 1, outcome: doubt, repeat: nothing, on_doubt: OnDoubt::Park, trace: None },
        )
        .await;
    let cancelled = house.accept_one().await;
    house.apply(cancelled, Command::Cancel).await;
    let mut late = post(house, house.now());
    late.targets[0].deadline = Some(house.later(1));
    let queued = house.accept_one().await;
    house.accept(vec![late]).await;
    house.advance(2);
    house.claim(100).await;
    assert_eq!(house.state(queued).await, State::Queued);
    let scope = PauseScope::Tenant { tenant: "other".parse().unwrap() };
    house.ledger.pause(PauseAsk { scope, reason: "a break".into(), by: "ann".into() }).await.unwrap();
    let held = crate::making::post_of(house, "other", &[("webhook", "main")], house.now());
    house.accept(vec![held]).await;
    house.claim(100).await;
    let lost = crate::making::post_of(house, "third", &[("webhook", "main")], house.now());
    let revoked = lost.targets[0].id;
    house.accept(vec![lost]).await;
    house.apply(revoked, begin("w-1")).await;
    house.apply(revoked, finish(1, Outcome::Failed(token_revoked()))).await;
    let mut later = post(house, house.later(3_600));
    later.targets[0].changes.text = Some("another text".into());
    later.targets[0].deadline = Some(house.later(7_200));
    house.accept(vec![later]).await;
    let records = [
        (RecordKind::Account, "acme/webhook/main", Some(vec![0, 39, 92, 255])),
        (RecordKind::App, "webhook/ours", None),
        (RecordKind::Link, "acme/17", Some(vec![7; 40])),
    ];
    for (kind, name, sealed) in records {
        let open = serde_json::json!({ "note": "it's \\ open" });
        let put = CredentialPut { kind, name: name.into(), expected: None, open, sealed };
        house.credentials.put(put).await.unwrap().unwrap();
    }
}
